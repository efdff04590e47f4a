"""One tar file of images as a store that is only read: `oci-archive` or `docker-archive`.

Where its members are is found out when it is opened; what is in them is read where it lies, when it
is asked for, and hashed each time.
"""

from __future__ import annotations

import os
from pathlib import Path

from ocinb.drawable import Drawable
from ocinb.errors import OcinbError
from ocinb.layers.limits import Limits
from ocinb.oci.descriptor import Descriptor
from ocinb.oci.digest import Digest
from ocinb.storage.archive.members import Members
from ocinb.storage.archive.presenting import presented
from ocinb.storage.archive.verified import Verified
from ocinb.storage.archive.walking import LIMITS, walked
from ocinb.storage.catalogue import Catalogue
from ocinb.storage.memory import MemoryContent
from ocinb.storage.names import Names
from ocinb.storage.nested import below
from ocinb.storage.store import Stored
from ocinb.text import short_path


class Archive(Drawable):
    """The images in a tar file; it never changes, whatever becomes of the file's name.

    `format` is `oci-archive` or `docker-archive`, `compression` what it is packed with, if at all.
    Raises `InvalidArchive` where it is damaged, or beyond `limits`, naming entry, byte and rule,
    and `InvalidContent` when it holds no images.
    """

    empty = False

    def __init__(self, path: str | os.PathLike[str], *, limits: Limits | None = None) -> None:
        self.path = Path(path)
        self._walked = walked(self.path, limits or LIMITS)
        self.compression = self._walked.compression
        self._held = presented(Members(self._walked))
        self._children: dict[Digest, tuple[Descriptor, ...]] = {}
        self._names: Names | None = None

    def check_end(self, missing: Digest) -> None:
        """Raise `InvalidArchive` where `missing`, which is named in it, may have been cut off."""
        self._walked.check_end(f"{missing} is missing, though it is named in it")

    @property
    def format(self) -> str:
        """`oci-archive` or `docker-archive`."""
        return self._held.format

    def content(self, digest: Digest) -> Stored | None:
        """The bytes known as `digest`; reading them raises `DigestMismatch` when they are not."""
        found = self._held.find(digest)
        if found is None or isinstance(found, MemoryContent):
            return found
        return Verified(found, digest, short_path(self.path))

    def catalogue(self) -> Catalogue:
        """What its `index.json` says; of an archive of docker's, what that would be."""
        return self._held.catalogue

    @property
    def names(self) -> Names:
        """What its manifests are called."""
        if self._names is None:
            self._names = Names(self.catalogue())
        return self._names

    def tags(self) -> tuple[str, ...]:
        """Every tag, in the order of its bytes."""
        return self.names.tags()

    def resolve(self, tag: str) -> Descriptor | None:
        """The manifest that a tag or full name points to."""
        return self.names.find(tag)

    def manifests(self) -> tuple[Descriptor, ...]:
        """Every manifest that is there, also those that only an index names."""
        found = {each.digest: each for each in self.names.entries}
        nested = below(self, found.values(), self._children)
        here = {digest: each for digest, each in nested.items() if self.content(digest)}
        return tuple({**here, **found}.values())

    def manifest(self, digest: Digest) -> Descriptor | None:
        """The manifest known as `digest`."""
        return next((each for each in self.manifests() if each.digest == digest), None)

    def __repr__(self) -> str:
        try:
            state = f"{len(self.names.digests)} manifests, {len(self.names.shown())} names"
        except OcinbError:
            state = "unreadable"
        return f"<Archive {short_path(self.path)} ({self.format}): {state}>"
