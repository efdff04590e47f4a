"""The end of an upload: it is closed with the digest of the blob, and the answer understood."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ocinb.errors import OcinbError
from ocinb.oci.image import Blob
from ocinb.protocol import endpoints
from ocinb.protocol.fetch import HEAD_REFUSED, blob_question
from ocinb.protocol.fields.claims import confirms
from ocinb.protocol.fields.headers import Headers
from ocinb.protocol.messages import Body, Bytes, Conversation, Request, Response, Step
from ocinb.protocol.uploads.session import UploadSession, with_query

OCTETS = Headers({"Content-Type": "application/octet-stream"})
NOTHING = Bytes(b"")
_PASSING = frozenset({408, 425, 429})
_LASTING = frozenset({501, 507})  # it cannot do that, or has no room for it


@dataclass(frozen=True)
class Again:
    """Why an upload did not come to its end in one session, so that another one may try.

    `refused` says that it is this way of sending that the registry does not take; `unsure`, that
    the blob may have arrived all the same; `gone`, that the registry forgot the session.
    """

    why: OcinbError
    refused: bool = False
    unsure: bool = False
    gone: bool = False


def close_step(
    session: UploadSession, digest: str, title: str, body: Body = NOTHING, why: str = ""
) -> Step:
    """The step that closes an upload (C14, C15, C23), with all of the blob or with nothing more."""
    return Step(
        title,
        Request("PUT", with_query(session.location, f"digest={digest}"), OCTETS, body),
        endpoints.CLOSE_UPLOAD,
        why=why or "The digest closes the upload: the registry checks it before it accepts.",
        recovers=True,
        session=session,
    )


def passing(response: Response) -> bool:
    """Whether it is the registry's own trouble, which says nothing of what it did before."""
    return response.status in _PASSING or (
        response.status >= 500 and response.status not in _LASTING
    )


def forgotten(response: Response) -> bool:
    """Whether it says that there is no such upload: by 404, or by olareg's 400."""
    return response.status == 404 or (
        response.status == 400 and response.refusal().code == "BLOB_UPLOAD_UNKNOWN"
    )


def is_there(name: str, blob: Blob, session: UploadSession | None = None) -> Conversation[bool]:
    """Whether the blob arrived, when no answer said so (F-3)."""
    step = blob_question(name, blob.digest)
    why = "No answer came to the end of the upload: perhaps the blob is there."
    return (yield replace(step, why=why, session=session)).status == 200


def confirmed(name: str, blob: Blob, response: Response) -> Conversation[None]:
    """201 is the answer; other kinds of yes are believed once the blob is seen (U-6)."""
    response.expect(200, 201, 202, 204)
    confirms(response, blob.digest, blob, source="the registry")
    if response.status == 201:
        return
    seen = yield blob_question(name, blob.digest)
    if seen.status == 404:
        raise response.unexpected("it took the blob, but does not have it")
    seen.expect(200, *HEAD_REFUSED)  # where HEAD is refused, its word must do
