"""Which files give more rights than others, or belong to nobody that is known, and why it matters.

capabilities(7), inode(7), passwd(5), group(5).
"""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import overload

from ocinb.drawable import Drawable
from ocinb.errors import OcinbError
from ocinb.layers import entries
from ocinb.layers.inspecting import file_capabilities
from ocinb.layers.limits import Broken
from ocinb.layers.looking import tree
from ocinb.layers.looking.tree import Entry, Files
from ocinb.layers.unpacking import names
from ocinb.text import visible

# Each kind of finding, the gravest first, and why one looks at it.
KINDS = {
    "setuid": "whoever runs it acts as its owner",
    "setgid": "whoever runs it acts as a member of its group",
    "capabilities": "whoever runs it gets rights of root without being root",
    "device": "whoever may open it reaches the device itself, where the runtime allows that",
    "world-writable file": "any user may change what it holds",
    "world-writable directory": "any user may remove or replace what others put there",
    "unknown owner": "no user here has its number: whoever gets it later owns the file",
    "unknown group": "no group here has its number: whoever gets it later shares the file",
    "odd name": "its name does not show what it is, or is read as something else",
}
_MOST = 10_000  # findings of one kind that are kept
_LIMIT = 4 * 1024 * 1024  # bytes of etc/passwd
_PROGRAMS = ("file", "hardlink")
_DEVICES = ("character device", "block device")
_ODD = (
    entries.ABSOLUTE | entries.PARENT | entries.NO_NAME | entries.NUL | entries.NOT_UTF8
    | entries.UNPRINTABLE
)  # fmt: skip


@dataclass(frozen=True)
class Finding(Drawable):
    """One reason to look at one entry.

    `kind` is one of `KINDS`, `why` says in a sentence why it matters. `uid` and `gid` are the
    owner's numbers; `user` and `group` their names in `etc/passwd` and `etc/group`, empty where
    these know none.
    """

    path: str
    kind: str
    why: str
    type: str = "file"
    permissions: str = ""
    mode: int = 0
    uid: int = 0
    gid: int = 0
    user: str = ""
    group: str = ""

    def __repr__(self) -> str:
        return f"<Finding {self.kind}: {self.permissions} {visible(self.path, 200)}>"


class PermissionReport(Drawable):
    """Files that give more rights than others, or belong to nobody known; the gravest first.

    `counts` says how many there are of each kind, also where not all of them are kept; `notes` what
    could not be looked at.
    """

    def __init__(
        self,
        findings: tuple[Finding, ...] = (),
        counts: dict[str, int] | None = None,
        notes: tuple[str, ...] = (),
        selection: str = "",
    ) -> None:
        self.findings, self.notes, self.selection = findings, notes, selection
        self.counts = dict(Counter(each.kind for each in findings)) if counts is None else counts

    @property
    def left_out(self) -> int:
        """How many more there are than are kept: 10,000 are, of each kind."""
        return sum(self.counts.values()) - len(self.findings)

    def of(self, kind: str) -> PermissionReport:
        """Those of one kind, such as `setuid`; raises `ValueError` for a kind that is none."""
        if kind not in KINDS:
            raise ValueError(f"{visible(kind, 100)!r} is none of {', '.join(KINDS)}")
        some = tuple(each for each in self.findings if each.kind == kind)
        return PermissionReport(some, {kind: self.counts.get(kind, 0)}, self.notes, kind)

    @overload
    def __getitem__(self, wanted: int) -> Finding: ...
    @overload
    def __getitem__(self, wanted: slice) -> PermissionReport: ...
    def __getitem__(self, wanted: int | slice) -> Finding | PermissionReport:
        if isinstance(wanted, slice):
            return PermissionReport(self.findings[wanted], None, self.notes, "a part")
        return self.findings[wanted]

    def __iter__(self) -> Iterator[Finding]:
        return iter(self.findings)

    def __len__(self) -> int:
        return len(self.findings)

    def __repr__(self) -> str:
        said = ", ".join(f"{count:,} {kind}" for kind, count in self.counts.items() if count)
        return f"<PermissionReport {said or 'nothing found'}>"


