"""Offering content: blobs first, then the manifest that names them, then its tags."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, TypeAlias

from ocinb.drawable import Drawable
from ocinb.errors import InvalidContent
from ocinb.oci.descriptor import Descriptor
from ocinb.oci.digest import Digest
from ocinb.oci.document import Document
from ocinb.oci.image import Blob, Content, Image
from ocinb.oci.index import Index
from ocinb.oci.reference import identifier
from ocinb.oci.strict_json import MANIFEST_LIMIT
from ocinb.protocol import endpoints
from ocinb.protocol.claims import confirms
from ocinb.protocol.events import Observer, Planned, Skipped, Verified, nobody
from ocinb.protocol.fetch import HEAD_REFUSED, blob_question, get_manifest
from ocinb.protocol.headers import Headers
from ocinb.protocol.links import resolved
from ocinb.protocol.messages import Conversation, Request, Response, Step
from ocinb.text import visible

Outcome: TypeAlias = Literal["existed", "uploaded"]


@dataclass(frozen=True)
class Pushed(Drawable):
    """What a push came to: the descriptor, its tags, and what became of each blob."""

    descriptor: Descriptor
    tags: tuple[str, ...]
    blobs: tuple[tuple[Descriptor, Outcome], ...]

    def __repr__(self) -> str:
        sent = sum(outcome == "uploaded" for _, outcome in self.blobs)
        tags = visible(", ".join(self.tags), 80)
        return (
            f"<Pushed {self.descriptor.digest.short} as {tags or 'digest'}: "
            f"{sent} of {len(self.blobs)} blobs sent>"
        )


def push(
    name: str, content: Content, tags: Iterable[str], announce: Observer = nobody
) -> Conversation[Pushed]:
    """Push an image, an artifact or an index with its images, and give it `tags`.

    Without tags it is known by its digest alone.
    """
    tags = tuple(tags)
    for document in all_manifests(content):
        _refuse_too_large(document)
    blobs = all_blobs(content)
    announce(Planned(tuple(blob.descriptor for blob in blobs)))
    outcomes: list[tuple[Descriptor, Outcome]] = []
    for blob in blobs:
        outcome = yield from push_blob(name, blob, announce)
        outcomes.append((blob.descriptor, outcome))
    yield from push_manifests(name, content, tags)
    return Pushed(content.descriptor, tags, tuple(outcomes))


def all_blobs(content: Content) -> tuple[Blob, ...]:
    """Every blob of an image or index, each digest once, in the order they are pushed."""
    if isinstance(content, Image):
        return content.unique_blobs
    each = (blob for child in content.children for blob in all_blobs(child))
    return tuple({blob.digest: blob for blob in each}.values())


def all_manifests(content: Content) -> tuple[Document, ...]:
    """Every manifest and index, each digest once, children before parents and the root last."""
    below = () if isinstance(content, Image) else content.children
    each = [document for child in below for document in all_manifests(child)]
    return tuple({document.digest: document for document in (*each, content.document)}.values())


def push_blob(name: str, blob: Blob, announce: Observer = nobody) -> Conversation[Outcome]:
    """Upload a blob in one piece, unless the registry has it; one that refuses HEAD is sent it."""
    response = yield blob_question(name, blob.digest)
    if response.status == 200:
        announce(Skipped(blob.digest, blob.size))
        return "existed"
    response.expect(404, *HEAD_REFUSED)
    location = upload_location((yield _opened(name, blob.digest)).expect(202))
    response = yield Step(
        f"Send {blob.digest.short}",
        Request(
            "PUT",
            with_query(location, f"digest={blob.digest}"),
            Headers({"Content-Type": "application/octet-stream"}),
            blob,
        ),
        endpoints.CLOSE_UPLOAD,
        why="The digest closes the upload: the registry checks it before it accepts.",
    )
    yield from _confirm(name, blob, response)
    announce(Verified(blob.digest, blob.size))
    return "uploaded"


def _opened(name: str, digest: Digest) -> Step:
    """The step that opens an upload; a registry must be told of any algorithm but sha256 (C17)."""
    usual = digest.algorithm == "sha256"
    endpoint = endpoints.OPEN_UPLOAD if usual else endpoints.OPEN_UPLOAD_FOR
    query = None if usual else {"digest-algorithm": digest.algorithm}
    return Step(
        f"Open an upload for {digest.short}",
        Request("POST", endpoint.path(query, name=name)),
        endpoint,
        why="The registry chooses where the upload goes and says so in Location.",
    )


def push_manifests(name: str, content: Content, tags: tuple[str, ...]) -> Conversation[Descriptor]:
    """Push the manifests of `content` whose blobs are already there, children before parents."""
    *children, root = all_manifests(content)
    for child in children:
        yield from put_manifest(name, child, child.digest)
    for reference in tags or (root.digest,):
        yield from put_manifest(name, root, reference)
    return root.descriptor


def put_manifest(name: str, document: Document, reference: str) -> Conversation[Descriptor]:
    """Push one manifest or index under a tag or its own digest."""
    _refuse_too_large(document)
    by_digest = isinstance(identifier(reference), Digest)
    response = yield Step(
        f"Put the {'index' if isinstance(document, Index) else 'manifest'} "
        f"{document.digest.short if by_digest else f'as {reference}'}",
        Request(
            "PUT",
            endpoints.PUT_MANIFEST.path(name=name, reference=reference),
            Headers({"Content-Type": document.media_type}),
            document.raw,
        ),
        endpoints.PUT_MANIFEST,
        why="All it names is there now, so nobody will ever see it incomplete.",
    )
    response.expect(200, 201, 202)
    source = "the registry, which changed the manifest"
    confirmed = confirms(response, document.digest, [document.raw], source)
    if response.status != 201 and not confirmed:
        yield from get_manifest(name, str(document.digest))
    return document.descriptor


def _refuse_too_large(document: Document) -> None:
    if document.size > MANIFEST_LIMIT:
        raise InvalidContent(
            f"the manifest has {document.size:,} bytes; registries take {MANIFEST_LIMIT:,}"
        )


def tag(name: str, old: str, new: str) -> Conversation[Descriptor]:
    """Give a manifest another tag; `old` is a tag or digest."""
    manifest = yield from get_manifest(name, old)
    return (yield from put_manifest(name, manifest, new))


def upload_location(response: Response) -> str:
    """Where an upload goes on, as the registry said (C14): only made absolute, never re-encoded."""
    location = response.headers.get("location", "")
    if not location:
        raise response.unexpected("it opened an upload without saying where (no Location)")
    return resolved(response, location)


def with_query(url: str, pair: str) -> str:
    """`url` with one more query pair, whatever query it has already kept byte for byte (L-5)."""
    return f"{url}{'&' if '?' in url else '?'}{pair}"


def _confirm(name: str, blob: Blob, response: Response) -> Conversation[None]:
    """201 is the answer; other kinds of yes are believed once the blob is seen (U-6)."""
    response.expect(200, 201, 202, 204)
    confirms(response, blob.digest, blob, source="the registry")
    if response.status == 201:
        return
    seen = yield blob_question(name, blob.digest)
    if seen.status == 404:
        raise response.unexpected("it took the blob, but does not have it")
    seen.expect(200, *HEAD_REFUSED)  # where HEAD is refused, its word must do
