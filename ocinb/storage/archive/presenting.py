"""What an archive holds, as a catalogue of manifests and content by digest, whoever wrote it."""

from __future__ import annotations

from functools import cached_property
from typing import Protocol

from ocinb.errors import InvalidContent, NotSupported
from ocinb.layers.making.members import shown
from ocinb.oci import strict_json
from ocinb.oci.digest import Digest
from ocinb.storage.archive.docker import LISTING, Composed
from ocinb.storage.archive.members import Members
from ocinb.storage.catalogue import Catalogue
from ocinb.storage.layout import INDEX, INDEX_LIMIT, LAYOUT, check_version
from ocinb.storage.store import Stored
from ocinb.text import some_of


class Held(Protocol):
    """What is in an archive."""

    @property
    def format(self) -> str:
        """`oci-archive` or `docker-archive`."""

    @property
    def catalogue(self) -> Catalogue:
        """Its manifests, and their names."""

    def find(self, digest: Digest) -> Stored | None:
        """The bytes that claim to be `digest`; nobody has hashed them."""


def presented(members: Members) -> Held:
    """What `members` are; where they are both kinds, as docker writes them since 25, the layout
    counts, since only it has the manifests.

    Raises `InvalidContent` for an archive that is none of images.
    """
    if LAYOUT in members and INDEX in members:
        return _Layout(members)
    if LISTING in members:
        return Composed(members)
    if "repositories" in members:
        hint = "load it into docker and save it again"
        raise NotSupported("this is what docker saved before version 1.10", hints=[hint])
    inside = [name for name in members.names if name.endswith(f"/{LAYOUT}")]
    hints = []
    if inside:
        folder = inside[0].rpartition("/")[0]
        hints = [f"the layout is in its folder {shown(folder)}: pack it with tar -C {folder} ."]
    if LAYOUT in members:
        members.check_end(f"{INDEX} is missing")
    here = some_of(map(shown, members.names[:100])) if members.names else "nothing"
    raise InvalidContent(
        f"this is no archive of images: it has neither {LAYOUT} with {INDEX} nor {LISTING}, "
        f"but {here}",
        hints=hints,
    )


class _Layout:
    """An image layout in an archive (image-spec, image-layout.md)."""

    format = "oci-archive"

    def __init__(self, members: Members) -> None:
        self._members = members
        check_version(whole(members, LAYOUT, 64 * 1024), "this archive")

    @cached_property
    def catalogue(self) -> Catalogue:
        raw = whole(self._members, INDEX, INDEX_LIMIT)
        return Catalogue.from_json(strict_json.parse_object(raw, INDEX, INDEX_LIMIT))

    def find(self, digest: Digest) -> Stored | None:
        return self._members.find(f"blobs/{digest.algorithm}/{digest.encoded}")


def whole(members: Members, name: str, limit: int) -> bytes:
    """The whole of a small member; raises `InvalidContent` without it, and beyond `limit` bytes."""
    found = members.find(name)
    if found is None:
        raise InvalidContent(f"there is no file {shown(name)} in the archive")
    if found.size > limit:
        raise InvalidContent(f"{shown(name)} has {found.size:,} bytes; at most {limit:,} are read")
    return b"".join(found)
