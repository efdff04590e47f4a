"""A request, a response, and a conversation made of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Protocol, TypeAlias, TypeVar, cast, runtime_checkable

from ocinb.drawable import Drawable
from ocinb.errors import (
    AuthenticationError,
    Denied,
    InvalidContent,
    NotFound,
    RateLimited,
    RegistryError,
    ServerFault,
    TransferError,
    UnexpectedAnswer,
)
from ocinb.oci import strict_json
from ocinb.protocol.fields.encoding import Undecodable, coding, decoded
from ocinb.protocol.fields.headers import Headers
from ocinb.protocol.fields.waiting import retry_after
from ocinb.text import redacted_url, visible

if TYPE_CHECKING:
    from ocinb.protocol.endpoints import Endpoint
    from ocinb.protocol.uploads.session import UploadSession

BODY_LIMIT = 4 * 1024 * 1024  # bytes of a wanted answer that are kept in memory
ERROR_BODY_LIMIT = 64 * 1024  # bytes of a refusal that are read at all
PIECE = 256 * 1024  # bytes sent at a time


@runtime_checkable
class Body(Protocol):
    """What a request carries when it is more than a few bytes: sized, and readable again.

    A retry, or an answer to a late challenge, iterates it once more from the start.
    """

    @property
    def size(self) -> int | None:
        """Bytes in all; None when only reading it will tell (never for what we send)."""

    def __iter__(self) -> Iterator[bytes]: ...


class Sink(Protocol):
    """Where the body of a wanted answer goes, piece by piece, instead of into memory."""

    def restart(self) -> None:
        """Forget what was written: the body begins again from its first byte."""

    def write(self, piece: bytes | memoryview) -> object:
        """Take the next piece, which is only borrowed: copy what must be kept.

        May raise `Enough`: then no more of this body is read.
        """


@runtime_checkable
class Discerning(Sink, Protocol):
    """A sink that sees the head of an answer before it takes a byte of the body.

    Whoever asks with one goes on where a body breaks off, so the request is not just repeated.
    """

    def accepts(self, head: Response) -> bool:
        """Whether it wants the body, and stands where that goes on or begins.

        It is asked in place of being told to `restart`.
        """


class Enough(Exception):
    """Raised by a sink that needs no more of a body: the answer counts as heard."""


@dataclass(frozen=True)
class Bytes:
    """A small body, held in memory."""

    content: bytes

    @property
    def size(self) -> int:
        """Bytes in all."""
        return len(self.content)

    def __iter__(self) -> Iterator[bytes]:
        for start in range(0, len(self.content), PIECE):
            yield self.content[start : start + PIECE]

    def __repr__(self) -> str:
        return f"<Bytes {self.size:,}>"


@dataclass(frozen=True)
class Request(Drawable):
    """One HTTP request.

    `url` is a path on the registry, or absolute where the registry itself gave one (`Location`,
    `Link`). The body of a 2xx answer goes to `sink` when there is one; otherwise up to `limit`
    bytes of it are kept in memory.
    """

    method: str
    url: str
    headers: Headers = field(default_factory=Headers)
    body: Body = Bytes(b"")
    sink: Sink | None = field(default=None, repr=False, compare=False)
    limit: int = BODY_LIMIT

    def __post_init__(self) -> None:
        headers, body = cast("object", self.headers), cast("object", self.body)
        if not isinstance(headers, Headers):
            object.__setattr__(self, "headers", Headers(cast("Mapping[str, str]", headers)))
        if isinstance(body, bytes):
            object.__setattr__(self, "body", Bytes(body))

    def __repr__(self) -> str:
        return f"<Request {visible(self.method, 32)} {redacted_url(self.url)}>"

    if TYPE_CHECKING:  # what the two conversions above accept

        def __init__(
            self,
            method: str,
            url: str,
            headers: Mapping[str, str] | Headers = ...,
            body: Body | bytes = ...,
            sink: Sink | None = ...,
            limit: int = ...,
        ) -> None: ...


@dataclass(frozen=True)
class Response(Drawable):
    """One HTTP answer.

    `body` holds what was kept in memory. `stream` is set only by the registry's side, for content
    that is read as it is sent. `request` is what was asked, as far as it is known.
    """

    status: int
    headers: Headers = field(default_factory=Headers)
    body: bytes = field(default=b"", repr=False)
    stream: Body | None = field(default=None, repr=False, compare=False)
    request: Request | None = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        headers = cast("object", self.headers)
        if not isinstance(headers, Headers):
            object.__setattr__(self, "headers", Headers(cast("Mapping[str, str]", headers)))

    if TYPE_CHECKING:

        def __init__(
            self,
            status: int,
            headers: Mapping[str, str] | Headers | Iterable[tuple[str, str]] = ...,
            body: bytes = ...,
            stream: Body | None = ...,
            request: Request | None = ...,
        ) -> None: ...

    def __repr__(self) -> str:
        kind = f" {visible(self.media_type(), 80)}" if self.media_type() else ""
        return f"<Response {self.status}{kind} {len(self.body):,} bytes>"

    def expect(self, *statuses: int) -> Response:
        """Self when its status is one of `statuses`; otherwise the refusal is raised."""
        if self.status in statuses:
            return self
        raise self.refusal()

    def refusal(self) -> RegistryError:
        """The error this answer stands for, in the registry's own words."""
        code, message = self._said()
        method, url = self.asked
        wait = retry_after(self.headers, time.time())  # which counts where it has no `Date`
        kind = _KINDS.get(self.status)
        if kind is None:
            kind = ServerFault if self.status >= 500 else RegistryError
            kind = UnexpectedAnswer if self.status < 400 else kind
        return kind(self.status, code, message, retry_after=wait, method=method, url=url)

    def media_type(self) -> str:
        """The `Content-Type` without its parameters, lower-case; empty when there is none."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    def is_web_page(self) -> bool:
        """Whether it is for people to read: then whatever answers is no registry (D-10)."""
        return self.media_type() in ("text/html", "application/xhtml+xml")

    @property
    def asked(self) -> tuple[str, str]:
        """Method and URL of what was asked; empty as far as that is not known."""
        return (self.request.method, self.request.url) if self.request else ("", "")

    def _said(self) -> tuple[str, str]:
        """The first of the registry's errors; else the beginning of whatever it sent."""
        body = self.body
        with suppress(Undecodable):
            body = decoded(body, coding(self.headers), ERROR_BODY_LIMIT)
        try:
            document = strict_json.parse(body, "the error body", ERROR_BODY_LIMIT)
            first = document["errors"][0]
            return str(first.get("code", "")), str(first.get("message", "") or "")
        except (InvalidContent, LookupError, TypeError, AttributeError):
            return "", visible(body[:80].decode("utf-8", "replace").strip(), 80)

    def unexpected(self, why: str) -> UnexpectedAnswer:
        """The error for an answer whose status is fine and whose content is not."""
        method, url = self.asked
        return UnexpectedAnswer(self.status, "", why, method=method, url=url)


