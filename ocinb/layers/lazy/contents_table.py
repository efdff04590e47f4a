"""What a table of contents says of a layer: its entries as columns, and where content is.

A table tells nothing of headers, so content is numbered as if the files stood one after another,
without anything between them. Chunks say where in the layer each part of that is.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from ocinb.errors import InvalidArchive
from ocinb.layers import entries
from ocinb.layers.entries import Columns
from ocinb.layers.limits import Broken, Limits
from ocinb.layers.unpacking import names

KINDS = {
    "reg": entries.FILE, "dir": entries.DIRECTORY, "symlink": entries.SYMLINK,
    "hardlink": entries.HARDLINK, "char": entries.CHARACTER, "block": entries.BLOCK,
    "fifo": entries.FIFO,
}  # fmt: skip
NOWHERE = -1  # the offset of an entry whose header nobody has seen
TABLE_LIMIT = 64 * 1024 * 1024  # bytes of a table, packed or not
_INNER = 64 * 1024 * 1024  # bytes that are unpacked in vain before a chunk
_LINKS = (entries.SYMLINK, entries.HARDLINK)
_DEVICES = (entries.CHARACTER, entries.BLOCK)
_CHUNKS = "the chunks of a file follow each other without gaps, and are as long as the file"
_PLACES = "chunks are within the layer, before its table of contents"
_ORDER = "the chunks of a file lie in the layer in their order"
T = TypeVar("T", bound=Hashable)


@dataclass(slots=True)
class Row:
    """What a table says of one entry."""

    name: str
    kind: int
    size: int = 0
    mode: int = 0
    uid: int = 0
    gid: int = 0
    user: str = ""
    group: str = ""
    mtime: float = 0.0
    target: str = ""
    xattrs: Mapping[str, bytes] = field(default_factory=dict)
    device: tuple[int, int] = (0, 0)


@dataclass(frozen=True, slots=True)
class Chunk:
    """Bytes of content from number `start` on, which hash to `digest`.

    They are in what unpacks from byte `packed` of the layer on, which is over at byte `end` at the
    latest, behind `inner` other bytes. Without a `digest` they are zeros, stored nowhere.
    """

    start: int
    size: int
    packed: int
    end: int
    inner: int
    digest: str


class Table:
    """Entries and chunks as they are told; whatever goes against a rule raises `Broken`."""

    def __init__(self, limits: Limits) -> None:
        self.found = Columns()
        self.content = 0  # bytes of all files together
        self.digests: dict[int, str] = {}  # of whole files, where said
        self._limits = limits
        self._text = 0
        self._owners: dict[tuple[int, int], int] = {}
        self._names: dict[tuple[str, str], int] = {}
        self._starts, self._sizes, self._inner = array("q"), array("q"), array("q")
        self._packed, self._ends = array("q"), array("q")
        self._hashes: list[str] = []

    def add(self, row: Row, offset: int = NOWHERE, data: int | None = None) -> None:
        """One more entry, whose header and content are there in the archive, if that is known."""
        found, position = self.found, len(self.found)
        path, kind, odd = names.read(row.name, row.kind)
        if row.kind in _LINKS:
            found.targets[position] = row.target
            odd |= names.outside(path, row.target, row.kind)
        if row.kind != entries.FILE and row.size:
            row.size = 0
            odd |= entries.IGNORED
        odd |= 0 if row.mode <= 0o177777 else entries.ODD_MODE
        if row.kind in _DEVICES:
            found.devices[position] = row.device
        if row.xattrs:
            found.xattrs[position] = dict(row.xattrs)
        self._check(position, path, row)
        found.paths.append(path)
        found.types.append(kind)
        found.sizes.append(row.size)
        found.modes.append(row.mode & 0o7777)
        found.mtimes.append(row.mtime)
        found.owners.append(_known(self._owners, found.known_owners, (row.uid, row.gid)))
        found.names.append(_known(self._names, found.known_names, (row.user, row.group)))
        found.offsets.append(offset)
        found.data.append(self.content if data is None else data)
        found.odd.append(odd)
        self.content += row.size

    def chunk(self, at: int, size: int, packed: int, inner: int, digest: str) -> None:
        """Bytes from `at` on of the file that came last; see `Chunk`."""
        first = at == 0
        start = self.content - self.found.sizes[-1] + at
        if size < 1 or at + size > self.found.sizes[-1] or (not first and start != self._next):
            raise Broken(_CHUNKS, f"one has {size:,} bytes from byte {at:,} on")
        if digest and not first and self._hashes[-1] and self._lies_before(packed, inner):
            raise Broken(_ORDER, f"one is at byte {packed:,}, before the one it follows")
        if digest and (packed < 1 or inner > _INNER):
            raise Broken(_PLACES, f"one is at byte {packed:,}, {inner:,} into what begins there")
        self._starts.append(start)
        self._sizes.append(size)
        self._packed.append(packed if digest else 0)
        self._inner.append(inner)
        self._ends.append(0)
        self._hashes.append(digest)

    def ends(self, stop: int) -> None:
        """Say that what the last chunk is in is over at byte `stop` of the layer."""
        self._ends[-1] = stop

    def whole(self) -> None:
        """Raise `Broken` unless the file that came last has all its chunks."""
        if self.found.sizes and self.found.sizes[-1] and self._next != self.content:
            missing = self.content - max(self._next, self.content - self.found.sizes[-1])
            raise Broken(_CHUNKS, f"{missing:,} bytes of one file are in no chunk")

    def settle(self, stop: int) -> None:
        """Note where each chunk is over: before the next, and before byte `stop` of the layer."""
        self.found.settle()
        places = sorted({place for place in self._packed if place})
        for number, packed in enumerate(self._packed):
            if not packed:
                continue
            after = bisect_right(places, packed)
            following = places[after] if after < len(places) else stop
            end = min(self._ends[number] or following, following)
            if not packed < end <= stop:
                raise Broken(_PLACES, f"one begins at byte {packed:,} and is over at {end:,}")
            self._ends[number] = end

    def chunks(self, start: int, stop: int) -> list[Chunk]:
        """Those that the content from number `start` up to `stop` is in."""
        found = []
        for number in range(max(bisect_right(self._starts, start) - 1, 0), len(self._starts)):
            if self._starts[number] >= stop:
                break
            found.append(
                Chunk(
                    self._starts[number],
                    self._sizes[number],
                    self._packed[number],
                    self._ends[number],
                    self._inner[number],
                    self._hashes[number],
                )
            )
        return found

    @property
    def _next(self) -> int:
        return self._starts[-1] + self._sizes[-1] if self._starts else 0

    def _lies_before(self, packed: int, inner: int) -> bool:
        if packed == self._packed[-1]:
            return inner < self._inner[-1] + self._sizes[-1]
        return packed < self._packed[-1]

    def _check(self, position: int, path: str, row: Row) -> None:
        limits = self._limits
        said = sum(len(key) + len(value) for key, value in row.xattrs.items())
        self._text += len(path) + len(row.target) + len(row.user) + len(row.group) + said
        longest = max(len(row.name), len(row.target))
        if longest > limits.name:
            raise Broken(f"names have at most {limits.name:,} bytes", f"this has {longest:,}")
        if said > limits.block:
            raise Broken(f"attributes have at most {limits.block:,} bytes", f"these have {said:,}")
        if position >= limits.entries:
            raise Broken(
                f"at most {limits.entries:,} entries of a layer are read", "there are more"
            )
        if self._text > limits.text:
            raise Broken(f"names have at most {limits.text:,} bytes in all", "there are more")
        if self.content + row.size > limits.unpacked:
            raise Broken(f"at most {limits.unpacked:,} bytes of a layer are read", "it has more")


def refused(error: Broken, entry: int, what: str) -> InvalidArchive:
    """What is wrong with the table `what`, at one of its entries."""
    message = f"in {what}, at entry {entry:,}, {error.why}; the rule is: {error.rule}"
    return InvalidArchive(message, rule=error.rule, entry=entry)


def _known(numbers: dict[T, int], known: list[T], value: T) -> int:
    """The number of `value` among those that are known, which it is from now on."""
    found = numbers.get(value)
    if found is None:
        found = numbers[value] = len(known)
        known.append(value)
    return found
