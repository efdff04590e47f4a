"""One exchange: its answer, and what is told of it (F-2, K-7, K-20)."""

from __future__ import annotations

import pytest

from ocinb.client.secret import Secret
from ocinb.client.wire.transport import Transport
from ocinb.errors import TransferError, UnexpectedAnswer
from ocinb.protocol.events import BytesMoved, Finished, RequestStarted, ResponseReceived
from ocinb.protocol.fields.headers import Headers
from ocinb.protocol.messages import Request
from tests.client.exchanges import Kept, Pieces, get, watched
from tests.client.scripted import Close, Part, ScriptedServer, answer


def test_an_answer_has_status_headers_body_and_the_request(line: Transport):
    with ScriptedServer(
        answer(200, b"{}", "Content-Type: a/b", "X-Twice: 1", "X-Twice: 2")
    ) as server:
        response = line.exchange(get(f"{server.url}/v2/"))
    assert (response.status, response.body) == (200, b"{}")
    assert response.headers.get_all("x-twice") == ["1", "2"]
    assert response.request is not None
    assert response.request.url == f"{server.url}/v2/"


def test_a_wanted_body_goes_to_the_sink_and_a_refusal_does_not(line: Transport):
    sink = Kept()
    with ScriptedServer(answer(404, b"no"), answer(200, b"yes")) as server:
        refusal = line.exchange(get(f"{server.url}/x", sink=sink))
        assert (refusal.body, sink.restarts) == (b"no", 0)
        response = line.exchange(get(f"{server.url}/x", sink=sink))
    assert (response.body, bytes(sink.content), sink.restarts) == (b"", b"yes", 1)


def test_memory_is_bounded_whatever_the_length_says(line: Transport):
    """K-7."""
    endless: list[Part] = [b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 10_000, Close()]
    with (
        ScriptedServer(endless) as server,
        pytest.raises(UnexpectedAnswer, match="1,000"),
    ):
        line.exchange(get(f"{server.url}/x", limit=1_000))


def test_no_more_than_64_kib_of_a_refusal_are_read(line: Transport):
    """F-D17: 500 with 10 MB of HTML."""
    with ScriptedServer(answer(500, b"<p>" * 3_000_000)) as server:
        response = line.exchange(get(f"{server.url}/x"))
    assert len(response.body) == 64 * 1024
    assert len(str(response.refusal())) < 512


# Events


def test_an_exchange_is_told_from_start_to_finish_and_nothing_secret_is(line: Transport):
    """K-20."""
    seen = watched(line)
    says = answer(202, b"ab", "Location: /x?_state=canary", "Set-Cookie: canary")
    with ScriptedServer(says) as server:
        request = Request("PATCH", f"{server.url}/x?_state=canary", body=Pieces(b"abc", b"def"))
        line.exchange(request, authorization=Secret("Bearer canary"))
        assert server.requests[0].headers["authorization"] == "Bearer canary"
    kinds = [type(event) for event in seen]
    assert kinds == [RequestStarted, BytesMoved, BytesMoved, ResponseReceived, BytesMoved, Finished]
    assert seen[1:3] == [
        BytesMoved(seen[0].exchange, "up", 3, 6),  # type: ignore[union-attr]
        BytesMoved(seen[0].exchange, "up", 6, 6),  # type: ignore[union-attr]
    ]
    assert isinstance(seen[0], RequestStarted)
    assert "authorization" in seen[0].headers
    shown = [(e, [e.headers.pairs() for e in [e] if hasattr(e, "headers")]) for e in seen]
    assert "canary" not in repr(shown)


def test_a_failure_finishes_with_its_reason(line: Transport):
    seen = watched(line)
    with ScriptedServer([Close()]) as server, pytest.raises(TransferError):
        line.exchange(get(f"{server.url}/x"))
    assert isinstance(seen[-1], Finished)
    assert "broke before" in seen[-1].error


def test_a_secret_does_not_show_in_headers_or_requests():
    request = get("http://school/x", headers=Headers({"Authorization": "canary"}))
    assert "canary" not in repr(request)
