"""RPM's own database, `Packages.db`: slots that say where blobs are, each with a head and a tail.

rpm's sources, lib/backend/ndb/rpmpkg.c. Numbers are little endian; places are counted in blocks.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator

from ocinb.layers.limits import Broken

MAGIC = b"RpmP"
_PAGE, _SLOT, _BLOCK = 4_096, 16, 16  # bytes
_FIRST_SLOT = 32  # the header stands where the first two would
_HEADER, _PLACE = struct.Struct("<4s4I"), struct.Struct("<4s3I")
_HEAD, _TAIL = struct.Struct("<4s3I"), struct.Struct("<2I4s")
_RULE = "a database of rpm has slots, and in each slot the place of a sound blob"


def blobs(raw: bytes) -> Iterator[bytes]:
    """The headers in the database; raises `Broken` where it is none or is damaged."""
    if len(raw) < _PAGE:
        raise Broken(_RULE, f"this has {len(raw):,} bytes")
    magic, version, _, pages, _ = _HEADER.unpack_from(raw)
    if magic != MAGIC or version != 0 or pages * _PAGE > len(raw):
        raise Broken(_RULE, "its beginning is another")
    left = len(raw)  # no blob is there twice
    for start in range(_FIRST_SLOT, pages * _PAGE, _SLOT):
        slot, number, place, blocks = _PLACE.unpack_from(raw, start)
        if slot != b"Slot":
            raise Broken(_RULE, f"what stands at byte {start:,} is no slot")
        if place:
            left -= blocks * _BLOCK
            if left < 0:
                raise Broken(_RULE, "its blobs hold more than the whole of it")
            yield _blob(raw, number, place * _BLOCK, blocks * _BLOCK)


def _blob(raw: bytes, number: int, start: int, length: int) -> bytes:
    """One of them, if head, checksum and tail agree with its slot."""
    stop = start + length
    tail = stop - _TAIL.size
    if stop > len(raw) or length < _HEAD.size + _TAIL.size:
        raise Broken(_RULE, f"package {number} would end at byte {stop:,}")
    head, named, _, size = _HEAD.unpack_from(raw, start)
    checksum, again, end = _TAIL.unpack_from(raw, tail)
    whole = -(-(_HEAD.size + size + _TAIL.size) // _BLOCK) * _BLOCK
    if (head, named, again, end, whole) != (b"BlbS", number, size, b"BlbE", length):
        raise Broken(_RULE, f"package {number} is not at byte {start:,}")
    view = memoryview(raw)
    if zlib.adler32(view[start:tail]) != checksum:
        raise Broken(_RULE, f"the checksum of package {number} is another")
    return bytes(view[start + _HEAD.size : start + _HEAD.size + size])
