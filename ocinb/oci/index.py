"""Indexes: several manifests under one name, one for each platform (image-spec, image-index.md).

BuildKit adds manifests of attestations to an index, as entries for `unknown/unknown` that name the
image they speak of; here they are told apart from images.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Unpack

from ocinb.errors import InvalidReference
from ocinb.oci import annotations as keys
from ocinb.oci import media_types, strict_json
from ocinb.oci.descriptor import Descriptor, descriptors, string_map
from ocinb.oci.digest import Digest
from ocinb.oci.document import Document, encode
from ocinb.oci.platform import Platform, choose
from ocinb.text import nearest

if TYPE_CHECKING:
    from ocinb.oci.diffs.platforms import IndexDiff
    from ocinb.oci.diffs.regard import Switches

MOST_MANIFESTS = 20_000


@dataclass(frozen=True, repr=False)
class Index(Document):
    """Several manifests under one name."""

    manifests: tuple[Descriptor, ...] = ()
    annotations: Mapping[str, str] = field(default_factory=dict, hash=False)
    subject: Descriptor | None = None
    declared_artifact_type: str = ""

    @classmethod
    def of(
        cls, manifests: Iterable[Descriptor], *, annotations: Mapping[str, str] | None = None
    ) -> Index:
        """A new OCI index."""
        document: dict[str, Any] = {
            "schemaVersion": 2,
            "mediaType": media_types.INDEX,
            "manifests": [each.to_json() for each in manifests],
        }
        if annotations:
            document["annotations"] = dict(annotations)
        raw = encode(document)
        value = strict_json.parse_object(raw, "the index")
        return parse_index(raw, media_types.INDEX, Digest.of(raw), value, None, "")

    @property
    def artifact_type(self) -> str:
        """What kind of artifact it is, in its own word; usually nothing."""
        return self.declared_artifact_type

    @property
    def children(self) -> tuple[Descriptor, ...]:
        """What it names and must be there before it: its manifests. Its subject need not be."""
        return self.manifests

    @property
    def images(self) -> tuple[Descriptor, ...]:
        """The entries that are not attestations, in the index's order."""
        return tuple(each for each in self.manifests if not is_attestation(each))

    @property
    def platforms(self) -> tuple[Platform, ...]:
        """The platforms of the images, in the index's order; entries without one are left out."""
        return tuple(each.platform for each in self.images if each.platform)

    def attestations(self, image: Descriptor) -> tuple[Descriptor, ...]:
        """The attestation manifests that speak of `image`."""
        return self._attestations.get(image.digest, ())

    @property
    def orphans(self) -> tuple[Descriptor, ...]:
        """The attestation manifests that speak of none of the images here."""
        here = {image.digest for image in self.images}
        others = (found for said, found in self._attestations.items() if said not in here)
        return tuple(each for found in others for each in found)

    @cached_property
    def _attestations(self) -> Mapping[str, tuple[Descriptor, ...]]:
        """The attestation manifests by the digest they speak of: an index may have thousands."""
        spoken: dict[str, list[Descriptor]] = {}
        for each in filter(is_attestation, self.manifests):
            spoken.setdefault(each.annotations.get(keys.REFERENCE_DIGEST, ""), []).append(each)
        return {said: tuple(found) for said, found in spoken.items()}

    def diff(self, other: Index, **switches: Unpack[Switches]) -> IndexDiff:
        """The platforms of both as a matrix, and what else they say differently."""
        from ocinb.oci.diffs.platforms import diff_indexes  # noqa: PLC0415  # few compare
        from ocinb.oci.diffs.regard import Regard  # noqa: PLC0415  # few compare

        return diff_indexes(self, other, Regard.of(**switches))

    def for_platform(
        self, wanted: str | Platform, *, same_architecture: bool = False
    ) -> Descriptor:
        """The image that suits `wanted` best; raises `InvalidReference` naming those there are.

        Without `same_architecture`, an architecture that `wanted` can also run will do, such as
        arm/v7 on arm64.
        """
        platform = wanted if isinstance(wanted, Platform) else Platform.parse(wanted)
        images = self.images
        found = choose(
            platform,
            [each.platform for each in images],
            same_architecture=same_architecture,
        )
        if found is None:
            raise InvalidReference(
                str(platform),
                "platform of this index",
                "no image is for it",
                hints=[nearest(str(platform), map(str, self.platforms))],
            )
        return images[found]

    def __repr__(self) -> str:
        return f"<Index {self.digest.short} {len(self.images)} images>"


def is_attestation(entry: Descriptor) -> bool:
    """Whether an entry of an index is BuildKit's manifest of attestations."""
    return entry.annotations.get(keys.REFERENCE_TYPE) == keys.ATTESTATION_MANIFEST


def parse_index(
    raw: bytes,
    media_type: str,
    digest: Digest,
    value: dict[str, Any],
    subject: Descriptor | None,
    artifact_type: str,
) -> Index:
    """The index that the already decoded `value` of `raw` spells; raises `InvalidContent`."""
    return Index(
        raw,
        media_type,
        digest,
        value,
        descriptors(value.get("manifests"), "manifests", MOST_MANIFESTS),
        string_map(value.get("annotations"), "annotations of the index"),
        subject,
        artifact_type,
    )
