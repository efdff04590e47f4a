"""Reading what lies on this machine: a blob onto a shelf, a whole image, what refers to what."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Protocol

from ocinb.client.moving.shelves import LayoutShelf
from ocinb.client.source import Source
from ocinb.client.wire.observers import Observers
from ocinb.client.wire.stopping import current
from ocinb.errors import InvalidContent, NotHere, OcinbError
from ocinb.oci.descriptor import Descriptor
from ocinb.oci.digest import Digest
from ocinb.oci.index import Index
from ocinb.oci.manifest import AnyManifest
from ocinb.oci.platform import Platform
from ocinb.protocol.events import Event, LeftOut, Planned, Skipped, Verified, Written
from ocinb.protocol.messages import Conversation
from ocinb.protocol.pull import BlobShelf, all_blobs, below
from ocinb.protocol.referring.referrers import ReferrerList
from ocinb.protocol.together import one_by_one
from ocinb.storage.layout import Layout


def emit(event: Event) -> None:
    """Tell whoever listens to this call."""
    Observers().tell(event)


def announce_all(blobs: Iterable[Descriptor]) -> None:
    """Say which blobs will be seen to."""
    emit(Planned(tuple(blobs)))


def check_limit(descriptor: Descriptor, limit: int) -> None:
    """Raise `InvalidContent` for more than `limit` bytes."""
    if descriptor.size > limit:
        raise InvalidContent(
            f"{descriptor.digest.short} has {descriptor.size:,} bytes; at most {limit:,} are read"
        )


class Held(Protocol):
    """Content that is at hand."""

    def content(self, descriptor: Descriptor) -> Iterable[bytes]: ...


class HeldSource(Source, Held, Protocol):
    """A source whose content is at hand."""


def pour(source: Held, blob: Descriptor, shelf: BlobShelf) -> None:
    """Put a blob on `shelf`, verified, unless it is there; what lives elsewhere may be missing."""
    if shelf.has(blob):
        emit(Skipped(blob.digest, blob.size))
        return
    try:
        content = source.content(blob)
    except NotHere:
        if not blob.lives_elsewhere:
            raise
        emit(LeftOut(blob.digest, blob.size))
        return
    stop, done = current(), 0
    with shelf.place(blob) as sink:
        sink.restart()
        for piece in content:
            if stop is not None:
                stop.check()
            sink.write(piece)
            done += len(piece)
            emit(Written(blob.digest, done))
    emit(Verified(blob.digest, blob.size))


def pull(
    source: HeldSource,
    root: AnyManifest,
    tag: str | None,
    layout: Layout,
    platform: str | Platform | None,
) -> None:
    """Copy `root` with all it names into `layout`, verified, the root last; see `protocol.pull`."""
    if isinstance(root, Index) and platform is not None:
        entry = root.for_platform(platform, same_architecture=True)
        root = source.manifest(entry.digest, entry)
    shelf = LayoutShelf(layout)
    children = _finished(below(root, lambda digest, entry: _got(source, digest, entry), one_by_one))
    blobs = all_blobs((*children, root))
    shelf.expect(blobs)
    announce_all(blobs)
    for blob in blobs:
        pour(source, blob, shelf)
    for child in children:
        shelf.keep(child)
    shelf.show(root, tag)


def referrers(
    source: Source, subject: Digest, artifact_type: str, manifests: Iterable[Descriptor]
) -> ReferrerList:
    """Those of `manifests` whose subject is `subject`; incomplete when one could not be read."""
    found: dict[Digest, Descriptor] = {}
    unreadable = 0
    for entry in manifests:
        try:
            manifest = source.manifest(entry.digest, entry)
        except OcinbError:
            unreadable += 1
            continue
        if manifest.subject is None or manifest.subject.digest != subject:
            continue
        if artifact_type in ("", manifest.artifact_type):
            found[entry.digest] = replace(
                manifest.descriptor,
                artifact_type=manifest.artifact_type,
                annotations=manifest.annotations,
            )
    note = f"{unreadable:,} manifests could not be read" if unreadable else ""
    return ReferrerList(
        subject,
        tuple(found.values()),
        complete=not unreadable,
        source="looking",
        note=note,
        artifact_type=artifact_type,
        confirmed=True,
    )


def _got(source: Source, digest: str, entry: Descriptor | None) -> Conversation[AnyManifest]:
    yield from ()
    return source.manifest(digest, entry)


def _finished(conversation: Conversation[tuple[AnyManifest, ...]]) -> tuple[AnyManifest, ...]:
    """What a conversation comes to in which nothing is asked of anybody."""
    try:
        next(conversation)
    except StopIteration as over:
        found: tuple[AnyManifest, ...] = over.value
        return found
    raise AssertionError("nobody is asked for what is here")
