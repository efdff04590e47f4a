"""Two blobs, and the events of moving them."""

from __future__ import annotations

from ocinb.oci import media_types
from ocinb.oci.descriptor import Descriptor
from ocinb.protocol import endpoints
from ocinb.protocol.events import BytesMoved, Event, Planned, RequestStarted, ResponseReceived
from ocinb.protocol.fields.headers import Headers
from ocinb.protocol.messages import Request, Step

ONE = Descriptor.of(b"x" * 1_000, media_types.LAYER_GZIP)
TWO = Descriptor.of(b"y" * 3_000, media_types.CONFIG)
PLAN = Planned((ONE, TWO))


def started(number: int, blob: Descriptor, method: str = "GET", url: str = "") -> RequestStarted:
    path = f"/v2/a/blobs/{blob.digest}"
    step = Step(f"{method} {blob.digest.short}", Request(method, path), endpoints.GET_BLOB)
    return RequestStarted(number, step, method, url or f"http://r{path}", Headers(), None)


def fetched(number: int, blob: Descriptor, done: int) -> list[Event]:
    return [
        started(number, blob),
        ResponseReceived(number, 200, Headers()),
        BytesMoved(number, "down", done, blob.size),
    ]
