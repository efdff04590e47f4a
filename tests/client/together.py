"""What tests of transfers side by side share: registries that wait for company, and who watches."""

from __future__ import annotations

import _thread
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ocinb.protocol.messages import Handle, Request, Response


class Company:
    """Answers requests that have `of` in `METHOD /path` only when `count` of them wait at once."""

    repositories = ()

    def __init__(self, handle: Handle, of: str, count: int) -> None:
        self._handle, self._of = handle, of
        self._barrier = threading.Barrier(count, timeout=5)

    def handle(self, request: Request) -> Response:
        if self._of in f"{request.method} {request.url}":
            self._barrier.wait()
        return self._handle(request)


class Crowd:
    """Counts how many ask at once, while each request takes a moment."""

    repositories = ()

    def __init__(self, handle: Handle, seconds: float = 0.01) -> None:
        self._handle, self._seconds = handle, seconds
        self._lock = threading.Lock()
        self._now = self.most = 0
        self.threads: set[int] = set()

    def handle(self, request: Request) -> Response:
        with self._lock:
            self._now += 1
            self.most = max(self.most, self._now)
            self.threads.add(threading.get_ident())
        try:
            time.sleep(self._seconds)
            return self._handle(request)
        finally:
            with self._lock:
                self._now -= 1


@contextmanager
def no_thread_left() -> Iterator[None]:
    """Afterwards there are no other threads than before."""
    before = set(threading.enumerate())
    yield
    assert not {each for each in threading.enumerate() if each.name.startswith("ocinb ")} - before


@contextmanager
def interrupted(when: Callable[[], bool], times: int = 1, seconds: float = 10.0) -> Iterator[None]:
    """The kernel is interrupted as soon as `when`, and must be so: stopping a cell does that."""

    def watch() -> None:
        until = time.monotonic() + seconds
        while not when() and time.monotonic() < until:
            time.sleep(0.005)
        for _ in range(times):
            _thread.interrupt_main()
            time.sleep(0.3)

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        watcher.join()
