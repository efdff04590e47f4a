"""Layers listed from their tables, with every byte that was fetched counted."""

from __future__ import annotations

from collections.abc import Iterable

from ocinb.layers.entries import FileEntry
from ocinb.layers.files import FileList
from ocinb.layers.lazy.fetched import Fetched
from ocinb.layers.lazy.tables import announced, from_table
from ocinb.layers.limits import Limits
from ocinb.oci.descriptor import Descriptor

ESTARGZ = "containerd.io/snapshot/stargz/toc.digest"
CHUNKED = "io.github.containers.zstd-chunked.manifest-"
# Where in the archive headers are, no table says; everything else it does.
_COMPARED = (
    "path", "type", "size", "mode", "uid", "gid", "mtime", "target", "xattrs", "device", "odd",
)  # fmt: skip


class Here:
    """A layer in memory, as a place to fetch parts of it from."""

    def __init__(self, layer: bytes) -> None:
        self.layer = layer
        self.parts: list[tuple[int, int]] = []

    def kept(self, start: int, stop: int, /) -> bytes | None:
        return None

    def part(self, start: int, stop: int, fetched: Fetched, /) -> bytes:
        self.parts.append((start, stop))
        found = self.layer[start:stop]
        fetched.add(len(found), 1)
        return found


def by_table(
    layer: bytes, said: dict[str, str], limits: Limits | None = None, here: Here | None = None
) -> FileList:
    """The listing of `layer` by the table that the annotations `said` announce."""
    described = Descriptor.of(layer, "application/octet-stream", annotations=said)
    table = announced(described)
    assert table is not None
    return from_table(described, table, here or Here(layer), "layer", limits)


def compared(entries: Iterable[FileEntry]) -> list[tuple[object, ...]]:
    """What is the same in every listing of one layer."""
    return [
        tuple(getattr(each, name) for name in _COMPARED)
        for each in entries
        if each.path != "stargz.index.json"
    ]
