"""What `copy` takes, as members: bytes, and files and folders of this machine as they are there.

Modes, owners, links and file capabilities are kept. Links within what is copied are never followed;
names that end the world of files (devices, sockets, pipes) are refused. Content is read when the
layer is written, and must be the file that was seen.
"""

from __future__ import annotations

import os
import posixpath
import stat
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TypeAlias

from ocinb.errors import InvalidContent
from ocinb.layers.making.ignoring import Ignores, ignoring, matching
from ocinb.layers.making.members import Member, shown

Pair: TypeAlias = "tuple[str, bytes]"  # a name and its content
Given: TypeAlias = "bytes | str | os.PathLike[str] | Iterable[str | os.PathLike[str] | Pair]"

_PIECE = 256 * 1024
_CAPABILITY = "security.capability"  # the one extended attribute that belongs to a program
_WHITEOUT = ".wh."
_Seen: TypeAlias = "dict[tuple[int, int], str]"  # files with several names, by what they are


def gathered(
    given: Given,
    to: str,
    *,
    mode: int | None = None,
    owner: tuple[int, int] | None = None,
    ignore: Iterable[str] = (),
) -> list[Member]:
    """The members that copying `given` to the path `to` makes; see `Image.copy`."""
    ignored = ignoring(ignore)
    seen: _Seen = {}
    members = [
        _with(member, mode, owner)
        for each in _each(given)
        for member in _members(each, to, _is_many(given), ignored, seen)
    ]
    for member in members:
        if posixpath.basename(member.path).startswith(_WHITEOUT):
            raise InvalidContent(
                f"{shown(member.path)} would delete a file of the layers below, not add one",
                hints=["leave it out: ignore=['.wh.*']; or say so with add_layer"],
            )
    return members


def _each(given: Given) -> Sequence[bytes | str | os.PathLike[str] | Pair]:
    if isinstance(given, (bytes, str, os.PathLike)):
        return [given]
    return list(given)


def _is_many(given: Given) -> bool:
    return not isinstance(given, (bytes, str, os.PathLike))


def _members(
    each: bytes | str | os.PathLike[str] | Pair,
    to: str,
    many: bool,
    ignored: Ignores,
    seen: _Seen,
) -> Iterator[Member]:
    """What one of the things given becomes; `many` of them go into a folder."""
    if isinstance(each, bytes):
        if to.endswith("/"):
            raise InvalidContent(f"bytes need a name: {shown(to)} is a folder")
        yield Member.of(to, each)
    elif isinstance(each, tuple):
        name, content = each
        yield Member.of(posixpath.join(to, name), content)
    elif isinstance(each, (str, os.PathLike)):
        yield from _from_disk(os.fspath(each), to, many, ignored, seen)
    else:
        raise TypeError(
            "what is copied is bytes, a path, or a list of paths or (name, bytes), not "
            f"{type(each).__name__}"
        )


def _from_disk(source: str, to: str, many: bool, ignored: Ignores, seen: _Seen) -> Iterator[Member]:
    if not os.path.lexists(source) and any(sign in source for sign in "*?["):
        yield from _matched(source, to, ignored)
        return
    about = os.stat(source)  # what is named itself is followed, and must be there
    if stat.S_ISDIR(about.st_mode):
        inside = to.strip("/")
        if inside and not many:
            yield _folder(to, about)
        yield from _within(source, "", to, ignored, seen)
    else:
        name = os.path.basename(os.path.abspath(source))
        path = posixpath.join(to, name) if many or to.endswith("/") else to
        yield _seen_file(os.path.realpath(source), path, about, seen)


def _matched(pattern: str, to: str, ignored: Ignores) -> Iterator[Member]:
    """What a pattern finds, under `to` by its path from where the pattern begins to vary."""
    parts = pattern.split("/")
    fixed = next(at for at, part in enumerate(parts) if any(sign in part for sign in "*?["))
    folder = "/".join(parts[:fixed]) + ("/" if fixed else "")
    regex = matching("/".join(parts[fixed:]))
    found = False
    for member in _within(folder or ".", "", "", ignored, {}, regex.fullmatch):
        found = True
        yield _moved(member, to)
    if not found:
        raise FileNotFoundError(f"nothing matches {pattern!r}")


