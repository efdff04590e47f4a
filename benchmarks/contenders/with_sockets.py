"""The limit: what Python's own sockets can do, with digest verification and files on disk.

with_sockets.py blob HOST PATH DIGEST TARGET [CA [fsync]]
with_sockets.py requests METHOD HOST PREFIX FILE THREADS    (FILE lists digests, one a line)
"""

from __future__ import annotations

import hashlib
import json
import os
import socket
import ssl
import sys
import time
from collections.abc import Callable
from pathlib import Path
from threading import Thread
from typing import Self

BUFFER = 1 << 20
ACCEPT = "application/vnd.oci.image.manifest.v1+json"


class Connection:
    """A connection that is kept, and one request after the other on it."""

    def __init__(self, host: str, ca: str = "") -> None:
        name, _, port = host.partition(":")
        self._host, self._rest = host, b""
        plain = socket.create_connection((name, int(port)))
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket: socket.socket = plain
        if ca:
            trust = ssl.create_default_context(cafile=ca)
            self._socket = trust.wrap_socket(plain, server_hostname=name)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._socket.close()

    def ask(self, method: str, path: str) -> tuple[int, bytes]:
        """Send a request; returns the length of the answer, and what of its body came with it."""
        line = f"{method} {path} HTTP/1.1\r\nHost: {self._host}\r\nAccept: {ACCEPT}\r\n\r\n"
        self._socket.sendall(line.encode())
        answer = b""
        while b"\r\n\r\n" not in answer:
            answer += self._socket.recv(65536)
        head, _, body = answer.partition(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 200"):
            raise SystemExit(f"{path}: {head[:80]!r}")
        fields = head.lower().split(b"content-length: ", 1)[1]
        return int(fields.split(b"\r\n", 1)[0]), body

    def body(self, length: int, first: bytes) -> bytes:
        """A small body, whole."""
        while len(first) < length:
            first += self._socket.recv(length - len(first))
        return first

    def fill(self, room: memoryview) -> int:
        """Fill `room` from the socket, as far as there is something."""
        filled = 0
        while filled < len(room):
            got = self._socket.recv_into(room[filled:])
            if not got:
                break
            filled += got
        return filled


def blob(
    host: str, path: str, digest: str, target: str, ca: str = "", then: str = ""
) -> dict[str, float]:
    """Receive into one buffer, hash it, write it; `then`, wait until it is on the disk."""
    started = time.perf_counter()
    with Connection(host, ca) as connection, open(target, "wb", buffering=0) as file:
        left, first = connection.ask("GET", path)
        hashed, buffer = hashlib.sha256(), memoryview(bytearray(BUFFER))
        piece = memoryview(first)
        while piece or left:
            hashed.update(piece)
            file.write(piece)
            left -= len(piece)
            piece = buffer[: connection.fill(buffer[: min(left, BUFFER)])]
            if left and not piece:
                raise SystemExit("the answer ended too early")
        if then == "fsync":
            os.fsync(file.fileno())
    if f"sha256:{hashed.hexdigest()}" != digest:
        raise SystemExit("that is other content")
    return {"seconds": time.perf_counter() - started}


def requests(method: str, host: str, prefix: str, file: str, threads: str) -> dict[str, float]:
    """Ask for each, over as many connections as there are threads."""
    digests, count = Path(file).read_text().split(), int(threads)
    got: list[str] = []
    started = time.perf_counter()
    shares = [digests[number::count] for number in range(count)]
    workers = [Thread(target=_ask_for, args=(method, host, prefix, share, got)) for share in shares]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return {"seconds": time.perf_counter() - started, "got": len(got)}


def _ask_for(method: str, host: str, prefix: str, digests: list[str], got: list[str]) -> None:
    with Connection(host) as connection:
        for digest in digests:
            length, first = connection.ask(method, prefix + digest)
            content = connection.body(length, first) if method == "GET" else b""
            if method == "GET" and f"sha256:{hashlib.sha256(content).hexdigest()}" != digest:
                raise SystemExit("that is other content")
            got.append(digest)


WAYS: dict[str, Callable[..., dict[str, float]]] = {"blob": blob, "requests": requests}

if __name__ == "__main__":
    print(json.dumps(WAYS[sys.argv[1]](*sys.argv[2:])))
