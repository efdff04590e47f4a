"""The files of a layer as a value: by position, path and pattern, and how complete they are."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import overload

from ocinb.drawable import Drawable
from ocinb.errors import InvalidArchive, InvalidReference
from ocinb.layers import entries, names
from ocinb.layers.content import Contents, resolved
from ocinb.layers.entries import TYPES, Columns, FileEntry
from ocinb.layers.globs import matcher
from ocinb.oci.digest import Digest
from ocinb.text import human_size, nearest, visible

_COMPLETED = 500  # paths that are offered for completion


@dataclass(frozen=True)
class Listed:
    """What was found out about a layer when it was listed.

    `size` counts its bytes as they are transferred, `unpacked` those of the archive in it.
    `diff_id` is the digest of that archive, None when it could not be read to its end; `verified`
    says whether it is what the config of the image says.
    """

    name: str
    compression: str
    size: int
    unpacked: int
    diff_id: Digest | None
    verified: bool
    trouble: InvalidArchive | None
    notes: tuple[str, ...]


class FileList(Drawable):
    """The files of a layer in the order of its archive, or some of them.

    `files[0]` and `files[2:5]` go by position, `files["etc/os-release"]` by path: of a path that
    comes again, the last entry counts, and folders that are symlinks are followed. When not
    `complete`, `trouble` says where reading broke off and why; what stands here came before that.
    """

    def __init__(
        self,
        about: Listed,
        found: Columns,
        contents: Contents | None = None,
        positions: Sequence[int] | None = None,
        selection: str = "",
    ) -> None:
        self.about = about
        self.columns = found
        self.positions: Sequence[int] = range(len(found)) if positions is None else positions
        self.selection = selection
        self._contents = contents

    @property
    def complete(self) -> bool:
        """Whether the layer was read to its end, and is what an archive should be."""
        return self.about.trouble is None

    @property
    def trouble(self) -> InvalidArchive | None:
        """What was wrong, with entry, offset and rule."""
        return self.about.trouble

    @property
    def diff_id(self) -> Digest | None:
        """The digest of the unpacked archive; None when it could not be read to its end."""
        return self.about.diff_id

    @property
    def paths(self) -> tuple[str, ...]:
        """The path of each entry."""
        return tuple(self.columns.paths[position] for position in self.positions)

    @property
    def size(self) -> int:
        """Bytes of all these files together."""
        sizes = self.columns.sizes
        return sum(sizes[position] for position in self.positions)

    @property
    def counts(self) -> dict[str, int]:
        """How many there are of each type."""
        types = self.columns.types
        if isinstance(self.positions, range):
            count: Callable[[int], int] = types.count
        else:
            count = bytes(types[position] for position in self.positions).count
        return {name: count(kind) for kind, name in enumerate(TYPES) if count(kind)}

    @property
    def odd(self) -> FileList:
        """Those about which something is odd."""
        odd = self.columns.odd
        return self._some(filter(odd.__getitem__, self.positions), "odd")

    @property
    def setuid(self) -> FileList:
        """Files that run as their owner or group, whoever starts them."""
        modes, types = self.columns.modes, self.columns.types

        def runs_as_other(position: int) -> bool:
            return bool(modes[position] & 0o6000) and types[position] != entries.DIRECTORY

        return self._some(filter(runs_as_other, self.positions), "setuid or setgid")

    def glob(self, pattern: str) -> FileList:
        """Those whose path fits `pattern`: `etc/*`, `**/*.so`, `usr/bin/[ab]?`.

        `*` and `?` stay within a folder, `**` means any number of them.
        """
        fits = matcher(pattern)
        paths = self.columns.paths
        found = (at for at in self.positions if fits(paths[at].lstrip("/")))
        return self._some(found, f"like {pattern}")

    def search(self, pattern: str | re.Pattern[str]) -> FileList:
        """Those in whose path the regular expression is found."""
        fits = re.compile(pattern).search
        paths = self.columns.paths
        found = (at for at in self.positions if fits(paths[at]))
        return self._some(found, f"with {re.compile(pattern).pattern}")

    def get(self, path: str) -> FileEntry | None:
        """The entry known as `path`, or None."""
        position = self._position(path)
        return None if position is None else self._entry(position)

    @overload
    def __getitem__(self, wanted: int | str) -> FileEntry: ...
    @overload
    def __getitem__(self, wanted: slice) -> FileList: ...
    def __getitem__(self, wanted: int | str | slice) -> FileEntry | FileList:
        """An entry by position or path, or some by a slice.

        Raises `InvalidReference` for a path that is not there, naming some that are.
        """
        if isinstance(wanted, slice):
            return self._some(self.positions[wanted], self.selection or "a part")
        if isinstance(wanted, int):
            return self._entry(self.positions[wanted])
        position = self._position(wanted)
        if position is None:
            raise self._missing(wanted)
        return self._entry(position)

    def __contains__(self, path: object) -> bool:
        return isinstance(path, str) and self._position(path) is not None

    def __iter__(self) -> Iterator[FileEntry]:
        return map(self._entry, self.positions)

    def __len__(self) -> int:
        return len(self.positions)

    def __repr__(self) -> str:
        what = f" {visible(self.selection, 60)}" if self.selection else ""
        state = "complete" if self.complete else "incomplete"
        size = human_size(self.size)
        return (
            f"<FileList{what} of {visible(self.about.name, 200)}: {len(self):,}, {size}, {state}>"
        )

    def _entry(self, position: int) -> FileEntry:
        return self.columns.entry(position, self._contents)

    def _position(self, path: str) -> int | None:
        known = self.columns.by_path
        position = known.get(path, known.get(names.clean(path).strip("/") or "."))
        if position is None:
            position = known.get(self._real(path))
        return position if position is not None and position in self.positions else None

    def _real(self, path: str) -> str:
        """`path` with the symlinks among its folders followed: `bin/sh` where `bin` leads to."""
        folder, _, name = names.clean(path).strip("/").rpartition("/")
        try:
            return f"{resolved(self.columns, folder, path)}/{name}"
        except InvalidReference:  # they go round in a circle
            return path

    def _some(self, positions: Iterable[int], selection: str) -> FileList:
        return FileList(self.about, self.columns, self._contents, tuple(positions), selection)

    def _missing(self, wanted: str) -> InvalidReference:
        """Why there is no such file: with those of the same name, else some in the same folder."""
        folder, _, name = names.clean(wanted).strip("/").rpartition("/")
        paths = self.paths
        same = [path for path in paths if path.rpartition("/")[2] == name]
        beside = [path for path in paths if path.rpartition("/")[0] == folder]
        near = nearest(wanted, same or beside or paths)
        broke = [] if self.complete else ["the listing is incomplete: see .trouble"]
        return InvalidReference(wanted, "file of this layer", "it has none", hints=[near, *broke])

    def _ipython_key_completions_(self) -> list[str]:
        some = self.positions[:_COMPLETED]
        return [path for path in (self.columns.paths[at] for at in some) if path.isprintable()]
