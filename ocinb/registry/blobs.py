"""Blobs on their way out, whole or in part, and away (end-2, end-10)."""

from __future__ import annotations

import re

from ocinb.oci.digest import Digest
from ocinb.oci.media_types import OCTET_STREAM
from ocinb.protocol.messages import Response
from ocinb.registry.call import Call, check_deletes
from ocinb.registry.refusals import refuse

_RANGE = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})", re.ASCII)


def get(call: Call) -> Response:
    """A blob, or the part of it that a GET asks for.

    It is sent as it lies there: whoever asks for it has its digest, and checks it.
    """
    digest = Digest(call.places["digest"])
    content = call.existing.content(digest)
    if content is None:
        raise refuse("BLOB_UNKNOWN", f"there is no blob {digest}")
    headers = {
        "Content-Type": OCTET_STREAM,  # whatever it is: a browser must not run it (K-27)
        "Content-Length": str(content.size),
        "Docker-Content-Digest": digest,
        "Accept-Ranges": "bytes",
    }
    asked = call.request.headers.get("range", "") if call.request.method == "GET" else ""
    wanted = byte_range(asked, content.size)
    if wanted is None:
        return Response(200, headers, stream=content)
    start, stop = wanted
    headers["Content-Length"] = str(stop - start)
    headers["Content-Range"] = f"bytes {start}-{stop - 1}/{content.size}"
    return Response(206, headers, stream=content.part(start, stop))


def delete(call: Call) -> Response:
    """Remove a blob, even if a manifest names it: what is deleted is up to whoever asks."""
    check_deletes(call.state)
    digest = Digest(call.places["digest"])
    store = call.existing
    with call.state.lock, call.state.quota.changing():
        if not store.remove(digest):
            raise refuse("BLOB_UNKNOWN", f"there is no blob {digest}")
    return Response(202)


def byte_range(header: str, size: int) -> tuple[int, int] | None:
    """Start and stop of the one range that `header` asks for out of `size` bytes.

    None when it asks for none, or for what may be ignored: several ranges, another unit (RFC 9110,
    section 14.2). Refused with 416 when nothing of it is there; so is a range that ends before it
    begins, which the RFC would ignore and the conformance suite wants refused.
    """
    match = _RANGE.fullmatch(header.replace(" ", ""))
    if match is None or match.group() == "bytes=-":
        return None
    first, last = match.groups()
    if first:
        start, stop = int(first), min(int(last) + 1, size) if last else size
    else:
        start, stop = max(size - int(last), 0), size
    if start >= stop:
        beyond = {"Content-Range": f"bytes */{size}"}
        message = f"the blob has {size} bytes"
        raise refuse("SIZE_INVALID", message, status=416, headers=beyond)
    return start, stop
