"""Blobs that were fetched before, by digest, shared by all processes of one user.

Nothing in the folder is believed: what is read is hashed on the way, and what is not its name is
removed. Beside the blobs are the indexes of layers, small files that have no digest of their own:
only those that nobody else can have written are read. Files appear whole; whoever reads a blob has
it locked, so that it is not removed meanwhile. Where the folder cannot be written to, what is there
is used and nothing is added.
"""

from __future__ import annotations

import contextlib
import os
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, Self

from ocinb.drawable import Drawable
from ocinb.oci.digest import Digest
from ocinb.storage import files
from ocinb.storage.store import PIECE
from ocinb.text import human_size, short_path

LIMIT = 10 * 1024**3  # bytes
_BLOBS, _INDEXES = "blobs", "indexes"
_PATIENCE = 2.0  # seconds to wait for who makes room already
_TAG = "CACHEDIR.TAG"  # tells programs for backups what this is: bford.info/cachedir
_TAGGED = b"Signature: 8a477f597d28d172789f06886806bc55\n# Blobs that ocinb fetched.\n"
_NAME = {"sha256": re.compile("[0-9a-f]{64}"), "sha512": re.compile("[0-9a-f]{128}")}


@dataclass(frozen=True)
class Entry:
    """A blob in a cache, its bytes, and when it was last used."""

    digest: Digest
    size: int
    used: datetime


class Cache(Drawable):
    """Blobs in `folder`, of at most `limit` bytes in all: the least recently used go first.

    The indexes of layers that were looked into are among them, and count, too.

    The folder is `$OCINB_CACHE`, else where this system keeps caches. It is for one user, and may
    be shared by any number of processes. What is in it is found by digest alone, whichever registry
    and repository it came from: who may read the folder may have all of it, and a blob that is
    there is not asked for again, even if the registry would refuse it by now.
    """

    def __init__(self, folder: str | os.PathLike[str] | None = None, limit: int = LIMIT) -> None:
        if isinstance(limit, bool) or not isinstance(limit, int):
            raise TypeError(f"limit is a number of bytes, not {type(limit).__name__}")
        if limit < 0:
            raise ValueError(f"limit is {limit:,}; a cache has no fewer than 0 bytes")
        self.folder = usual_folder() if folder is None else Path(folder).expanduser()
        self.limit = limit
        self._warned = False

    @property
    def entries(self) -> tuple[Entry, ...]:
        """The blobs in it, the most recently used first."""
        found = sorted(self._found(_BLOBS), key=lambda each: each.used, reverse=True)
        return tuple(found)

    @property
    def size(self) -> int:
        """Bytes of all that is in it."""
        return sum(entry.size for kind in (_BLOBS, _INDEXES) for entry in self._found(kind))

    def has(self, digest: Digest, size: int) -> bool:
        """Whether there is something of this name and size; only `pour` tells whether it is it."""
        return files.regular_size(self._path(digest)) == size

    def pour(self, digest: Digest, size: int, write: Callable[[bytes], object]) -> bool:
        """Give the blob to `write`, piece by piece; whether all of it came, and was it.

        After False what was written is of no use. A blob that was changed is removed.
        """
        path = self._path(digest)
        file = files.open_regular(path)
        if file is None:
            return False
        with file:
            if not files.hold(file):
                return False
            if not _copied(file, digest, size, write):
                self._remove(path)
                return False
            with contextlib.suppress(OSError):  # it is used, though nobody can note it
                os.utime(path)
        return True

    def part(self, digest: Digest, size: int, start: int, stop: int) -> bytes | None:
        """The bytes of a blob from `start` up to `stop`, which nothing verifies; None without it.

        Whoever asks has to know what they should be.
        """
        file = files.open_regular(self._path(digest))
        if file is None:
            return None
        with file:
            if not files.hold(file) or os.fstat(file.fileno()).st_size != size:
                return None
            file.seek(start)
            found = _exactly(file, stop - start)
            with contextlib.suppress(OSError):
                os.utime(self._path(digest))
        return found

    def index(self, digest: Digest, most: int) -> bytes | None:
        """What is kept about the layer `digest`, if it is no more than `most` bytes.

        None, too, for a file that somebody else may have written.
        """
        path = self._path(digest, _INDEXES)
        file = files.open_regular(path)
        if file is None:
            return None
        with file:
            size = os.fstat(file.fileno()).st_size
            if size > most or not files.is_written_by_us(file):
                return None
            found = _exactly(file, size)
            with contextlib.suppress(OSError):
                os.utime(path)
        return found

    def keep_index(self, digest: Digest, content: bytes) -> None:
        """Have `content` as what is known about the layer `digest`, if there is room for it."""
        if len(content) > self.limit:
            return
        target = self._path(digest, _INDEXES)
        try:
            self._make()
            target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            files.write_whole(target, content)
            self._make_room()
        except OSError as error:
            self._warn(error)

    def begin(self, digest: Digest, size: int) -> Filling | None:
        """A place for a blob on its way, which has it once it is verified and kept.

        None for one that is larger than the cache, and where nothing can be written.
        """
        if size > self.limit:
            return None
        try:
            self._make()
            path, file = files.new_temporary(self.folder)
        except OSError as error:
            self._warn(error)
            return None
        return Filling(self, (path, file), digest, size)

    def clear(self) -> None:
        """Remove all that nobody is reading right now."""
        if self.folder.is_dir():
            with files.locked(self.folder):
                files.clear_temporaries(self.folder)
                for kind in (_BLOBS, _INDEXES):
                    for entry in self._found(kind):
                        self._drop(self._path(entry.digest, kind))

    def __repr__(self) -> str:
        found = self.entries
        size = human_size(self.size)
        limit, blobs = human_size(self.limit), "blob" if len(found) == 1 else "blobs"
        return f"<Cache {short_path(self.folder)}: {len(found)} {blobs}, {size} of {limit}>"

    def _found(self, kind: str) -> Iterator[Entry]:
        for algorithm, name in _NAME.items():
            with (
                contextlib.suppress(OSError),
                os.scandir(self.folder / kind / algorithm) as all_,
            ):
                for each in all_:
                    if not name.fullmatch(each.name) or not each.is_file(follow_symlinks=False):
                        continue
                    with contextlib.suppress(OSError):  # removed meanwhile
                        found = each.stat(follow_symlinks=False)
                        used = datetime.fromtimestamp(found.st_mtime, UTC)
                        yield Entry(Digest(f"{algorithm}:{each.name}"), found.st_size, used)

    def _path(self, digest: Digest, kind: str = _BLOBS) -> Path:
        return self.folder / kind / digest.algorithm / digest.encoded

    def _make(self) -> None:
        if (self.folder / _TAG).exists():
            return
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        files.write_whole(self.folder / _TAG, _TAGGED)

    def _keep(self, temporary: Path, digest: Digest) -> None:
        target = self._path(digest)
        try:
            target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            os.replace(temporary, target)
            self._make_room()
        except OSError as error:
            self._warn(error)

    def _make_room(self) -> None:
        """Remove what was not used for longest until the rest is within the limit."""
        with files.locked(self.folder, _PATIENCE):
            files.clear_temporaries(self.folder)
            kinds = (_BLOBS, _INDEXES)
            found = [(entry, kind) for kind in kinds for entry in self._found(kind)]
            size = sum(entry.size for entry, _ in found)
            for entry, kind in sorted(found, key=lambda each: each[0].used):
                if size <= self.limit:
                    break
                if self._drop(self._path(entry.digest, kind)):
                    size -= entry.size

    def _drop(self, path: Path) -> bool:
        """Remove a file unless somebody reads it; whether it is gone."""
        file = files.open_regular(path)
        if file is None:
            return True
        with file:
            return files.hold(file, alone=True) and self._remove(path)

    def _remove(self, path: Path) -> bool:
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            self._warn(error)
            return False
        return True

    def _warn(self, error: OSError) -> None:
        """Say once what a cache is no reason to fail for."""
        if not self._warned:
            self._warned = True
            import logging  # noqa: PLC0415  # most log nothing

            logging.getLogger("ocinb").warning(
                "the cache %s cannot be written to: %s",
                short_path(self.folder), error.strerror or error,
            )  # fmt: skip


