"""Big bodies, taken from the socket itself.

httpx copies every byte about five times on its way through h11. Where nothing but the bytes of the
body can follow, they are read into one reused buffer without it, which is three times as fast.
"""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, cast

from ocinb.protocol.messages import Response

if TYPE_CHECKING:
    import httpx

# Below this a kept connection is worth more than what the straight way saves (it closes its own).
STRAIGHT_FROM = 16 * 1024 * 1024
BUFFER = 1024 * 1024


class StraightBody:
    """The rest of a big body; h11 does not know, so the connection is closed afterwards."""

    def __init__(self, answer: httpx.Response, length: int, source: socket.socket) -> None:
        self._answer, self._length, self._socket = answer, length, source

    @classmethod
    def of(
        cls, answer: httpx.Response, head: Response, length: int, patience: float
    ) -> StraightBody | None:
        """The straight way to this body, or None where only httpx knows the way."""
        source = _own_socket(answer)
        coded = "transfer-encoding" in head.headers or "content-encoding" in head.headers
        wanted = head.request is not None and head.request.sink is not None
        if source is None or coded or not wanted or length < STRAIGHT_FROM:
            return None
        if head.status not in (200, 206):
            return None
        source.settimeout(patience)
        return cls(answer, length, source)

    def __iter__(self) -> Iterator[bytes | memoryview]:
        # The first piece is what h11 has read already: all of it. Its iterator is held on to,
        # because dropping it closes the socket.
        stock = iter(cast("httpx.SyncByteStream", self._answer.stream))
        first = next(stock, b"")
        yield first
        left, buffer = self._length - len(first), memoryview(bytearray(BUFFER))
        while left > 0:
            got = self._fill(buffer[: min(left, BUFFER)])
            left -= got
            yield buffer[:got]

    def _fill(self, room: memoryview) -> int:
        """Fill `room`, or as much of it as arrives in a tenth of a second."""
        filled, until = 0, time.monotonic() + 0.1
        while filled < len(room) and (not filled or time.monotonic() < until):
            got = self._socket.recv_into(room[filled:])
            if not got:
                raise ConnectionError("it ended too early")
            filled += got
        return filled


def _own_socket(answer: httpx.Response) -> socket.socket | None:
    """The socket this answer comes from, if what it gives is the answer itself.

    Behind a proxy it may be TLS within TLS (an `SSLObject`): then the socket speaks the outer one.
    """
    stream = answer.extensions.get("network_stream")
    if stream is None or answer.extensions.get("http_version") != b"HTTP/1.1":
        return None
    if isinstance(stream.get_extra_info("ssl_object"), ssl.SSLObject):
        return None
    source = stream.get_extra_info("socket")
    return source if isinstance(source, socket.socket) else None
