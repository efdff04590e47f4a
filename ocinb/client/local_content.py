"""Content on this machine: where it is, and its blobs, each verified whenever it is read."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import overload

from ocinb.client import reading
from ocinb.client.limits import the_limit
from ocinb.client.moving import transfer
from ocinb.client.source import MEMORY_LIMIT, Target, Wanted
from ocinb.client.verbs.conversing import watched
from ocinb.errors import InvalidContent, NotHere
from ocinb.layers.limits import Limits
from ocinb.oci import media_types
from ocinb.oci.descriptor import Descriptor
from ocinb.oci.digest import Digest, looks_like_digest
from ocinb.oci.image import Blob
from ocinb.oci.strict_json import MANIFEST_LIMIT
from ocinb.storage.archive.archive import Archive
from ocinb.storage.archive.verified import Verified, stored
from ocinb.storage.layout import Layout
from ocinb.text import short_path


class LocalContent:
    """What is in the image layout or the archive at `path`, by digest."""

    def __init__(self, path: str | os.PathLike[str], *, limits: Limits | None = None) -> None:
        self.path = Path(path)
        self.store: Layout | Archive
        if self.path.is_dir():
            self.store, self.format = Layout(self.path), "oci-layout"
            if self.store.empty:
                raise InvalidContent(f"{short_path(self.path)} is no image layout: it is empty")
        else:
            self.store = Archive(self.path, limits=limits)
            self.format = self.store.format

    @property
    def location(self) -> str:
        """Where it is, as skopeo writes it: `oci-archive:images.tar`."""
        transport = "oci" if self.format == "oci-layout" else self.format
        return f"{transport}:{self.path}"

    @property
    def expression(self) -> str:
        """The Python that opens it again."""
        return f"ocinb.open({str(self.path)!r})"

    @property
    def origin(self) -> Mapping[str, str]:
        """Where it is, and what it is."""
        return {"path": str(self.path), "format": self.format}

    def at(self, reference: str) -> str:
        """The full reference of a name or digest in it."""
        return f"{self.location}{'@' if looks_like_digest(reference) else ':'}{reference}"

    def blob(self, descriptor: Descriptor) -> Blob:
        """The blob that `descriptor` says, read anew each time, and verified; `NotHere` then."""
        return Blob(descriptor, lambda: iter(self.content(descriptor)))

    def content(self, descriptor: Descriptor) -> Verified:
        """The content that `descriptor` says, to be read whole or in part.

        Raises `NotHere` without it, `InvalidArchive` where the archive may be cut off before it,
        and `DigestMismatch` or `InvalidContent` for another size; what is read whole is hashed,
        and raises `DigestMismatch` at its end.
        """
        found = self.store.content(descriptor.digest)
        if found is None:
            if isinstance(self.store, Archive) and not descriptor.lives_elsewhere:
                self.store.check_end(descriptor.digest)
            said = f"{self.location} has no {descriptor.digest}, though it is named in it"
            raise NotHere(None, "", said)
        return stored(found, descriptor, short_path(self.path))

    @overload
    def pull_blob(
        self,
        blob: Descriptor | str,
        *,
        into: None = None,
        limit: int = MEMORY_LIMIT,
        progress: Wanted = None,
    ) -> bytes: ...
    @overload
    def pull_blob(
        self, blob: Descriptor | str, *, into: Target, limit: int = ..., progress: Wanted = None
    ) -> None: ...
    def pull_blob(
        self,
        blob: Descriptor | str,
        *,
        into: Target | None = None,
        limit: int = MEMORY_LIMIT,
        progress: Wanted = None,
    ) -> bytes | None:
        """The content of a blob, verified: returned, or written to the file or sink `into`.

        See `Repository.pull_blob`.
        """
        named = self._described(blob)
        if into is None:
            reading.check_limit(named, the_limit(limit))
            return b"".join(self.content(named))
        with watched(progress, f"Read {self.at(named.digest)}"):
            reading.announce_all((named,))
            reading.pour(self, named, transfer.shelf(into))
        return None

    def pull_blob_part(
        self, blob: Descriptor | str, start: int, stop: int, *, limit: int = MEMORY_LIMIT
    ) -> bytes:
        """The bytes of a blob from `start` up to `stop`; nothing verifies them."""
        named = self._described(blob)
        if start < 0 or stop < start:
            raise ValueError(f"there is no part from {start} up to {stop}")
        part = self.content(named).part(start, stop)
        reading.check_limit(Descriptor(named.media_type, named.digest, part.size), the_limit(limit))
        return b"".join(part)

    def _described(self, blob: Descriptor | str) -> Descriptor:
        if isinstance(blob, Descriptor):
            return blob
        digest = Digest(blob)
        found = self.store.content(digest)
        if found is None:
            raise NotHere(None, "", f"{self.location} has no {digest}")
        return Descriptor(media_types.OCTET_STREAM, digest, found.size)

    def _small(self, descriptor: Descriptor) -> bytes:
        reading.check_limit(descriptor, MANIFEST_LIMIT)
        return b"".join(self.content(descriptor))
