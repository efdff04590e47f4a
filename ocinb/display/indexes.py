"""How an index looks: one row per platform, attestations folded under the image they speak of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from ocinb.display import parts
from ocinb.display.parts import code, counted, digest, dim, moment, size
from ocinb.display.view import Block, Cell, Facts, Fold, Row, Say, Table, View, Word, view
from ocinb.oci import annotations as keys
from ocinb.oci import media_types
from ocinb.oci.config import ImageConfig, parse_time
from ocinb.oci.descriptor import Descriptor
from ocinb.oci.document import Document
from ocinb.oci.image import ImageIndex
from ocinb.oci.index import Index, is_attestation
from ocinb.oci.manifest import ArtifactManifest, Manifest

_BUILDKIT = "BuildKit attestations"


@dataclass(frozen=True)
class Entry:
    """An entry of an index, the attestations that speak of it, and what is known behind them."""

    descriptor: Descriptor
    attestations: tuple[Descriptor, ...] = ()
    manifest: Document | None = None
    config: ImageConfig | None = None
    predicates: tuple[str, ...] = ()

    @property
    def total_size(self) -> int | None:
        """Bytes to transfer, once the manifest is known."""
        if isinstance(self.manifest, (Manifest, ArtifactManifest)):
            return self.manifest.total_size
        return None

    @property
    def layers(self) -> int | None:
        """How many layers it has, once the manifest is known."""
        return len(self.manifest.layers) if isinstance(self.manifest, Manifest) else None

    @property
    def created(self) -> datetime | None:
        """When it was made, as far as anything known says so."""
        if self.config and self.config.created:
            return self.config.created
        said = (self.descriptor.annotations, getattr(self.manifest, "annotations", {}))
        return next(filter(None, (parse_time(each.get(keys.CREATED)) for each in said)), None)


Known: TypeAlias = "tuple[Document | None, ImageConfig | None]"
Lookup: TypeAlias = Callable[[Descriptor], Known]


def entries(
    index: Index, lookup: Lookup = lambda _: (None, None)
) -> tuple[tuple[Entry, ...], tuple[Descriptor, ...]]:
    """The images of an index with what belongs to them, and attestations that belong to none."""
    found = []
    for image in index.images:
        attestations = index.attestations(image)
        predicates = [name for each in attestations for name in _predicates(lookup(each)[0])]
        found.append(Entry(image, attestations, *lookup(image), tuple(dict.fromkeys(predicates))))
    return tuple(found), index.orphans


def held(value: ImageIndex) -> Lookup:
    """What is known of the entries of an index by the images that are there with it."""
    documents: Mapping[str, Document] = {child.digest: child.document for child in value.children}
    return lambda entry: (documents.get(entry.digest), None)


def predicate(name: str) -> str:
    """What a person calls a predicate type."""
    return media_types.PREDICATES.get(name, name)


def index_blocks(index: Index, lookup: Lookup | None = None, load: str = "") -> tuple[Block, ...]:
    """The table of an index and what else it says; `load` is the Python that makes more known."""
    found, orphans = entries(index, lookup or (lambda _: (None, None)))
    deep = any(entry.manifest or entry.config for entry in found)
    middle = ("size", "layers", "created") if deep or load else ("manifest",)

    def row(entry: Entry) -> Row:
        cells = _middle(entry) if deep or load else (size(entry.descriptor.size),)
        end = (digest(entry.descriptor.digest), _attestations(entry))
        return Row((_label(entry.descriptor), *cells, *end))

    columns = ("platform", *middle, "digest", "attestations")
    table = Table(columns, found, row, right=("size", "layers", "created", "manifest"))
    unknown = load and any(entry.manifest is None or entry.config is None for entry in found)
    return (
        Facts(index_facts(index)),
        table,
        *((Say((dim("… not loaded:"), code(load)), "dim"),) if unknown else ()),
        *_orphans(orphans),
        *parts.annotated(index.annotations),
    )


def index_facts(index: Index) -> list[tuple[Cell, Cell]]:
    """Digest, type and size of an index itself."""
    return [
        *document_facts(index),
        ("artifact type", code(index.artifact_type) if index.artifact_type else ""),
        ("subject", digest(index.subject.digest) if index.subject else ""),
    ]


def document_facts(document: Document) -> list[tuple[Cell, Cell]]:
    """What every document has."""
    return [
        ("digest", code(document.digest)),
        ("media type", parts.media_type(document.media_type)),
    ]


def index_summary(index: Index) -> Word:
    """How many images there are, in words."""
    images = counted(len(index.images), "image")
    attested = sum(map(is_attestation, index.manifests))
    said = f", {counted(attested, 'attestation manifest')}" if attested else ""
    return dim(f"· {images}{said}")


@view.register
def _index(value: Index) -> View:
    return View("Image index", code(value.digest.short), index_summary(value),
                (*index_blocks(value), parts.raw(value)))  # fmt: skip


@view.register
def _image_index(value: ImageIndex) -> View:
    blocks = index_blocks(value.index, held(value))
    summary = (
        index_summary(value.index),
        dim("·"),
        size(value.total_size),
        dim("· ready to be pushed"),
    )
    return View("Image index", code(value.digest.short), summary,
                (*blocks, parts.raw(value.index)))  # fmt: skip


def _label(image: Descriptor) -> Cell:
    if image.platform is not None and image.platform.is_known:
        return Word(str(image.platform), kind="line", tone="strong")
    said = image.artifact_type or image.media_type
    return Word(media_types.meaning(said), title=said)


def _middle(entry: Entry) -> tuple[Cell, ...]:
    total, layers, created = entry.total_size, entry.layers, entry.created
    return (
        parts.NOT_LOADED if total is None else size(total),
        parts.NOT_LOADED if layers is None else f"{layers:,}",
        moment(created) or ("" if entry.config else parts.NOT_LOADED),
    )


def _attestations(entry: Entry) -> Cell:
    """Attestations are claims: nothing here says that anybody checked them."""
    if not entry.attestations:
        return dim("none")
    names = " · ".join(map(predicate, entry.predicates)) or _BUILDKIT
    return Fold(names, (_manifests(entry.attestations),), text=False)


def _manifests(attestations: tuple[Descriptor, ...]) -> Facts:
    return Facts([(size(each.size), digest(each.digest)) for each in attestations])


def _orphans(attestations: tuple[Descriptor, ...]) -> tuple[Block, ...]:
    if not attestations:
        return ()
    heading = f"{_BUILDKIT} of images that are not in this index ({len(attestations):,})"
    table = Table(("size", "digest", "speaks of"), attestations, _orphan, right=("size",))
    return (Fold(heading, (table,)),)


def _orphan(each: Descriptor) -> Row:
    return Row(
        (
            size(each.size),
            digest(each.digest),
            code(each.annotations.get(keys.REFERENCE_DIGEST, "")),
        )
    )


def _predicates(document: Document | None) -> tuple[str, ...]:
    """The predicate types that a manifest of attestations names."""
    layers = document.layers if isinstance(document, Manifest) else ()
    return tuple(filter(None, (layer.annotations.get(keys.PREDICATE_TYPE, "") for layer in layers)))
