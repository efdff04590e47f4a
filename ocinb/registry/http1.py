"""HTTP/1.1 as the server reads it: cheroot's, made strict where two readers could disagree.

A request whose end is unclear is refused, and its connection closed: what follows on it could be
read as another request (request smuggling, K-29 of the security rules).
"""

from __future__ import annotations

import contextlib
import os
import re
import socket
import struct
import time
from typing import TYPE_CHECKING, Any

from cheroot.server import HeaderReader, HTTPConnection, HTTPRequest

from ocinb.errors import TransferError, TruncatedBody
from ocinb.registry.patience import made_file
from ocinb.registry.refusals import Hangup

if TYPE_CHECKING:
    from typing import BinaryIO

PATIENCE = 1024 * 1024  # unread bytes of a refused request that are read, to keep the connection
_PIECE = 64 * 1024
_FAREWELL = 0.5  # seconds that a refused client gets to stop sending and read why
_LONGEST_LINE = 256
_MOST_HEADERS = 100
_CHUNK_SIZE = re.compile(rb"([0-9A-Fa-f]{1,15})[ \t]*(?:;[^\r\n]*)?\r\n")
_NAME = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE = re.compile(rb"[^\x00-\x08\x0a-\x1f\x7f]*")  # Python's strip() knows more spaces than HTTP
_LENGTH = re.compile(rb"[0-9]{1,18}")
_ONCE = (b"Content-Length", b"Transfer-Encoding", b"Host", b"Content-Range", b"Range")


class Lines(HeaderReader):
    """Header lines, each a token, a colon and a value; `ValueError` is a 400."""

    def __call__(self, rfile: Any, hdict: dict[bytes, bytes] | None = None) -> dict[bytes, bytes]:
        headers = {} if hdict is None else hdict
        for _ in range(_MOST_HEADERS + 1):
            line = rfile.readline()
            if line == b"\r\n":
                return headers
            self._add(headers, line)
        raise ValueError(f"more than {_MOST_HEADERS} headers")

    @staticmethod
    def _add(headers: dict[bytes, bytes], line: bytes) -> None:
        name, colon, value = line.partition(b":")
        if not line.endswith(b"\r\n") or not colon or not _NAME.fullmatch(name):
            raise ValueError("Illegal header line.")
        if b"_" in name:  # WSGI could not tell it from a header with a hyphen
            return
        name, value = name.title(), value[:-2].strip(b" \t")
        if not _VALUE.fullmatch(value):
            raise ValueError("Illegal header value.")
        if name in headers and name in _ONCE:
            raise ValueError(f"{name.decode()} is given twice.")
        headers[name] = b", ".join((headers[name], value)) if name in headers else value


class Chunked:
    """A body that comes in chunks, read as it comes; trailers are refused."""

    def __init__(self, source: BinaryIO) -> None:
        self._source = source
        self._left = 0  # of the chunk that is being read
        self.finished = self.broken = False

    def read(self, size: int) -> bytes:
        """Up to `size` bytes, and nothing once it is over."""
        try:
            if not self._left and not self.finished:
                self._begin_chunk()
            piece = self._source.read(min(size, self._left)) if self._left else b""
            if self._left and not piece:
                raise TruncatedBody("the request ended within a chunk")
            self._left -= len(piece)
            if piece and not self._left:
                self._end_chunk()
            return piece
        except (OSError, TransferError):
            self.broken = True
            raise

    def _begin_chunk(self) -> None:
        match = _CHUNK_SIZE.fullmatch(self._source.readline(_LONGEST_LINE))
        if not match:
            raise TransferError("bad size of a chunk")
        self._left = int(match[1], 16)
        if not self._left:
            self._end_chunk()
            self.finished = True

    def _end_chunk(self) -> None:
        if self._source.readline(_LONGEST_LINE) != b"\r\n":
            raise TransferError("a chunk does not end where it should")


class Known:
    """A body of known length."""

    def __init__(self, source: BinaryIO, size: int) -> None:
        self._source = source
        self.remaining = size  # cheroot's name for it
        self.broken = False

    @property
    def finished(self) -> bool:
        """Whether all of it was read."""
        return not self.remaining

    def read(self, size: int) -> bytes:
        """Up to `size` bytes, and nothing once it is over."""
        try:
            piece = self._source.read(min(size, self.remaining)) if self.remaining else b""
        except OSError:
            self.broken = True
            raise
        self.broken = bool(self.remaining and not piece)
        self.remaining -= len(piece)
        return piece


