"""Where blobs go: into layouts, files and sinks, and through a cache. Each is a `Shelf`."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeAlias

from ocinb.client.wire.stopping import current
from ocinb.errors import InvalidContent
from ocinb.oci.descriptor import Descriptor
from ocinb.oci.manifest import AnyManifest
from ocinb.protocol.download import get_blob
from ocinb.protocol.events import Observer, nobody
from ocinb.protocol.messages import Conversation, Sink
from ocinb.protocol.pull import BlobShelf, pull_blob
from ocinb.protocol.sinks import Hashing
from ocinb.storage import partial
from ocinb.storage.cache import Cache, Filling
from ocinb.storage.layout import Layout
from ocinb.storage.store import Ingest, Stored, put

if TYPE_CHECKING:
    from hashlib import _Hash as Hash

Caching: TypeAlias = "bool | str | os.PathLike[str] | Cache | None"  # what there may be of caches


class LayoutShelf:
    """A layout as a pull sees it: the `Shelf` of `protocol.pull`; blobs come through `cache`."""

    def __init__(self, layout: Layout, cache: Cache | None = None) -> None:
        self._layout = layout
        self._blobs = through(cache, _LayoutBlobs(layout))

    def has(self, blob: Descriptor) -> bool:
        """Whether it is there, whole and right."""
        return self._blobs.has(blob)

    def place(self, blob: Descriptor) -> AbstractContextManager[Sink]:
        """What was fetched of it before, or nothing; it becomes the blob."""
        return self._blobs.place(blob)

    def expect(self, blobs: Iterable[Descriptor]) -> None:
        """See that there is room for what is not there, before any of it is fetched (F-11).

        What lives elsewhere may be left out, so it is not waited for.
        """
        expected = [blob for blob in blobs if not blob.lives_elsewhere]
        self._layout.check_room((blob.digest, blob.size) for blob in expected)

    def keep(self, manifest: AnyManifest) -> None:
        """Known through the root: index.json need not list it."""
        put(self._layout, manifest.raw, manifest.digest)

    def show(self, root: AnyManifest, tag: str | None) -> None:
        """List it in index.json."""
        self._layout.put_manifest(root.raw, root.descriptor, (tag,) if tag else ())


class _LayoutBlobs:
    """The blobs of a layout. One that was changed there is none: it is fetched and replaced."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout

    def has(self, blob: Descriptor) -> bool:
        content = self._layout.content(blob.digest)
        return content is not None and _is(content, blob)

    @contextmanager
    def place(self, blob: Descriptor) -> Iterator[Sink]:
        with self._layout.arriving(blob.digest, blob.size) as ingest:
            ingest.reread = _unless_stopped
            yield ingest
            ingest.commit(blob.digest)


class FileShelf:
    """A file that somebody named: it appears when the blob is whole."""

    def __init__(self, target: str | os.PathLike[str]) -> None:
        self._target = Path(target)

    def has(self, blob: Descriptor) -> bool:
        """Never: what has this name now may be anything."""
        return False

    @contextmanager
    def place(self, blob: Descriptor) -> Iterator[Sink]:
        """What was fetched of it before, or nothing; it becomes the file."""
        folder, target = self._target.parent, self._target
        if target.is_dir():
            raise IsADirectoryError(f"{target} is a folder: name a file in it")
        if target.exists() and not target.is_file():  # replacing it would take it from everybody
            raise FileExistsError(f"{target} is a device or a pipe: open it, and give what is open")
        if not folder.is_dir():
            raise FileNotFoundError(f"there is no folder {folder} to write {target.name} to")
        with partial.arriving(folder, blob.digest, blob.size, lambda _: target) as ingest:
            ingest.reread = _unless_stopped
            yield ingest
            ingest.commit(blob.digest)


