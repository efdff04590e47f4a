"""Big bodies, read from the socket itself."""

from __future__ import annotations

import hashlib

import pytest

from ocinb.client.wire.connections import Timeouts
from ocinb.client.wire.straight import StraightBody
from ocinb.client.wire.transport import Transport
from ocinb.errors import TruncatedBody
from tests.client.exchanges import BIG, Kept, get
from tests.client.scripted import Close, Part, Pause, Reset, ScriptedServer, answer


@pytest.mark.parametrize("tls", [False, True])
def test_a_big_body_takes_the_straight_way_and_arrives_whole(tls, monkeypatch):
    taken: list[memoryview] = []
    fill = StraightBody._fill

    def counted(self: StraightBody, room: memoryview) -> int:
        taken.append(room)
        return fill(self, room)

    monkeypatch.setattr(StraightBody, "_fill", counted)
    line, sink = Transport(timeouts=Timeouts(), own="127.0.0.1", insecure=tls), Kept()
    with ScriptedServer(answer(200, BIG), answer(200, b"next"), tls=tls) as server:
        line.exchange(get(f"{server.url}/x", sink=sink))
        assert line.exchange(get(f"{server.url}/x")).body == b"next"
        line.close()
    assert hashlib.sha256(sink.content).digest() == hashlib.sha256(BIG).digest()
    assert len(taken) >= 20


def test_a_big_body_that_stops_half_way_is_truncated(line: Transport):
    """F-6 on the straight way."""
    for end in (Close(), Reset(), Pause(1)):
        half: list[Part] = [answer(200, BIG[: 18 * 2**20], length=len(BIG)), end, Close()]
        with ScriptedServer(half) as server, pytest.raises(TruncatedBody) as caught:
            line.exchange(get(f"{server.url}/x", sink=Kept()))
        assert caught.value.expected == len(BIG)
        assert caught.value.received <= 18 * 2**20
