"""What was fetched of a blob before it broke off: a hidden file, gone on with by the next process.

It is `.partial-<algorithm>-<hex>`, beside the file or in the layout that is to have the blob, for
its owner alone. Whoever writes it has it locked; a lock ends with its process, however that ends.
Who finds it locked, or not to be his own, writes to a temporary file instead, so that no two ever
mix. Nothing in it is believed: it is hashed again, and the whole must come out as its name.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import BinaryIO, NoReturn

from ocinb.errors import DigestMismatch, DiskFull
from ocinb.oci.digest import Digest
from ocinb.storage import files
from ocinb.storage.arriving import FileIngest
from ocinb.text import human_size, short_path

WORTH_KEEPING = 1024 * 1024  # bytes; fewer are as soon fetched again
KEPT_FOR = 7 * 24 * 3600.0  # seconds since it was last written to

_NAME = re.compile(r"\.partial-(?:sha256-[0-9a-f]{64}|sha512-[0-9a-f]{128})", re.ASCII)
_FULL = frozenset({errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)})


def arriving(
    folder: Path, digest: Digest, size: int, target: Callable[[Digest], Path]
) -> FileIngest:
    """A place in `folder` for the blob `digest` of `size` bytes, which `target` says the end of.

    What an earlier process left of it is in it. Used as a context manager, what was not committed
    is kept for the next process if it is worth that, unless it proved to be wrong. Raises
    `DiskFull` when there is no room for it, before anything is written and also later.
    """
    digest.hasher()  # what cannot be verified is not begun
    clear_old(folder)
    path = place(folder, digest)
    file = files.claim(path)
    if file is None:
        return _Arriving(folder, digest, size, partial(_temporary, folder, size), target)
    there = os.fstat(file.fileno()).st_size
    if there > size:
        file.truncate(0)
        there = 0
    return _Kept(folder, digest, size, lambda: (path, file), target, there)


def place(folder: Path, digest: Digest) -> Path:
    """Where what was fetched of `digest` is kept in `folder`."""
    return folder / f".partial-{digest.algorithm}-{digest.encoded}"


def clear_old(folder: Path, now: float | None = None) -> None:
    """Remove what nobody has gone on with for a week, and nobody is writing to."""
    oldest = (time.time() if now is None else now) - KEPT_FOR
    with os.scandir(folder) as entries:
        old = [Path(entry.path) for entry in entries if _is_old(entry, oldest)]
    for path in old:
        file = files.claim(path, make=False)
        if file is not None:
            with file:
                path.unlink()


def _is_old(entry: os.DirEntry[str], oldest: float) -> bool:
    if not _NAME.fullmatch(entry.name):
        return False
    with contextlib.suppress(OSError):  # it went away meanwhile
        return entry.stat(follow_symlinks=False).st_mtime < oldest
    return False


def is_full(error: OSError) -> bool:
    """Whether it says that the disk, or somebody's share of it, is full."""
    return error.errno in _FULL


def still_to_come(folder: Path, digest: Digest, size: int) -> int:
    """How many of the `size` bytes of `digest` are not in `folder` yet."""
    there = files.regular_size(place(folder, digest)) or 0
    return size - there if there <= size else size


def check_room(folder: Path, needed: int) -> None:
    """Raise `DiskFull` when `folder`, there or not, has no room for `needed` bytes, where it can
    tell."""
    import shutil  # noqa: PLC0415  # with compressions that only a download brings along

    with contextlib.suppress(OSError):
        found = shutil.disk_usage(_existing(folder))
        if found.total and found.free < needed:
            _refuse(folder, needed, f"{human_size(found.free)} are free")


def _existing(folder: Path) -> Path:
    """`folder`, or the nearest above it that is there."""
    return next((each for each in (folder, *folder.absolute().parents) if each.exists()), folder)


def _refuse(folder: Path, needed: int, why: str) -> NoReturn:
    raise DiskFull(
        f"{short_path(folder)} has no room for the {human_size(needed)} that are still to come: "
        f"{why}",
        path=str(folder),
        needed=needed,
        hints=["make room there, or choose another folder; what is missing is fetched then"],
    )


def _temporary(folder: Path, size: int) -> tuple[Path, BinaryIO]:
    try:
        return files.new_temporary(folder)
    except OSError as error:
        if is_full(error):
            _refuse(folder, size, str(error.strerror))
        raise


class _Arriving(FileIngest):
    """A blob on its way to its place, in a temporary file."""

    def __init__(
        self,
        folder: Path,
        digest: Digest,
        whole: int,
        opened: Callable[[], tuple[Path, BinaryIO]],
        target: Callable[[Digest], Path],
        there: int = 0,
    ) -> None:
        super().__init__(digest.algorithm, opened, target, there)
        self._folder, self._whole = folder, whole
        try:
            check_room(folder, whole - there)
        except DiskFull:  # what was there stays: with some room it can be gone on with
            self.leave()
            raise

    def _append(self, piece: bytes | memoryview) -> None:
        try:
            super()._append(piece)
        except OSError as error:
            self._fail(error)

    def _keep(self, digest: Digest) -> None:
        try:
            super()._keep(digest)
        except OSError as error:
            self._fail(error)

    def _fail(self, error: OSError) -> NoReturn:
        if not is_full(error):
            raise error
        self.abort()
        _refuse(self._folder, self._whole - self.size, str(error.strerror))


class _Kept(_Arriving):
    """The same in a file that is kept when it is worth it."""

    def leave(self) -> None:
        """Stop writing; what was written stays for the next process."""
        if self.size < WORTH_KEEPING:
            self.abort()
        else:
            self._file.close()

    def abort(self) -> None:
        """Leave nothing behind; harmless once it has its name, or was left."""
        if not self._file.closed:  # only while it is locked is the name ours
            self._path.unlink(missing_ok=True)
            self._file.close()

    def __exit__(self, *error: object) -> None:
        if any(isinstance(each, DigestMismatch) for each in error):
            self.abort()
        else:
            self.leave()
