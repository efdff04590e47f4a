"""Parts of a layer for who reads files of it: from the cache, or with one request each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ocinb.errors import RegistryError
from ocinb.layers.lazy.fetched import Fetched
from ocinb.layers.lazy.reach import NoParts
from ocinb.oci.descriptor import Descriptor

if TYPE_CHECKING:
    from ocinb.client.source import Ranged

# Whoever answers so would not give the whole blob, either: 401, 404, and 429.
_REFUSED_ALL = (401, 404, 429)


class Parts:
    """Where the bytes of one layer come from: an `Origin`."""

    def __init__(self, source: Ranged, layer: Descriptor) -> None:
        self._source, self._layer = source, layer

    def kept(self, start: int, stop: int, /) -> bytes | None:
        """These bytes from the cache, as it has them."""
        cache = self._source.indexes.cache
        layer = self._layer
        return cache.part(layer.digest, layer.size, start, stop) if cache is not None else None

    def part(self, start: int, stop: int, fetched: Fetched, /) -> bytes:
        """These bytes, which nothing verifies yet; raises `NoParts` where they are refused."""
        steps = self._source.pull_blob_part_steps(self._layer, start, stop, limit=stop - start)
        try:
            return steps.finish()
        except RegistryError as error:
            if error.status in _REFUSED_ALL:
                raise
            raise NoParts(_refused(error.status)) from error
        finally:
            self._count(fetched, stop, stop - start, [each.response.status for each in steps.taken])

    def _count(self, fetched: Fetched, stop: int, wanted: int, answers: list[int]) -> None:
        all_of_it = 200 in answers and wanted < self._layer.size
        if all_of_it:
            fetched.note("the registry sends no parts of blobs: all is streamed up to each file")
        came = 0 if not {200, 206} & {*answers} else stop if all_of_it else wanted
        fetched.add(came, len(answers))


def _refused(status: int | None) -> str:
    how = "with something else" if status is None else f"{status}"
    return f"asked for a part, the registry answered {how}: all is streamed up to each file"
