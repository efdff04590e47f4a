"""What every store of one repository's content can do, and the pieces that stores share.

Content comes in through an `Ingest`, which hashes while it writes and shows nothing before its
`commit`; it goes out as `Stored`, which is read piece by piece, as often as one likes, whole or in
part. Manifests are content too, and are also known by media type and by tag.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Protocol, Self

from ocinb.errors import DigestMismatch, InvalidContent, NotSupported
from ocinb.oci.digest import Digest, hasher
from ocinb.oci.strict_json import MANIFEST_LIMIT

if TYPE_CHECKING:
    from hashlib import _Hash as Hash

    from ocinb.oci.descriptor import Descriptor

PIECE = 1024 * 1024  # bytes read at a time: no content is ever whole in memory


class Stored(Protocol):
    """Stored bytes, or a part of them: sized, and read anew by each iteration."""

    @property
    def size(self) -> int:
        """Bytes in all."""

    def __iter__(self) -> Iterator[bytes]: ...

    def part(self, start: int, stop: int) -> Stored:
        """The bytes from `start` up to, not including, `stop`."""


def _nothing(piece: bytes) -> None:
    """What is done with what nobody asks for."""


class Ingest(ABC):
    """Content on its way into a store: a sink that hashes what it is given.

    Used as a context manager, what was not committed is gone afterwards. The first `size` bytes may
    have been written by somebody before: they are read and hashed when their hash is needed, and
    `reread` is called with each piece of them; it may raise to stop that.
    """

    def __init__(self, algorithm: str = "sha256", size: int = 0) -> None:
        self.algorithm = algorithm
        self.size = size
        self.reread: Callable[[bytes], object] = _nothing
        fresh = hasher(algorithm)
        self._hash: Hash | None = None if size else fresh

    def write(self, piece: bytes | memoryview) -> None:
        """Take the next piece."""
        hashed = self._hash_so_far()
        self._append(piece)
        hashed.update(piece)
        self.size += len(piece)

    def restart(self) -> None:
        """Forget what was written; the content begins again."""
        self.return_to((0, hasher(self.algorithm)))

    def mark(self) -> tuple[int, Hash]:
        """This point, for `return_to`."""
        return self.size, self._hash_so_far().copy()

    def return_to(self, mark: tuple[int, Hash]) -> None:
        """Forget what was written since `mark`."""
        self._cut(mark[0])
        self.size, self._hash = mark[0], mark[1].copy()

    def commit(self, expected: Digest | None = None) -> Digest:
        """Show the content under its digest, and return that.

        Raises `DigestMismatch` when it is not `expected`, which may use another algorithm than the
        one hashed with so far; then nothing is shown.
        """
        algorithm = expected.algorithm if expected else self.algorithm
        actual = Digest.from_hash(algorithm, self._hashed(algorithm))
        if expected is not None and actual != expected:
            raise DigestMismatch(expected, actual)
        self._keep(actual)
        return actual

    @abstractmethod
    def abort(self) -> None:
        """Leave nothing behind; harmless after `commit`."""

    def leave(self) -> None:
        """Stop writing, and leave what was written to another process if it can be found there."""
        self.abort()

    def _hashed(self, algorithm: str) -> Hash:
        return self._hash_so_far() if algorithm == self.algorithm else self._hash_again(algorithm)

    def _hash_so_far(self) -> Hash:
        if self._hash is None:
            self._hash = self._hash_again(self.algorithm, self.reread)
        return self._hash

    def _hash_again(self, algorithm: str, tell: Callable[[bytes], object] = _nothing) -> Hash:
        again = hasher(algorithm)
        for piece in self._written():
            again.update(piece)
            tell(piece)
        return again

    @abstractmethod
    def _append(self, piece: bytes | memoryview) -> None: ...

    @abstractmethod
    def _cut(self, size: int) -> None: ...

    @abstractmethod
    def _written(self) -> Iterable[bytes]: ...

    @abstractmethod
    def _keep(self, digest: Digest) -> None: ...

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.abort()


class Readable(Protocol):
    """One repository's content. A thing that is not there is None, never an exception."""

    @property
    def empty(self) -> bool:
        """Whether nothing was ever put here."""

    def content(self, digest: Digest) -> Stored | None:
        """The bytes known as `digest`."""

    def tags(self) -> tuple[str, ...]:
        """Every tag, in the order of its bytes."""

    def resolve(self, tag: str) -> Descriptor | None:
        """The manifest that `tag` points to, under the digest it was put with."""

    def manifests(self) -> tuple[Descriptor, ...]:
        """Every manifest, tagged or not."""

    def manifest(self, digest: Digest) -> Descriptor | None:
        """The manifest known as `digest`."""


class Store(Readable, Protocol):
    """The same, and it can be changed."""

    def ingest(self, algorithm: str = "sha256") -> Ingest:
        """A place to write new content to."""

    def take(self, digest: Digest, source: Readable) -> bool:
        """Have the content `digest` from `source` too; whether it was there."""

    def put_manifest(self, raw: bytes, manifest: Descriptor, tags: Iterable[str] = ()) -> None:
        """Keep `raw` as `manifest` describes it, and point `tags` to it.

        Raises `DigestMismatch` when `raw` is not what `manifest` describes.
        """

    def untag(self, tag: str) -> bool:
        """Let `tag` point to nothing; whether it was there. Its manifest stays."""

    def remove_manifest(self, digest: Digest) -> bool:
        """Forget the manifest `digest` and every tag that points to it; whether it was there."""

    def remove(self, digest: Digest) -> bool:
        """Remove the content `digest`, whoever may name it; whether it was there."""


def read(store: Readable, digest: Digest, limit: int = MANIFEST_LIMIT) -> bytes | None:
    """The whole of a small content; raises `InvalidContent` beyond `limit` bytes."""
    content = store.content(digest)
    if content is None:
        return None
    if content.size > limit:
        raise InvalidContent(
            f"{digest.short} has {content.size:,} bytes; at most {limit:,} are read"
        )
    return b"".join(content)


def read_intact(store: Readable, digest: Digest, limit: int = MANIFEST_LIMIT) -> bytes | None:
    """The whole of a small content; None when it is not there, too long, or not what its name says.

    Somebody else may have laid it out. None, too, when nobody can tell: digests of an algorithm
    that cannot be computed.
    """
    try:
        raw = read(store, digest, limit)
        return raw if raw is not None and Digest.of(raw, digest.algorithm) == digest else None
    except (InvalidContent, NotSupported):
        return None


def put(store: Store, raw: bytes | memoryview, expected: Digest | None = None) -> Digest:
    """Keep `raw` in `store` and return its digest."""
    with store.ingest(expected.algorithm if expected else "sha256") as ingest:
        ingest.write(raw)
        return ingest.commit(expected)


def copy(digest: Digest, source: Readable, target: Store) -> bool:
    """Copy the content `digest`, verified on the way; whether it was there."""
    content = source.content(digest)
    if content is None:
        return False
    with target.ingest(digest.algorithm) as ingest:
        for piece in content:
            ingest.write(piece)
        ingest.commit(digest)
    return True
