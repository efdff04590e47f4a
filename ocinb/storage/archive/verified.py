"""Stored content that is hashed whenever it is read: who tampered with it shows at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ocinb.errors import DigestMismatch, InvalidContent
from ocinb.oci.descriptor import Descriptor
from ocinb.oci.digest import Digest
from ocinb.storage.store import Stored


@dataclass(frozen=True)
class Verified:
    """What is stored as `digest` in a place that errors call `source`.

    Each reading raises `DigestMismatch`, which names both digests, before it gives the last piece.
    A `part` cannot be verified, since a digest is of the whole.
    """

    inner: Stored
    digest: Digest
    source: str

    @property
    def size(self) -> int:
        """Bytes in all."""
        return self.inner.size

    def __iter__(self) -> Iterator[bytes]:
        return checked(self.inner, self.digest, self.inner.size, self.source)

    def part(self, start: int, stop: int) -> Stored:
        """The bytes from `start` up to, not including, `stop`."""
        return self.inner.part(start, stop)


def checked(pieces: Iterable[bytes], digest: Digest, size: int, source: str) -> Iterator[bytes]:
    """The same pieces; the last of them only when all are what `digest` and `size` say.

    Raises `DigestMismatch` naming both digests, and both sizes where they differ, too, and
    `InvalidContent` for more than `size` bytes.
    """
    hashed, received, kept = digest.hasher(), 0, b""
    for piece in pieces:
        hashed.update(piece)
        received += len(piece)
        if received > size:
            break
        if kept:
            yield kept
        kept = piece
    actual = Digest.from_hash(digest.algorithm, hashed)
    if received > size:
        raise InvalidContent(f"{digest} from {source} has more than the {size:,} bytes it should")
    if actual != digest:
        sizes = f"it should have {size:,} bytes, and has {received:,}"
        hints = [sizes] if received != size else []
        raise DigestMismatch(digest, actual, source=source, hints=hints)
    if received != size:
        raise InvalidContent(f"{digest} from {source} has {received:,} bytes, not {size:,}")
    if kept:
        yield kept


def stored(content: Stored, blob: Descriptor, source: str) -> Verified:
    """`content` as the one that `blob` says; one of another size is read once to name it, too."""
    if content.size != blob.size:
        hashed = blob.digest.hasher()
        for piece in content:
            hashed.update(piece)
        actual = Digest.from_hash(blob.digest.algorithm, hashed)
        sizes = f"it should have {blob.size:,} bytes, and has {content.size:,}"
        if actual != blob.digest:
            raise DigestMismatch(blob.digest, actual, source=source, hints=[sizes])
        raise InvalidContent(f"{blob.digest} from {source}: {sizes}")
    return content if isinstance(content, Verified) else Verified(content, blob.digest, source)