class StrictRequest(HTTPRequest):
    """A request as cheroot reads it, refused where its length could be read in two ways."""

    header_reader = Lines()

    def parse_request(self) -> None:
        """Read the head of a request, which has its own time, with its body."""
        self.conn.rfile.patient.begin()
        super().parse_request()

    def read_request_headers(self) -> Any:
        """Whether the headers are in order; otherwise the answer was sent."""
        self.close_connection = True  # whatever follows headers we refuse, it is not a request
        if not super().read_request_headers():  # type: ignore[no-untyped-call]
            return False
        lengths = self.inheaders.get(b"Content-Length"), self.inheaders.get(b"Transfer-Encoding")
        problem = _unclear(*lengths, self.response_protocol)
        if problem:
            self.simple_response("400 Bad Request", problem)
            return False
        words = self.inheaders.get(b"Connection", b"").lower()
        self.close_connection = b"close" in words or (
            self.response_protocol != "HTTP/1.1" and b"keep-alive" not in words
        )
        return True

    def respond(self) -> None:
        """Ask the application, and write what it answers."""
        source = self.conn.rfile
        length = int(self.inheaders.get(b"Content-Length", 0))
        self.rfile = Chunked(source) if self.chunked_read else Known(source, length)
        try:
            self.server.gateway(self).respond()
        except Hangup as hangup:
            self.close_connection = True
            self.conn.cut(reset=hangup.reset)
            return
        if self.ready:
            self.ensure_headers_sent()
        if self.chunked_write:
            self.conn.wfile.write(b"0\r\n\r\n")

    def simple_response(self, status: Any, msg: str = "") -> None:
        """Refuse what could not be read as a request."""
        self.conn.unread = True
        super().simple_response(status, msg)

    def send_headers(self) -> None:
        """Write the head of the answer, after deciding whether the connection can be kept."""
        self._skip_unread()
        super().send_headers()

    def _skip_unread(self) -> None:
        """Read a modest rest of the body, so that the next request begins where it should."""
        body: Chunked | Known = self.rfile
        patience = PATIENCE
        with contextlib.suppress(OSError, TransferError):
            while not (body.finished or body.broken) and patience > 0:
                patience -= len(body.read(_PIECE))
        if not body.finished:
            self.close_connection = self.conn.unread = True


class Connection(HTTPConnection):
    """A connection with strict requests on it, that its server can find again."""

    RequestHandlerClass = StrictRequest
    unread = False  # more may have come than was read
    reset = False  # it is to end by force

    def __init__(self, server: Any, sock: Any, *_: Any) -> None:
        super().__init__(server, sock, made_file)
        server.connections.add(self)

    def close(self) -> None:
        """End it; if the other side may still be sending, only after it could read our answer.

        Closing over unread bytes resets the connection, and takes the answer away with it.
        """
        if self.unread:
            with contextlib.suppress(OSError):
                self.socket.shutdown(socket.SHUT_WR)
                self._swallow()
        super().close()
        # cheroot leaves the writer to the garbage collector, and that complains (Python 3.13) of
        # bytes in it that a client who went away never took.
        with contextlib.suppress(OSError):
            self.wfile.close()

    def cut(self, *, reset: bool) -> None:
        """Say nothing more; with `reset`, what was said and did not arrive yet is lost, too."""
        self.unread = False
        self.reset = reset

    def _close_kernel_socket(self) -> None:
        if self.reset:  # no FIN before it: lingering for no time makes closing a reset
            at_once = struct.pack("hh" if os.name == "nt" else "ii", 1, 0)
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, at_once)
        else:
            super()._close_kernel_socket()  # type: ignore[misc]  # the stubs have no private names

    def _swallow(self) -> None:
        deadline = time.monotonic() + _FAREWELL
        self.socket.settimeout(_FAREWELL)
        while time.monotonic() < deadline and self.socket.recv(_PIECE):
            pass


def _unclear(length: bytes | None, coding: bytes | None, protocol: str) -> str:
    """What is unclear about where a body ends; nothing when all is well."""
    if coding is not None and (length is not None or protocol != "HTTP/1.1"):
        return "Content-Length or Transfer-Encoding, not both, and the latter not in HTTP/1.0"
    if coding is not None and coding.strip().lower() != b"chunked":
        return "The only transfer coding known is chunked"
    if length is not None and not _LENGTH.fullmatch(length):
        return "Malformed Content-Length"
    return ""
