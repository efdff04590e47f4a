"""The file system of an image: its layers over each other, with all that was taken away."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Literal, Self, Unpack, overload

from ocinb.drawable import Drawable
from ocinb.errors import InvalidArchive, InvalidReference
from ocinb.layers import entries
from ocinb.layers.entries import WH, Columns
from ocinb.layers.extraction.extracted import Extracted
from ocinb.layers.extraction.extracting import extract
from ocinb.layers.files import FileList
from ocinb.layers.inspecting.inspected import Inspected
from ocinb.layers.limits import Quota
from ocinb.layers.looking.globs import matcher
from ocinb.layers.merged.layered import LayeredEntry, Layers, LayerShare
from ocinb.layers.merged.merging import DELETED, HIDDEN, NOBODY, SHARED, STATES, SUPERSEDED, Stack
from ocinb.layers.merged.waste import Waste
from ocinb.layers.unpacking import names
from ocinb.oci.diffs.regard import Regard, Switches
from ocinb.text import human_size, nearest, visible

if TYPE_CHECKING:
    from ocinb.layers.diffs.files import FilesDiff
    from ocinb.layers.treemap import Treemap

_COMPLETED = 500  # paths that are offered for completion


class FileSystem(Inspected, Drawable):
    """The files of an image as a container sees them, or some of its entries, in order of path.

    `fs["etc/os-release"]` is what is seen by that path, read from the layer that has it; folders
    that are symlinks are followed, across layers. `deleted`, `superseded` and `hidden` are what is
    in a layer and cannot be seen, and say which layer took it away; `history(path)` is all that
    ever was at a path, `waste` what all that costs. When not `complete`, `trouble` says where a
    layer broke off: what is behind that is missing here.
    """

    def __init__(
        self, layers: Layers, numbers: Sequence[int] | None = None, selection: str = ""
    ) -> None:
        self.merged = layers
        self.selection = selection
        self._given = numbers

    @classmethod
    def of(
        cls, layers: Iterable[FileList], *, created_by: Iterable[str] = (), name: str = ""
    ) -> Self:
        """The file system of an image from the listings of its layers, the lowest first.

        `created_by` says what made each of them. Raises `ValueError` for a part of a listing.
        """
        lists = tuple(layers)
        for files in lists:
            if len(files) != len(files.columns):
                raise ValueError(f"{files!r} is a part: all files of a layer are needed")
        made = (*created_by, *[""] * len(lists))[: len(lists)]
        return cls(Layers(lists, Stack([each.columns for each in lists]), made, name))

    @cached_property
    def numbers(self) -> Sequence[int]:
        """The entries by numbers that count on through all layers, from the lowest on."""
        if self._given is not None:
            return self._given
        return self._sorted(self._in_states(range(SHARED + 1)))

    @property
    def name(self) -> str:
        """What image it is of, if that was said."""
        return self.merged.name

    @property
    def layers(self) -> tuple[LayerShare, ...]:
        """Each layer, what made it, and how much of it can be seen."""
        return self.waste.layers

    @property
    def complete(self) -> bool:
        """Whether all layers were read to their ends."""
        return all(each.complete for each in self.merged.lists)

    @property
    def trouble(self) -> InvalidArchive | None:
        """What was wrong with the lowest layer that could not be read to its end."""
        return next((each.trouble for each in self.merged.lists if each.trouble), None)

    @property
    def notes(self) -> tuple[str, ...]:
        """What is odd about how layers fit together, such as whiteouts of what was not there."""
        stack = self.merged.stack
        more = (f"and {stack.unnoted:,} more",) if stack.unnoted else ()
        return (*stack.notes, *more)

    @property
    def paths(self) -> tuple[str, ...]:
        """The path of each entry."""
        return tuple(map(self._path, self.numbers))

    @cached_property
    def size(self) -> int:
        """Bytes of all these files together; those of hard links count once."""
        if self._given is None:
            return self.waste.live
        layer_of, stack = self.merged.stack.layer_of, self.merged.stack
        roots = {stack.shares.get(number, number) for number in self.numbers}
        return sum(stack.size(number, layer_of(number)) for number in roots)

    @property
    def states(self) -> dict[str, int]:
        """How many entries of all layers there are in each state."""
        count = self.merged.stack.states.count
        return {name: count(state) for state, name in enumerate(STATES) if count(state)}

    @property
    def counts(self) -> dict[str, int]:
        """How many of these there are of each type."""
        found = Counter(columns.types[at] for columns, at in self._places())
        return {name: found[kind] for kind, name in enumerate(entries.TYPES) if found[kind]}

    @property
    def all(self) -> FileSystem:
        """Every entry of every layer, with what became of it."""
        return self._some(self._sorted(range(len(self.merged.stack))), "all entries")

    @property
    def deleted(self) -> FileSystem:
        """What whiteouts deleted, and which layer did."""
        return self._taken(DELETED)

    @property
    def superseded(self) -> FileSystem:
        """What something else came in the place of, and in which layer."""
        return self._taken(SUPERSEDED)

    @property
    def hidden(self) -> FileSystem:
        """What opaque markers hide, and in which layer they are."""
        return self._taken(HIDDEN)

    @property
    def odd(self) -> FileSystem:
        """Those about which something is odd."""
        return self._where(lambda columns, at: columns.odd[at], "odd")

    @property
    def setuid(self) -> FileSystem:
        """Files that run as their owner or group, whoever starts them."""
        return self._where(_runs_as_other, "setuid or setgid")

    @cached_property
    def waste(self) -> Waste:
        """What is in the layers of this image and cannot be seen."""
        return Waste.of(self.merged)

    def glob(self, pattern: str) -> FileSystem:
        """Those whose path fits `pattern`, as `FileList.glob` has it."""
        fits = matcher(pattern)
        return self._where(lambda columns, at: fits(columns.paths[at].lstrip("/")),
                           f"like {pattern}")  # fmt: skip

    def search(self, pattern: str | re.Pattern[str]) -> FileSystem:
        """Those in whose path the regular expression is found."""
        expression = re.compile(pattern)
        return self._where(lambda columns, at: expression.search(columns.paths[at]),
                           f"with {expression.pattern}")  # fmt: skip

    def diff(self, other: FileSystem | FileList, **switches: Unpack[Switches]) -> FilesDiff:
        """What this file system and another one have differently; see `FileList.diff`."""
        from ocinb.layers.diffs.comparing import diff_files  # noqa: PLC0415  # few compare

        names = self.name, other.about.name if isinstance(other, FileList) else other.name
        return diff_files(self, other, Regard.of(**switches), names)

    def history(self, path: str) -> FileSystem:
        """All that layers have at `path`, from the lowest up, whiteouts of it, too."""
        path = self.merged.known_as(path)
        folder, slash, name = path.rpartition("/")
        known = (path, f"{folder}{slash}{WH}{name}")
        stack = self.merged.stack
        found = [
            stack.starts[layer] + columns.by_path[each]
            for layer, columns in enumerate(stack.layers)
            for each in known
            if each in columns.by_path
        ]
        if not found:
            raise self._missing(path)
        return self._some(tuple(found), f"history of {path}")

    def layer_of(self, path: str) -> LayerShare:
        """The layer that last touched `path`: that it is from, or that took it away.

        Raises `InvalidReference` for a path that is in no layer.
        """
        number = self.merged.stack.find(self.merged.known_as(path))
        if number is None:
            raise self._missing(path)
        by = self.merged.stack.by[number]
        return self.layers[self.merged.place(number)[0] if by == NOBODY else by]

    def by_layer(self) -> Iterator[tuple[FileList, Sequence[int]]]:
        """Each layer that has some of these, and their positions in its archive in its order.

        Whoever writes files somewhere pours each layer once.
        """
        ordered, at = sorted(self.numbers), 0
        stack = self.merged.stack
        for files, start, end in zip(
            self.merged.lists, stack.starts, stack.starts[1:], strict=False
        ):
            first = at
            while at < len(ordered) and ordered[at] < end:
                at += 1
            if at > first:
                yield files, [number - start for number in ordered[first:at]]

    def extract(
        self,
        folder: str | os.PathLike[str],
        *,
        overwrite: bool = False,
        keep_modes: bool = False,
        quota: Quota | None = None,
    ) -> Extracted:
        """Write these files below `folder`, each layer they are from read once; what came of it.

        See `FileList.extract` for what is written, what is left out, and what is raised.
        """
        done = extract(self, folder, overwrite=overwrite, keep_modes=keep_modes, quota=quota)
        return replace(done, trouble=self.trouble)

    def treemap(self, by: Literal["layer", "state"] = "layer") -> Treemap:
        """A picture of where the bytes of these files are, coloured by the layer they are from.

        By "state", it is of all layers, with what is wasted beside what is seen. Raises
        `ValueError` for another word.
        """
        from ocinb.layers.treemap import Treemap  # noqa: PLC0415  # few ask

        if by not in ("layer", "state"):
            raise ValueError(f"by is 'layer' or 'state', not {by!r:.80}")
        all_layers = by == "state" and self._given is None
        numbers = range(len(self.merged.stack)) if all_layers else self.numbers

        def entries() -> Iterator[tuple[str, int, str]]:
            stack = self.merged.stack
            for number in numbers:
                layer = stack.layer_of(number)
                live, path = self.merged.live(number, layer), self._path(number)
                wasted = stack.wasted(number, layer)
                if by == "layer":
                    yield path, live + wasted, f"layer {layer}"
                else:
                    yield path, live or wasted, "seen" if live else "wasted"

        return Treemap.of(self.name, by, entries)

    def get(self, path: str) -> LayeredEntry | None:
        """The entry that is seen as `path`, or None."""
        number = self._number(path)
        return None if number is None else self.merged.entry(number)

    @overload
    def __getitem__(self, wanted: int | str) -> LayeredEntry: ...
    @overload
    def __getitem__(self, wanted: slice) -> FileSystem: ...
    def __getitem__(self, wanted: int | str | slice) -> LayeredEntry | FileSystem:
        """An entry by position or path, or some by a slice.

        Raises `InvalidReference` for a path that is not there, saying who took it away if somebody
        did, and else naming some that are.
        """
        if isinstance(wanted, slice):
            return self._some(self.numbers[wanted], self.selection or "a part")
        if isinstance(wanted, int):
            return self.merged.entry(self.numbers[wanted])
        number = self._number(wanted)
        if number is None:
            raise self._missing(wanted)
        return self.merged.entry(number)

    def __contains__(self, path: object) -> bool:
        return isinstance(path, str) and self._number(path) is not None

    def __iter__(self) -> Iterator[LayeredEntry]:
        return map(self.merged.entry, self.numbers)

    def __len__(self) -> int:
        if self._given is None:
            return sum(self.merged.stack.states.count(state) for state in range(SHARED + 1))
        return len(self._given)

    def __repr__(self) -> str:
        what = f" {visible(self.selection, 60)}" if self.selection else ""
        name = f" of {visible(self.name, 200)}" if self.name else ""
        state = "complete" if self.complete else "incomplete"
        count = f"{len(self.merged.lists)} layers"
        return f"<FileSystem{what}{name}: {len(self):,}, {human_size(self.size)}, {count}, {state}>"

    def _path(self, number: int) -> str:
        layer, position = self.merged.place(number)
        return self.merged.lists[layer].columns.paths[position].lstrip("/") or "."

    def _places(self) -> Iterator[tuple[Columns, int]]:
        for number in self.numbers:
            layer, position = self.merged.place(number)
            yield self.merged.lists[layer].columns, position

    def _in_states(self, states: range) -> list[int]:
        found = self.merged.stack.states
        return [number for number, state in enumerate(found) if state in states]

    def _sorted(self, numbers: Iterable[int]) -> tuple[int, ...]:
        """In order of path, and from the lowest layer up."""
        paths = [path for each in self.merged.lists for path in each.columns.paths]
        return tuple(sorted(numbers, key=paths.__getitem__))

    def _where(self, fits: Callable[[Columns, int], object], selection: str) -> FileSystem:
        places = zip(self.numbers, self._places(), strict=True)
        return self._some(tuple(each for each, place in places if fits(*place)), selection)

    def _taken(self, state: int) -> FileSystem:
        found = self._in_states(range(state, state + 1))
        return self._some(self._sorted(found), STATES[state])

    def _some(self, numbers: Sequence[int], selection: str) -> FileSystem:
        return FileSystem(self.merged, numbers, selection)

    def _number(self, path: str) -> int | None:
        find, cleaned = self.merged.find, names.clean(path).strip("/") or "."
        number = find(cleaned)
        if number is None:
            number = find(self.merged.known_as(path))
        if self._given is None or number is None:
            return number
        return number if number in self._members else None

    @cached_property
    def _members(self) -> frozenset[int]:
        return frozenset(self.numbers)

    def _missing(self, wanted: str) -> InvalidReference:
        """Why there is no such file: who took it away, else those of the same name, or beside."""
        path = self.merged.known_as(wanted)
        gone = self.merged.stack.find(path)
        if gone is not None and not self.selection:
            return InvalidReference(wanted, "file of this image", _gone(self.merged.entry(gone)),
                                    hints=[f"history({path!r}) is all that was there"])  # fmt: skip
        folder, _, name = path.rpartition("/")
        paths = self.paths
        same = [path for path in paths if path.rpartition("/")[2] == name]
        beside = [path for path in paths if path.rpartition("/")[0] == folder]
        near = nearest(wanted, same or beside or paths)
        broke = [] if self.complete else ["a layer is incomplete: see .trouble"]
        return InvalidReference(wanted, "file of this image", "it has none", hints=[near, *broke])

    def _ipython_key_completions_(self) -> list[str]:
        some = map(self._path, self.numbers[:_COMPLETED])
        return [path for path in some if path.isprintable()]


def _runs_as_other(columns: Columns, at: int) -> bool:
    return bool(columns.modes[at] & 0o6000) and columns.types[at] != entries.DIRECTORY


def _gone(entry: LayeredEntry) -> str:
    if entry.by is None:
        return f"it is a {entry.type} in layer {entry.layer}, {entry.state}"
    return f"layer {entry.layer} has it, and layer {entry.by} took it away ({entry.state})"
