"""The registry as a WSGI application (PEP 3333), for whichever server."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from http import HTTPStatus
from typing import TYPE_CHECKING, Protocol
from urllib.parse import quote

from ocinb.errors import RegistryError, ServerFault, TruncatedBody
from ocinb.oci.media_types import OCTET_STREAM
from ocinb.protocol.fields.headers import Headers, length
from ocinb.protocol.messages import PIECE, Body, Bytes, Handle, Request, Response
from ocinb.registry import refusals
from ocinb.registry.refusals import Hangup, refuse

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

_WITHOUT_CONTENT = (204, 304)
# Content is a stranger's: a browser led to it must not run it, nor guess that it may (K-27).
SECURITY = (
    ("X-Content-Type-Options", "nosniff"),
    ("Content-Security-Policy", "default-src 'none'; sandbox"),
    ("Content-Disposition", "attachment"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
)


class Input(Protocol):
    """The server's `wsgi.input`, as far as it is used."""

    def read(self, size: int, /) -> bytes: ...


class Incoming:
    """A request's body, as it arrives; unlike other bodies it can be read only once."""

    def __init__(self, source: Input, size: int | None) -> None:
        self.size = size
        self._source, self._left = source, size

    def __iter__(self) -> Iterator[bytes]:
        while self._left != 0:
            piece = self._next(PIECE if self._left is None else min(PIECE, self._left))
            if not piece:
                break
            if self._left is not None:
                self._left -= len(piece)
            yield piece
        if self._left:
            raise TruncatedBody(f"the request ended {self._left:,} bytes too early")

    def _next(self, size: int) -> bytes:
        try:
            return self._source.read(size)
        except OSError as error:
            raise TruncatedBody(f"the request stopped coming: {error}") from error


def application(handle: Handle) -> WSGIApplication:
    """`handle` as a WSGI application."""

    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        try:
            response = handle(request_from(environ))
        except RegistryError as error:
            response = refusals.answer(error)
        except Hangup:
            raise
        except OSError as error:  # a full disk, say: for whoever asked, not for our notebook
            why = error.strerror or type(error).__name__
            response = refusals.answer(ServerFault(500, "", f"the registry could not do it: {why}"))
        start_response(_status(response.status), _headers(response))
        return _pieces(response, environ["REQUEST_METHOD"])

    return app


def request_from(environ: WSGIEnvironment) -> Request:
    """The request that `environ` holds; refused when it states an impossible length."""
    body = Incoming(environ["wsgi.input"], _length(environ))
    return Request(environ["REQUEST_METHOD"], _url(environ), _sent_headers(environ), body)


def _url(environ: WSGIEnvironment) -> str:
    """Path and query as they were sent, if the server says; `PATH_INFO` is already decoded."""
    sent: str = environ.get("REQUEST_URI") or environ.get("RAW_URI") or ""
    if sent.startswith("/") and not environ.get("SCRIPT_NAME"):
        return sent
    path = quote(environ.get("PATH_INFO", "").encode("latin-1"), safe="/:+")
    query = environ.get("QUERY_STRING")
    return f"{path}?{query}" if query else path


def _length(environ: WSGIEnvironment) -> int | None:
    """How long the body is; None when only its end will tell (a chunked body)."""
    if environ.get("wsgi.input_terminated"):
        return None
    stated = length(environ.get("CONTENT_LENGTH") or "0")
    if stated is None:
        raise refuse("SIZE_INVALID", "Content-Length must be a number")
    return stated


def _sent_headers(environ: WSGIEnvironment) -> Headers:
    named = {"Content-Type": "CONTENT_TYPE", "Content-Length": "CONTENT_LENGTH"}
    pairs = [(name, environ[key]) for name, key in named.items() if environ.get(key)]
    return Headers([*pairs, *((_name(key), environ[key]) for key in environ if _is_header(key))])


def _is_header(key: str) -> bool:
    return key.startswith("HTTP_")


def _name(key: str) -> str:
    return key.removeprefix("HTTP_").replace("_", "-").title()


def _status(status: int) -> str:
    return f"{status} {HTTPStatus(status).phrase}"


def _headers(response: Response) -> list[tuple[str, str]]:
    headers = [(name, str(value)) for name, value in response.headers.pairs()]
    if response.status not in _WITHOUT_CONTENT and "content-type" not in response.headers:
        headers.append(("Content-Type", OCTET_STREAM))
    size = _body(response).size
    if response.status not in _WITHOUT_CONTENT and "content-length" not in response.headers:
        headers += [("Content-Length", str(size))] if size is not None else []
    return [*headers, *SECURITY]


def _pieces(response: Response, method: str) -> Iterable[bytes]:
    if method == "HEAD" or response.status in _WITHOUT_CONTENT:
        return []
    return _whole(_body(response), length(response.headers.get("content-length", "")))


def _body(response: Response) -> Body:
    return Bytes(response.body) if response.stream is None else response.stream


def _whole(body: Body, stated: int | None) -> Iterator[bytes]:
    """The pieces of `body`; when it turns out shorter than was stated, the connection must end.

    Otherwise the client waited for the rest, or took the next answer for it.
    """
    sent = 0
    for piece in body:
        sent += len(piece)
        yield piece
    if stated is not None and sent < stated:
        raise Hangup
