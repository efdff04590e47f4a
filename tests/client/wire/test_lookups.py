"""Looking names up: an end to it, whatever a name server does (F-5, F-12)."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator

import pytest

from ocinb.client.retry import Retry
from ocinb.client.sender import Sender
from ocinb.client.wire.lookups import resolve
from ocinb.client.wire.stopping import Stop
from ocinb.errors import Cancelled, Unreachable
from ocinb.protocol import endpoints
from ocinb.protocol.messages import Request, Step
from tests.client.exchanges import QUICK
from tests.client.scripted import ScriptedServer, answer


@pytest.fixture
def silent(monkeypatch) -> Iterator[None]:
    """Nobody says what `silent.example` is."""
    real, over = socket.getaddrinfo, threading.Event()

    def look_up(host: str, *rest: object, **more: object) -> object:
        return over.wait(10) and [] if host == "silent.example" else real(host, *rest, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    yield
    over.set()


def test_a_name_has_every_address_once():
    assert resolve("127.0.0.1", 80) == ["127.0.0.1"]
    assert set(resolve("localhost", 80)) <= {"127.0.0.1", "::1"}


def test_a_name_server_that_says_nothing_is_given_up_on(silent):
    began = time.monotonic()
    with pytest.raises(TimeoutError):
        resolve("silent.example", 443, 0.3)
    assert time.monotonic() - began < 2


def test_who_looks_a_name_up_may_be_stopped(silent):
    stop = Stop()
    threading.Timer(0.2, stop.set).start()
    with stop.heard(), pytest.raises(Cancelled):
        resolve("silent.example", 443)


def test_K3_a_redirect_to_a_name_that_nobody_answers_for_ends_in_time(silent):
    """The addresses of where a registry sends us are looked at first, and that has an end, too."""
    began = time.monotonic()
    with ScriptedServer(answer(307, b"", "Location: http://silent.example/b")) as server:
        send = Sender(server.url, retry=Retry(attempts=1), timeouts=QUICK)
        path = endpoints.GET_BLOB.path(name="a", digest=f"sha256:{'0' * 64}")
        with pytest.raises(Unreachable, match=r"silent\.example"):
            send(Step("", Request("GET", path), endpoints.GET_BLOB))
        send.close()
    assert time.monotonic() - began < QUICK.connect + 2
