"""Bodies made of what a blob is read as: parts of it, and all of it hashed on the way."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from ocinb.errors import NotSupported
from ocinb.oci.digest import Digest, hasher
from ocinb.oci.file_part import FilePart


class Parts:
    """What can be read from its beginning, cut into bodies.

    One after the other, all of them cost one reading. A part that is sent again, or out of order,
    is read from the beginning; at most one piece is in memory.
    """

    def __init__(self, content: Iterable[bytes]) -> None:
        self._content = content
        self._kept: tuple[int, bytes, Iterator[bytes]] | None = None

    @property
    def file(self) -> FilePart | None:
        """Where all of it lies on this machine, if it is nothing but a file."""
        found: FilePart | None = getattr(self._content, "file", None)
        return found

    def part(self, start: int, stop: int) -> Part:
        """The bytes from `start` up to, not including, `stop`, as a body."""
        return Part(self, start, stop)

    def read(self, start: int, stop: int) -> Iterator[bytes]:
        """These bytes, in pieces; fewer where there are no more."""
        at, piece, pieces = self._from(start)
        while at < stop:
            if not piece:
                try:
                    piece = next(pieces)
                except StopIteration:
                    return
            before = min(max(start - at, 0), len(piece))
            wanted = piece[before : before + stop - max(at, start)]
            at += before + len(wanted)
            piece = piece[before + len(wanted) :]
            if wanted:
                yield wanted
        self._kept = (at, piece, pieces)  # only what was read to its end can be gone on with

    def _from(self, start: int) -> tuple[int, bytes, Iterator[bytes]]:
        """Where reading goes on from: where the last part ended, if that is it."""
        kept, self._kept = self._kept, None
        return kept if kept and kept[0] == start else (0, b"", iter(self._content))


@dataclass(frozen=True)
class Part:
    """Some bytes of a blob as the body of a request, read anew for each try."""

    whole: Parts = field(repr=False)
    start: int
    stop: int

    @property
    def size(self) -> int:
        """Bytes in all."""
        return self.stop - self.start

    @property
    def file(self) -> FilePart | None:
        """Where it lies on this machine, if the blob is nothing but a file."""
        file = self.whole.file
        return file.part(self.start, self.stop) if file else None

    def __iter__(self) -> Iterator[bytes]:
        return self.whole.read(self.start, self.stop)


class Hashed:
    """A body that is hashed and counted as it is read; `size` is None where nobody knows it yet."""

    def __init__(self, open_: Callable[[], Iterable[bytes]], size: int | None = None) -> None:
        self._open, self.size = open_, size
        self._hash, self.count, self.whole = hasher("sha256"), 0, False

    def __iter__(self) -> Iterator[bytes]:
        self._hash, self.count, self.whole = hasher("sha256"), 0, False
        for piece in self._open():
            self._hash.update(piece)
            self.count += len(piece)
            yield piece
        self.whole = True

    @property
    def digest(self) -> Digest:
        """The digest of what was read."""
        return Digest.from_hash("sha256", self._hash)

    def __repr__(self) -> str:
        return f"<Hashed {self.count:,} bytes so far>"


class Once:
    """What can be read only once, such as a generator: `open` for what wants to read again."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces: Iterable[bytes] | None = pieces

    def __call__(self) -> Iterable[bytes]:
        """Its pieces, the first time; raises `NotSupported` from then on."""
        pieces, self._pieces = self._pieces, None
        if pieces is None:
            raise NotSupported(
                "the content would have to be sent again, but can be read only once",
                hints=["write it to a file first, which can be read as often as it takes"],
            )
        return pieces
