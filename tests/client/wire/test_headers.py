"""Headers: what every request says, and what cannot be sent."""

from __future__ import annotations

import pytest

from ocinb.client.wire.transport import Transport
from ocinb.errors import InvalidContent
from ocinb.protocol.messages import Request
from tests.client.exchanges import Kept, Pieces, get
from tests.client.scripted import ScriptedServer, answer


def test_identity_is_asked_for_and_no_cookie_is_kept(line: Transport):
    """A-17, D-3."""
    with ScriptedServer(answer(200, b"", "Set-Cookie: sid=1; Path=/")) as server:
        line.exchange(get(f"{server.url}/v2/"))
        line.exchange(get(f"{server.url}/v2/"))
        first, second = server.requests
    assert first.headers["accept-encoding"] == "identity"
    assert first.headers["host"] == f"127.0.0.1:{server.port}"
    assert "cookie" not in second.headers
    assert "content-length" not in first.headers


def test_an_empty_post_says_so_and_an_unsized_body_is_chunked(line: Transport):
    """C13."""
    with ScriptedServer(answer(202)) as server:
        line.exchange(Request("POST", f"{server.url}/x"))
        line.exchange(Request("PATCH", f"{server.url}/x", body=Pieces(b"abc", size=None)))
        empty, chunked = server.requests
    assert empty.headers["content-length"] == "0"
    assert chunked.headers["transfer-encoding"] == "chunked"
    assert chunked.body == b"3\r\nabc\r\n0\r\n\r\n"


@pytest.mark.parametrize("value", ["a\r\nX: y", "a\0b", "naïve", "\u0661"])
def test_a_header_that_cannot_be_sent_is_refused_before_anything_is(line: Transport, value: str):
    """K-14; the value is not shown, since it may be a secret."""
    with pytest.raises(InvalidContent, match="X-Thing") as caught:
        line.exchange(get("http://127.0.0.1:1/", headers={"X-Thing": value}))
    assert value not in str(caught.value)


def test_an_encoding_nobody_asked_for_is_left_as_it_came(line: Transport):
    """D-3, K-12: nothing is ever inflated here; who knows what is wanted does that, bounded."""
    sink = Kept()
    with ScriptedServer(answer(200, b"\x1f\x8b", "Content-Encoding: gzip")) as server:
        assert line.exchange(get(f"{server.url}/x")).body == b"\x1f\x8b"
        line.exchange(get(f"{server.url}/x", sink=sink))
    assert sink.content == b"\x1f\x8b"
