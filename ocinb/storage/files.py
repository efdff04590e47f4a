"""Careful work with files that others may have laid out, or may be reading at the same time.

What is opened is a regular file, never a link or a pipe in its place; what is written appears whole
or not at all, also after a crash (K-23 of the security rules: temporary file, fsync, replace, fsync
of the folder).
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import stat
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from ocinb.errors import InvalidContent
from ocinb.storage.store import PIECE

try:
    import fcntl

    LOCKS = True
except ImportError:  # Windows and the browser: one process at a time
    LOCKS = False

# Windows knows neither links in our way nor pipes that hang, but a text mode.
_SAFE = sum(getattr(os, flag, 0) for flag in ("O_NOFOLLOW", "O_NONBLOCK", "O_CLOEXEC", "O_BINARY"))
_TEMPORARY = ".ingest-"
_PAGE = 4096
_STRETCH = 8 * 1024 * 1024  # shorter ones cost CPU, longer ones time at the end
_PATIENCE = 30.0  # seconds to wait for who has a folder locked


def open_regular(path: Path, *, to_write: bool = False) -> BinaryIO | None:
    """`path` open without a buffer, for reading or also `to_write`; it is not made.

    None when it is not there, or no regular file.
    """
    flags, mode = (os.O_RDWR, "r+b") if to_write else (os.O_RDONLY, "rb")
    try:
        descriptor = os.open(path, flags | _SAFE)
    except OSError:  # also a link (ELOOP), and a name the file system cannot hold
        return None
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        return cast("BinaryIO", os.fdopen(descriptor, mode, buffering=0))
    os.close(descriptor)
    return None


def regular_size(path: Path) -> int | None:
    """The size of the regular file `path`; None when it is not there, or something else."""
    try:
        found = os.lstat(path)
    except OSError:
        return None
    return found.st_size if stat.S_ISREG(found.st_mode) else None


def read_small(path: Path, limit: int) -> bytes | None:
    """The content of `path`; None when it is not there; `InvalidContent` beyond `limit` bytes."""
    file = open_regular(path)
    if file is None:
        return None
    with file:
        found = file.read(limit + 1)
    if len(found) > limit:
        raise InvalidContent(f"{path.name} has more than {limit:,} bytes, which are not read")
    return found


@dataclass(frozen=True)
class FileContent:
    """A file's bytes from `start` up to `stop`, read piece by piece."""

    path: Path
    start: int
    stop: int

    @property
    def size(self) -> int:
        """Bytes in all."""
        return self.stop - self.start

    def __iter__(self) -> Iterator[bytes]:
        file = open_regular(self.path)
        if file is None:
            raise InvalidContent(f"the file of {self.path.name[:12]} is gone")
        with file:
            file.seek(self.start)
            left = self.size
            while left and (piece := file.read(min(PIECE, left))):
                left -= len(piece)
                yield piece
        if left:
            raise InvalidContent(f"the file of {self.path.name[:12]} was cut short meanwhile")

    def part(self, start: int, stop: int) -> FileContent:
        """The bytes from `start` up to, not including, `stop`."""
        return FileContent(self.path, self.start + start, min(self.start + stop, self.stop))


def new_temporary(folder: Path) -> tuple[Path, BinaryIO]:
    """A new file in `folder` for one writer; its lock says that the writer is alive."""
    while True:
        path = folder / f"{_TEMPORARY}{secrets.token_hex(12)}"
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | _SAFE, 0o600)
        except OSError as error:  # nobody knows the name; the folder is what it is about
            raise OSError(error.errno, error.strerror, str(folder)) from None
        if LOCKS:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            if not os.fstat(descriptor).st_nlink:  # cleared away before it was locked: once more
                os.close(descriptor)
                continue
        return path, os.fdopen(descriptor, "r+b", buffering=0)


