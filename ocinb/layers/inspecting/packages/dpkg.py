"""dpkg's database: `var/lib/dpkg/status`, and one file per package in images without a shell.

dpkg(1), "Package states"; deb-control(5); the Debian Policy, "Syntax of control files".
"""

from __future__ import annotations

from collections.abc import Iterator

from ocinb.layers.inspecting.packages.found import Package
from ocinb.layers.inspecting.packages.stanzas import number, stanzas
from ocinb.layers.limits import Broken

# Names of fields are the same in capitals and small letters.
_FIELDS = {
    b"package": "name", b"status": "status", b"version": "version", b"architecture": "architecture",
    b"source": "source", b"installed-size": "size", b"description": "description",
}  # fmt: skip
# States in which the files of a package are there, whether or not it was set up.
_PRESENT = ("installed", "triggers-pending", "triggers-awaited", "half-configured", "unpacked")


def packages(raw: bytes, *, listed: bool = False) -> Iterator[Package]:
    """The packages of a status file whose files are installed.

    With `listed`, those that do not say their state are, too: so it is in `status.d`. Raises
    `Broken` where it is no such file.
    """
    for found in stanzas(raw, _FIELDS, any_case=True):
        name = found.get("name", "")
        if not name:
            raise Broken("each stanza names its package", f"one has only {', '.join(found) or '?'}")
        if _present(found.get("status"), listed):
            yield _package(name, found)


def _present(status: str | None, listed: bool) -> bool:
    """Whether its files are there: the last of three words is the state."""
    if status is None:
        return listed
    return status.rpartition(" ")[2] in _PRESENT


def _package(name: str, found: dict[str, str]) -> Package:
    version = found.get("version", "")
    source, _, rest = found.get("source", name).partition(" ")
    return Package(
        name,
        version,
        found.get("architecture", ""),
        "dpkg",
        source,
        rest.strip(" ()") or version,
        number(found.get("size", ""), 1024),
        description=found.get("description", ""),
    )
