"""Content that is made now and read later, again and again: small in memory, else in a file.

The file has no name where the system allows it, so it is gone with the last who uses it, also when
this process is killed.
"""

from __future__ import annotations

import errno
import os
import tempfile
import weakref
from collections.abc import Iterator
from typing import IO, Any

from ocinb.errors import DiskFull, InvalidContent

IN_MEMORY = 1024 * 1024  # bytes
PIECE = 256 * 1024  # bytes that are read at a time


class Spool:
    """Written once, then read by as many as want to, each from its beginning.

    Called, it is opened. What is in memory can be pickled.
    """

    def __init__(self, in_memory: int = IN_MEMORY) -> None:
        self.size = 0
        self._limit = in_memory
        self._kept = bytearray()
        self._file: IO[bytes] | None = None

    def write(self, piece: bytes | memoryview) -> None:
        """Keep one more piece; raises `DiskFull` when there is no room for it."""
        self.size += len(piece)
        if self._file is None and self.size <= self._limit:
            self._kept += piece
            return
        try:
            self._to_file().write(piece)
        except OSError as error:
            raise _full(error, len(piece)) from error

    def finish(self) -> None:
        """All of it is there."""
        if self._file is not None:
            try:
                self._file.flush()
            except OSError as error:
                raise _full(error, 0) from error

    def __call__(self) -> Iterator[bytes]:
        """All of it, in pieces."""
        for at in range(0, self.size, PIECE):
            yield self.read(at, min(PIECE, self.size - at))

    def read(self, at: int, size: int) -> bytes:
        """So many bytes from there, once all of it is there."""
        if self._file is None:
            return bytes(self._kept[at : at + size])
        piece = read_at(self._file, at, size)
        if len(piece) != size:
            raise InvalidContent("the temporary file of a layer was changed by somebody")
        return piece

    def __getstate__(self) -> dict[str, Any]:
        if self._file is not None:
            raise TypeError("a layer in a temporary file stays in this process: push its image")
        return self.__dict__

    def _to_file(self) -> IO[bytes]:
        if self._file is None:
            self._file = tempfile.TemporaryFile(prefix="ocinb-")  # noqa: SIM115  # closed below
            weakref.finalize(self, self._file.close)
            self._file.write(self._kept)
            self._kept = bytearray()
        return self._file


def read_at(file: IO[bytes], at: int, size: int) -> bytes:
    """So many bytes from there. Several threads may ask at once, where the system lets them."""
    if not hasattr(os, "pread"):
        file.seek(at)
        return file.read(size)
    pieces = []
    while size and (piece := os.pread(file.fileno(), size, at)):
        pieces.append(piece)
        at, size = at + len(piece), size - len(piece)
    return b"".join(pieces)


def _full(error: OSError, needed: int) -> Exception:
    if error.errno not in (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)):
        return error
    folder = tempfile.gettempdir()
    return DiskFull(
        f"there is no room for a layer in {folder}",
        path=folder,
        needed=needed,
        hints=["TMPDIR names the folder for temporary files: choose one with room"],
    )
