"""Layers that bring a table of contents: that is fetched, and nothing else before it is needed."""

from __future__ import annotations

from dataclasses import replace

from ocinb.client.moving.parts import Parts
from ocinb.client.source import Source
from ocinb.errors import (
    DigestMismatch,
    InvalidContent,
    InvalidReference,
    NotFound,
    NotSupported,
)
from ocinb.layers.files import FileList
from ocinb.layers.lazy.contents_table import TABLE_LIMIT
from ocinb.layers.lazy.reach import NoParts
from ocinb.layers.lazy.tables import announced, from_table, from_ztoc
from ocinb.oci import annotations as keys
from ocinb.oci.descriptor import Descriptor
from ocinb.oci.digest import Digest
from ocinb.oci.manifest import Manifest


def by_table(
    source: Source, parts: Parts, layer: Descriptor, image: Manifest | None
) -> tuple[FileList | None, str]:
    """The files of `layer` by its table of contents; None without one that can be used, and why.

    It is what the layer's descriptor announces, else the SOCI index that `image` names.
    """
    name = source.at(layer.digest)
    try:
        table = announced(layer)
        if table is not None:
            return from_table(layer, table, parts, name), ""
        raw = _ztoc(source, layer, image)
        return (None if raw is None else from_ztoc(layer, raw, parts, name)), ""
    except NoParts:
        why = "no parts of the layer are to be had"
    except (InvalidContent, InvalidReference, DigestMismatch, NotSupported, NotFound) as error:
        why = str(error)
    return None, f"its table of contents was not used: {why}"


def _ztoc(source: Source, layer: Descriptor, image: Manifest | None) -> bytes | None:
    """What the SOCI index that `image` names has for `layer`; None without.

    Only such an index is used: one that merely refers to the image could be anybody's.
    """
    said = image.annotations.get(keys.SOCI_INDEX) if image is not None else None
    if said is None:
        return None
    index = source.manifest(Digest(said))
    for each in index.layers if isinstance(index, Manifest) else ():
        if each.annotations.get(keys.SOCI_LAYER) == layer.digest:
            return source.pull_blob(each, limit=TABLE_LIMIT, progress=False)
    return None


def noted(files: FileList, why: str) -> FileList:
    """The same files, with one more thing said of how they were listed."""
    if why:
        files.about = replace(files.about, notes=(*files.about.notes, why))
    return files
