"""Asking a server over its socket: with another client than ours, or with the bare bytes."""

from __future__ import annotations

import contextlib
import socket
from http.client import HTTPConnection  # noqa: TID251  # independent of what is tested


def connected(server):
    """A client that keeps its connection."""
    return contextlib.closing(HTTPConnection("127.0.0.1", server.port, 20))


def ask(client, method, url, body=None, **headers):
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    client.request(method, url, body, named, encode_chunked=True)
    response = client.getresponse()
    return response, response.read()


def raw(server, *sent: bytes) -> bytes:
    """Everything the server says to these bytes, until it closes the connection."""
    with socket.create_connection(("127.0.0.1", server.port), 10) as connection:
        connection.sendall(b"".join(sent))
        connection.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: connection.recv(65536), b""))


def head(server, *lines: str) -> bytes:
    return "\r\n".join((*lines, f"Host: {server.host}", "", "")).encode()
