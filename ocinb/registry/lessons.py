"""Registries that misbehave, each in one way, to see what that looks like from the other side.

A lesson wraps a registry and can be wrapped again: `lessons.slow(lessons.locked(school))`. It is
given to `Repository(…, registry=…)` and served like the registry itself.
"""

from __future__ import annotations

import itertools
import math
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol, TypeAlias

from ocinb.drawable import Drawable
from ocinb.protocol.messages import Body, Bytes, Handle, Request, Response
from ocinb.registry import refusals
from ocinb.registry.refusals import Refusal, refuse
from ocinb.registry.tokens import Tokens
from ocinb.text import visible

if TYPE_CHECKING:
    from ocinb.registry.server import Server


class Taught(Protocol):
    """What a lesson can be about: a registry in this process, or another lesson."""

    @property
    def repositories(self) -> tuple[str, ...]:
        """The names of its repositories."""

    def handle(self, request: Request) -> Response:
        """Answer one request."""


Misbehaviour: TypeAlias = Callable[[Request, Handle], Response]


class Lesson(Drawable):
    """A registry that misbehaves in one way, and otherwise is the one it wraps."""

    def __init__(self, inner: Taught, rule: str, misbehave: Misbehaviour) -> None:
        if not callable(getattr(inner, "handle", None)):
            raise TypeError(
                "what misbehaves is an embedded registry, a lesson or a fault, not "
                f"{type(inner).__name__}"
            )
        self.inner, self.rule, self._misbehave = inner, rule, misbehave

    @property
    def repositories(self) -> tuple[str, ...]:
        """The names of its repositories."""
        return self.inner.repositories

    def handle(self, request: Request) -> Response:
        """Answer one request, or misbehave."""
        try:
            return self._misbehave(request, self.inner.handle)
        except Refusal as refusal:
            return refusals.answer(refusal)

    def serve(self, host: str = "127.0.0.1", port: int = 0, *, exposed: bool = False) -> Server:
        """Let other clients in by HTTP; see `LocalRegistry.serve`."""
        from ocinb.registry.server import Server  # noqa: PLC0415  # a browser tab has no sockets

        return Server(self.handle, host, port, exposed=exposed)

    def __repr__(self) -> str:
        return f"<Lesson: {visible(self.rule, 80)}>"


def check_number(name: str, number: float, least: int) -> None:
    """Raise `TypeError` or `ValueError` unless `number` is one, and no less than `least`."""
    if isinstance(number, bool) or not isinstance(number, (int, float)):
        raise TypeError(f"{name} is a number, not {type(number).__name__}")
    if not least <= number < math.inf:
        raise ValueError(f"{name} is {number}; it is at least {least}")


def locked(
    school: Taught,
    username: str = "student",
    password: str = "secret",  # noqa: S107  # of a classroom: nothing is kept safe by it
    *,
    public: bool = False,
) -> Lesson:
    """Asks for a token, which it gives to whoever knows the password; with `public`, to anybody
    who only wants to pull."""
    rule = "asks for a token, for each repository and action"
    return Lesson(school, rule, Tokens(username, password, public=public).guard)


def slow(
    school: Taught, seconds: float = 0.2, *, sleep: Callable[[float], None] = time.sleep
) -> Lesson:
    """Waits `seconds` before each answer, and before each MiB of a blob."""
    check_number("seconds", seconds, 0)

    def misbehave(request: Request, handle: Handle) -> Response:
        sleep(seconds)
        response = handle(request)
        if response.stream is None:
            return response
        return replace(
            response, stream=_Pieces(response.stream, lambda ps: _paced(ps, seconds, sleep))
        )

    return Lesson(school, f"takes {seconds:g} s for everything", misbehave)


def flaky(school: Taught, every: int = 3, status: int = 503) -> Lesson:
    """Fails with `status` instead of every so-manieth answer; asked again, it is well."""
    check_number("every", every, 1)
    count = itertools.count(1)

    def misbehave(request: Request, handle: Handle) -> Response:
        if next(count) % every == 0:
            return Response(status, {"Content-Type": "text/plain"}, b"try again\n")
        return handle(request)

    return Lesson(school, f"fails with {status} one time in {every}", misbehave)


def limited(
    school: Taught,
    requests: int = 20,
    seconds: float = 60.0,
    *,
    clock: Callable[[], float] = time.monotonic,
) -> Lesson:
    """Answers so many `requests` in so many `seconds`; beyond, 429 and how long to wait."""
    check_number("requests", requests, 1)
    check_number("seconds", seconds, 0)
    asked: deque[float] = deque()
    lock = threading.Lock()

    def misbehave(request: Request, handle: Handle) -> Response:
        with lock:
            now = clock()
            while asked and asked[0] <= now - seconds:
                asked.popleft()
            left = requests - len(asked)
            if left > 0:
                asked.append(now)
        window = f";w={seconds:g}"
        limits = {
            "RateLimit-Limit": f"{requests}{window}",
            "RateLimit-Remaining": f"{left - 1}{window}",
        }
        if left <= 0:
            wait = {"Retry-After": str(math.ceil(asked[0] + seconds - now))}
            raise refuse("TOOMANYREQUESTS", headers=wait)
        return _with(handle(request), limits)

    return Lesson(school, f"answers {requests} requests in {seconds:g} s", misbehave)


