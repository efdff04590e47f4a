"""How large what stands behind tags is: for each tag and platform, and what it shares."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from ocinb.drawable import Drawable
from ocinb.errors import DigestMismatch, InvalidContent, NotFound, NotSupported, OcinbError
from ocinb.oci import annotations as keys
from ocinb.oci.config import parse_time
from ocinb.oci.descriptor import Descriptor
from ocinb.oci.digest import Digest
from ocinb.oci.index import Index
from ocinb.oci.manifest import AnyManifest, ArtifactManifest, Manifest
from ocinb.oci.platform import Platform, choose
from ocinb.protocol.messages import Conversation
from ocinb.protocol.pull import GetManifest
from ocinb.protocol.select import GetConfig
from ocinb.protocol.together import Together
from ocinb.text import human_size, visible

_OF_A_DIGEST = re.compile(r"[a-z0-9]+-[0-9a-f]{32,}(\..+)?", re.ASCII)  # of referrers, of cosign's
# What may be wrong with one tag and right with the next.
_ODD = (NotFound, InvalidContent, DigestMismatch, NotSupported)
_PIECES = re.compile(r"([0-9]+)", re.ASCII)


@dataclass(frozen=True)
class TagSize(Drawable):
    """An image or artifact behind a tag: how many bytes there are to transfer, and in what.

    `shared` are the bytes of its blobs that the one before it, of the same platform, has, too;
    None for the first. `platform` is None where nobody says one.
    """

    tag: str
    platform: Platform | None
    digest: Digest
    size: int
    layers: int
    created: datetime | None = None
    shared: int | None = None

    def __repr__(self) -> str:
        platform = f" {visible(self.platform, 200)}" if self.platform else ""
        return f"<TagSize {visible(self.tag, 200)}{platform} {human_size(self.size)}>"


@dataclass(frozen=True)
class TagSizes(Drawable):
    """What stands behind several tags of a repository, in their order.

    `left_out` are the tags that were not looked at, `troubles` those that could not be, and why.
    """

    repository: str
    sizes: tuple[TagSize, ...] = ()
    left_out: int = 0
    troubles: tuple[tuple[str, str], ...] = ()

    def __iter__(self) -> Iterator[TagSize]:
        return iter(self.sizes)

    def __len__(self) -> int:
        return len(self.sizes)

    def __getitem__(self, position: int) -> TagSize:
        return self.sizes[position]

    def __repr__(self) -> str:
        tags = len({each.tag for each in self.sizes})
        left = f", {self.left_out:,} tags left out" if self.left_out else ""
        return f"<TagSizes {visible(self.repository, 200)}: {tags:,} tags{left}>"


@dataclass(frozen=True)
class _Image:
    """What is behind a tag, once enough of it is known."""

    tag: str
    manifest: Manifest | ArtifactManifest
    platform: Platform | None
    created: datetime | None

    @property
    def blobs(self) -> dict[Digest, int]:
        """The bytes of each blob; what comes twice is transferred once."""
        found = {blob.digest: blob.size for blob in self.manifest.layers}
        if isinstance(self.manifest, Manifest):
            found[self.manifest.config.digest] = self.manifest.config.size
        return found

    def size(self, before: _Image | None) -> TagSize:
        """How large it is, and what it shares with the one `before`."""
        manifest, blobs, shared = self.manifest, self.blobs, None
        size = manifest.size + sum(blobs.values())
        if before is not None:
            there = before.blobs
            shared = sum(size for digest, size in blobs.items() if digest in there)
            shared += manifest.size if manifest.digest == before.manifest.digest else 0
        return TagSize(self.tag, self.platform, manifest.digest, size, len(manifest.layers),
                       self.created, shared)  # fmt: skip


def latest(tags: Iterable[str], most: int) -> list[str]:
    """The last `most` of `tags` as people count (`v1.10` after `v1.9`), without those that are made
    from digests, under which signatures and referrers are kept."""
    named = [tag for tag in tags if not _OF_A_DIGEST.fullmatch(tag)]
    return sorted(named, key=_as_people_count)[-most:] if most > 0 else []


def sizes(
    name: str,
    tags: Sequence[str],
    get: GetManifest,
    get_config: GetConfig,
    together: Together,
    *,
    platform: Platform | None = None,
    left_out: int = 0,
    strictly: bool = True,
) -> Conversation[TagSizes]:
    """How large what stands behind each of `tags` is, fetched by `get` and `get_config`.

    A config is only asked for where nothing else says when an image was made or what it is for.
    Unless `strictly`, a tag that is gone or holds something odd is named in `troubles`.
    """
    looking = _Looking(get, get_config, platform, strictly)
    roots = yield from together(looking.root(tag) for tag in tags)
    ahead = {each.digest: each for root in roots for each in _behind(root, platform)}
    yield from together(map(looking.at, ahead.values()))
    images = [
        replace(looking.found[each.digest], tag=tag)
        for tag, root in zip(tags, roots, strict=True)
        for each in _behind(root, platform)
        if each.digest in looking.found
    ]
    return TagSizes(name, _compared(images), left_out, tuple(looking.troubles.items()))


@dataclass
class _Looking:
    """Looking at what is behind tags: each manifest once, whichever tags it has."""

    get: GetManifest
    get_config: GetConfig
    platform: Platform | None
    strictly: bool
    found: dict[Digest, _Image] = field(default_factory=dict)
    troubles: dict[str, str] = field(default_factory=dict)

    def root(self, tag: str) -> Conversation[AnyManifest | None]:
        """What the tag stands for, or None when that cannot be said."""
        try:
            return (yield from self.get(tag, None))
        except _ODD as error:
            self._note(tag, error)
            return None

    def at(self, entry: Descriptor | AnyManifest) -> Conversation[None]:
        """Look at an image of an index, or at what has a tag itself."""
        try:
            manifest, platform = entry, None
            if isinstance(entry, Descriptor):
                manifest, platform = (yield from self.get(entry.digest, entry)), entry.platform
            yield from self._known(manifest, platform)
        except _ODD as error:
            self._note(entry.digest, error)

    def _known(
        self, manifest: Descriptor | AnyManifest, platform: Platform | None
    ) -> Conversation[None]:
        if not isinstance(manifest, (Manifest, ArtifactManifest)):
            return  # an index in an index
        created = parse_time(manifest.annotations.get(keys.CREATED))
        if isinstance(manifest, Manifest) and manifest.is_image and not (created and platform):
            config = yield from self.get_config(manifest.config)
            created, platform = created or config.created, platform or config.platform
        if _fits(self.platform, platform):
            self.found[manifest.digest] = _Image("", manifest, platform, created)

    def _note(self, what: str, error: OcinbError) -> None:
        if self.strictly:
            raise error
        self.troubles[what] = str(error)


def _behind(
    root: AnyManifest | None, platform: Platform | None
) -> Sequence[Descriptor | AnyManifest]:
    """The images of an index, or the one for `platform`; what is none stands for itself."""
    if not isinstance(root, Index):
        return () if root is None else (root,)
    if platform is None:
        return root.images
    at = choose(platform, [entry.platform for entry in root.images], same_architecture=True)
    return () if at is None else (root.images[at],)


def _fits(wanted: Platform | None, platform: Platform | None) -> bool:
    """Whether an image is for the platform that is wanted; one for nobody knows which is."""
    if wanted is None or platform is None:
        return True
    return choose(wanted, [platform], same_architecture=True) is not None


def _compared(images: Sequence[_Image]) -> tuple[TagSize, ...]:
    """Each with what it shares with the one before it of the same platform."""
    before: dict[str, _Image] = {}
    rows = []
    for image in images:
        platform = str(image.platform)
        rows.append(image.size(before.get(platform)))
        before[platform] = image
    return tuple(rows)


def _as_people_count(tag: str) -> list[tuple[int, str]]:
    pieces = _PIECES.split(tag)
    return [(int(each), "") if at % 2 else (-1, each) for at, each in enumerate(pieces)]
