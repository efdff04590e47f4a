"""Pushing: blobs first, then the manifest that names them, then its tags."""

from __future__ import annotations

from collections.abc import Callable

from ocinb.client import transfer
from ocinb.client.names import the_identifier
from ocinb.client.source import Wanted
from ocinb.client.verbs.conversing import Conversing
from ocinb.oci.descriptor import Descriptor
from ocinb.oci.image import Blob, Content
from ocinb.oci.reference import check_tag
from ocinb.protocol import push
from ocinb.protocol.chunks import CHUNK
from ocinb.protocol.messages import T
from ocinb.protocol.push import Pushed
from ocinb.protocol.session import UploadSession
from ocinb.protocol.stepper import Stepper


class Pushing(Conversing):
    """Content goes here."""

    def push(
        self,
        content: Content,
        *tags: str,
        mount_from: str | None = None,
        chunk_size: int | None = None,
        progress: Wanted = None,
    ) -> Pushed:
        """Push an image, index or artifact under `tags`, or by digest alone without any.

        Blobs the registry has are not sent, so pushing again goes on where an interrupted push
        ended; nor are those it can take over from its repository `mount_from`. The others go in
        one piece, or in chunks of `chunk_size` bytes, of which only those that are lost go twice.
        Returns the descriptor and what became of each blob.
        """
        tags = transfer.pushable(content, tags)
        return self._uploaded(
            lambda: self.push_steps(content, *tags, mount_from=mount_from, chunk_size=chunk_size),
            progress,
            f"Push {self.at(tags[0] if tags else content.digest)}",
        )

    def push_steps(
        self,
        content: Content,
        *tags: str,
        mount_from: str | None = None,
        chunk_size: int | None = None,
    ) -> Stepper[Pushed]:
        """The same, one request at a time: nothing is sent before `.step()` or `.finish()`.

        While a blob is on its way, `.session` is its upload, which `resume_upload` can go on with.
        Who goes no further calls `.close()`, and the upload is cancelled.
        """
        return self.converse(
            push.push(
                self.name,
                content,
                transfer.pushable(content, tags),
                self.registry.emit,
                mount_from="" if mount_from is None else self.registry[mount_from].name,
                chunk_size=transfer.the_chunk_size(chunk_size),
            )
        )

    def resume_upload(
        self,
        session: UploadSession,
        blob: Blob,
        *,
        chunk_size: int | None = None,
        progress: Wanted = None,
    ) -> Descriptor:
        """Go on with an upload of `blob` that was begun here before, perhaps by another kernel.

        Only what the registry does not have yet is sent. When it knows nothing of the upload any
        more, the blob is uploaded anew, unless it is there. Raises `ValueError` for the session of
        another blob.
        """
        return self._uploaded(
            lambda: self.resume_upload_steps(session, blob, chunk_size=chunk_size),
            progress,
            f"Upload {self.at(blob.digest)}",
        )

    def resume_upload_steps(
        self, session: UploadSession, blob: Blob, *, chunk_size: int | None = None
    ) -> Stepper[Descriptor]:
        """The same, one request at a time."""
        size = transfer.the_chunk_size(chunk_size) or CHUNK
        emit = self.registry.emit
        return self.converse(push.resume_blob(self.name, session, blob, emit, chunk_size=size))

    def tag(self, old: str, new: str) -> Descriptor:
        """Give what `old` (a tag or digest) stands for the tag `new`, too.

        Raises `NotFound` naming the nearest tags.
        """
        steps = self.tag_steps(old, new)
        with self.suggesting():
            return steps.finish()

    def tag_steps(self, old: str, new: str) -> Stepper[Descriptor]:
        """The same, one request at a time."""
        return self.converse(push.tag(self.name, the_identifier(old), check_tag(new)))

    def _uploaded(self, begin: Callable[[], Stepper[T]], progress: Wanted, title: str) -> T:
        """What all the steps come to. When they are stopped, the upload that is open is cancelled,
        and whoever watches cannot stop that."""
        steps: Stepper[T] | None = None
        try:
            with self.watched(progress, title):
                steps = begin()
                return steps.finish()
        finally:
            if steps is not None:
                steps.close()
