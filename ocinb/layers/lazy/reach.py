"""Parts of the archive in a layer that is elsewhere, each fetched with one request, and checked.

The part that is needed goes from the last point before it to the next point behind it. Where there
are no points, or no parts are to be had, the layer is streamed from its beginning up to there.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

from ocinb.errors import DigestMismatch, InvalidContent
from ocinb.layers.lazy import points
from ocinb.layers.lazy.blocks import BLOCK, Gathered, Recent
from ocinb.layers.lazy.fetched import Fetched
from ocinb.layers.lazy.points import Point
from ocinb.layers.lazy.resuming import resumed
from ocinb.layers.limits import Broken, Limits
from ocinb.layers.unpacking.reading import Pour, Unpacked

_MOST_PACKED = 256 * 1024 * 1024  # bytes of a part that are held in memory while it is unpacked
_SPARE = 1024 * 1024
_WORTH_IT = 4 * 1024 * 1024  # bytes of a layer that may as well be fetched whole


class NoParts(Exception):
    """Parts of this layer are not to be had; `why` says it to people."""

    def __init__(self, why: str) -> None:
        self.why = why
        super().__init__(why)


class Origin(Protocol):
    """Where a layer is, all of it and in parts."""

    def kept(self, start: int, stop: int, /) -> bytes | None:
        """These bytes from what is here already, if it is."""

    def part(self, start: int, stop: int, fetched: Fetched, /) -> bytes:
        """These bytes, with one request that is counted; raises `NoParts` where none are given."""


@dataclass(frozen=True)
class Spans:
    """How to reach into a layer: points in it, and the hashes of the archive's blocks.

    `size` are the bytes of the layer, `unpacked` those of its archive that were read.
    """

    compression: str
    size: int
    unpacked: int
    points: Sequence[Point]
    hashes: bytes

    def around(self, start: int, stop: int) -> tuple[Point, int, int] | None:
        """The point to begin from, and the bytes of the layer it takes; None where that is much."""
        if not self.compression:
            return Point(start, start), start, stop
        after = bisect_right(self.points, start, key=lambda point: point.unpacked)
        if not after:
            return None
        point = self.points[after - 1]
        behind = bisect_left(self.points, stop, lo=after, key=lambda point: point.unpacked)
        last = behind == len(self.points)
        end = self.size if last else self.points[behind].packed
        ends = self.unpacked if last else self.points[behind].unpacked
        packed = end - point.begin
        if last and after == 1 and packed > _WORTH_IT:  # all of it: streaming stops earlier
            return None
        most = min(2 * (ends - point.unpacked) + _SPARE, _MOST_PACKED)
        return (point, point.begin, end) if 0 < packed <= most else None


class Reach:
    """Reads parts of the archive in a layer: from what was read last, from a part, or streamed."""

    def __init__(
        self, spans: Spans, origin: Origin, pour: Pour, limits: Limits, fetched: Fetched
    ) -> None:
        self.spans, self.fetched = spans, fetched
        self._origin, self._pour, self._limits = origin, pour, limits
        self._recent = Recent()
        self._parts = True  # until it is known that there are none

    def part(self, start: int, stop: int) -> bytes:
        """The bytes of the archive from `start` up to `stop`, verified.

        Raises `DigestMismatch` where they are not those that were listed.
        """
        spans = self.spans
        if stop > spans.unpacked:
            raise InvalidContent(
                f"the file ends at byte {stop:,} of the archive, "
                f"of which {spans.unpacked:,} could be read"
            )
        first, last = start // BLOCK, (stop - 1) // BLOCK
        blocks = self._recently(first, last) or self._gathered(first, last)
        return bytes(memoryview(blocks)[start - first * BLOCK : stop - first * BLOCK])

    def _recently(self, first: int, last: int) -> bytes | bytearray | None:
        blocks = []
        for number in range(first, last + 1):
            block = self._recent.get(number)
            if block is None:
                return None
            blocks.append(block)
        return b"".join(blocks)

    def _gathered(self, first: int, last: int) -> bytearray:
        wanted = Gathered(self.spans.unpacked, self.spans.hashes, self._recent, first, last)
        self._gather(wanted)
        return wanted.kept

    def _gather(self, wanted: Gathered) -> None:
        """Have all that is wanted, by whatever way is the shortest."""
        spans = self.spans
        stop = min((wanted.last + 1) * BLOCK, spans.unpacked)
        around = spans.around(wanted.first * BLOCK, stop)
        if around is None:
            self.fetched.note(self._why())
        elif self._parts:
            point, begin, end = around
            with suppress(DigestMismatch):  # what is kept here may have been changed
                kept = self._origin.kept(begin, end)
                if kept is not None:
                    return self._unpack(point, kept, wanted)
            try:
                part = self._origin.part(begin, end, self.fetched)
            except NoParts as error:
                self._parts = False
                self.fetched.note(error.why)
            else:
                return self._unpack(point, part, wanted)
        return self._stream(wanted)

    def _unpack(self, point: Point, part: bytes, wanted: Gathered) -> None:
        wanted.begin(point.unpacked)
        with suppress(InvalidContent):  # then what is wanted has not come
            count = wanted.size - point.unpacked
            for piece in resumed(self.spans.compression, point, part, count):
                wanted.take(piece)
        wanted.broken()

    def _stream(self, wanted: Gathered) -> None:
        streamed = _Streamed(wanted, self._limits)
        try:
            self._pour(streamed)
        except _Enough:
            pass
        except Broken:
            wanted.broken()
        finally:
            self.fetched.add(streamed.came, 1)
        wanted.broken()

    def _why(self) -> str:
        """Why there is no shorter way than streaming."""
        compression = self.spans.compression
        if compression == "gzip" and not self.spans.points:
            first = "" if points.can_be_found() else "with pip install 'ocinb[lazy]', "
            return (
                "where to begin in this layer is not known, so it is streamed up to each file: "
                f"{first}list_files() finds it"
            )
        if compression == "zstd" and len(self.spans.points) < 2:
            return "it is one zstd frame, so it is streamed from its beginning up to each file"
        return "no point near enough to begin from is known: it is streamed from its beginning"


class _Enough(Exception):
    """All that is wanted has come."""


class _Streamed:
    """Takes a layer from its beginning until what is wanted of it has come."""

    def __init__(self, wanted: Gathered, limits: Limits) -> None:
        self._wanted, self._limits = wanted, limits
        self.came = 0
        self.restart()

    def restart(self) -> None:
        """Begin again from the first byte."""
        self._wanted.begin(0)
        self._unpacked = Unpacked(self._limits)

    def write(self, piece: bytes | memoryview) -> None:
        """Take the next piece of the layer; raises `_Enough` when it was enough."""
        self.came += len(piece)
        for found in self._unpacked.feed(piece):
            self._wanted.take(found)
            if self._wanted.whole:
                raise _Enough
