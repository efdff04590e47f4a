"""Manifests: one image or artifact, as a config and a list of layers or blobs.

image-spec, manifest.md; docker's schema 2 twin reads the same. `parse_manifest` is the one way
from bytes to a `Manifest`, `Index` or `ArtifactManifest`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias, Unpack

from ocinb.errors import InvalidContent, NotSupported
from ocinb.oci import media_types, strict_json
from ocinb.oci.descriptor import Descriptor, descriptors, string_map
from ocinb.oci.digest import Digest
from ocinb.oci.document import Document, encode
from ocinb.oci.index import Index, parse_index
from ocinb.text import human_size, visible

if TYPE_CHECKING:
    from ocinb.oci.diffs.fields import FieldsDiff
    from ocinb.oci.diffs.regard import Switches

MOST_LAYERS = 4_096


@dataclass(frozen=True, repr=False)
class Manifest(Document):
    """One image, or one artifact that is stored like one: a config and its layers."""

    config: Descriptor
    layers: tuple[Descriptor, ...] = ()
    annotations: Mapping[str, str] = field(default_factory=dict, hash=False)
    subject: Descriptor | None = None
    declared_artifact_type: str = ""

    @classmethod
    def of(
        cls,
        config: Descriptor,
        layers: Iterable[Descriptor],
        *,
        annotations: Mapping[str, str] | None = None,
        subject: Descriptor | None = None,
        artifact_type: str = "",
    ) -> Manifest:
        """A new OCI image manifest."""
        fields = {
            "schemaVersion": 2,
            "mediaType": media_types.MANIFEST,
            "artifactType": artifact_type,
            "config": config.to_json(),
            "layers": [layer.to_json() for layer in layers],
            "subject": subject.to_json() if subject else None,
            "annotations": dict(annotations or {}),
        }
        optional = ("artifactType", "subject", "annotations")
        document = {name: value for name, value in fields.items() if value or name not in optional}
        manifest = parse_manifest(encode(document), media_types.MANIFEST)
        assert isinstance(manifest, Manifest)  # its own media type says so
        return manifest

    @property
    def artifact_type(self) -> str:
        """What kind of artifact it is: its own word, else its config's media type."""
        return self.declared_artifact_type or self.config.media_type

    @property
    def children(self) -> tuple[Descriptor, ...]:
        """What it names and must be there before it: config and layers. Its subject need not be."""
        return (self.config, *self.layers)

    @property
    def is_image(self) -> bool:
        """Whether it is a container image, going by its config."""
        return self.config.media_type in media_types.IMAGE_CONFIGS and not self.is_attestation

    @property
    def is_attestation(self) -> bool:
        """Whether it only holds in-toto statements, as BuildKit stores them."""
        return bool(self.layers) and all(
            layer.media_type == media_types.IN_TOTO for layer in self.layers
        )

    def diff(self, other: Manifest | ArtifactManifest, **switches: Unpack[Switches]) -> FieldsDiff:
        """What the two say differently, field by field; see `ocinb.oci.diffs.regard.Regard`."""
        from ocinb.oci.diffs.fields import diff_documents  # noqa: PLC0415  # few compare
        from ocinb.oci.diffs.regard import Regard  # noqa: PLC0415  # few compare

        return diff_documents("the manifests", self, other, Regard.of(**switches))

    @property
    def total_size(self) -> int:
        """Bytes of manifest, config and layers together, as they are transferred."""
        return self.size + _sum_of_sizes(self.children)

    def __repr__(self) -> str:
        what = "" if self.is_image else f" {media_types.meaning(self.artifact_type)}"
        return (
            f"<Manifest {self.digest.short}{what} {len(self.layers)} layers "
            f"{human_size(self.total_size)}>"
        )


@dataclass(frozen=True, repr=False)
class ArtifactManifest(Document):
    """The manifest of artifacts that image-spec 1.1 dropped again before its release."""

    declared_artifact_type: str = ""
    blobs: tuple[Descriptor, ...] = ()
    annotations: Mapping[str, str] = field(default_factory=dict, hash=False)
    subject: Descriptor | None = None

    @property
    def artifact_type(self) -> str:
        """What kind of artifact it is, in its own word."""
        return self.declared_artifact_type

    @property
    def layers(self) -> tuple[Descriptor, ...]:
        """Its blobs, by the name that other manifests have for them."""
        return self.blobs

    @property
    def children(self) -> tuple[Descriptor, ...]:
        """What it names and must be there before it: its blobs. Its subject need not be."""
        return self.blobs

    def diff(self, other: Manifest | ArtifactManifest, **switches: Unpack[Switches]) -> FieldsDiff:
        """What the two say differently, field by field; see `ocinb.oci.diffs.regard.Regard`."""
        from ocinb.oci.diffs.fields import diff_documents  # noqa: PLC0415  # few compare
        from ocinb.oci.diffs.regard import Regard  # noqa: PLC0415  # few compare

        return diff_documents("the manifests", self, other, Regard.of(**switches))

    @property
    def total_size(self) -> int:
        """Bytes of manifest and blobs together, as they are transferred."""
        return self.size + _sum_of_sizes(self.children)


