"""The layers of an image, one over the other: what becomes of each entry, and who took it away.

image-spec, layer.md: whiteouts speak of lower layers only, and before their own layer's entries.
Paths are taken as they are written: what engines do with an entry below a symlink differs.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate

from ocinb.layers import entries
from ocinb.layers.entries import OPQ, WH, Columns
from ocinb.layers.unpacking import names
from ocinb.text import visible

# What becomes of an entry: it lives; it lives and shares the bytes of another name; a later entry
# of its path came; a whiteout took it, or an opaque marker; it is such a marker; it means nothing.
STATES = ("live", "hardlink", "superseded", "deleted", "hidden", "marker", "ignored")
LIVE, SHARED, SUPERSEDED, DELETED, HIDDEN, MARKER, IGNORED = range(len(STATES))
NOBODY = -1
_MOST_NOTES = 100
_MOST_IMPLIED = 8 * 1024 * 1024  # characters of folders that have no entry of their own


class Stack:
    """Entries of all layers under numbers of their own, and what becomes of each.

    Entry `position` of `layers[layer]` has the number `starts[layer] + position`; `states` says
    which of `STATES` it is in, and `by` which layer took it away. `shares` leads from a hard link
    to the entry that has the bytes, `holders` from such an entry that is gone to the link that
    keeps its bytes. `cleared` are bytes below folders that a layer deleted.
    """

    def __init__(self, layers: Sequence[Columns]) -> None:
        self.layers = layers
        self.starts = [0, *accumulate(map(len, layers))]
        self.states = bytearray(self.starts[-1])
        self.by = array("i", [NOBODY]) * self.starts[-1]
        self.shares: dict[int, int] = {}
        self.holders: dict[int, int] = {}
        self.cleared: dict[tuple[int, str], int] = {}
        self.notes: list[str] = []
        self.unnoted = 0
        self._implied: set[str] = set()
        self._sorted: dict[int, list[str]] = {}
        for layer in range(len(layers)):
            self._lay(layer)
        for layer, found in enumerate(layers):
            if found.types.count(entries.HARDLINK):
                self._link(layer, found)
        self._share()
        self._sorted.clear()
        self._implied.clear()

    def __len__(self) -> int:
        return self.starts[-1]

    def find(self, path: str, below: int | None = None) -> int | None:
        """The number of the topmost entry of `path`, whatever became of it; `below` a layer."""
        for layer in range(len(self.layers) if below is None else below)[::-1]:
            position = self.layers[layer].by_path.get(path)
            if position is not None:
                return self.starts[layer] + position
        return None

    def size(self, number: int, layer: int) -> int:
        """Its bytes, as its header says."""
        return self.layers[layer].sizes[number - self.starts[layer]]

    def wasted(self, number: int, layer: int) -> int:
        """The bytes of an entry that nobody sees any more."""
        if self.states[number] in (LIVE, SHARED) or number in self.holders:
            return 0
        return self.size(number, layer)

    def _lay(self, layer: int) -> None:
        """One more layer, on all that are below."""
        found = self.layers[layer]
        if len(found.by_path) < len(found):
            self._settle_again(layer, found)
        marked = [position for position, path in enumerate(found.paths) if WH in path]
        self._settle_odd(layer, found, marked)
        prefixes: dict[str, int] = {}
        for position in marked:
            self._read_marker(layer, found, position, prefixes)
        self._clear(layer, prefixes)
        self._clear(layer, dict.fromkeys(self._supersede(layer, found), SUPERSEDED))
        self._imply(layer, found)

    def _take(self, number: int, state: int, layer: int) -> bool:
        """Have `layer` take an entry away, unless somebody did before."""
        if self.states[number] != LIVE:
            return False
        self.states[number], self.by[number] = state, layer
        return True

    def _settle_again(self, layer: int, found: Columns) -> None:
        """Of a path that comes again in one archive, the last entry counts."""
        known, start = found.by_path, self.starts[layer]
        for position, path in enumerate(found.paths):
            if known[path.lstrip("/") or "."] != position:
                self._take(start + position, SUPERSEDED, layer)

    def _settle_odd(self, layer: int, found: Columns, marked: Sequence[int]) -> None:
        start = self.starts[layer]
        root = found.by_path.get(".")
        if root is not None and not found.paths[root]:
            self.states[start + root] = IGNORED
        for position in marked:
            kind, path = found.types[position], found.paths[position]
            if any(part.startswith(WH) for part in path.split("/")[:-1]):
                self.states[start + position] = IGNORED
            elif kind in (entries.WHITEOUT, entries.OPAQUE):
                self.states[start + position] = MARKER
            elif path.rpartition("/")[2].startswith(WH):
                self.states[start + position] = IGNORED

    def _read_marker(
        self, layer: int, found: Columns, position: int, prefixes: dict[str, int]
    ) -> None:
        """Delete what a whiteout names; what is below is only noted in `prefixes`."""
        if self.states[self.starts[layer] + position] != MARKER:
            return
        folder, slash, name = found.paths[position].lstrip("/").rpartition("/")
        if name == OPQ:
            prefixes.setdefault(folder, HIDDEN)
            return
        name = name.removeprefix(WH)
        path = f"{folder}{slash}{name}"
        there = None if name in (".", "..") else self.find(path, layer)
        taken = there is not None and self._take(there, DELETED, layer)
        if path in self._implied or (taken and self._is_folder(there)):
            prefixes[path] = DELETED
        elif not taken:
            self._note(f"layer {layer} deletes {visible(path, 200)}, which was not there")

    def _is_folder(self, number: int | None) -> bool:
        if number is None:
            return False
        layer = self.layer_of(number)
        return self.layers[layer].types[number - self.starts[layer]] == entries.DIRECTORY

    def layer_of(self, number: int) -> int:
        """Which layer an entry is of."""
        layer = bisect_left(self.starts, number + 1) - 1
        while self.starts[layer + 1] <= number:  # layers with nothing in them
            layer += 1
        return layer

    def _supersede(self, layer: int, found: Columns) -> set[str]:
        """Take away what comes again; the folders in whose place `layer` has something else."""
        known, types = found.by_path, found.types
        replaced = {
            path for path in known.keys() & self._implied if types[known[path]] != entries.DIRECTORY
        }
        for lower in range(layer):
            there, start = self.layers[lower], self.starts[lower]
            for path in known.keys() & there.by_path.keys():
                position = there.by_path[path]
                if (
                    self._take(start + position, SUPERSEDED, layer)
                    and there.types[position] == entries.DIRECTORY
                    and types[known[path]] != entries.DIRECTORY
                ):
                    replaced.add(path)
        return replaced

    def _clear(self, layer: int, prefixes: dict[str, int]) -> None:
        """Take away all that is below folders, each entry once."""
        for path in _outermost(prefixes):
            cleared = sum(self._clear_in(lower, path, prefixes[path], layer)
                          for lower in range(layer))  # fmt: skip
            if prefixes[path] == DELETED:
                self.cleared[layer, path] = cleared

    def _clear_in(self, lower: int, folder: str, state: int, layer: int) -> int:
        """The same of one layer below; how many bytes there were."""
        known, start = self.layers[lower].by_path, self.starts[lower]
        sizes, cleared = self.layers[lower].sizes, 0
        for path in self._below(lower, folder):
            position = known[path]
            if self._take(start + position, state, layer):
                cleared += sizes[position]
        return cleared

    def _below(self, layer: int, folder: str) -> Iterable[str]:
        """The paths of a layer that are in `folder`, at any depth."""
        if layer not in self._sorted:
            self._sorted[layer] = sorted(self.layers[layer].by_path)
        paths = self._sorted[layer]
        if not folder:
            return (path for path in paths if path != ".")
        first = bisect_left(paths, f"{folder}/")
        return paths[first : bisect_left(paths, f"{folder}0", first)]  # 0 comes after the slash

    def _imply(self, layer: int, found: Columns) -> None:
        """Look at folders that this layer puts something into and has no entry of."""
        folders, implied, all_of_them = folders_in(found)
        if not all_of_them:
            self._note(f"layer {layer} has too many folders without an entry of their own")
        for folder in folders:
            if found.types[found.by_path[folder]] != entries.DIRECTORY:
                self._note_below(layer, folder)
        for folder in implied:
            self._pass(layer, folder)
        self._implied |= implied

    def _pass(self, layer: int, folder: str) -> None:
        """What stands below where a folder must be by now: a file goes, a symlink stays."""
        there = self.find(folder, layer)
        if there is None or self.states[there] != LIVE or self._is_folder(there):
            return
        lower = self.layer_of(there)
        if self.layers[lower].types[there - self.starts[lower]] == entries.SYMLINK:
            self._note_below(layer, folder)
        else:
            self._take(there, SUPERSEDED, layer)

    def _note_below(self, layer: int, folder: str) -> None:
        shown = visible(folder, 200)
        self._note(
            f"layer {layer} has entries below {shown}, which is no directory: engines differ"
        )

    def _link(self, layer: int, found: Columns) -> None:
        """Find the bytes of the hard links of a layer: an entry before them in it, or below it."""
        start, again = self.starts[layer], len(found.by_path) < len(found)
        seen: dict[str, int] = {}
        for position in range(len(found)) if again else sorted(found.targets):
            path = found.paths[position].lstrip("/")
            if found.types[position] == entries.HARDLINK:
                target = names.clean(found.targets[position]).strip("/")
                there = seen.get(target) if again else found.by_path.get(target)
                number = self.find(target, layer) if there is None else start + there
                self._share_with(start + position, number, layer)
            if again:
                seen[path] = position

    def _share_with(self, link: int, number: int | None, layer: int) -> None:
        number = self.shares.get(number, number) if number is not None else None
        gone = number is not None and NOBODY != self.by[number] < layer
        if number is None or number == link or gone:
            self._note(f"layer {layer} has a hard link to what is not there")
        else:
            self.shares[link] = number

    def _share(self) -> None:
        """Of the names of one file that live, one has its bytes."""
        for link in self.shares:
            root = self._root(link)
            self.shares[link] = root
            if self.states[link] != LIVE:
                continue
            if self.states[root] == LIVE or root in self.holders:
                self.states[link] = SHARED
            else:
                self.holders[root] = link

    def _root(self, link: int) -> int:
        """The entry at the end of a chain of links."""
        seen = {link}
        while (there := self.shares.get(link)) is not None and there not in seen:
            link = there
            seen.add(link)
        for each in seen - {link}:
            self.shares[each] = link  # so that nobody walks there again
        return link

    def _note(self, text: str) -> None:
        if len(self.notes) < _MOST_NOTES:
            self.notes.append(text)
        else:
            self.unnoted += 1


def folders_in(found: Columns) -> tuple[set[str], set[str], bool]:
    """Where a layer has something: its entries with others below them, and folders without one.

    Of the latter there may be more than there is memory for; whether these are all is the third.
    """
    known = found.by_path
    nearest = {path.rpartition("/")[0] for path in known} - {""}
    folders, implied, text = nearest & known.keys(), set[str](), 0
    for folder in nearest - known.keys():
        while folder and folder not in known and folder not in implied:
            implied.add(folder)
            text += len(folder)
            if text > _MOST_IMPLIED:
                return folders, implied, False
            folder = folder.rpartition("/")[0]
        if folder in known:
            folders.add(folder)
    return folders, implied, True


def _outermost(prefixes: Iterable[str]) -> Iterator[str]:
    """Those that are in none of the others."""
    last = None
    for path in sorted(prefixes, key=lambda each: f"{each}/" if each else ""):
        if last is None or (last and not path.startswith(f"{last}/")):
            last = path
            yield path
