"""Pushing: blobs first, then the manifest that names them, then its tags."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ocinb.client.access.account import Account
from ocinb.client.moving import transfer
from ocinb.client.moving.tally import Tally
from ocinb.client.names import the_identifier
from ocinb.client.remote import Remote
from ocinb.client.source import Wanted
from ocinb.client.verbs.asking import as_somebody
from ocinb.client.verbs.conversing import Conversing
from ocinb.client.verbs.origins import origin_of
from ocinb.oci.descriptor import Descriptor
from ocinb.oci.digest import Digest
from ocinb.oci.image import Blob, Content, Image, ImageIndex
from ocinb.oci.reference import check_tag
from ocinb.protocol import push
from ocinb.protocol.messages import Conversation, T
from ocinb.protocol.push import MountFrom, Pushed
from ocinb.protocol.stepper import Stepper
from ocinb.protocol.tagging import Tagging
from ocinb.protocol.together import at_once, one_by_one
from ocinb.protocol.uploads.chunks import CHUNK
from ocinb.protocol.uploads.mount import ANYWHERE
from ocinb.protocol.uploads.session import UploadSession

if TYPE_CHECKING:
    from ocinb.protocol.copying.copy import Arrival
    from ocinb.protocol.copying.origin import Origin


class Pushing(Conversing):
    """Content goes here."""

    @as_somebody
    def push(
        self,
        content: Content | Remote,
        *tags: str,
        mount_from: str | None = None,
        chunk_size: int | None = None,
        tags_at_once: bool | None = None,
        progress: Wanted = None,
        auth: Account | None = None,
    ) -> Pushed:
        """Push an image, index or artifact under `tags`, or by digest alone without any.

        What a tag stands for elsewhere, such as `other["v1"]`, is copied from there with all that
        it names; `copy` can take along what refers to it, too.
        Blobs the registry has are not sent, so pushing again goes on where an interrupted push
        ended; nor are those it can take over from its repository `mount_from`, or from where the
        image was built on them; `mount_from="*"` leaves it to the registry to find the repository,
        which few do (end-11 without `from`). The others go in one piece, or in chunks of
        `chunk_size` bytes, of which only those that are lost go twice.
        With `tags_at_once`, several tags are tried in one request; by default only where the
        registry has taken them so before, since many do not, and then it is one request more.
        Returns the descriptor and what became of each blob.
        """
        tags = transfer.pushable(content, tags)
        tally = self.tally()
        tagging = self._tagging(tags_at_once)
        conversation = self._push(content, tags, mount_from, chunk_size, tagging, tally)
        with tally.said("push again: nothing is sent twice"):
            return self._uploaded(
                lambda: self.converse(conversation),
                progress,
                f"Push {self.at(tags[0] if tags else content.digest)}",
            )

    def push_steps(
        self,
        content: Content | Remote,
        *tags: str,
        mount_from: str | None = None,
        chunk_size: int | None = None,
        tags_at_once: bool | None = None,
    ) -> Stepper[Pushed]:
        """The same, one request at a time: nothing is sent before `.step()` or `.finish()`.

        While a blob is on its way, `.session` is its upload, which `resume_upload` can go on with.
        Who goes no further calls `.close()`, and the upload is cancelled.
        """
        tags = transfer.pushable(content, tags)
        tagging = self._tagging(tags_at_once)
        return self.converse(self._push(content, tags, mount_from, chunk_size, tagging))

    def _push(
        self,
        content: Content | Remote,
        tags: tuple[str, ...],
        mount_from: str | None,
        chunk_size: int | None,
        tagging: Tagging | None,
        tally: Tally | None = None,
    ) -> Conversation[Pushed]:
        if not isinstance(content, (Image, ImageIndex)):
            origin = origin_of(content.source)
            arrival = self._arrival(origin, mount_from, chunk_size, tagging, tally)
            return self._pushed(content, tags, arrival)
        return push.push(
            self.name,
            content,
            tags,
            tally.announce if tally else self.registry.emit,
            mount_from=self._mounted_from(mount_from),
            chunk_size=transfer.the_chunk_size(chunk_size),
            together=self.registry.together if tally else one_by_one,
            turn=tally.turn if tally else at_once,
            tagging=tagging,
        )

    def _pushed(
        self, content: Remote, tags: tuple[str, ...], arrival: Arrival
    ) -> Conversation[Pushed]:
        """What is somewhere else: the copy of it without what refers to it."""
        from ocinb.protocol.copying import carry  # noqa: PLC0415  # most push what was made here

        asked = carry.Asked(arrival.origin, content.reference, content.asked, content.document)
        done = yield from carry.copied(asked, self.full_name, tags, arrival.copy, arrival.together)
        return done.pushed

    def _arrival(
        self,
        origin: Origin,
        mount_from: str | None,
        chunk_size: int | None,
        tagging: Tagging | None,
        tally: Tally | None = None,
    ) -> Arrival:
        """How what is copied from `origin` comes here: step by step without a `tally`."""
        from ocinb.protocol.copying.copy import Arrival  # noqa: PLC0415  # few copy

        return Arrival(
            self.name,
            origin,
            tally.announce if tally else self.registry.emit,
            mount_from=self._mounted_from(mount_from),
            chunk_size=transfer.the_chunk_size(chunk_size),
            together=self.registry.together if tally else one_by_one,
            turn=tally.turn if tally else at_once,
            tagging=tagging,
            api=self.registry.referrers_api,
        )

    def _mounted_from(self, named: str | None) -> MountFrom:
        """Where a blob may be taken over from: where it comes from if that is on this registry,
        else the repository that somebody `named`, or wherever the registry finds it."""
        usual = named if named == ANYWHERE else "" if named is None else self.registry[named].name

        def source(blob: Blob) -> str:
            place, name = blob.origin or ("", "")
            return name if place == self.registry.place and name != self.name else usual

        return source

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

    def tag(self, old: str, *new: str, tags_at_once: bool | None = None) -> Descriptor:
        """Give what `old` (a tag or digest) stands for more tags, byte for byte as it is.

        `tags_at_once` is as with `push`. Raises `NotFound` naming the nearest tags.
        """
        steps = self.tag_steps(old, *new, tags_at_once=tags_at_once)
        with self.suggesting():
            return steps.finish()

    def tag_steps(
        self, old: str, *new: str, tags_at_once: bool | None = None
    ) -> Stepper[Descriptor]:
        """The same, one request at a time."""
        if not new:
            raise TypeError("a manifest is given at least one tag")
        asked, tags = the_identifier(old), dict.fromkeys(map(check_tag, new))
        tagging = self._tagging(tags_at_once)
        return self.converse(push.tag(self.name, asked, *tags, tagging=tagging))

    @as_somebody
    def tag_from_digest(
        self,
        digest: str,
        *tags: str,
        tags_at_once: bool | None = None,
        auth: Account | None = None,
    ) -> Descriptor:
        """Give the manifest of this digest more tags: its bytes, verified, as they are.

        No blob is sent; `tags_at_once` is as with `push`. Raises `InvalidReference` for a tag in
        place of the digest, and `NotFound` when it is not there.
        """
        return self.tag(Digest(digest), *tags, tags_at_once=tags_at_once)

    def tag_from_digest_steps(
        self, digest: str, *tags: str, tags_at_once: bool | None = None
    ) -> Stepper[Descriptor]:
        """The same, one request at a time."""
        return self.tag_steps(Digest(digest), *tags, tags_at_once=tags_at_once)

    def _tagging(self, wanted: bool | None) -> Tagging | None:
        """How to give several tags at once, where that is wanted or known to work."""
        tagging = self.registry.tagging
        return tagging if (tagging.at_once if wanted is None else wanted) else None

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
