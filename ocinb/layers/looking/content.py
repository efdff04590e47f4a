"""The content of one file: its layer is streamed again as far as needed, and checked so far.

When a layer is listed, the hash of the archive is remembered every few MiB, unless nobody wants it.
What is read later must have the same hash up to the next of these points, so nobody can slip in
another layer. Of what is
elsewhere only a part is fetched, where it can be reached (`lazy/reach.py`).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from ocinb.drawable import Drawable
from ocinb.errors import InvalidContent, InvalidReference, NotSupported
from ocinb.layers import entries
from ocinb.layers.entries import TYPES, Columns
from ocinb.layers.lazy.fetched import Fetched
from ocinb.layers.limits import Broken, Limits
from ocinb.layers.looking import checking, hashing, magic, sifting
from ocinb.layers.looking.links import MOST, followed
from ocinb.layers.looking.magic import Picture
from ocinb.layers.unpacking import names, sparse
from ocinb.layers.unpacking.reading import Pour, Unpacked, invalid
from ocinb.oci.digest import Digest
from ocinb.text import human_size, visible

if TYPE_CHECKING:
    from ocinb.layers.lazy.reach import Spans

MEMORY_LIMIT = 64 * 1024 * 1024  # bytes of a file that are read without being told to (K-12)
_LINE = 16  # bytes of a line of hex


@dataclass(frozen=True)
class Content(Drawable):
    """The content of a file of a layer, or its beginning, to be looked at.

    `size` is that of the whole file, in bytes.
    """

    path: str
    raw: bytes
    size: int

    @property
    def complete(self) -> bool:
        """Whether this is all of it."""
        return len(self.raw) == self.size

    @property
    def text(self) -> str | None:
        """It as UTF-8, JSON indented; None when it is no text."""
        if b"\0" in self.raw:
            return None
        try:
            found = self.raw.decode()
        except UnicodeDecodeError as error:  # the last letter may be cut
            if self.complete or error.start < len(self.raw) - 3:
                return None
            found = self.raw[: error.start].decode()
        return _indented(found) if self.complete else found

    @property
    def picture(self) -> Picture | None:
        """The PNG, JPEG, GIF or WebP picture it is by its first bytes; None for anything else."""
        return magic.picture(self.raw)

    @property
    def kind(self) -> str:
        """What it is by its first bytes: a picture or program, in words; empty for others."""
        return str(self.picture or "") or magic.program(self.raw)

    @property
    def hex(self) -> str:
        """It in hex, sixteen bytes to a line, with the offset before and ASCII behind."""
        lines = range(0, len(self.raw), _LINE)
        return "\n".join(hex_line(start, self.raw[start : start + _LINE]) for start in lines)

    def __repr__(self) -> str:
        part = "" if self.complete else f", the first {len(self.raw):,}"
        return f"<Content of {visible(self.path, 200)}: {self.size:,} bytes{part}>"


class Reaching(Protocol):
    """Gives parts of an archive, verified, and counts what it takes: a `Reach`."""

    @property
    def fetched(self) -> Fetched:
        """What was fetched so far."""

    @property
    def spans(self) -> Spans:
        """What is known of the archive."""

    def part(self, start: int, stop: int, /) -> bytes:
        """The bytes of the archive from `start` up to `stop`."""


class Contents:
    """Where the files of a layer can be read from."""

    def __init__(
        self,
        found: Columns,
        pour: Pour,
        marks: Sequence[tuple[int, bytes]],
        algorithm: str,
        limits: Limits,
        reach: Reaching | None = None,
    ) -> None:
        self._found, self._pour, self._marks = found, pour, marks
        self._algorithm, self._limits = algorithm, limits
        self._reach = reach
        self._opened: set[int] = set()

    @property
    def fetched(self) -> Fetched | None:
        """What it took to read files so far; None where nothing has to be fetched."""
        return self._reach.fetched if self._reach is not None else None

    def read(self, position: int, limit: int | None = None) -> bytes:
        """The content of an entry, or of what it links to; raises beyond `limit` bytes."""
        limit = MEMORY_LIMIT if limit is None else limit
        position = self._file(position)
        size = self._found.sizes[position]
        if size > limit:
            path = visible(self._found.paths[position], 200)
            raise InvalidContent(
                f"{path} has {human_size(size)}; at most {human_size(limit)} are read",
                hints=[f"read(limit={size}) reads all of it, show() its beginning"],
            )
        return self._part(position, size)

    def show(self, position: int, limit: int) -> Content:
        """The first `limit` bytes of the same, to be looked at."""
        path = self._found.paths[position]
        position = self._file(position)
        size = self._found.sizes[position]
        return Content(path, self._part(position, min(size, max(limit, 0))), size)

    def digests(self, positions: Iterable[int]) -> dict[int, Digest]:
        """The SHA-256 of the content of these entries, in one pass; links have none.

        See `ocinb.layers.looking.hashing.digests` for which have none either, and what is raised.
        """
        return hashing.digests(self._found, self._pour, positions, self._check(), self._limits)

    def file(self, position: int) -> tuple[Contents, int]:
        """Where the content of an entry is, links followed, as by `read`."""
        return self, self._file(position)

    def own(self, position: int) -> tuple[Contents, int, str]:
        """Where the content of a file is, hard links followed, or why there is none."""
        return (self, *sifting.own(self._found, position, self._check().end))

    def size(self, position: int) -> int:
        """Bytes of an entry."""
        return self._found.sizes[position]

    def stored(self, position: int) -> int:
        """Bytes of it in the archive, of which holes take none."""
        return sifting.stored_size(self._found, position)

    def stream(self, positions: Iterable[int], sink: sifting.Sink) -> None:
        """The content of these entries, in one pass over the layer (`sifting.sift`)."""
        sifting.sift(self._found, self._pour, positions, sink, self._check(), self._limits)

    def _check(self) -> checking.Check:
        """What knows the archive from when it was listed."""
        if self._reach is not None:
            spans = self._reach.spans
            return checking.Blocks(spans.hashes, spans.unpacked)
        if not self._algorithm:
            return checking.Unchecked(self._marks[-1][0] if self._marks else 0)
        return checking.Marked(self._marks, self._algorithm)

    def _part(self, position: int, count: int) -> bytes:
        """The first `count` bytes of a file, its holes filled with zeros."""
        holes = self._found.holes.get(position)
        if holes is None:
            return self._stored(position, count)
        stored = self._stored(position, sparse.stored_in(holes, count))
        return sparse.filled(holes, stored, count)

    def _stored(self, position: int, count: int) -> bytes:
        if not count:
            return b""
        start = self._found.data[position]
        if self._reach is not None:
            self._opened.add(position)
            self._reach.fetched.files = len(self._opened)
            return self._reach.part(start, start + count)
        check = self._check()
        if start + count > check.end:
            path = visible(self._found.paths[position], 200)
            raise InvalidContent(f"{path} is cut off: the layer breaks off before its end")
        cut = _Cut(start, start + count, check, self._limits)
        try:
            self._pour(cut)
        except _Found:
            return bytes(cut.kept)
        except Broken as error:
            raise invalid(error, position, cut.at) from None
        raise InvalidContent("the layer is shorter than it was when it was listed")

    def _file(self, position: int) -> int:
        """The entry that has the content of this one: links are followed within the layer."""
        found = self._found
        for _ in range(MOST):
            kind = found.types[position]
            if kind not in (entries.SYMLINK, entries.HARDLINK):
                break
            position = self._followed(position, kind == entries.SYMLINK)
        if found.odd[position] & entries.SPARSE and position not in found.holes:
            path = visible(found.paths[position], 200)
            raise NotSupported(f"{path} is stored with holes, and the map of them is none")
        if found.types[position] not in (entries.FILE, entries.OTHER):
            what = TYPES[found.types[position]]
            raise InvalidReference(found.paths[position], "file of this layer", f"it is a {what}")
        return position

    def _followed(self, position: int, symbolic: bool) -> int:
        path, target = self._found.paths[position], self._found.targets[position]
        if symbolic:
            folder = "" if target.startswith("/") else f"{path.rpartition('/')[0]}/"
            wanted = resolved(self._found, f"{folder}{target}", path)
        else:
            wanted = names.clean(target).strip("/")
        there = self._found.by_path.get(wanted)
        if there is None:
            shown = visible(wanted, 200)
            raise InvalidReference(
                path, "file of this layer", f"it leads to {shown}, which is not in this layer"
            )
        return there


def resolved(found: Columns, path: str, asked: str) -> str:
    """`path` with the symlinks of the layer followed, none of which leads out of the root."""

    def target_of(symlink: str) -> str | None:
        there = found.by_path.get(symlink)
        if there is None or found.types[there] != entries.SYMLINK:
            return None
        return found.targets[there]

    return followed(path, target_of, asked)


class _Found(Exception):
    """What was looked for is there: nothing more need come."""


class _Cut:
    """Keeps a part of an archive from a layer that is poured into it, and checks it that far."""

    def __init__(self, start: int, stop: int, check: checking.Check, limits: Limits) -> None:
        self._start, self._stop, self._check, self._limits = start, stop, check, limits
        self._end = check.stop(stop)
        self.restart()

    def restart(self) -> None:
        """Begin again from the first byte."""
        self.kept, self.at = bytearray(), 0
        self._unpacked = Unpacked(self._limits)
        self._check.begin()

    def write(self, piece: bytes | memoryview) -> None:
        """Take the next piece of the layer; raises `_Found` when it was enough."""
        for found in self._unpacked.feed(piece):
            view = memoryview(found)[: self._end - self.at]
            self._check.update(view)
            self.kept += view[max(self._start - self.at, 0) : max(self._stop - self.at, 0)]
            self.at += len(view)
            if self.at == self._end:
                self._check.settle()
                raise _Found


def _indented(text: str) -> str:
    """JSON that is one line, made readable; anything else as it is."""
    if text[:1] not in ("{", "[") or "\n" in text.strip():
        return text
    try:
        return json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        return text


def hex_line(start: int, line: bytes) -> str:
    """A line of hex, with the offset before and ASCII behind."""
    said = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in line)
    return f"{start:08x}  {line.hex(' '):<{3 * _LINE - 1}}  {said}"
