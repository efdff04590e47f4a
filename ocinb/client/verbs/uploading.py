"""Pushing a single blob, which no manifest names yet."""

from __future__ import annotations

import os
from collections.abc import Iterable
from io import TextIOBase
from typing import IO, TypeAlias, cast

from ocinb.client.access.account import Account
from ocinb.client.moving import transfer
from ocinb.client.source import Wanted
from ocinb.client.verbs.asking import as_somebody
from ocinb.client.verbs.pushing import Pushing
from ocinb.oci import media_types
from ocinb.oci.descriptor import Descriptor
from ocinb.oci.file_part import PIECE
from ocinb.oci.given import blob_of
from ocinb.oci.image import Blob
from ocinb.protocol import push
from ocinb.protocol.events import Planned
from ocinb.protocol.messages import Conversation
from ocinb.protocol.referring.attach import check_size
from ocinb.protocol.stepper import Stepper
from ocinb.protocol.uploads import upload
from ocinb.protocol.uploads.parts import Once

Single: TypeAlias = "Blob | bytes | str | os.PathLike[str] | IO[bytes] | Iterable[bytes]"


class Uploading(Pushing):
    """Blobs one by one."""

    @as_somebody
    def push_blob(
        self,
        content: Single,
        media_type: str = media_types.OCTET_STREAM,
        *,
        size: int | None = None,
        at_once: bool = False,
        chunk_size: int | None = None,
        progress: Wanted = None,
        layer_index: int | None = None,
        total_layers: int | None = None,
        auth: Account | None = None,
    ) -> Descriptor:
        """Push one blob, and return the descriptor with which a manifest can name it.

        Bytes, the path of a file and a `Blob` are not sent when the registry has them; with
        `at_once` they go in one request, without asking first. A file that is open, or pieces that
        can be read only once, are hashed on their way; `size` is how many bytes they have, where
        that is known. `layer_index` and `total_layers` are what a callback for `progress` is told.
        """
        from ocinb.protocol.progress.progress_info import placed  # noqa: PLC0415  # few watch

        return self._uploaded(
            lambda: self.push_blob_steps(
                content, media_type, size=size, at_once=at_once, chunk_size=chunk_size
            ),
            placed(progress, layer_index, total_layers),
            f"Push a blob to {self.full_name}",
        )

    def push_blob_steps(
        self,
        content: Single,
        media_type: str = media_types.OCTET_STREAM,
        *,
        size: int | None = None,
        at_once: bool = False,
        chunk_size: int | None = None,
    ) -> Stepper[Descriptor]:
        """The same, one request at a time."""
        media_types.check(media_type, "the blob")
        chunks = transfer.the_chunk_size(chunk_size)
        if isinstance(content, (bytes, str, os.PathLike)):
            content = blob_of(content, media_type)
        if isinstance(content, Blob):
            return self.converse(self._known(content, chunks, at_once=at_once))
        if isinstance(cast("object", content), TextIOBase):
            raise TypeError("a file with a blob is opened in binary: open(path, 'rb')")
        if not hasattr(content, "__iter__"):
            raise TypeError(
                "a blob is given as bytes, a path, a file or pieces of bytes, not as "
                f"{type(content).__name__}"
            )
        once = Once(_pieces(content))
        return self.converse(upload.stream_blob(self.name, once, media_type, check_size(size)))

    def _known(
        self, blob: Blob, chunk_size: int | None, *, at_once: bool
    ) -> Conversation[Descriptor]:
        """Push what has its name already."""
        emit = self.registry.emit
        emit(Planned((blob.descriptor,)))
        if at_once:
            yield from upload.post_blob(self.name, blob)
        else:
            yield from push.push_blob(self.name, blob, emit, chunk_size=chunk_size)
        return blob.descriptor


def _pieces(content: IO[bytes] | Iterable[bytes]) -> Iterable[bytes]:
    """The pieces of what can be read once: a file that somebody opened would give its lines."""
    read = getattr(content, "read", None)
    return content if read is None else iter(lambda: read(PIECE), b"")
