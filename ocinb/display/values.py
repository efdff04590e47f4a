"""How the small values look: references, platforms, descriptors, blobs."""

from __future__ import annotations

from ocinb.display import parts
from ocinb.display.parts import code, digest, dim, size
from ocinb.display.view import Cell, Code, Facts, Fold, View, Word, view
from ocinb.oci.descriptor import Descriptor
from ocinb.oci.image import Blob
from ocinb.oci.platform import Platform
from ocinb.oci.reference import Reference


def descriptor_facts(value: Descriptor) -> list[tuple[Cell, Cell]]:
    """Every field of a descriptor that says something."""
    platform = str(value.platform) if value.platform else ""
    return [
        ("media type", parts.media_type(value.media_type)),
        ("digest", code(value.digest)),
        ("size", (size(value.size), dim(f"({value.size:,} bytes)"))),
        ("platform", code(platform) if platform else ""),
        ("artifact type", parts.media_type(value.artifact_type) if value.artifact_type else ""),
        ("urls", tuple(map(parts.value, value.urls))),
        ("other fields", parts.listed(value.unknown)),
    ]


def embedded(value: Descriptor) -> tuple[Fold, ...]:
    """Content that a descriptor carries itself."""
    if value.data is None:
        return ()
    heading = ("Embedded content", dim(f"({len(value.data):,} bytes)"))
    shown = value.data.decode("utf-8", "replace")
    return (Fold(heading, (Code(shown, ".data"),), text=False),)


@view.register
def _descriptor(value: Descriptor) -> View:
    folds = (*parts.annotated(value.annotations), *embedded(value))
    said = (parts.kind(value.media_type), size(value.size))
    return View(
        "Descriptor", code(value.digest.short), said, (Facts(descriptor_facts(value)), *folds)
    )


@view.register
def _blob(value: Blob) -> View:
    blocks = (Facts(descriptor_facts(value.descriptor)),)
    return View("Blob", code(value.digest.short), size(value.size), blocks)


@view.register
def _platform(value: Platform) -> View:
    facts = Facts(
        [
            ("os", code(value.os)),
            ("architecture", code(value.architecture)),
            ("variant", code(value.variant) if value.variant else ""),
            ("os version", code(value.os_version) if value.os_version else ""),
            ("os features", parts.listed(value.os_features)),
            ("same as", _normalised(value)),
        ]
    )
    return View("Platform", code(str(value)), "", (facts,))


@view.register
def _reference(value: Reference) -> View:
    facts = Facts(
        [
            ("registry", code(value.registry)),
            ("repository", code(value.repository)),
            ("tag", code(value.tag) if value.tag else ""),
            ("digest", digest(value.digest) if value.digest else ""),
        ]
    )
    decides = dim("· the digest decides") if value.tag and value.digest else ""
    return View("Reference", code(str(value)), decides, (facts,))


def _normalised(value: Platform) -> Word | str:
    normal = value.normalised
    return code(str(normal)) if normal != value else ""
