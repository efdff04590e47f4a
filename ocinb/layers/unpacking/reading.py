"""A layer read once as it streams by: unpacked, hashed and listed on the way."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Protocol, TypeAlias

from ocinb.errors import InvalidArchive
from ocinb.layers.lazy.blocks import Hashes
from ocinb.layers.lazy.points import Finder, Held, Point
from ocinb.layers.limits import Broken, Limits, too_large
from ocinb.layers.unpacking.compression import MAGIC, Unpacker, sniffed, unpacker
from ocinb.layers.unpacking.tar import Walker
from ocinb.oci.digest import Digest, hasher

if TYPE_CHECKING:
    from hashlib import _Hash as Hash

MARKED = 4 * 1024 * 1024  # bytes of an archive between points where its hash is remembered


class Taker(Protocol):
    """What a layer is poured into: a sink, as protocols have it."""

    def restart(self) -> None:
        """Forget what was written: it begins again from its first byte."""

    def write(self, piece: bytes | memoryview) -> None:
        """Take the next piece."""


Pour: TypeAlias = Callable[[Taker], object]  # writes all of a layer, or raises what the taker did


class Unpacked:
    """Takes a layer and gives what it unpacks to; what packs it shows in its first bytes.

    Where one could begin again is noted in `held`, but for points in gzip that are `found` by
    somebody else.
    """

    def __init__(self, limits: Limits, held: Held | None = None, *, found: bool = False) -> None:
        self._held, self._found = held, found
        self.compression = ""
        self.fed = self.given = 0  # bytes
        self._limits = limits
        self._head: bytes | None = b""
        self._unpacker: Unpacker | None = None

    def feed(self, piece: bytes | memoryview) -> Iterator[bytes]:
        """What one more piece unpacks to; raises `Broken`, and `NotSupported` for other formats."""
        self.fed += len(piece)
        if self._head is not None:
            piece = self._head + bytes(piece)
            if len(piece) < MAGIC:
                self._head = piece
                return
            self._begin(piece)
        for found in self._unpacker.feed(piece) if self._unpacker else (bytes(piece),):
            self.given += len(found)
            yield found
            if self.given > self._limits.unpacked:
                raise too_large(self._limits)

    def finish(self) -> Iterator[bytes]:
        """What was held back; raises `Broken` when it is not over."""
        if self._head:
            held = self._head
            self._begin(held)
            yield from self._unpacker.feed(held) if self._unpacker else (held,)
        if self._unpacker is not None:
            self._unpacker.finish()

    def _begin(self, head: bytes) -> None:
        self._head, self.compression = None, sniffed(head)
        if self.compression:
            held = None if self._found and self.compression == "gzip" else self._held
            self._unpacker = unpacker(self.compression, self._limits, held)


class Reading:
    """Lists a layer that is poured into it, and hashes what it unpacks to.

    Once something is wrong, the rest is only taken, so that whoever pours can check all of it.
    With no `algorithm` nothing is hashed: then `marks` only say how much was read.
    With `index`, what is needed to reach into it later is found out, too: blocks are hashed, and
    points noted; those in gzip by `finder`, where there is one.
    """

    def __init__(
        self,
        limits: Limits,
        algorithm: str = "sha256",
        *,
        index: bool = False,
        finder: Finder | None = None,
    ) -> None:
        self._limits, self.algorithm = limits, algorithm
        self._index, self._finder = index, finder
        self.restart()

    def restart(self) -> None:
        """Begin again from the first byte."""
        self.blocks = Hashes() if self._index else None
        self._held = Held() if self._index else None
        if self._finder is not None:
            self._finder.restart()
        self.unpacked = Unpacked(self._limits, self._held, found=self._finder is not None)
        self.walker = Walker(self._limits)
        self.trouble: InvalidArchive | None = None
        self.marks: list[tuple[int, bytes]] = []
        self._hashed: Hash | None = hasher(self.algorithm) if self.algorithm else None
        self.size = 0  # of what was unpacked
        self._marked = 0

    def write(self, piece: bytes | memoryview) -> None:
        """Take the next piece of the layer."""
        if self.trouble is None:
            if self._finder is not None:
                self._find(self._finder, piece)
            self._try(lambda: self._take(self.unpacked.feed(piece)))

    def finish(self) -> None:
        """Settle what was found; what is missing is trouble, too."""
        if self.trouble is None:
            self._try(self._finish)
        self._mark()
        self.walker.found.settle()

    @property
    def points(self) -> Sequence[Point]:
        """Where one could begin again, once it is finished."""
        if self._finder is not None and self.unpacked.compression == "gzip":
            return self._finder.finish()
        return self._held.points if self._held is not None else ()

    @property
    def digest(self) -> Digest | None:
        """The digest of the whole archive; None when it was not hashed, or not to its end."""
        if self.trouble is not None or self._hashed is None:
            return None
        return Digest.from_hash(self.algorithm, self._hashed)

    def _find(self, finder: Finder, piece: bytes | memoryview) -> None:
        if self.unpacked.fed < MAGIC or self.unpacked.compression == "gzip":
            finder.feed(piece)
        else:
            finder.stop()

    def _finish(self) -> None:
        self._take(self.unpacked.finish())
        self.walker.finish()

    def _take(self, pieces: Iterable[bytes]) -> None:
        for piece in pieces:
            if self._hashed is not None:
                self._hashed.update(piece)
            if self.blocks is not None:
                self.blocks.update(piece)
            self.size += len(piece)
            if self.size - self._marked >= MARKED:
                self._mark()
            self.walker.feed(piece)

    def _mark(self) -> None:
        self._marked = self.size
        hashed = self._hashed.copy().digest() if self._hashed is not None else b""
        self.marks.append((self.size, hashed))

    def _try(self, act: Callable[[], None]) -> None:
        try:
            act()
        except Broken as error:
            self.trouble = invalid(error, len(self.walker.found), self.walker.at)


def invalid(error: Broken, entry: int, offset: int, archive: str = "the archive") -> InvalidArchive:
    """What is wrong, with the place where reading stopped."""
    where = f"at entry {entry:,}, byte {offset:,} of {archive}"
    message = f"{where}, {error.why}; the rule is: {error.rule}"
    return InvalidArchive(message, rule=error.rule, entry=entry, offset=offset)
