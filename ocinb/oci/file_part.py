"""Bytes of a file on this machine, as content that can be read again, or sent as it lies there."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

PIECE = 256 * 1024  # bytes that are read at a time


@dataclass(frozen=True)
class FilePart:
    """The bytes of the file `path` from `start` up to, not including, `stop`.

    Nothing checks them: who needs to know what they are hashes them. Calling it opens it, so it may
    be the `open` of a `Blob`.
    """

    path: Path
    start: int
    stop: int

    @classmethod
    def whole(cls, path: str | os.PathLike[str]) -> FilePart:
        """All of a file, as long as it is now."""
        return cls(Path(path), 0, os.stat(path).st_size)

    @property
    def size(self) -> int:
        """Bytes in all."""
        return self.stop - self.start

    def part(self, start: int, stop: int) -> FilePart:
        """Some of these bytes."""
        return FilePart(self.path, self.start + start, min(self.start + stop, self.stop))

    def opened(self) -> BinaryIO:
        """The file, to be read and closed."""
        return self.path.open("rb", buffering=0)

    def __call__(self) -> Iterator[bytes]:
        with self.opened() as file:
            file.seek(self.start)
            left = self.size
            while left and (piece := file.read(min(PIECE, left))):
                left -= len(piece)
                yield piece

    __iter__ = __call__
