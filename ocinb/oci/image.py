"""Images as things to be moved: a manifest, and blobs that are opened when they are needed."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Self, TypeAlias, Unpack

from ocinb.drawable import Drawable
from ocinb.errors import InvalidContent, InvalidReference
from ocinb.oci import annotations as keys
from ocinb.oci import media_types, strict_json
from ocinb.oci.config import ImageConfig, parse_config
from ocinb.oci.descriptor import Descriptor
from ocinb.oci.digest import Digest
from ocinb.oci.file_part import FilePart
from ocinb.oci.index import Index
from ocinb.oci.manifest import ArtifactManifest, Manifest
from ocinb.oci.platform import Platform
from ocinb.text import human_size

if TYPE_CHECKING:
    from ocinb.oci.diffs.platforms import IndexDiff, Indexed
    from ocinb.oci.diffs.regard import Switches

_PIECE = 256 * 1024


class _InMemory:
    """How to open content held in memory; unlike a function made on the spot, it can be pickled."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def __call__(self) -> Iterator[bytes]:
        for at in range(0, len(self._content), _PIECE):
            yield self._content[at : at + _PIECE]


@dataclass(frozen=True)
class Blob(Drawable):
    """Content that can be read again and again: a descriptor, and how to open it in pieces.

    `origin` is where it comes from, a registry's place and the name of a repository, if that is so:
    the same registry can take it over from there.
    """

    descriptor: Descriptor
    open: Callable[[], Iterable[bytes]] = field(repr=False, compare=False)
    origin: tuple[str, str] | None = field(default=None, repr=False, compare=False)

    @classmethod
    def of(cls, content: bytes, media_type: str, **fields: object) -> Blob:
        """A blob held in memory."""
        return cls(Descriptor.of(content, media_type, **fields), _InMemory(content))

    @classmethod
    def in_file(cls, descriptor: Descriptor, path: str | os.PathLike[str]) -> Blob:
        """A blob that lies in a file, whose digest and size somebody knows already.

        The digest is taken at its word: the registry it is pushed to checks it. Raises
        `InvalidContent` for a file of another size.
        """
        file = FilePart.whole(path)
        if file.size != descriptor.size:
            raise InvalidContent(
                f"{descriptor.digest.short} should have {descriptor.size:,} bytes, and "
                f"{file.path.name} has {file.size:,}"
            )
        return cls(descriptor, file)

    @property
    def digest(self) -> Digest:
        """The name of the content."""
        return self.descriptor.digest

    @property
    def size(self) -> int:
        """Bytes in all."""
        return self.descriptor.size

    @property
    def file(self) -> FilePart | None:
        """Where it lies on this machine, if it is nothing but a file."""
        return self.open if isinstance(self.open, FilePart) else None

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.open())

    def __repr__(self) -> str:
        return f"<Blob {self.digest.short} {human_size(self.size)}>"


@dataclass(frozen=True)
class Image(Drawable):
    """A manifest and the blobs it names, ready to be pushed. Artifacts are images, too."""

    manifest: Manifest | ArtifactManifest
    blobs: tuple[Blob, ...]

    @classmethod
    def of(
        cls,
        config: Blob,
        layers: Iterable[Blob],
        *,
        annotations: Mapping[str, str] | None = None,
        subject: Descriptor | None = None,
        artifact_type: str = "",
    ) -> Self:
        """An image of `config` and `layers`, its manifest written anew."""
        layers = tuple(layers)
        manifest = Manifest.of(
            config.descriptor,
            [layer.descriptor for layer in layers],
            annotations=annotations,
            subject=subject,
            artifact_type=artifact_type,
        )
        return cls(manifest, (config, *layers))

    @property
    def document(self) -> Manifest | ArtifactManifest:
        """What names everything in it, and is pushed last: its manifest."""
        return self.manifest

    @property
    def config_blob(self) -> Blob | None:
        """The config as it is moved; None for what has none, and where it was left out."""
        named = self.manifest
        found = self._found((named.config,)) if isinstance(named, Manifest) else ()
        return found[0] if found else None

    @cached_property
    def config(self) -> ImageConfig | None:
        """What the image says about itself; None for artifacts, and where it was left out.

        Raises `InvalidContent` when it is no JSON object.
        """
        blob = self.config_blob
        if blob is None or blob.descriptor.media_type not in media_types.IMAGE_CONFIGS:
            return None
        if blob.size > strict_json.MANIFEST_LIMIT:
            raise InvalidContent(f"the image config has {blob.size:,} bytes, which is too many")
        return parse_config(b"".join(blob), blob.descriptor.media_type)

    @property
    def layers(self) -> tuple[Blob, ...]:
        """The layers, or an artifact's blobs, in the manifest's order; without any left out."""
        return self._found(self.manifest.layers)

    @cached_property
    def unique_blobs(self) -> tuple[Blob, ...]:
        """The blobs, each digest once."""
        return tuple({blob.digest: blob for blob in self.blobs}.values())

    @property
    def descriptor(self) -> Descriptor:
        """What points to the manifest."""
        return self.manifest.descriptor

    @property
    def digest(self) -> Digest:
        """The digest of the manifest."""
        return self.manifest.digest

    @property
    def total_size(self) -> int:
        """Bytes of manifest and blobs together, as they are transferred."""
        return sum(_sizes(self).values())

    def _found(self, named: Iterable[Descriptor]) -> tuple[Blob, ...]:
        here = {blob.digest: blob for blob in self.blobs}
        return tuple(here[each.digest] for each in named if each.digest in here)

    def __repr__(self) -> str:
        return f"<Image {self.digest.short} {len(self.blobs)} blobs {human_size(self.total_size)}>"


