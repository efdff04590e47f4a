"""What a copy asks of where content comes from: a registry, a layout, an archive."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from ocinb.oci.descriptor import Descriptor
from ocinb.oci.digest import Digest
from ocinb.oci.image import Blob
from ocinb.oci.manifest import AnyManifest
from ocinb.protocol.events import Observer
from ocinb.protocol.messages import Conversation
from ocinb.protocol.pull import BlobShelf
from ocinb.protocol.referring.referrers import ReferrerList
from ocinb.protocol.together import Turn


class Origin(Protocol):
    """A source as a copy sees it. What is not there raises `NotFound`, unless it says otherwise."""

    def manifest(
        self, reference: str, expected: Descriptor | None = None
    ) -> Conversation[AnyManifest]:
        """The manifest of a tag or digest, verified, and as `expected` says if that is given."""

    def head(self, reference: str) -> Conversation[Descriptor | None]:
        """What a tag or digest stands for, or None when it is not there."""

    def referrers(self, subject: Digest) -> Conversation[ReferrerList]:
        """What is listed as referring to `subject`."""

    def tags(self) -> Conversation[Iterable[str] | None]:
        """All tags there are; None when they are not listed, or not to the end."""

    def has_blob(self, blob: Descriptor) -> Conversation[bool]:
        """Whether a blob is there."""

    def blob(self, blob: Descriptor) -> Blob:
        """A blob, fetched whenever it is read, and verified; asks nobody."""

    def fetch(
        self, blob: Descriptor, shelf: BlobShelf, announce: Observer, turn: Turn
    ) -> Conversation[None]:
        """Put a blob on `shelf`, verified, unless it is there; see `pull.pull_blob`."""
