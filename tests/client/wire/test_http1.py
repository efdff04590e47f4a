"""HTTP on one connection: whole answers keep it, anything odd closes it, big bodies are fast."""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import socket
import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Self

import pytest

from ocinb.client.secret import Secret
from ocinb.client.wire.deadlines import Timeouts
from ocinb.client.wire.transport import Transport
from ocinb.errors import InvalidContent, TransferError, TruncatedBody
from ocinb.protocol.messages import Request, Response
from tests.client.exchanges import BIG, QUICK, Kept, Pieces, get
from tests.client.scripted import (
    Answer,
    Close,
    Part,
    Pause,
    Reset,
    ScriptedServer,
    answer,
    tls_context,
)
from tests.client.traces import told

CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


def connections(line: Transport, *script: Answer, method: str = "GET") -> list[int]:
    """Which connection each of two requests came by, the first of them answered by `script`."""
    with ScriptedServer(*script, answer(200, b"next")) as server:
        line.exchange(Request(method, f"{server.url}/x"))
        assert line.exchange(get(f"{server.url}/x")).body == b"next"
        return [heard.connection for heard in server.requests]


KEPT: dict[str, bytes] = {
    "length": answer(200, b"abc"),
    "nothing": answer(200),
    "chunks": CHUNKED + b"3\r\nabc\r\n0\r\n\r\n",
    "trailer": CHUNKED + b"3;note=x\r\nabc\r\n0\r\nX-Sum: 1\r\n\r\n",
    "interim": b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + answer(200, b"abc"),
    "no content": b"HTTP/1.1 204 No Content\r\n\r\n",
    "not modified": b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n",
}

CLOSED: dict[str, bytes] = {
    "it says so": answer(200, b"abc", "Connection: close"),
    "HTTP/1.0": b"HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nabc",
    "surplus": answer(200, b"abcgarbage", length=3),
    "surplus of nothing": answer(200, b"garbage", length=0),
    "surplus after chunks": CHUNKED + b"3\r\nabc\r\n0\r\n\r\ngarbage",
    "another answer": answer(200, b"abc") + answer(200, b"smuggled"),
    "204 with a body": answer(204, b"garbage"),
    "two ways to tell its length": (
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"3\r\nabc\r\n0\r\n\r\n"),
}  # fmt: skip


@pytest.mark.parametrize("kind", KEPT)
def test_a_whole_answer_keeps_the_connection(line: Transport, kind: str):
    assert connections(line, KEPT[kind]) == [1, 1]


@pytest.mark.parametrize("kind", CLOSED)
def test_an_answer_out_of_step_closes_it(line: Transport, kind: str):
    assert connections(line, CLOSED[kind]) == [1, 2]


def test_a_head_with_a_body_closes_it(line: Transport):
    assert connections(line, answer(200, b"garbage"), method="HEAD") == [1, 2]


def test_what_comes_later_than_the_answer_closes_it_too(line: Transport):
    with ScriptedServer([answer(200), Pause(0.1), answer(200, b"smuggled")], answer(200)) as server:
        line.exchange(get(f"{server.url}/x"))
        time.sleep(0.3)
        assert line.exchange(get(f"{server.url}/x")).body == b""
        assert [heard.connection for heard in server.requests] == [1, 2]


def test_a_body_may_end_with_the_connection(line: Transport):
    until_end: list[Part] = [b"HTTP/1.1 200 OK\r\n\r\nabc", Pause(0.1), b"def", Close()]
    with ScriptedServer(until_end) as server:
        assert line.exchange(get(f"{server.url}/x")).body == b"abcdef"


@pytest.mark.parametrize(
    "chunks", [b"x\r\nabc\r\n", b"-3\r\nabc\r\n", b"3\r\nabcde\r\n", b"3" * 70_000, b"\r\n\r\n"]
)
def test_broken_chunks_are_a_truncated_body(line: Transport, chunks: bytes):
    with ScriptedServer([CHUNKED + chunks, Close()]) as server, pytest.raises(TruncatedBody):
        line.exchange(get(f"{server.url}/x"))


