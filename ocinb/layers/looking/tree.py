"""What readers of databases and permissions need of files: of one layer, or of all merged."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Protocol

from ocinb.errors import InvalidReference


class Entry(Protocol):
    """One entry, as `FileEntry` has it."""

    @property
    def path(self) -> str: ...
    @property
    def type(self) -> str: ...
    @property
    def size(self) -> int: ...
    @property
    def mode(self) -> int: ...
    @property
    def uid(self) -> int: ...
    @property
    def gid(self) -> int: ...
    @property
    def xattrs(self) -> Mapping[str, bytes]: ...
    @property
    def permissions(self) -> str: ...
    def read(self, limit: int | None = None) -> bytes:
        """Its content, links followed; raises one of our errors."""


class Files(Protocol):
    """Many entries, found by path and pattern: a `FileList` or a `FileSystem`."""

    def get(self, path: str, /) -> Entry | None:
        """The entry known as `path`, or None."""

    def glob(self, pattern: str, /) -> Iterable[Entry]:
        """Those whose path fits."""

    def __iter__(self) -> Iterator[Entry]: ...


def read(files: Files, path: str, limit: int) -> bytes | None:
    """The content of the file known as `path`; None where there is none, or its link leads nowhere.

    Raises what reading it raises for anything else, such as `InvalidContent` beyond `limit` bytes.
    """
    entry = files.get(path)
    if entry is None or entry.type not in ("file", "hardlink", "symlink"):
        return None
    try:
        return entry.read(limit)
    except InvalidReference:
        return None
