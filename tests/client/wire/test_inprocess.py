"""A registry in this process: asked as if it were far away, and nothing is buffered."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import pytest

from ocinb.client.wire.transport import Transport
from ocinb.errors import TruncatedBody
from ocinb.protocol.messages import Request, Response
from tests.client.exchanges import Kept, Pieces, get


def test_a_registry_in_this_process_streams_both_ways():
    heard: list[str] = []

    def handle(request: Request) -> Response:
        heard.append(
            f"{request.method} {request.url} {request.body.size} {request.headers['host']}"
        )
        up = iter(request.body)
        first = next(up)

        class Echo:
            size = None

            def __iter__(self) -> Iterator[bytes]:
                yield first
                for piece in up:
                    heard.append("read late")
                    yield piece

        return Response(200, {"A": "b"}, stream=Echo())

    line, sink = Transport(handle=handle), Kept()
    response = line.exchange(
        Request("PUT", "http://school/v2/x?a=b/../c", body=Pieces(b"one", b"two"), sink=sink)
    )
    assert heard == ["PUT /v2/x?a=b/../c 6 school", "read late"]
    assert (response.headers["a"], bytes(sink.content)) == ("b", b"onetwo")


def test_its_answers_are_framed_as_a_server_would():
    def handle(request: Request) -> Response:
        return Response(200, {"Content-Type": "text/plain"}, b"".join(request.body) + b"!")

    line = Transport(handle=handle)
    response = line.exchange(Request("PUT", "http://school/v2/", body=b"hello"))
    assert (response.body, response.headers["content-length"]) == (b"hello!", "6")
    head = line.exchange(Request("HEAD", "http://school/v2/"))
    assert (head.body, head.headers["content-length"]) == (b"", "1")


def test_its_own_errors_are_raised_as_they_are():
    def handle(request: Request) -> Response:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        Transport(handle=handle).exchange(get("http://school/x"))


def test_nothing_of_the_network_is_loaded_for_it():
    """A browser tab has no sockets to connect."""
    check = """if True:
        import sys
        from ocinb.client.repository import Repository
        from ocinb.registry.app import LocalRegistry
        repository = Repository("demo", registry=LocalRegistry())
        assert repository.head("v1") is None
        print(sorted({"h11", "ssl", "certifi", "http.client"} & set(sys.modules)))
    """
    done = subprocess.run(
        [sys.executable, "-c", check], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout == "[]\n"


def test_a_registry_in_this_process_that_stops_half_way_is_truncated_too():
    def handle(request: Request) -> Response:
        return Response(200, {"Content-Length": "10"}, b"12345")

    with pytest.raises(TruncatedBody, match="after 5 of 10"):
        Transport(handle=handle).exchange(get("http://school/x"))
