"""Kept connections: one pool for each place, safe to borrow from many threads."""

from __future__ import annotations

import os
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeAlias

from ocinb.client.addresses import Origin

if TYPE_CHECKING:
    import httpx

MOST = 32  # whose idle connections are kept

Place: TypeAlias = tuple[Origin, str | None]  # and the address to connect to, if not its name's


class Pools:
    """One pool for each place, `opened` when first needed; idle ones go when there are many."""

    def __init__(self, opened: Callable[[Place], httpx.BaseTransport]) -> None:
        self._opened, self._lock, self._closed = opened, threading.Lock(), False
        self._pools: dict[Place, httpx.BaseTransport] = {}
        self._busy: Counter[Place] = Counter()
        self._process = os.getpid()

    @contextmanager
    def borrowed(self, place: Place) -> Iterator[httpx.BaseTransport]:
        """The pool for `place`, which is not closed meanwhile to make room."""
        with self._lock:
            pool = self._pool(place)
            self._busy[place] += 1
        try:
            yield pool
        finally:
            with self._lock:
                self._busy[place] -= 1

    def _pool(self, place: Place) -> httpx.BaseTransport:
        if self._closed:
            raise RuntimeError("this registry was closed")
        if self._process != os.getpid():  # a fork: its parent's connections are not its own
            self._pools, self._busy, self._process = {}, Counter(), os.getpid()
        if place not in self._pools:
            self._make_room()
            self._pools[place] = self._opened(place)
        return self._pools[place]

    def _make_room(self) -> None:
        idle = [place for place in self._pools if not self._busy[place]]
        for place in idle[: max(0, len(self._pools) - MOST + 1)]:
            self._pools.pop(place).close()
            del self._busy[place]

    def close(self) -> None:
        """Close every pool; closing twice is fine."""
        with self._lock:
            self._closed = True
            pools, self._pools = self._pools, {}
        for pool in pools.values():
            pool.close()
