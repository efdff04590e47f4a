"""A tar file on this machine: where in it everything is. Nothing of it is extracted.

A plain one is read where it lies, and only its headers are. One that is compressed is unpacked once
into a temporary file without a name, within limits; nobody can go on from its middle.
"""

from __future__ import annotations

import os
import weakref
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Protocol

from ocinb.layers.entries import Columns
from ocinb.layers.limits import Broken, Limits
from ocinb.layers.making.spool import Spool, read_at
from ocinb.layers.unpacking.compression import MAGIC, sniffed
from ocinb.layers.unpacking.reading import Unpacked, invalid
from ocinb.layers.unpacking.tar import WHOLE, Walker
from ocinb.storage import files
from ocinb.storage.store import PIECE
from ocinb.text import short_path

# An archive holds whole images: more bytes than one layer may have, and far fewer entries.
LIMITS = Limits(unpacked=64 * 1024**3, entries=100_000, text=16 * 1024**2)
_HEADERS = 64 * 1024  # bytes that are read where a header is expected


class Bytes(Protocol):
    """An archive without its compression."""

    def read(self, at: int, size: int) -> bytes:
        """So many bytes from there, fewer where it ends."""


@dataclass(frozen=True)
class Walked:
    """An archive and where its entries are. `compression` is what it was packed with, if at all.

    `unmarked` is the byte where it ends when its end is not marked: it may have been cut off there.
    """

    path: Path
    bytes: Bytes
    found: Columns
    compression: str = ""
    unmarked: int | None = None

    def check_end(self, why: str) -> None:
        """Raise `InvalidArchive` for what is missing, `why` says what, where it may be cut off."""
        if self.unmarked is not None:
            broken = Broken(WHOLE, f"it may be cut off: its end is not marked, and {why}")
            raise invalid(broken, len(self.found), self.unmarked, short_path(self.path))


class _File:
    """A file that is read at any place, also when its name is given to another one meanwhile."""

    def __init__(self, path: Path) -> None:
        file = files.open_regular(path.resolve())
        if file is None:
            if path.is_file():
                raise PermissionError(f"{path} is there and may not be read")
            raise FileNotFoundError(f"there is no file {path}")
        self._file: IO[bytes] = file
        self.size = os.fstat(file.fileno()).st_size
        weakref.finalize(self, file.close)

    def read(self, at: int, size: int) -> bytes:
        """So many bytes from there."""
        return read_at(self._file, at, size)


class _Seeking(Walker):
    """A walker that need not be fed with what it does not look at."""

    def pass_over(self, most: int) -> int:
        """Pass over content, but not more than `most` bytes; how many they were."""
        step = min(self._skip, most)
        self._skip -= step
        self.at += step
        return step


def walked(path: Path, limits: Limits = LIMITS) -> Walked:
    """The archive at `path`.

    Raises `InvalidArchive` where it is damaged or beyond `limits`, with entry, byte and rule,
    `NotSupported` for other compression than gzip and zstd, and `DiskFull` when there is no room
    for what it unpacks to.
    """
    file = _File(path)
    compression = sniffed(file.read(0, MAGIC))
    if compression:
        walker = Walker(limits)
        return _settled(path, _unpacked(path, file, walker, limits), walker, compression)
    seeking = _Seeking(replace(limits, unpacked=max(limits.unpacked, 2 * file.size)))
    _try(path, seeking, lambda: _seek_through(file, seeking))
    return _settled(path, file, seeking)


def _settled(path: Path, file: Bytes, walker: Walker, compression: str = "") -> Walked:
    walker.found.settle()
    return Walked(path, file, walker.found, compression, None if walker.marked else walker.at)


def _seek_through(file: _File, walker: _Seeking) -> None:
    at = 0
    while at < file.size and not walker.ended:
        at += walker.pass_over(file.size - at)
        piece = file.read(at, _HEADERS)
        at += len(piece)
        walker.feed(piece)
        if not piece:
            break
    walker.finish()


def _unpacked(path: Path, file: _File, walker: Walker, limits: Limits) -> Spool:
    """All of it, unpacked and walked through at once."""
    spool, unpacked = Spool(), Unpacked(limits)

    def take(found: bytes) -> None:
        spool.write(found)
        walker.feed(found)

    def unpack() -> None:
        for at in range(0, file.size, PIECE):
            for found in unpacked.feed(file.read(at, PIECE)):
                take(found)
        for found in unpacked.finish():
            take(found)
        walker.finish()

    _try(path, walker, unpack)
    spool.finish()
    return spool


def _try(path: Path, walker: Walker, act: Callable[[], None]) -> None:
    try:
        act()
    except Broken as error:
        raise invalid(error, len(walker.found), walker.at, short_path(path)) from None
