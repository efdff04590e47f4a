"""How many bytes a registry may hold: those of all its content, and of uploads under way.

What is held is counted where it lies, so that nothing has to be kept in step; it is counted again
after each change. A blob in two repositories counts twice, though on disk they share its file.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from threading import RLock
from types import NoneType

from ocinb.registry.refusals import refuse
from ocinb.storage.store import Ingest


def the_limit(limit: int | None) -> int | None:
    """`limit` when a registry can hold so many bytes."""
    if isinstance(limit, bool) or not isinstance(limit, (int, NoneType)):
        raise TypeError(f"limit is a number of bytes, not {type(limit).__name__}")
    if limit is not None and limit < 0:
        raise ValueError(f"limit is {limit:,}; it is a number of bytes")
    return limit


class Quota:
    """Room for `limit` bytes, for any number when None.

    `stored` and `unfinished` count what is held.
    """

    def __init__(
        self, limit: int | None, stored: Callable[[], int], unfinished: Callable[[], int]
    ) -> None:
        self.limit = limit
        self._stored, self._unfinished = stored, unfinished
        self._counted: int | None = None
        self._direct: set[Ingest] = set()
        self._lock = RLock()

    def check(self, more: int | None) -> None:
        """Refuse, with 413, what has no room: `more` bytes, as far as that is known."""
        if self.limit is None or not more:
            return
        with self._lock:
            if self._counted is None:
                self._counted = self._stored()
            direct = sum(ingest.size for ingest in list(self._direct))  # others come and go
            held = self._counted + self._unfinished() + direct
            if held + more > self.limit:
                message = (
                    f"the registry holds at most {self.limit} bytes, and {held} are taken; "
                    "delete something, or cancel uploads"
                )
                raise refuse("SIZE_INVALID", message, status=413)

    def write(self, ingest: Ingest, piece: bytes | memoryview) -> None:
        """Write `piece` if there is room for it."""
        if self.limit is None:
            ingest.write(piece)
            return
        with self._lock:
            self.check(len(piece))
            ingest.write(piece)

    @contextlib.contextmanager
    def counting(self, ingest: Ingest) -> Iterator[None]:
        """Count what is written to `ingest`, which is no session's, meanwhile."""
        self._direct.add(ingest)
        try:
            yield
        finally:
            self._direct.discard(ingest)

    @contextlib.contextmanager
    def changing(self) -> Iterator[None]:
        """Nobody counts while content comes or goes; afterwards it is counted anew."""
        if self.limit is None:
            yield
            return
        with self._lock:
            try:
                yield
            finally:
                self._counted = None
