"""Attaching: an artifact or a signature that refers to a manifest which may be there already."""

from __future__ import annotations

from collections.abc import Callable

from ocinb.errors import InvalidContent, InvalidReference
from ocinb.oci import media_types
from ocinb.oci.descriptor import Descriptor
from ocinb.oci.digest import Digest
from ocinb.oci.image import Blob, Image
from ocinb.oci.manifest import AnyManifest
from ocinb.oci.reference import identifier
from ocinb.oci.signature import digest_to_signature_tag, with_signature
from ocinb.protocol.events import Observer, Planned, nobody
from ocinb.protocol.fetch import get_manifest, head_manifest
from ocinb.protocol.messages import Conversation
from ocinb.protocol.push import Outcome, Pushed, push, push_blob
from ocinb.protocol.referring.rewriting import Kept, rewrite


def push_referrer(
    name: str,
    subject: str | Descriptor,
    make: Callable[[Descriptor], Image],
    announce: Observer = nobody,
    *,
    subject_size: int | None = None,
    chunk_size: int | None = None,
) -> Conversation[Pushed]:
    """Push what `make` makes for a subject: a tag or digest, which is looked up, or a descriptor.

    It is known by its digest alone. Where the registry has no list of referrers, the referrers tag
    is kept. Raises `KindRefused` when the registry does not take such manifests.
    """
    image = make((yield from the_subject(name, subject, subject_size)))
    return (yield from push(name, image, (), announce, chunk_size=chunk_size))


def push_signature(
    name: str,
    subject: str | Descriptor,
    layer: Blob,
    announce: Observer = nobody,
    *,
    subject_size: int | None = None,
    chunk_size: int | None = None,
) -> Conversation[Pushed]:
    """Put a signature behind those that are under cosign's tag for `subject`, unless it is there.

    Others may do so at the same time: what was written is read again (`rewriting.py`).
    """
    digest = (yield from the_subject(name, subject, subject_size)).digest
    kept = Kept(
        digest_to_signature_tag(digest),
        f"the signatures of {digest.short}",
        "cosign finds signatures by a tag made of the digest; those that are there are kept.",
        "The one tag has all signatures, so one more is written with all the others.",
    )
    became: dict[Digest, tuple[Descriptor, Outcome]] = {}

    def change(found: AnyManifest | None) -> Conversation[AnyManifest | None]:
        image = with_signature(found, layer)
        if image is None:
            return None
        announce(Planned(tuple(blob.descriptor for blob in image.blobs)))
        for blob in image.blobs:
            if blob.digest not in became:
                outcome = yield from push_blob(name, blob, announce, chunk_size=chunk_size)
                became[blob.digest] = blob.descriptor, outcome
        return image.manifest

    there = yield from rewrite(name, kept, change)
    assert there is not None  # nothing at all is always changed
    return Pushed(there.descriptor, (kept.tag,), tuple(became.values()))


def the_subject(
    name: str, subject: str | Descriptor, size: int | None = None
) -> Conversation[Descriptor]:
    """What is referred to, with the media type that it has: an image, an index, docker's or OCI's.

    A descriptor is believed, and need not be there yet. A digest with a `size` need not be, either:
    then it is taken for an OCI image. Raises `NotFound` for anything else that is not there, and
    `InvalidContent` for what is there with another size.
    """
    if isinstance(subject, Descriptor):
        return subject
    wanted = identifier(subject)
    found = yield from head_manifest(name, subject)
    if found is None and isinstance(wanted, Digest) and size is not None:
        return Descriptor(media_types.MANIFEST, wanted, size)
    if found is None:  # asking for it gives the better error
        found = (yield from get_manifest(name, subject)).descriptor
    if size not in (None, found.size):
        raise InvalidContent(f"{subject} has {found.size:,} bytes, not {size:,}")
    return found


def check_size(size: int | None) -> int | None:
    """`size` when it can be that of a manifest or blob, in bytes."""
    if size is not None and (type(size) is not int or size < 0):
        raise InvalidReference(size, "size", "it is a number of bytes")
    return size
