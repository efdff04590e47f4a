"""Where the bytes of files are, as boxes in boxes: the largest, and what is left of each folder."""

from __future__ import annotations

import heapq
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from operator import itemgetter
from pathlib import Path
from typing import Literal, TypeAlias

from ocinb.drawable import Drawable
from ocinb.text import human_size, visible

MOST = 80  # boxes of one picture
_LEAST = 1_000  # a box has at least one part in so many of everything
_DEEP = 24  # folders in each other; what is deeper is one name
_MOST_FOLDERS = 200_000  # that are told apart; beyond them, what is in new ones is one name
_HALF = 2  # of the room that is left, one folder gets so much

By: TypeAlias = Literal["layer", "state", "folder"]
Kind: TypeAlias = Literal["file", "folder", "rest"]
# Path, bytes, and what colours them.
Sized: TypeAlias = "tuple[str, int, str]"


@dataclass(frozen=True)
class Box:
    """A file, a folder, or the rest of one, with its bytes and how many files have them.

    `groups` are the bytes of each layer or state, the most first. A folder that was opened has its
    boxes in `inner`, the largest first; its `rest` is all that is too small for a box of its own.
    """

    path: str
    kind: Kind
    size: int
    files: int
    groups: tuple[tuple[str, int], ...]
    inner: tuple[Box, ...] = ()

    @property
    def group(self) -> str:
        """What most of its bytes are of."""
        return self.groups[0][0] if self.groups else ""

    @property
    def leaves(self) -> Iterator[Box]:
        """The boxes that hold no others."""
        if not self.inner:
            yield self
        for each in self.inner:
            yield from each.leaves


@dataclass(frozen=True)
class Treemap(Drawable):
    """Where the bytes are: files and folders as boxes, as large as what is in them.

    `name` says of what, `by` what colours a box: its layer, its state or its folder at the top.
    `boxes` are the ones that are drawn, the largest first, and together they have all bytes.
    """

    name: str
    by: By
    root: Box

    @classmethod
    def of(cls, name: str, by: By, entries: Callable[[], Iterable[Sized]]) -> Treemap:
        """The picture of `entries`, which are counted twice; those without a byte are left out."""
        least = sum(size for _, size, _ in entries()) / _LEAST
        root, room = _Folder(), _MOST_FOLDERS
        for path, size, group in entries():
            if size > 0:
                room -= root.count(path, size, group, least, room)
        return cls(name, by, _box(".", root, _opened(root, least)))

    @property
    def size(self) -> int:
        """Bytes of all files together."""
        return self.root.size

    @property
    def boxes(self) -> tuple[Box, ...]:
        """The boxes that hold no others, the largest first; none when there is no byte."""
        found = self.root.leaves if self.size else ()
        return tuple(sorted(found, key=lambda box: (-box.size, box.path)))

    @property
    def svg(self) -> str:
        """The picture as SVG: a document that loads and runs nothing, light or dark as its reader
        has it. Boxes say what they are when the mouse rests on them."""
        return Drawable._faces().svg(self)

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the picture to `path` as SVG, in place of what is there; returns where it is."""
        target = Path(path)
        target.write_text(self.svg, "utf-8")
        return target

    def __repr__(self) -> str:
        name = f" of {visible(self.name, 200)}" if self.name else ""
        return f"<Treemap{name}: {human_size(self.size)} in {len(self.boxes)} boxes>"


@dataclass(slots=True)
class _Folder:
    """What is in a folder at any depth, its folders, and those files that are large enough."""

    size: int = 0
    files: int = 0
    groups: Counter[str] = field(default_factory=Counter)
    folders: dict[str, _Folder] = field(default_factory=dict)
    held: list[Sized] = field(default_factory=list)

    def count(self, path: str, size: int, group: str, least: float, room: int) -> int:
        """Count a file here and in each folder on the way to it, of which at most `room` are new;
        how many were."""
        *above, name = path.strip("/").split("/", _DEEP)
        folder, made = self, 0
        folder._add(size, group)
        for at, part in enumerate(above):
            inner = folder.folders.get(part)
            if inner is None and made == room:
                name = "/".join((*above[at:], name))
                break
            if inner is None:
                inner = folder.folders[part] = _Folder()
                made += 1
            folder = inner
            folder._add(size, group)
        if size >= least:
            folder.held.append((name, size, group))
        return made

    def _add(self, size: int, group: str) -> None:
        self.size += size
        self.files += 1
        self.groups[group] += size


@dataclass(slots=True)
class _Shown:
    """What of a folder has a box of its own."""

    folders: list[tuple[str, _Folder]]
    files: list[Sized]

    @classmethod
    def of(cls, folder: _Folder, least: float, room: int) -> _Shown:
        """The largest that are in `folder`, as many as there is room for."""
        found: list[tuple[int, str, _Folder | str]] = [
            (-each.size, name, each) for name, each in folder.folders.items() if each.size >= least
        ]
        found += ((-size, name, group) for name, size, group in folder.held)
        if not found:  # all are small: the largest of them, since one box would say nothing
            found += ((-each.size, name, each) for name, each in folder.folders.items())
        chosen = heapq.nsmallest(room, found, key=itemgetter(0, 1))
        folders = [(name, each) for _, name, each in chosen if isinstance(each, _Folder)]
        files = [(name, -size, each) for size, name, each in chosen if isinstance(each, str)]
        return cls(folders, files)

    def __len__(self) -> int:
        return len(self.folders) + len(self.files)


def _opened(root: _Folder, least: float) -> dict[int, _Shown]:
    """The folders of which one sees what is in them: always the largest next, while room lasts."""
    found: dict[int, _Shown] = {}
    ahead = [(-root.size, 0, root)]
    boxes = number = 1
    while ahead:
        _, _, folder = heapq.heappop(ahead)
        shown = _Shown.of(folder, least, max(1, (MOST - boxes) // _HALF))
        if not len(shown) or boxes + len(shown) > MOST:
            continue
        found[id(folder)] = shown
        boxes += len(shown)  # and the rest is in the place of the folder
        for _, each in shown.folders:
            heapq.heappush(ahead, (-each.size, number, each))
            number += 1
    return found


def _box(path: str, folder: _Folder, opened: dict[int, _Shown]) -> Box:
    """The box of a folder; one with nothing but one other folder in it is that one."""
    shown = opened.get(id(folder))
    inner: list[Box] = []
    if shown is not None:
        beneath = "" if path == "." else f"{path}/"
        inner += (_box(f"{beneath}{name}", each, opened) for name, each in shown.folders)
        inner += (
            Box(f"{beneath}{name}", "file", size, 1, ((group, size),))
            for name, size, group in shown.files
        )
        inner += _rest(path, folder, inner)
        inner.sort(key=lambda box: (-box.size, box.path))
    if len(inner) == 1 and inner[0].kind == "folder" and path != ".":
        return inner[0]
    return Box(path, "folder", folder.size, folder.files, _most(folder.groups), tuple(inner))


def _rest(path: str, folder: _Folder, shown: list[Box]) -> Iterator[Box]:
    files = folder.files - sum(box.files for box in shown)
    if files:
        groups = folder.groups.copy()
        for box in shown:
            groups.subtract(dict(box.groups))
        size = folder.size - sum(box.size for box in shown)
        yield Box(path, "rest", size, files, _most(+groups))


def _most(groups: Counter[str]) -> tuple[tuple[str, int], ...]:
    return tuple(sorted(groups.items(), key=lambda each: (-each[1], each[0])))
