"""How long an exchange may take: in all its parts, and when it hardly moves (F-5)."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Timeouts:
    """Seconds to wait: for a connection, for the next bytes, to send some, for a free slot.

    An answer that is kept in memory must be `whole` so many seconds after its request was sent;
    so must the head of any other. A body that moves less than `slowest` bytes a second, over
    `slow_for` seconds, is given up on.
    """

    connect: float = 10.0
    read: float = 30.0
    write: float = 60.0
    pool: float = 10.0
    whole: float = 60.0
    slowest: int = 1024
    slow_for: float = 30.0


class Pace:
    """Notices a body that goes on without getting anywhere."""

    def __init__(self, timeouts: Timeouts, now: Callable[[], float] = time.monotonic) -> None:
        self._slowest, self._slow_for, self._now = timeouts.slowest, timeouts.slow_for, now
        self._since, self._bytes = now(), 0

    def moved(self, count: int) -> None:
        """Count some more bytes; raises `TimeoutError` when they were too few for too long."""
        self._bytes += count
        seconds = self._now() - self._since
        if seconds < self._slow_for:
            return
        if self._bytes < self._slowest * seconds:
            raise TimeoutError(f"less than {self._slowest:,} bytes a second moved")
        self._since, self._bytes = self._now(), 0