def _moved(member: Member, to: str) -> Member:
    """The same member under the folder `to`, and with it the file a hard link names."""
    target = posixpath.join(to, member.target) if member.kind == "hardlink" else member.target
    return replace(member, path=posixpath.join(to, member.path), target=target)


def _within(
    folder: str,
    inner: str,
    to: str,
    ignored: Ignores,
    seen: _Seen,
    wanted: Callable[[str], object] | None = None,
) -> Iterator[Member]:
    """What is in a folder, which is `inner` in the one that is copied; only what is `wanted`, and
    what is in a folder that is."""
    with os.scandir(folder) as listing:
        found = sorted(listing, key=lambda each: os.fsencode(each.name))
    for each in found:
        path, about = posixpath.join(inner, each.name), each.stat(follow_symlinks=False)
        is_folder = stat.S_ISDIR(about.st_mode)
        if ignored(path, is_folder):
            continue
        take = wanted is None or wanted(path)
        if take:
            yield _member(each.path, posixpath.join(to, path), about, seen)
        if is_folder:
            yield from _within(each.path, path, to, ignored, seen, None if take else wanted)


def _member(source: str, path: str, about: os.stat_result, seen: _Seen) -> Member:
    if stat.S_ISDIR(about.st_mode):
        return _folder(path, about)
    if stat.S_ISLNK(about.st_mode):
        target = os.readlink(source)
        return Member(path, "symlink", 0o777, about.st_uid, about.st_gid, target=target)
    return _seen_file(source, path, about, seen)


def _folder(path: str, about: os.stat_result) -> Member:
    return Member(path, "folder", stat.S_IMODE(about.st_mode), about.st_uid, about.st_gid)


def _seen_file(source: str, path: str, about: os.stat_result, seen: _Seen) -> Member:
    """A file, or the hard link to the name under which it was seen first."""
    if not stat.S_ISREG(about.st_mode):
        raise InvalidContent(
            f"{shown(source)} is {_what(about.st_mode)}, which an image does not hold",
            hints=["leave it out with ignore=[…]"],
        )
    file = Member(
        path, "file", stat.S_IMODE(about.st_mode), about.st_uid, about.st_gid, about.st_size,
        extended=_capability(source), open=lambda: _read(source, about),
    )  # fmt: skip
    if about.st_nlink == 1:
        return file
    first = seen.setdefault((about.st_dev, about.st_ino), path)
    return file if first == path else Member(
        path, "hardlink", file.mode, file.uid, file.gid, target=first
    )  # fmt: skip


def _read(source: str, about: os.stat_result) -> Iterator[bytes]:
    """The content of the file that was seen; another one in its place is refused."""
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    with open(os.open(source, flags), "rb", buffering=0) as file:
        now = os.fstat(file.fileno())
        if (now.st_dev, now.st_ino) != (about.st_dev, about.st_ino):
            raise InvalidContent(f"{shown(source)} was replaced while the folder was copied")
        while piece := file.read(_PIECE):
            yield piece


def _capability(source: str) -> dict[str, bytes]:
    if not hasattr(os, "getxattr"):
        return {}
    try:
        return {_CAPABILITY: os.getxattr(source, _CAPABILITY, follow_symlinks=False)}
    except OSError:  # it has none, or the file system knows none
        return {}


def _what(mode: int) -> str:
    kinds = (
        (stat.S_ISCHR, "a device"), (stat.S_ISBLK, "a device"), (stat.S_ISFIFO, "a named pipe"),
        (stat.S_ISSOCK, "a socket"),
    )  # fmt: skip
    return next((what for is_one, what in kinds if is_one(mode)), "no ordinary file")


def _with(member: Member, mode: int | None, owner: tuple[int, int] | None) -> Member:
    """The same with the owner, and for a file the mode, that somebody wants instead."""
    if mode is not None and member.kind in ("file", "hardlink"):
        member = replace(member, mode=mode)
    if owner is not None:
        member = replace(member, uid=owner[0], gid=owner[1])
    return member
