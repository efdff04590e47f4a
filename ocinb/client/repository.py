"""A repository in a registry, as an object to hold in a cell."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import IO, Self, TypeAlias, Unpack

from ocinb.client import transfer
from ocinb.client.known import Known
from ocinb.client.names import the_identifier, the_name, the_repository
from ocinb.client.registry import Embedded, Options, Registry
from ocinb.client.remote import Remote, bind
from ocinb.drawable import Drawable
from ocinb.errors import NotFound, OcinbError
from ocinb.oci.config import ImageConfig
from ocinb.oci.descriptor import Descriptor
from ocinb.oci.digest import Digest
from ocinb.oci.document import Document
from ocinb.oci.image import Content
from ocinb.oci.index import Index
from ocinb.oci.manifest import AnyManifest, ArtifactManifest, Manifest
from ocinb.oci.platform import Platform
from ocinb.oci.reference import check_tag
from ocinb.protocol import pull, push, tags
from ocinb.protocol.messages import Conversation, Sink, T
from ocinb.protocol.push import Pushed
from ocinb.protocol.stepper import Stepper
from ocinb.protocol.tags import TagList
from ocinb.storage.layout import Layout
from ocinb.text import nearest

MEMORY_LIMIT = 64 * 1024 * 1024  # bytes of a blob that are read into memory without being told to
_PAGES_OF_ADVICE = 3  # of tags, that an error may cost

Target: TypeAlias = "str | os.PathLike[str] | Sink | IO[bytes]"
Wanted: TypeAlias = "bool | Callable[..., object] | None"


class Repository(Drawable):
    """A repository: `repository["v1"]` is what the tag points to, bound to where it came from.

    `name` is a full name (`"ghcr.io/owner/app"`, `"alpine"` for Docker Hub's) or, with
    `registry`, the name within that registry; an embedded registry will do. The options are
    those of `Registry`. Nothing is sent before something is asked.

    Where content is moved, `progress` is True to show bars, False for nothing, None for bars in a
    notebook only, or something to call with a dict for each piece that moved.

    Raises `InvalidReference` naming the part of `name` that breaks a rule.
    """

    def __init__(
        self,
        name: str,
        *,
        registry: Registry | Embedded | None = None,
        **options: Unpack[Options],
    ) -> None:
        if isinstance(registry, Registry) and options:
            raise TypeError(f"{', '.join(options)}: to be given to the registry, which is there")
        self._opened_registry = not isinstance(registry, Registry)
        if registry is None:
            reference = the_repository(name)
            registry, name = Registry(reference.registry, **options), reference.repository
        elif not isinstance(registry, Registry):
            registry = Registry(registry, **options)
        self.registry = registry
        self.name = the_name(name, registry.expression)
        self.known_tags: TagList | None = None
        self._known = Known()

    # Looking

    def __getitem__(self, reference: str) -> Remote:
        """What a tag or digest stands for: `RemoteIndex`, `RemoteImage` or `RemoteArtifact`.

        One request; none for a digest that was fetched before. Raises `NotFound` naming the
        nearest tags, and `DigestMismatch` for other content than the digest's.
        """
        return bind(self, reference, self.manifest(reference))

    __iter__ = None  # else Python would ask for the tags 0, 1, 2, …
    __contains__ = None

    def manifest(self, reference: str, expected: Descriptor | None = None) -> AnyManifest:
        """The manifest or index known as `reference`, a tag or digest, verified.

        With `expected`, size and media type must be as it says. What is known by digest is asked
        for once. Raises `NotFound` naming the nearest tags.
        """
        known = self.known(the_identifier(reference))
        if isinstance(known, (Manifest, Index, ArtifactManifest)) and _agrees(known, expected):
            return known
        with self._suggesting(reference):
            return self._known.add(self._run(pull.get_manifest(self.name, reference, expected)))

    def config(self, config: Descriptor) -> ImageConfig:
        """The image config that `config` points to, verified; asked for once."""
        known = self.known(config.digest)
        if isinstance(known, ImageConfig):
            return known
        return self._known.add(self._run(pull.get_config(self.name, config)))

    def head(self, reference: str) -> Descriptor | None:
        """The descriptor of what a tag or digest stands for, or None when it is not there."""
        return self._run(pull.head_manifest(self.name, the_identifier(reference)))

    def tags(self, page_size: int | None = None) -> TagList:
        """All tags, asked for now; `page_size` of them at a time when it is given."""
        if page_size is not None and page_size < 1:
            raise ValueError(f"page_size is {page_size}; a page has at least one tag")
        self.known_tags = self._run(tags.list_tags(self.name, page_size))
        return self.known_tags

    def known(self, digest: str) -> Document | None:
        """The manifest or config of this digest when it was fetched before; asks nobody."""
        return self._known.get(digest)

    # Moving

    def blob(self, blob: Descriptor | str, limit: int = MEMORY_LIMIT) -> bytes:
        """The content of a blob, verified; of a digest alone, the size is asked for first.

        Raises `InvalidContent` beyond `limit` bytes, before they are fetched.
        """
        return self._run(pull.get_blob_bytes(self.name, self._described(blob), limit))

    def save_blob(
        self,
        blob: Descriptor | str,
        into: Target,
        progress: Wanted = None,
    ) -> None:
        """Write a blob, given by descriptor or digest, to a file or sink, verified on the way.

        Given a path, the file appears only when it is whole; until then, and when that fails, what
        was there before stays. A file opened by somebody else gets the bytes as they come.
        """
        described = self._described(blob)
        with self.watched(progress, f"Pull {self.at(described.digest)}", (described,)):
            transfer.save(self, described, into)

    def pull(
        self,
        reference: str,
        into: str | os.PathLike[str] | Layout,
        *,
        platform: str | Platform | None = None,
        progress: Wanted = None,
    ) -> Layout:
        """Copy an image, index or artifact with all it names into an OCI image layout on disk.

        Of an index, `platform` takes one image only. Blobs already there are not fetched again;
        every other one is verified before it appears. Returns the layout, in which a tag keeps
        its name. What is interrupted can be pulled again: the layout is valid at any time.
        """
        layout = transfer.opened(into)
        return self.pull_document(
            self.manifest(reference), reference, layout, platform=platform, progress=progress
        )

    def pull_document(
        self,
        root: AnyManifest,
        asked: str,
        into: str | os.PathLike[str] | Layout,
        *,
        platform: str | Platform | None = None,
        progress: Wanted = None,
    ) -> Layout:
        """The same for a manifest that is here already and was `asked` for by tag or digest."""
        layout = transfer.opened(into)
        plan = transfer.plan_pull(self, root, asked, platform)
        with self.watched(progress, f"Pull {self.at(asked)}", plan.blobs):
            transfer.pull(self, plan, layout)
        return layout

    def push(self, content: Content, *tags: str, progress: Wanted = None) -> Pushed:
        """Push an image, index or artifact under `tags`, or by digest alone without any.

        Blobs the registry has are not sent, so pushing again goes on where an interrupted push
        ended. Returns the descriptor and what became of each blob.
        """
        self.push_steps(content, *tags)  # says what is wrong, if something is, and sends nothing
        tags = tuple(dict.fromkeys(tags))
        blobs = tuple(blob.descriptor for blob in push.all_blobs(content))
        title = f"Push {self.at(tags[0] if tags else content.digest)}"
        with self.watched(progress, title, blobs):
            return transfer.push(self, content, tags)

    def push_steps(self, content: Content, *tags: str) -> Stepper[Pushed]:
        """The same, one request at a time: nothing is sent before `.step()` or `.finish()`."""
        return self.converse(push.push(self.name, content, transfer.pushable(content, tags)))

    def pull_steps(self, reference: str) -> Stepper[AnyManifest]:
        """Fetching a manifest, one request at a time."""
        return self.converse(pull.get_manifest(self.name, the_identifier(reference)))

    def tag(self, old: str, new: str) -> Descriptor:
        """Give what `old` (a tag or digest) stands for the tag `new`, too.

        Raises `NotFound` naming the nearest tags.
        """
        steps = self.tag_steps(old, new)
        with self._suggesting(old):
            return steps.finish()

    def tag_steps(self, old: str, new: str) -> Stepper[Descriptor]:
        """The same, one request at a time."""
        return self.converse(push.tag(self.name, the_identifier(old), check_tag(new)))

    def converse(self, conversation: Conversation[T]) -> Stepper[T]:
        """Carry a conversation about this repository on, step by step or to its end."""
        return self.registry.converse(conversation)

    @contextmanager
    def watched(
        self, progress: Wanted, title: str, blobs: tuple[Descriptor, ...]
    ) -> Iterator[None]:
        """While this lasts, events go to the panel that `progress` asks for, if it does."""
        wanted = progress is not False and Drawable.faces
        panel = wanted().progress(progress, title, blobs) if wanted else None
        if panel is None:
            yield
            return
        with panel as observer, self.registry.watched_by(observer):
            yield

    # Saying where

    @property
    def full_name(self) -> str:
        """The name with its registry, as references are written."""
        return f"{self.registry.name}/{self.name}"

    @property
    def expression(self) -> str:
        """The Python that makes this repository again, without credentials."""
        if self.registry.is_local:
            return f"ocinb.Repository({self.name!r}, registry=school)"
        return f"ocinb.Repository({self.full_name!r}{self.registry.options})"

    def at(self, reference: str) -> str:
        """The full reference of a tag or digest in this repository."""
        return f"{self.full_name}{'@' if ':' in reference else ':'}{reference}"

    def close(self) -> None:
        """Close the connections to its registry, unless that was given and others may use it."""
        if self._opened_registry:
            self.registry.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Repository {self.full_name}>"

    def _ipython_key_completions_(self) -> list[str]:
        return list(self.known_tags or ())[:500]

    def _run(self, conversation: Conversation[T]) -> T:
        return self.converse(conversation).finish()

    def _described(self, blob: Descriptor | str) -> Descriptor:
        if isinstance(blob, Descriptor):
            return blob
        return self._run(transfer.describe(self.name, Digest(blob)))

    @contextmanager
    def _suggesting(self, reference: str) -> Iterator[None]:
        """What is not found is told apart from what is; finding out must not hide the error."""
        try:
            yield
        except NotFound as error:
            with suppress(OcinbError):
                error.hint(self._instead(reference))
            raise

    def _instead(self, reference: str) -> str:
        """What there is in place of what is not."""
        seen = self.registry.repositories_seen
        if self.registry.is_local and self.name not in seen:
            return nearest(self.name, seen)
        if ":" in reference:
            return "a digest may be in another repository; .tags() lists what this one has"
        try:
            found = self._run(tags.list_tags(self.name, most_pages=_PAGES_OF_ADVICE))
        except NotFound:
            return f"there is no repository {self.full_name}: check how it is spelled"
        if found.complete:
            self.known_tags = found
            if not found:  # some registries say so of a repository that is not there
                return f"{self.full_name} has no tags: check how it is spelled"
        return nearest(reference, found)


def _agrees(document: Document, expected: Descriptor | None) -> bool:
    """Whether `document` is what a descriptor announced; if not, fetching it will say so."""
    said = (document.media_type, document.size)
    return expected is None or said == (expected.media_type, expected.size)