class SinkShelf:
    """A sink of somebody else's, that has nothing yet."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink

    def has(self, blob: Descriptor) -> bool:
        """Never."""
        return False

    @contextmanager
    def place(self, blob: Descriptor) -> Iterator[Sink]:
        """The sink."""
        yield self._sink


def through(cache: Cache | None, shelf: BlobShelf) -> BlobShelf:
    """`shelf`, filled from `cache` where that has a blob, and filling it with the others."""
    return _Cached(shelf, cache) if cache is not None else shelf


def the_cache(wanted: Caching) -> Cache | None:
    """The cache that somebody wants: True is the usual one, anything but a cache its folder."""
    if wanted is None or isinstance(wanted, Cache):
        return wanted
    if isinstance(wanted, bool):
        return Cache() if wanted else None
    return Cache(wanted)


class GetBlob(Protocol):
    """How a blob is fetched into a sink."""

    def __call__(
        self, name: str, blob: Descriptor, sink: Sink, announce: Observer = nobody, /
    ) -> Conversation[Descriptor]:
        """Fetch it, verified; what comes is the same descriptor."""


def getting(cache: Cache | None) -> GetBlob:
    """How a blob is fetched through `cache`, if there is one."""

    def get(
        name: str, blob: Descriptor, sink: Sink, announce: Observer = nobody, /
    ) -> Conversation[Descriptor]:
        yield from pull_blob(name, blob, through(cache, SinkShelf(sink)), announce)
        return blob

    return get if cache is not None else get_blob


class _Cached:
    def __init__(self, shelf: BlobShelf, cache: Cache) -> None:
        self._shelf, self._cache = shelf, cache

    def has(self, blob: Descriptor) -> bool:
        """Whether it is there, or could be copied from the cache."""
        return self._shelf.has(blob) or (
            self._cache.has(blob.digest, blob.size) and self._copied(blob)
        )

    @contextmanager
    def place(self, blob: Descriptor) -> Iterator[Sink]:
        """A sink that also fills the cache."""
        with self._shelf.place(blob) as sink:
            filling = self._cache.begin(blob.digest, blob.size)
            if filling is None:
                yield sink
                return
            with filling:
                if isinstance(sink, Ingest):  # what it has from before has to get there, too
                    sink.reread = _both(sink.reread, filling.write)
                yield (_HashingTee if isinstance(sink, Hashing) else _Tee)(sink, filling)
                filling.keep()

    def _copied(self, blob: Descriptor) -> bool:
        try:
            with self._shelf.place(blob) as sink:
                sink.restart()
                if not self._cache.pour(blob.digest, blob.size, _stoppable(sink)):
                    sink.restart()
                    raise _Changed
        except _Changed:
            return False
        return True


class _Changed(Exception):
    """What the cache had is not what it should be."""


class _Tee:
    """A sink and what also gets its pieces."""

    def __init__(self, sink: Sink, filling: Filling) -> None:
        self._sink, self._filling = sink, filling

    def restart(self) -> None:
        self._sink.restart()
        self._filling.restart()

    def write(self, piece: bytes | memoryview) -> None:
        self._sink.write(piece)
        self._filling.write(piece)


class _HashingTee(_Tee):
    """The same for a sink that hashes."""

    @property
    def algorithm(self) -> str:
        assert isinstance(self._sink, Hashing)
        return self._sink.algorithm

    def mark(self) -> tuple[int, Hash]:
        assert isinstance(self._sink, Hashing)
        return self._sink.mark()


def _both(
    one: Callable[[bytes], object], other: Callable[[bytes], object]
) -> Callable[[bytes], object]:
    def do(piece: bytes) -> None:
        one(piece)
        other(piece)

    return do


def _unless_stopped(piece: bytes) -> None:
    """Go on to the next piece, unless it was asked to stop."""
    _check_stop()


def _check_stop() -> None:
    stop = current()
    if stop is not None:
        stop.check()


def _stoppable(sink: Sink) -> Callable[[bytes], object]:
    """How `sink` takes pieces until it is asked to stop."""

    def write(piece: bytes) -> None:
        _check_stop()
        sink.write(piece)

    return write


def _is(content: Stored, blob: Descriptor) -> bool:
    """Whether `content` has the size and the digest of `blob`."""
    if content.size != blob.size:
        return False
    hashed = blob.digest.hasher()
    try:
        for piece in content:
            hashed.update(piece)
            _check_stop()
    except InvalidContent:  # it went away, or was changed, while it was read
        return False
    return hashed.hexdigest() == blob.digest.encoded
