"""What failures mean, against servers that fail (F-2, F-H)."""

from __future__ import annotations

import socket
import threading
from typing import Any

import h11
import pytest

from ocinb.client.wire.deadlines import Timeouts
from ocinb.client.wire.transport import Transport
from ocinb.errors import TransferError, Unreachable, UntrustedServer
from tests.client.exchanges import answer_at_once, black_hole, get
from tests.client.scripted import Close, Part, Pause, Reset, ScriptedServer, answer

FAULTS: dict[str, tuple[list[Part], str]] = {
    "silence": ([Pause(1), Close()], "no answer in time"),
    "hang up": ([Close()], "broke before there was an answer"),
    "reset": ([Reset()], "broke before there was an answer"),
    "half a head": ([b"HTTP/1.1 200 OK\r\nContent-", Close()], "not HTTP|broke"),
    "garbage": ([b"SSH-2.0-OpenSSH_9.9\r\n\r\n", Close()], "not HTTP"),
    "endless head": ([b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 40_000, Close()], "not HTTP"),
    "folded": ([b"HTTP/1.1 200 OK\r\nA\rb: c\r\n\r\n", Close()], "not HTTP"),
    "folded as of old": ([b"HTTP/1.1 200 OK\r\nA: b\r\n c: d\r\n\r\n"], "not HTTP"),
    "many headers": ([b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 300 + b"\r\n"], "not HTTP"),
    "a long header": ([b"HTTP/1.1 200 OK\r\nA: " + b"b" * 200_000 + b"\r\n\r\n"], "not HTTP"),
    "a status that is no number": ([b"HTTP/1.1 2OO OK\r\n\r\n"], "not HTTP"),
    "an encoding of its own": ([b"HTTP/1.1 200 OK\r\nTransfer-Encoding: zip\r\n\r\n"], "not HTTP"),
    "only interim": ([b"HTTP/1.1 100 Continue\r\n\r\n" * 10_000, Close()], "not HTTP"),
    "another protocol": ([b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\n\r\n"], "not HTTP"),
    "two lengths": (
        [b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab"], "not HTTP"),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_an_answer_that_is_none_is_a_transfer_error(line: Transport, fault: str):
    """F-D13, F-H1, F-H2; the library's own error stays in the context."""
    script, said = FAULTS[fault]
    with ScriptedServer(script) as server, pytest.raises(TransferError, match=said) as caught:
        line.exchange(get(f"{server.url}/v2/"))
    assert isinstance(caught.value.__context__, (h11.RemoteProtocolError, OSError))
    assert caught.value.__suppress_context__
    assert caught.value.method == "GET"


def test_a_dead_port_is_unreachable_with_a_hint(line: Transport):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(Unreachable, match="nothing listens there") as caught:
        line.exchange(get(f"http://127.0.0.1:{port}/v2/"))
    assert caught.value.hints


@pytest.mark.parametrize(
    "host", ["no-such-host.invalid", "a..b", "999.1.1.1", "x" * 70 + ".example"]
)
def test_an_unknown_name_is_unreachable(line: Transport, host: str, monkeypatch):
    def unknown(*_: object, **__: object):
        host.encode("idna")
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(Unreachable, match="no host of this name"):
        line.exchange(get(f"http://{host}/v2/"))


def test_a_connection_that_is_not_accepted_in_time_is_unreachable():
    hurried = Transport(timeouts=Timeouts(connect=0.2))
    with black_hole() as url, pytest.raises(Unreachable, match="no connection in time"):
        hurried.exchange(get(url))


def test_a_name_server_that_is_silent_is_given_up_on_in_time(monkeypatch):
    silent = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: silent.wait(10) and [])
    hurried = Transport(timeouts=Timeouts(connect=0.2))
    with pytest.raises(Unreachable, match="no connection in time"):
        hurried.exchange(get("http://registry.example/v2/"))
    silent.set()


def test_the_next_address_is_tried_when_one_is_dead(line: Transport, monkeypatch):
    real = socket.getaddrinfo

    def two(host: str, port: int, **more: Any) -> list[Any]:
        return [*real("127.0.0.77", port, **more), *real("127.0.0.1", port, **more)]

    with ScriptedServer(answer(200)) as server:
        monkeypatch.setattr(socket, "getaddrinfo", two)
        assert line.exchange(get(f"http://localhost:{server.port}/v2/")).status == 200


def test_a_self_signed_certificate_is_not_trusted_and_the_ways_out_are_named(line: Transport):
    with ScriptedServer(answer(200), tls=True) as server, pytest.raises(UntrustedServer) as caught:
        line.exchange(get(f"{server.url}/v2/"))
    assert "self-signed" in str(caught.value)
    assert any("ca=" in hint for hint in caught.value.hints)
    assert any("insecure=True" in hint for hint in caught.value.hints)


def test_plain_http_on_a_tls_port_is_explained(line: Transport):
    tls = ScriptedServer(answer(200), tls=True)
    with tls as server, pytest.raises(TransferError) as caught:
        line.exchange(get(f"http://127.0.0.1:{server.port}/v2/"))
    assert any("plain_http=" in hint for hint in caught.value.hints)
    alert: list[Part] = [b"\x15\x03\x01\x00\x02\x02\x46", Close()]
    with ScriptedServer(alert) as server, pytest.raises(TransferError, match="perhaps TLS"):
        line.exchange(get(f"{server.url}/v2/"))


def test_tls_on_a_plain_port_is_explained(line: Transport):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        said = b"HTTP/1.1 400 Bad Request\r\n\r\n"
        thread = threading.Thread(target=answer_at_once, args=(listener, said))
        thread.start()
        with pytest.raises(UntrustedServer, match="does not speak TLS") as caught:
            line.exchange(get(f"https://127.0.0.1:{listener.getsockname()[1]}/v2/"))
        thread.join()
    assert any("plain_http=True" in hint for hint in caught.value.hints)
