"""eStargz: gzip layers whose files are members of their own, with a table of contents at the end.

containerd/stargz-snapshotter, docs/estargz.md. The last 51 bytes of a layer are an empty gzip
member whose extra field says where the table is: a tar entry in a gzip member. The manifest names
the digest of the JSON in it.
"""

from __future__ import annotations

import re

from ocinb.errors import DigestMismatch
from ocinb.layers.lazy.chunks import Fetch
from ocinb.layers.lazy.contents_table import TABLE_LIMIT, Table, refused
from ocinb.layers.lazy.toc import read_toc
from ocinb.layers.limits import Broken, Limits
from ocinb.layers.unpacking import fields
from ocinb.layers.unpacking.compression import unpacker
from ocinb.layers.unpacking.recording import BLOCK, HEADER
from ocinb.oci.digest import Digest

FOOTER = 51
_WHAT = "the table of contents of an eStargz layer"
_FOOTER = re.compile(
    rb"\x1f\x8b\x08\x04.{4}..\x1a\x00SG\x16\x00([0-9a-fA-F]{16})STARGZ\x01\x00\x00\xff\xff\x00{8}",
    re.DOTALL,
)
_NAME = b"stargz.index.json"
_AT_END = "an eStargz layer ends with a footer that says where in it its table of contents is"
_ENTRY = f"the table of contents is a tar entry, {_NAME.decode()}"


def read_estargz(fetch: Fetch, size: int, digest: Digest, limits: Limits) -> Table:
    """The table of contents of a layer of `size` bytes; `digest` is what its JSON must hash to.

    Two parts are fetched. Raises `InvalidContent` for what is no such layer, or a table that goes
    against a rule or a limit, and `DigestMismatch` for another table.
    """
    try:
        start = _place(fetch(size - FOOTER, size) if size > FOOTER else b"", size)
        raw = _json(fetch(start, size - FOOTER))
    except Broken as error:
        raise refused(error, 0, _WHAT) from None
    actual = Digest.of(raw, digest.algorithm)
    if actual != digest:
        raise DigestMismatch(digest, actual, source=_WHAT)
    return read_toc(raw, _WHAT, start, limits)


def _place(footer: bytes, size: int) -> int:
    """The first byte of the table."""
    match = _FOOTER.fullmatch(footer)
    if match is None:
        raise Broken(_AT_END, "this one has no such footer")
    start = int(match[1], 16)
    if not 0 < start < size - FOOTER:
        raise Broken(_AT_END, f"this one points to byte {start:,} of {size:,}")
    if size - FOOTER - start > TABLE_LIMIT:
        packed = size - FOOTER - start
        raise Broken(f"a table of contents has at most {TABLE_LIMIT:,} bytes", f"{packed:,} here")
    return start


def _json(packed: bytes) -> bytes:
    """The table's JSON; no more of it is unpacked than a table may have."""
    found = bytearray()
    for piece in unpacker("gzip", Limits()).feed(packed):
        found += piece
        if len(found) > TABLE_LIMIT:
            rule = f"a table of contents has at most {TABLE_LIMIT:,} bytes"
            raise Broken(rule, "it unpacks to more")
    header = HEADER.unpack(found[:BLOCK]) if len(found) >= BLOCK else None
    if header is None or not fields.check(bytes(found[:BLOCK]), header[4]):
        raise Broken(_ENTRY, "there is none")
    if header[0].partition(b"\0")[0] != _NAME:
        raise Broken(_ENTRY, f"this is {fields.text(header[0])!r}")
    size = fields.size(header[2])
    if BLOCK + size > len(found):
        raise Broken(_ENTRY, f"it is cut off before its {size:,} bytes have come")
    return bytes(found[BLOCK : BLOCK + size])