def before_1_1(school: Taught) -> Lesson:
    """Knows nothing of referrers, as registries did before distribution-spec 1.1."""

    def misbehave(request: Request, handle: Handle) -> Response:
        if "/referrers/" in request.url:
            return Response(404, {"Content-Type": "text/plain"}, b"404 page not found\n")
        response = handle(request)
        return replace(response, headers=response.headers.having(OCI_Subject=None))

    return Lesson(school, "has no referrers API", misbehave)


def pretending(school: Taught) -> Lesson:
    """Answers what it does not know with 200 and a web page, as if it did: it has neither referrers
    nor a catalog."""

    def misbehave(request: Request, handle: Handle) -> Response:
        path = request.url.partition("?")[0]
        if "/referrers/" in path or path == "/v2/_catalog":
            return Response(200, {"Content-Type": "text/html"}, b"<html>Welcome</html>\n")
        response = handle(request)
        return replace(response, headers=response.headers.having(OCI_Subject=None))

    return Lesson(school, "says yes with a web page to what it does not know", misbehave)


def by_digest_only(school: Taught) -> Lesson:
    """Deletes manifests by their digest only, as old registries do: with a manifest go all its
    tags."""

    def misbehave(request: Request, handle: Handle) -> Response:
        _, there, reference = request.url.partition("/manifests/")
        if request.method == "DELETE" and there and ":" not in reference:
            raise refuse("DIGEST_INVALID", "provided digest did not match")
        return handle(request)

    return Lesson(school, "deletes by digest only", misbehave)


def paged(school: Taught, size: int = 2) -> Lesson:
    """Lists tags `size` at a time, whether that was asked for or not."""
    check_number("size", size, 1)

    def misbehave(request: Request, handle: Handle) -> Response:
        path, _, query = request.url.partition("?")
        if path.endswith("/tags/list"):
            kept = [pair for pair in query.split("&") if pair and not pair.startswith("n=")]
            request = replace(request, url=f"{path}?{'&'.join([f'n={size}', *kept])}")
        return handle(request)

    return Lesson(school, f"lists tags {size} at a time", misbehave)


def lying(school: Taught) -> Lesson:
    """Sends other bytes than the digest says: the last of each manifest and blob is changed."""

    def misbehave(request: Request, handle: Handle) -> Response:
        response = handle(request)
        if request.method != "GET" or response.status != 200 or not _is_content(request):
            return response
        if response.stream is not None:
            return replace(response, stream=_Pieces(response.stream, _changed))
        return replace(response, body=b"".join(_changed([response.body])))

    return Lesson(school, "changes the last byte of what it sends", misbehave)


def cut_short(school: Taught, times: int = 1) -> Lesson:
    """Breaks off in the middle of a blob, the first so-many `times`."""
    left = itertools.count(times, -1)

    def misbehave(request: Request, handle: Handle) -> Response:
        response = handle(request)
        wanted = request.method == "GET" and "/blobs/" in request.url and response.status == 200
        if not wanted or next(left) <= 0:
            return response
        whole = response.stream or Bytes(response.body)
        length = response.headers.having(Content_Length=str(whole.size))
        half = (whole.size or 0) // 2
        return replace(
            response, headers=length, body=b"", stream=_Pieces(whole, lambda ps: _first(ps, half))
        )

    return Lesson(school, "breaks off in the middle of a blob", misbehave)


@dataclass(frozen=True)
class _Pieces:
    """A body whose pieces are changed on their way; it says the size it should have."""

    body: Body
    change: Callable[[Iterable[bytes]], Iterator[bytes]]

    @property
    def size(self) -> int | None:
        return self.body.size

    def __iter__(self) -> Iterator[bytes]:
        return self.change(self.body)


def _paced(
    pieces: Iterable[bytes], seconds: float, sleep: Callable[[float], None]
) -> Iterator[bytes]:
    for piece in pieces:
        sleep(seconds * len(piece) / (1024 * 1024))
        yield piece


def _changed(pieces: Iterable[bytes]) -> Iterator[bytes]:
    last = b""
    for piece in pieces:
        if last:
            yield last
        last = piece
    yield last[:-1] + bytes([last[-1] ^ 1]) if last else b""


def _first(pieces: Iterable[bytes], count: int) -> Iterator[bytes]:
    for piece in pieces:
        yield piece[:count]
        count -= len(piece)
        if count <= 0:
            return


def _is_content(request: Request) -> bool:
    return "/blobs/sha" in request.url or "/manifests/" in request.url


def _with(response: Response, headers: dict[str, str]) -> Response:
    return replace(
        response, headers=type(response.headers)([*response.headers.pairs(), *headers.items()])
    )
