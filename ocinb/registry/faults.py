"""Accidents between a client and a registry, on purpose and on schedule.

Lessons are kinds of registries; these are things that happen to any. A fault wraps a registry, a
lesson or another fault: `faults.lose(faults.delay(school, 0.5), When(CLOSE_UPLOAD, first=1))`.

Like lessons they work on `handle`, so that one fault is the same in this process, as a WSGI
application (`wsgi.application(fault.handle)`, under any server) and on our own server, where the
connection is really closed, or reset.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from ocinb.errors import TruncatedBody
from ocinb.protocol.endpoints import Endpoint
from ocinb.protocol.messages import Body, Bytes, Handle, Request, Response
from ocinb.registry.lessons import Lesson, Taught, check_number
from ocinb.registry.refusals import Hangup


class When:
    """Which requests a fault happens to.

    Those to one of `endpoints`, or to any when none is named; of these every `every`-th, until it
    happened to the `first` so many. Each counts for itself, across threads.
    """

    def __init__(self, *endpoints: Endpoint, every: int = 1, first: int | None = None) -> None:
        if not all(isinstance(each, Endpoint) for each in endpoints):
            raise TypeError("When(…) is given endpoints, such as ocinb.protocol.endpoints.GET_BLOB")
        check_number("every", every, 1)
        check_number("first", 0 if first is None else first, 0)
        self.endpoints, self.every, self.first = endpoints, every, first
        self._seen = self._happened = 0
        self._lock = threading.Lock()

    def happens(self, request: Request) -> bool:
        """Whether it happens to this request, which is counted."""
        if self.endpoints and not any(_is_for(request, each) for each in self.endpoints):
            return False
        with self._lock:
            self._seen += 1
            due = self._seen % self.every == 0
            if not due or (self.first is not None and self._happened >= self.first):
                return False
            self._happened += 1
        return True

    def __repr__(self) -> str:
        where = ", ".join(each.id for each in self.endpoints) or "any request"
        often = f", every {self.every}" if self.every > 1 else ""
        until = "" if self.first is None else f", {self.first} times"
        return f"<When {where}{often}{until}>"


def cut(school: Taught, after: int = 0, when: When | None = None, *, reset: bool = False) -> Lesson:
    """The body of the answer ends after so many bytes, and the connection with it."""

    def happen(request: Request, handle: Handle) -> Response:
        return _with_body(handle(request), lambda body: _Cut(body, after, Hangup(reset=reset)))

    return _fault(school, f"breaks off after {after:,} bytes", when, happen)


def hang_up(school: Taught, when: When | None = None, *, reset: bool = False) -> Lesson:
    """The connection ends before the registry hears of the request."""

    def happen(_: Request, __: Handle) -> Response:
        raise Hangup(reset=reset)

    return _fault(school, "hangs up", when, happen)


def lose(school: Taught, when: When | None = None, *, reset: bool = False) -> Lesson:
    """The registry does what was asked, and the answer is lost with the connection."""

    def happen(request: Request, handle: Handle) -> Response:
        handle(request)
        raise Hangup(reset=reset)

    return _fault(school, "loses its answers", when, happen)


def truncate(
    school: Taught, after: int, when: When | None = None, *, reset: bool = False
) -> Lesson:
    """The connection ends after so many bytes of the request's body; the registry got those."""

    def happen(request: Request, handle: Handle) -> Response:
        body = _Cut(request.body, after, TruncatedBody("the client hung up"))
        response = handle(replace(request, body=body))
        if body.broke:
            raise Hangup(reset=reset)
        return response

    return _fault(school, f"takes no more than {after:,} bytes", when, happen)


def delay(
    school: Taught,
    seconds: float,
    when: When | None = None,
    *,
    sleep: Callable[[float], None] = time.sleep,
) -> Lesson:
    """The registry hears of the request only after `seconds`."""
    check_number("seconds", seconds, 0)

    def happen(request: Request, handle: Handle) -> Response:
        sleep(seconds)
        return handle(request)

    return _fault(school, f"is {seconds:g} s late", when, happen)


def flip(school: Taught, at: int = 0, when: When | None = None) -> Lesson:
    """One bit of the byte at position `at` of the answer's body arrives changed."""

    def happen(request: Request, handle: Handle) -> Response:
        return _with_body(handle(request), lambda body: _Flipped(body, at))

    return _fault(school, f"changes byte {at:,}", when, happen)


def fail(
    school: Taught,
    status: int = 503,
    when: When | None = None,
    *,
    retry_after: float | None = None,
) -> Lesson:
    """`status` is answered by something that stands before the registry, which hears nothing."""
    wait = {} if retry_after is None else {"Retry-After": f"{retry_after:g}"}

    def happen(_: Request, __: Handle) -> Response:
        return Response(status, {"Content-Type": "text/plain", **wait}, b"not now\n")

    return _fault(school, f"answers {status}", when, happen)


def _fault(
    school: Taught, rule: str, when: When | None, happen: Callable[[Request, Handle], Response]
) -> Lesson:
    scheduled = when or When()

    def misbehave(request: Request, handle: Handle) -> Response:
        return happen(request, handle) if scheduled.happens(request) else handle(request)

    return Lesson(school, rule if when is None else f"{rule} {when!r}", misbehave)


def _is_for(request: Request, endpoint: Endpoint) -> bool:
    """Whether `request` is to `endpoint`; one that a query tells from others wants that, too."""
    parts = urlsplit(request.url)
    return (
        request.method == endpoint.method
        and endpoint.pattern.fullmatch(parts.path) is not None
        and (not endpoint.query or f"{endpoint.query[0]}=" in parts.query)
    )


def _with_body(response: Response, change: Callable[[Body], Body]) -> Response:
    """`response` with another body, which is said to be as long as its own."""
    body = Bytes(response.body) if response.stream is None else response.stream
    if not body.size:
        return response
    headers = response.headers.having(Content_Length=str(body.size))
    return replace(response, headers=headers, body=b"", stream=change(body))


@dataclass
class _Cut:
    """The first `after` bytes of a body; instead of the next one, `failure` is raised."""

    body: Body
    after: int
    failure: Exception
    broke: bool = False

    @property
    def size(self) -> int | None:
        return self.body.size

    def __iter__(self) -> Iterator[bytes]:
        left = self.after
        for piece in self.body:
            if len(piece) > left:
                self.broke = True
                if left:
                    yield piece[:left]
                raise self.failure
            left -= len(piece)
            yield piece


@dataclass(frozen=True)
class _Flipped:
    """A body with one bit of its byte at position `at` changed."""

    body: Body
    at: int

    @property
    def size(self) -> int | None:
        return self.body.size

    def __iter__(self) -> Iterator[bytes]:
        start = 0
        for piece in self.body:
            here = self.at - start
            start += len(piece)
            inside = 0 <= here < len(piece)
            yield piece[:here] + bytes([piece[here] ^ 1]) + piece[here + 1 :] if inside else piece
