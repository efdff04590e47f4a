"""Offering content: blobs first, then the manifest that names them, then its tags."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal, TypeAlias

from ocinb.drawable import Drawable
from ocinb.errors import InvalidContent
from ocinb.oci.descriptor import Descriptor
from ocinb.oci.digest import Digest
from ocinb.oci.image import Blob, Content, Image, ImageIndex
from ocinb.oci.index import Index
from ocinb.oci.manifest import AnyManifest
from ocinb.oci.reference import identifier
from ocinb.oci.strict_json import MANIFEST_LIMIT
from ocinb.protocol import endpoints
from ocinb.protocol.events import Observer, Planned, Skipped, Verified, nobody
from ocinb.protocol.fetch import HEAD_REFUSED, blob_question, get_manifest
from ocinb.protocol.fields.claims import confirms
from ocinb.protocol.fields.headers import Headers
from ocinb.protocol.kinds import explained
from ocinb.protocol.messages import Conversation, Request, Step
from ocinb.protocol.referring.referrers_tag import keep_listed
from ocinb.protocol.tagging import Tagging, put_with_tags
from ocinb.protocol.together import Together, Turn, at_once, one_by_one
from ocinb.protocol.uploads.chunks import CHUNK
from ocinb.protocol.uploads.mount import mount_blob
from ocinb.protocol.uploads.session import UploadSession
from ocinb.protocol.uploads.upload import upload
from ocinb.text import visible

# The repository of the same registry that a blob may be taken over from; empty for none.
MountFrom: TypeAlias = Callable[[Blob], str]
Outcome: TypeAlias = Literal["existed", "mounted", "uploaded"]


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
    name: str,
    content: Content,
    tags: Iterable[str],
    announce: Observer = nobody,
    *,
    mount_from: str | MountFrom = "",
    chunk_size: int | None = None,
    together: Together = one_by_one,
    turn: Turn = at_once,
    tagging: Tagging | None = None,
) -> Conversation[Pushed]:
    """Push an image, an artifact or an index with its images, and give it `tags`.

    Without tags it is known by its digest alone. Blobs that the repository `mount_from` of the same
    registry has, which may be another one for each, are taken over from there; others are sent in
    one piece, or in chunks of `chunk_size` bytes. `together` has several blobs or manifests pushed,
    each blob in its `turn`. With `tagging`, several tags are given in one request, as far as the
    registry takes them so.
    """
    tags = tuple(tags)
    for document in all_manifests(content):
        _refuse_too_large(document)
    blobs = all_blobs(content)
    source = mount_from if callable(mount_from) else lambda _: mount_from
    announce(Planned(tuple(blob.descriptor for blob in blobs)))
    outcomes = yield from together(
        push_blob(name, blob, announce, mount_from=source(blob), chunk_size=chunk_size, turn=turn)
        for blob in blobs
    )
    yield from push_manifests(name, content, tags, together, tagging)
    became = zip((blob.descriptor for blob in blobs), outcomes, strict=True)
    return Pushed(content.descriptor, tags, tuple(became))


def all_blobs(content: Content) -> tuple[Blob, ...]:
    """Every blob of an image or index, each digest once, in the order they are pushed."""
    if isinstance(content, Image):
        return content.unique_blobs
    each = (blob for child in content.children for blob in all_blobs(child))
    return tuple({blob.digest: blob for blob in each}.values())


def all_manifests(content: Content) -> tuple[AnyManifest, ...]:
    """Every manifest and index, each digest once, children before parents and the root last."""
    return tuple(document for level in _levels(content) for document in level)


def _levels(content: Content) -> list[list[AnyManifest]]:
    """The same by how deep they are, deepest first: those of one level do not name each other."""
    levels: list[dict[Digest, Content]] = [{content.digest: content}]
    while below := {
        child.digest: child
        for each in levels[-1].values()
        if isinstance(each, ImageIndex)
        for child in each.children
    }:
        levels.append(below)
    deepest: dict[Digest, int] = {
        each: depth for depth, level in enumerate(levels) for each in level
    }
    return [
        [each.document for digest, each in level.items() if deepest[digest] == depth]
        for depth, level in reversed(list(enumerate(levels)))
    ]


def push_blob(
    name: str,
    blob: Blob,
    announce: Observer = nobody,
    *,
    mount_from: str = "",
    chunk_size: int | None = None,
    turn: Turn = at_once,
) -> Conversation[Outcome]:
    """Upload a blob, unless the registry has it once it is its `turn`.

    It goes in one piece, or in chunks of `chunk_size` bytes. The registry may have it in the
    repository `mount_from`, too; one that refuses HEAD is sent it.
    """
    with turn(blob.digest):
        return (yield from _push_blob(name, blob, announce, mount_from, chunk_size))


def _push_blob(
    name: str, blob: Blob, announce: Observer, mount_from: str, chunk_size: int | None
) -> Conversation[Outcome]:
    response = yield blob_question(name, blob.digest)
    if response.status == 200:
        announce(Skipped(blob.digest, blob.size))
        return "existed"
    response.expect(404, *HEAD_REFUSED)
    offered = (yield from mount_blob(name, blob, mount_from, announce)) if mount_from else None
    if offered and offered.status == 201:
        return "mounted"
    session = UploadSession.opened(offered, blob.descriptor) if offered else None
    yield from upload(name, blob, chunk_size, session)
    announce(Verified(blob.digest, blob.size))
    return "uploaded"


def resume_blob(
    name: str,
    session: UploadSession,
    blob: Blob,
    announce: Observer = nobody,
    *,
    chunk_size: int = CHUNK,
) -> Conversation[Descriptor]:
    """Go on with an upload of `blob` that was begun elsewhere, from where the registry says it is.

    A session that is over is no reason to stop: the blob is there, or is uploaded anew.
    """
    if session.digest not in (None, blob.digest) or session.size not in (None, blob.size):
        raise ValueError(f"{session!r} is of another blob than {blob!r}")
    announce(Planned((blob.descriptor,)))
    yield from upload(name, blob, chunk_size, session, resumed=True)
    announce(Verified(blob.digest, blob.size))
    return blob.descriptor


def push_manifests(
    name: str,
    content: Content,
    tags: tuple[str, ...],
    together: Together = one_by_one,
    tagging: Tagging | None = None,
) -> Conversation[Descriptor]:
    """Push the manifests of `content` whose blobs are already there, children before parents."""
    *below, [root] = _levels(content)
    for level in below:
        # Two that refer to the same subject may have to be written to the same referrers tag.
        referring = [each for each in level if each.subject]
        others = [each for each in level if not each.subject]
        yield from together(put_manifest(name, each, each.digest) for each in others)
        yield from one_by_one(put_manifest(name, each, each.digest) for each in referring)
    yield from put_root(name, root, tags or (root.digest,), tagging)
    return root.descriptor


def put_root(
    name: str, root: AnyManifest, references: tuple[str, ...], tagging: Tagging | None
) -> Conversation[None]:
    """Push what all the rest belongs to, under several tags at once as far as that goes."""
    if tagging is not None and len(references) > 1:
        _refuse_too_large(root)
        references = yield from put_with_tags(name, root, references, tagging)
    yield from one_by_one(put_manifest(name, root, each) for each in references)


def put_manifest(name: str, document: AnyManifest, reference: str) -> Conversation[Descriptor]:
    """Push one manifest or index under a tag or its own digest."""
    _refuse_too_large(document)
    response = yield manifest_step(name, document, reference)
    if response.status not in (200, 201, 202):
        raise explained(response, document)
    source = "the registry, which changed the manifest"
    confirmed = confirms(response, document.digest, [document.raw], source)
    if response.status != 201 and not confirmed:
        yield from get_manifest(name, str(document.digest))
    yield from keep_listed(name, document, response)
    return document.descriptor


def manifest_step(name: str, document: AnyManifest, reference: str) -> Step:
    """The step that puts one manifest or index under a tag or its own digest (C26)."""
    by_digest = isinstance(identifier(reference), Digest)
    return Step(
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


def _refuse_too_large(document: AnyManifest) -> None:
    if document.size > MANIFEST_LIMIT:
        raise InvalidContent(
            f"the manifest has {document.size:,} bytes; registries take {MANIFEST_LIMIT:,}"
        )


def tag(name: str, old: str, *new: str, tagging: Tagging | None = None) -> Conversation[Descriptor]:
    """Give a manifest more tags, byte for byte as it is; `old` is a tag or digest."""
    manifest = yield from get_manifest(name, old)
    yield from put_root(name, manifest, new, tagging)
    return manifest.descriptor
