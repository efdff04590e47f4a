"""Requests that no client should send, byte by byte."""

from __future__ import annotations

import pytest

from ocinb.registry.app import LocalRegistry
from tests.registry.wire import ask, connected, head, raw


@pytest.fixture(scope="module")
def server():
    with LocalRegistry() as registry:
        yield registry.serve()


@pytest.fixture
def location(server):
    """Where a new upload goes on."""
    with connected(server) as client:
        return ask(client, "POST", "/v2/demo/app/blobs/uploads/")[0].headers["location"]


OK = "GET /v2/ HTTP/1.1"


@pytest.mark.parametrize(
    "lines",
    [
        (OK, "Content-Length: 5", "Transfer-Encoding: chunked"),
        (OK, "Content-Length: 5", "Content-Length: 5"),
        (OK, "Content-Length: -5"),
        (OK, "Content-Length: +5"),
        (OK, "Content-Length: 5_0"),
        (OK, "Transfer-Encoding: chunked, chunked"),
        (OK, "Transfer-Encoding: chunked", "Transfer-Encoding: chunked"),
        ("GET /v2/ HTTP/1.0", "Transfer-Encoding: chunked"),
        (OK, "Accept: a", " folded"),
        (OK, "Bad Name: x"),
        (OK, "Accept : x"),
        (OK, ": x"),
        (OK, "no colon"),
        (OK, "Accept: a\rb"),
        (OK, "Accept: a\0b"),
        (OK, "Transfer-Encoding: \x0bchunked"),
        (OK, "Transfer-Encoding: chunked\x0c"),
        (OK, "Content-Length: \x1f0"),
        (OK, "Accept: a\x7f"),
        (OK, "Accept: a\r"),
        (OK, *(f"X-{n}: x" for n in range(101))),
        (OK, "Host: evil.com"),
    ],
)
def test_K29_a_request_that_could_be_read_in_two_ways_is_refused_and_the_connection_closed(
    server, lines
):
    answer = raw(server, head(server, *lines), head(server, OK))
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert answer.count(b"HTTP/1.1") == 1


@pytest.mark.parametrize("coding", ["gzip", "gzip, chunked", "identity"])
def test_K29_another_transfer_coding_is_refused(server, coding):
    answer = raw(server, head(server, OK, f"Transfer-Encoding: {coding}"), head(server, OK))
    assert answer[9:12] in (b"400", b"501")
    assert answer.count(b"HTTP/1.1") == 1


@pytest.mark.parametrize(
    "body",
    [b"0x5\r\nhello\r\n0\r\n\r\n", b"+5\r\nhello\r\n0\r\n\r\n", b"-1\r\n", b"5\nhello\r\n0\r\n\r\n",
     b"5\r\nhelloX\r\n0\r\n\r\n", b"5\r\nhello\r\n0\r\nTrailer: x\r\n\r\n", b"\r\n", b"zz\r\n",
     b"1" * 16 + b"\r\n", b"5 ; " + b"x" * 300 + b"\r\nhello\r\n0\r\n\r\n", b"5\r\nhel",
     b"5\r\nhello\r\n"],
)  # fmt: skip
def test_G1_a_broken_chunk_is_a_400_and_the_connection_closed(server, location, body):
    request = head(server, f"PATCH {location} HTTP/1.1", "Transfer-Encoding: chunked")
    answer = raw(server, request + body + head(server, OK))
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert answer.count(b"HTTP/1.1") == 1
    assert b"BLOB_UPLOAD_INVALID" in answer


def test_chunk_extensions_are_ignored(server, location):
    request = head(server, f"PATCH {location} HTTP/1.1", "Transfer-Encoding: chunked")
    answer = raw(server, request + b"5;a=b\r\nhello\r\n0\r\n\r\n" + head(server, OK))
    assert answer.count(b"HTTP/1.1 20") == 2


def test_endless_headers_are_not_read(server):
    line = f"GET /v2/{'x' * 20_000} HTTP/1.1"
    assert raw(server, head(server, line)).startswith(b"HTTP/1.1 414 ")
    many = [f"X-{n}: {'x' * 1_000}" for n in range(20)]
    assert raw(server, head(server, OK, *many)).startswith(b"HTTP/1.1 413 ")
