"""`ocinb.shared_layers`: which layers several images have in common, by their manifests alone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ocinb.client.limits import the_concurrency
from ocinb.client.moving.crew import USUAL
from ocinb.client.registry import Embedded, Registry
from ocinb.client.several.references import Named, Target, asked_about, labels
from ocinb.client.several.shared import SharedLayer, SharedLayers, SharingImage
from ocinb.oci.descriptor import Descriptor
from ocinb.oci.digest import Digest
from ocinb.oci.platform import Platform
from ocinb.text import visible


def shared_layers(
    references: Named | Iterable[Named],
    *,
    platform: str | Platform | None = None,
    registry: Registry | Embedded | None = None,
    concurrency: int = USUAL,
) -> SharedLayers:
    """How many bytes of layers each two of several images have in common, as they are transferred.

    Images are named as for `ocinb.find`, and chosen from indexes in the same way. Only manifests
    are fetched, and no layer; a config only where an image that is in no index must say itself
    that it is for `platform`. What cannot be read is in `.failures`, and the others are compared
    all the same. Raises `TypeError` for what names no image, `InvalidReference` for a bad platform.
    """
    size = the_concurrency(concurrency)
    with asked_about(references, platform, registry, size=size, configs=False) as (found, missing):
        return SharedLayers(_images(found), _layers(found), missing, _notes(found))


def _images(targets: Sequence[Target]) -> tuple[SharingImage, ...]:
    return tuple(
        SharingImage(
            label,
            target.reference,
            target.platform,
            target.image.digest,
            tuple(dict.fromkeys(layer.digest for layer in target.image.layers)),
        )
        for target, label in zip(targets, labels(targets), strict=True)
    )


def _layers(targets: Sequence[Target]) -> tuple[SharedLayer, ...]:
    """Each distinct layer, those first that are in most images, and of these the biggest."""
    found: dict[Digest, Descriptor] = {}
    holders: dict[Digest, dict[str, None]] = {}
    for target, label in zip(targets, labels(targets), strict=True):
        for layer in target.image.layers:
            found.setdefault(layer.digest, layer.descriptor)
            holders.setdefault(layer.digest, {})[label] = None
    made = (
        SharedLayer(digest, layer.media_type, layer.size, tuple(holders[digest]))
        for digest, layer in found.items()
    )
    return tuple(sorted(made, key=lambda each: (-len(each.images), -each.size)))


def _notes(targets: Sequence[Target]) -> tuple[str, ...]:
    """Where two manifests say different sizes of the same layer, of which one must be wrong."""
    said: dict[Digest, int] = {}
    notes: dict[str, None] = {}
    for target in targets:
        for layer in target.image.layers:
            first = said.setdefault(layer.digest, layer.size)
            if first != layer.size:
                name = visible(target.reference, 512)
                notes[f"{name} says that {layer.digest.short} has {layer.size:,} bytes, "
                      f"another image {first:,}, which are counted"] = None  # fmt: skip
    return tuple(notes)
