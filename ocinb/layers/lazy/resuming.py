"""Unpacking a part of a layer from a point on."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Any

from ocinb.errors import InvalidContent
from ocinb.layers.lazy.points import Point
from ocinb.layers.limits import Broken, Limits
from ocinb.layers.unpacking.compression import unpacker

_PIECE = 1024 * 1024
_RAW, _GZIP = -15, 31  # how zlib is told to expect bare deflate, or gzip
_FOOTER = 8  # bytes of a gzip member behind its deflate stream (RFC 1952, 2.3.1)


def resumed(compression: str, point: Point, data: bytes, count: int) -> Iterator[bytes]:
    """At most `count` bytes of the archive, from `point` on; `data` begins at `point.begin`.

    Raises `InvalidContent` where it goes against the format. What is missing is just not given.
    """
    for piece in _unpacked(compression, point, data):
        piece = piece[:count]
        count -= len(piece)
        if piece:
            yield piece
        if not count:
            return


def _unpacked(compression: str, point: Point, data: bytes) -> Iterator[bytes]:
    if not compression:
        return iter((data,))
    return _zstd(data) if compression == "zstd" else _gzip(point, data)


def _zstd(data: bytes) -> Iterator[bytes]:
    try:
        yield from unpacker("zstd", Limits()).feed(data)
    except Broken as error:
        raise InvalidContent(error.why) from None


def _gzip(point: Point, data: bytes) -> Iterator[bytes]:
    try:
        if point.held is not None:
            member, footer = point.held.copy(), 0
        else:
            data = _aligned(data, point.bits)
            member, footer = zlib.decompressobj(_RAW, zdict=point.before), _FOOTER
        while data:
            yield from _inflated(member, data)
            data = member.unused_data[footer:] if member.eof else b""
            member, footer = zlib.decompressobj(_GZIP), 0
            data = data.lstrip(b"\0") if data[:1] == b"\0" else data
    except zlib.error as error:
        raise InvalidContent(f"the gzip stream is damaged: {error}") from None


def _inflated(member: Any, data: bytes) -> Iterator[bytes]:
    """What `data` is in one member, or as much of it as belongs to that."""
    while True:
        found = member.decompress(data, _PIECE)
        yield found
        data = member.unconsumed_tail
        if member.eof or (not data and len(found) < _PIECE):
            return


def _aligned(data: bytes, bits: int) -> bytes:
    """`data`, of whose first byte only the last `bits` count, as a stream that begins with a byte.

    zlib cannot be told to begin inside a byte, and bits cannot be shifted, since blocks that are
    stored begin with whole bytes. So empty blocks go before it that end just there.
    """
    if not bits:
        return data
    length, value = _LEADS[8 - bits]
    joined = value | (data[0] >> (8 - bits)) << length
    return joined.to_bytes((length + bits) // 8, "little") + data[1:]


def _lead(count: int) -> tuple[int, int]:
    """Empty blocks of `count` bits and some whole bytes: how many bits these are, and the bits."""
    fields = (*_ODD, *_EVEN * ((count - 5) % 8 // 2)) if count % 2 else _EVEN * (count // 2)
    length = value = 0
    for width, field in fields:
        value |= field << length
        length += width
    return length, value


# Widths and fields, from the lowest bit on (RFC 1951, 3.2.3 to 3.2.7). An empty block with fixed
# codes has 10 bits: header, and the end of the block.
_EVEN = ((1, 0), (2, 1), (7, 0))
# One with codes of its own has 93: header; 257 literals, one distance, 19 code lengths, of which
# those of symbols 18 and 1 are 1; 138 and 118 zeros, a 1 for the end of the block, and for a
# distance; the end of the block.
_ODD = (
    (1, 0), (2, 2), (5, 0), (5, 0), (4, 15), (57, 1 << 6 | 1 << 51),
    (1, 1), (7, 127), (1, 1), (7, 107), (1, 0), (1, 0), (1, 0),
)  # fmt: skip
_LEADS = [_lead(count) for count in range(8)]
