"""What is known about layers, by digest: in memory, and where there is a cache, on disk."""

from __future__ import annotations

import threading
from collections import OrderedDict
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from ocinb.client.moving.turns import turn
from ocinb.oci.descriptor import Descriptor
from ocinb.oci.digest import Digest
from ocinb.storage.cache import Cache

if TYPE_CHECKING:
    from ocinb.layers.lazy.index import LayerIndex

_MOST = 256 * 1024 * 1024  # bytes of memory, more or less


class Indexes:
    """Indexes of the layers of one registry: each is listed once, whichever images it is in.

    What was used last stays, as much as memory is meant for it; in `cache`, it outlives the kernel.
    """

    def __init__(self, cache: Cache | None = None) -> None:
        self.cache = cache
        self._known: OrderedDict[Digest, LayerIndex] = OrderedDict()
        self._guard = threading.Lock()

    def get(self, layer: Descriptor) -> LayerIndex | None:
        """What is known about a layer, or None; asks nobody."""
        with self._guard:
            found = self._known.get(layer.digest)
            if found is not None:
                self._known.move_to_end(layer.digest)
        if found is None:
            found = self._read(layer.digest)
        return found if found is not None and found.spans.size == layer.size else None

    def keep(self, index: LayerIndex) -> None:
        """Have `index` among them, in memory and on disk."""
        from ocinb.layers.lazy import packing  # noqa: PLC0415  # most registries look into no layer

        self._remember(index)
        content = packing.packed(index) if self.cache is not None else None
        if self.cache is not None and content is not None:
            self.cache.keep_index(index.digest, content)

    def turn(self, layer: Descriptor) -> AbstractContextManager[None]:
        """Be the only one who makes the index of a layer; then it is there for the others."""
        return turn(f"index {id(self)}", layer.digest)

    def _read(self, digest: Digest) -> LayerIndex | None:
        from ocinb.layers.lazy import packing  # noqa: PLC0415  # most registries look into no layer

        content = self.cache.index(digest, packing.MOST_PACKED) if self.cache is not None else None
        index = packing.unpacked(content, digest) if content is not None else None
        if index is not None:
            self._remember(index)
        return index

    def _remember(self, index: LayerIndex) -> None:
        with self._guard:
            self._known[index.digest] = index
            self._known.move_to_end(index.digest)
            cost = sum(each.cost for each in self._known.values())
            while cost > _MOST and len(self._known) > 1:
                cost -= self._known.popitem(last=False)[1].cost
