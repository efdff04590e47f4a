"""The lines of an upload, as scripts have them: a blob of ten bytes, and what is said about it."""

from __future__ import annotations

from ocinb.errors import TransferError
from ocinb.oci.image import Blob
from ocinb.oci.media_types import LAYER
from ocinb.protocol.messages import Response
from tests.protocol.scripted import HOME, Answers, Line

TEN = Blob.of(b"0123456789", LAYER)
OPEN = "POST /v2/demo/blobs/uploads/"
HEAD = f"HEAD /v2/demo/blobs/{TEN.digest}"
LOST = TransferError("the connection broke")


def at(number: int = 1) -> str:
    return f"{HOME}/v2/demo/blobs/uploads/{number}"


def opened(number: int = 1, **headers: str) -> Line:
    said = {name.replace("_", "-"): value for name, value in headers.items()}
    return OPEN, Response(202, {"Location": f"/v2/demo/blobs/uploads/{number}", **said})


def took(has: str | None, status: int = 202) -> Response:
    return Response(status, {} if has is None else {"Range": has})


def patch(number: int = 1) -> str:
    return f"PATCH {at(number)}"


def ask(number: int = 1) -> str:
    return f"GET {at(number)}"


def put(number: int = 1) -> str:
    return f"PUT {at(number)}?digest={TEN.digest}"


def cancelled(number: int = 1) -> str:
    return f"DELETE {at(number)}"


def sent(send: Answers) -> list[tuple[str, bytes]]:
    """The chunks that were sent: what they said they are, and what they were."""
    return [
        (request.headers.get("content-range", ""), b"".join(request.body))
        for request in send.asked
        if request.method == "PATCH"
    ]
