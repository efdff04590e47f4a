"""Layers of an image and entries in them, once they lie over each other."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ocinb.drawable import Drawable
from ocinb.errors import InvalidReference
from ocinb.layers import entries
from ocinb.layers.entries import FileEntry
from ocinb.layers.files import FileList
from ocinb.layers.looking.links import MOST, followed
from ocinb.layers.merged.merging import LIVE, NOBODY, SHARED, STATES, Stack
from ocinb.layers.unpacking import names
from ocinb.text import human_size, visible

if TYPE_CHECKING:
    from ocinb.layers.extraction.plan import Source
    from ocinb.layers.looking.content import Content


@dataclass(frozen=True)
class LayerShare(Drawable):
    """A layer of an image: what made it, and how much of it can still be seen.

    `size` counts its bytes as they are transferred, `unpacked` those of the archive in it, `live`
    those of its files that can be seen in the image, `wasted` those of its files that cannot, and
    `took` those that it took away from layers below it. `wasted_compressed` is an estimate of what
    the wasted ones are when transferred: as much smaller as the whole layer is.
    """

    position: int
    name: str
    created_by: str
    size: int
    unpacked: int
    entries: int
    live: int
    wasted: int
    took: int
    complete: bool

    @property
    def wasted_compressed(self) -> int:
        """About how many bytes of the transfer nobody sees."""
        return round(self.wasted * self.size / self.unpacked) if self.unpacked else 0

    def __repr__(self) -> str:
        live, wasted = human_size(self.live), human_size(self.wasted)
        return f"<LayerShare {self.position} {visible(self.name, 200)} live {live} wasted {wasted}>"


@dataclass(frozen=True)
class LayeredEntry(FileEntry):
    """An entry of a layer, and what became of it under the layers above.

    `layer` is the layer it is of, from 0. `state` is `live`, or `hardlink` for one that lives and
    shares the bytes of another name; `superseded` when a later entry came in its place, `deleted`
    by a whiteout, `hidden` by an opaque marker, each in the layer `by`; `marker` for whiteouts and
    opaque markers themselves, `ignored` for what means nothing, as AUFS's leftovers. `live` are
    the bytes that are seen by this name, counted once for hard links; `wasted` those that are not.
    """

    layer: int = 0
    state: str = "live"
    by: int | None = None
    live: int = 0
    wasted: int = 0

    def __repr__(self) -> str:
        by = f" by layer {self.by}" if self.by is not None else ""
        return (
            f"<LayeredEntry {self.permissions} {visible(self.path, 200)} "
            f"{human_size(self.size)} of layer {self.layer}, {self.state}{by}>"
        )


@dataclass(frozen=True)
class Layers:
    """The listings of an image's layers, from the lowest up, and the stack they make."""

    lists: tuple[FileList, ...]
    stack: Stack
    created_by: tuple[str, ...]
    name: str = ""

    def entry(self, number: int) -> LayeredEntry:
        """One of all entries as a value."""
        layer, position = self.place(number)
        stack, plain = self.stack, self.lists[layer].columns.entry(position)
        by = stack.by[number]
        return LayeredEntry(
            **{**vars(plain), "contents": Reader(self, layer)},
            layer=layer,
            state=STATES[stack.states[number]],
            by=None if by == NOBODY else by,
            live=self.live(number, layer),
            wasted=stack.wasted(number, layer),
        )

    def place(self, number: int) -> tuple[int, int]:
        """The layer and the position in it of an entry."""
        layer = self.stack.layer_of(number)
        return layer, number - self.stack.starts[layer]

    def live(self, number: int, layer: int) -> int:
        """The bytes that are seen by this name: of several, one has them."""
        stack = self.stack
        if stack.states[number] != LIVE:
            return 0
        root = stack.shares.get(number, number)
        return stack.size(root, stack.layer_of(root) if root != number else layer)

    def find(self, path: str) -> int | None:
        """The entry that is seen as `path`, if there is one; links are not followed."""
        number = self.stack.find(path)
        if number is None or self.stack.states[number] not in (LIVE, SHARED):
            return None
        return number

    def known_as(self, path: str) -> str:
        """`path` as entries have it: with the symlinks among its folders followed."""
        path = names.clean(path).strip("/") or "."
        if self.stack.find(path) is not None:
            return path
        folder, slash, name = path.rpartition("/")
        try:
            return f"{followed(folder, self.target, path)}{slash}{name}".lstrip("/")
        except InvalidReference:  # they go round in a circle
            return path

    def target(self, path: str) -> str | None:
        """Where the symlink that is seen as `path` leads; None for what is none."""
        number = self.find(path)
        if number is None:
            return None
        layer, position = self.place(number)
        found = self.lists[layer].columns
        return found.targets[position] if found.types[position] == entries.SYMLINK else None

    def source(self, layer: int, position: int) -> FileEntry:
        """The entry that has the content of this one: links of what lives lead across layers."""
        number = self.stack.starts[layer] + position
        if self.stack.states[number] not in (LIVE, SHARED):
            return self.lists[layer][position]
        for _ in range(MOST):
            number = self.stack.shares.get(number, number)
            layer, position = self.place(number)
            found = self.lists[layer].columns
            if found.types[position] != entries.SYMLINK:
                break
            number = self._led(found.paths[position].lstrip("/"), found.targets[position])
        return self.lists[layer][position]

    def _led(self, path: str, target: str) -> int:
        folder = "" if target.startswith("/") else f"{path.rpartition('/')[0]}/"
        wanted = followed(f"{folder}{target}", self.target, path)
        there = self.find(wanted or ".")
        if there is None:
            shown = visible(wanted, 200)
            raise InvalidReference(
                path, "file of this image", f"it leads to {shown}, which is in none of its layers"
            )
        return there


