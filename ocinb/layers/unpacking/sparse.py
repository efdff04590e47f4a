"""Files that are stored with holes: where their pieces belong, and reading them filled with zeros.

GNU tar's manual, "Sparse Formats": the old one with its map in headers, and three in PAX, with the
map in records (0.0 and 0.1) or before the content (1.0). A map that is none leaves the file listed,
and not to be read.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise
from struct import Struct
from typing import Protocol

from ocinb.layers.unpacking import fields

MAP, MAJOR = "GNU.sparse.map", "GNU.sparse.major"
_OFFSET, _COUNT = "GNU.sparse.offset", "GNU.sparse.numbytes"
_PAIR = Struct("12s12s")
IN_HEADER, IN_BLOCK = slice(386, 482), slice(0, 504)  # where in a block the pairs are
_DIGITS = 20  # of a number of a map


class Taker(Protocol):
    """What takes a content from its beginning."""

    def write(self, piece: memoryview, /) -> object:
        """Take the next bytes."""


class Filled(Taker, Protocol):
    """The same of one that has holes."""

    def hole(self, count: int, /) -> object:
        """Take as many zeros."""


def in_block(pairs: bytes) -> Iterator[int]:
    """The numbers of a map in a header, or in a block that goes on with it; empty pairs end it."""
    for offset, count in _PAIR.iter_unpack(pairs):
        if not offset[0] and not count[0]:
            return
        yield fields.number(offset)
        yield fields.number(count)


def gathered(records: Iterable[tuple[str, bytes]]) -> dict[str, bytes]:
    """PAX records by key; what format 0.0 says of a map, pair by pair, becomes one as in 0.1."""
    said: dict[str, bytes] = {}
    pairs = []
    for key, value in records:
        if key in (_OFFSET, _COUNT):
            pairs.append(value)
        said[key] = value
    if pairs:
        said[MAP] = b",".join(pairs)
    return said


def in_record(said: Mapping[str, bytes]) -> list[int] | None:
    """The numbers of a map in PAX records; None where there are none."""
    numbers = said[MAP].split(b",") if said.get(MAP) else []
    return _decimal(numbers)


class Before:
    """The map before the content, in whole blocks: how many pairs, then number after number."""

    def __init__(self) -> None:
        self._numbers: list[int] | None = []
        self._begun = b""  # of a number that goes on in the next block

    @property
    def numbers(self) -> list[int] | None:
        """Those of the map, once it is whole; None when it is none."""
        found = self._numbers or [1]
        return found[1 : 1 + 2 * found[0]] if len(found) > 2 * found[0] else None

    def take(self, block: bytes) -> bool:
        """Take the next block; whether the map goes on."""
        *lines, self._begun = (self._begun + block).split(b"\n")
        found = _decimal(lines)
        if self._numbers is None or found is None:
            self._numbers = None
            return False
        self._numbers += found
        return self.numbers is None and len(self._begun) <= _DIGITS


def settled(numbers: Iterable[int] | None, size: int, stored: int) -> array[int] | None:
    """The map of a file of `size` bytes with `stored` in the archive; None when it is none.

    Pieces come one behind the other, within the file, and are all that is stored.
    """
    try:
        found = array("q", numbers or ())
    except OverflowError:
        return None
    pairs = list(zip(found[::2], found[1::2], strict=False))
    if len(found) % 2 or any(offset < 0 or count < 0 for offset, count in pairs):
        return None
    behind = all(one[0] + one[1] <= other[0] for one, other in pairwise(pairs))
    inside = not pairs or sum(pairs[-1]) <= size
    if not (behind and inside and sum(found[1::2]) == stored):
        return None
    return found


def stored_in(found: array[int], count: int) -> int:
    """How many stored bytes the first `count` bytes of the file take."""
    pairs = zip(found[::2], found[1::2], strict=True)
    return sum(min(size, count - offset) for offset, size in pairs if offset < count)


class Filling:
    """Takes what is stored of a file, and fills the whole of it, up to `count` bytes."""

    def __init__(self, found: array[int], count: int, into: Filled) -> None:
        self._pairs = zip(found[::2], found[1::2], strict=True)
        self._count, self._into = count, into
        self._at = self._left = 0  # where in the file; bytes of the present piece
        self._next()

    def write(self, piece: memoryview) -> None:
        """Take the next bytes that are stored."""
        while len(piece) and self._left:
            part = piece[: self._left]
            self._into.write(part)
            self._at += len(part)
            self._left -= len(part)
            piece = piece[len(part) :]
            self._next()

    def _next(self) -> None:
        while not self._left and self._at < self._count:
            offset, size = next(self._pairs, (self._count, 0))
            offset = min(offset, self._count)
            if offset > self._at:
                self._into.hole(offset - self._at)
            self._at, self._left = offset, min(size, self._count - offset)


class Kept(bytearray):
    """What is filled in memory."""

    write = bytearray.extend

    def hole(self, count: int) -> None:
        """Zeros."""
        self += bytes(count)


def filled(found: array[int], stored: bytes, count: int) -> bytes:
    """The first `count` bytes of the file that `stored` is the beginning of."""
    kept = Kept()
    Filling(found, count, kept).write(memoryview(stored))
    return bytes(kept)


def _decimal(numbers: Iterable[bytes]) -> list[int] | None:
    found = list(numbers)
    if not all(each.isdigit() and len(each) <= _DIGITS for each in found):
        return None
    return [int(each) for each in found]
