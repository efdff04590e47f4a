"""The tables of content: indexes, manifests, configs and what they are made of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ocinb.display import frames
from ocinb.display.frames import Rows, rows
from ocinb.display.history import instruction
from ocinb.display.indexes import Lookup, entries, held
from ocinb.oci import annotations as keys
from ocinb.oci import media_types
from ocinb.oci.config import HistoryEntry, ImageConfig
from ocinb.oci.descriptor import Descriptor
from ocinb.oci.image import Blob, Image, ImageIndex
from ocinb.oci.index import Index
from ocinb.oci.manifest import ArtifactManifest, Manifest
from ocinb.oci.platform import Platform
from ocinb.oci.reference import Reference


def described(value: Descriptor) -> dict[str, Any]:
    """The columns that every descriptor fills."""
    return {
        "digest": value.digest,
        "media_type": value.media_type,
        "meaning": media_types.meaning(value.media_type),
        "size_bytes": value.size,
        "artifact_type": value.artifact_type,
        "platform": value.platform,
    }


def index_rows(index: Index, lookup: Lookup | None = None) -> Iterator[Mapping[str, Any]]:
    """A row for each image of an index."""
    found, _ = entries(index, lookup) if lookup else entries(index)
    for entry in found:
        platform = entry.descriptor.platform
        yield {
            **described(entry.descriptor),
            "os": platform.os if platform else "",
            "architecture": platform.architecture if platform else "",
            "variant": platform.variant if platform else "",
            "total_bytes": entry.total_size,
            "layers": entry.layers,
            "created": entry.created,
            "attestations": len(entry.attestations),
            "attestation_digests": " ".join(each.digest for each in entry.attestations),
            "predicates": " ".join(entry.predicates),
        }


def manifest_rows(
    manifest: Manifest | ArtifactManifest, config: ImageConfig | None = None
) -> Iterator[Mapping[str, Any]]:
    """A row for the config, and one for each layer or blob with the step that made it."""
    role = "blob"
    if isinstance(manifest, Manifest):
        yield {"role": "config", **described(manifest.config)}
        role = "layer"
    made = dict(_made(config, len(manifest.layers))) if config else {}
    for position, layer in enumerate(manifest.layers):
        entry = made.get(position, HistoryEntry())
        yield {
            "position": position,
            "role": role,
            **described(layer),
            "title": layer.annotations.get(keys.TITLE, ""),
            "created": entry.created,
            "created_by": entry.created_by,
        }


def history_row(number: int, entry: HistoryEntry, layer: int | None) -> dict[str, Any]:
    """The row of one step of a build."""
    word, rest = instruction(entry)
    return {
        "step": number,
        "layer": layer,
        "instruction": f"{word} {rest}".strip(),
        "created_by": entry.created_by,
        "created": entry.created,
        "author": entry.author,
        "comment": entry.comment,
        "empty_layer": entry.empty_layer,
    }


@rows.register
def _index(value: Index) -> Rows:
    return Rows(frames.INDEX, index_rows(value), {"digest": value.digest})


@rows.register
def _image_index(value: ImageIndex) -> Rows:
    return Rows(frames.INDEX, index_rows(value.index, held(value)), {"digest": value.digest})


@rows.register(Manifest)
@rows.register(ArtifactManifest)
def _manifest(value: Manifest | ArtifactManifest) -> Rows:
    return Rows(frames.MANIFEST, manifest_rows(value), {"digest": value.digest})


@rows.register
def _image(value: Image) -> Rows:
    return _manifest(value.manifest)


@rows.register
def _config(value: ImageConfig) -> Rows:
    aligned = value.steps(len(value.diff_ids))
    found = [
        history_row(number, entry, layer)
        for number, (entry, layer) in enumerate(aligned)
        if entry is not None
    ]
    attrs = {"digest": value.digest, "platform": value.platform}
    return Rows(frames.HISTORY, found, attrs)


@rows.register
def _entry(value: HistoryEntry) -> Rows:
    return Rows(frames.HISTORY, [history_row(0, value, None)])


@rows.register
def _descriptor(value: Descriptor) -> Rows:
    return Rows(frames.DESCRIPTOR, [described(value)])


@rows.register
def _blob(value: Blob) -> Rows:
    return _descriptor(value.descriptor)


@rows.register
def _platform(value: Platform) -> Rows:
    fields = {"platform": value, "os": value.os, "architecture": value.architecture,
              "variant": value.variant, "os_version": value.os_version}  # fmt: skip
    return Rows(frames.PLATFORM, [fields])


@rows.register
def _reference(value: Reference) -> Rows:
    return Rows(frames.REFERENCE, [vars(value)])


def _made(config: ImageConfig, layers: int) -> Iterator[tuple[int, HistoryEntry]]:
    for entry, position in config.steps(layers):
        if entry is not None and position is not None:
            yield position, entry
