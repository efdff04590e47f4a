"""How the registry says no: the spec's error codes, and the one place that writes them down.

Handlers raise; `answer` makes the response (distribution-spec, spec.md#error-codes).
"""

from __future__ import annotations

import json
from typing import Any

from ocinb.errors import (
    DigestMismatch,
    InvalidContent,
    InvalidReference,
    NotSupported,
    OcinbError,
    RegistryError,
    TransferError,
)
from ocinb.protocol.fields.headers import Headers
from ocinb.protocol.messages import Response

# Every code of the spec with its usual status and what it means in general.
CODES = {
    "BLOB_UNKNOWN": (404, "blob unknown to registry"),
    "BLOB_UPLOAD_INVALID": (400, "blob upload invalid"),
    "BLOB_UPLOAD_UNKNOWN": (404, "blob upload unknown to registry"),
    "DIGEST_INVALID": (400, "provided digest did not match uploaded content"),
    "MANIFEST_BLOB_UNKNOWN": (400, "manifest references a manifest or blob unknown to registry"),
    "MANIFEST_INVALID": (400, "manifest invalid"),
    "MANIFEST_UNKNOWN": (404, "manifest unknown to registry"),
    "NAME_INVALID": (400, "invalid repository name"),
    "NAME_UNKNOWN": (404, "repository name not known to registry"),
    "SIZE_INVALID": (400, "provided length did not match content length"),
    "UNAUTHORIZED": (401, "authentication required"),
    "DENIED": (403, "requested access to the resource is denied"),
    "UNSUPPORTED": (405, "the operation is unsupported"),
    "TOOMANYREQUESTS": (429, "too many requests"),
}
# What other errors are to somebody who asks over HTTP; the first that fits counts.
_MEANING: tuple[tuple[type[OcinbError], str], ...] = (
    (DigestMismatch, "DIGEST_INVALID"),
    (InvalidContent, "MANIFEST_INVALID"),
    (NotSupported, "MANIFEST_INVALID"),
    (TransferError, "BLOB_UPLOAD_INVALID"),
)
_PARTS = {"digest": "DIGEST_INVALID", "repository": "NAME_INVALID", "tag": "MANIFEST_INVALID"}


class Refusal(RegistryError):
    """The registry's own no, with the headers and the detail that go with it."""

    headers: Headers = Headers()
    detail: Any = None


class Hangup(TransferError, ConnectionResetError):
    """No answer, or no more of it: the connection ends, by force (RST) if it is to be `reset`.

    In this process it is to the client what it hears of a broken socket: before the answer no
    answer, within its body an `OSError`.
    """

    def __init__(self, *, reset: bool = False) -> None:
        super().__init__("the connection broke")
        self.reset = reset


def refuse(
    code: str,
    message: str = "",
    *,
    status: int = 0,
    detail: Any = None,
    headers: dict[str, str] | None = None,
) -> Refusal:
    """The refusal to raise; status and message are the usual ones of `code` unless given."""
    usual, general = CODES[code]
    refusal = Refusal(status or usual, code, message or general)
    refusal.headers, refusal.detail = Headers(headers or {}), detail
    return refusal


def no_room(error: OSError) -> Refusal:
    """What a full disk is to whoever asks, who need not know where it is."""
    message = f"the disk of the registry is full: {error.strerror}"
    return refuse("SIZE_INVALID", message, status=507)


def answer(error: OcinbError) -> Response:
    """The response that says `error`."""
    refusal = error if isinstance(error, RegistryError) else _translated(error)
    said = {"code": refusal.code, "message": refusal.message}
    if isinstance(refusal, Refusal) and refusal.detail is not None:
        said["detail"] = refusal.detail
    body = json.dumps({"errors": [said]}, separators=(",", ":")).encode()
    pairs = refusal.headers.pairs() if isinstance(refusal, Refusal) else ()
    length = ("Content-Length", str(len(body)))
    headers = Headers([("Content-Type", "application/json"), length, *pairs])
    return Response(refusal.status or 400, headers, body)


def _translated(error: OcinbError) -> Refusal:
    if isinstance(error, InvalidReference):
        return refuse(_PARTS.get(error.part, "NAME_INVALID"), str(error))
    code = next((code for kind, code in _MEANING if isinstance(error, kind)), "UNSUPPORTED")
    return refuse(code, str(error), status=400)