def test_a_trickling_answer_is_given_up_on_when_it_is_kept_in_memory():
    """F-5: never silent for long, and never whole."""
    hurried = Transport(timeouts=replace(QUICK, whole=0.4))
    drops: list[Part] = [Pause(0.1), b"x"] * 30
    body, head = answer(200, length=100), b"HTTP/1.1 200 OK\r\nA: "
    with (
        ScriptedServer([body, *drops]) as server,
        pytest.raises(TruncatedBody, match=r"not whole after 0\.4 seconds"),
    ):
        hurried.exchange(get(f"{server.url}/x"))
    with (
        ScriptedServer([head, *drops]) as server,
        pytest.raises(TransferError, match="in time"),
    ):
        hurried.exchange(get(f"{server.url}/x", sink=Kept()))
    with ScriptedServer([answer(200, length=8), *drops[:16]]) as server:
        hurried.exchange(get(f"{server.url}/x", sink=(sink := Kept())))
    assert sink.content == b"x" * 8


# Big bodies


@pytest.mark.parametrize("tls", [False, True])
def test_a_big_body_arrives_whole_and_keeps_the_connection(tls: bool):
    line = Transport(own="127.0.0.1", insecure=tls)
    with ScriptedServer(answer(200, BIG), answer(200, b"next"), tls=tls) as server:
        sink = Kept()
        line.exchange(get(f"{server.url}/x", sink=sink))
        assert line.exchange(get(f"{server.url}/x")).body == b"next"
        assert {heard.connection for heard in server.requests} == {1}
        line.close()
    assert hashlib.sha256(sink.content).digest() == hashlib.sha256(BIG).digest()


def test_big_bodies_come_in_big_pieces_that_are_borrowed():
    """Performance, section 13: one buffer, filled before it is handed on."""
    sizes: list[int] = []

    class Sized(Kept):
        def write(self, piece: bytes | memoryview) -> None:
            sizes.append(len(piece))
            assert len(sizes) == 1 or isinstance(piece, memoryview)

    line = Transport()
    with ScriptedServer(answer(200, BIG)) as server:
        line.exchange(get(f"{server.url}/x", sink=Sized()))
        line.close()
    assert sum(sizes) == len(BIG)
    assert len(sizes) < 40


def test_what_has_arrived_of_a_big_body_is_not_kept_waiting_for_more():
    times: list[float] = []

    class Timed(Kept):
        def write(self, piece: bytes | memoryview) -> None:
            times.append(time.monotonic())

    line = Transport()
    first, rest = BIG[: 2**16 * 10], BIG[2**16 * 10 : 2**20]
    says: list[Part] = [answer(200, first, length=2**20), Pause(1), rest]
    with ScriptedServer(says) as server:
        line.exchange(get(f"{server.url}/x", sink=Timed()))
        line.close()
    assert max(later - sooner for sooner, later in itertools.pairwise(times)) > 0.7


@pytest.mark.parametrize("end", [Close(), Reset(), Pause(1)])
def test_a_big_body_that_stops_half_way_is_truncated(line: Transport, end: Part):
    """F-6, F-D14."""
    half: list[Part] = [answer(200, BIG[: 18 * 2**20], length=len(BIG)), end, Close()]
    with ScriptedServer(half) as server, pytest.raises(TruncatedBody) as caught:
        line.exchange(get(f"{server.url}/x", sink=Kept()))
    assert caught.value.expected == len(BIG)
    assert 2**20 < caught.value.received <= 18 * 2**20


def test_a_body_that_is_bigger_than_said_is_cut_there(line: Transport):
    with ScriptedServer(answer(200, BIG, length=10 * 2**20), answer(200)) as server:
        line.exchange(get(f"{server.url}/x", sink=(sink := Kept())))
        line.exchange(get(f"{server.url}/x"))
        assert [heard.connection for heard in server.requests] == [1, 2]
    assert sink.content == BIG[: 10 * 2**20]


# Answers while a body is still going up (U-11, F-U6)


