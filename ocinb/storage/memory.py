"""A store in memory: what is in it lives as long as the object does."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from ocinb.drawable import Drawable
from ocinb.oci.descriptor import Descriptor
from ocinb.oci.digest import Digest
from ocinb.storage.catalogue import Catalogue
from ocinb.storage.store import PIECE, Ingest, Readable, Stored, copy, put
from ocinb.text import human_size


@dataclass(frozen=True)
class MemoryContent:
    """Bytes in memory, given out piece by piece."""

    view: memoryview = field(repr=False)

    @property
    def size(self) -> int:
        """Bytes in all."""
        return len(self.view)

    def __iter__(self) -> Iterator[bytes]:
        for start in range(0, self.size, PIECE):
            yield bytes(self.view[start : start + PIECE])

    def part(self, start: int, stop: int) -> MemoryContent:
        """The bytes from `start` up to, not including, `stop`."""
        return MemoryContent(self.view[start:stop])


class MemoryStore(Drawable):
    """One repository's content, in memory."""

    def __init__(self) -> None:
        self._content: dict[Digest, MemoryContent] = {}
        self._catalogue = Catalogue()

    @property
    def empty(self) -> bool:
        """Whether nothing was ever put here."""
        return not (self._content or self._catalogue.manifests)

    @property
    def size(self) -> int:
        """Bytes of everything in it."""
        return sum(content.size for content in list(self._content.values()))

    def content(self, digest: Digest) -> Stored | None:
        """The bytes known as `digest`."""
        return self._content.get(digest)

    def ingest(self, algorithm: str = "sha256") -> Ingest:
        """A place to write new content to."""
        return MemoryIngest(self._content, algorithm)

    def take(self, digest: Digest, source: Readable) -> bool:
        """Have the content `digest` from `source` too; another memory's bytes are shared."""
        content = source.content(digest)
        if not isinstance(content, MemoryContent):
            return copy(digest, source, self)
        self._content[digest] = content
        return True

    def tags(self) -> tuple[str, ...]:
        """Every tag, in the order of its bytes."""
        return self._catalogue.tags()

    def resolve(self, tag: str) -> Descriptor | None:
        """The manifest that `tag` points to."""
        return self._catalogue.names.get(tag)

    def manifests(self) -> tuple[Descriptor, ...]:
        """Every manifest, tagged or not."""
        return tuple(self._catalogue.manifests.values())

    def manifest(self, digest: Digest) -> Descriptor | None:
        """The manifest known as `digest`."""
        return self._catalogue.manifests.get(digest)

    def put_manifest(self, raw: bytes, manifest: Descriptor, tags: Iterable[str] = ()) -> None:
        """Keep `raw` as `manifest` describes it, and point `tags` to it."""
        put(self, raw, manifest.digest)
        self._catalogue = self._catalogue.having(manifest, tags)

    def untag(self, tag: str) -> bool:
        """Let `tag` point to nothing; whether it was there."""
        before, self._catalogue = self._catalogue, self._catalogue.without_tag(tag)
        return tag in before.names

    def remove_manifest(self, digest: Digest) -> bool:
        """Forget the manifest `digest` and every tag that points to it; whether it was there."""
        before, self._catalogue = self._catalogue, self._catalogue.without(digest)
        self._content.pop(digest, None)
        return digest in before.manifests

    def remove(self, digest: Digest) -> bool:
        """Remove the content `digest`; whether it was there."""
        return self._content.pop(digest, None) is not None

    def __repr__(self) -> str:
        return f"<MemoryStore {len(self.manifests())} manifests, {human_size(self.size)}>"


class MemoryIngest(Ingest):
    """Content on its way into memory."""

    def __init__(self, target: dict[Digest, MemoryContent], algorithm: str) -> None:
        super().__init__(algorithm)
        self._target, self._buffer = target, bytearray()

    def abort(self) -> None:
        """Leave nothing behind."""
        self._buffer = bytearray()

    def _append(self, piece: bytes | memoryview) -> None:
        self._buffer += piece

    def _cut(self, size: int) -> None:
        del self._buffer[size:]

    def _written(self) -> Iterable[bytes]:
        yield bytes(self._buffer)

    def _keep(self, digest: Digest) -> None:
        self._target[digest] = MemoryContent(memoryview(self._buffer).toreadonly())
        self._buffer = bytearray()
