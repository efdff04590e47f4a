"""Content of files by the chunks of a table of contents, each fetched alone and verified."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Protocol, TypeAlias

from ocinb.errors import DigestMismatch, InvalidContent
from ocinb.layers import entries
from ocinb.layers.lazy.contents_table import Chunk, Table
from ocinb.layers.lazy.fetched import Fetched
from ocinb.layers.lazy.reach import Spans
from ocinb.layers.limits import Broken, Limits
from ocinb.layers.looking.content import Contents, Reaching
from ocinb.layers.looking.sifting import Sink
from ocinb.layers.unpacking.compression import unpacker
from ocinb.layers.unpacking.reading import Taker
from ocinb.oci.digest import Digest, hasher

Fetch: TypeAlias = Callable[[int, int], bytes]  # the bytes of a layer from here up to there

_AT_ONCE = 16 * 1024 * 1024  # bytes of a layer that are held
_GAP = 64 * 1024  # bytes between chunks that are fetched rather than asked around
_PART = 1024 * 1024  # bytes of zeros that are made at a time


class ChunkReach:
    """Reads content by number, as a table numbers it; `compression` is that of each chunk."""

    def __init__(self, table: Table, compression: str, fetch: Fetch, fetched: Fetched) -> None:
        self.table, self.fetched = table, fetched
        self._compression, self._fetch = compression, fetch
        self.spans = Spans(compression, fetched.size, table.content, (), b"")
        self._at, self._held = 0, b""

    def part(self, start: int, stop: int) -> bytes:
        """The content from number `start` up to `stop`, verified.

        Raises `DigestMismatch` for a chunk that is another than the table says, and
        `InvalidContent` for one that cannot be unpacked.
        """
        return b"".join(self.pieces(start, stop))

    def pieces(self, start: int, stop: int) -> Iterator[memoryview]:
        """The same piece by piece: each is good once the next has come, or the end."""
        wanted, going, until = self.table.chunks(start, stop), _Going(), 0
        for number, chunk in enumerate(wanted):
            first, last = max(start - chunk.start, 0), min(stop - chunk.start, chunk.size)
            if not chunk.digest:
                yield from _zeros(last - first)
                continue
            if chunk.packed >= until:
                until = _run(islice(wanted, number, None))
            yield from self._verified(chunk, first, last, until, going)

    def _verified(
        self, chunk: Chunk, first: int, last: int, until: int, going: _Going
    ) -> Iterator[memoryview]:
        """The bytes of a chunk from `first` up to `last`; all of it is unpacked and hashed."""
        digest = Digest(chunk.digest)
        hashed = hasher(digest.algorithm)
        if not going.leads_to(chunk):
            going.begin(chunk, self._unpacked(chunk, until))
        at = going.at - chunk.inner
        for piece in going:
            view = memoryview(piece)[max(-at, 0) : chunk.size - at]
            began, at = max(at, 0), at + len(piece)
            hashed.update(view)
            yield view[max(first - began, 0) : max(last - began, 0)]
            if at >= chunk.size:
                going.give_back(piece, at - chunk.size)
                break
        actual = Digest.from_hash(digest.algorithm, hashed)
        if actual != digest:
            raise DigestMismatch(
                digest,
                actual,
                source=f"the chunk at byte {chunk.packed:,} of the layer",
                hints=["list_files() verifies all of the layer"],
            )

    def _unpacked(self, chunk: Chunk, until: int) -> Iterator[bytes]:
        unpacking = unpacker(self._compression, Limits())
        try:
            for piece in self._pieces(chunk.packed, chunk.end, until):
                yield from unpacking.feed(piece)
        except Broken as error:
            raise InvalidContent(
                f"the chunk at byte {chunk.packed:,} of the layer: {error.why}"
            ) from None

    def _pieces(self, start: int, stop: int, until: int) -> Iterator[bytes]:
        """The bytes of the layer from `start` up to `stop`, fetched up to `until` at once."""
        while start < stop:
            if not self._at <= start < self._at + len(self._held):
                end = min(max(stop, until), start + _AT_ONCE)
                held = self._fetch(start, end)
                if not held:
                    raise InvalidContent(f"the layer is over at byte {start:,}")
                self._at, self._held = start, held
            piece = self._held[start - self._at : stop - self._at]
            start += len(piece)
            yield piece


class _Going:
    """What is being unpacked, so that chunks which lie in it one behind the other do not each have
    it unpacked from its beginning on: `at` is how many bytes of it were passed."""

    def __init__(self) -> None:
        self.at, self._place = 0, (0, 0)
        self._pieces: Iterator[bytes] = iter(())
        self._back = b""

    def leads_to(self, chunk: Chunk) -> bool:
        """Whether the chunk is still to come."""
        return self._place == (chunk.packed, chunk.end) and self.at <= chunk.inner

    def begin(self, chunk: Chunk, pieces: Iterator[bytes]) -> None:
        """Unpack what the chunk is in, from its first byte."""
        self.at, self._place, self._pieces, self._back = 0, (chunk.packed, chunk.end), pieces, b""

    def give_back(self, piece: bytes, count: int) -> None:
        """The last bytes of a piece are of the next chunk."""
        self._back = piece[len(piece) - count :]
        self.at -= count

    def __iter__(self) -> Iterator[bytes]:
        while piece := self._back or next(self._pieces, b""):
            self._back = b""
            self.at += len(piece)
            yield piece


class Piecewise(Reaching, Protocol):
    """Gives content piece by piece, too, as its table numbers it."""

    @property
    def table(self) -> Table:
        """The entries."""

    def pieces(self, start: int, stop: int, /) -> Iterator[memoryview]:
        """The content from number `start` up to `stop`, verified once all of it has come."""


class TableContents(Contents):
    """Where the files of a layer can be read from whose table of contents is known.

    `named` is the digest of the table where the manifest names it.
    """

    def __init__(self, reach: Piecewise, limits: Limits, named: Digest | None) -> None:
        super().__init__(reach.table.found, _poured, (), "", limits, reach)
        self._table, self._named = reach.table, named
        self._reached = reach

    def digests(self, positions: Iterable[int]) -> dict[int, Digest]:
        """The SHA-256 of the content of these entries, links have none.

        It is what the table says where the manifest names that, else what is read.
        """
        types = self._found.types
        return {at: self._digest(at) for at in positions if types[at] == entries.FILE}

    def stream(self, positions: Iterable[int], sink: Sink) -> None:
        """The content of these entries, each once and whole, chunk by chunk."""
        found = self._found
        for position in sorted(set(positions), key=found.data.__getitem__):
            start = found.data[position]
            sink.begin(position)
            for piece in self._reached.pieces(start, start + found.sizes[position]):
                sink.write(piece)
            sink.end()

    def _digest(self, position: int) -> Digest:
        said = self._table.digests.get(position, "")
        if self._named is not None and said.startswith("sha256:"):
            return Digest(said)
        hashed = hasher("sha256")
        start, size = self._found.data[position], self._found.sizes[position]
        for piece in self._reached.pieces(start, start + size):
            hashed.update(piece)
        return Digest.from_hash("sha256", hashed)


def _zeros(count: int) -> Iterator[memoryview]:
    for at in range(0, count, _PART):
        yield memoryview(bytes(min(_PART, count - at)))


def _run(chunks: Iterable[Chunk]) -> int:
    """Where the chunks are over that lie close together, from the first on."""
    until = 0
    for chunk in chunks:
        if chunk.digest:
            if until and chunk.packed - until > _GAP:
                break
            until = max(until, chunk.end)
    return until


def _poured(taker: Taker) -> None:
    raise InvalidContent(f"only parts of this layer are read, not all of it into {taker!r}")
