"""What happens, as it happens. One stream feeds every observer.

What happens on the wire is told from one place, under authentication, retries and redirects, so
those are seen too; it is redacted where it is told. What that means for content is announced by
the conversations: planned, skipped, mounted, verified.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

from ocinb.oci.descriptor import Descriptor
from ocinb.oci.digest import Digest
from ocinb.protocol.fields.headers import Headers
from ocinb.protocol.messages import Step


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
class Planned:
    """Which blobs a transfer will see to, each once, told before the first of them moves."""

    blobs: tuple[Descriptor, ...]


@dataclass(frozen=True)
class Skipped:
    """Content was already where it was wanted; nothing was moved."""

    digest: Digest
    size: int


@dataclass(frozen=True)
class LeftOut:
    """The registry does not have a blob, which says that it is to be had elsewhere."""

    digest: Digest
    size: int


@dataclass(frozen=True)
class Mounted:
    """A blob was taken over from another repository of the same registry.

    `source` is its name, and empty where only the registry knows.
    """

    digest: Digest
    size: int
    source: str


@dataclass(frozen=True)
class Written:
    """`done` bytes of a blob have been written to a file on this machine so far."""

    digest: Digest
    done: int


@dataclass(frozen=True)
class Verified:
    """All bytes of a blob arrived and hash to its name."""

    digest: Digest
    size: int


@dataclass(frozen=True)
class Finished:
    """An exchange is over, after `seconds`; `error` says why when it failed, and `stopped` whether
    that is only because somebody asked for it."""

    exchange: int
    seconds: float
    error: str = ""
    stopped: bool = False


Event: TypeAlias = (
    RequestStarted
    | BytesMoved
    | ResponseReceived
    | Retrying
    | Planned
    | Skipped
    | LeftOut
    | Mounted
    | Written
    | Verified
    | Finished
)
Observer: TypeAlias = Callable[[Event], None]


def nobody(event: Event) -> None:
    """The observer of what nobody watches."""
