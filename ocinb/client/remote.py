"""Content bound to its source: what a tag stands for, and what can be fetched from there.

Only what is asked for is fetched, and by digest, so it is asked for once. Drawing asks nobody.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Generic, NoReturn, TypeAlias, TypeVar

from ocinb.client.source import MEMORY_LIMIT, Folder, Source, Target, Wanted
from ocinb.drawable import Drawable
from ocinb.errors import InvalidReference, NotSupported
from ocinb.layers.files import FileList
from ocinb.layers.limits import Limits
from ocinb.layers.listing import listed
from ocinb.layers.reading import Taker
from ocinb.oci.config import ImageConfig
from ocinb.oci.descriptor import Descriptor
from ocinb.oci.digest import Digest
from ocinb.oci.image import Blob
from ocinb.oci.index import Index
from ocinb.oci.manifest import AnyManifest, ArtifactManifest, Manifest
from ocinb.oci.platform import Platform, choose
from ocinb.text import nearest, visible

if TYPE_CHECKING:
    from ocinb.protocol.referring.referrers import ReferrerList
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


class RemoteLayer(Drawable):
    """One layer or blob of an image or artifact, still where that came from."""

    def __init__(
        self,
        source: Source,
        descriptor: Descriptor,
        position: int,
        image: Manifest | None = None,
    ) -> None:
        self.source = source
        self.descriptor = descriptor
        self.position = position
        self._image = image

    @property
    def digest(self) -> Digest:
        """The digest of the content as it is transferred."""
        return self.descriptor.digest

    @property
    def size(self) -> int:
        """Bytes to transfer."""
        return self.descriptor.size

    @property
    def reference(self) -> str:
        """Where it is, and its digest."""
        return self.source.at(self.digest)

    @property
    def blob(self) -> Blob:
        """The content as part of an `ocinb.Image`: fetched, and verified, whenever it is read."""
        return self.source.blob(self.descriptor)

    def read(self, limit: int = MEMORY_LIMIT) -> bytes:
        """The content, verified, in memory; raises `InvalidContent` beyond `limit` bytes."""
        return self.source.pull_blob(self.descriptor, limit=limit, progress=False)

    def read_part(self, start: int, stop: int) -> bytes:
        """The bytes from `start` up to `stop`, which cannot be verified: a digest is of the whole.

        See `Repository.pull_blob_part`.
        """
        return self.source.pull_blob_part(self.descriptor, start, stop)

    def save(self, into: Target, progress: Wanted = None) -> None:
        """Write the content to a file or sink, verified on the way."""
        self.source.pull_blob(self.descriptor, into=into, progress=progress)

    @cached_property
    def files(self) -> FileList:
        """The files in it: fetched, verified and listed when first asked for, then kept.

        Nothing is written anywhere. See `list_files` for what is raised.
        """
        return self.list_files()

    @property
    def known_files(self) -> FileList | None:
        """The same when they were listed before, else None; asks nobody."""
        known: FileList | None = vars(self).get("files")
        return known

    def list_files(self, *, limits: Limits | None = None, progress: Wanted = False) -> FileList:
        """The same anew, within other limits (`ocinb.layers.limits.Limits`) or with progress.

        The archive in it must hash to what the config of the image says, where that was fetched
        before. Raises `InvalidArchive` for what is no archive at all, `NotSupported` for a
        compression that cannot be undone here, `DigestMismatch` for another archive. One that is
        broken in the middle, or beyond `limits`, gives an incomplete list that says why.
        """

        def pour(taker: Taker, wanted: Wanted = False) -> None:
            self.source.pull_blob(self.descriptor, into=taker, progress=wanted)

        first = [progress]  # what is fetched again for one file needs no panel
        return listed(
            lambda taker: pour(taker, first.pop() if first else False),
            self.reference,
            self._diff_id,
            limits,
        )

    @property
    def _diff_id(self) -> Digest | None:
        """What the config says of the archive in it; asks nobody."""
        known = self.source.known(self._image.config.digest) if self._image else None
        if self._image is None or not isinstance(known, ImageConfig):
            return None
        if len(known.diff_ids) != len(self._image.layers):
            return None
        return known.diff_ids[self.position]

    def __repr__(self) -> str:
        return f"<RemoteLayer {self.position} {self.descriptor!r}>"


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
