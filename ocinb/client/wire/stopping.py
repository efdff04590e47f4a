"""Asking for it to stop: from any thread, heard at once by whoever waits on a socket or sleeps."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from ocinb.errors import Cancelled


class Stop:
    """Somebody may ask for it to stop, from any thread; who waits on a socket or sleeps is woken.

    What hears of it (`heard`) ends with `Cancelled`. It cannot be taken back. A signal handler may
    ask, too, whatever it interrupts.
    """

    def __init__(self) -> None:
        self._asked, self._lock = threading.Event(), threading.RLock()
        self._watched: list[socket.socket] = []

    def set(self) -> None:
        """Ask for it: every watched connection ends, every sleeper wakes. Twice is fine."""
        with self._lock:
            self._asked.set()
            for connection in self._watched:
                _end(connection)

    @property
    def is_set(self) -> bool:
        """Whether somebody has asked."""
        return self._asked.is_set()

    def check(self) -> None:
        """Raises `Cancelled` when somebody has asked."""
        if self._asked.is_set():
            raise Cancelled("it was asked to stop")

    def sleep(self, seconds: float) -> None:
        """Sleep at most so long; raises `Cancelled` when somebody asks meanwhile, or has asked."""
        self._asked.wait(seconds)
        self.check()

    @contextmanager
    def watching(self, connection: socket.socket) -> Iterator[None]:
        """Inside, `connection` is shut down as soon as somebody asks. Raises `Cancelled` if
        somebody has asked already."""
        with self._lock:
            self.check()
            self._watched.append(connection)
        try:
            yield
        finally:
            with self._lock:
                self._watched.remove(connection)

    @contextmanager
    def heard(self) -> Iterator[None]:
        """Inside, the exchanges of this thread obey."""
        before = _current.set(self)
        try:
            yield
        finally:
            _current.reset(before)


_current: ContextVar[Stop | None] = ContextVar("stop", default=None)


def current() -> Stop | None:
    """What the exchanges of this thread obey; None when nothing but the end stops them."""
    return _current.get()


@contextmanager
def deaf() -> Iterator[None]:
    """Inside, exchanges obey nobody: giving up an upload must still be said to the registry."""
    before = _current.set(None)
    try:
        yield
    finally:
        _current.reset(before)


def _end(connection: socket.socket) -> None:
    # Not the method of a TLS socket: it forgets its TLS, while another thread is reading.
    with contextlib.suppress(OSError):
        socket.socket.shutdown(connection, socket.SHUT_RDWR)
