"""The file system of an image from what its layers are listed as, each of them once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import TypeAlias

from ocinb.errors import NotSupported
from ocinb.layers.files import FileList
from ocinb.layers.filesystem import FileSystem
from ocinb.layers.lazy.index import check_archive
from ocinb.oci.config import ImageConfig
from ocinb.oci.descriptor import Descriptor
from ocinb.oci.digest import Digest
from ocinb.oci.media_types import is_foreign

# How several layers are listed, each by one of these; who has threads does so side by side.
Listing: TypeAlias = Callable[[Iterable[Callable[[], FileList]]], Iterable[FileList]]


def one_after_another(jobs: Iterable[Callable[[], FileList]]) -> list[FileList]:
    """What each of them lists."""
    return [job() for job in jobs]


def filesystem(
    name: str,
    layers: Sequence[Descriptor],
    config: ImageConfig | None,
    list_of: Callable[[int], FileList],
    listing: Listing = one_after_another,
) -> FileSystem:
    """The file system of the image called `name`: `list_of` lists a layer by its position,
    and `listing` has that done for all of them.

    A layer that is there twice is listed once. What the archives in them hash to must be what the
    config says, if it speaks of as many. Raises `NotSupported` for a layer that is elsewhere, and
    `DigestMismatch` for an archive that the config does not name.
    """
    for position, layer in enumerate(layers):
        if layer.urls and is_foreign(layer.media_type):
            raise NotSupported(
                f"layer {position} of {name} is fetched elsewhere: its urls say where"
            )
    first: dict[Digest, int] = {}
    for position, layer in enumerate(layers):
        first.setdefault(layer.digest, position)
    jobs = [partial(list_of, position) for position in first.values()]
    lists = dict(zip(first, listing(jobs), strict=True))
    found = [lists[layer.digest] for layer in layers]
    diff_ids: Sequence[Digest] = config.diff_ids if config else ()
    if len(diff_ids) == len(layers):
        for files, diff_id in zip(found, diff_ids, strict=True):
            check_archive(files.diff_id, diff_id, files.about.name)
    return FileSystem.of(found, created_by=made_by(config, len(layers)), name=name)


def made_by(config: ImageConfig | None, layers: int) -> tuple[str, ...]:
    """What the history says made each layer; nothing where it does not say."""
    said = dict.fromkeys(range(layers), "")
    for entry, position in config.steps(layers) if config else ():
        if entry is not None and position is not None:
            said[position] = entry.created_by
    return tuple(said.values())
