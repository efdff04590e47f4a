"""Bodies: as long as announced, whole when they arrive, given up on when they crawl (F-5, F-6)."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from dataclasses import replace

import pytest

from ocinb.client.wire.transport import Transport
from ocinb.errors import InvalidContent, TruncatedBody
from ocinb.protocol.messages import Request
from tests.client.exchanges import QUICK, Pieces, answer_at_once, get
from tests.client.scripted import Close, Part, Pause, Reset, ScriptedServer, answer


def test_a_body_goes_up_with_its_length_and_is_read_anew_each_time(line: Transport):
    body = Pieces(b"abc", b"def")
    with ScriptedServer(answer(201)) as server:
        for _ in range(2):
            line.exchange(Request("PUT", f"{server.url}/x", body=body))
        assert [heard.body for heard in server.requests] == [b"abcdef"] * 2
        assert server.requests[0].headers["content-length"] == "6"
        assert "transfer-encoding" not in server.requests[0].headers
    assert body.read == 2


@pytest.mark.parametrize("pieces", [(b"abc",), (b"abcd", b"efgh")])
def test_a_body_that_is_not_as_long_as_it_said_is_an_error_of_ours(line, pieces):
    with ScriptedServer(answer(201)) as server, pytest.raises(InvalidContent, match="announced"):
        line.exchange(Request("PUT", f"{server.url}/x", body=Pieces(*pieces, size=5)))


def test_a_body_that_cannot_be_read_is_not_blamed_on_the_network(line: Transport):
    class Broken(Pieces):
        def __iter__(self) -> Iterator[bytes]:
            yield b"a"
            raise OSError("disk on fire")

    with ScriptedServer(answer(201)) as server, pytest.raises(InvalidContent, match="on fire"):
        line.exchange(Request("PUT", f"{server.url}/x", body=Broken(b"ab")))


def test_an_answer_while_the_body_is_still_going_up_is_heard(line: Transport):
    """U-11, F-U6: the early 413 is the answer, not the broken pipe."""
    early = answer(413, b"too big", "Connection: close")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=answer_at_once, args=(listener, early))
        thread.start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/x"
        response = line.exchange(Request("PUT", url, body=Pieces(*[b"x" * 65_536] * 200)))
        thread.join()
    assert response.status == 413


@pytest.mark.parametrize("end", [Close(), Reset(), Pause(1)])
def test_a_body_that_ends_early_is_truncated_and_says_how_far_it_came(line, end):
    """F-D1, F-D14, F-6."""
    half: list[Part] = [answer(200, b"12345", length=10), end, Close()]
    with (
        ScriptedServer(half) as server,
        pytest.raises(TruncatedBody, match="of 10 bytes") as caught,
    ):
        line.exchange(get(f"{server.url}/x?token=canary"))
    assert caught.value.expected == 10
    assert "canary" not in str(caught.value)


def test_chunks_that_end_early_are_truncated(line: Transport):
    half: list[Part] = [
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n12345\r\n",
        Close(),
    ]
    with ScriptedServer(half) as server, pytest.raises(TruncatedBody) as caught:
        line.exchange(get(f"{server.url}/x"))
    assert (caught.value.received, caught.value.expected) == (5, None)


def test_a_body_that_hardly_moves_is_given_up_on():
    """F-5."""
    line = Transport(timeouts=replace(QUICK, slow_for=0.2))
    drops: list[Part] = [Pause(0.1), b"x"]
    trickle = [answer(200, b"", length=10), *drops * 10]
    with (
        ScriptedServer(trickle) as server,
        pytest.raises(TruncatedBody, match="1,024 bytes a second"),
    ):
        line.exchange(get(f"{server.url}/x"))
