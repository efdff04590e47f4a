"""The archive of a layer in blocks, each of which is hashed: so parts of it can be checked.

The digest of a layer is of the whole. What was seen while that was verified is remembered block by
block, and whatever is fetched later must be the same.
"""

from __future__ import annotations

from collections import OrderedDict
from hashlib import sha256
from typing import TYPE_CHECKING

from ocinb.errors import DigestMismatch
from ocinb.oci.digest import Digest

if TYPE_CHECKING:
    from hashlib import _Hash as Hash

BLOCK = 256 * 1024
DIGEST = 32  # bytes of the hash of a block
_KEPT = 64  # blocks of what was read last, for who reads what is near


class Hashes:
    """Hashes an archive block by block."""

    def __init__(self) -> None:
        self._done = bytearray()
        self._hash: Hash = sha256()
        self._room = BLOCK

    def update(self, piece: bytes | memoryview) -> None:
        """Take the next piece."""
        view = memoryview(piece)
        while len(view) >= self._room:
            self._hash.update(view[: self._room])
            view = view[self._room :]
            self._end()
        self._hash.update(view)
        self._room -= len(view)

    def finish(self) -> bytes:
        """The hashes of all blocks, of which the last may be shorter."""
        if self._room < BLOCK:
            self._end()
        return bytes(self._done)

    def _end(self) -> None:
        self._done += self._hash.digest()
        self._hash, self._room = sha256(), BLOCK


class Recent:
    """Blocks that were read and verified, the last few of them."""

    def __init__(self) -> None:
        self._blocks: OrderedDict[int, bytes] = OrderedDict()

    def get(self, number: int) -> bytes | None:
        """A block that is there."""
        found = self._blocks.get(number)
        if found is not None:
            self._blocks.move_to_end(number)
        return found

    def keep(self, number: int, block: bytes) -> None:
        """Have it among them."""
        self._blocks[number] = block
        self._blocks.move_to_end(number)
        if len(self._blocks) > _KEPT:
            self._blocks.popitem(last=False)


class Gathered:
    """Takes an archive from byte `at` on, and keeps its blocks from `first` to `last`, verified.

    Whole blocks before and after them that come along are put into `recent`, verified, too.
    """

    def __init__(self, size: int, hashes: bytes, recent: Recent, first: int, last: int) -> None:
        self.size, self._hashes, self._recent = size, hashes, recent
        self.first, self.last = first, last
        self.begin(0)

    def begin(self, at: int) -> None:
        """Expect the archive from byte `at` on, and none of it yet."""
        self.kept = bytearray()
        self._held = bytearray()
        self.next = -(-at // BLOCK)  # the first block of which all comes
        self._pass = self.next * BLOCK - at

    @property
    def whole(self) -> bool:
        """Whether all that is wanted has come."""
        return self.next > self.last

    def take(self, piece: bytes) -> None:
        """Take the next piece; raises `DigestMismatch` for a block that is another."""
        view = memoryview(piece)
        passed = min(self._pass, len(view))
        self._pass -= passed
        view = view[passed:]
        while len(view) and self.next * BLOCK < self.size:
            room = self._length() - len(self._held)
            self._held += view[:room]
            view = view[room:]
            if len(self._held) == self._length():
                self._end()

    def broken(self) -> None:
        """Nothing more comes: raises `DigestMismatch` unless all that is wanted has come."""
        if not self.whole:
            self._check(bytes(self._held))

    def _length(self) -> int:
        return min(BLOCK, self.size - self.next * BLOCK)

    def _end(self) -> None:
        block = bytes(self._held)
        self._held.clear()
        self._check(block)
        if self.first <= self.next <= self.last:
            self.kept += block
        self._recent.keep(self.next, block)
        self.next += 1

    def _check(self, block: bytes) -> None:
        at = self.next * DIGEST
        expected, actual = self._hashes[at : at + DIGEST], sha256(block).digest()
        if actual != expected:
            raise DigestMismatch(
                Digest(f"sha256:{expected.hex()}"),
                Digest(f"sha256:{actual.hex()}"),
                source=f"block {self.next:,} of the layer when it was read again",
                hints=["it is not the layer that was listed: list it again, with list_files()"],
            )
