"""What a layer holds, entry by entry: kept as columns, since there may be a million of them."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from stat import S_ISGID, S_ISUID, S_ISVTX, filemode
from typing import TYPE_CHECKING, Protocol, TypeAlias

from ocinb.drawable import Drawable
from ocinb.text import human_size, visible

if TYPE_CHECKING:
    import os

    from ocinb.layers.extraction.plan import Source
    from ocinb.layers.limits import Quota
    from ocinb.layers.looking.content import Content

Bytes: TypeAlias = bytes  # an entry has an attribute of that name

TYPES = (
    "file", "directory", "symlink", "hardlink", "character device", "block device", "fifo",
    "whiteout", "opaque", "other",
)  # fmt: skip
FILE, DIRECTORY, SYMLINK, HARDLINK, CHARACTER, BLOCK, FIFO, WHITEOUT, OPAQUE, OTHER = range(10)
# What is odd about an entry, in the order it is told.
ODD = (
    "absolute path", "path with ..", "leads outside", "no name", "NUL in its name", "not UTF-8",
    "unprintable name", "path comes again", "sparse", "unknown type", "content ignored",
    "whiteout of nothing", "AUFS leftover", "odd mode",
)  # fmt: skip
(
    ABSOLUTE, PARENT, OUTSIDE, NO_NAME, NUL, NOT_UTF8, UNPRINTABLE, AGAIN, SPARSE, UNKNOWN,
    IGNORED, BARE, AUFS, ODD_MODE,
) = (1 << bit for bit in range(len(ODD)))  # fmt: skip
_LETTERS = {
    DIRECTORY: 0o040000, SYMLINK: 0o120000, CHARACTER: 0o020000, BLOCK: 0o060000, FIFO: 0o010000,
}  # fmt: skip
WH = ".wh."
OPQ = ".wh..wh..opq"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Readable(Protocol):
    """Where the content of entries is read from, each known by its position."""

    def read(self, position: int, limit: int | None = None) -> bytes:
        """The content of an entry, or of what it links to; raises beyond `limit` bytes."""

    def show(self, position: int, limit: int) -> Content:
        """The first `limit` bytes of the same, to be looked at."""

    def file(self, position: int) -> tuple[Source, int]:
        """Where the content of an entry is, links followed, as by `read`."""

    def own(self, position: int) -> tuple[Source, int, str]:
        """Where the content of a file is, hard links followed, or why there is none."""


@dataclass(frozen=True)
class FileEntry(Drawable):
    """One entry of a layer, as its archive says; nothing of it was ever written anywhere.

    `path` is without `./` before and `/` behind it; absolute paths and those with `..` stay as they
    are. `type` is one of file, directory, symlink, hardlink, character device, block device, fifo,
    whiteout, opaque and other. `size` is in bytes, `mtime` None where no calendar has it, `device`
    the major and minor number, `offset` where in the unpacked archive the entry begins, or -1 when
    only a table of contents was read, `position` its number from 0. What is odd stands in `odd`.
    """

    path: str
    type: str
    size: int = 0
    mode: int = 0o644
    uid: int = 0
    gid: int = 0
    user: str = ""
    group: str = ""
    mtime: datetime | None = None
    target: str = ""
    xattrs: Mapping[str, Bytes] = field(default_factory=dict, hash=False)
    device: tuple[int, int] | None = None
    odd: tuple[str, ...] = ()
    offset: int = 0
    position: int = 0
    contents: Readable | None = field(default=None, repr=False, compare=False)

    @property
    def name(self) -> str:
        """The last part of its path."""
        return self.path.rpartition("/")[2]

    @property
    def setuid(self) -> bool:
        """Whether what runs it becomes its owner."""
        return bool(self.mode & S_ISUID)

    @property
    def setgid(self) -> bool:
        """Whether what runs it joins its group, or what is put into it belongs to that."""
        return bool(self.mode & S_ISGID)

    @property
    def sticky(self) -> bool:
        """Whether only owners may remove what is in it."""
        return bool(self.mode & S_ISVTX)

    @property
    def permissions(self) -> str:
        """Type and mode as `ls -l` has them: `drwxr-xr-x`."""
        return permissions(TYPES.index(self.type), self.mode)

    @property
    def hides(self) -> str:
        """Of a whiteout the path that is deleted, of an opaque marker the folder that is emptied.

        Both speak of lower layers only (image-spec, layer.md#whiteouts).
        """
        return hidden(self.type, self.path)

    def read(self, limit: int | None = None) -> Bytes:
        """Its content, checked. Of a layer that is elsewhere only the part it is in is fetched,
        where that can be reached; else the layer is streamed once more up to there. Nothing is
        checked when it was listed with `verify=False`.

        Links are followed within the layer. Raises `InvalidContent` beyond `limit` bytes (64 MiB if
        none is given), `InvalidReference` for what has no content here, `NotSupported` for files
        whose map of holes is none, and `DigestMismatch` when the layer is not the one that was
        listed.
        """
        return self.where.read(self.position, limit)

    def show(self, limit: int = 64 * 1024) -> Content:
        """The same to look at: text as text, JSON indented, anything else in hex; cut at `limit`.

        Raises as `read`, but for what is larger: of that, it is the beginning.
        """
        return self.where.show(self.position, limit)

    def save(
        self,
        path: str | os.PathLike[str],
        *,
        overwrite: bool = False,
        quota: Quota | None = None,
    ) -> int:
        """Write its content to the file `path`, verified, links followed as by `read`; its size.

        It is there when it is whole. Raises `FileExistsError` for what is there already, without
        `overwrite`, `InvalidContent` beyond `quota` (16 GiB if none is given), `DiskFull`, and as
        `read`.
        """
        from ocinb.layers.extraction.extracting import save  # noqa: PLC0415  # it knows of entries

        source, position = self.where.file(self.position)
        return save(source, position, path, overwrite=overwrite, quota=quota)

    @property
    def bytes(self) -> Bytes:
        """Its content; see `read`."""
        return self.read()

    @property
    def text(self) -> str:
        """Its content as UTF-8, with what is none replaced; see `read`."""
        return self.read().decode("utf-8", "replace")

    def hex(self, count: int = 512) -> str:
        """The first `count` bytes of its content in hex, sixteen to a line; see `read`."""
        return self.where.show(self.position, count).hex

    @property
    def where(self) -> Readable:
        """Where its content is read from; raises `NotSupported` when nobody knows."""
        from ocinb.errors import NotSupported  # noqa: PLC0415  # only when there is nothing to read

        if self.contents is None:
            raise NotSupported("this entry stands alone: the layer it is from is not known")
        return self.contents

    def __repr__(self) -> str:
        target = f" -> {visible(self.target, 100)}" if self.target else ""
        size = human_size(self.size)
        return f"<FileEntry {self.permissions} {visible(self.path, 200)}{target} {size}>"


class Columns:
    """Entries as they were read, one value per column and entry."""

    def __init__(self) -> None:
        self.paths: list[str] = []
        self.types = bytearray()
        self.sizes, self.modes, self.mtimes = array("q"), array("H"), array("d")
        self.owners, self.names = array("I"), array("I")  # which of those that are known
        self.offsets, self.data = array("q"), array("q")  # of the header, and of the content
        self.odd = array("H")
        self.known_owners: list[tuple[int, int]] = []
        self.known_names: list[tuple[str, str]] = []
        self.targets: dict[int, str] = {}
        self.xattrs: dict[int, dict[str, bytes]] = {}
        self.devices: dict[int, tuple[int, int]] = {}
        self.holes: dict[int, array[int]] = {}  # where the pieces of sparse files belong

    def __len__(self) -> int:
        return len(self.paths)

    def add(
        self,
        path: str,
        kind: int,
        size: int,
        mode: int,
        mtime: float,
        owner: int,
        names: int,
        offset: int,
        data: int,
        odd: int,
    ) -> None:
        """Have one more entry."""
        self.paths.append(path)
        self.types.append(kind)
        self.sizes.append(size)
        self.modes.append(mode)
        self.mtimes.append(mtime)
        self.owners.append(owner)
        self.names.append(names)
        self.offsets.append(offset)
        self.data.append(data)
        self.odd.append(odd)

    @cached_property
    def by_path(self) -> dict[str, int]:
        """The position of each path, the last if it comes again.

        Absolute paths begin at the root of the container, as all others do.
        """
        return {path.lstrip("/") or ".": position for position, path in enumerate(self.paths)}

    def settle(self) -> None:
        """Note paths that come again, once all of them are there."""
        seen: set[str] = set()
        again: set[str] = set()
        for path in self.paths:
            path = path.lstrip("/")
            (again if path in seen else seen).add(path)
        for position, path in enumerate(self.paths) if again else ():
            if path.lstrip("/") in again:
                self.odd[position] |= AGAIN

    def entry(self, position: int, contents: Readable | None = None) -> FileEntry:
        """One of them as a value."""
        uid, gid = self.known_owners[self.owners[position]]
        user, group = self.known_names[self.names[position]]
        return FileEntry(
            self.paths[position],
            TYPES[self.types[position]],
            self.sizes[position],
            self.modes[position],
            uid,
            gid,
            user,
            group,
            moment(self.mtimes[position]),
            self.targets.get(position, ""),
            self.xattrs.get(position, {}),
            self.devices.get(position),
            oddities(self.odd[position]),
            self.offsets[position],
            position,
            contents,
        )


def oddities(bits: int) -> tuple[str, ...]:
    """What is odd, in words."""
    return tuple(word for bit, word in enumerate(ODD) if bits >> bit & 1) if bits else ()


def permissions(kind: int, mode: int) -> str:
    """Type and mode as `ls -l` has them; types that are not known begin with `?`."""
    letters = filemode(_LETTERS.get(kind, 0o100000) | mode)
    return f"?{letters[1:]}" if kind == OTHER else letters


def hidden(kind: str, path: str) -> str:
    """What a whiteout or opaque marker at `path` hides in lower layers; nothing for others."""
    folder, slash, name = path.rpartition("/")
    if kind == "opaque":
        return folder or "."
    return f"{folder}{slash}{name.removeprefix(WH)}" if kind == "whiteout" else ""


def moment(seconds: float) -> datetime | None:
    """A time in seconds since 1970; None for one that is in no calendar of ours."""
    try:
        return _EPOCH + timedelta(seconds=seconds)
    except (OverflowError, ValueError):
        return None


def parents(path: str) -> Iterator[str]:
    """The folders that `path` is in, the nearest first."""
    while "/" in path:
        path = path.rpartition("/")[0]
        yield path
