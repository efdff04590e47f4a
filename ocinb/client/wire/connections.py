"""Getting a request to a server, or to a registry in this process, and its answer back.

This is what httpx is asked for, and nothing else: its transport is used without its client, whose
cookies, redirects and netrc are what a registry must not be given.
"""

from __future__ import annotations

import functools
import logging
import os
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import cast

import httpx

from ocinb.client.addresses import Origin, proxy_for, split
from ocinb.client.secret import Secret
from ocinb.client.wire import faults
from ocinb.client.wire.headers import announced, as_bytes, from_bytes
from ocinb.client.wire.pools import Place, Pools
from ocinb.errors import InvalidContent, NotSupported
from ocinb.protocol.headers import Headers
from ocinb.protocol.messages import Body, Bytes, Handle, Request

_CONNECTIONS = 32  # per origin


_ours: ContextVar[bool] = ContextVar("ours", default=False)


class _WithoutDetails(logging.Filter):
    """Lets httpcore log what it does for us, but not the headers it met: some are secrets."""

    def filter(self, record: logging.LogRecord) -> bool:
        if _ours.get():
            record.msg, record.args = record.getMessage().partition(" ")[0], ()
        return True


for _name in ("httpcore.http11", "httpcore.proxy"):
    logging.getLogger(_name).addFilter(_WithoutDetails())


@dataclass(frozen=True)
class Timeouts:
    """Seconds to wait: for a connection, for the next bytes, to send some, for a free slot."""

    connect: float = 10.0
    read: float = 30.0
    write: float = 60.0
    pool: float = 10.0


class Connections:
    """The connections of one registry, and to wherever it sends us; see `Transport`."""

    def __init__(
        self,
        *,
        handle: Handle | None,
        own: str,
        ca: str | os.PathLike[str] | None,
        insecure: bool,
    ) -> None:
        self._handle, self._own, self._ca, self._insecure = handle, own, ca, insecure
        self._pools = Pools(self._opened)
        # An error of a registry in this process is its own, and shown as it is.
        self._failures = faults.OF_ASKING if handle is None else ()

    @contextmanager
    def answer(
        self,
        request: Request,
        headers: Headers,
        body: Body,
        *,
        authorization: Secret | None,
        address: str | None,
        timeouts: Timeouts,
    ) -> Iterator[httpx.Response]:
        """The answer to `request`, sent with `headers` and `body`; its own body is still to come.

        Raises `TransferError` when there is none.
        """
        origin = split(request.url)[0]
        with _quietly(), self._pools.borrowed((origin, address)) as pool:
            try:
                answer = pool.handle_request(
                    httpx.Request(
                        request.method,
                        httpx.URL(
                            scheme=origin.scheme,
                            host=address or origin.host,
                            port=origin.port,
                            raw_path=split(request.url)[1].encode(),
                        ),
                        headers=[*as_bytes(headers), *_revealed(authorization)],
                        stream=_Stream(body),
                        extensions={
                            "timeout": asdict(timeouts),
                            "target": self._on_the_line(request, address),
                            "sni_hostname": origin.host,
                        },
                    )
                )
            except self._failures as failure:
                raise faults.fault(failure, request) from None
            try:
                yield answer
            finally:
                answer.close()

    def _on_the_line(self, request: Request, address: str | None) -> bytes:
        """What stands in the request line, byte for byte: httpx would tidy its own (L-5)."""
        origin, target = split(request.url)
        direct = origin.scheme == "https" or address or self._handle
        whole = not direct and proxy_for(origin)
        return f"{origin if whole else ''}{target}".encode()

    def _opened(self, place: Place) -> httpx.BaseTransport:
        if self._handle is not None:
            return InProcess(self._handle)
        origin, address = place
        context = self._context(origin)
        try:
            return httpx.HTTPTransport(
                verify=context,
                trust_env=False,
                http2=False,
                limits=httpx.Limits(
                    max_connections=_CONNECTIONS,
                    max_keepalive_connections=_CONNECTIONS,
                    keepalive_expiry=30.0,
                ),
                proxy=None if address else proxy_for(origin),
            )
        except (ValueError, ImportError, httpx.InvalidURL):
            pass  # the proxy's; it may show the password, so it is left behind
        raise NotSupported(
            f"what {origin.scheme.upper()}_PROXY names is no proxy that can be used",
            hints=["it reads http://host:port, or http://user:password@host:port"],
        )

    def _context(self, origin: Origin) -> ssl.SSLContext:
        if origin.scheme == "http":
            return _no_context()
        insecure = self._insecure and origin.host == self._own
        files = os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR")
        return _context(None if self._ca is None else os.fspath(self._ca), insecure, files)

    def close(self) -> None:
        """Close every connection; closing twice is fine."""
        self._pools.close()


@contextmanager
def _quietly() -> Iterator[None]:
    before = _ours.set(True)
    try:
        yield
    finally:
        _ours.reset(before)


@functools.cache
def _no_context() -> ssl.SSLContext:
    """For plain http, where httpx wants one all the same: it trusts nobody, and costs nothing."""
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


@functools.lru_cache(maxsize=16)
def _context(
    ca: str | None, insecure: bool, files: tuple[str | None, str | None]
) -> ssl.SSLContext:
    """What to trust; made once for all registries, since loading certificates takes a while."""
    if insecure:
        return httpx.create_ssl_context(verify=False)
    context = httpx.create_ssl_context(trust_env=any(files))
    if ca is not None:
        where = {"capath": ca} if Path(ca).is_dir() else {"cafile": ca}
        try:
            context.load_verify_locations(**where)
        except OSError as error:
            raise InvalidContent(f"{ca} holds no certificates to trust: {error}") from None
    return context


def _revealed(authorization: Secret | None) -> list[tuple[bytes, bytes]]:
    """The header with a secret: the only place where it is more than a `Secret`."""
    return as_bytes(Headers({"Authorization": authorization.reveal()})) if authorization else []


class InProcess(httpx.BaseTransport):
    """A registry in this process, for httpx: bodies stream both ways, nothing is buffered."""

    def __init__(self, handle: Handle) -> None:
        self._handle = handle

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Ask the registry; its answer's body is read from it as it is read here."""
        target: bytes = request.extensions.get("target", request.url.raw_path)
        answer = self._handle(
            Request(
                request.method,
                target.decode("ascii"),
                from_bytes(request.headers.raw),
                _Incoming(request),
            )
        )
        headers = answer.headers
        body: Body = Bytes(answer.body) if answer.stream is None else answer.stream
        if body.size is not None and "content-length" not in headers:
            headers = Headers([*headers.pairs(), ("Content-Length", str(body.size))])
        silent = request.method == "HEAD" or answer.status in (204, 304)
        return httpx.Response(
            answer.status,
            headers=as_bytes(headers),
            stream=_Stream(Bytes(b"") if silent else body),
        )


class _Incoming:
    """The body of a request, as the registry in this process reads it."""

    def __init__(self, request: httpx.Request) -> None:
        self.size = announced(from_bytes(request.headers.raw))
        self._stream = cast("httpx.SyncByteStream", request.stream)

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._stream)


class _Stream(httpx.SyncByteStream):
    """A body of ours, as httpx takes it: of a request, or of an answer from this process."""

    def __init__(self, body: Body) -> None:
        self._body = body

    def __iter__(self) -> Iterator[bytes]:
        yield from self._body
