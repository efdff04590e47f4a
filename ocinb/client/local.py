"""Images on this machine, in a folder or a tar file, as the same objects that a registry gives.

    images = ocinb.open("images.tar")
    images["v1"]["linux/arm64"].layers[0].files

Nothing is unpacked by name, and nothing is sent to anybody. What is read is hashed while it is.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import suppress

from ocinb.client import reading
from ocinb.client.known import Known
from ocinb.client.local_content import LocalContent
from ocinb.client.moving import transfer
from ocinb.client.remote import Remote, bind
from ocinb.client.source import Folder, Wanted
from ocinb.client.verbs.conversing import watched
from ocinb.client.verbs.filling import Filling
from ocinb.drawable import Drawable
from ocinb.errors import NotHere, NotSupported, OcinbError
from ocinb.layers.limits import Limits
from ocinb.oci.config import ImageConfig, parse_config
from ocinb.oci.descriptor import Descriptor
from ocinb.oci.digest import Digest, looks_like_digest
from ocinb.oci.document import Document
from ocinb.oci.index import Index
from ocinb.oci.manifest import AnyManifest, ArtifactManifest, Manifest, parse_manifest
from ocinb.oci.platform import Platform
from ocinb.oci.reference import tag_of
from ocinb.protocol.referring.referrers import ReferrerList
from ocinb.protocol.tags import TagList
from ocinb.storage.layout import Layout
from ocinb.storage.names import Names
from ocinb.storage.nested import below
from ocinb.text import nearest, short_path, visible

_MOST_AT_ONCE = 64  # manifests of an index that are read with it


class LocalRepository(LocalContent, Filling, Drawable):
    """The images in an image layout, an oci-archive or a docker-archive at `path`.

    `images["v1"]` is what a tag, full name or digest stands for, `images[0]` the first that is
    listed, `images.only` all there is, whatever it is called. Iterating gives the names.

    Raises `InvalidArchive` for an archive that is damaged or beyond `limits`, `InvalidContent` for
    what holds no images, and `FileNotFoundError` where nothing is.
    """

    def __init__(self, path: str | os.PathLike[str], *, limits: Limits | None = None) -> None:
        super().__init__(path, limits=limits)
        self._known = Known()
        self._children: dict[Digest, tuple[Descriptor, ...]] = {}
        self._names = (self.store.catalogue(), Names(self.store.catalogue()))

    @property
    def names(self) -> Names:
        """What is listed in it now, and how that is called."""
        catalogue = self.store.catalogue()
        if self._names[0] is not catalogue:
            self._names = (catalogue, Names(catalogue))
        return self._names[1]

    def tags(self) -> TagList:
        """The names there are: tags, and full names where a tag stands for several."""
        return TagList(short_path(self.path), self.names.shown())

    def __getitem__(self, wanted: str | int) -> Remote:
        """What a tag, full name or digest stands for, or the entry of `index.json` at a position.

        Raises `NotHere`, a `NotFound`, naming the nearest names, `InvalidReference` where a tag
        stands for several, and `DigestMismatch` for what somebody tampered with.
        """
        if isinstance(wanted, int):
            roots = self.roots
            if not -len(roots) <= wanted < len(roots):
                raise IndexError(f"there is nothing {wanted}: it has {len(roots)}, from 0 on")
            return self._bound(roots[wanted])
        if not isinstance(wanted, str):
            raise TypeError(f"a name or position is wanted, not {type(wanted).__name__}")
        return self._bound(self._entry(wanted), wanted)

    @property
    def roots(self) -> tuple[Descriptor, ...]:
        """What its `index.json` lists, each once, named or not."""
        return tuple({entry.digest: entry for entry in self.names.entries}.values())

    @property
    def only(self) -> Remote:
        """All there is in it, whatever it is called; raises `NotHere` when that is several."""
        roots = self.roots
        if len(roots) != 1:
            hints = [nearest("", self)] if len(self) else ["each has a position: [0]"]
            raise NotHere(None, "", f"{self.location} holds {len(roots):,} things", hints=hints)
        return self[0]

    def __iter__(self) -> Iterator[str]:
        return iter(self.names.shown())

    def __len__(self) -> int:
        return len(self.names.shown())

    def __contains__(self, name: object) -> bool:
        """Whether `self[name]` is there for a tag, full name or digest."""
        try:
            return isinstance(name, str) and bool(self._entry(name))
        except (OcinbError, ValueError):
            return False

    def manifests(self) -> tuple[Descriptor, ...]:
        """Every manifest that is there, also those that only an index names."""
        found = {each.digest: each for each in self.roots}
        nested = below(self.store, found.values(), self._children).items()
        here = {digest: each for digest, each in nested if self.store.content(digest)}
        return tuple({**here, **found}.values())

    def known(self, digest: str) -> Document | None:
        """The manifest or config of this digest when it was read before."""
        return self._known.get("", digest)

    def manifest(self, reference: str, expected: Descriptor | None = None) -> AnyManifest:
        """The manifest or index known as `reference`, verified, and as `expected` says, if given.

        Raises as `self[reference]` does.
        """
        entry = expected if expected is not None else self._entry(reference)
        known = self.known(entry.digest)
        if isinstance(known, (Manifest, Index, ArtifactManifest)) and (
            (known.media_type, known.size) == (entry.media_type, entry.size)
        ):
            return known
        raw = self._small(entry)
        return self._known.add("", parse_manifest(raw, entry.media_type, digest=entry.digest))

    def config(self, config: Descriptor) -> ImageConfig:
        """The image config that `config` points to, verified."""
        known = self.known(config.digest)
        if isinstance(known, ImageConfig):
            return known
        found = parse_config(self._small(config), config.media_type, digest=config.digest)
        return self._known.add("", found)

    def load(self, entries: Iterable[Descriptor]) -> None:
        """Read the manifests of an index's `entries`, and the configs of those that are images."""
        for entry in entries:
            self._with_config(self.manifest(entry.digest, entry))

    def referrers(
        self, reference: str, artifact_type: str | None = None, *, confirm: bool = False
    ) -> ReferrerList:
        """What refers to a name or digest, of one type if given: of all manifests that are there,
        those that name it as their subject, so they need no confirming."""
        by_digest = looks_like_digest(reference)
        subject = Digest(reference) if by_digest else self._entry(reference).digest
        return reading.referrers(self, subject, artifact_type or "", self.manifests())

    def pull_document(
        self,
        root: AnyManifest,
        asked: str,
        into: Folder,
        *,
        platform: str | Platform | None = None,
        progress: Wanted = None,
    ) -> Layout:
        """Copy `root`, which was asked for by this name or digest, with all it names, verified."""
        layout = transfer.opened(into)
        with watched(progress, f"Copy {self.at(asked)}"):
            reading.pull(self, root, tag_of(asked), layout, platform)
        return layout

    def _filled(self) -> Layout:
        if isinstance(self.store, Layout):
            return self.store
        raise NotSupported(
            f"{self.location} is an archive, which is written once and then only read",
            hints=["save writes a new one: other['v1'].save('new.tar', recursive=True)"],
        )

    def _bound(self, entry: Descriptor, asked: str = "") -> Remote:
        manifest = self.manifest(entry.digest, entry)
        with suppress(OcinbError):  # what is missing or broken shows when it is asked for
            self._with_config(manifest)
            if isinstance(manifest, Index):
                self.load(manifest.manifests[:_MOST_AT_ONCE])
        return bind(self, asked or entry.digest, manifest, entry.platform)

    def _with_config(self, manifest: AnyManifest) -> None:
        if isinstance(manifest, Manifest) and manifest.is_image:
            self.config(manifest.config)

    def _entry(self, wanted: str) -> Descriptor:
        if looks_like_digest(wanted):
            digest = Digest(wanted)
            found = next((each for each in self.manifests() if each.digest == digest), None)
        else:
            found = self.names.find(wanted)
        if found is not None:
            return found
        hints = [nearest(wanted, self)] if len(self) else []
        if not hints and self.roots:
            hints = ["what is in it has no names: .only, or [0], [1] and so on"]
        said = f"{self.location} has no manifest called {visible(wanted, 200)!r}"
        raise NotHere(None, "", said, hints=hints)

    def __repr__(self) -> str:
        named = ", ".join(visible(name, 80) for name in self.names.shown()[:4])
        more = f" and {len(self) - 4:,} more" if len(self) > 4 else ""
        held = f"{named}{more}" if named else f"{len(self.roots):,} without a name"
        return f"<LocalRepository {short_path(self.path)} ({self.format}): {held}>"

    def _ipython_key_completions_(self) -> list[str]:
        return list(self.names.shown())[:500]


def open_(path: str | os.PathLike[str], *, limits: Limits | None = None) -> LocalRepository:
    """The images in a layout, an oci-archive or a docker-archive: `ocinb.open("x.tar")["v1"]`.

    They are the same objects as a registry gives. See `LocalRepository`.
    """
    return LocalRepository(path, limits=limits)
