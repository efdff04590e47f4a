"""The packages of two images side by side."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias

from ocinb.drawable import Drawable
from ocinb.layers.diffs.versions import newer
from ocinb.oci.diffs.changes import Changes
from ocinb.oci.diffs.history import count
from ocinb.oci.diffs.reporting import Reported, between

Kind: TypeAlias = Literal["added", "removed", "upgraded", "downgraded", "changed"]


class Package(Protocol):
    """One package, as a `PackageList` has it."""

    @property
    def name(self) -> str: ...
    @property
    def version(self) -> str: ...
    @property
    def architecture(self) -> str: ...
    @property
    def manager(self) -> str: ...


@dataclass(frozen=True)
class PackageChange:
    """A package that is on one side only, or in another version; several may be side by side."""

    name: str
    architecture: str
    manager: str
    before: tuple[str, ...]
    after: tuple[str, ...]

    @property
    def kind(self) -> Kind:
        """What became of it; changed where neither version is newer, or there are several."""
        if not self.before:
            return "added"
        if not self.after:
            return "removed"
        if len(self.before) > 1 or len(self.after) > 1:
            return "changed"
        step = newer(self.manager, self.before[0], self.after[0])
        return "upgraded" if step > 0 else "downgraded" if step else "changed"


@dataclass(frozen=True)
class PackagesDiff(Changes[PackageChange], Reported, Drawable):
    """What is installed on one side only, or in another version, by name.

    `unchanged` counts the packages that are the same on both. When not `complete`, a database could
    not be read.
    """

    a: str
    b: str
    changes: tuple[PackageChange, ...] = ()
    unchanged: int = 0
    complete: bool = True

    @property
    def same(self) -> bool:
        """Whether the same packages are installed, and all of them are known."""
        return self.complete and not self.changes

    @property
    def counts(self) -> dict[str, int]:
        """How many there are of each kind."""
        return count(each.kind for each in self.changes)

    def __bool__(self) -> bool:
        return not self.same

    def __repr__(self) -> str:
        sides = between(self.a, self.b)
        found = ", ".join(f"{number:,} {kind}" for kind, number in self.counts.items())
        return f"<PackagesDiff {sides}: {found or 'nothing differs'}>"


def diff_packages(
    a: Iterable[Package],
    b: Iterable[Package],
    names: tuple[str, str],
    *,
    complete: bool = True,
) -> PackagesDiff:
    """The packages of both, matched by manager, name and architecture."""
    before, after = _versions(a), _versions(b)
    keys = sorted(before.keys() | after.keys())
    changes = tuple(
        PackageChange(name, architecture, manager, old, new)
        for name, architecture, manager in keys
        for old, new in [(before.get((name, architecture, manager), ()),
                          after.get((name, architecture, manager), ()))]
        if old != new
    )  # fmt: skip
    return PackagesDiff(*names, changes, len(keys) - len(changes), complete)


def _versions(packages: Iterable[Package]) -> dict[tuple[str, str, str], tuple[str, ...]]:
    found: dict[tuple[str, str, str], set[str]] = {}
    for each in packages:
        found.setdefault((each.name, each.architecture, each.manager), set()).add(each.version)
    return {key: tuple(sorted(versions)) for key, versions in found.items()}
