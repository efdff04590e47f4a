"""What is planned, written to a folder: links come last, so that nothing is written through one."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial

from ocinb.layers.entries import FileEntry
from ocinb.layers.extraction.extracted import Extracted
from ocinb.layers.extraction.folder import Folder, Refused
from ocinb.layers.extraction.plan import Plan

_COPIED = 1024 * 1024  # bytes at a time
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SPECIAL = 0o7000  # setuid, setgid and sticky
_FILE, _FOLDER = 0o600, 0o700  # what the owner of what is written may always do with it


class File:
    """A file that is open, as what takes its content."""

    def __init__(self, file: int) -> None:
        self._file, self._size = file, 0

    def begin(self, position: int) -> None:
        """It is open already."""

    def write(self, piece: memoryview) -> None:
        """Write the next bytes."""
        self._size += len(piece)
        while len(piece):
            piece = piece[os.write(self._file, piece) :]

    def hole(self, count: int) -> None:
        """Leave a hole, where the file system knows them; zeros are read from it."""
        self._size += count
        os.ftruncate(self._file, self._size)
        os.lseek(self._file, 0, os.SEEK_END)

    def end(self) -> None:
        """Whoever opened it closes it."""

    def restart(self) -> None:
        """Forget what was written."""
        self._size = 0
        os.ftruncate(self._file, 0)
        os.lseek(self._file, 0, os.SEEK_SET)


class Writing:
    """Writes what is planned, and counts it; it takes the content of files as they stream by."""

    def __init__(self, plan: Plan, folder: Folder, *, keep_modes: bool) -> None:
        self._plan, self._folder, self._keep_modes = plan, folder, keep_modes
        self._source, self._mark = 0, folder.mark  # which streams by, and what was there before
        self._begun: tuple[str, FileEntry, int, File] | None = None
        self._files: dict[str, int] = {}  # paths that were written, and their sizes
        self._passing: list[str] = []  # those of the present source
        self._refused: dict[str, str] = {}  # paths of files, and why there are none
        self._links = self._hard_links = 0
        umask = os.umask(0o077)
        os.umask(umask)
        self._umask = umask

    def all(self) -> None:
        """Write everything."""
        folders = self._plan.folders.items()
        new = [(path, entry) for path, entry in folders if self._new(path, entry)]
        for number, (source, positions) in self._plan.sources.items():
            self._source, self._mark, self._passing = number, self._folder.mark, []
            source.stream(positions, self)
        for path, (first, entry) in self._plan.again.items():
            self._try(entry, partial(self._again, path, first, entry))
        for path, (target, entry) in self._plan.links.items():
            self._try(entry, partial(self._link, path, target, entry))
        for path, entry in sorted(new, key=lambda each: -each[0].count("/")):
            self._folder.settle(path, self._mode(entry, _FOLDER), _times(entry.mtime))

    def extracted(self, folder: str) -> Extracted:
        """What came of it."""
        return Extracted(
            folder,
            len(self._files),
            self._folder.folders,
            self._links,
            self._hard_links,
            sum(self._files.values()),
            tuple(self._plan.left_out),
            dict(self._plan.adapted),
        )

    def begin(self, position: int) -> None:
        """The content of this entry of the present source comes next."""
        path, entry = self._plan.files[self._source, position]
        try:
            file = self._folder.begin(path, 0o600)
        except Refused as error:
            self._refused[path] = error.why
            self._plan.leave(entry, error.why)
        else:
            self._begun = (path, entry, file, File(file))

    def write(self, piece: memoryview) -> None:
        """Write the next bytes of it."""
        if self._begun is not None:
            self._begun[3].write(piece)

    def hole(self, count: int) -> None:
        """The next bytes of it are zeros."""
        if self._begun is not None:
            self._begun[3].hole(count)

    def end(self) -> None:
        """It is whole."""
        if self._begun is None:
            return
        path, entry, file, _ = self._begun
        self._begun = None
        os.fchmod(file, self._mode(entry, _FILE))
        self._stamp(file, entry)
        size = os.fstat(file).st_size
        self._folder.end(path)
        self._files[path] = size
        self._passing.append(path)

    def restart(self) -> None:
        """The source begins again: what came of it so far is not verified, and goes."""
        self._begun = None
        self._folder.undo(self._mark)
        for path in self._passing:
            del self._files[path]
        self._passing.clear()

    def _new(self, path: str, entry: FileEntry) -> bool:
        """Have a folder; whether it is ours, and gets its permissions in the end."""
        found = False

        def make() -> None:
            nonlocal found
            found = self._folder.folder(path)

        self._try(entry, make)
        return found

    def _again(self, path: str, first: str, entry: FileEntry) -> None:
        """A further name of a file, or where there can be none, a copy."""
        if first not in self._files:
            raise Refused(self._refused.get(first, "what it is linked to is not there"))
        if self._folder.hard_link(path, first):
            self._hard_links += 1
            return
        source = self._folder.read(first)
        try:
            file = self._folder.begin(path, 0o600)
            while piece := os.read(source, _COPIED):
                File(file).write(memoryview(piece))
        finally:
            os.close(source)
        os.fchmod(file, self._mode(entry, _FILE))
        self._stamp(file, entry)
        self._folder.end(path)
        self._files[path] = self._files[first]

    def _link(self, path: str, target: str, entry: FileEntry) -> None:
        self._folder.symlink(path, target, _times(entry.mtime))
        self._links += 1

    def _try(self, entry: FileEntry, act: Callable[[], None]) -> None:
        try:
            act()
        except Refused as error:
            self._plan.leave(entry, error.why)

    def _mode(self, entry: FileEntry, least: int) -> int:
        if self._keep_modes:
            return entry.mode & 0o7777
        if entry.mode & _SPECIAL:
            self._plan.adapted["setuid, setgid or sticky dropped"] += 1
        return entry.mode & 0o777 & ~self._umask | least

    def _stamp(self, file: int, entry: FileEntry) -> None:
        if entry.xattrs:
            self._plan.adapted["extended attributes not written"] += 1
        times = _times(entry.mtime)
        if times is not None:
            with suppress(OSError, OverflowError):
                os.utime(file, ns=times)


def _times(moment: datetime | None) -> tuple[int, int] | None:
    """When it was read and changed last, in nanoseconds; None for a time in no calendar."""
    if moment is None:
        return None
    since = (moment - _EPOCH) // timedelta(microseconds=1) * 1_000
    return since, since