def early(says: bytes, *, tls: bool) -> tuple[Response, int]:
    """What `says` at once is heard as, to a PUT of 1 GiB, and how much of that was sent."""
    sent = 0

    class Endless(Pieces):
        def __iter__(self):
            nonlocal sent
            for _ in range(2**12):
                sent += 2**18
                yield bytes(2**18)

    line = Transport(timeouts=Timeouts(), own="127.0.0.1", insecure=tls)
    with Early(says, tls=tls) as server:
        response = line.exchange(Request("PUT", f"{server.url}/x", body=Endless(size=2**30)))
        line.close()
    return response, sent


class Early(ScriptedServer):
    """Answers as soon as it has the head, and reads no further."""

    def __init__(self, says: bytes, *, tls: bool) -> None:
        super().__init__(tls=tls)
        self._says, self._over = says, threading.Event()

    def _exchange(self, connection: socket.socket, number: int) -> bool:
        while b"\r\n\r\n" not in connection.recv(65_536):
            pass
        connection.sendall(self._says)
        self._over.wait(10)
        return False

    def __exit__(self, *about: object) -> None:
        self._over.set()
        super().__exit__(*about)  # type: ignore[arg-type]


@pytest.mark.parametrize("tls", [False, True])
@pytest.mark.parametrize("status", [401, 413])
def test_an_early_answer_stops_the_upload_at_once(status: int, tls: bool):
    began = time.monotonic()
    response, sent = early(answer(status, b"too much"), tls=tls)
    assert (response.status, response.body) == (status, b"too much")
    assert sent < 2**26  # what fits in the buffers on the way
    assert time.monotonic() - began < 5


def test_an_interim_answer_does_not_stop_it(line: Transport):
    class Slow(Pieces):
        def __iter__(self):
            for _ in range(20):
                time.sleep(0.01)
                yield bytes(2**17)

    with Interim() as server:
        response = line.exchange(Request("PUT", f"{server.url}/x", body=Slow(size=20 * 2**17)))
        assert (response.status, server.received) == (201, 20 * 2**17)


class Interim(ScriptedServer):
    """Says 100 (which nobody asked for) to the head, and 201 to the whole."""

    received = 0

    def _exchange(self, connection: socket.socket, number: int) -> bool:
        data = b""
        while b"\r\n\r\n" not in data:
            data += connection.recv(65_536)
        self.received = len(data.partition(b"\r\n\r\n")[2])
        connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        while self.received < 20 * 2**17:
            self.received += len(connection.recv(65_536))
        connection.sendall(answer(201))
        return False


def test_a_server_that_takes_nothing_more_is_given_up_on():
    hurried = Transport(timeouts=replace(QUICK, write=0.3))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/x"
        body = Pieces(*[bytes(2**20)] * 64)
        with pytest.raises(TransferError, match="stopped taking"):
            hurried.exchange(Request("PUT", url, body=body))


def test_no_permission_to_send_is_asked_for(line: Transport):
    """U-13, U-11: registries answer `Expect: 100-continue` late or never."""
    with ScriptedServer(answer(201)) as server:
        line.exchange(Request("PUT", f"{server.url}/x", body=Pieces(bytes(2**20))))
        assert "expect" not in server.requests[0].headers
        assert len(server.requests[0].body) == 2**20


def test_small_bodies_go_out_with_their_head(line: Transport, monkeypatch):
    sent: list[int] = []
    send = socket.socket.send

    def counted(self: socket.socket, data: memoryview) -> int:
        sent.append(len(data))
        return send(self, data)

    with ScriptedServer(answer(201)) as server:
        monkeypatch.setattr(socket.socket, "send", counted)
        line.exchange(Request("PUT", f"{server.url}/x", body=b"a manifest"))
        assert server.requests[0].body == b"a manifest"
    assert len(sent) == 1


def test_a_secret_that_cannot_be_sent_is_not_shown(line: Transport):
    """K-14, K-20."""
    with ScriptedServer(answer(200)) as server:
        with pytest.raises(InvalidContent, match="Authorization") as caught:
            line.exchange(get(f"{server.url}/x"), authorization=Secret("canary\r\nX: y"))
        assert server.requests == []
    assert "canary" not in told(caught.value)


