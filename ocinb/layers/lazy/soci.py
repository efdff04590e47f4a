"""SOCI: an index beside a gzip layer, of its files and of places where unpacking can begin.

awslabs/soci-snapshotter, ztoc/fbs/ztoc.fbs and docs. The archive is cut into spans. A ztoc has the
digest of each as it is packed, and where in the layer it begins, with the 32 KiB before it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from struct import Struct

from ocinb.errors import DigestMismatch, InvalidContent
from ocinb.layers.lazy.chunks import Fetch
from ocinb.layers.lazy.contents_table import KINDS, Row, Table, refused
from ocinb.layers.lazy.fetched import Fetched
from ocinb.layers.lazy.flat import Flat, FlatTable
from ocinb.layers.lazy.points import WINDOW, Point
from ocinb.layers.lazy.reach import Spans
from ocinb.layers.lazy.resuming import resumed
from ocinb.layers.lazy.toc import hashable, seconds
from ocinb.layers.limits import Broken, Limits
from ocinb.layers.unpacking import pax
from ocinb.layers.unpacking.fields import LARGEST
from ocinb.layers.unpacking.recording import BLOCK, padded
from ocinb.oci.digest import Digest, hasher

_WHAT = "the SOCI index of a layer"
_ZTOC = "a ztoc has a table of files, and says how to unpack the layer that it is of"
_SPANS = "spans follow each other, each has a digest, and all are within the layer"
_FILES = "files follow each other in the archive"
_HEAD, _POINT = Struct("<iq"), Struct("<qqB")
_PACKED = _POINT.size + WINDOW
_MOST = 64 * 1024 * 1024  # bytes of a span, packed or not
_GZIP = 1
_FIRST = 10  # bytes of a gzip header without more; the first index format left it out


@dataclass(frozen=True, slots=True)
class Span:
    """A part of the layer that unpacks from `point` on, up to byte `stop` of the archive."""

    point: Point
    end: int
    stop: int
    digest: str


@dataclass(frozen=True)
class Ztoc:
    """What an index says of a layer: its files, and the spans of its archive."""

    table: Table
    spans: tuple[Span, ...]
    unpacked: int


def read_ztoc(raw: bytes, size: int, limits: Limits) -> Ztoc:
    """What `raw` says of a layer of `size` bytes.

    Raises `InvalidContent` for what is no index of it, or goes against a rule or a limit.
    """
    table = Table(limits)
    try:
        root = Flat(raw).root()
        toc, unpacking = root.table(4), root.table(5)
        unpacked = root.long(3)
        if toc is None or unpacking is None or unpacking.byte(0, _GZIP) != _GZIP:
            raise Broken(_ZTOC, "this has no table, or is of no gzip layer")
        if root.long(2) != size or not 0 <= unpacked <= limits.unpacked:
            said = f"it is of {root.long(2):,} bytes that unpack to {unpacked:,}"
            raise Broken(_ZTOC, f"{said}, and the layer has {size:,}")
        spans = _spans(unpacking, size, unpacked)
        header = 0
        for entry in toc.tables(0):
            header = _add(table, entry, header, unpacked)
    except Broken as error:
        raise refused(error, len(table.found), _WHAT) from None
    table.found.settle()
    return Ztoc(table, spans, unpacked)


class SpanReach:
    """Reads parts of an archive, span by span."""

    def __init__(self, ztoc: Ztoc, fetch: Fetch, fetched: Fetched) -> None:
        self.table, self.fetched = ztoc.table, fetched
        self.spans = Spans("gzip", fetched.size, ztoc.unpacked, (), b"")
        self._ztoc, self._fetch = ztoc, fetch
        self._last: tuple[Span | None, bytes] = (None, b"")  # for who reads what is near

    def part(self, start: int, stop: int) -> bytes:
        """The bytes of the archive from `start` up to `stop`, verified.

        Raises `DigestMismatch` for a span that is another than the index says, and
        `InvalidContent` for one that does not unpack to what it says.
        """
        return b"".join(self.pieces(start, stop))

    def pieces(self, start: int, stop: int) -> Iterator[memoryview]:
        """The same span by span."""
        for span in self._ztoc.spans:
            first, last = max(start, span.point.unpacked), min(stop, span.stop)
            if first < last:
                began = span.point.unpacked
                if self._last[0] is not span:
                    self._last = (span, self._unpacked(span))
                yield memoryview(self._last[1])[first - began : last - began]

    def _unpacked(self, span: Span) -> bytes:
        packed = self._fetch(span.point.begin, span.end)
        digest = Digest(span.digest)
        actual = Digest.from_hash(digest.algorithm, hasher(digest.algorithm, packed))
        if actual != digest:
            raise DigestMismatch(
                digest,
                actual,
                source=f"the span at byte {span.point.begin:,} of the layer",
                hints=["list_files() verifies all of the layer"],
            )
        count = span.stop - span.point.unpacked
        found = b"".join(resumed("gzip", span.point, packed, count))
        if len(found) != count:
            raise InvalidContent(
                f"the span at byte {span.point.begin:,} of the layer unpacks to {len(found):,} "
                f"bytes, not to the {count:,} that its SOCI index says"
            )
        return found


def _add(table: Table, entry: FlatTable, header: int, unpacked: int) -> int:
    """Keep one more entry, whose header is at byte `header`; where the next one's is."""
    kind = KINDS.get(entry.text(1))
    if kind is None:
        raise Broken(f"entries are of type {', '.join(KINDS)}", f"{entry.text(1)[:40]!r} is none")
    data, size, mode = entry.long(2), entry.long(3), entry.long(5)
    within = size >= 0 and header + BLOCK <= data and data + size <= unpacked
    if not within or data % BLOCK:
        raise Broken(_FILES, f"one has {size:,} bytes from byte {data:,} on")
    device = entry.long(11), entry.long(12)
    if not all(0 <= number < LARGEST for number in (mode, *device)):
        raise Broken("modes and device numbers are not negative", f"{(mode, *device)} are said")
    records = {each.text(0): each.bytes(1) for each in entry.tables(13)}
    row = Row(
        entry.text(0),
        kind,
        size,
        mode,
        entry.unsigned(6),
        entry.unsigned(7),
        entry.text(8),
        entry.text(9),
        seconds(entry.text(10)),
        entry.text(4),
        pax.xattrs(records),
        device,
    )
    table.add(row, header, data)
    return padded(data + size)


