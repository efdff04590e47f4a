"""The databases of packages that are among some files, found where distributions keep them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from ocinb.errors import OcinbError
from ocinb.layers.inspecting.packages import (
    apk,
    dpkg,
    rpm_berkeley,
    rpm_header,
    rpm_ndb,
    rpm_sqlite,
)
from ocinb.layers.inspecting.packages.found import Database, Package, PackageList
from ocinb.layers.inspecting.packages.stanzas import PACKAGES
from ocinb.layers.limits import Broken
from ocinb.layers.looking import tree
from ocinb.layers.looking.tree import Files

LIMIT = 128 * 1024 * 1024  # bytes of one database
_PARTS = 2_000  # files of a database that has one per package
_STATUS_D = "var/lib/dpkg/status.d"
_RPM_FOLDERS = ("usr/lib/sysimage/rpm", "var/lib/rpm", "usr/share/rpm")


def packages(files: Files, *, limit: int = LIMIT) -> PackageList:
    """What is installed, as the databases of dpkg, apk and rpm among `files` say.

    Each is read as a whole, up to `limit` bytes. One that is damaged, or larger, gives what came
    before that; it stands in `databases` with what was wrong. Nothing is raised for it.
    """
    reading = _Reading(files, limit)
    for path in ("lib/apk/db/installed", "usr/lib/apk/db/installed"):
        reading.take(path, "apk", apk.packages)
    reading.take("var/lib/dpkg/status", "dpkg", dpkg.packages)
    reading.take_parts()
    for folder in _RPM_FOLDERS:
        for name in ("rpmdb.sqlite", "Packages.db", "Packages"):
            reading.take(f"{folder}/{name}", "rpm", _rpm)
    return PackageList(tuple(reading.found), tuple(reading.databases))


def _rpm(raw: bytes) -> Iterator[Package]:
    """The packages of an RPM database, whichever of three kinds it is."""
    for blob in _rpm_blobs(raw):
        yield rpm_header.package(blob)


def _rpm_blobs(raw: bytes) -> Iterator[bytes]:
    if raw.startswith(rpm_sqlite.MAGIC):
        return rpm_sqlite.blobs(raw)
    if raw.startswith(rpm_ndb.MAGIC):
        return rpm_ndb.blobs(raw)
    if rpm_berkeley.is_one(raw):
        return rpm_berkeley.blobs(raw)
    raise Broken("a database of rpm is one of SQLite, ndb or Berkeley DB", "this begins as none")


def _part(raw: bytes) -> Iterator[Package]:
    return dpkg.packages(raw, listed=True)


class _Reading:
    """Takes one database after another, and keeps what is in them."""

    def __init__(self, files: Files, limit: int) -> None:
        self.found: list[Package] = []
        self.databases: list[Database] = []
        self._files, self._limit = files, limit
        self._seen: set[str] = set()

    def take(self, path: str, manager: str, parse: Callable[[bytes], Iterator[Package]]) -> None:
        """The packages in the file at `path`, if there is one that was not read under another."""
        entry = self._files.get(path)
        if entry is None or entry.path in self._seen:
            return
        self._seen.add(entry.path)
        number = getattr(entry, "layer", None)
        layer = number if isinstance(number, int) else None
        before = len(self.found)
        trouble = self._parse(path, layer, parse)
        if trouble is not None:
            trouble = trouble or self._unmerged(path)
            count = len(self.found) - before
            self.databases.append(Database(path, manager, count, trouble, layer))

    def take_parts(self) -> None:
        """The packages of a folder with a file for each, as one database."""
        entries = self._files.glob(f"{_STATUS_D}/*")
        paths = sorted({each.path.lstrip("/") for each in entries})
        parts = [path for path in paths if not path.endswith(".md5sums")]
        before, read, trouble = len(self.found), 0, ""
        for path in parts[:_PARTS]:
            said = self._parse(path, None, _part)
            read += said is not None
            trouble = trouble or (f"{path}: {said}" if said else "")
        if len(parts) > _PARTS:
            trouble = trouble or f"it has {len(parts):,} files; {_PARTS:,} are read"
        if read:
            count = len(self.found) - before
            self.databases.append(Database(_STATUS_D, "dpkg", count, trouble))

    def _parse(
        self, path: str, layer: int | None, parse: Callable[[bytes], Iterator[Package]]
    ) -> str | None:
        """Keep the packages in a file; what was wrong with it, or None where there is none."""
        try:
            raw = tree.read(self._files, path, self._limit)
            if raw is None:
                return None
            for package in parse(raw):
                if len(self.found) >= PACKAGES:
                    return f"{PACKAGES:,} packages are read; it has more"
                self.found.append(replace(package, database=path, layer=layer))
        except (Broken, OcinbError) as error:
            return str(error)
        return ""

    def _unmerged(self, path: str) -> str:
        """Whether SQLite has left changes beside the database that are not in it yet."""
        log = self._files.get(f"{path}-wal")
        if log is None or log.type != "file" or not log.size:
            return ""
        return f"{log.size:,} bytes of changes in {path}-wal are not in it yet, and not read"
