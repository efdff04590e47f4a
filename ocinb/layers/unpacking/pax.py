"""PAX extended headers: what an entry says of itself beside its header, as records of text.

POSIX.1-2017, pax, "pax Extended Header": each record is `length key=value\\n`, the length counting
all of it.
"""

from __future__ import annotations

import base64
import binascii
import math
import re
from collections.abc import Iterator, Mapping
from urllib.parse import unquote

from ocinb.layers.limits import VALUE, Broken
from ocinb.layers.unpacking.fields import LARGEST

_RECORDS = "PAX records are 'length key=value' lines"
_NUMBERS = "numbers in PAX records are decimal, and not larger than 2 to the 62nd"
_LENGTH = re.compile(rb"([0-9]{1,7}) ")
_MOST = 10_000  # records of one entry
_MAP = b"GNU.sparse.map"  # as long as the file has holes
_XATTR, _LIBARCHIVE = "SCHILY.xattr.", "LIBARCHIVE.xattr."
_READ = frozenset(
    "path linkpath size mtime uid gid uname gname GNU.sparse.name GNU.sparse.realsize "
    "GNU.sparse.size GNU.sparse.major GNU.sparse.map".split()
)


def records(block: bytes) -> Iterator[tuple[str, bytes]]:
    """The key and value of each record; raises `Broken` for what is none, or is too much."""
    at, count = 0, 0
    while at < len(block) and block[at]:  # some programs pad with NULs
        match = _LENGTH.match(block, at)
        end = at + int(match[1]) if match else 0
        if match is None or not match.end() < end <= len(block) or block[end - 1] != 10:
            raise Broken(_RECORDS, f"{block[at : at + 40]!r} is none")
        key, equals, value = block[match.end() : end - 1].partition(b"=")
        count += 1
        if not key or not equals:
            raise Broken(_RECORDS, f"{block[at : at + 40]!r} has no key or no value")
        if count > _MOST:
            raise Broken(f"an entry has at most {_MOST:,} PAX records", "one has more")
        if len(value) > VALUE and key != _MAP:
            raise Broken(f"a PAX value has at most {VALUE:,} bytes", f"{key[:80]!r} has more")
        yield key.decode("utf-8", "surrogateescape"), value
        at = end


def is_read(key: str) -> bool:
    """Whether anything is made of a record with this key."""
    return key in _READ or key.startswith((_XATTR, _LIBARCHIVE))


def integer(value: bytes) -> int:
    """A size, owner or device number."""
    if not value.isdigit() or len(value) > 19 or int(value) >= LARGEST:
        raise Broken(_NUMBERS, f"{value[:40]!r} is no such number")
    return int(value)


def seconds(value: bytes) -> float:
    """A time in seconds since 1970, which may be before that and have a fraction."""
    if re.fullmatch(rb"-?[0-9]{1,19}(\.[0-9]*)?", value):
        found = float(value)
        if math.isfinite(found) and abs(found) < LARGEST:
            return found
    raise Broken(_NUMBERS, f"{value[:40]!r} is no time")


def xattrs(found: Mapping[str, bytes]) -> dict[str, bytes]:
    """The extended attributes among records: as star and GNU tar write them, or as libarchive."""
    said: dict[str, bytes] = {}
    for key, value in found.items():
        if key.startswith(_XATTR):
            said[key.removeprefix(_XATTR)] = value
        elif key.startswith(_LIBARCHIVE):
            said.setdefault(unquote(key.removeprefix(_LIBARCHIVE)), _decoded(value))
    return said


def _decoded(value: bytes) -> bytes:
    try:
        return base64.b64decode(value + b"=" * (-len(value) % 4), validate=True)
    except (binascii.Error, ValueError):
        return value