def _spans(unpacking: FlatTable, size: int, unpacked: int) -> tuple[Span, ...]:
    digests = [hashable(each) for each in unpacking.texts(2)]
    points = _points(unpacking.bytes(3))
    if not digests or len(points) != len(digests) or unpacking.unsigned(1) != len(digests) - 1:
        raise Broken(_SPANS, f"{len(points):,} are told, and {len(digests):,} digests")
    ends = [point.packed for point in points[1:]] + [size]
    stops = [point.unpacked for point in points[1:]] + [unpacked]
    spans = [Span(*each) for each in zip(points, ends, stops, digests, strict=True)]
    for span in spans:
        packed, count = span.end - span.point.begin, span.stop - span.point.unpacked
        if not (0 < packed <= _MOST and 0 <= count <= _MOST and span.point.bits < 8):
            place = f"one of {packed:,} bytes that unpack to {count:,}"
            raise Broken(_SPANS, f"{place} begins at byte {span.point.begin:,}")
    if points[0].unpacked or points[0].packed < _FIRST:
        raise Broken(_SPANS, "the first does not begin where the archive does")
    if any(a.packed >= b.packed or a.unpacked >= b.unpacked for a, b in pairwise(points)):
        raise Broken(_SPANS, "one begins before the one it follows")
    return tuple(spans)


def _points(raw: bytes) -> list[Point]:
    """Where spans begin: position in layer and archive, bits, and the window before it."""
    if len(raw) < _HEAD.size:
        raise Broken(_SPANS, "nothing says where they begin")
    count, _ = _HEAD.unpack_from(raw)
    told = (len(raw) - _HEAD.size) // _PACKED
    if _HEAD.size + told * _PACKED != len(raw) or count - told not in (0, 1):
        raise Broken(_SPANS, f"{count:,} are said, {told:,} told")
    points = [] if count == told else [Point(_FIRST, 0, 0, bytes(WINDOW))]
    for at in range(_HEAD.size, len(raw), _PACKED):
        packed, unpacked, bits = _POINT.unpack_from(raw, at)
        window = raw[at + _POINT.size : at + _PACKED]
        points.append(Point(packed, unpacked, bits, window))
    return points
