"""What one pass over a layer came to: its files, and how to reach them again.

It belongs to the bytes of the layer, whatever image and repository they are in, so it may be kept
by their digest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ocinb.errors import DigestMismatch, InvalidArchive
from ocinb.layers.entries import Columns
from ocinb.layers.files import FileList, Listed
from ocinb.layers.lazy.fetched import Fetched
from ocinb.layers.lazy.points import Finder
from ocinb.layers.lazy.reach import Origin, Reach, Spans
from ocinb.layers.limits import Limits
from ocinb.layers.looking.content import Contents
from ocinb.layers.unpacking.reading import Pour, Reading
from ocinb.oci.digest import Digest

_ENTRY = 200  # bytes of memory that an entry takes, more or less


@dataclass(frozen=True)
class LayerIndex:
    """The files of the layer `digest`, and the `spans` of its archive.

    `read` are the bytes of the layer that were unpacked: all, unless there was `trouble`. `marks`
    are the hash of the archive, by `algorithm`, up to where it was read, every few MiB.
    """

    digest: Digest
    found: Columns
    spans: Spans
    read: int
    algorithm: str
    marks: Sequence[tuple[int, bytes]]
    diff_id: Digest | None
    trouble: InvalidArchive | None
    notes: tuple[str, ...]

    @property
    def cost(self) -> int:
        """Bytes of memory that it takes, more or less."""
        windows = sum(len(each.window or each.deflated) + 128 for each in self.spans.points)
        return len(self.found) * _ENTRY + windows + len(self.spans.hashes)

    @property
    def lasting(self) -> bool:
        """Whether its points can be kept on disk: states of zlib cannot."""
        return not any(point.held is not None for point in self.spans.points)

    def serves(self, diff_id: Digest | None) -> bool:
        """Whether it can tell if the archive is that of `diff_id`."""
        return diff_id is None or diff_id.algorithm == self.algorithm

    def files(
        self,
        name: str,
        origin: Origin,
        pour: Pour,
        diff_id: Digest | None,
        fetched: Fetched,
        limits: Limits | None = None,
    ) -> FileList:
        """The files, to be read from `origin`, or else by pouring; `name` is for people.

        Raises `DigestMismatch` when the archive is not that of `diff_id`.
        """
        ours = self.diff_id
        check_archive(ours, diff_id, name)
        about = Listed(
            name,
            self.spans.compression,
            self.read,
            self.spans.unpacked,
            ours,
            diff_id is not None and ours is not None,
            self.trouble,
            self.notes,
        )
        limits = limits or Limits()
        reach = Reach(self.spans, origin, pour, limits, fetched)
        marked = (self.marks, self.algorithm)
        return FileList(about, self.found, Contents(self.found, pour, *marked, limits, reach))


def indexed(
    pour: Pour,
    digest: Digest,
    size: int,
    algorithm: str = "sha256",
    limits: Limits | None = None,
    finder: Finder | None = None,
) -> LayerIndex:
    """The index of the layer `digest` of `size` bytes, which `pour` writes to a sink, in one pass.

    The archive is hashed with `algorithm`. What is raised is what `listed` raises.
    """
    reading = Reading(limits or Limits(), algorithm, index=True, finder=finder)
    try:
        pour(reading)
        reading.finish()
        points = tuple(reading.points)
    finally:
        if finder is not None:
            finder.stop()
    found = reading.walker.found
    if reading.trouble is not None and not len(found):
        raise reading.trouble
    hashes = reading.blocks.finish() if reading.blocks is not None else b""
    return LayerIndex(
        digest,
        found,
        Spans(reading.unpacked.compression, size, reading.size, points, hashes),
        reading.unpacked.fed,
        reading.algorithm,
        tuple(reading.marks),
        reading.digest,
        reading.trouble,
        tuple(reading.walker.notes),
    )


def check_archive(actual: Digest | None, wanted: Digest | None, name: str) -> None:
    """Raise `DigestMismatch` where the archive of the layer `name` is another than `wanted`."""
    if wanted is not None and actual is not None and actual != wanted:
        raise DigestMismatch(
            wanted,
            actual,
            source=f"unpacking {name}",
            hints=["the config of the image names another archive: no engine would run this image"],
        )
