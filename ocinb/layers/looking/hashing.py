"""The digests of many files of a layer, in one pass over it that keeps none of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from ocinb.layers import entries
from ocinb.layers.entries import Columns
from ocinb.layers.limits import Limits
from ocinb.layers.looking.checking import Check
from ocinb.layers.looking.sifting import sift, stored_size
from ocinb.layers.unpacking.reading import Pour
from ocinb.oci.digest import Digest, hasher

if TYPE_CHECKING:
    from hashlib import _Hash as Hash

_MOST_HOLES = 1024 * 1024 * 1024  # bytes of holes that are hashed in one pass
_ZEROS = bytes(64 * 1024)


def digests(
    found: Columns, pour: Pour, positions: Iterable[int], check: Check, limits: Limits
) -> dict[int, Digest]:
    """The SHA-256 of the content of these entries of a layer, which is read once, up to the last.

    What has none of its own is left out: links, folders, files that are stored with holes in a way
    that is not known, or with more of them than can be hashed, and those whose content an
    incomplete archive does not have. The archive must be what `check` knows up to there: raises
    `DigestMismatch` when it is not, and `InvalidContent` when it breaks off earlier than it did.
    """
    sink = _Digests()
    sift(found, pour, _readable(found, positions, check.end), sink, check, limits)
    return sink.found


def _readable(found: Columns, positions: Iterable[int], end: int) -> Iterator[int]:
    holes_left = _MOST_HOLES
    for position in sorted(set(positions)):
        sparse = found.odd[position] & entries.SPARSE
        if found.types[position] not in (entries.FILE, entries.OTHER):
            continue
        if sparse and position not in found.holes:
            continue
        stored = stored_size(found, position)
        holes = found.sizes[position] - stored
        if found.data[position] + stored <= end and holes <= holes_left:
            holes_left -= holes
            yield position


class _Digests:
    """Hashes file after file, holes as zeros."""

    def __init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        """Forget all of them: the layer begins again from its first byte."""
        self.found: dict[int, Digest] = {}

    def begin(self, position: int) -> None:
        """The content of this entry comes next."""
        self._position = position
        self._hash: Hash = hasher("sha256")

    def write(self, piece: memoryview) -> None:
        """Take the next bytes."""
        self._hash.update(piece)

    def hole(self, count: int) -> None:
        """Take as many zeros."""
        for left in range(count, 0, -len(_ZEROS)):
            self._hash.update(_ZEROS[:left])

    def end(self) -> None:
        """That was all of it."""
        self.found[self._position] = Digest.from_hash("sha256", self._hash)
