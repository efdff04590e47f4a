"""Where a copy comes from: a repository, which is asked step by step, or any other source."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from ocinb.client.moving.shelves import through
from ocinb.client.source import Source
from ocinb.client.verbs.conversing import Conversing
from ocinb.client.verbs.looking import Looking
from ocinb.client.verbs.streaming import Streaming
from ocinb.client.wire.observers import Observers
from ocinb.client.wire.stopping import current
from ocinb.errors import ListingDisabled, NotFound
from ocinb.oci.descriptor import Descriptor
from ocinb.oci.digest import Digest
from ocinb.oci.image import Blob
from ocinb.oci.manifest import AnyManifest
from ocinb.protocol import fetch, pull
from ocinb.protocol.events import LeftOut, Observer, Skipped, Verified, Written
from ocinb.protocol.messages import Conversation, Response, Sink, Step, T
from ocinb.protocol.pull import BlobShelf
from ocinb.protocol.stepper import Stepper
from ocinb.protocol.together import Together, Turn, one_by_one

if TYPE_CHECKING:
    from ocinb.protocol.copying.origin import Origin
    from ocinb.protocol.referring.referrers import ReferrerList


def origin_of(source: Source) -> Origin:
    """How a copy asks `source`."""
    if isinstance(source, Looking) and isinstance(source, Streaming):
        return RepositoryOrigin(source)
    return LocalOrigin(source)


class Asking:
    """How to converse with where content is bound to; elsewhere than at a registry, with nobody."""

    def __init__(self, content: object) -> None:
        source = getattr(content, "source", None)
        registry = source.registry if isinstance(source, Conversing) else None
        self._registry = registry
        self.together: Together = registry.together if registry else one_by_one
        self.emit: Observer = registry.emit if registry else Observers().tell

    def converse(self, conversation: Conversation[T]) -> Stepper[T]:
        """The conversation, to be carried on."""
        if self._registry is not None:
            return self._registry.converse(conversation)
        return Stepper(conversation, _nobody_there)


def _nobody_there(step: Step) -> Response:
    raise AssertionError(f"{step!r} is said to no registry")


class RepositoryOrigin:
    """A repository: what it is asked is a part of the conversation, as steps of its registry."""

    def __init__(self, source: Looking) -> None:
        assert isinstance(source, Streaming)  # as all repositories are
        self._source, self._registry, self._blob = source, source.registry, source.blob

    def manifest(
        self, reference: str, expected: Descriptor | None = None
    ) -> Conversation[AnyManifest]:
        """Asked for, unless it is known."""
        conversation = self._source.manifest_unless_known(reference, expected)
        return self._registry.elsewhere(conversation)

    def head(self, reference: str) -> Conversation[Descriptor | None]:
        """What a tag or digest stands for, or None."""
        return self._registry.elsewhere(fetch.head_manifest(self._source.name, reference))

    def referrers(self, subject: Digest) -> Conversation[ReferrerList]:
        """What is listed by the referrers API, or else under the referrers tag."""
        from ocinb.protocol.referring import referrers  # noqa: PLC0415  # few ask for them

        name, api = self._source.name, self._registry.referrers_api
        return self._registry.elsewhere(referrers.list_referrers(name, subject, api=api))

    def tags(self) -> Conversation[Iterable[str] | None]:
        """All tags; None when the registry does not list them, or not to the end."""
        from ocinb.protocol import tags  # noqa: PLC0415  # only for what else is under a tag

        try:
            found = yield from self._registry.elsewhere(tags.list_tags(self._source.name))
        except (ListingDisabled, NotFound):
            return None
        return found if found.complete else None

    def has_blob(self, blob: Descriptor) -> Conversation[bool]:
        """Whether the registry says that it is there."""
        return self._registry.elsewhere(fetch.has_blob(self._source.name, blob.digest))

    def blob(self, blob: Descriptor) -> Blob:
        """Poured from the registry whenever it is read."""
        return self._blob(blob)

    def fetch(
        self, blob: Descriptor, shelf: BlobShelf, announce: Observer, turn: Turn
    ) -> Conversation[None]:
        """Pulled, through the registry's cache if there is one."""
        cached = through(self._registry.cache, shelf)
        pulled = pull.pull_blob(self._source.name, blob, cached, announce, turn)
        return self._registry.elsewhere(pulled)


class LocalOrigin:
    """Any other source, which is asked by calling it: nothing of that is a step."""

    def __init__(self, source: Source) -> None:
        self._source = source

    def manifest(
        self, reference: str, expected: Descriptor | None = None
    ) -> Conversation[AnyManifest]:
        """Read, and verified by the source."""
        yield from ()
        return self._source.manifest(reference, expected)

    def head(self, reference: str) -> Conversation[Descriptor | None]:
        """What a tag or digest stands for, or None."""
        yield from ()
        try:
            return self._source.manifest(reference).descriptor
        except NotFound:
            return None

    def referrers(self, subject: Digest) -> Conversation[ReferrerList]:
        """What the source lists."""
        yield from ()
        return self._source.referrers(subject)

    def tags(self) -> Conversation[Iterable[str] | None]:
        """All tags, where the source can list them."""
        yield from ()
        listed = getattr(self._source, "tags", None)
        return listed() if callable(listed) else listed

    def has_blob(self, blob: Descriptor) -> Conversation[bool]:
        """Whether its first byte can be read."""
        yield from ()
        try:
            self._source.pull_blob_part(blob, 0, min(1, blob.size))
        except NotFound:
            return False
        return True

    def blob(self, blob: Descriptor) -> Blob:
        """Read from the source, and verified, whenever it is read."""
        return self._source.blob(blob)

    def fetch(
        self, blob: Descriptor, shelf: BlobShelf, announce: Observer, turn: Turn
    ) -> Conversation[None]:
        """Read onto the shelf."""
        yield from ()
        with turn(blob.digest):
            if shelf.has(blob):
                announce(Skipped(blob.digest, blob.size))
                return
            try:
                with shelf.place(blob) as sink:
                    sink.restart()
                    self._pour(blob, sink, announce)
            except NotFound:
                if not blob.lives_elsewhere:
                    raise
                announce(LeftOut(blob.digest, blob.size))
            else:
                announce(Verified(blob.digest, blob.size))

    def _pour(self, blob: Descriptor, sink: Sink, announce: Observer) -> None:
        stop, done = current(), 0
        for piece in self._source.blob(blob):
            if stop is not None:
                stop.check()
            sink.write(piece)
            done += len(piece)
            announce(Written(blob.digest, done))