def _sum_of_sizes(blobs: Iterable[Descriptor]) -> int:
    """Each digest counts once, whatever is said about it."""
    return sum({each.digest: each.size for each in blobs}.values())


AnyManifest: TypeAlias = Manifest | Index | ArtifactManifest


def parse_manifest(
    raw: bytes, content_type: str = "", *, digest: Digest | None = None
) -> AnyManifest:
    """What `raw` is: a `Manifest`, an `Index` or an `ArtifactManifest`.

    `content_type` is the media type it came under, if that was said; it must agree with the
    document's own. `digest` is its digest when that was already computed. Raises
    `InvalidContent`, or `NotSupported` for docker's schema 1.
    """
    value = strict_json.parse_object(raw, "the manifest")
    media_type = _media_type(value, content_type)
    version = value.get("schemaVersion")
    if media_type != media_types.ARTIFACT_MANIFEST and (type(version) is not int or version != 2):
        raise InvalidContent("the manifest does not say schemaVersion 2")
    _refuse_two_faces(value, media_type)
    return _PARSERS[media_type](raw, media_type, digest or Digest.of(raw), value)


def _media_type(value: Mapping[str, Any], content_type: str) -> str:
    """The document's own media type, what it came under, or what its shape tells (C3, D-9)."""
    said = content_type.partition(";")[0].strip()
    own = value.get("mediaType")
    _refuse_schema_1(value, said)
    if own is not None and (not isinstance(own, str) or own not in _PARSERS):
        raise InvalidContent(f"{visible(own, 200)!r} is not the media type of a manifest or index")
    if isinstance(own, str):
        if said in _PARSERS and said != own:
            raise InvalidContent(f"the manifest says it is {own}, but came as {said}")
        return own
    if said in _PARSERS:
        return said
    if "manifests" in value and "layers" not in value:
        return media_types.INDEX
    if "layers" in value and "manifests" not in value:
        return media_types.MANIFEST
    came = f"it came as {visible(said, 200)!r} and" if said else "it came without a type, and"
    raise InvalidContent(f"this is no manifest: {came} names none itself")


def _refuse_schema_1(value: Mapping[str, Any], said: str) -> None:
    schema_1 = media_types.SCHEMA_1
    named = said in schema_1 or value.get("mediaType") in schema_1
    if named or value.get("schemaVersion") == 1 or "fsLayers" in value:
        raise NotSupported(
            "this is a docker schema 1 manifest, obsolete since 2016",
            hints=["push the image again with a current tool, or ask the registry to convert it"],
        )


# A document that is a manifest to one client and an index to another (CVE-2021-41190).
_FOREIGN = {
    "index": ("config", "layers", "blobs"),
    "manifest": ("manifests", "blobs"),
    "artifact": ("manifests", "config", "layers"),
}


def _refuse_two_faces(value: Mapping[str, Any], media_type: str) -> None:
    shape = media_types.kind(media_type)
    foreign = _FOREIGN["artifact" if media_type == media_types.ARTIFACT_MANIFEST else shape]
    for name in foreign:
        if value.get(name) is not None:
            raise InvalidContent(
                f"a document of type {media_type} must not have {name!r}: "
                "it could be read as something else"
            )
    for name in value:
        meant = strict_json.KNOWN_NAMES.get(name.casefold(), name)
        if meant != name:  # Go programs would read it, and we would not
            raise InvalidContent(f"the manifest writes {visible(name, 40)!r} for {meant!r}")


def _subject(value: Mapping[str, Any]) -> Descriptor | None:
    subject = value.get("subject")
    return None if subject is None else Descriptor.from_json(subject, "the subject")


def _artifact_type(value: Mapping[str, Any]) -> str:
    declared = value.get("artifactType")
    return declared if isinstance(declared, str) else ""


def _parse_image(raw: bytes, media_type: str, digest: Digest, value: dict[str, Any]) -> Manifest:
    return Manifest(
        raw,
        media_type,
        digest,
        value,
        Descriptor.from_json(value.get("config"), "the config"),
        descriptors(value.get("layers"), "layers", MOST_LAYERS),
        string_map(value.get("annotations"), "annotations of the manifest"),
        _subject(value),
        _artifact_type(value),
    )


def _parse_artifact(
    raw: bytes, media_type: str, digest: Digest, value: dict[str, Any]
) -> ArtifactManifest:
    return ArtifactManifest(
        raw,
        media_type,
        digest,
        value,
        _artifact_type(value),
        descriptors(value.get("blobs"), "blobs", MOST_LAYERS),
        string_map(value.get("annotations"), "annotations of the manifest"),
        _subject(value),
    )


def _parse_index(raw: bytes, media_type: str, digest: Digest, value: dict[str, Any]) -> Index:
    return parse_index(raw, media_type, digest, value, _subject(value), _artifact_type(value))


_Parser: TypeAlias = Callable[[bytes, str, Digest, dict[str, Any]], AnyManifest]
_PARSERS: dict[str, _Parser] = {
    **dict.fromkeys(media_types.MANIFESTS, _parse_image),
    **dict.fromkeys(media_types.INDEXES, _parse_index),
    media_types.ARTIFACT_MANIFEST: _parse_artifact,
}
