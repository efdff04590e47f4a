"""The files of a layer as a value: by position, path and pattern, and how complete they are."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Unpack, overload

from ocinb.drawable import Drawable
from ocinb.errors import InvalidArchive, InvalidReference
from ocinb.layers import entries
from ocinb.layers.entries import TYPES, Columns, FileEntry
from ocinb.layers.extraction.extracted import Extracted
from ocinb.layers.extraction.extracting import extract
from ocinb.layers.inspecting.inspected import Inspected
from ocinb.layers.lazy.fetched import Fetched
from ocinb.layers.limits import Quota
from ocinb.layers.looking.content import Contents, resolved
from ocinb.layers.looking.globs import matcher
from ocinb.layers.unpacking import names
from ocinb.oci.diffs.regard import Regard, Switches
from ocinb.oci.digest import Digest
from ocinb.text import human_size, nearest, visible

if TYPE_CHECKING:
    from ocinb.layers.diffs.files import FilesDiff
    from ocinb.layers.filesystem import FileSystem
    from ocinb.layers.treemap import Treemap

_COMPLETED = 500  # paths that are offered for completion


@dataclass(frozen=True)
class Listed:
    """What was found out about a layer when it was listed.

    `size` counts its bytes as they are transferred, `unpacked` those of the archive in it.
    `diff_id` is the digest of that archive, None when it could not be read to its end, or was not
    to be `hashed`; `verified` says whether it is what the config of the image says. `table` is the
    format of the table of contents that was read in place of the archive, of which then only the
    content is counted.
    """

    name: str
    compression: str
    size: int
    unpacked: int
    diff_id: Digest | None
    verified: bool
    trouble: InvalidArchive | None
    notes: tuple[str, ...]
    table: str = ""
    hashed: bool = True


class FileList(Inspected, Drawable):
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
        """The digest of the unpacked archive; None when it was not hashed, or not to its end."""
        return self.about.diff_id

    @property
    def fetched(self) -> int:
        """Bytes that were fetched so far to open files of it; see `fetching`."""
        return self.fetching.opening if self.fetching is not None else 0

    @property
    def requests(self) -> int:
        """Requests that it took to open files of it."""
        return self.fetching.requests if self.fetching is not None else 0

    @property
    def fetching(self) -> Fetched | None:
        """How much of the layer was fetched, and what for; None for one that is here."""
        return self._contents.fetched if self._contents is not None else None

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

    def extract(
        self,
        folder: str | os.PathLike[str],
        *,
        overwrite: bool = False,
        keep_modes: bool = False,
        quota: Quota | None = None,
    ) -> Extracted:
        """Write these files below `folder`, in one pass over the layer; what came of it.

        Files, folders and symlinks are written, hard links as links between them; nothing leaves
        the folder, and what is there stays, without `overwrite`. Devices, whiteouts and whatever
        else is left out is named in what is returned. Permissions are those of the archive less
        setuid, setgid, sticky and the umask, or with `keep_modes` exactly those; owners and
        extended attributes stay aside. Raises `InvalidContent` beyond `quota` (16 GiB if none is
        given), `DiskFull`, `NotSupported` where the system cannot keep links out, and
        `DigestMismatch` when the layer is not the one that was listed: then, and when it is
        interrupted, everything that was written is removed again, but what it replaced is gone.
        """
        done = extract(self, folder, overwrite=overwrite, keep_modes=keep_modes, quota=quota)
        return replace(done, trouble=self.trouble)

    def diff(self, other: FileList | FileSystem, **switches: Unpack[Switches]) -> FilesDiff:
        """What this listing and another one have differently; see `ocinb.oci.diffs.regard.Regard`.

        Raises as reading content does, unless `contents=False`.
        """
        from ocinb.layers.diffs.comparing import diff_files  # noqa: PLC0415  # few compare

        names = self.about.name, other.about.name if isinstance(other, FileList) else other.name
        return diff_files(self, other, Regard.of(**switches), names)

    def treemap(self) -> Treemap:
        """A picture of where the bytes of these files are, coloured by the folder at the top."""
        from ocinb.layers.treemap import Treemap  # noqa: PLC0415  # few ask

        paths, sizes = self.columns.paths, self.columns.sizes

        def entries() -> Iterator[tuple[str, int, str]]:
            for at in self.positions:
                path = paths[at].strip("/")
                top, slash, _ = path.partition("/")
                yield path, sizes[at], top if slash else "."

        return Treemap.of(self.about.name, "folder", entries)

    def digests(self, positions: Iterable[int]) -> dict[int, Digest]:
        """The SHA-256 of the content of the entries at these positions of the archive, in one pass.

        Links have none, nor has what cannot be read; see `ocinb.layers.looking.hashing.digests`.
        """
        return self._contents.digests(positions) if self._contents is not None else {}

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
        state += "" if self.about.hashed else ", not verified"
        size = human_size(self.size)
        told = f", {self.fetching}" if self.fetching is not None and self.fetching.files else ""
        return (
            f"<FileList{what} of {visible(self.about.name, 200)}: "
            f"{len(self):,}, {size}, {state}{told}>"
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