@dataclass(frozen=True)
class ImageIndex(Drawable):
    """An index and the images it names, ready to be pushed; an image may be absent from here."""

    index: Index
    children: tuple[Image | ImageIndex, ...]

    @classmethod
    def of(
        cls,
        images: Iterable[tuple[Platform, Image]],
        *,
        attestations: Iterable[tuple[Image, Image]] = (),
        annotations: Mapping[str, str] | None = None,
    ) -> ImageIndex:
        """An index of `images`; `attestations` pair an image with what speaks of it."""
        images, attestations = tuple(images), tuple(attestations)
        entries = [replace(image.descriptor, platform=platform) for platform, image in images]
        entries += [_attestation(subject, image) for subject, image in attestations]
        index = Index.of(entries, annotations=annotations)
        return cls(index, tuple(image for _, image in (*images, *attestations)))

    @property
    def document(self) -> Index:
        """What names everything in it, and is pushed last: its index."""
        return self.index

    @property
    def descriptor(self) -> Descriptor:
        """What points to the index."""
        return self.index.descriptor

    @property
    def digest(self) -> Digest:
        """The digest of the index."""
        return self.index.digest

    @property
    def total_size(self) -> int:
        """Bytes of index and children together, as they are transferred."""
        return sum(_sizes(self).values())

    def diff(self, other: Indexed, **switches: Unpack[Switches]) -> IndexDiff:
        """The platforms of both as a matrix; `diff["linux/amd64"]` compares two images.

        See `ocinb.oci.diffs.regard.Regard` for what may be overlooked.
        """
        from ocinb.oci.diffs.platforms import diff_indexed  # noqa: PLC0415  # few compare
        from ocinb.oci.diffs.regard import Regard  # noqa: PLC0415  # few compare

        return diff_indexed(self, other, Regard.of(**switches))

    def child(self, entry: Descriptor) -> Image | ImageIndex:
        """What an entry of the index points to; raises `InvalidReference` when it is not here."""
        for each in self.children:
            if each.digest == entry.digest:
                return each
        raise InvalidReference(entry.digest, "image of this index", "it is not here")

    def __repr__(self) -> str:
        return f"<ImageIndex {self.digest.short} {len(self.children)} children>"


Content: TypeAlias = Image | ImageIndex


def _sizes(content: Content) -> dict[Digest, int]:
    """The size of everything in `content` by its digest, so that it counts once."""
    sizes = {content.digest: content.document.size}
    if isinstance(content, Image):
        return sizes | {blob.digest: blob.size for blob in content.blobs}
    for child in content.children:
        sizes |= _sizes(child)
    return sizes


def _attestation(subject: Image, image: Image) -> Descriptor:
    """The entry under which BuildKit lists the attestations of `subject`."""
    return replace(
        image.descriptor,
        platform=Platform("unknown", "unknown"),
        annotations={
            keys.REFERENCE_TYPE: keys.ATTESTATION_MANIFEST,
            keys.REFERENCE_DIGEST: str(subject.digest),
        },
    )
