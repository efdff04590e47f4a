"""The members of an archive by name, as content to read: links are followed within it, and no name
ever is a path on this machine."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass

from ocinb.errors import InvalidArchive, InvalidContent
from ocinb.layers import entries
from ocinb.layers.making.members import shown
from ocinb.storage.archive.walking import Bytes, Walked
from ocinb.storage.store import PIECE

MOST_HOPS = 10  # links from one name to the content it stands for
_LINKS = (entries.SYMLINK, entries.HARDLINK)
_NEITHER = (entries.CHARACTER, entries.BLOCK, entries.FIFO)


@dataclass(frozen=True)
class Member:
    """A file of an archive, or a part of one: the bytes from `start` up to `stop`."""

    archive: Bytes
    name: str
    start: int
    stop: int

    @property
    def size(self) -> int:
        """Bytes in all."""
        return self.stop - self.start

    def __iter__(self) -> Iterator[bytes]:
        at = self.start
        while at < self.stop:
            piece = self.archive.read(at, min(PIECE, self.stop - at))
            if not piece:
                raise InvalidContent(f"{shown(self.name)}: the archive was cut short meanwhile")
            at += len(piece)
            yield piece

    def part(self, start: int, stop: int) -> Member:
        """The bytes from `start` up to, not including, `stop`."""
        end = min(self.start + stop, self.stop)
        return Member(self.archive, self.name, min(self.start + start, end), end)


class Members:
    """What is in an archive.

    Raises `InvalidArchive` where a name is absolute or has `..` in it, and for devices and pipes:
    whoever writes images writes none of these.
    """

    def __init__(self, walked: Walked) -> None:
        self._walked, self._found = walked, walked.found
        for position, (odd, kind) in enumerate(
            zip(self._found.odd, self._found.types, strict=True)
        ):
            if odd & (entries.ABSOLUTE | entries.PARENT):
                raise self._broken(position, "names are relative, and lead out of nothing")
            if kind in _NEITHER:
                raise self._broken(position, "an image archive holds files, folders and links")

    @property
    def names(self) -> tuple[str, ...]:
        """Every name, in the order of the archive."""
        return tuple(self._found.paths)

    def check_end(self, why: str) -> None:
        """Raise `InvalidArchive` for what is missing, where it may be cut off."""
        self._walked.check_end(why)

    def __contains__(self, name: str) -> bool:
        return name in self._found.by_path

    def find(self, name: str) -> Member | None:
        """The file `name`, or the one that a link of that name leads to; None when there is none.

        Raises `InvalidArchive` where two members have the name, and for links that lead in circles
        or out of the archive.
        """
        asked = name
        for _ in range(MOST_HOPS + 1):
            position = self._found.by_path.get(name)
            if position is None:
                return None
            self._check(position)
            kind = self._found.types[position]
            if kind not in _LINKS:
                return self._member(position) if kind == entries.FILE else None
            name = self._followed(position, kind)
        raise self._broken(
            self._found.by_path[asked], f"at most {MOST_HOPS} links lead from a name to its content"
        )

    def _member(self, position: int) -> Member:
        start = self._found.data[position]
        stop = start + self._found.sizes[position]
        return Member(self._walked.bytes, self._found.paths[position], start, stop)

    def _followed(self, position: int, kind: int) -> str:
        path, target = self._found.paths[position], self._found.targets[position]
        if self._found.odd[position] & entries.OUTSIDE or target.startswith("/"):
            raise self._broken(position, "a link leads to something in its archive")
        folder = "" if kind == entries.HARDLINK else posixpath.dirname(path)
        return posixpath.normpath(posixpath.join(folder, target))

    def _check(self, position: int) -> None:
        odd = self._found.odd[position]
        if odd & entries.AGAIN:
            raise self._broken(position, "one name is one member's")
        if odd & entries.SPARSE:
            raise self._broken(position, "what an image archive holds is stored whole")

    def _broken(self, position: int, rule: str) -> InvalidArchive:
        name, at = shown(self._found.paths[position]), self._found.offsets[position]
        where = f"at entry {position:,}, byte {at:,} of the archive, is {name}"
        message = f"{where}; the rule is: {rule}"
        return InvalidArchive(message, rule=rule, entry=position, offset=at)
