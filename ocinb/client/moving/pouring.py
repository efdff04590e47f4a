"""What one registry sends, in pieces for whoever reads them, such as an upload to another one.

A sink is written to, an upload is read from. Between the two is a pipe: a thread fetches into it,
and waits while the reader has enough to do. So a layer of any size goes from registry to registry
with a few MiB in memory and nothing on disk.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Generator, Iterator
from contextvars import Context

from ocinb.client.wire.stopping import Stop, current
from ocinb.errors import Cancelled, InvalidContent
from ocinb.protocol.messages import Sink

MOST = 2 * 1024 * 1024  # bytes that wait in a pipe
_TICK = 0.05  # seconds between two looks whether to stop
_PIECE = 256 * 1024

Fetch = Callable[[Sink], object]


def poured(fetch: Fetch) -> Generator[bytes, None, None]:
    """What `fetch` writes into a sink, piece by piece as it comes; raises what it raises.

    Who reads no further closes this, or lets go of it, and the fetching stops at once. Where no
    thread can be started, all of it is fetched into a temporary file first.
    """
    pipe, stop = _Pipe(), Stop()

    def work() -> None:
        try:
            with stop.heard():
                fetch(pipe)
            pipe.end()
        except BaseException as error:
            pipe.end(error)

    # Not in this context: who listens to an upload is not told of a download, too.
    thread = threading.Thread(target=Context().run, args=(work,), name="ocinb source", daemon=True)
    try:
        thread.start()
    except RuntimeError:
        yield from _by_file(fetch)
        return
    try:
        yield from pipe
    finally:
        stop.set()
        pipe.close()
        thread.join(2.0)


def _by_file(fetch: Fetch) -> Iterator[bytes]:
    import tempfile  # noqa: PLC0415  # nearly all have threads

    with tempfile.TemporaryFile(prefix="ocinb-") as file:
        fetch(_File(file.write, file.seek, file.truncate))
        file.seek(0)
        while piece := file.read(_PIECE):
            yield piece


class _File:
    """A temporary file as a sink."""

    def __init__(
        self,
        write: Callable[[bytes | memoryview], object],
        seek: Callable[[int], object],
        truncate: Callable[[], object],
    ) -> None:
        self.write, self._seek, self._truncate = write, seek, truncate

    def restart(self) -> None:
        self._seek(0)
        self._truncate()


class _Pipe:
    """A sink in one thread, pieces in another; bounded.

    What begins again is passed on only from where it had got to: whether both tries had the same
    bytes shows in their digest, which the reader checks.
    """

    def __init__(self) -> None:
        self._pieces: deque[bytes] = deque()
        self._waiting = self._passed = self._skip = 0  # bytes
        self._over = self._closed = False
        self._error: BaseException | None = None
        self._changed = threading.Condition()

    def restart(self) -> None:
        """All of it comes again."""
        self._skip = self._passed

    def write(self, piece: bytes | memoryview) -> None:
        """Pass one more piece on; waits while there is no room."""
        skipped = min(self._skip, len(piece))
        self._skip -= skipped
        fresh = bytes(piece[skipped:])
        if not fresh:
            return
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._waiting < MOST)
            if self._closed:
                raise Cancelled("nobody reads it any more")
            self._pieces.append(fresh)
            self._waiting += len(fresh)
            self._passed += len(fresh)
            self._changed.notify_all()

    def end(self, error: BaseException | None = None) -> None:
        """Nothing more comes, because of `error` if there is one."""
        with self._changed:
            if self._skip and error is None:
                error = InvalidContent("what came the second time was shorter than the first")
            self._over, self._error = True, error
            self._changed.notify_all()

    def close(self) -> None:
        """Let nobody wait for a reader that is gone."""
        with self._changed:
            self._closed = True
            self._pieces.clear()
            self._changed.notify_all()

    def __iter__(self) -> Iterator[bytes]:
        asked = current()
        while (piece := self._next()) is not None:
            if asked is not None:
                asked.check()
            if piece:
                yield piece

    def _next(self) -> bytes | None:
        """The next piece; an empty one when there is none yet, None when there will be none."""
        with self._changed:
            self._changed.wait_for(lambda: self._pieces or self._over, _TICK)
            if self._pieces:
                piece = self._pieces.popleft()
                self._waiting -= len(piece)
                self._changed.notify_all()
                return piece
            if not self._over:
                return b""
            error, self._error = self._error, None
        if error is not None:
            raise error
        return None
