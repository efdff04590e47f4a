"""What is remembered of an archive from when it was listed, so that nobody can slip in another."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from typing import NoReturn, Protocol

from ocinb.errors import DigestMismatch
from ocinb.layers.lazy.blocks import BLOCK, DIGEST, Hashes
from ocinb.oci.digest import Digest, hasher


class Check(Protocol):
    """Knows the archive of a layer from when it was listed."""

    @property
    def end(self) -> int:
        """How many bytes of it are known."""

    def stop(self, at: int) -> int:
        """The first place from `at` on where it can be checked."""

    def begin(self) -> None:
        """Expect it from its first byte."""

    def update(self, piece: memoryview) -> None:
        """Take the next piece."""

    def settle(self) -> None:
        """Raise `DigestMismatch` where what came is not the archive."""


class Marked:
    """Knows the hash of an archive up to some points."""

    def __init__(self, marks: Sequence[tuple[int, bytes]], algorithm: str) -> None:
        self._marks, self._algorithm = marks, algorithm

    @property
    def end(self) -> int:
        """How many bytes of it are known."""
        return self._marks[-1][0] if self._marks else 0

    def stop(self, at: int) -> int:
        """The first mark from `at` on."""
        self._mark = self._marks[bisect_left(self._marks, (at, b""))]
        return self._mark[0]

    def begin(self) -> None:
        """Expect it from its first byte."""
        self._hash = hasher(self._algorithm)

    def update(self, piece: memoryview) -> None:
        """Take the next piece."""
        self._hash.update(piece)

    def settle(self) -> None:
        """Compare the hashes."""
        actual = self._hash.digest()
        if actual != self._mark[1]:
            raise_mismatch(self._algorithm, self._mark[1], actual)


class Unchecked:
    """Knows only how long an archive is: nobody wanted it hashed when it was listed."""

    def __init__(self, end: int) -> None:
        self._end = end

    @property
    def end(self) -> int:
        """How many bytes of it there were."""
        return self._end

    def stop(self, at: int) -> int:
        """Any place will do."""
        return at

    def begin(self) -> None:
        """Whatever comes."""

    def update(self, piece: memoryview) -> None:
        """Let it be."""

    def settle(self) -> None:
        """There is nothing to compare."""


class Blocks:
    """Knows the hash of each block of an archive."""

    def __init__(self, hashes: bytes, end: int) -> None:
        self._hashes, self._known = hashes, end

    @property
    def end(self) -> int:
        """How many bytes of it are known."""
        return self._known

    def stop(self, at: int) -> int:
        """The end of the block that `at` is in."""
        return min(-(-at // BLOCK) * BLOCK, self._known)

    def begin(self) -> None:
        """Expect it from its first byte."""
        self._came = Hashes()

    def update(self, piece: memoryview) -> None:
        """Take the next piece."""
        self._came.update(piece)

    def settle(self) -> None:
        """Compare the hashes of all blocks that came, and tell the first that is another."""
        came = self._came.finish()
        for at in range(0, len(came), DIGEST):
            wanted, actual = self._hashes[at : at + DIGEST], came[at : at + DIGEST]
            if wanted != actual:
                raise_mismatch("sha256", wanted, actual)


def raise_mismatch(algorithm: str, wanted: bytes, actual: bytes) -> NoReturn:
    """Say that a layer is not the one that was listed."""
    raise DigestMismatch(
        Digest(f"{algorithm}:{wanted.hex()}"),
        Digest(f"{algorithm}:{actual.hex()}"),
        source="the layer when it was read again",
        hints=["it is not the layer that was listed: list it again"],
    )