def permission_report(files: Files) -> PermissionReport:
    """What about `files` gives rights: see `KINDS` for what is looked for.

    Owners are compared with `etc/passwd` and `etc/group` among them; where one of these is not
    there or cannot be read, `notes` say so, and nothing is found about it.
    """
    notes: list[str] = []
    users, groups = (_known(files, path, notes) for path in ("etc/passwd", "etc/group"))
    found: dict[str, list[Finding]] = {kind: [] for kind in KINDS}
    counts = Counter[str]()
    for entry in files:
        if entry.type in ("whiteout", "opaque"):
            continue
        for kind, more in _findings(entry, users, groups):
            counts[kind] += 1
            if len(found[kind]) < _MOST:
                found[kind].append(_finding(entry, kind, more, users, groups))
    kept = (sorted(some, key=lambda each: each.path) for some in found.values())
    counted = {kind: counts[kind] for kind in KINDS if counts[kind]}
    return PermissionReport(tuple(each for some in kept for each in some), counted, tuple(notes))


def _findings(
    entry: Entry, users: dict[int, str] | None, groups: dict[int, str] | None
) -> Iterator[tuple[str, str]]:
    """The kinds of what there is to say of an entry, and what more than the reason of the kind."""
    kind, mode = entry.type, entry.mode
    if mode & 0o7002:
        yield from ((found, "") for found in _of_mode(kind, mode))
    if kind in _DEVICES:
        yield "device", ""
    if entry.xattrs and file_capabilities.ATTRIBUTE in entry.xattrs:
        yield "capabilities", _capabilities(entry.xattrs[file_capabilities.ATTRIBUTE])
    if users is not None and entry.uid and entry.uid not in users:
        yield "unknown owner", ""
    if groups is not None and entry.gid and entry.gid not in groups:
        yield "unknown group", ""
    odd = _odd(entry.path)
    if odd:
        yield "odd name", odd


def _of_mode(kind: str, mode: int) -> Iterator[str]:
    if kind in _PROGRAMS:
        if mode & 0o4000:
            yield "setuid"
        if mode & 0o2000:
            yield "setgid"
        if mode & 0o002:
            yield "world-writable file"
    elif kind == "directory" and mode & 0o1002 == 0o002:
        yield "world-writable directory"


def _capabilities(raw: bytes) -> str:
    try:
        return str(file_capabilities.parse(raw))
    except Broken as error:
        return f"the attribute cannot be read: {error}"


def _odd(path: str) -> str:
    """What is odd about a path, in words; nothing for most, and for the root."""
    if path in (".", "/"):
        return ""
    told = entries.oddities(names.read(path, entries.FILE)[2] & _ODD)
    name = path.rpartition("/")[2]
    if name.startswith("-"):
        told = (*told, "begins like an option")
    if name.strip(" ") != name or (name and not name.strip(".")):
        told = (*told, "has dots or spaces that are overlooked")
    return ", ".join(told)


def _finding(
    entry: Entry, kind: str, more: str, users: dict[int, str] | None, groups: dict[int, str] | None
) -> Finding:
    return Finding(
        entry.path,
        kind,
        f"{more}: {KINDS[kind]}" if more else KINDS[kind],
        entry.type,
        entry.permissions,
        entry.mode,
        entry.uid,
        entry.gid,
        (users or {}).get(entry.uid, ""),
        (groups or {}).get(entry.gid, ""),
    )


def _known(files: Files, path: str, notes: list[str]) -> dict[int, str] | None:
    """Names by number, from a file of lines with colons; None when there is none to read."""
    try:
        raw = tree.read(files, path, _LIMIT)
    except OcinbError as error:
        notes.append(f"{path} could not be read, so owners were not compared with it: {error}")
        return None
    if raw is None:
        notes.append(f"{path} is not here, so owners were not compared with it")
        return None
    return dict(_numbered(io.BytesIO(raw)))


def _numbered(lines: Iterable[bytes]) -> Iterator[tuple[int, str]]:
    for line in lines:
        parts = line.split(b":", 3)
        if len(parts) > 3 and parts[2].isdigit() and len(parts[2]) <= 10:
            yield int(parts[2]), parts[0][:256].decode("utf-8", "replace")
