"""A repository in a registry, as an object to hold in a cell."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from typing import Self, Unpack, overload

from ocinb.client import transfer
from ocinb.client.names import the_identifier, the_name, the_repository
from ocinb.client.registry import Embedded, Options, Registry, concealed
from ocinb.client.remote import Remote, bind
from ocinb.client.source import MEMORY_LIMIT, Folder, Target, Wanted
from ocinb.drawable import Drawable
from ocinb.errors import NotFound, OcinbError
from ocinb.oci.config import ImageConfig
from ocinb.oci.descriptor import Descriptor
from ocinb.oci.digest import Digest
from ocinb.oci.document import Document
from ocinb.oci.image import Blob, Content
from ocinb.oci.index import Index
from ocinb.oci.manifest import AnyManifest, ArtifactManifest, Manifest
from ocinb.oci.platform import Platform
from ocinb.oci.reference import check_tag
from ocinb.protocol import delete, fetch, pull, push, referrers, tags
from ocinb.protocol.chunks import CHUNK
from ocinb.protocol.delete import Deleted
from ocinb.protocol.events import Planned
from ocinb.protocol.messages import Conversation, T
from ocinb.protocol.progress_info import Calls
from ocinb.protocol.push import Pushed
from ocinb.protocol.referrers import ReferrerList
from ocinb.protocol.session import UploadSession
from ocinb.protocol.stepper import Stepper
from ocinb.protocol.tags import TagList
from ocinb.storage.layout import Layout
from ocinb.text import nearest

_PAGES_OF_ADVICE = 3  # of tags, that an error may cost


class Repository(Drawable):
    """A repository: `repository["v1"]` is what the tag points to, bound to where it came from.

    `name` is a full name (`"ghcr.io/owner/app"`, `"alpine"` for Docker Hub's) or, with
    `registry`, the name within that registry; an embedded registry will do. The options are
    those of `Registry`. Nothing is sent before something is asked.

    Where content is moved, `progress` is True to show bars, False for nothing, None for bars in a
    notebook only, or something to call with a `ProgressInfo` for each piece that moved.

    Raises `InvalidReference` naming the part of `name` that breaks a rule.
    """

    def __init__(
        self,
        name: str,
        *,
        registry: Registry | Embedded | None = None,
        **options: Unpack[Options],
    ) -> None:
        options = concealed(options)
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
        registry.introduce(self)

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
        with self._suggesting():
            return self._run(self._manifest(the_identifier(reference), expected))

    def config(self, config: Descriptor) -> ImageConfig:
        """The image config that `config` points to, verified; asked for once."""
        known = self.known(config.digest)
        if isinstance(known, ImageConfig):
            return known
        found = self._run(fetch.get_config(self.name, config))
        return self.registry.known.add(self.name, found)

    def head(self, reference: str) -> Descriptor | None:
        """The descriptor of what a tag or digest stands for, or None when it is not there."""
        return self._run(fetch.head_manifest(self.name, the_identifier(reference)))

    def blob_exists(self, digest: str) -> bool:
        """Whether the blob of this digest is there; it is not fetched."""
        return self._run(fetch.head_blob(self.name, Digest(digest))) is not None

    def tags(self, page_size: int | None = None) -> TagList:
        """All tags, asked for now; `page_size` of them at a time when it is given."""
        if page_size is not None and page_size < 1:
            raise ValueError(f"page_size is {page_size}; a page has at least one tag")
        try:
            self.known_tags = self._run(tags.list_tags(self.name, page_size))
        except NotFound as error:
            error.hint(self._where_else())
            raise
        return self.known_tags

    def referrers(self, reference: str, artifact_type: str | None = None) -> ReferrerList:
        """What refers to a tag or digest: signatures, SBOMs and the like, of one type if given.

        These are claims: what a manifest really refers to is its own `subject`. On registries
        without a referrers API, they are looked up under the referrers tag. Raises `NotFound`
        naming the nearest tags.
        """
        steps = self.referrers_steps(reference, artifact_type)
        with self._suggesting():
            return steps.finish()

    def referrers_steps(
        self, reference: str, artifact_type: str | None = None
    ) -> Stepper[ReferrerList]:
        """The same, one request at a time."""
        asked = the_identifier(reference)
        return self.converse(referrers.list_referrers(self.name, asked, artifact_type or ""))

    def known(self, digest: str) -> Document | None:
        """The manifest or config of this digest when it was fetched before; asks nobody."""
        return self.registry.known.get(self.name, digest)

    # Moving

    @overload
    def pull_blob(
        self,
        blob: Descriptor | str,
        *,
        into: None = None,
        limit: int = MEMORY_LIMIT,
        progress: Wanted = None,
    ) -> bytes: ...
    @overload
    def pull_blob(
        self, blob: Descriptor | str, *, into: Target, limit: int = ..., progress: Wanted = None
    ) -> None: ...
    def pull_blob(
        self,
        blob: Descriptor | str,
        *,
        into: Target | None = None,
        limit: int = MEMORY_LIMIT,
        progress: Wanted = None,
    ) -> bytes | None:
        """The content of a blob, given by descriptor or digest, verified.

        It is returned, or written to the file or sink `into`. A file that is named appears only
        when it is whole; until then, and when that fails, what was there before stays. A file
        opened by somebody else gets the bytes as they come. Of a digest alone, the size is asked
        for first. Raises `InvalidContent` for more than `limit` bytes to return, before they are
        fetched.
        """
        if not isinstance(blob, Descriptor):
            blob = self._run(fetch.describe_blob(self.name, Digest(blob)))
        announce = self.registry.emit
        with self.watched(progress, f"Pull {self.at(blob.digest)}"):
            announce(Planned((blob,)))
            if into is None:
                return self._run(fetch.get_blob_bytes(self.name, blob, limit, announce))
            with transfer.writing(into) as sink:
                self._run(fetch.get_blob(self.name, blob, sink, announce))
            return None

    def pull(
        self,
        reference: str,
        into: Folder,
        *,
        platform: str | Platform | None = None,
        progress: Wanted = None,
    ) -> Layout:
        """Copy an image, index or artifact with all it names into an OCI image layout on disk.

        Of an index, `platform` takes one image only. Blobs already there are not fetched again;
        every other one is verified before it appears. Returns the layout, in which a tag keeps
        its name. What is interrupted can be pulled again: the layout is valid at any time.
        """
        reference, layout = the_identifier(reference), transfer.opened(into)
        with self.watched(progress, f"Pull {self.at(reference)}"), self._suggesting():
            return _finished(self.pull_steps(reference, layout, platform=platform))

    def pull_steps(
        self, reference: str, into: Folder, *, platform: str | Platform | None = None
    ) -> Stepper[Layout]:
        """The same, one request at a time: nothing is sent before `.step()` or `.finish()`."""
        asked = the_identifier(reference)
        return self.converse(self._pull(asked, asked, transfer.opened(into), platform))

    def pull_document(
        self,
        root: AnyManifest,
        asked: str,
        into: Folder,
        *,
        platform: str | Platform | None = None,
        progress: Wanted = None,
    ) -> Layout:
        """The same for a manifest that is here already and was `asked` for by tag or digest."""
        layout = transfer.opened(into)
        with self.watched(progress, f"Pull {self.at(asked)}"), self._suggesting():
            return _finished(self.converse(self._pull(root, asked, layout, platform)))

    def manifest_steps(self, reference: str) -> Stepper[AnyManifest]:
        """Fetching one manifest, one request at a time, also when it is known."""
        return self.converse(fetch.get_manifest(self.name, the_identifier(reference)))

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
        with self._suggesting():
            return steps.finish()

    def tag_steps(self, old: str, new: str) -> Stepper[Descriptor]:
        """The same, one request at a time."""
        return self.converse(push.tag(self.name, the_identifier(old), check_tag(new)))

    # Deleting

    def delete(self, reference: str, *, verify: bool = False) -> Deleted:
        """Delete a tag, which leaves the manifest there; or a manifest by its digest, with all its
        tags.

        Its blobs stay until the registry removes them, if it does. With `verify`, it is looked
        whether it is gone. Raises `NotFound`, or `DeleteDisabled` on registries that do not delete,
        or not this way: some delete by digest only.
        """
        steps = self.delete_steps(reference, verify=verify)
        with self._suggesting():
            return steps.finish()

    def delete_steps(self, reference: str, *, verify: bool = False) -> Stepper[Deleted]:
        """The same, one request at a time."""
        asked = the_identifier(reference)
        return self.converse(self._deleting(delete.delete(self.name, asked, verify=verify)))

    def delete_blob(self, digest: str, *, verify: bool = False) -> Deleted:
        """Delete a blob, also when a manifest names it, which then is incomplete."""
        return self.delete_blob_steps(digest, verify=verify).finish()

    def delete_blob_steps(self, digest: str, *, verify: bool = False) -> Stepper[Deleted]:
        """The same, one request at a time."""
        asked = Digest(digest)
        return self.converse(self._deleting(delete.delete_blob(self.name, asked, verify=verify)))

    def converse(self, conversation: Conversation[T]) -> Stepper[T]:
        """Carry a conversation about this repository on, step by step or to its end."""
        return self.registry.converse(conversation)

    @contextmanager
    def watched(self, progress: Wanted, title: str) -> Iterator[None]:
        """While this lasts, events go to the panel or the callback that `progress` asks for."""
        if callable(progress):
            with self.registry.watched_by(Calls(progress)):
                yield
            return
        wanted = progress is not False and Drawable.faces
        panel = wanted().progress(progress, title) if wanted else None
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
        return self.registry.expression_of(self)

    @property
    def origin(self) -> dict[str, str]:
        """Registry and name, apart."""
        return {"registry": self.registry.name, "repository": self.name}

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
        return f"<Repository {self.full_name if hasattr(self, 'name') else 'that is none'}>"

    def _ipython_key_completions_(self) -> list[str]:
        return list(self.known_tags or ())[:500]

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

    def _run(self, conversation: Conversation[T]) -> T:
        return self.converse(conversation).finish()

    def _manifest(
        self, reference: str, expected: Descriptor | None = None
    ) -> Conversation[AnyManifest]:
        """Ask for a manifest, unless it is known by its digest and is what was expected."""
        known = self.known(reference)
        if isinstance(known, (Manifest, Index, ArtifactManifest)) and _agrees(known, expected):
            return known
        found = yield from fetch.get_manifest(self.name, reference, expected)
        return self.registry.known.add(self.name, found)

    def _pull(
        self,
        root: str | AnyManifest,
        asked: str,
        layout: Layout,
        platform: str | Platform | None,
    ) -> Conversation[Layout]:
        yield from pull.pull(
            self.name,
            root,
            transfer.LayoutShelf(layout),
            tag=None if ":" in asked else asked,
            platform=platform,
            get=self._manifest,
            announce=self.registry.emit,
        )
        return layout

    def _deleting(self, conversation: Conversation[Deleted]) -> Conversation[Deleted]:
        """Delete, and forget what was known of it."""
        deleted = yield from conversation
        if deleted.kind != "blob":
            self.known_tags = None  # a manifest takes its tags along
        if deleted.kind != "tag":
            self.registry.known.forget(self.name, deleted.reference)
        return deleted

    @contextmanager
    def _suggesting(self) -> Iterator[None]:
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
        if self._unknown_here():
            return self._where_else()
        if ":" in reference:
            return "a digest may be in another repository; .tags() lists what this one has"
        try:
            found = self._run(tags.list_tags(self.name, most_pages=_PAGES_OF_ADVICE))
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


def _agrees(document: Document, expected: Descriptor | None) -> bool:
    """Whether `document` is what a descriptor announced; if not, fetching it will say so."""
    said = (document.media_type, document.size)
    return expected is None or said == (expected.media_type, expected.size)


def _finished(steps: Stepper[T]) -> T:
    """What all the steps come to; when they are stopped, nothing stays half done."""
    with closing(steps):
        return steps.finish()