class Filling:
    """A blob on its way into a cache: a sink. What was not kept leaves nothing behind.

    It never fails: where it cannot be written any more, the cache does without it.
    """

    def __init__(
        self, cache: Cache, place: tuple[Path, BinaryIO], digest: Digest, size: int
    ) -> None:
        self._cache, self._digest, self._whole = cache, digest, size
        self._path, self._file = place
        self._size = 0

    def restart(self) -> None:
        """Forget what was written."""
        self._size = 0
        if not self._file.closed:
            self._file.seek(0)
            self._file.truncate()

    def write(self, piece: bytes | memoryview) -> None:
        """Take the next piece."""
        if self._file.closed:
            return
        try:
            files.write_all(self._file, piece)
            self._size += len(piece)
        except OSError as error:
            self._cache._warn(error)
            self._abort()

    def keep(self) -> None:
        """Have it in the cache: its content was verified."""
        if not self._file.closed and self._size == self._whole:
            if not files.LOCKS:  # Windows moves no open file
                self._file.close()
            self._cache._keep(self._path, self._digest)
            self._file.close()

    def _abort(self) -> None:
        self._file.close()
        with contextlib.suppress(OSError):
            self._path.unlink(missing_ok=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._abort()


def usual_folder() -> Path:
    """`$OCINB_CACHE`, else the folder for caches that this system has for each user."""
    if chosen := os.environ.get("OCINB_CACHE"):
        return Path(chosen).expanduser()
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "ocinb"
    if sys.platform == "win32":
        local = os.environ.get("LOCALAPPDATA")
        return (Path(local) if local else Path.home() / "AppData" / "Local") / "ocinb" / "Cache"
    there = os.environ.get("XDG_CACHE_HOME", "")
    # The XDG Base Directory Specification: relative ones are to be ignored.
    return (Path(there) if os.path.isabs(there) else Path.home() / ".cache") / "ocinb"


def _exactly(file: BinaryIO, count: int) -> bytes | None:
    """The next `count` bytes; None when there are fewer."""
    pieces, left = [], count
    while left and (piece := file.read(min(PIECE, left))):
        left -= len(piece)
        pieces.append(piece)
    return None if left else b"".join(pieces)


def _copied(file: BinaryIO, digest: Digest, size: int, write: Callable[[bytes], object]) -> bool:
    if os.fstat(file.fileno()).st_size != size:
        return False
    hashed, left = digest.hasher(), size
    while left and (piece := file.read(min(PIECE, left))):
        left -= len(piece)
        hashed.update(piece)
        write(piece)
    return not left and Digest.from_hash(digest.algorithm, hashed) == digest
