"""Observers: told everything, and able to cancel, but not to do harm."""

from __future__ import annotations

import logging

import pytest

from ocinb.client.wire.transport import Transport
from ocinb.errors import Cancelled
from ocinb.protocol.events import BytesMoved, Event
from ocinb.protocol.messages import Request
from tests.client.exchanges import Kept, Pieces, get, watched
from tests.client.scripted import ScriptedServer, answer


def test_an_observer_that_fails_is_reported_once_and_harms_nothing(line: Transport, caplog):
    def careless(event: Event) -> None:
        raise ValueError("drawing went wrong")

    line.observers.append(careless)
    seen = watched(line)
    with caplog.at_level(logging.ERROR), ScriptedServer(answer(200, b"x")) as server:
        assert line.exchange(get(f"{server.url}/x")).status == 200
    assert len(caplog.records) == 1
    assert len(seen) == 4


def test_an_observer_may_cancel_a_transfer_in_the_middle(line: Transport):
    def stop(event: Event) -> None:
        if isinstance(event, BytesMoved):
            raise Cancelled("enough")

    line.observers.append(stop)
    with ScriptedServer(answer(200, b"x" * 10), answer(200)) as server:
        with pytest.raises(Cancelled):
            line.exchange(get(f"{server.url}/x", sink=Kept()))
        with pytest.raises(Cancelled):
            line.exchange(Request("PUT", f"{server.url}/x", body=Pieces(b"abc")))
        line.observers.remove(stop)
        assert line.exchange(get(f"{server.url}/x")).status == 200
