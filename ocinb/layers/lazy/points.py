"""Points of a compressed layer where unpacking can begin, without what is before them.

`indexed_gzip` (the extra `lazy`) finds them in gzip: where a block of the stream begins, together
with the 32 KiB that it may refer to (RFC 1951, 3.2 and 2). They can be kept on disk. Without it,
copies of zlib's own state serve for as long as this process lives. In zstd every frame is one.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from importlib import import_module
from importlib.util import find_spec
from struct import Struct
from typing import Any, Protocol

SPAN = 4 * 1024 * 1024  # bytes of an archive from one point to the next, if it is not enormous
MOST = 100_000  # points in one layer, most of which would be members of their own
WINDOW = 32 * 1024
_NEAR = 256 * 1024  # bytes; members that begin closer together need no points of their own
_MANY = 1_024  # points that cost 32 KiB and more each
_MOST_FOUND = 200_000  # points in what strangers wrote, before it is given up
_READ = 256 * 1024
_EXPORT, _EXPORTED = Struct("<5sBBQQIII"), Struct("<QQBB")  # as indexed_gzip writes them


@dataclass(frozen=True, slots=True)
class Point:
    """Unpacking from byte `packed` of a layer on gives its archive from byte `unpacked` on.

    Of gzip, `bits` of the byte before belong to it, too, and `window` is what came before, or
    `deflated` is that, as zlib has it; `held` is a decompressor as it was there, in place of all.
    """

    packed: int
    unpacked: int
    bits: int = 0
    window: bytes = field(default=b"", repr=False)
    held: Any = field(default=None, repr=False, compare=False)
    deflated: bytes = field(default=b"", repr=False)

    @property
    def before(self) -> bytes:
        """What came before; raises `zlib.error` where it is kept deflated, and damaged."""
        if not self.deflated:
            return self.window
        inflating = zlib.decompressobj()
        window = inflating.decompress(self.deflated, WINDOW + 1)
        if not inflating.eof or len(window) > WINDOW:
            raise zlib.error("it is no window")
        return window

    @property
    def begin(self) -> int:
        """The first byte of the layer that is needed."""
        return self.packed - bool(self.bits)


class Feed(Protocol):
    """A layer as it comes, read from its beginning to its end."""

    def read(self, count: int, /) -> bytes:
        """The next bytes; none at the end."""


class Finder(Protocol):
    """What finds points in a gzip layer beside whoever reads it."""

    def restart(self) -> None:
        """Forget what was fed."""

    def feed(self, piece: bytes | memoryview, /) -> None:
        """Take the next piece."""

    def finish(self) -> Sequence[Point]:
        """The points in what was fed."""

    def stop(self) -> None:
        """Let go of everything; harmless when repeated."""


def can_be_found() -> bool:
    """Whether there is what finds points that can be kept."""
    return find_spec("indexed_gzip") is not None


def spacing(size: int) -> int:
    """Bytes from point to point, so that a layer of `size` bytes has not too many of them."""
    return max(SPAN, 4 * size // _MANY)


def find(feed: Feed, size: int) -> Sequence[Point]:
    """The points of a gzip layer of `size` bytes, which is read once, to where it breaks off."""
    whole = _Forward(feed, size)
    made = import_module("indexed_gzip")._IndexedGzipFile(
        fileobj=whole, spacing=spacing(size), readbuf_size=_READ, skip_crc_check=True
    )
    whole.count = lambda: int(made.npoints)
    with suppress(Exception):  # where it is broken; the points before that are good
        made.build_full_index()
    exported = io.BytesIO()
    made.export_index(fileobj=exported)
    return _needed(_read(exported.getvalue()))


class _Forward(io.RawIOBase):
    """A feed as a file, which can be asked for its size, and otherwise only be read."""

    def __init__(self, feed: Feed, size: int) -> None:
        self._feed, self._size = feed, size
        self._at = self._read = 0
        self.count: Callable[[], int] = lambda: 0  # of the points so far

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0, /) -> int:
        self._at = self._size if whence == io.SEEK_END else offset
        if whence != io.SEEK_END and offset != self._read:
            raise io.UnsupportedOperation("it comes only once")
        return self._at

    def tell(self) -> int:
        return self._at

    def read(self, count: int = -1, /) -> bytes:
        if self.count() > _MOST_FOUND:
            raise OSError("there are too many members")
        found = self._feed.read(_READ if count < 0 else count)
        self._read += len(found)
        self._at = self._read
        return found


def _read(exported: bytes) -> list[Point]:
    """What indexed_gzip exports: sizes, the points, then the windows of those that have one."""
    try:
        magic, version, _, _, _, _, window, count = _EXPORT.unpack_from(exported)
        if (magic, version) != (b"GZIDX", 1):
            return []
        at = _EXPORT.size
        rows = [_EXPORTED.unpack_from(exported, at + n * _EXPORTED.size) for n in range(count)]
    except struct.error:  # another version of it
        return []
    at += count * _EXPORTED.size
    points = []
    for packed, unpacked, bits, has_window in rows:
        held = exported[at : at + window] if has_window else b""
        at += len(held)
        points.append(Point(packed, unpacked, bits, held))
    return points


def _needed(points: Sequence[Point]) -> list[Point]:
    """Without those so near that nothing is gained: small members, of which there may be many."""
    kept: list[Point] = []
    for point in points:
        near = kept and point.unpacked - kept[-1].unpacked < _NEAR
        # Behind a point inside a member, the next member has to have its own.
        if near and not kept[-1].window and not point.window:
            continue
        kept.append(point)
    return kept


class Held:
    """Points that are noted while something else unpacks; when too many, every other is let go."""

    def __init__(self) -> None:
        self.points: list[Point] = []
        self._span = SPAN

    def due(self, unpacked: int) -> bool:
        """Whether a point here is worth it."""
        return not self.points or unpacked - self.points[-1].unpacked >= self._span

    def note(self, point: Point) -> None:
        """Keep it."""
        self.points.append(point)
        if len(self.points) > _MANY:
            self.points[1:] = self.points[2::2]
            self._span *= 2
