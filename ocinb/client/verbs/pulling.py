"""Pulling: images, indexes and artifacts with all they name, into layouts on disk."""

from __future__ import annotations

import os
from contextlib import closing

from ocinb.client.moving import shelves, transfer
from ocinb.client.moving.tally import Tally
from ocinb.client.names import the_identifier
from ocinb.client.source import Folder, Wanted
from ocinb.client.verbs.fetching import Fetching
from ocinb.oci.manifest import AnyManifest
from ocinb.oci.platform import Platform
from ocinb.protocol import pull
from ocinb.protocol.messages import Conversation
from ocinb.protocol.stepper import Stepper
from ocinb.protocol.together import at_once, one_by_one
from ocinb.storage.layout import Layout


class Pulling(Fetching):
    """Content comes from here, verified on the way."""

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
            tally.said("pull again: nothing is fetched twice", layout.has_begun),
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
