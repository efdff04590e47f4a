"""A file system folder by folder: the largest first, bounded, with what was taken away."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from ocinb.display.parts import counted, dim, size
from ocinb.display.view import Block, Cell, Fold, Row, Table, Word
from ocinb.layers import entries
from ocinb.layers.filesystem import FileSystem
from ocinb.layers.merged.merging import LIVE, MARKER, SHARED

_DEEP = 4  # folders in each other
_FOLDERS, _FILES = 8, 6  # that are shown of one folder
_IN_ALL = 90  # rows and folders


@dataclass
class _Folder:
    """What is directly in a folder, and the bytes of all that is in it at any depth."""

    folders: Counter[str] = field(default_factory=Counter)
    files: Counter[int] = field(default_factory=Counter)
    gone: Counter[int] = field(default_factory=Counter)
    deeper: int = 0


class _Tree:
    """The upper folders of a file system; what is deeper counts where it is no more shown."""

    def __init__(self, value: FileSystem) -> None:
        self.value, self.left = value, _IN_ALL
        self.folders: dict[str, _Folder] = defaultdict(_Folder)
        stack = value.merged.stack
        for layer, columns in enumerate(stack.layers):
            start = stack.starts[layer]
            for position, path in enumerate(columns.paths):
                self._count(start + position, layer, position, path.strip("/"))

    def _count(self, number: int, layer: int, position: int, path: str) -> None:
        stack = self.value.merged.stack
        state, seen = stack.states[number], stack.states[number] in (LIVE, SHARED)
        directory = stack.layers[layer].types[position] == entries.DIRECTORY
        if state >= MARKER or path in ("", "."):
            return
        if directory and not seen and stack.find(path) != number:
            return  # another layer has it, too, and what became of that is what counts
        live = self.value.merged.live(number, layer)
        *above, name = path.split("/", _DEEP)
        folder = ""
        for part in above:
            inner = f"{folder}/{part}" if folder else part
            self.folders[folder].folders[inner] += live
            folder = inner
        held = self.folders[folder]
        if "/" in name or (directory and seen and len(above) == _DEEP):
            held.deeper += seen
        elif directory and seen:
            held.folders[path] += 0
        elif seen:
            held.files[number] = live
        else:
            held.gone[number] = stack.size(number, layer)

    def blocks(self, folder: str) -> Iterator[Block]:
        """What is in a folder: folders first, then files, then what was taken away."""
        held = self.folders[folder]
        shown = held.folders.most_common(_FOLDERS)
        for path, count in shown:
            if self.left > 0:
                self.left -= 1
                yield Fold(self._heading(path, count), tuple(self.blocks(path)))
        files, gone = held.files.most_common(_FILES), held.gone.most_common(_FILES)
        rows = [number for number, _ in (*files, *gone)][: max(self.left, 0)]
        self.left -= len(rows)
        if rows:
            yield Table(("size", "file", "layer"), rows, self._row, right=("size",))
        if more := tuple(self._more(held, len(shown), len(files), len(gone))):
            yield Table(("", "not shown"), more, lambda said: Row(("…", dim(said))))

    def _heading(self, path: str, count: int) -> Cell:
        inner = self.folders.get(path)
        gone = len(inner.gone) if inner else 0
        name = Word(f"{path.rpartition('/')[2]}/", path, kind="code")
        return (name, size(count), dim(f"{gone:,} taken away") if gone else "")

    def _row(self, number: int) -> Row:
        entry = self.value.merged.entry(number)
        if entry.by is None:
            return Row((size(entry.size), Word(entry.name, entry.path, kind="line"),
                        str(entry.layer)))  # fmt: skip
        name = Word(entry.name, entry.path, kind="line", tone="gone")
        return Row((size(entry.size), name, dim(f"{entry.layer}, {entry.state} by {entry.by}")))

    def _more(self, held: _Folder, folders: int, files: int, gone: int) -> Iterator[str]:
        if (left := len(held.folders) - folders) > 0:
            yield counted(left, "folder")
        if (left := len(held.files) - files) > 0:
            yield counted(left, "file")
        if (left := len(held.gone) - gone) > 0:
            yield f"{left:,} that were taken away"
        if held.deeper:
            yield f"{held.deeper:,} deeper"


def folders(value: FileSystem) -> tuple[Block, ...]:
    """The folders of a file system as folds in each other, as many as there is room for."""
    return tuple(_Tree(value).blocks(""))
