"""A server on a socket that says exactly what a test tells it to, byte for byte.

Each request takes the next answer of the script; when the script is over, its last answer is
repeated. Faults that no HTTP library would produce are parts of an answer, too.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
import tempfile
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self, TypeAlias


@dataclass(frozen=True)
class Pause:
    """Say nothing for a while."""

    seconds: float


@dataclass(frozen=True)
class Close:
    """End the connection, politely."""


@dataclass(frozen=True)
class Reset:
    """Break the connection: the other side sees ECONNRESET."""


Part: TypeAlias = bytes | Pause | Close | Reset
Answer: TypeAlias = Sequence[Part] | bytes


def answer(status: int, body: bytes = b"", *headers: str, length: int | None = None) -> bytes:
    """One whole HTTP answer; `length` lies about the body's."""
    lines = [f"HTTP/1.1 {status} Whatever", *headers]
    lines.append(f"Content-Length: {len(body) if length is None else length}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


@dataclass(frozen=True)
class Heard:
    """A request as it arrived."""

    connection: int
    line: str
    headers: dict[str, str]
    body: bytes


class ScriptedServer:
    """Listens on loopback while its `with` block lasts; `requests` is what it heard."""

    def __init__(self, *script: Answer, tls: bool = False, host: str = "127.0.0.1") -> None:
        self._script, self._tls, self.host = list(script), tls, host
        self.requests: list[Heard] = []
        self._lock = threading.Lock()
        self._connections: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._over = threading.Event()

    def __enter__(self) -> Self:
        self._listener = socket.create_server((self.host, 0))
        self.port = self._listener.getsockname()[1]
        self.url = f"{'https' if self._tls else 'http'}://{self.host}:{self.port}"
        self._start(self._accept)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over.set()
        _hang_up(self._listener)
        for connection in self._connections:
            _hang_up(connection)
        for thread in self._threads:
            thread.join(5)

    def _start(self, target, *arguments: object) -> None:
        thread = threading.Thread(target=target, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self._connections.append(connection)
            self._start(self._serve, connection, len(self._connections))

    def _serve(self, connection: socket.socket, number: int) -> None:
        try:
            if self._tls:
                connection = tls_context().wrap_socket(connection, server_side=True)
                self._connections.append(connection)
            with connection:
                while self._exchange(connection, number):
                    pass
        except OSError:
            pass  # the client went away, which some tests are about

    def _exchange(self, connection: socket.socket, number: int) -> bool:
        """Hear one request and answer it; whether there may be another."""
        heard = _read(connection, number)
        if heard is None:
            return False
        with self._lock:
            self.requests.append(heard)
            says = self._script[0] if len(self._script) == 1 else self._script.pop(0)
        return all(
            self._play(connection, part) for part in ([says] if isinstance(says, bytes) else says)
        )

    def _play(self, connection: socket.socket, part: Part) -> bool:
        match part:
            case bytes():
                connection.sendall(part)
            case Pause(seconds):
                self._over.wait(seconds)  # nobody waits for what comes after the test
            case Reset():
                linger = struct.pack("ii", 1, 0)
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                connection.close()
                return False
            case Close():
                return False
        return True


def _read(connection: socket.socket, number: int) -> Heard | None:
    received = b""
    while b"\r\n\r\n" not in received:
        piece = connection.recv(65_536)
        if not piece:
            return None
        received += piece
    head, _, body = received.partition(b"\r\n\r\n")
    line, *fields = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (f.partition(":") for f in fields)}
    body = _read_body(connection, body, headers)
    return Heard(number, line, headers, body)


def _read_body(connection: socket.socket, body: bytes, headers: dict[str, str]) -> bytes:
    chunked = headers.get("transfer-encoding") == "chunked"
    while (
        not body.endswith(b"0\r\n\r\n")
        if chunked
        else len(body) < int(headers.get("content-length", "0"))
    ):
        piece = connection.recv(65_536)
        if not piece:
            break
        body += piece
    return body


def _hang_up(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
    connection.close()


def tls_context() -> ssl.SSLContext:
    """What the server shows: a certificate nobody trusts."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "both.pem"
        file.write_text(CERTIFICATE)
        context.load_cert_chain(file)
    return context


# Self-signed for localhost and 127.0.0.1 until 2120, with its key: made for these tests alone.
CERTIFICATE = """\
-----BEGIN CERTIFICATE-----
MIIBejCCASGgAwIBAgIBATAKBggqhkjOPQQDAjAWMRQwEgYDVQQDDAtvY2luYiB0
ZXN0czAgFw0yMDAxMDEwMDAwMDBaGA8yMTIwMDEwMTAwMDAwMFowFjEUMBIGA1UE
AwwLb2NpbmIgdGVzdHMwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAATBge1gqR5t
4pkwSKIe0HotvsFgAP0rZtzSg/Q2ggiaGWU1xZeroBMt8L6bjIKfL1sB7nLzCqDc
2VNFQz5KMITfo14wXDAaBgNVHREEEzARgglsb2NhbGhvc3SHBH8AAAEwDwYDVR0T
AQH/BAUwAwEB/zAOBgNVHQ8BAf8EBAMCAoQwHQYDVR0OBBYEFD71Hkg9OQ9BhIPz
iDdtcFipaQ1BMAoGCCqGSM49BAMCA0cAMEQCIBtc+RkYwnc4GZFt7MJz0hQHTTPE
dD9RUM9q6cM4MkThAiA5mdTpIeoGRfG1MtMUz6eK8W/2q8eAoOEbhpQiKUGARw==
-----END CERTIFICATE-----
-----BEGIN EC PRIVATE KEY-----
MHcCAQEEIBwopsORNO8ewrQlDqediUpVHMc+zdC4UFuhU2XOQ8nJoAoGCCqGSM49
AwEHoUQDQgAEwYHtYKkebeKZMEiiHtB6Lb7BYAD9K2bc0oP0NoIImhllNcWXq6AT
LfC+m4yCny9bAe5y8wqg3NlTRUM+SjCE3w==
-----END EC PRIVATE KEY-----
"""
