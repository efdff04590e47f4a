"""A folder that is written to without ever leaving it, and emptied again when that fails.

Every folder on the way is opened from the one that it is in, and must not be a link, whoever made
it (openat(2), `O_NOFOLLOW`). Nothing that is there is written into: files are new, or take the
place of what was there once they are whole.
"""

from __future__ import annotations

import errno
import os
import secrets
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType

from ocinb.errors import DiskFull, NotSupported
from ocinb.text import human_size, short_path

SAFE = {os.open, os.mkdir, os.unlink, os.rmdir, os.stat, os.link, os.symlink} <= os.supports_dir_fd
_FOLDER = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_NOFOLLOW", 0)
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0)
_FULL = {errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)}
# What may be wrong with one name, while the next is fine.
_NAMES = {errno.ENAMETOOLONG, errno.EILSEQ, errno.EINVAL, errno.ELOOP, errno.ENOTDIR}


class Refused(Exception):
    """This entry cannot be written there; `why` says it to people."""

    def __init__(self, why: str) -> None:
        self.why = why
        super().__init__(why)


class Folder:
    """Writes below `folder`, which is made if it is not there.

    What was made can be undone, all of it or since a `mark`. Raises `NotSupported` on systems that
    cannot open files from a folder.
    """

    def __init__(self, folder: Path, *, overwrite: bool) -> None:
        if not SAFE:
            raise NotSupported(
                "this system cannot write files so that no link leads out of the folder",
                hints=["entry.save(path) writes one file"],
            )
        self.path, self._overwrite = folder, overwrite
        self._made_above = _make(folder)
        self._root = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        self._chain: list[tuple[str, int]] = []  # folders that are open, each in the one before
        self._made: list[tuple[str, bool]] = []  # path, and whether it is a folder
        self._own: set[tuple[int, int]] = set()  # devices and inodes of files made here
        self._open: tuple[int, int, str, str] | None = None  # file, folder, its name now and then

    def __enter__(self) -> Folder:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        """Let go; when something failed, everything that was made is removed first."""
        try:
            if error is not None:
                self.undo()
                for each in self._made_above:
                    with suppress(OSError):
                        each.rmdir()
        finally:
            self._close_to(0)
            os.close(self._root)

    @property
    def mark(self) -> int:
        """Where we are, to undo what comes after."""
        return len(self._made)

    @property
    def folders(self) -> int:
        """How many folders were made."""
        return sum(is_folder for _, is_folder in self._made)

    def folder(self, path: str) -> bool:
        """Have this folder; whether it had to be made."""
        before = self.mark
        with _named():
            self._enter(path.split("/"))
        return self.mark > before

    def begin(self, path: str, mode: int) -> int:
        """A new file, open for writing, which is there once it is ended."""
        parent, name = self._parent(path)
        at = name
        with _named():
            try:
                file = os.open(name, _NEW, mode, dir_fd=parent)
            except FileExistsError:
                self._replaceable(parent, name)
                at = f".ocinb-{secrets.token_hex(8)}"
                file = os.open(at, _NEW, mode, dir_fd=parent)
        self._open = (file, parent, at, name)
        return file

    def end(self, path: str) -> None:
        """The file is whole."""
        if self._open is None:
            raise ValueError("no file was begun")
        file, parent, at, name = self._open
        self._remember(os.fstat(file))
        if at != name:
            os.replace(at, name, src_dir_fd=parent, dst_dir_fd=parent)
        self._open = None
        self._made.append((path, False))
        os.close(file)

    def symlink(self, path: str, target: str, times: tuple[int, int] | None) -> None:
        """A new symlink."""
        parent, name = self._parent(path)
        self._clear(parent, name)
        with _named():
            os.symlink(target, name, dir_fd=parent)
        self._made.append((path, False))
        self._remember(os.stat(name, dir_fd=parent, follow_symlinks=False))
        if times is not None and os.utime in os.supports_follow_symlinks:
            with suppress(OSError, OverflowError):
                os.utime(name, ns=times, dir_fd=parent, follow_symlinks=False)

    def hard_link(self, path: str, first: str) -> bool:
        """A further name of the file at `first`; False where this file system has none."""
        source, known = self._parent(first)
        source = os.dup(source)  # what it is in may be closed on the way to the other
        try:
            parent, name = self._parent(path)
            self._clear(parent, name)
            os.link(known, name, src_dir_fd=source, dst_dir_fd=parent, follow_symlinks=False)
        except OSError as error:
            if error.errno in (errno.EPERM, errno.EMLINK, errno.ENOTSUP, errno.ENOSYS):
                return False
            raise
        finally:
            os.close(source)
        self._made.append((path, False))
        return True

    def read(self, path: str) -> int:
        """A file that was made here, open for reading."""
        parent, name = self._parent(path)
        return os.open(name, os.O_RDONLY | os.O_NOFOLLOW, dir_fd=parent)

    def settle(self, path: str, mode: int, times: tuple[int, int] | None) -> None:
        """Give a folder its permissions and times, once nothing more is put into it."""
        here = self._enter(path.split("/"))
        os.fchmod(here, mode)
        if times is not None:
            with suppress(OSError, OverflowError):
                os.utime(here, ns=times)

    def undo(self, mark: int = 0) -> None:
        """Remove what was made since then, and the file that is not whole."""
        if self._open is not None:
            file, parent, at, _ = self._open
            self._open = None
            os.close(file)
            with suppress(OSError):
                os.unlink(at, dir_fd=parent)
        for path, is_folder in reversed(self._made[mark:]):
            with suppress(OSError, Refused):
                self._remove(path, is_folder)
        del self._made[mark:]

    def _remove(self, path: str, is_folder: bool) -> None:
        parent, name = self._parent(path)
        if is_folder:
            os.rmdir(name, dir_fd=parent)
        else:
            os.unlink(name, dir_fd=parent)

    def _remember(self, found: os.stat_result) -> None:
        self._own.add((found.st_dev, found.st_ino))

    def _clear(self, parent: int, name: str) -> None:
        """Have nothing under this name, if it may be replaced."""
        with suppress(FileNotFoundError), _named():
            self._replaceable(parent, name)
            os.unlink(name, dir_fd=parent)

    def _replaceable(self, parent: int, name: str) -> None:
        """Raise `Refused` for what must stay where it is."""
        found = os.stat(name, dir_fd=parent, follow_symlinks=False)
        if (found.st_dev, found.st_ino) in self._own:
            raise Refused("this file system does not tell its name from that of another entry")
        if not self._overwrite:
            raise Refused("something is there already, and overwrite=True was not said")
        if stat.S_ISDIR(found.st_mode):
            raise Refused("a folder is there already")

    def _parent(self, path: str) -> tuple[int, str]:
        *parts, name = path.split("/")
        with _named():
            return self._enter(parts), name

    def _enter(self, parts: list[str]) -> int:
        """The folder of these parts, opened; made where it is missing."""
        common = 0
        while common < min(len(parts), len(self._chain)):
            if self._chain[common][0] != parts[common]:
                break
            common += 1
        self._close_to(common)
        for number in range(common, len(parts)):
            above = self._chain[-1][1] if self._chain else self._root
            opened = self._opened(above, parts[number], "/".join(parts[: number + 1]))
            self._chain.append((parts[number], opened))
        return self._chain[-1][1] if self._chain else self._root

    def _opened(self, above: int, name: str, path: str) -> int:
        try:
            return os.open(name, _FOLDER, dir_fd=above)
        except FileNotFoundError:
            os.mkdir(name, 0o777, dir_fd=above)
            self._made.append((path, True))
            return os.open(name, _FOLDER, dir_fd=above)
        except OSError as error:
            if error.errno in (errno.ELOOP, errno.ENOTDIR, errno.EMLINK):
                raise Refused("what it is in is no folder here, or a link") from None
            raise

    def _close_to(self, count: int) -> None:
        while len(self._chain) > count:
            os.close(self._chain.pop()[1])


