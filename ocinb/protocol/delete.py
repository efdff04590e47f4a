"""Deleting: a tag, a manifest, a blob (end-9, end-10).

What is to go is asked for first. So it is known what a tag stood for, whether a manifest must be
taken off a list of referrers, and that a 404 afterwards means that an answer was lost on the way.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from ocinb.drawable import Drawable
from ocinb.errors import (
    DeleteDisabled,
    DigestMismatch,
    InvalidContent,
    NotSupported,
    OcinbError,
)
from ocinb.oci import media_types
from ocinb.oci.digest import Digest
from ocinb.oci.manifest import AnyManifest
from ocinb.oci.reference import identifier
from ocinb.protocol import endpoints
from ocinb.protocol.fetch import HEAD_REFUSED, blob_question, get_manifest
from ocinb.protocol.fields.claims import claimed_digest
from ocinb.protocol.fields.headers import Headers
from ocinb.protocol.messages import Conversation, Request, Response, Step
from ocinb.protocol.probes.probe import ask, surviving
from ocinb.protocol.referring.referrers import drop_listed
from ocinb.protocol.referring.referrers_api import ReferrersApi
from ocinb.protocol.tags import list_tags
from ocinb.text import some_of, visible

Kind: TypeAlias = Literal["tag", "manifest", "blob"]

_DISABLED = (400, 405)
_MOST_LOOKS = 3
_PAGES_COMPARED, _MOST_COMPARED = 3, 20  # of tags, to say what else a deletion would take along
_TAG_HINT = "some registries delete nothing, and some by digest only: {} would delete the manifest"
_WITH = ", and with it every other tag it has"
_MANIFEST_HINT = "on many registries deleting is switched off, or left to their web pages"
_BLOB_HINT = "many registries remove blobs by themselves, once no manifest names them, and only so"


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


def delete(
    name: str, reference: str, *, verify: bool = False, api: ReferrersApi | None = None
) -> Conversation[Deleted]:
    """Delete a tag, which leaves the manifest there; or, by digest, a manifest with all its tags.

    With `verify`, the registry is asked afterwards whether it is gone. `api` is what is known of
    its referrers API: without one, a manifest is taken off the list of its subject. What refers to
    a manifest stays, and so does the list of it, for whoever pushes that again (C39). Raises
    `NotFound`, or `DeleteDisabled` on registries that do not delete such things.
    """
    wanted = identifier(reference)
    if isinstance(wanted, Digest):
        return (yield from _delete_manifest(name, wanted, api, verify=verify))
    return (yield from _delete_tag(name, wanted, verify=verify))


def delete_blob(name: str, digest: Digest, *, verify: bool = False) -> Conversation[Deleted]:
    """Delete a blob, also when a manifest names it."""
    question = blob_question(name, digest)
    there = (yield question).expect(200, *HEAD_REFUSED).status == 200
    response = yield blob_deletion(name, digest)
    yield from _expect_deleted(response, question if there else None, _BLOB_HINT)
    gone = (yield from _seen_gone(question)) if verify else None
    return Deleted("blob", digest, digest, gone, _still_there(gone))


def _delete_tag(name: str, tag: str, *, verify: bool) -> Conversation[Deleted]:
    question = manifest_question(name, tag)
    seen = (yield question).expect(200, *HEAD_REFUSED)
    digest = claimed_digest(seen)
    response = yield manifest_deletion(name, tag, f"Delete the tag {tag}")
    beside = _WITH
    if response.status in _DISABLED and digest:
        beside = yield from _tags_beside(name, tag, digest)
    hint = _TAG_HINT.format(digest or "its digest") + beside
    yield from _expect_deleted(response, question if seen.status == 200 else None, hint)
    gone = (yield from _seen_gone(question)) if verify else None
    return Deleted("tag", tag, digest, gone, _still_there(gone))


def _tags_beside(name: str, tag: str, digest: Digest) -> Conversation[str]:
    """How a hint ends that says which other tags a manifest has, as far as looking at some of them
    tells (X-2)."""
    try:
        listed = yield from surviving(list_tags(name, most_pages=_PAGES_COMPARED))
    except OcinbError:
        return f"{_WITH}: which ones is not known"
    others = [other for other in listed if other != tag]
    beside = list[str]()
    for other in others[:_MOST_COMPARED]:
        answer = yield from ask(manifest_question(name, other))
        if isinstance(answer, Response) and claimed_digest(answer) == digest:
            beside.append(other)
    sure = listed.complete and len(others) <= _MOST_COMPARED
    if not beside and sure:
        return "; it has no other tag"
    return f"{_WITH}: {some_of(beside)}{'' if sure else ', and perhaps more'}"


def _delete_manifest(
    name: str, digest: Digest, api: ReferrersApi | None, *, verify: bool
) -> Conversation[Deleted]:
    question = manifest_question(name, digest)
    there, manifest = yield from _looked_at(name, digest)
    response = yield manifest_deletion(name, digest, f"Delete manifest {digest.short}")
    yield from _expect_deleted(response, question if there else None, _MANIFEST_HINT)
    note = (yield from _taken_off(name, manifest, api)) if manifest else ""
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


def _taken_off(name: str, manifest: AnyManifest, api: ReferrersApi | None) -> Conversation[str]:
    """Why a deleted manifest is still on a list of referrers; the deletion stands anyway."""
    try:
        yield from drop_listed(name, manifest, api)
    except OcinbError as error:
        return f"it may still be listed under the referrers tag of its subject: {error}"
    return ""


def manifest_question(name: str, reference: str) -> Step:
    """The step that asks whether a manifest is there, past caches, and what digest it has."""
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


def manifest_deletion(name: str, reference: str, title: str) -> Step:
    """The step that deletes a tag, or a manifest by its digest."""
    return Step(
        title,
        Request("DELETE", endpoints.DELETE_MANIFEST.path(name=name, reference=reference)),
        endpoints.DELETE_MANIFEST,
        why="A tag goes alone; a manifest, by its digest, takes all its tags with it.",
    )


def blob_deletion(name: str, digest: Digest) -> Step:
    """The step that deletes a blob."""
    return Step(
        f"Delete blob {digest.short}",
        Request("DELETE", endpoints.DELETE_BLOB.path(name=name, digest=digest)),
        endpoints.DELETE_BLOB,
        why="Nobody asks the manifests that name it: they will be incomplete.",
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
