"""What tests of single exchanges share: requests, bodies, sinks."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator
from contextlib import contextmanager

from ocinb.client.wire.deadlines import Timeouts
from ocinb.client.wire.transport import Transport
from ocinb.protocol.events import Event
from ocinb.protocol.messages import Request

QUICK = Timeouts(connect=2, read=0.3, write=2, pool=2, whole=3)
BIG = bytes(range(256)) * 4096 * 20  # 20 MiB


class Kept:
    """A sink that keeps what it was given."""

    def __init__(self) -> None:
        self.content = bytearray()
        self.restarts = 0

    def restart(self) -> None:
        self.content.clear()
        self.restarts += 1

    def write(self, piece: bytes | memoryview) -> None:
        self.content += piece


class Pieces:
    """A body that can be read again, counted each time."""

    def __init__(self, *pieces: bytes, size: int | None = -1) -> None:
        self.pieces, self.read = pieces, 0
        self.size = sum(map(len, pieces)) if size == -1 else size

    def __iter__(self) -> Iterator[bytes]:
        self.read += 1
        yield from self.pieces


def get(url: str, **more: object) -> Request:
    return Request("GET", url, **more)  # type: ignore[arg-type]


def watched(line: Transport) -> list[Event]:
    """A list that grows by every event on `line`."""
    seen: list[Event] = []
    line.observers.append(seen.append)
    return seen


def answer_at_once(listener: socket.socket, said: bytes) -> None:
    """Say `said` to whoever comes, before they are done asking."""
    connection, _ = listener.accept()
    with connection, contextlib.suppress(OSError):
        connection.recv(65_536)
        connection.sendall(said)
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(65_536):
            pass


@contextmanager
def black_hole() -> Iterator[str]:
    """The URL of a port that neither takes connections nor refuses them: its queue is full."""
    with contextlib.ExitStack() as queue, socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(4):
            waiting = queue.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listener.getsockname())
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/v2/"
