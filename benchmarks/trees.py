"""Files such as images have: those of the Python that runs this, over and over, without ocinb."""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import sysconfig
import tarfile
import zlib
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

from benchmarks.content import Layer

_FASTEST = 1  # of gzip: it is only made to be read


def over_and_over(*, whole: bool) -> Iterator[tuple[str, Path]]:
    """Names, and where each has its content: the library of this Python, in copy after copy.

    It is what is in the library itself; `whole`, also what is installed in it.
    """
    names = tuple(_library(whole))
    source = Path(sysconfig.get_path("stdlib"))
    for number in count():
        for name in names:
            yield f"copy-{number}/{name}", source / name


def folder(target: Path, size: int) -> Path:
    """A folder with files of at least `size` bytes: sources, and some that are compiled."""
    for name, source in over_and_over(whole=False):
        place = target / name
        if source.is_symlink() or not source.is_file():
            continue
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, place)
        size -= source.stat().st_size
        if size <= 0:
            break
    return target


def many(path: Path, entries: int) -> Path:
    """A gzip layer of as many empty files, their headers put together by hand."""
    block = tarfile.TarInfo().tobuf(tarfile.USTAR_FORMAT)
    rest = sum(block[100:148]) + sum(b" " * 8) + sum(block[156:])
    packer = zlib.compressobj(_FASTEST, wbits=31)
    with path.open("wb") as file:
        for number in range(entries):
            name = b"usr/share/data/%03d/file-%07d.json" % (number // 1_000 % 1_000, number)
            start = name.ljust(100, b"\0") + block[100:148]
            header = start + b"%06o\0 " % (rest + sum(name)) + block[156:]
            file.write(packer.compress(header))
        file.write(packer.compress(bytes(1024)) + packer.flush())
    return path


class Archive:
    """A gzip layer as it is written, file by file; `size` is what there is of it so far."""

    def __init__(self, path: Path) -> None:
        self.path, self.size = path, 0
        self._file = path.open("wb")
        self._packer = zlib.compressobj(_FASTEST, wbits=31)
        self._inner, self._outer = hashlib.sha256(), hashlib.sha256()
        sink: Any = self  # of all that a file can do, writing is enough
        self._tar = tarfile.open(fileobj=sink, mode="w|", bufsize=1 << 20)  # noqa: SIM115

    def add(self, name: str, source: Path) -> None:
        """A file, folder or symlink as it is, but of no time."""
        about = source.lstat()
        info = tarfile.TarInfo(name)
        info.mode = stat.S_IMODE(about.st_mode)
        if stat.S_ISREG(about.st_mode):
            info.size = about.st_size
            with source.open("rb") as file:
                self._tar.addfile(info, file)
            return
        info.type = tarfile.DIRTYPE if stat.S_ISDIR(about.st_mode) else tarfile.SYMTYPE
        info.linkname = "" if info.isdir() else os.readlink(source)
        self._tar.addfile(info)

    def empty(self, name: str) -> None:
        """A file with nothing in it, such as a whiteout."""
        self._tar.addfile(tarfile.TarInfo(name))

    def finish(self) -> Layer:
        """The layer, whole."""
        self._tar.close()
        self._keep(self._packer.flush())
        self._file.close()
        digest, diff_id = (f"sha256:{each.hexdigest()}" for each in (self._outer, self._inner))
        return Layer(self.path, digest, diff_id, self.size)

    def write(self, piece: bytes) -> int:
        """Take the next bytes of the archive."""
        self._inner.update(piece)
        self._keep(self._packer.compress(piece))
        return len(piece)

    def _keep(self, packed: bytes) -> None:
        self._outer.update(packed)
        self._file.write(packed)
        self.size += len(packed)


def _library(whole: bool) -> Iterator[str]:
    """What is below the library, sorted."""
    top = Path(sysconfig.get_path("stdlib"))
    for folder, folders, files in os.walk(top):
        folders[:] = sorted(each for each in folders if whole or each != "site-packages")
        at = Path(folder).relative_to(top)
        for name in sorted([*folders, *files]):
            yield str(at / name)
