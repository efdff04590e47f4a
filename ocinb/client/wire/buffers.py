"""Big bodies, read into one reused buffer: no copy, and few large pieces."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ocinb.client.wire.connection import Connection, HungUp

BIG = 256 * 1024  # bytes: from here on a buffer is worth having
BUFFER = 1024 * 1024
_KEPT = 8

_idle: list[bytearray] = []


def buffered(
    connection: Connection, left: int, patience: Callable[[], float]
) -> Iterator[memoryview]:
    """The next `left` bytes of `connection`; each piece is borrowed until the next is taken.

    `patience` tells the seconds to wait for a piece. Raises `OSError` when they do not all come.
    """
    try:
        buffer = _idle.pop()
    except IndexError:
        buffer = bytearray(BUFFER)
    room = memoryview(buffer)
    try:
        while left:
            got = connection.fill(room[: min(left, BUFFER)], patience())
            if not got:
                raise HungUp("the connection was closed")
            left -= got
            yield room[:got]
    finally:
        if len(_idle) < _KEPT:
            _idle.append(buffer)
