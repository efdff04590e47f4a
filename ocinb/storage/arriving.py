"""Content on its way into a layout: a file beside `index.json` until it is whole.

Most such files are temporary, and go with their writer. Those of `KeptIngest` stay, and are found
again by name: `.upload-<algorithm>-<key>`. What the writer was told is written has left this
process, so that it survives its being killed. It is not synced before it is whole: after a crash
of the machine less may be there, or other bytes, which the digest tells.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

from ocinb.oci.digest import Digest
from ocinb.storage import files
from ocinb.storage.files import FileContent
from ocinb.storage.store import Ingest

_KEPT = re.compile(r"\.upload-(sha256|sha512)-([A-Za-z0-9_-]{1,100})", re.ASCII)


class FileIngest(Ingest):
    """Content on its way into a layout, in the file that `opened` opens; `target` is where to."""

    def __init__(
        self,
        algorithm: str,
        opened: Callable[[], tuple[Path, BinaryIO]],
        target: Callable[[Digest], Path],
        size: int = 0,
    ) -> None:
        super().__init__(algorithm, size)
        self._path, self._file = opened()
        self._file.seek(size)
        self._target = target

    def abort(self) -> None:
        """Leave nothing behind; harmless after `commit`."""
        self._file.close()
        self._path.unlink(missing_ok=True)

    def _append(self, piece: bytes | memoryview) -> None:
        try:
            files.write_all(self._file, piece)
        except OSError:  # a full disk took a part of it, which is not in the hash
            self._cut(self.size)
            raise

    def _cut(self, size: int) -> None:
        self._file.truncate(size)
        self._file.seek(size)

    def _written(self) -> Iterable[bytes]:
        return FileContent(self._path, 0, self.size)

    def _keep(self, digest: Digest) -> None:
        files.settle(self._file, self._path, self._target(digest))


class KeptIngest(FileIngest):
    """The same in a file that outlives this process, and can be gone on with in another."""

    def leave(self) -> None:
        """Stop writing; what was written stays, for whoever finds it."""
        self._file.close()


class Unfinished(NamedTuple):
    """A file that a `KeptIngest` left, and when it was last written to (seconds of the epoch)."""

    path: Path
    algorithm: str
    key: str
    touched: float


def kept(folder: Path, algorithm: str, key: str) -> Path:
    """Where content on its way into `folder` is kept under `key`."""
    return folder / f".upload-{algorithm}-{key}"


def unfinished(folder: Path) -> Iterator[Unfinished]:
    """What was left in `folder` itself; a link or a pipe of such a name does not count."""
    with os.scandir(folder) as entries:
        for entry in entries:
            match = _KEPT.fullmatch(entry.name)
            if match and entry.is_file(follow_symlinks=False):
                touched = entry.stat(follow_symlinks=False).st_mtime
                yield Unfinished(Path(entry.path), match[1], match[2], touched)