def new_file(path: Path) -> BinaryIO:
    """The file `path`, which must not be there, for whoever knows its name; no lock is on it."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | _SAFE, 0o600)
    return os.fdopen(descriptor, "r+b", buffering=0)


def claim(path: Path, *, make: bool = True) -> BinaryIO | None:
    """The file `path` to read and write, locked, for its owner alone; made when it is not there.

    None while another writer has it, and when it is no regular file, is not ours alone, or cannot
    be had, as where there are no locks. The lock is held until it is closed.
    """
    if not LOCKS:
        return None
    flags = os.O_RDWR | _SAFE | (os.O_CREAT if make else 0)
    while True:
        try:
            descriptor = os.open(path, flags, 0o600)
        except OSError:
            return None
        if not _locked_at_once(descriptor, fcntl.LOCK_EX) or not _is_ours_alone(descriptor):
            os.close(descriptor)
            return None
        if _is_at(path, descriptor):
            return os.fdopen(descriptor, "r+b", buffering=0)
        os.close(descriptor)  # renamed or removed before it was locked: once more


def hold(file: BinaryIO, *, alone: bool = False) -> bool:
    """Lock `file` until it is closed, for readers or for one `alone`; whether that could be had."""
    return not LOCKS or _locked_at_once(file.fileno(), fcntl.LOCK_EX if alone else fcntl.LOCK_SH)


def is_written_by_us(file: BinaryIO) -> bool:
    """Whether nobody else may have written to `file`; where there are no users, it is believed."""
    if not hasattr(os, "geteuid"):
        return True
    found = os.fstat(file.fileno())
    return found.st_uid == os.geteuid() and not found.st_mode & 0o022 and found.st_nlink <= 1


def _locked_at_once(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except OSError:  # somebody has it, or this file system knows no locks
        return False
    return True


def _is_ours_alone(descriptor: int) -> bool:
    """Whether nobody else may write to it, by another name or by right."""
    found = os.fstat(descriptor)
    closed = not found.st_mode & 0o077
    return (
        stat.S_ISREG(found.st_mode)
        and found.st_uid == os.geteuid()
        and closed
        and (found.st_nlink <= 1)
    )


def _is_at(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(os.lstat(path), os.fstat(descriptor))
    except OSError:
        return False


def clear_temporaries(folder: Path) -> None:
    """Remove what writers that are no longer alive left in `folder`."""
    for path in folder.glob(f"{_TEMPORARY}*"):
        file = open_regular(path) if LOCKS else None
        if file is None:
            continue
        with file, contextlib.suppress(OSError):
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            path.unlink()


def settle(file: BinaryIO, path: Path, target: Path) -> None:
    """Make the finished temporary `file` at `path` appear as `target`, for good."""
    if hasattr(os, "fchmod"):  # others may read it as they may its folder; none writes to it
        os.fchmod(file.fileno(), 0o600 | 0o044 & os.stat(target.parent).st_mode)
    os.fsync(file.fileno())
    if not LOCKS:  # Windows moves no open file
        file.close()
    os.replace(path, target)  # while its lock still says that its writer is alive
    file.close()
    sync_folder(target.parent)


def write_whole(target: Path, content: bytes) -> None:
    """Replace `target` by `content`; a reader sees the old or the new, and nothing else."""
    with replacing(target) as replacement:
        replacement.write(content)


class Replacement:
    """A file in the making: a sink whose content appears as `target` when it is settled."""

    def __init__(self, target: Path) -> None:
        self._target = target
        self._path, self._file = new_temporary(target.parent)

    def restart(self) -> None:
        """Forget what was written."""
        self._file.seek(0)
        self._file.truncate()

    def write(self, piece: bytes | memoryview) -> None:
        """Take the next piece."""
        write_all(self._file, piece)

    def settle(self) -> None:
        """Make it appear under its name."""
        settle(self._file, self._path, self._target)

    def abort(self) -> None:
        """Leave nothing behind; harmless once settled."""
        self._file.close()
        self._path.unlink(missing_ok=True)


@contextlib.contextmanager
def replacing(target: Path) -> Iterator[Replacement]:
    """A sink for the new content of `target`, which stays as it was when anything goes wrong."""
    replacement = Replacement(target)
    try:
        yield replacement
        replacement.settle()
    finally:
        replacement.abort()


def write_all(file: BinaryIO, piece: bytes | memoryview) -> None:
    """Write the whole of `piece` to an unbuffered file."""
    view = memoryview(piece).cast("B")
    length = len(view)
    while view:
        view = view[file.write(view) :]
    if length >= _PAGE:
        _send_on(file, length)


def _send_on(file: BinaryIO, length: int) -> None:
    """Have the disk begin with each whole stretch at once: then the sync at the end has little left
    to wait for, and costs next to nothing."""
    end = file.tell()
    begun, done = (end - length) // _STRETCH, end // _STRETCH
    if done > begun and hasattr(os, "posix_fadvise"):
        place, size = begun * _STRETCH, (done - begun) * _STRETCH
        # Linux writes out what nobody needs in its cache; what is not written yet stays in it.
        with contextlib.suppress(OSError):
            os.posix_fadvise(file.fileno(), place, size, os.POSIX_FADV_DONTNEED)


def sync_folder(folder: Path) -> None:
    """Make what happened to the names in `folder` survive a crash, where that can be asked for."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


@contextlib.contextmanager
def locked(folder: Path, seconds: float = _PATIENCE) -> Iterator[None]:
    """Be the only one to change `folder` meanwhile, among all threads and processes that ask.

    Whoever may read a folder can lock it, and keep it so: raises `TimeoutError` after `seconds`.
    """
    if not LOCKS:
        yield
        return
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        _lock_within(seconds, descriptor, folder)
        yield
    finally:
        with contextlib.suppress(OSError):  # a child forked meanwhile has it open, too (F-13)
            fcntl.flock(descriptor, fcntl.LOCK_UN)
        os.close(descriptor)


def _lock_within(seconds: float, descriptor: int, folder: Path) -> None:
    until, pause = time.monotonic() + seconds, 0.001
    while True:
        try:
            return fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= until:
                why = "another program keeps it locked"
                raise TimeoutError(errno.ETIMEDOUT, why, str(folder)) from None
        time.sleep(pause)
        pause = min(2 * pause, 0.02)
