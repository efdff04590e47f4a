"""The content of many files of a layer, handed on in one pass over it that keeps none of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from ocinb.errors import InvalidContent
from ocinb.layers import entries
from ocinb.layers.entries import Columns
from ocinb.layers.limits import Broken, Limits
from ocinb.layers.looking.checking import Check
from ocinb.layers.looking.links import MOST
from ocinb.layers.unpacking import names
from ocinb.layers.unpacking.reading import Pour, Unpacked, invalid
from ocinb.layers.unpacking.sparse import Filled, Filling, Taker


class Sink(Filled, Protocol):
    """Takes files, one after the other, in the order of the archive."""

    def begin(self, position: int, /) -> object:
        """The content of this entry comes next."""

    def end(self) -> object:
        """That was all of it."""

    def restart(self) -> object:
        """Forget all of them: the layer begins again from its first byte."""


def stored_size(found: Columns, position: int) -> int:
    """How many bytes of the archive the content of this entry takes."""
    holes = found.holes.get(position)
    return found.sizes[position] if holes is None else sum(holes[1::2])


def own(found: Columns, position: int, end: int) -> tuple[int, str]:
    """The regular file that an entry is, hard links followed, or why nothing can be had of it.

    `end` is how many bytes of the archive could be read.
    """
    for _ in range(MOST):
        if found.types[position] != entries.HARDLINK:
            break
        target = names.clean(found.targets[position]).strip("/")
        there = found.by_path.get(target)
        if there is None:
            return position, "it links to what is not in this layer"
        position = there
    if found.types[position] != entries.FILE:
        return position, "it links to what is no file"
    if found.odd[position] & entries.SPARSE and position not in found.holes:
        return position, "it is stored with holes, and the map of them is none"
    if found.data[position] + stored_size(found, position) > end:
        return position, "it is cut off: the layer breaks off before its end"
    return position, ""


def sift(
    found: Columns,
    pour: Pour,
    positions: Iterable[int],
    sink: Sink,
    check: Check,
    limits: Limits,
) -> None:
    """Hand on the content of these entries, each once and whole, as the layer streams by.

    What was handed on is verified only when this returns. Raises `DigestMismatch` when it is not
    the layer that was listed, and `InvalidContent` when that ends or breaks earlier than it did
    then, or does not have all of what is wanted.
    """
    wanted = sorted(set(positions), key=found.data.__getitem__)
    for each in [each for each in wanted if not stored_size(found, each)]:
        _empty(found, each, sink)
    spans = [each for each in wanted if stored_size(found, each)]
    if not spans:
        return
    end = found.data[spans[-1]] + stored_size(found, spans[-1])
    if end > check.end:
        raise InvalidContent(
            f"a file ends at byte {end:,} of the archive, of which {check.end:,} could be read"
        )
    sieve = _Sieve(found, spans, sink, check, limits)
    try:
        pour(sieve)
    except _Enough:
        return
    except Broken as error:
        raise invalid(error, sieve.position, sieve.at) from None
    raise InvalidContent("the layer is shorter than it was when it was listed")


def _empty(found: Columns, position: int, sink: Sink) -> None:
    """Nothing of it is stored: it is empty, or one hole."""
    sink.begin(position)
    if found.sizes[position]:
        sink.hole(found.sizes[position])
    sink.end()


class _Enough(Exception):
    """All that was wanted has come and is verified: nothing more need come."""


class _Sieve:
    """Takes a layer, hands on parts of the archive in it, and checks it up to the last of them."""

    def __init__(
        self,
        found: Columns,
        positions: Sequence[int],
        sink: Sink,
        check: Check,
        limits: Limits,
    ) -> None:
        self._found, self._positions, self._sink = found, positions, sink
        self._check, self._limits = check, limits
        self._stop = check.stop(found.data[positions[-1]] + stored_size(found, positions[-1]))
        self._begin()

    def restart(self) -> None:
        """Begin again from the first byte."""
        self._sink.restart()
        self._begin()

    def _begin(self) -> None:
        self.at = self._next = 0
        self._into: Taker | None = None  # what takes the present file
        self._unpacked = Unpacked(self._limits)
        self._check.begin()

    @property
    def position(self) -> int:
        """The entry that comes, or came last."""
        return self._positions[min(self._next, len(self._positions) - 1)]

    def write(self, piece: bytes | memoryview) -> None:
        """Take the next piece of the layer; raises `_Enough` when it was enough."""
        for found in self._unpacked.feed(piece):
            view = memoryview(found)[: self._stop - self.at]
            self._check.update(view)
            self._take(view)
            self.at += len(view)
            if self.at == self._stop:
                self._check.settle()
                raise _Enough

    def _take(self, view: memoryview) -> None:
        end = self.at + len(view)
        while self._next < len(self._positions):
            position = self._positions[self._next]
            start = self._found.data[position]
            stop = start + stored_size(self._found, position)
            if start >= end:
                return
            if self._into is None:
                self._into = self._opened(position)
            self._into.write(view[max(start - self.at, 0) : stop - self.at])
            if stop > end:
                return
            self._sink.end()
            self._into, self._next = None, self._next + 1

    def _opened(self, position: int) -> Taker:
        self._sink.begin(position)
        holes = self._found.holes.get(position)
        if holes is None:
            return self._sink
        return Filling(holes, self._found.sizes[position], self._sink)
