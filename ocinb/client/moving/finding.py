"""Points in a gzip layer, found by a thread while somebody else reads the same layer.

Who reads feeds it, and waits where it falls behind; so no more than a few MiB are in between.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence
from contextlib import suppress

from ocinb.layers.lazy import points
from ocinb.layers.lazy.points import Point

_MOST = 4 * 1024 * 1024  # bytes that wait
_TICK = 0.05  # seconds between two looks whether the thread is still there


class Finding:
    """Finds points in a gzip layer of `size` bytes: a `Finder`.

    Where no thread can be started, none are found.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._feed: _Feed | None = None
        self._thread: threading.Thread | None = None
        self._found: Sequence[Point] = ()

    def restart(self) -> None:
        """Forget what was fed."""
        self.stop()
        self._found, self._feed = (), _Feed()

    def feed(self, piece: bytes | memoryview, /) -> None:
        """Take the next piece."""
        if self._feed is not None and self._started(self._feed):
            self._feed.put(bytes(piece))

    def finish(self) -> Sequence[Point]:
        """The points in what was fed."""
        self.stop()
        return self._found

    def stop(self) -> None:
        """Let go of everything; harmless when repeated."""
        feed, self._feed = self._feed, None
        thread, self._thread = self._thread, None
        if feed is not None:
            feed.end()
        if thread is not None:
            thread.join()

    def _started(self, feed: _Feed) -> bool:
        if self._thread is None:
            self._thread = threading.Thread(
                target=self._work, args=(feed,), name="ocinb-points", daemon=True
            )
            try:
                self._thread.start()
            except RuntimeError:  # there are no threads, or no more of them
                self._feed = self._thread = None
                return False
        return True

    def _work(self, feed: _Feed) -> None:
        try:
            with suppress(Exception):  # without points, files are read by streaming
                self._found = points.find(feed, self._size)
        finally:
            feed.abandon()


class _Feed:
    """Pieces on their way from who reads to who finds."""

    def __init__(self) -> None:
        self._pieces: deque[bytes] = deque()
        self._size = 0
        self._changed = threading.Condition()
        self._ended = self._abandoned = False

    def put(self, piece: bytes) -> None:
        """Add a piece, once there is room."""
        with self._changed:
            while self._size >= _MOST and not self._abandoned:
                self._changed.wait(_TICK)
            if not self._abandoned:
                self._pieces.append(piece)
                self._size += len(piece)
                self._changed.notify_all()

    def end(self) -> None:
        """Nothing more comes."""
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def abandon(self) -> None:
        """Nobody reads any more."""
        with self._changed:
            self._abandoned = True
            self._pieces.clear()
            self._changed.notify_all()

    def read(self, count: int, /) -> bytes:
        """The next bytes, fewer only at the end."""
        found = bytearray()
        while len(found) < count:
            piece = self._next()
            if piece is None:
                break
            missing = count - len(found)
            found += piece[:missing]
            if len(piece) > missing:
                self._back(piece[missing:])
        return bytes(found)

    def _next(self) -> bytes | None:
        with self._changed:
            while not self._pieces and not self._ended:
                self._changed.wait()
            if not self._pieces:
                return None
            piece = self._pieces.popleft()
            self._size -= len(piece)
            self._changed.notify_all()
            return piece

    def _back(self, piece: bytes) -> None:
        with self._changed:
            self._pieces.appendleft(piece)
            self._size += len(piece)
