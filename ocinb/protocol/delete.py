"""Deleting: a tag, a manifest, a blob (end-9, end-10).

What is to go is asked for first. So it is known what a tag stood for, whether a manifest must be
taken off a list of referrers, and that a 404 afterwards means that an answer was lost on the way.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from ocinb.drawable import Drawable
from ocinb.errors import (
    DigestMismatch,
    InvalidContent,
    NotSupported,
    OcinbError,
    RegistryError,
)
from ocinb.oci import media_types
from ocinb.oci.digest import Digest
from ocinb.oci.manifest import AnyManifest
from ocinb.oci.reference import identifier
from ocinb.protocol import endpoints
from ocinb.protocol.claims import claimed_digest
from ocinb.protocol.fetch import HEAD_REFUSED, blob_question, get_manifest
from ocinb.protocol.headers import Headers
from ocinb.protocol.messages import Conversation, Request, Response, Step
from ocinb.protocol.referrers import drop_listed
from ocinb.text import visible

Kind: TypeAlias = Literal["tag", "manifest", "blob"]

_DISABLED = (400, 405)
_MOST_LOOKS = 3
_TAG_HINT = (
    "some registries delete nothing, and some by digest only: {} would delete the manifest, and "
    "with it every other tag it has"
)
_MANIFEST_HINT = "on many registries deleting is switched off, or left to their web pages"
_BLOB_HINT = "many registries remove blobs by themselves, once no manifest names them, and only so"


class DeleteDisabled(RegistryError, NotSupported):
    """400 or 405: this registry does not delete such things, or not this way."""

    whose = "the registry does not delete this"


@dataclass(frozen=True)
class Deleted(Drawable):
    """What is gone: a tag, a manifest or a blob, and the digest it had, as far as that is known.

    `gone` is whether the registry was seen without it; None when it was only told to delete it.
    `note` says what else there is to know.
    """

    kind: Kind
    reference: str
    digest: Digest | None = None
    gone: bool | None = None
    note: str = ""

    def __repr__(self) -> str:
        state = {True: ", seen gone", False: ", still there", None: ""}[self.gone]
        return f"<Deleted {self.kind} {visible(self.reference, 140)}{state}>"


def delete(name: str, reference: str, *, verify: bool = False) -> Conversation[Deleted]:
    """Delete a tag, which leaves the manifest there; or, by digest, a manifest with all its tags.

    With `verify`, the registry is asked afterwards whether it is gone. Raises `NotFound`, or
    `DeleteDisabled` on registries that do not delete such things.
    """
    wanted = identifier(reference)
    if isinstance(wanted, Digest):
        return (yield from _delete_manifest(name, wanted, verify=verify))
    return (yield from _delete_tag(name, wanted, verify=verify))


def delete_blob(name: str, digest: Digest, *, verify: bool = False) -> Conversation[Deleted]:
    """Delete a blob, also when a manifest names it."""
    question = blob_question(name, digest)
    there = (yield question).expect(200, *HEAD_REFUSED).status == 200
    response = yield Step(
        f"Delete blob {digest.short}",
        Request("DELETE", endpoints.DELETE_BLOB.path(name=name, digest=digest)),
        endpoints.DELETE_BLOB,
        why="Nobody asks the manifests that name it: they will be incomplete.",
    )
    yield from _expect_deleted(response, question if there else None, _BLOB_HINT)
    gone = (yield from _seen_gone(question)) if verify else None
    return Deleted("blob", digest, digest, gone, _still_there(gone))


def _delete_tag(name: str, tag: str, *, verify: bool) -> Conversation[Deleted]:
    question = _manifest_question(name, tag)
    seen = (yield question).expect(200, *HEAD_REFUSED)
    digest = claimed_digest(seen)
    response = yield _delete_step(name, tag, f"Delete the tag {tag}")
    hint = _TAG_HINT.format(digest or "its digest")
    yield from _expect_deleted(response, question if seen.status == 200 else None, hint)
    gone = (yield from _seen_gone(question)) if verify else None
    return Deleted("tag", tag, digest, gone, _still_there(gone))


def _delete_manifest(name: str, digest: Digest, *, verify: bool) -> Conversation[Deleted]:
    question = _manifest_question(name, digest)
    there, manifest = yield from _looked_at(name, digest)
    response = yield _delete_step(name, digest, f"Delete manifest {digest.short}")
    yield from _expect_deleted(response, question if there else None, _MANIFEST_HINT)
    note = (yield from _taken_off(name, manifest)) if manifest else ""
    gone = (yield from _seen_gone(question)) if verify else None
    return Deleted("manifest", digest, digest, gone, note or _still_there(gone))


def _looked_at(name: str, digest: Digest) -> Conversation[tuple[bool, AnyManifest | None]]:
    """Whether a manifest is there, and what it says; also one that cannot be read may go."""
    try:
        return True, (yield from get_manifest(name, digest))
    except (InvalidContent, DigestMismatch):
        return True, None
    except NotSupported:  # nobody could verify it, so it was perhaps not even asked for
        return False, None


def _taken_off(name: str, manifest: AnyManifest) -> Conversation[str]:
    """Why a deleted manifest is still on a list of referrers; the deletion stands anyway."""
    try:
        yield from drop_listed(name, manifest)
    except OcinbError as error:
        return f"it may still be listed under the referrers tag of its subject: {error}"
    return ""


def _manifest_question(name: str, reference: str) -> Step:
    return Step(
        f"Is there a manifest {reference}?",
        Request(
            "HEAD",
            endpoints.HEAD_MANIFEST.path(name=name, reference=reference),
            Headers({"Accept": media_types.ACCEPT, "Cache-Control": "no-cache"}),
        ),
        endpoints.HEAD_MANIFEST,
        why="The answer tells the digest, with which a tag can be given back.",
    )


def _delete_step(name: str, reference: str, title: str) -> Step:
    return Step(
        title,
        Request("DELETE", endpoints.DELETE_MANIFEST.path(name=name, reference=reference)),
        endpoints.DELETE_MANIFEST,
        why="A tag goes alone; a manifest, by its digest, takes all its tags with it.",
    )


def _expect_deleted(response: Response, question: Step | None, hint: str) -> Conversation[None]:
    """Raise unless it was deleted.

    404 is a yes, too, when the answer to an earlier try was lost (F-3). So of what was there just
    now it is asked again, which is what `question` is for.
    """
    refused = response.status in _DISABLED
    if response.status == 404 and question:
        refused = (yield question).status != 404
        if not refused:
            return
    if refused:
        no = response.refusal()
        raise DeleteDisabled(
            no.status, no.code, no.message, method=no.method, url=no.url, hints=[hint]
        )
    response.expect(200, 202, 204)


def _seen_gone(question: Step) -> Conversation[bool | None]:
    """Whether the registry is seen without it; caches may take a while (X-3)."""
    for _ in range(_MOST_LOOKS):
        response = yield question
        if response.status == 404:
            return True
        if response.status != 200:
            return None
    return False


def _still_there(gone: bool | None) -> str:
    still = "the registry took the deletion and still has it: a cache, or its cleaning up is slow"
    return still if gone is False else ""
