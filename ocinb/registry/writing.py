"""Who may write: in a folder one registry at a time, and nobody where it is read only.

The right to a folder is a lock on a hidden file in it. The system takes it back when the process
ends, however it ends.
"""

from __future__ import annotations

import contextlib
import os
import stat
import weakref
from pathlib import Path

from ocinb.errors import NotSupported
from ocinb.registry.refusals import refuse
from ocinb.storage import files
from ocinb.text import short_path

with contextlib.suppress(ImportError):  # Windows and the browser: one process at a time
    import fcntl

LOCK = ".ocinb-lock"
_BESIDE = "to read beside it: LocalRegistry(…, read_only=True)"


class Writing:
    """The right to write to a registry, until `release`.

    Raises `NotSupported` when another registry has the folder, in this process or in another, and
    when there is no folder to read from.
    """

    def __init__(self, folder: Path | None, *, read_only: bool = False) -> None:
        self._refusal = "this registry is open for reading only" if read_only else ""
        self._lock: weakref.finalize[..., Writing] | None = None
        if folder is not None and read_only:
            _check_there(folder)
        if folder is not None and not read_only and files.LOCKS:
            self._lock = weakref.finalize(self, _unlock, _locked(folder), os.getpid())

    @property
    def allowed(self) -> bool:
        """Whether writing is possible."""
        return not self._refusal

    def check(self) -> None:
        """Refuse a request that writes, where that is not possible."""
        if self._refusal:
            raise refuse("UNSUPPORTED", self._refusal, headers={"Allow": "GET, HEAD"})

    def release(self, why: str) -> None:
        """Let another registry have the folder; from now on writing is refused with `why`."""
        if self.allowed:
            self._refusal = why
            if self._lock:
                self._lock()


def _check_there(folder: Path) -> None:
    _check_kind(folder)
    if not folder.exists():
        message = f"there is no folder {short_path(folder)} to read from"
        raise NotSupported(
            message, hints=["check how it is spelled; a registry that may write makes its folder"]
        )


def _check_kind(folder: Path) -> None:
    if folder.exists() and not folder.is_dir():
        raise NotSupported(f"{short_path(folder)} is no folder, which a registry is kept in")


def _locked(folder: Path) -> int:
    """The descriptor of the lock on `folder`, which is made when it is not there."""
    _check_kind(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        descriptor = os.open(folder / LOCK, flags, 0o666)
    except OSError as error:  # no permission, a disk that is read only, a link in its place
        message = f"{short_path(folder)} cannot be written to: {error.strerror}"
        raise NotSupported(message, hints=[_BESIDE.replace("beside it", "from it")]) from None
    if not _is_a_lock(descriptor):
        os.close(descriptor)
        raise NotSupported(f"{short_path(folder / LOCK)} is something else than a lock of ours")
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.read(descriptor, 20).decode("ascii", "replace").strip()
        os.close(descriptor)
        raise _in_use(folder, holder) from None
    except OSError:  # a file system without locks: as where the system has none
        return descriptor
    os.truncate(descriptor, 0)
    os.write(descriptor, b"%d\n" % os.getpid())
    return descriptor


def _is_a_lock(descriptor: int) -> bool:
    """Whether it may be written to: no pipe, and no file that somebody also has elsewhere."""
    found = os.fstat(descriptor)
    return stat.S_ISREG(found.st_mode) and found.st_nlink <= 1


def _in_use(folder: Path, holder: str) -> NotSupported:
    if holder == str(os.getpid()):
        who, end = "another LocalRegistry of this process has it", "use that one, or close() it"
    else:
        who = f"process {holder} has it" if holder.isdigit() else "another process has it"
        end = "close() it there, or end that process"
    message = f"{short_path(folder)} is open for writing already: {who}"
    return NotSupported(message, hints=[end, _BESIDE])


def _unlock(descriptor: int, owner: int) -> None:
    """Give the lock back; a forked child only closes its copy, and its parent keeps the lock."""
    with contextlib.suppress(OSError):
        if os.getpid() == owner:
            fcntl.flock(descriptor, fcntl.LOCK_UN)
        os.close(descriptor)
