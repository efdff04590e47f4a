"""Stopping: whoever waits is woken, in whatever it is about, and the client stays usable (F-12)."""

from __future__ import annotations

import contextlib
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from ocinb.client.sender import Sender
from ocinb.client.wire.stopping import Stop, current, deaf
from ocinb.client.wire.transport import Transport
from ocinb.errors import Cancelled
from ocinb.protocol import endpoints
from ocinb.protocol.messages import Request, Response, Step
from tests.client.exchanges import BIG, Kept, Pieces, black_hole, get
from tests.client.scripted import Close, Part, Pause, ScriptedServer, answer

SOON = 1.0  # seconds in which it must be over


@pytest.fixture
def patient() -> Iterator[Transport]:
    """Waits much longer than these tests do."""
    line = Transport(own="127.0.0.1", insecure=True)
    yield line
    line.close()


def stopped(work: Callable[[], object], after: float = 0.2) -> float:
    """The seconds that `work` goes on, in another thread, after it was asked to stop."""
    stop, raised = Stop(), list[BaseException]()

    def heard() -> None:
        with stop.heard():
            try:
                work()
            except BaseException as error:
                raised.append(error)

    thread = threading.Thread(target=heard)
    thread.start()
    time.sleep(after)
    assert thread.is_alive()
    asked = time.monotonic()
    stop.set()
    thread.join(5)
    assert [type(error) for error in raised] == [Cancelled]
    return time.monotonic() - asked


def test_who_connects_is_woken(patient: Transport):
    with black_hole() as url:
        assert stopped(lambda: patient.exchange(get(url))) < SOON


def test_who_looks_a_name_up_is_woken(patient: Transport, monkeypatch):
    silent = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: silent.wait(10) and [])
    assert stopped(lambda: patient.exchange(get("http://registry.example/v2/"))) < SOON
    silent.set()


def test_who_agrees_on_tls_is_woken(patient: Transport):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"https://127.0.0.1:{listener.getsockname()[1]}/v2/"
        assert stopped(lambda: patient.exchange(get(url))) < SOON


@pytest.mark.parametrize("tls", [False, True])
@pytest.mark.parametrize("body", [b"", b"12345", BIG[: 3 * 2**20]])
def test_who_waits_for_an_answer_or_more_of_it_is_woken(patient: Transport, tls, body: bytes):
    says: list[Part] = [answer(200, body, length=10 * 2**20) if body else b"", Pause(1.5)]
    with ScriptedServer(says, answer(200, b"next"), tls=tls) as server:
        sink = Kept()
        assert stopped(lambda: patient.exchange(get(f"{server.url}/x", sink=sink)), 0.5) < SOON
        assert bytes(sink.content) == body
        assert patient.exchange(get(f"{server.url}/x")).body == b"next"


def test_who_sends_is_woken(patient: Transport):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/x"
        body = Pieces(*[bytes(2**20)] * 64)
        assert stopped(lambda: patient.exchange(Request("PUT", url, body=body))) < SOON


def test_who_sleeps_before_the_next_try_is_woken():
    busy = answer(503, b"", "Retry-After: 20")
    with ScriptedServer(busy) as server:
        sender = Sender(server.url)
        step = Step("Is it there?", Request("GET", "/v2/"), endpoints.PING)
        assert stopped(lambda: sender(step), 0.5) < SOON
        sender.close()


def test_a_registry_in_this_process_is_stopped_between_pieces():
    stop = Stop()
    taken: list[bytes] = []

    class Sink(Kept):
        def write(self, piece: bytes | memoryview) -> None:
            taken.append(bytes(piece))
            stop.set()

    line = Transport(handle=lambda request: Response(200, stream=Pieces(b"one", b"two")))
    with stop.heard(), pytest.raises(Cancelled):
        line.exchange(get("http://school/x", sink=Sink()))
    assert taken == [b"one"]


def test_nothing_is_sent_once_it_is_set_but_by_the_deaf(patient: Transport):
    stop = Stop()
    stop.set()
    stop.set()
    with ScriptedServer(answer(204)) as server, stop.heard():
        with pytest.raises(Cancelled):
            patient.exchange(get(f"{server.url}/x"))
        assert server.requests == []
        with deaf():
            assert current() is None
            assert patient.exchange(Request("DELETE", f"{server.url}/x")).status == 204
        assert current() is stop
    assert current() is None


def test_giving_an_upload_up_is_said_though_all_was_stopped():
    """F-9."""
    stop = Stop()
    stop.set()
    with ScriptedServer(answer(204)) as server:
        sender = Sender(server.url)
        request = Request("DELETE", "/v2/a/blobs/uploads/1")
        with stop.heard():
            assert sender(Step("Give up", request, endpoints.CANCEL_UPLOAD)).status == 204
        sender.close()


def test_a_stop_that_nobody_asks_for_changes_nothing(patient: Transport):
    stop = Stop()
    with ScriptedServer(answer(200, BIG)) as server, stop.heard():
        for _ in range(2):
            sink = Kept()
            patient.exchange(get(f"{server.url}/x", sink=sink))
            assert sink.content == BIG
        assert {heard.connection for heard in server.requests} == {1}
    assert not stop.is_set
    stop.sleep(0)


def test_other_connections_are_left_alone():
    stop = Stop()
    watched, other = socket.socketpair()
    third, fourth = socket.socketpair()
    with contextlib.ExitStack() as sockets:
        for each in (watched, other, third, fourth):
            sockets.enter_context(each)
        with stop.watching(third):
            pass
        with stop.watching(watched):
            stop.set()
            assert watched.recv(1) == b""
        fourth.send(b"x")
        assert third.recv(1) == b"x"
        with pytest.raises(Cancelled), stop.watching(third):
            pass


# Ctrl-C


@pytest.mark.skipif(not hasattr(signal, "pthread_kill"), reason="needs signals")
@pytest.mark.parametrize("body", [b"", b"12345"])
def test_an_interrupted_cell_leaves_a_usable_client(patient: Transport, body: bytes):
    """F-D26, F-12."""
    says: list[Part] = [answer(200, body, length=10) if body else b"", Pause(1.5), Close()]
    with ScriptedServer(says, answer(200, b"next")) as server:
        main = threading.main_thread().ident
        timer = threading.Timer(0.3, signal.pthread_kill, (main, signal.SIGINT))
        timer.start()
        began = time.monotonic()
        with pytest.raises(KeyboardInterrupt):
            patient.exchange(get(f"{server.url}/x"))
        timer.join()
        assert time.monotonic() - began < SOON
        assert patient.exchange(get(f"{server.url}/x")).body == b"next"
        assert [heard.connection for heard in server.requests] == [1, 2]
