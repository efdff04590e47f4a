"""One blob, many callers: who moves what somebody in this process is moving already waits for them.

Afterwards it is there, and need not be moved a second time (F-10).
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeAlias

from ocinb.client.wire.observers import is_telling
from ocinb.client.wire.stopping import current

_LISTEN = 0.1  # seconds between two looks whether it was asked to stop

_Key: TypeAlias = tuple[int, str, str]


@dataclass
class _Queue:
    """Who wants the same: one has the turn, `count` of them are here."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    count: int = 0


_queues: dict[_Key, _Queue] = {}
_guard = threading.Lock()


@contextmanager
def turn(place: str, digest: str) -> Iterator[None]:
    """Be the only one in this process who moves `digest` to `place`; others are waited for.

    Raises `Cancelled` when it is asked to stop meanwhile. Whoever is told of a transfer waits for
    nobody: it might be for the one that tells.
    """
    if is_telling():
        yield
        return
    key = (os.getpid(), place, digest)  # what another process held when it forked is not held here
    with _here(key) as queue:
        while not queue.lock.acquire(timeout=_LISTEN):
            if (stop := current()) is not None:
                stop.check()
        try:
            yield
        finally:
            queue.lock.release()


@contextmanager
def _here(key: _Key) -> Iterator[_Queue]:
    with _guard:
        queue = _queues.setdefault(key, _Queue())
        queue.count += 1
    try:
        yield queue
    finally:
        with _guard:
            queue.count -= 1
            if not queue.count:
                del _queues[key]
