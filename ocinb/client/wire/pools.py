"""Kept connections, safe to use from many threads, and not used after a fork (F-13)."""

from __future__ import annotations

import os
import threading
import time
from typing import TypeAlias
from weakref import WeakSet

from ocinb.client.addresses import Origin
from ocinb.client.wire.connection import Connection
from ocinb.client.wire.stopping import current

MOST = 96  # connections to one place: all that may go side by side, and some beside those
_PLACES = 32  # whose idle connections are kept
IDLE = 30.0  # seconds, after which a server may have forgotten a connection
_SLICE = 0.5

Place: TypeAlias = tuple[Origin, str | None]  # and the address to connect to, if not its name's


class NoneFree(OSError):
    """Every connection that there may be to a place is in use, and stayed so."""


class Lease:
    """The right to one of the connections to a place, and an idle one, if there was one."""

    def __init__(self, place: Place, connection: Connection | None) -> None:
        self.place, self.connection = place, connection


class Pools:
    """Idle connections by place. A lease that nobody knows of any more counts no longer."""

    def __init__(self) -> None:
        self._closed = False
        self._begin()

    def _begin(self) -> None:
        self._process, self._changed = os.getpid(), threading.Condition()
        self._idle: dict[Place, list[Connection]] = {}
        self._busy: dict[Place, WeakSet[Lease]] = {}

    def lease(self, place: Place, seconds: float, *, fresh: bool = False) -> Lease:
        """The next free connection; `fresh` for a new one. `NoneFree` if none comes free."""
        if self._process != os.getpid():  # a fork: its parent's connections are not its own
            self._forget()
        until = time.monotonic() + seconds
        with self._changed:
            busy = self._busy.setdefault(place, WeakSet())
            while not self._closed and len(busy) >= MOST:
                self._wait(until - time.monotonic())
            if self._closed:
                raise RuntimeError("this registry was closed")
            lease = Lease(place, None if fresh else self._idle_one(place))
            busy.add(lease)
        return lease

    def _wait(self, seconds: float) -> None:
        if seconds <= 0:
            raise NoneFree
        self._changed.wait(min(seconds, _SLICE))
        if (stop := current()) is not None:
            stop.check()

    def _idle_one(self, place: Place) -> Connection | None:
        idle = self._idle.get(place, [])
        while idle:
            connection = idle.pop()
            if time.monotonic() - connection.idle_since < IDLE and connection.is_fresh:
                return connection
            connection.close()
        return None

    def end(self, lease: Lease, *, keep: bool) -> None:
        """Give a lease back; its connection is kept for the next, or closed."""
        connection, lease.connection = lease.connection, None
        with self._changed:
            busy = self._busy.get(lease.place)
            if busy is not None:
                busy.discard(lease)
            if connection is not None and keep and not self._closed and busy is not None:
                connection.idle_since = time.monotonic()
                self._kept(lease.place).append(connection)
                connection = None
            self._changed.notify()
        if connection is not None:
            connection.close()

    def _kept(self, place: Place) -> list[Connection]:
        """The idle connections to `place`, which is now the one used last."""
        idle = self._idle.pop(place, [])
        self._idle[place] = idle
        while len(self._idle) > _PLACES:
            oldest = next(iter(self._idle))
            for connection in self._idle.pop(oldest):
                connection.close()
            if not self._busy.get(oldest):
                self._busy.pop(oldest, None)
        return idle

    def _forget(self) -> None:
        """Close our side of what was opened before the fork, which its parent does not notice."""
        idle = self._idle
        self._begin()
        for connections in idle.values():
            for connection in connections:
                connection.close()

    def close(self) -> None:
        """Close every idle connection, and the others when they are given back."""
        with self._changed:
            self._closed = True
            idle, self._idle = self._idle, {}
            self._changed.notify_all()
        for connections in idle.values():
            for connection in connections:
                connection.close()

    def __del__(self) -> None:
        self.close()
