"""Packages as values: what is installed, and which databases say so."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from operator import attrgetter
from typing import overload

from ocinb.drawable import Drawable
from ocinb.errors import InvalidReference
from ocinb.text import human_size, nearest, visible


@dataclass(frozen=True)
class Package(Drawable):
    """One installed package, as its database says.

    `manager` is dpkg, apk or rpm. `version` reads as that writes it, with the epoch before a colon
    and the release behind a dash. `source` is the source package it was built from and
    `source_version` the version of that. `installed_size` is in bytes, None where it is not said;
    `license` is empty where it is not said, as dpkg never does. `database` is the path of the file
    that says all this, and `layer` the number of the layer that file is from, where that is known.
    """

    name: str
    version: str
    architecture: str = ""
    manager: str = ""
    source: str = ""
    source_version: str = ""
    installed_size: int | None = None
    license: str = ""
    description: str = ""
    database: str = ""
    layer: int | None = None

    def __repr__(self) -> str:
        said = (visible(self.name, 100), visible(self.version, 100), visible(self.architecture, 30))
        return f"<Package {' '.join(filter(None, said))} of {self.manager}>"


@dataclass(frozen=True)
class Database:
    """One database that was found: how many packages it gave, and why not all of them.

    `trouble` is empty for one that was read to its end.
    """

    path: str
    manager: str
    count: int
    trouble: str = ""
    layer: int | None = None


class PackageList(Drawable):
    """Installed packages by name, and the databases they are from.

    `packages["openssl"]` or `.get("openssl")` is the first of that name; where several
    architectures or versions are installed side by side, `.glob("openssl")` gives all. When not
    `complete`, `databases` say what could not be read and why.
    """

    def __init__(
        self,
        found: tuple[Package, ...] = (),
        databases: tuple[Database, ...] = (),
        selection: str = "",
    ) -> None:
        self.packages = tuple(sorted(found, key=_ORDER))
        self.databases, self.selection = databases, selection

    @property
    def complete(self) -> bool:
        """Whether each database that was found could be read to its end."""
        return not any(database.trouble for database in self.databases)

    @property
    def names(self) -> tuple[str, ...]:
        """The name of each, in order."""
        return tuple(package.name for package in self.packages)

    @property
    def installed_size(self) -> int:
        """Bytes of all of them together, as far as they say."""
        return sum(package.installed_size or 0 for package in self.packages)

    def get(self, name: str) -> Package | None:
        """The first package of that name, or None."""
        return next((package for package in self.packages if package.name == name), None)

    def glob(self, pattern: str) -> PackageList:
        """Those whose name fits `pattern`: `lib*`, `python3.1?`, `[ab]*`."""
        fits = (package for package in self.packages if fnmatchcase(package.name, pattern))
        return PackageList(tuple(fits), self.databases, f"like {pattern}")

    @overload
    def __getitem__(self, wanted: int | str) -> Package: ...
    @overload
    def __getitem__(self, wanted: slice) -> PackageList: ...
    def __getitem__(self, wanted: int | str | slice) -> Package | PackageList:
        """A package by position or name, or some by a slice.

        Raises `InvalidReference` for a name that is not there, naming some that are.
        """
        if isinstance(wanted, slice):
            return PackageList(self.packages[wanted], self.databases, self.selection or "a part")
        if isinstance(wanted, int):
            return self.packages[wanted]
        package = self.get(wanted)
        if package is None:
            raise self._missing(wanted)
        return package

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self.get(name) is not None

    def __iter__(self) -> Iterator[Package]:
        return iter(self.packages)

    def __len__(self) -> int:
        return len(self.packages)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, PackageList):
            return NotImplemented
        return (self.packages, self.databases) == (other.packages, other.databases)

    def __hash__(self) -> int:
        return hash((self.packages, self.databases))

    def __repr__(self) -> str:
        what = f" {visible(self.selection, 60)}" if self.selection else ""
        where = ", ".join(sorted({each.manager for each in self.databases})) or "no database"
        state = "complete" if self.complete else "incomplete"
        size = human_size(self.installed_size)
        return f"<PackageList{what}: {len(self):,} of {where}, {size}, {state}>"

    def _missing(self, wanted: str) -> InvalidReference:
        rule = "it is not installed" if self.complete else "no database that can be read has it"
        hints = [nearest(wanted, dict.fromkeys(self.names))]
        if not self.complete:
            hints.append("not all databases could be read: see .databases")
        return InvalidReference(wanted, "package here", rule, hints=hints)

    def _ipython_key_completions_(self) -> list[str]:
        return [name for name in dict.fromkeys(self.names) if name.isprintable()]


_ORDER = attrgetter("name", "architecture", "version", "manager", "database")
