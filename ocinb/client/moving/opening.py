"""Layers that are looked into where they are: one pass over each, and then parts of it."""

from __future__ import annotations

from ocinb.client.moving.finding import Finding
from ocinb.client.moving.parts import Parts
from ocinb.client.moving.tabled import by_table, noted
from ocinb.client.source import Ranged, Source, Wanted
from ocinb.layers.files import FileList
from ocinb.layers.lazy import points
from ocinb.layers.lazy.fetched import Fetched
from ocinb.layers.lazy.index import LayerIndex, indexed
from ocinb.layers.limits import Limits
from ocinb.layers.listing import listed
from ocinb.layers.unpacking.reading import Pour, Taker
from ocinb.oci.descriptor import Descriptor
from ocinb.oci.digest import Digest
from ocinb.oci.manifest import Manifest


def opened(
    source: Source, layer: Descriptor, diff_id: Digest | None, image: Manifest | None = None
) -> FileList:
    """The files of `layer`, by what is known of it or comes with it, else by one pass over it.

    The archive in it must be that of `diff_id`, where that is known. `image` may name an index.
    """
    if not isinstance(source, Ranged):
        return anew(source, layer, diff_id)
    with source.indexes.turn(layer):
        known = source.indexes.get(layer)
        if known is not None and known.serves(diff_id):
            return _reached(source, layer, known, diff_id, None, 0)
        files, why = by_table(source, Parts(source, layer), layer, image)
        return files if files is not None else noted(anew(source, layer, diff_id), why)


def anew(
    source: Source,
    layer: Descriptor,
    diff_id: Digest | None,
    limits: Limits | None = None,
    progress: Wanted = False,
) -> FileList:
    """The same by a pass over all of it; what comes of it is remembered, within usual limits."""
    first = [progress]  # what is fetched again for one file needs no panel

    def pour(taker: Taker) -> None:
        source.pull_blob(layer, into=taker, progress=first.pop() if first else False)

    if not isinstance(source, Ranged):
        return listed(pour, source.at(layer.digest), diff_id, limits)
    finder = Finding(layer.size) if points.can_be_found() else None
    algorithm = diff_id.algorithm if diff_id is not None else "sha256"
    index = indexed(pour, layer.digest, layer.size, algorithm, limits, finder)
    if limits is None:
        source.indexes.keep(index)
    return _reached(source, layer, index, diff_id, limits, layer.size)


def _reached(
    source: Source,
    layer: Descriptor,
    index: LayerIndex,
    diff_id: Digest | None,
    limits: Limits | None,
    listing: int,
) -> FileList:
    assert isinstance(source, Ranged)
    fetched = Fetched(layer.size, listing)
    if not index.lasting and source.indexes.cache is not None:
        fetched.note(
            "where to begin in it is known in this process only: "
            "with pip install 'ocinb[lazy]', the cache keeps it"
        )
    return index.files(
        source.at(layer.digest),
        Parts(source, layer),
        _pour(source, layer),
        diff_id,
        fetched,
        limits,
    )


def _pour(source: Source, layer: Descriptor) -> Pour:
    """How to stream it again, for what cannot be reached in parts."""
    return lambda taker: source.pull_blob(layer, into=taker, progress=False)
