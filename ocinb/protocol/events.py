"""What happens on the wire, as it happens. One stream feeds every observer.

Events are made in one place, under authentication, retries and redirects, so those are seen too;
they are redacted where they are made.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

from ocinb.oci.digest import Digest
from ocinb.protocol.messages import Headers, Step
from ocinb.text import visible

# Only headers known to hold no secret are shown: an unknown one might.
_SHOWN_HEADERS = {
    "accept", "accept-encoding", "accept-ranges", "cache-control", "content-encoding",
    "content-length", "content-range", "content-type", "date", "docker-content-digest",
    "docker-distribution-api-version", "docker-upload-uuid", "etag", "host", "if-match",
    "if-none-match", "oci-chunk-min-length", "oci-filters-applied", "oci-namespace", "oci-subject",
    "oci-tag", "range", "ratelimit-limit", "ratelimit-remaining", "retry-after", "server",
    "transfer-encoding", "user-agent", "vary", "warning", "last-modified", "allow", "connection",
}  # fmt: skip
HIDDEN = "(hidden)"


def shown_headers(headers: Headers) -> Headers:
    """`headers` with the values of all but well-known harmless names hidden, made visible."""
    return Headers(
        (visible(name, 128), visible(value, 512) if name.lower() in _SHOWN_HEADERS else HIDDEN)
        for name, value in headers.pairs()
    )


@dataclass(frozen=True)
class RequestStarted:
    """A request is about to be sent. `step` is None when nobody asked for it: a token, a retry's
    redirect target."""

    exchange: int
    step: Step | None
    method: str
    url: str
    headers: Headers
    size: int | None


@dataclass(frozen=True)
class BytesMoved:
    """`done` bytes of a body of `total` have gone up or come down so far in this exchange."""

    exchange: int
    direction: Literal["up", "down"]
    done: int
    total: int | None


@dataclass(frozen=True)
class ResponseReceived:
    """Status and headers of the answer have arrived; its body may still be on its way."""

    exchange: int
    status: int
    headers: Headers


@dataclass(frozen=True)
class Retrying:
    """The exchange failed for `reason` and will be tried again after `seconds`."""

    exchange: int
    reason: str
    seconds: float
    attempt: int


@dataclass(frozen=True)
class Skipped:
    """Content was already where it was wanted; nothing was moved."""

    digest: Digest
    size: int


@dataclass(frozen=True)
class Mounted:
    """A blob was taken over from another repository of the same registry."""

    digest: Digest
    size: int
    source: str


@dataclass(frozen=True)
class Verified:
    """All bytes of a blob arrived and hash to its name."""

    digest: Digest
    size: int


@dataclass(frozen=True)
class Finished:
    """An exchange is over, after `seconds`; `error` says why when it failed."""

    exchange: int
    seconds: float
    error: str = ""


Event: TypeAlias = (
    RequestStarted
    | BytesMoved
    | ResponseReceived
    | Retrying
    | Skipped
    | Mounted
    | Verified
    | Finished
)
Observer: TypeAlias = Callable[[Event], None]
