"""Manifests of what is attached to an image: artifacts and signatures, as ocibuild writes them.

They are written with their names in byte order, as there, so that the same input has the same
digest whoever wrote it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from ocinb.oci import annotations as keys
from ocinb.oci import media_types
from ocinb.oci.descriptor import Descriptor
from ocinb.oci.document import encode_sorted
from ocinb.oci.image import Blob, Image
from ocinb.oci.manifest import Manifest, parse_manifest

_NOTHING = Blob.of(b"{}", media_types.EMPTY)
# What a file with such content is called, where nobody says: a title has other tools unpack it.
_TITLES = {
    "application/spdx+json": "sbom.spdx.json",
    "application/vnd.cyclonedx+json": "sbom.cdx.json",
}


def artifact(
    content: Blob,
    artifact_type: str,
    subject: Descriptor,
    created: datetime,
    *,
    title: str | None = None,
    annotations: Mapping[str, str] | None = None,
) -> Image:
    """An artifact of one blob that refers to `subject`.

    `title` is the name of a file for it, by default what its type is usually called; `annotations`
    are those of its manifest, beside when it was `created`.
    """
    if title is None:
        title = _TITLES.get(artifact_type, "")
    said = {**content.descriptor.annotations, **({keys.TITLE: title} if title else {})}
    layer = {**content.descriptor.to_json(), **_unless_empty(annotations=said)}
    manifest = made(
        artifact_type=media_types.check(artifact_type, "the artifact"),
        config=_NOTHING.descriptor.to_json(),
        layers=[layer],
        subject=pointer(subject),
        annotations={keys.CREATED: moment(created), **(annotations or {})},
    )
    return Image(manifest, (_NOTHING, content))


def made(*, artifact_type: str = "", **fields: Any) -> Manifest:
    """The OCI manifest of these fields; those that are empty are left out."""
    document = {
        "schemaVersion": 2,
        "mediaType": media_types.MANIFEST,
        **_unless_empty(artifactType=artifact_type, **fields),
    }
    raw = encode_sorted(document)
    manifest = parse_manifest(raw, media_types.MANIFEST)
    assert isinstance(manifest, Manifest)  # its own media type says so
    return manifest


def pointer(subject: Descriptor) -> dict[str, Any]:
    """The descriptor of `subject`, without what an index may say about it."""
    return Descriptor(subject.media_type, subject.digest, subject.size).to_json()


def moment(when: datetime) -> str:
    """A moment as annotations have it, to the second (RFC 3339)."""
    return f"{when.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _unless_empty(**fields: Any) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value}
