"""Content bound to its source: what a tag stands for, and what can be fetched from there.

Only what is asked for is fetched, and by digest, so it is asked for once. Drawing asks nobody.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Generic, NoReturn, TypeAlias, TypeVar, Unpack, cast

from ocinb.client.layer import RemoteLayer
from ocinb.client.source import Folder, Ranged, Source, Wanted
from ocinb.drawable import Drawable
from ocinb.errors import InvalidReference, NotSupported
from ocinb.oci.config import ImageConfig
from ocinb.oci.descriptor import Descriptor
from ocinb.oci.digest import Digest
from ocinb.oci.index import Index
from ocinb.oci.manifest import AnyManifest, ArtifactManifest, Manifest
from ocinb.oci.platform import Platform, choose
from ocinb.text import nearest, visible

if TYPE_CHECKING:
    from ocinb.layers.diffs.images import Comparable, ImageDiff
    from ocinb.layers.files import FileList
    from ocinb.layers.filesystem import FileSystem
    from ocinb.layers.limits import Limits
    from ocinb.oci.diffs.platforms import IndexDiff
    from ocinb.oci.diffs.regard import Switches
    from ocinb.protocol.referring.referrers import ReferrerList
    from ocinb.storage.archive.naming import Format
    from ocinb.storage.layout import Layout

D = TypeVar("D", bound="AnyManifest")


class _Bound(Drawable, Generic[D]):
    """A document, the source it came from, and what it was asked for by."""

    def __init__(self, source: Source, asked: str, document: D) -> None:
        self.source = source
        self.asked = asked
        self.document = document

    @property
    def digest(self) -> Digest:
        """The digest of its manifest or index."""
        return self.document.digest

    @property
    def raw(self) -> bytes:
        """The bytes of its manifest or index, as they came."""
        return self.document.raw

    @property
    def reference(self) -> str:
        """The full reference it was asked for by."""
        return self.source.at(self.asked)

    @property
    def pinned(self) -> str:
        """The full reference by digest: what this is for ever."""
        return self.source.at(self.digest)

    @property
    def expression(self) -> str:
        """The Python that fetches this again."""
        return f"{self.source.expression}[{self.asked!r}]"

    def pull(
        self,
        into: Folder,
        *,
        platform: str | Platform | None = None,
        progress: Wanted = None,
    ) -> Layout:
        """Copy it with all it names into an OCI image layout; see `Repository.pull`.

        It is this content that is copied, also when its tag has moved on meanwhile.
        """
        return self.source.pull_document(
            self.document, self.asked, into, platform=platform, progress=progress
        )

    def referrers(self, artifact_type: str | None = None, *, confirm: bool = False) -> ReferrerList:
        """What refers to it, of one type if given; see `Repository.referrers`.

        It is this content that is asked about, also when its tag has moved on meanwhile.
        """
        return self.source.referrers(self.digest, artifact_type, confirm=confirm)

    def save(
        self,
        path: str | os.PathLike[str],
        *names: str,
        recursive: bool = False,
        platform: str | Platform | None = None,
        format: Format | None = None,  # noqa: A002  # the word for it
        compression: str | None = None,
        progress: Wanted = None,
    ) -> None:
        """Write it with all it names to `path`: one tar file (`image.tar`, `.tar.gz`, `.tar.zst`),
        or a folder as an OCI image layout; `format` and `compression` say otherwise.

        It has the `names` there, tags or full names, by default the tag it was asked for by. With
        `recursive`, what refers to any of it goes along, as with `Repository.copy`. Each blob goes
        from its source to the file and nowhere else. The file appears when all went well; see
        `ocinb.storage.archive.saving.save` for what is raised.
        """
        from ocinb.client.verbs.saving import save  # noqa: PLC0415  # which imports this

        save(
            self,  # type: ignore[arg-type]  # all that are bound are one of these
            path,
            names,
            recursive=recursive,
            platform=platform,
            format=format,
            compression=compression,
            progress=progress,
        )

    def diff(self, other: Comparable, **switches: Unpack[Switches]) -> ImageDiff | IndexDiff:
        """This and another one side by side, part by part; see `ocinb.oci.diffs.regard.Regard`.

        Of an index and an image, it is the image that the index has for the same platform.
        `semantic=True` overlooks times, order and names. Nothing is fetched before it is asked for.
        """
        from ocinb.layers.diffs.images import compare  # noqa: PLC0415  # few compare

        return compare(cast("Comparable", self), other, **switches)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {visible(self.reference, 512)} {self.digest.short}>"


class RemoteIndex(_Bound[Index]):
    """Several images under one name: `index["linux/arm64"]` is one of them."""

    @property
    def index(self) -> Index:
        """The index itself."""
        return self.document

    @property
    def platforms(self) -> tuple[Platform, ...]:
        """The platforms there are images for."""
        return self.document.platforms

    def __getitem__(self, wanted: str | Platform | int) -> Remote:
        """The image for a platform (a variant of its architecture will do), digest or position.

        Raises `InvalidReference` naming the platforms, or digests, there are.
        """
        return self.child(self._entry(wanted))

    def __contains__(self, wanted: object) -> bool:
        """Whether `self[wanted]` is there for a platform or digest; asks nobody."""
        try:
            return not isinstance(wanted, int) and bool(self._entry(wanted))
        except InvalidReference:
            return False

    def image(self, platform: str | Platform | None = None) -> RemoteImage:
        """The image a container engine would run for `platform`, by default on this machine.

        An architecture that the wanted one can also run will do. Raises `InvalidReference` naming
        the platforms there are, and `NotSupported` when what is there for one is no image.
        """
        wanted = platform or Platform.host()
        found = self.child(self.document.for_platform(wanted))
        if isinstance(found, RemoteImage):
            return found
        raise NotSupported(f"what the index has for {wanted} is {found!r}, which is no image")

    def child(self, entry: Descriptor) -> Remote:
        """What an entry of the index points to; its size and media type must agree with it."""
        manifest = self.source.manifest(entry.digest, entry)
        return bind(self.source, entry.digest, manifest, entry.platform)

    def known(self, entry: Descriptor) -> Remote | None:
        """The same when it was fetched before, else None; asks nobody."""
        manifest = self.source.known(entry.digest)
        if isinstance(manifest, (Manifest, Index, ArtifactManifest)):
            return bind(self.source, entry.digest, manifest, entry.platform)
        return None

    def load(self) -> RemoteIndex:
        """Fetch the manifests of all entries and the configs of the images; returns itself."""
        self.source.load(self.document.manifests)
        return self

    def __iter__(self) -> Iterator[Remote]:
        return map(self.child, self.document.images)

    def __len__(self) -> int:
        return len(self.document.images)

    def _entry(self, wanted: object) -> Descriptor:
        if isinstance(wanted, int):
            return self._at(wanted)
        if isinstance(wanted, str) and ":" in wanted:
            return self._by_digest(Digest(wanted))
        return self.document.for_platform(_platform(wanted), same_architecture=True)

    def _at(self, position: int) -> Descriptor:
        count = len(self)
        if not -count <= position < count:
            raise IndexError(f"there is no image {position}: the index has {count}, from 0 on")
        return self.document.images[position]

    def _by_digest(self, digest: Digest) -> Descriptor:
        entries = {entry.digest: entry for entry in self.document.manifests}
        if digest not in entries:
            raise InvalidReference(
                digest, "digest of this index", "no entry has it", hints=[nearest(digest, entries)]
            )
        return entries[digest]

    def _ipython_key_completions_(self) -> list[str]:
        return list(map(str, self.platforms))[:500]


class RemoteImage(_Bound[Manifest]):
    """One image: its manifest now, its config and layers when they are asked for."""

    def __init__(
        self, source: Source, asked: str, document: Manifest, platform: Platform | None = None
    ) -> None:
        super().__init__(source, asked, document)
        self._platform = platform
        self.layers = tuple(
            RemoteLayer(source, layer, position, document)
            for position, layer in enumerate(document.layers)
        )

    @property
    def manifest(self) -> Manifest:
        """The manifest itself."""
        return self.document

    @cached_property
    def config(self) -> ImageConfig:
        """The image config, fetched when first asked for."""
        return self.source.config(self.document.config)

    @property
    def known_config(self) -> ImageConfig | None:
        """The image config when it was fetched before, else None; asks nobody."""
        known = self.source.known(self.document.config.digest)
        return known if isinstance(known, ImageConfig) else None

    @cached_property
    def files(self) -> FileSystem:
        """Its files as a container sees them, with what lower layers had and others took away.

        Config and layers are fetched, verified and listed when this is first asked for, then kept;
        nothing is written anywhere. As many layers are listed side by side as the registry's
        `concurrency`; the first error stops the others. See `RemoteLayer.list_files` for what is
        raised.
        """
        return self._filesystem(lambda layer: layer.files, progress=False)

    @property
    def known_files(self) -> FileSystem | None:
        """The same when they were listed before, else None; asks nobody."""
        known: FileSystem | None = vars(self).get("files")
        return known

    def list_files(self, *, limits: Limits | None = None, progress: Wanted = False) -> FileSystem:
        """The same anew, each layer within other limits, or with progress.

        See `RemoteLayer.list_files`.
        """
        return self._filesystem(lambda layer: layer.list_files(limits=limits), progress)

    def _filesystem(
        self, listed: Callable[[RemoteLayer], FileList], progress: Wanted
    ) -> FileSystem:
        from ocinb.client.moving.jobs import side_by_side  # noqa: PLC0415
        from ocinb.client.verbs.conversing import watched  # noqa: PLC0415
        from ocinb.layers.merged.image_files import filesystem  # noqa: PLC0415  # most look no further

        config = self.config  # before the layers, which are verified by what it says
        named, name = self.document.layers, self.reference
        size = self.source.concurrency if isinstance(self.source, Ranged) else 1
        with watched(progress, f"List the files of {visible(name, 200)}"):
            return filesystem(
                name,
                named,
                config,
                lambda at: listed(self.layers[at]),
                lambda jobs: side_by_side(jobs, size),
            )

    @property
    def platform(self) -> Platform | None:
        """What it runs on: as its index said, else as its config says once that is known."""
        if self._platform is None and self.known_config is not None:
            return self.known_config.platform
        return self._platform

    @property
    def total_size(self) -> int:
        """Bytes to transfer: manifest, config and layers."""
        return self.document.total_size

    def __getitem__(self, wanted: str | Platform) -> RemoteImage:
        """Itself, when it is for the platform `wanted`; only its config may have to be asked.

        Raises `InvalidReference` naming the platform it is for.
        """
        platform = _platform(wanted)
        found = self.platform or self.config.platform
        if choose(platform, [found], same_architecture=True) is None:
            what = f"it is for {found}" if found.is_known else "it names none"
            raise InvalidReference(str(platform), "platform of this image", what)
        return self

    __iter__ = None  # else Python would ask for the platforms 0, 1, 2, …
    __contains__ = None

    def _ipython_key_completions_(self) -> list[str]:
        return [str(self.platform)] if self.platform else []


class RemoteArtifact(_Bound["Manifest | ArtifactManifest"]):
    """Something stored like an image that is none: an SBOM, a chart, a signature, attestations."""

    def __init__(self, source: Source, asked: str, document: Manifest | ArtifactManifest) -> None:
        super().__init__(source, asked, document)
        content = document.layers if isinstance(document, Manifest) else document.blobs
        self.blobs = tuple(
            RemoteLayer(source, blob, position) for position, blob in enumerate(content)
        )

    @property
    def manifest(self) -> Manifest | ArtifactManifest:
        """The manifest itself."""
        return self.document

    @property
    def artifact_type(self) -> str:
        """What kind of artifact it is."""
        return self.document.artifact_type

    @property
    def total_size(self) -> int:
        """Bytes to transfer: manifest, config and blobs."""
        return self.document.total_size

    def __getitem__(self, wanted: object) -> NoReturn:
        """Nothing, since it is for no platform: raises `InvalidReference`."""
        raise InvalidReference(wanted, "platform", f"{self.reference} is not an image")

    __iter__ = None
    __contains__ = None

    def _ipython_key_completions_(self) -> list[str]:
        return []


Remote: TypeAlias = RemoteIndex | RemoteImage | RemoteArtifact


def bind(
    source: Source, asked: str, manifest: AnyManifest, platform: Platform | None = None
) -> Remote:
    """`manifest` as what it is, bound to where it came from."""
    if isinstance(manifest, Index):
        return RemoteIndex(source, asked, manifest)
    if isinstance(manifest, Manifest) and manifest.is_image:
        return RemoteImage(source, asked, manifest, platform)
    if isinstance(manifest, (Manifest, ArtifactManifest)):
        return RemoteArtifact(source, asked, manifest)
    raise NotSupported(f"{manifest!r} is no manifest")


def _platform(wanted: object) -> Platform:
    """What was asked for by key, as a platform."""
    if isinstance(wanted, Platform):
        return wanted
    if isinstance(wanted, str):
        return Platform.parse(wanted)
    what = f"it is {type(wanted).__name__}, neither text nor Platform"
    raise InvalidReference(wanted, "platform", what)
