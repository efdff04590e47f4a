"""zstd:chunked: zstd layers whose files are frames of their own, with a table of contents.

containers/storage, pkg/chunked. The table is packed with zstd in a skippable frame near the end of
the layer (RFC 8878, 3.1.2). The manifest names the digest of it as it is packed, and where it is;
a footer, in another such frame, says that, too.
"""

from __future__ import annotations

import re
from struct import Struct

from ocinb.errors import DigestMismatch
from ocinb.layers.lazy.chunks import Fetch
from ocinb.layers.lazy.contents_table import TABLE_LIMIT, Table, refused
from ocinb.layers.lazy.toc import read_toc
from ocinb.layers.limits import Broken, Limits
from ocinb.layers.unpacking.compression import unpacker
from ocinb.oci.digest import Digest

_WHAT = "the table of contents of a zstd:chunked layer"
_POSITION = re.compile(r"(\d{1,19}):(\d{1,19}):(\d{1,19}):(\d{1,3})", re.ASCII)
_SKIPPABLE = b"\x50\x2a\x4d\x18"
_FRAME = 8  # bytes before what is in a skippable frame
_NUMBERS = Struct("<4Q")
_MAGIC = (b"GNUlInUx", b"GnUlInUx")
_FOOTERS = (64, 40)  # bytes: since containers/storage 1.50, and before
_CRFS = 1  # the only type of table there is
_PLACE = "manifest or footer say where in the layer the table is: offset:packed:unpacked:1"


def read_zstd_chunked(
    fetch: Fetch, size: int, digest: Digest, position: str, limits: Limits
) -> Table:
    """The table of contents of a layer of `size` bytes; as it is packed, it hashes to `digest`.

    `position` is what the manifest says of its place; without, the footer is fetched. Raises
    `InvalidContent` for what is no such layer, or a table that goes against a rule or a limit,
    `DigestMismatch` for another table, and `NotSupported` where zstd cannot be unpacked.
    """
    try:
        unpacking = unpacker("zstd", Limits())
        said = _said(position) if position else _footer(fetch(max(size - 72, 0), size))
        start, packed, unpacked = _checked(said, size)
        raw = fetch(start, start + packed)
        actual = Digest.of(raw, digest.algorithm)
        if actual != digest:
            raise DigestMismatch(digest, actual, source=_WHAT)
        found = bytearray()
        for piece in unpacking.feed(raw):
            found += piece
            if len(found) > unpacked:
                break
        if len(found) != unpacked:
            raise Broken(_PLACE, f"it does not unpack to the {unpacked:,} bytes that are said")
    except Broken as error:
        raise refused(error, 0, _WHAT) from None
    return read_toc(bytes(found), _WHAT, start - _FRAME, limits)


def _said(position: str) -> tuple[int, int, int, int]:
    match = _POSITION.fullmatch(position)
    if match is None:
        raise Broken(_PLACE, f"{position[:80]!r} is no such place")
    return int(match[1]), int(match[2]), int(match[3]), int(match[4])


def _footer(end: bytes) -> tuple[int, int, int, int]:
    for length in _FOOTERS:
        frame = end[-length - _FRAME :]
        head = _SKIPPABLE + length.to_bytes(4, "little")
        if frame.startswith(head) and frame.endswith(_MAGIC):
            offset, packed, unpacked, kind = _NUMBERS.unpack_from(frame, _FRAME)
            return offset, packed, unpacked, kind
    raise Broken(_PLACE, "the layer has no such footer")


def _checked(said: tuple[int, int, int, int], size: int) -> tuple[int, int, int]:
    start, packed, unpacked, kind = said
    if kind != _CRFS:
        raise Broken(_PLACE, f"this table is of type {kind}")
    if not (start > _FRAME and packed > 0 and start + packed <= size):
        raise Broken(_PLACE, f"{packed:,} bytes from byte {start:,} on are not within {size:,}")
    if max(packed, unpacked) > TABLE_LIMIT:
        rule = f"a table of contents has at most {TABLE_LIMIT:,} bytes"
        raise Broken(rule, f"this has {max(packed, unpacked):,}")
    return start, packed, unpacked
