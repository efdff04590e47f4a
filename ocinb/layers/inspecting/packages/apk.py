"""apk's database, `lib/apk/db/installed`: a letter and a colon before each value.

The wiki of Alpine Linux, "Apk spec", "Installed Database V2".
"""

from __future__ import annotations

from collections.abc import Iterator

from ocinb.layers.inspecting.packages.found import Package
from ocinb.layers.inspecting.packages.stanzas import number, stanzas
from ocinb.layers.limits import Broken

# Capitals and small letters are different fields.
_FIELDS = {
    b"P": "name", b"V": "version", b"A": "architecture", b"o": "source", b"I": "size",
    b"L": "license", b"T": "description",
}  # fmt: skip


def packages(raw: bytes) -> Iterator[Package]:
    """The packages of an installed file; raises `Broken` where it is none."""
    for found in stanzas(raw, _FIELDS):
        name = found.get("name", "")
        if not name:
            raise Broken("each stanza names its package", f"one has only {', '.join(found) or '?'}")
        version = found.get("version", "")
        yield Package(
            name,
            version,
            found.get("architecture", ""),
            "apk",
            found.get("source", name),
            version,
            number(found.get("size", "")),
            found.get("license", ""),
            found.get("description", ""),
        )
