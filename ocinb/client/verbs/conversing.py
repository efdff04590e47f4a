"""What all verbs share: a repository's name, its registry, and how the two converse."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from types import NoneType
from typing import TYPE_CHECKING, Self, cast

from ocinb.client.access.account import Account, hidden_account
from ocinb.client.moving.tally import Tally
from ocinb.client.registry import Registry
from ocinb.client.source import Wanted
from ocinb.client.wire.observers import listening
from ocinb.drawable import Drawable
from ocinb.errors import NotFound, OcinbError
from ocinb.oci.document import Document
from ocinb.protocol.messages import Conversation, T
from ocinb.protocol.stepper import Stepper
from ocinb.text import nearest

if TYPE_CHECKING:
    from ocinb.protocol.tags import TagList

_PAGES_OF_ADVICE = 3  # of tags, that an error may cost


@contextmanager
def watched(progress: Wanted, title: str) -> Iterator[None]:
    """While this lasts, what a call does is told as `progress` says; see `Conversing.watched`."""
    if callable(progress):
        from ocinb.protocol.progress.progress_info import Calls  # noqa: PLC0415  # few do

        with listening(Calls(progress)):
            yield
        return
    if not isinstance(progress, (bool, NoneType)):
        raise TypeError(f"progress is True, False or something to call, not {progress!r:.80}")
    wanted = progress is not False and Drawable.faces
    panel = wanted().progress(progress, title) if wanted else None
    if panel is None:
        yield
        return
    with panel as observer, listening(observer):
        yield


class Conversing:
    """A repository `name` of `registry`, and what is known of it."""

    registry: Registry
    name: str
    known_tags: TagList | None = None

    def converse(self, conversation: Conversation[T]) -> Stepper[T]:
        """Carry a conversation about this repository on, step by step or to its end."""
        return self.registry.converse(conversation)

    def as_(self, auth: Account | None) -> Self:
        """The same repository as somebody else sees it; see `Registry.as_`."""
        auth = hidden_account(auth)
        return self if auth is None else cast("Self", self.registry.as_(auth)[self.name])

    def watched(self, progress: Wanted, title: str) -> AbstractContextManager[None]:
        """While this lasts, what this call does is told to the panel or callback that `progress`
        asks for, in this thread."""
        return watched(progress, title)

    def tally(self, place: str = "") -> Tally:
        """A count of the blobs of one transfer, to here or to another `place`."""
        return Tally(place or f"{self.registry.place}/{self.name}", self.registry.emit)

    @property
    def full_name(self) -> str:
        """The name with its registry, as references are written."""
        return f"{self.registry.name}/{self.name}"

    @property
    def expression(self) -> str:
        """The Python that makes this repository again, without credentials."""
        return self.registry.expression_of(self.name)

    @property
    def origin(self) -> dict[str, str]:
        """Registry and name, apart."""
        return {"registry": self.registry.name, "repository": self.name}

    def at(self, reference: str) -> str:
        """The full reference of a tag or digest in this repository."""
        return f"{self.full_name}{'@' if ':' in reference else ':'}{reference}"

    def run(self, conversation: Conversation[T]) -> T:
        return self.converse(conversation).finish()

    def known(self, digest: str) -> Document | None:
        """The manifest or config of this digest when it was fetched before; asks nobody."""
        return self.registry.known.get(self.name, digest)

    @contextmanager
    def suggesting(self) -> Iterator[None]:
        """What is not found is told apart from what is; finding out must not hide the error."""
        try:
            yield
        except NotFound as error:
            _, there, reference = error.url.rpartition("/manifests/")
            if there and error.method in ("GET", "HEAD"):
                with suppress(OcinbError):
                    error.hint(self._instead(reference))
            raise

    def _instead(self, reference: str) -> str:
        """What there is in place of what is not."""
        from ocinb.protocol import tags  # noqa: PLC0415  # most know the one they ask for

        if self._unknown_here():
            return self._where_else()
        if ":" in reference:
            return "a digest may be in another repository; .tags() lists what this one has"
        try:
            found = self.run(tags.list_tags(self.name, most_pages=_PAGES_OF_ADVICE))
        except NotFound:
            return self._where_else()
        if found.complete:
            self.known_tags = found
            if not found:  # some registries say so of a repository that is not there
                return f"{self.full_name} has no tags: check how it is spelled"
        return nearest(reference, found)

    def _unknown_here(self) -> bool:
        """Whether an embedded registry has nothing under this name."""
        return self.registry.is_local and self.name not in self.registry.repositories_seen

    def _where_else(self) -> str:
        """What to do about a repository that is not there."""
        if self._unknown_here():
            return nearest(self.name, self.registry.repositories_seen)
        return f"there is no repository {self.full_name}: check how it is spelled"
