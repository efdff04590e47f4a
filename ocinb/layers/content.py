"""The content of one file: its layer is streamed again as far as needed, and checked so far.

When a layer is listed, the hash of the archive is remembered every few MiB. What is read later must
have the same hash up to the next of these points, so nobody can slip in another layer.
"""

from __future__ import annotations

import json
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

from ocinb.drawable import Drawable
from ocinb.errors import DigestMismatch, InvalidContent, InvalidReference, NotSupported
from ocinb.layers import entries, names
from ocinb.layers.entries import TYPES, Columns
from ocinb.layers.limits import Broken, Limits
from ocinb.layers.reading import Pour, Unpacked, invalid
from ocinb.oci.digest import Digest, hasher
from ocinb.text import human_size, visible

MEMORY_LIMIT = 64 * 1024 * 1024  # bytes of a file that are read without being told to (K-12)
_MOST_LINKS = 40  # that lead to one file
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
    def hex(self) -> str:
        """It in hex, sixteen bytes to a line, with the offset before and ASCII behind."""
        lines = range(0, len(self.raw), _LINE)
        return "\n".join(_hex_line(start, self.raw[start : start + _LINE]) for start in lines)

    def __repr__(self) -> str:
        part = "" if self.complete else f", the first {len(self.raw):,}"
        return f"<Content of {visible(self.path, 200)}: {self.size:,} bytes{part}>"


class Contents:
    """Where the files of a layer can be read from."""

    def __init__(
        self,
        found: Columns,
        pour: Pour,
        marks: Sequence[tuple[int, bytes]],
        algorithm: str,
        limits: Limits,
    ) -> None:
        self._found, self._pour, self._marks = found, pour, marks
        self._algorithm, self._limits = algorithm, limits

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

    def _part(self, position: int, count: int) -> bytes:
        if not count:
            return b""
        start = self._found.data[position]
        after = bisect_left(self._marks, (start + count, b""))
        cut = _Cut(start, start + count, self._marks[after], self._algorithm, self._limits)
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
        for _ in range(_MOST_LINKS):
            kind = found.types[position]
            if kind not in (entries.SYMLINK, entries.HARDLINK):
                break
            position = self._followed(position, kind == entries.SYMLINK)
        if found.odd[position] & entries.SPARSE:
            raise NotSupported(f"{visible(found.paths[position], 200)} is stored with holes")
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
    done: list[str] = []
    left, links = path.split("/")[::-1], 0
    while left:
        part = left.pop()
        if part == "..":
            done[-1:] = []
        elif part not in ("", "."):
            done.append(part)
            there = found.by_path.get("/".join(done))
            if there is None or found.types[there] != entries.SYMLINK:
                continue
            links += 1
            if links > _MOST_LINKS:
                raise InvalidReference(
                    asked, "file of this layer", "its links go round in a circle"
                )
            target = found.targets[there]
            done = [] if target.startswith("/") else done[:-1]
            left += target.split("/")[::-1]
    return "/".join(done)


class _Found(Exception):
    """What was looked for is there: nothing more need come."""


class _Cut:
    """Keeps a part of an archive from a layer that is poured into it, and checks it that far."""

    def __init__(
        self, start: int, stop: int, mark: tuple[int, bytes], algorithm: str, limits: Limits
    ) -> None:
        self._start, self._stop, self._mark = start, stop, mark
        self._algorithm, self._limits = algorithm, limits
        self.restart()

    def restart(self) -> None:
        """Begin again from the first byte."""
        self.kept, self.at = bytearray(), 0
        self._unpacked = Unpacked(self._limits)
        self._hashed = hasher(self._algorithm)

    def write(self, piece: bytes | memoryview) -> None:
        """Take the next piece of the layer; raises `_Found` when it was enough."""
        for found in self._unpacked.feed(piece):
            view = memoryview(found)[: self._mark[0] - self.at]
            self._hashed.update(view)
            self.kept += view[max(self._start - self.at, 0) : max(self._stop - self.at, 0)]
            self.at += len(view)
            if self.at == self._mark[0]:
                self._check()
                raise _Found

    def _check(self) -> None:
        actual = self._hashed.digest()
        if actual != self._mark[1]:
            raise DigestMismatch(
                Digest(f"{self._algorithm}:{self._mark[1].hex()}"),
                Digest(f"{self._algorithm}:{actual.hex()}"),
                source="the layer when it was read again",
                hints=["it is not the layer that was listed: list it again"],
            )


def _indented(text: str) -> str:
    """JSON that is one line, made readable; anything else as it is."""
    if text[:1] not in ("{", "[") or "\n" in text.strip():
        return text
    try:
        return json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        return text


def _hex_line(start: int, line: bytes) -> str:
    said = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in line)
    return f"{start:08x}  {line.hex(' '):<{3 * _LINE - 1}}  {said}"
