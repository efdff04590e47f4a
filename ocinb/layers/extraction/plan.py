"""What of some entries is written where, decided before anything is (K-13).

Names lead nowhere but into the folder: absolute ones begin there, those with `..` are left out. So
are entries below what is no folder, devices, whiteouts, and symlinks that may lead outside. Of a
path that comes again, the last entry counts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

from ocinb.errors import InvalidContent
from ocinb.layers import entries
from ocinb.layers.entries import FileEntry
from ocinb.layers.extraction.extracted import LeftOut
from ocinb.layers.limits import Quota
from ocinb.layers.looking.sifting import Sink
from ocinb.text import human_size

_DEEPEST = 100  # folders in each other: each of them is kept open meanwhile
_REFUSED = ("path with ..", "no name", "NUL in its name")
_NEVER = {
    "character device": "devices are never made",
    "block device": "devices are never made",
    "fifo": "fifos are never made",
    "other": "its type is unknown",
    "whiteout": "a whiteout is no file: it deletes what lower layers have",
    "opaque": "a whiteout is no file: it empties a folder of lower layers",
}


class Source(Protocol):
    """Where the content of entries is: the contents of a layer."""

    def size(self, position: int, /) -> int:
        """Bytes of an entry."""

    def stored(self, position: int, /) -> int:
        """Bytes of it in the archive, which holes take none of."""

    def stream(self, positions: Iterable[int], sink: Sink, /) -> None:
        """The content of these entries, in one pass."""


Place: TypeAlias = "tuple[int, int]"  # the identity of a source, and a position there


@dataclass
class Plan:
    """What is to be written, by path; nothing of it was yet.

    `again` are further names of a file, with the path of the first.
    """

    folders: dict[str, FileEntry] = field(default_factory=dict)
    files: dict[Place, tuple[str, FileEntry]] = field(default_factory=dict)
    again: dict[str, tuple[str, FileEntry]] = field(default_factory=dict)
    links: dict[str, tuple[str, FileEntry]] = field(default_factory=dict)
    sources: dict[int, tuple[Source, list[int]]] = field(default_factory=dict)
    left_out: list[LeftOut] = field(default_factory=list)
    adapted: Counter[str] = field(default_factory=Counter)

    @property
    def bytes(self) -> int:
        """The size of all files together."""
        return sum(
            source.size(position)
            for source, positions in self.sources.values()
            for position in positions
        )

    @property
    def stored(self) -> int:
        """The bytes that are stored of them, holes aside: as much room as they need."""
        return sum(
            source.stored(position)
            for source, positions in self.sources.values()
            for position in positions
        )

    def check(self, quota: Quota) -> None:
        """Raise `InvalidContent` when it is more than may be written."""
        count = len(self.folders) + len(self.files) + len(self.again) + len(self.links)
        if count > quota.entries:
            raise InvalidContent(
                f"there are {count:,} entries; at most {quota.entries:,} are written",
                hints=[f"quota=Quota(entries={count}) writes all of them"],
            )
        size = self.bytes
        if size > quota.bytes:
            raise InvalidContent(
                f"there are {human_size(size)}; at most {human_size(quota.bytes)} are written",
                hints=[f"quota=Quota(bytes={size}) writes all of them"],
            )

    def leave(self, entry: FileEntry, why: str) -> None:
        """Have an entry not written."""
        self.left_out.append(LeftOut(entry.path, entry.type, why))


def planned(found: Iterable[FileEntry], most: int = Quota.entries) -> Plan:
    """What of these entries goes where; those with the same content are names of one file.

    Raises `InvalidContent` when they are in more than `most` folders, with or without an entry.
    """
    plan = Plan()
    latest = _latest(found, plan)
    inside = _Inside(latest, most)
    hard = []
    for path, entry in latest.items():
        if not inside(path):
            plan.leave(entry, "what it is in is no folder here")
        elif entry.type == "directory":
            plan.folders[path] = entry
        elif entry.type == "symlink":
            _link(plan, path, entry)
        elif entry.type == "hardlink":
            hard.append((path, entry))
        else:
            _file(plan, path, entry)
    for path, entry in hard:
        _file(plan, path, entry)
    return plan


def _latest(found: Iterable[FileEntry], plan: Plan) -> dict[str, FileEntry]:
    """The last entry of each path that may be written, by the path in the folder."""
    latest: dict[str, FileEntry] = {}
    for entry in found:
        path = entry.path.strip("/")
        refused = next((odd for odd in _REFUSED if odd in entry.odd), "") or _NEVER.get(entry.type)
        if refused:
            plan.leave(entry, refused)
            continue
        if path in ("", "."):  # the folder itself
            continue
        if path.count("/") > _DEEPEST:
            plan.leave(entry, f"it is in more than {_DEEPEST} folders in each other")
            continue
        before = latest.pop(path, None)
        if before is not None and before.type != "directory":
            plan.leave(before, "its path comes again: the last entry counts")
        latest[path] = entry
    return latest


class _Inside:
    """Whether whatever a path is in, among these entries, is a folder, all the way up."""

    def __init__(self, latest: dict[str, FileEntry], most: int) -> None:
        self._latest, self._most = latest, most
        self._known = {"": True}

    def __call__(self, path: str) -> bool:
        above = []
        for folder in entries.parents(path):
            if folder in self._known:
                break
            above.append(folder)
        else:
            folder = ""
        good = self._known[folder]
        for folder in reversed(above):
            entry = self._latest.get(folder)
            good = good and (entry is None or entry.type == "directory")
            self._known[folder] = good
        if len(self._known) - 1 > self._most:
            raise InvalidContent(
                f"the entries are in more than {self._most:,} folders; no more are written"
            )
        return good


def _file(plan: Plan, path: str, entry: FileEntry) -> None:
    if entry.contents is None:
        plan.leave(entry, "the layer it is from is not known")
        return
    source, position, why = entry.contents.own(entry.position)
    if why:
        plan.leave(entry, why)
        return
    place = (id(source), position)
    if place in plan.files:
        plan.again[path] = (plan.files[place][0], entry)
        return
    plan.files[place] = (path, entry)
    plan.sources.setdefault(id(source), (source, []))[1].append(position)


def _link(plan: Plan, path: str, entry: FileEntry) -> None:
    target = within(path, entry.target)
    if target is None:
        plan.leave(entry, "its target may lead outside of the folder")
        return
    if entry.target.startswith("/"):
        plan.adapted["absolute link made relative"] += 1
    plan.links[path] = (target, entry)


def within(path: str, target: str) -> str | None:
    """The target for a symlink at `path` that cannot lead outside; None where there is none.

    An absolute one begins at the folder, as it does at the root of a container. `..` may only come
    first: behind a name it would be taken from wherever that name leads, which may be higher up.
    """
    parts = [part for part in target.split("/") if part not in ("", ".")]
    up = next((at for at, part in enumerate(parts) if part != ".."), len(parts))
    depth = path.count("/")
    if not target or "\0" in target or ".." in parts[up:]:
        return None
    if target.startswith("/"):
        return "/".join([".."] * depth + parts[up:]) or "."
    return target if up <= depth else None