@contextmanager
def room(folder: Path, needed: int) -> Iterator[None]:
    """Raise `DiskFull` for a system that says so."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise _full(folder, needed, str(error.strerror)) from None
        raise


def check_room(folder: Path, needed: int) -> None:
    """Raise `DiskFull` when there is no room for so many bytes, where that can be told."""
    with suppress(OSError):
        found = shutil.disk_usage(folder)
        if found.total and found.free < needed:
            raise _full(folder, needed, f"{human_size(found.free)} are free")


def _full(folder: Path, needed: int, why: str) -> DiskFull:
    return DiskFull(
        f"{short_path(folder)} has no room for {human_size(needed)}: {why}",
        path=str(folder),
        needed=needed,
        hints=["make room there, or choose another folder; nothing was left in this one"],
    )


@contextmanager
def _named() -> Iterator[None]:
    """Names that no file can have here are refused, each alone."""
    try:
        yield
    except OSError as error:
        if error.errno in _NAMES:
            raise Refused(f"this system has no such name: {error.strerror}") from None
        raise
    except UnicodeEncodeError:
        raise Refused("this system has no such name: it cannot be encoded") from None


def _make(folder: Path) -> list[Path]:
    """Have this folder; those that were made, the deepest first."""
    missing = []
    for each in (folder, *folder.absolute().parents):
        if each.exists():
            break
        missing.append(each)
    folder.mkdir(parents=True, exist_ok=True)
    return missing