@dataclass(frozen=True)
class Reader:
    """Where entries of one layer are read from, once others lie over and under it."""

    layers: Layers
    layer: int

    def read(self, position: int, limit: int | None = None) -> bytes:
        """The content of an entry, or of what it links to; see `FileEntry.read`."""
        return self.layers.source(self.layer, position).read(limit)

    def show(self, position: int, limit: int) -> Content:
        """The first `limit` bytes of the same, to be looked at."""
        return self.layers.source(self.layer, position).show(limit)

    def file(self, position: int) -> tuple[Source, int]:
        """Where the content of an entry is, links followed, as by `read`."""
        entry = self.layers.source(self.layer, position)
        return entry.where.file(entry.position)

    def own(self, position: int) -> tuple[Source, int, str]:
        """Where the content of a file is, hard links followed, or why there is none."""
        entry = self.layers.source(self.layer, position)
        return entry.where.own(entry.position)


def shares(layers: Layers, wasted_in: Iterable[tuple[int, int, int]]) -> tuple[LayerShare, ...]:
    """What each layer gives, wastes and takes away, in bytes of files."""
    stack = layers.stack
    wasted, took = [0] * len(layers.lists), [0] * len(layers.lists)
    for layer, number, count in wasted_in:
        wasted[layer] += count
        if (by := stack.by[number]) != NOBODY:
            took[by] += count
    return tuple(
        _share(layers.lists[layer], layer, layers.created_by[layer], wasted[layer], took[layer])
        for layer in range(len(layers.lists))
    )


def wasted_entries(stack: Stack) -> Sequence[tuple[int, int, int]]:
    """The layer, number and bytes of each entry whose bytes nobody sees any more."""
    return [
        (layer, number, count)
        for layer in range(len(stack.layers))
        for number in range(stack.starts[layer], stack.starts[layer + 1])
        if stack.states[number] > SHARED and (count := stack.wasted(number, layer))
    ]


def _share(files: FileList, position: int, created_by: str, wasted: int, took: int) -> LayerShare:
    about = files.about
    return LayerShare(
        position,
        about.name,
        created_by,
        about.size,
        about.unpacked,
        len(files),
        sum(files.columns.sizes) - wasted,
        wasted,
        took,
        files.complete,
    )
