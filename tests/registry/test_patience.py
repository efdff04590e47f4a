"""Clients that drip take no thread away from others for long (K-28)."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator

import pytest

from ocinb.registry import patience
from ocinb.registry.app import LocalRegistry
from ocinb.registry.server import THREADS, Server
from tests.registry.asking import open_upload
from tests.registry.wire import ask, connected, head


@pytest.fixture
def registry() -> LocalRegistry:
    return LocalRegistry()


@pytest.fixture
def server(registry: LocalRegistry, monkeypatch) -> Iterator[Server]:
    monkeypatch.setattr(patience, "GRACE", 0.3)
    with registry.serve() as server:
        yield server


@contextlib.contextmanager
def dripping(server: Server, begun: bytes) -> Iterator[list[socket.socket]]:
    """As many clients as there are threads, who all begin so, and go on byte by byte."""
    over = threading.Event()
    with contextlib.ExitStack() as stack:
        clients = [
            stack.enter_context(socket.create_connection(("127.0.0.1", server.port), 5))
            for _ in range(THREADS)
        ]
        for client in clients:
            client.sendall(begun)

        def drip() -> None:
            while not over.wait(0.05):
                for client in clients:
                    with contextlib.suppress(OSError):
                        client.sendall(b"x")

        thread = threading.Thread(target=drip)
        thread.start()
        try:
            yield clients
        finally:
            over.set()
            thread.join()


@pytest.mark.parametrize("what", ["head", "body"])
def test_who_only_drips_is_cut_off_and_others_are_heard(registry, server: Server, what: str):
    begun = b"GET /v2/ HTTP/1.1\r\nX: "
    if what == "body":
        place = open_upload(registry, "demo/app")
        begun = head(server, f"PATCH {place} HTTP/1.1", "Content-Length: 1000000")
    with dripping(server, begun) as clients, connected(server) as other:
        time.sleep(0.1)
        began = time.monotonic()
        assert ask(other, "GET", "/v2/")[0].status == 200
        assert time.monotonic() - began < 4
        if what == "head":
            assert b" 408 " in clients[0].recv(100)


def test_who_is_slow_and_sends_enough_is_waited_for(registry, server: Server):
    place = open_upload(registry, "demo/app")
    with socket.create_connection(("127.0.0.1", server.port), 5) as client:
        client.sendall(head(server, f"PATCH {place} HTTP/1.1", f"Content-Length: {8 * 1024}"))
        for _ in range(8):
            client.sendall(bytes(1024))
            time.sleep(0.1)
        assert b" 202 " in client.recv(100)