_KINDS: dict[int, type[RegistryError]] = {
    401: AuthenticationError,
    403: Denied,
    404: NotFound,
    429: RateLimited,
}


@dataclass(frozen=True)
class Failure:
    """What went wrong before a step, how many times in a row; who sends it waits a while first."""

    error: TransferError
    attempt: int

    @property
    def reason(self) -> str:
        """Why it is tried again."""
        return self.error.reason


@dataclass(frozen=True)
class Step(Drawable):
    """One request, what it is for, and where the spec speaks of it.

    With `recovers`, the conversation goes on when no whole answer arrives: it is thrown the
    `TransferError` and asks what became of the request. With `probes`, it goes on whatever comes
    of it: it is thrown any `RegistryError` of the sending, too, such as that no token can be had.
    `session` is the upload that is open while this step waits: who gives up here has one to cancel,
    or to go on with later. `after` is what failed before it, if it is another try. `sent_by` sends
    it in place of who carries the conversation on: it is a question to another registry.
    """

    title: str
    request: Request
    endpoint: Endpoint
    why: str = ""
    recovers: bool = False
    session: UploadSession | None = field(default=None, repr=False)
    probes: bool = False
    after: Failure | None = field(default=None, repr=False)
    sent_by: Send | None = field(default=None, repr=False, compare=False)

    def __repr__(self) -> str:
        return f"<Step {self.endpoint.id} {visible(self.title, 80)}>"


@dataclass(frozen=True)
class Exchange(Drawable):
    """A step, the answer it got, how long that took (seconds), and what was predicted."""

    step: Step
    response: Response
    seconds: float = 0.0
    expected: int | None = None

    @property
    def as_expected(self) -> bool | None:
        """Whether the status was the one predicted; None when nobody predicted."""
        return None if self.expected is None else self.expected == self.response.status

    def __repr__(self) -> str:
        title = visible(self.step.title, 80)
        return f"<Exchange {self.step.endpoint.id} {title} → {self.response.status}>"


T = TypeVar("T")
Conversation: TypeAlias = Generator[Step, Response, T]
Send: TypeAlias = Callable[[Step], Response]
Handle: TypeAlias = Callable[[Request], Response]


def received(request: Request, response: Response) -> Response:
    """`response` with its stream read as `request` asked: into the sink, or bounded into memory.

    Raises `UnexpectedAnswer` when there is more than `request.limit` bytes to keep.
    """
    stream = response.stream
    pieces: Iterable[bytes] = Bytes(response.body) if stream is None else stream
    head = Response(response.status, response.headers, request=request)
    if request.method == "HEAD":
        return head
    if request.sink is not None and 200 <= response.status < 300:
        _pour(pieces, request.sink, head)
        return head
    return replace(head, body=_bounded(request, head, pieces))


def _pour(pieces: Iterable[bytes], sink: Sink, head: Response) -> None:
    if not isinstance(sink, Discerning):
        sink.restart()
    elif not sink.accepts(head):
        return
    with suppress(Enough):
        for piece in pieces:
            sink.write(piece)


def _bounded(request: Request, response: Response, pieces: Iterable[bytes]) -> bytes:
    wanted = 200 <= response.status < 300
    limit = request.limit if wanted else ERROR_BODY_LIMIT
    kept = bytearray()
    for piece in pieces:
        kept += piece
        if len(kept) > limit and wanted:
            raise response.unexpected(f"the answer is longer than {limit:,} bytes")
        if len(kept) > limit:
            break
    return bytes(kept[:limit])


def answered_by(handle: Handle) -> Send:
    """A `Send` that asks something in this process: an embedded registry, a script."""

    def send(step: Step) -> Response:
        return received(step.request, handle(step.request))

    return send
