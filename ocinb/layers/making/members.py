"""What goes into a layer: members with a path, a mode, an owner, and content or a target.

A set of members that cannot be written whole is refused before a byte is written: nothing is cut
short, and nothing is left for whoever unpacks it to decide.
"""

from __future__ import annotations

import os
import posixpath
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, TypeAlias

from ocinb.errors import InvalidContent
from ocinb.text import some_of, visible

Kind: TypeAlias = Literal["file", "folder", "symlink", "hardlink"]

LONGEST_NAME = 255  # bytes of one name, as file systems have it (NAME_MAX)
LONGEST_PATH = 4095  # bytes of a path (PATH_MAX without its NUL)
MODES = 0o7777
FOLDER_MODE = 0o755


@dataclass(frozen=True)
class Member:
    """One path of a layer to be written: without a slash in front or behind.

    `size` (bytes) and `open` are a file's content, `target` is what a link names. `extended` are
    extended attributes.
    """

    path: str
    kind: Kind = "file"
    mode: int = 0o644
    uid: int = 0
    gid: int = 0
    size: int = 0
    target: str = ""
    extended: Mapping[str, bytes] = field(default_factory=dict)
    open: Callable[[], Iterable[bytes]] = field(default=tuple, repr=False, compare=False)

    @classmethod
    def of(cls, path: str, content: bytes, mode: int = 0o644) -> Member:
        """A file of bytes, or, with a slash behind `path` and no content, an empty folder."""
        _check_types(path, content)
        folder = path.endswith("/")
        if folder and content:
            raise InvalidContent(f"{shown(path)} names a folder, which has no content of its own")
        kind: Kind = "folder" if folder else "file"
        return cls(path, kind, mode, size=len(content), open=lambda: (content,))

    @property
    def name(self) -> bytes:
        """The path as bytes, which are what members are sorted by."""
        return os.fsencode(self.path)


def complete(members: Iterable[Member]) -> list[Member]:
    """All members of a layer in the order they are written: folders, then the others, each sorted
    by the bytes of their paths; folders that nobody gave are there, too.

    Raises `InvalidContent` for paths that are there twice, that lead out of the image, or that need
    a folder where something else is, for modes that are none, and for names that are too long.
    """
    given = [checked(each) for each in members]
    found: dict[str, Member] = {}
    twice = {each.path for each in given if found.setdefault(each.path, each) is not each}
    if twice:
        raise InvalidContent(f"given more than once: {some_of(map(shown, sorted(twice)))}")
    for each in given:
        _add_folders(each, found)
    _in_order(found)
    return sorted(found.values(), key=lambda each: (each.kind != "folder", each.name))


def checked(member: Member) -> Member:
    """The same with its path in normal form; raises `InvalidContent` if it cannot be written."""
    mode: object = member.mode
    if isinstance(mode, bool) or not isinstance(mode, int):
        raise TypeError(f"the mode of {shown(member.path)} is a number, such as 0o644")
    if not 0 <= mode <= MODES:
        raise InvalidContent(f"{shown(member.path)} cannot have the mode {mode:#o}: 0 to 0o7777")
    if member.uid < 0 or member.gid < 0:
        raise InvalidContent(f"{shown(member.path)} has a negative owner")
    if member.kind in ("symlink", "hardlink"):
        _check_target(member)
    return replace(member, path=normal(member.path))


def normal(path: str) -> str:
    """`path` as it is within the image, without a slash in front or behind.

    Raises `InvalidContent` for a path that is none, or leads out of the image by `..`.
    """
    if "\0" in path:
        raise InvalidContent(f"{shown(path)} has a NUL in it")
    parts = [part for part in path.split("/") if part not in ("", ".")]
    if ".." in parts:
        raise InvalidContent(f"{shown(path)} leads out by '..'")
    if not parts:
        raise InvalidContent(f"{shown(path)} names no file")
    lengths = [_length(part, path) for part in parts]
    whole = sum(lengths) + len(parts) + 1  # with "./" in front
    for count, most, what in (
        (max(lengths), LONGEST_NAME, "a name of"),
        (whole, LONGEST_PATH, "all in all"),
    ):
        if count > most:
            raise InvalidContent(
                f"{shown(path)} has {what} {count:,} bytes; at most {most:,} are taken"
            )
    return "/".join(parts)


def shown(path: str) -> str:
    """A path in a message."""
    return repr(visible(path, 120))


def _check_types(path: object, content: object) -> None:
    if not isinstance(path, str):
        raise TypeError(f"a path is text, not {type(path).__name__}")
    if not isinstance(content, bytes):
        raise TypeError(f"{shown(path)} is given bytes, not {type(content).__name__}")


def _length(part: str, path: str) -> int:
    try:
        return len(os.fsencode(part))
    except UnicodeEncodeError:
        raise InvalidContent(f"{shown(path)} has characters that no name can have") from None


def _check_target(member: Member) -> None:
    if not member.target or "\0" in member.target:
        raise InvalidContent(f"the link {shown(member.path)} has no valid target")
    if _length(member.target, member.path) > LONGEST_PATH:
        raise InvalidContent(f"the target of {shown(member.path)} is too long")


def _add_folders(member: Member, found: dict[str, Member]) -> None:
    """Add the folders above `member`, from the nearest up to one that is there."""
    path = member.path
    while path := posixpath.dirname(path):
        there = found.get(path)
        if there is None:
            found[path] = Member(path, "folder", FOLDER_MODE)
        elif there.kind != "folder":
            raise InvalidContent(
                f"{shown(path)} is a {there.kind} and cannot hold {shown(member.path)}"
            )
        else:
            return


def _in_order(found: dict[str, Member]) -> None:
    """Have the first of a file's names be the file, and every other one a hard link to it."""
    links: dict[str, list[Member]] = {}
    for each in found.values():
        if each.kind == "hardlink":
            links.setdefault(normal(each.target), []).append(each)
    for path, others in links.items():
        file = found.get(path)
        if file is None or file.kind != "file":
            raise InvalidContent(
                f"the hard link {shown(others[0].path)} needs the file {shown(path)} beside it"
            )
        first, *rest = sorted((file, *others), key=lambda each: each.name)
        found[first.path] = replace(file, path=first.path)
        for each in rest:
            link = replace(file, path=each.path, kind="hardlink", size=0, open=tuple, extended={})
            found[each.path] = replace(link, target=first.path)
