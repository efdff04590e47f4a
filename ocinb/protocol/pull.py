"""Taking content: manifests first, then the blobs they name, and last the root, under its tag."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from functools import partial
from typing import Protocol, TypeAlias

from ocinb.errors import InvalidContent, NotFound
from ocinb.oci.descriptor import Descriptor
from ocinb.oci.digest import Digest
from ocinb.oci.index import Index
from ocinb.oci.manifest import AnyManifest
from ocinb.oci.platform import Platform
from ocinb.protocol.download import get_blob
from ocinb.protocol.events import LeftOut, Observer, Planned, Skipped, nobody
from ocinb.protocol.fetch import get_manifest
from ocinb.protocol.messages import Conversation, Sink
from ocinb.protocol.together import Together, Turn, at_once, one_by_one
from ocinb.text import human_size

# The bounds of one pull (K-26): its manifests are held in memory until they are kept.
DEEPEST = 8  # indexes within indexes
MOST_MANIFESTS = 10_000
MOST_MANIFEST_BYTES = 128 * 1024 * 1024


class BlobShelf(Protocol):
    """Where blobs may be, and go."""

    def has(self, blob: Descriptor) -> bool:
        """Whether this blob need not be asked for."""

    def place(self, blob: Descriptor) -> AbstractContextManager[Sink]:
        """A sink for this blob, which is on the shelf once all went well."""


class Shelf(BlobShelf, Protocol):
    """Where a pull puts content, piece by piece: the root last, so that nobody sees it without."""

    def expect(self, blobs: Iterable[Descriptor]) -> None:
        """Raise `DiskFull` when there is no room for those of `blobs` that are not there yet."""

    def keep(self, manifest: AnyManifest) -> None:
        """Have a manifest that another one names."""

    def show(self, root: AnyManifest, tag: str | None) -> None:
        """Have what all the rest belongs to, and give it its tag."""


GetManifest: TypeAlias = Callable[[str, Descriptor | None], Conversation[AnyManifest]]


def pull(
    name: str,
    root: str | AnyManifest,
    shelf: Shelf,
    *,
    tag: str | None = None,
    platform: str | Platform | None = None,
    get: GetManifest | None = None,
    announce: Observer = nobody,
    together: Together = one_by_one,
    turn: Turn = at_once,
) -> Conversation[AnyManifest]:
    """Put all that belongs to `root`, a tag, digest or manifest, on `shelf`, as `tag` if given.

    Of an index, `platform` takes one image only. `get` fetches a manifest by tag or digest, for
    the entry of an index that names it; who remembers one need not ask. `together` has several
    manifests or blobs fetched, each blob in its `turn`. Returns what was shown.
    """
    get = get or partial(get_manifest, name)
    if isinstance(root, str):
        root = yield from get(root, None)
    if isinstance(root, Index) and platform is not None:
        entry = root.for_platform(platform, same_architecture=True)
        root = yield from get(entry.digest, entry)
    children = yield from below(root, get, together)
    blobs = all_blobs((*children, root))
    shelf.expect(blobs)
    announce(Planned(blobs))
    yield from together(pull_blob(name, blob, shelf, announce, turn) for blob in blobs)
    for child in children:
        shelf.keep(child)
    shelf.show(root, tag)
    return root


def pull_blob(
    name: str, blob: Descriptor, shelf: BlobShelf, announce: Observer = nobody, turn: Turn = at_once
) -> Conversation[None]:
    """Fetch a blob onto `shelf`, verified, unless it is there once it is its `turn`.

    What lives elsewhere is left out where the registry does not have it: nobody else is asked
    (K-5).
    """
    with turn(blob.digest):
        if shelf.has(blob):
            announce(Skipped(blob.digest, blob.size))
            return
        try:
            with shelf.place(blob) as sink:
                yield from get_blob(name, blob, sink, announce)
        except NotFound:
            if not blob.lives_elsewhere:
                raise
            announce(LeftOut(blob.digest, blob.size))


def all_blobs(manifests: Iterable[AnyManifest]) -> tuple[Descriptor, ...]:
    """Every config, layer and blob that `manifests` name, each digest once."""
    return _children(each for each in manifests if not isinstance(each, Index))


def below(
    root: AnyManifest, get: GetManifest, together: Together
) -> Conversation[tuple[AnyManifest, ...]]:
    """Every manifest below `root`, each once, children before parents; within bounds (K-26)."""
    levels: list[dict[Digest, AnyManifest]] = [{root.digest: root}]
    count, size = 1, 0
    while below := _children(each for each in levels[-1].values() if isinstance(each, Index)):
        count, size = count + len(below), size + sum(entry.size for entry in below)
        if count > MOST_MANIFESTS or size > MOST_MANIFEST_BYTES or len(levels) > DEEPEST:
            raise InvalidContent(
                f"{root.digest.short} has indexes within indexes more than {DEEPEST} deep, or "
                f"more than {MOST_MANIFESTS:,} manifests, "
                f"or manifests of more than {human_size(MOST_MANIFEST_BYTES)} in all"
            )
        found = yield from together(get(entry.digest, entry) for entry in below)
        levels.append({entry.digest: each for entry, each in zip(below, found, strict=True)})
    deepest_first = [each for level in reversed(levels[1:]) for each in level.items()]
    return tuple(dict(deepest_first).values())


def _children(manifests: Iterable[AnyManifest]) -> tuple[Descriptor, ...]:
    """What `manifests` name, each digest once."""
    return tuple({child.digest: child for each in manifests for child in each.children}.values())
