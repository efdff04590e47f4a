"""Blobs that stay where they are until somebody reads them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

from ocinb.client.moving import shelves
from ocinb.client.moving.pouring import poured
from ocinb.client.verbs.conversing import Conversing
from ocinb.oci.descriptor import Descriptor
from ocinb.oci.given import described
from ocinb.oci.image import Blob
from ocinb.protocol.messages import Sink


class Streaming(Conversing):
    """Content can be read from here without being kept."""

    def blob(self, descriptor: Descriptor) -> Blob:
        """The blob that `descriptor` says, fetched anew each time it is read, verified on the way.

        Asks nobody. It can be part of an `ocinb.Image`: pushed to the same registry it is mounted,
        pushed to another one it goes there piece by piece, never whole in memory
        and never through a file, but for the cache if this registry has one.
        """
        blob = described(descriptor, lambda: self._streamed(descriptor))
        return Blob(descriptor, blob.open, (self.registry.place, self.name))

    def _streamed(self, blob: Descriptor) -> Iterator[bytes]:
        get = shelves.getting(self.registry.cache)

        def fetch(sink: Sink) -> None:
            with closing(self.converse(get(self.name, blob, sink))) as steps:
                steps.finish()

        return poured(fetch)
