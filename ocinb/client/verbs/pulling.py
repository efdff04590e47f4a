"""Pulling: blobs into memory and files, images with all they name into layouts."""

from __future__ import annotations

from contextlib import closing
from typing import overload

from ocinb.client import transfer
from ocinb.client.names import the_identifier
from ocinb.client.source import MEMORY_LIMIT, Folder, Target, Wanted
from ocinb.client.verbs.looking import Looking
from ocinb.oci.descriptor import Descriptor
from ocinb.oci.digest import Digest
from ocinb.oci.manifest import AnyManifest
from ocinb.oci.platform import Platform
from ocinb.protocol import fetch, pull
from ocinb.protocol.events import Planned
from ocinb.protocol.messages import Conversation, T
from ocinb.protocol.stepper import Stepper
from ocinb.storage.layout import Layout


class Pulling(Looking):
    """Content comes from here, verified on the way."""

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
        """The content of a blob, given by descriptor or digest, verified.

        It is returned, or written to the file or sink `into`. A file that is named appears only
        when it is whole; until then, and when that fails, what was there before stays. A file
        opened by somebody else gets the bytes as they come. Of a digest alone, the size is asked
        for first. Raises `InvalidContent` for more than `limit` bytes to return, before they are
        fetched.
        """
        if not isinstance(blob, Descriptor):
            blob = self.run(fetch.describe_blob(self.name, Digest(blob)))
        announce = self.registry.emit
        with self.watched(progress, f"Pull {self.at(blob.digest)}"):
            announce(Planned((blob,)))
            if into is None:
                return self.run(fetch.get_blob_bytes(self.name, blob, limit, announce))
            with transfer.writing(into) as sink:
                self.run(fetch.get_blob(self.name, blob, sink, announce))
            return None

    def pull(
        self,
        reference: str,
        into: Folder,
        *,
        platform: str | Platform | None = None,
        progress: Wanted = None,
    ) -> Layout:
        """Copy an image, index or artifact with all it names into an OCI image layout on disk.

        Of an index, `platform` takes one image only. Blobs already there are not fetched again;
        every other one is verified before it appears. Returns the layout, in which a tag keeps
        its name. What is interrupted can be pulled again: the layout is valid at any time.
        """
        reference, layout = the_identifier(reference), transfer.opened(into)
        with self.watched(progress, f"Pull {self.at(reference)}"), self.suggesting():
            return _finished(self.pull_steps(reference, layout, platform=platform))

    def pull_steps(
        self, reference: str, into: Folder, *, platform: str | Platform | None = None
    ) -> Stepper[Layout]:
        """The same, one request at a time: nothing is sent before `.step()` or `.finish()`."""
        asked = the_identifier(reference)
        return self.converse(self._pull(asked, asked, transfer.opened(into), platform))

    def pull_document(
        self,
        root: AnyManifest,
        asked: str,
        into: Folder,
        *,
        platform: str | Platform | None = None,
        progress: Wanted = None,
    ) -> Layout:
        """The same for a manifest that is here already and was `asked` for by tag or digest."""
        layout = transfer.opened(into)
        with self.watched(progress, f"Pull {self.at(asked)}"), self.suggesting():
            return _finished(self.converse(self._pull(root, asked, layout, platform)))

    def _pull(
        self,
        root: str | AnyManifest,
        asked: str,
        layout: Layout,
        platform: str | Platform | None,
    ) -> Conversation[Layout]:
        yield from pull.pull(
            self.name,
            root,
            transfer.LayoutShelf(layout),
            tag=None if ":" in asked else asked,
            platform=platform,
            get=self.manifest_unless_known,
            announce=self.registry.emit,
        )
        return layout


def _finished(steps: Stepper[T]) -> T:
    """What all the steps come to; when they are stopped, nothing stays half done."""
    with closing(steps):
        return steps.finish()
