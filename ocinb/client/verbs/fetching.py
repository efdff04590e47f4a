"""Fetching one blob, or a part of one, into memory, a file or a sink."""

from __future__ import annotations

from contextlib import closing
from typing import overload

from ocinb.client.access.account import Account, hidden_account
from ocinb.client.limits import the_limit
from ocinb.client.moving import shelves, transfer
from ocinb.client.moving.indexes import Indexes
from ocinb.client.source import MEMORY_LIMIT, Target, Wanted
from ocinb.client.verbs.asking import as_somebody
from ocinb.client.verbs.looking import Looking
from ocinb.oci import media_types
from ocinb.oci.descriptor import Descriptor
from ocinb.oci.digest import Digest
from ocinb.protocol import fetch, part, pull
from ocinb.protocol.events import Planned
from ocinb.protocol.messages import Conversation
from ocinb.protocol.pull import BlobShelf
from ocinb.protocol.referring.attach import check_size
from ocinb.protocol.stepper import Stepper


class Fetching(Looking):
    """Blobs come from here one by one."""

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
        and `InvalidContent` for more than `limit` bytes to return, before they are fetched, or
        `ValueError` for a `size` that is not the descriptor's.
        """
        from ocinb.protocol.progress.progress_info import placed  # noqa: PLC0415  # few watch

        auth = hidden_account(auth)
        here = self.as_(auth)
        named = blob.digest if isinstance(blob, Descriptor) else Digest(blob)
        conversation = here._fetch(blob, into, limit, size)
        with (
            here.watched(placed(progress, layer_index, total_layers), f"Pull {self.at(named)}"),
            closing(here.converse(conversation)) as steps,
        ):
            return steps.finish()

    @overload
    def pull_blob_steps(
        self,
        blob: Descriptor | str,
        *,
        into: None = None,
        limit: int = MEMORY_LIMIT,
        size: int | None = None,
    ) -> Stepper[bytes]: ...
    @overload
    def pull_blob_steps(
        self, blob: Descriptor | str, *, into: Target, limit: int = ..., size: int | None = None
    ) -> Stepper[None]: ...
    def pull_blob_steps(
        self,
        blob: Descriptor | str,
        *,
        into: Target | None = None,
        limit: int = MEMORY_LIMIT,
        size: int | None = None,
    ) -> Stepper[bytes] | Stepper[None]:
        """The same, one request at a time; who goes no further calls `.close()`."""
        return self.converse(self._fetch(blob, into, limit, size))  # type: ignore[return-value]  # as overloaded

    @as_somebody
    def pull_blob_part(
        self,
        blob: Descriptor | str,
        start: int,
        stop: int,
        *,
        limit: int = MEMORY_LIMIT,
        auth: Account | None = None,
    ) -> bytes:
        """The bytes of a blob from `start` up to `stop`, as `content[start:stop]` would be.

        The blob is given by descriptor or digest; it may end before `stop`. A part cannot be
        verified, since a digest is of the whole blob; only what a descriptor shows to be all of it
        is. One request; a registry that does not know parts sends all up to `stop`, of
        which only the part is kept. Raises `ValueError` for no part, `InvalidContent` for one of
        more than `limit` bytes, and `RegistryError` with status 416 where the blob ends before it.
        """
        return self.pull_blob_part_steps(blob, start, stop, limit=limit).finish()

    def pull_blob_part_steps(
        self, blob: Descriptor | str, start: int, stop: int, *, limit: int = MEMORY_LIMIT
    ) -> Stepper[bytes]:
        """The same, one request at a time."""
        named = blob if isinstance(blob, Descriptor) else Digest(blob)
        emit, limit = self.registry.emit, the_limit(limit)
        return self.converse(part.get_part(self.name, named, start, stop, limit, emit))

    @property
    def indexes(self) -> Indexes:
        """What is known about layers, in whichever repository of the registry they were seen."""
        return self.registry.indexes

    @property
    def concurrency(self) -> int:
        """Blobs that move at a time, as its registry has it."""
        return self.registry.concurrency

    def _fetch(
        self, blob: Descriptor | str, into: Target | None, limit: int, size: int | None
    ) -> Conversation[bytes | None]:
        """One blob; `into` None is for memory. What is asked for is checked now."""
        check_size(size)
        if not isinstance(blob, Descriptor):
            blob = Digest(blob)
        elif size not in (None, blob.size):
            raise ValueError(f"size is {size:,}, but the descriptor says {blob.size:,}")
        shelf = None if into is None else transfer.shelf(into)
        return self._fetched(blob, shelf, the_limit(limit), size)

    def _fetched(
        self, blob: Descriptor | Digest, shelf: BlobShelf | None, limit: int, size: int | None
    ) -> Conversation[bytes | None]:
        announce, cache = self.registry.emit, self.registry.cache
        if not isinstance(blob, Descriptor):
            blob = yield from self._described(blob, size)
        announce(Planned((blob,)))
        if shelf is None:
            get = shelves.getting(cache)
            return (yield from fetch.get_blob_bytes(self.name, blob, limit, announce, get))
        yield from pull.pull_blob(self.name, blob, shelves.through(cache, shelf), announce)
        return None

    def _described(self, digest: Digest, size: int | None) -> Conversation[Descriptor]:
        if size is None:
            return (yield from fetch.describe_blob(self.name, digest))
        return Descriptor(media_types.OCTET_STREAM, digest, size)
