"""Pulling: blobs into memory and files, images with all they name into layouts."""

from __future__ import annotations

import os
from contextlib import closing
from typing import overload

from ocinb.client.access.account import Account, hidden_account
from ocinb.client.moving import shelves, transfer
from ocinb.client.moving.tally import Tally
from ocinb.client.names import the_identifier
from ocinb.client.source import MEMORY_LIMIT, Folder, Target, Wanted
from ocinb.client.verbs.looking import Looking
from ocinb.oci import media_types
from ocinb.oci.descriptor import Descriptor
from ocinb.oci.digest import Digest
from ocinb.oci.manifest import AnyManifest
from ocinb.oci.platform import Platform
from ocinb.protocol import fetch, pull
from ocinb.protocol.events import Planned
from ocinb.protocol.messages import Conversation
from ocinb.protocol.progress.progress_info import placed
from ocinb.protocol.referring.attach import check_size
from ocinb.protocol.stepper import Stepper
from ocinb.protocol.together import at_once, one_by_one
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
        size: int | None = None,
        layer_index: int | None = None,
        total_layers: int | None = None,
        auth: Account | None = None,
    ) -> bytes: ...
    @overload
    def pull_blob(
        self,
        blob: Descriptor | str,
        *,
        into: Target,
        limit: int = ...,
        progress: Wanted = None,
        size: int | None = None,
        layer_index: int | None = None,
        total_layers: int | None = None,
        auth: Account | None = None,
    ) -> None: ...
    def pull_blob(
        self,
        blob: Descriptor | str,
        *,
        into: Target | None = None,
        limit: int = MEMORY_LIMIT,
        progress: Wanted = None,
        size: int | None = None,
        layer_index: int | None = None,
        total_layers: int | None = None,
        auth: Account | None = None,
    ) -> bytes | None:
        """The content of a blob, given by descriptor or digest, verified.

        It is returned, or written to the file or sink `into`. A file that is named appears only
        when it is whole; until then, and when that fails, what was there before stays. A file
        opened by somebody else gets the bytes as they come. Of a digest alone, the size is asked
        for first, unless it is given as `size`. A callback for `progress` is told `layer_index`
        and `total_layers`, where they are given.

        What breaks off is gone on with. Of what is interrupted, a MiB or more stays for a week in a
        hidden file beside the one that is named, and the next call goes on with it, in any kernel.
        Raises `TransferStalled` when it does not get any further, `DiskFull` when there is no room,
        and `InvalidContent` for more than `limit` bytes to return, before they are fetched.
        """
        auth = hidden_account(auth)
        here = self.as_(auth)
        if not isinstance(blob, Descriptor):
            blob = here._described(Digest(blob), check_size(size))
        return here._blob(blob, into, limit, placed(progress, layer_index, total_layers))

    def _blob(
        self, blob: Descriptor, into: Target | None, limit: int, progress: Wanted
    ) -> bytes | None:
        announce = self.registry.emit
        with self.watched(progress, f"Pull {self.at(blob.digest)}"):
            announce(Planned((blob,)))
            if into is None:
                get = shelves.getting(self.registry.cache)
                return self.run(fetch.get_blob_bytes(self.name, blob, limit, announce, get))
            shelf = shelves.through(self.registry.cache, transfer.shelf(into))
            with closing(self.converse(pull.pull_blob(self.name, blob, shelf, announce))) as steps:
                steps.finish()
            return None

    def _described(self, digest: Digest, size: int | None) -> Descriptor:
        if size is None:
            return self.run(fetch.describe_blob(self.name, digest))
        return Descriptor(media_types.OCTET_STREAM, digest, size)

    def pull(
        self,
        reference: str,
        into: Folder,
        *,
        platform: str | Platform | None = None,
        progress: Wanted = None,
    ) -> Layout:
        """Copy an image, index or artifact with all it names into an OCI image layout on disk.

        Of an index, `platform` takes one image only. Blobs already there, and right, are not
        fetched again; every other one is verified before it appears. Returns the layout, in which a
        tag keeps its name. The layout is valid at any time: what is interrupted can be pulled again
        and goes on within a blob, too, of which a MiB or more waits in a hidden file for a week.
        Raises `TransferStalled` when it does not get any further, `DiskFull` when there is no room.
        """
        reference, layout = the_identifier(reference), transfer.opened(into)
        return self._pulled(reference, reference, layout, platform, progress)

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
        return self._pulled(root, asked, transfer.opened(into), platform, progress)

    def _pulled(
        self,
        root: str | AnyManifest,
        asked: str,
        layout: Layout,
        platform: str | Platform | None,
        progress: Wanted,
    ) -> Layout:
        """All of it at once, several blobs side by side. When it is stopped, nothing stays half
        done."""
        tally = self.tally(os.path.realpath(layout.path))
        with (
            self.watched(progress, f"Pull {self.at(asked)}"),
            tally.said("pull again: they are not fetched twice"),
            self.suggesting(),
            closing(self.converse(self._pull(root, asked, layout, platform, tally))) as steps,
        ):
            return steps.finish()

    def _pull(
        self,
        root: str | AnyManifest,
        asked: str,
        layout: Layout,
        platform: str | Platform | None,
        tally: Tally | None = None,
    ) -> Conversation[Layout]:
        yield from pull.pull(
            self.name,
            root,
            shelves.LayoutShelf(layout, self.registry.cache),
            tag=None if ":" in asked else asked,
            platform=platform,
            get=self.manifest_unless_known,
            announce=tally.announce if tally else self.registry.emit,
            together=self.registry.together if tally else one_by_one,
            turn=tally.turn if tally else at_once,
        )
        return layout