def test_a_secret_is_not_shown_when_the_connection_breaks(line: Transport):
    """K-20: not by any variable of ours on the way."""
    with ScriptedServer([Reset()]) as server, pytest.raises(TransferError) as caught:
        line.exchange(get(f"{server.url}/x"), authorization=Secret("Bearer canary"))
    assert "canary" not in told(caught.value)


@pytest.mark.parametrize("request_", [
    Request("GE T", "/x"),
    Request("GET", "/x", {"Content-Length": "abc"}),
    Request("GET", "/x", {"Transfer-Encoding": "gzip"}),
])  # fmt: skip
def test_a_secret_is_not_shown_by_the_library_that_refuses_to_send_it(line: Transport, request_):
    """K-20: not by any variable on the way, of whosever frames they are."""
    with ScriptedServer(answer(200)) as server:
        asked = replace(request_, url=f"{server.url}{request_.url}")
        with pytest.raises(TransferError, match="cannot be sent") as caught:
            line.exchange(asked, authorization=Secret("Bearer canary"))
        assert server.requests == []
    assert "canary" not in told(caught.value, everywhere=True)


# Next to nothing, for ever (F-5)


def test_F5_what_stands_between_the_bytes_of_a_body_is_no_progress():
    """A chunk may have extensions without end, and a byte of them now and then is no answer."""
    drip: list[Part] = [CHUNKED, b"1;"]
    for _ in range(100):
        drip += [b"x", Pause(0.1)]
    line = Transport(timeouts=replace(QUICK, slow_for=0.5))
    began = time.monotonic()
    with ScriptedServer(drip) as server, pytest.raises(TruncatedBody, match="bytes a second"):
        line.exchange(get(f"{server.url}/x", sink=Kept()))
    assert time.monotonic() - began < 3
    line.close()


def test_F5_a_server_that_takes_next_to_nothing_is_given_up_on_in_the_middle_of_a_piece():
    line = Transport(timeouts=replace(QUICK, write=30, slowest=2**30, slow_for=0.3))
    began = time.monotonic()
    with Sipping() as server, pytest.raises(TransferError, match="stopped taking"):
        line.exchange(Request("PUT", f"{server.url}/x", body=Pieces(bytes(2**26))))
    assert time.monotonic() - began < 3
    line.close()


class Sipping(ScriptedServer):
    """Takes a body a little at a time."""

    def _exchange(self, connection: socket.socket, number: int) -> bool:
        while connection.recv(2**18):
            time.sleep(0.05)
        return False


@pytest.mark.parametrize("what", ["head", "small body", "big body"])
def test_F5_a_record_of_tls_that_trickles_is_given_up_on(what: str):
    """Bytes that come are no progress as long as TLS can make nothing of them."""
    line = Transport(timeouts=QUICK, own="127.0.0.1", insecure=True)
    begun = b"" if what == "head" else answer(200, length=15_000 if what == "small body" else 2**20)
    with Trickling(begun) as server:
        began = time.monotonic()
        with pytest.raises(TransferError):
            line.exchange(get(f"{server.url}/x", sink=Kept()))
        assert time.monotonic() - began < 2
    line.close()


class Trickling(ScriptedServer):
    """Says `begun`, and then something long, of which the record comes byte by byte."""

    def __init__(self, begun: bytes) -> None:
        super().__init__()
        self._begun = begun

    def __enter__(self) -> Self:
        super().__enter__()
        self.url = self.url.replace("http:", "https:")
        return self

    def _serve(self, connection: socket.socket, number: int) -> None:
        coming, going = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = tls_context().wrap_bio(coming, going, server_side=True)

        def after(step: Callable[[], object]) -> None:
            while True:
                try:
                    step()
                    return connection.sendall(going.read())
                except ssl.SSLWantReadError:
                    connection.sendall(going.read())
                    coming.write(connection.recv(65_536))

        with connection, contextlib.suppress(OSError):
            after(tls.do_handshake)
            after(lambda: tls.read(65_536))
            after(lambda: tls.write(self._begun))
            tls.write(answer(200, bytes(12_000)))
            for byte in going.read():
                connection.sendall(bytes([byte]))
                time.sleep(0.02)
