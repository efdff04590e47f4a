"""The fields of tar headers: numbers, text and checksums, read strictly.

POSIX.1-2017, pax, "ustar Interchange Format"; GNU tar's manual, "Basic Tar Format".
"""

from __future__ import annotations

import zlib
from functools import lru_cache

from ocinb.layers.limits import Broken

LARGEST = 2**62  # no number is larger (K-13)
_NUMBERS = "numbers are octal digits, or base-256 below 2 to the 62nd"
_SPACES = sum(b" " * 8)
_KNOWN = 16_384  # fields that are known again: sizes, times and checksums are few


@lru_cache(_KNOWN)
def number(field: bytes) -> int:
    """The number in `field`: octal digits between spaces and NULs, or base-256; nothing is 0."""
    if field[0] & 0x80:
        return _binary(field)
    digits = field.strip(b" \0")
    if not digits:
        return 0
    if not digits.isdigit():  # some programs leave rubbish behind the NUL or space
        digits = field.lstrip(b" ").partition(b"\0")[0].partition(b" ")[0] or b"0"
    if not digits.isdigit() or b"8" in digits or b"9" in digits:
        raise Broken(_NUMBERS, f"{field!r} is no number")
    return int(digits, 8)


def _binary(field: bytes) -> int:
    """Base-256, GNU's and star's way for what does not fit: two's complement, the top bit set."""
    value = int.from_bytes(bytes([field[0] & 0x7F]) + field[1:], "big")
    if field[0] & 0x40:
        value -= 1 << (8 * len(field) - 1)
    if not -LARGEST < value < LARGEST:
        raise Broken(_NUMBERS, f"{field!r} is out of bounds")
    return value


@lru_cache(_KNOWN)
def size(field: bytes) -> int:
    """The size in `field`, which must not be negative."""
    found = number(field)
    if found < 0:
        raise Broken("sizes are not negative", f"this one is {found:,}")
    return found


def text(field: bytes) -> str:
    """What stands in `field` before the first NUL; bytes that are not UTF-8 become surrogates."""
    return field.partition(b"\0")[0].decode("utf-8", "surrogateescape")


def check(block: bytes, stored: bytes) -> bool:
    """Whether the checksum of a header is right: of unsigned bytes, or as some did, of signed.

    The low half of Adler-32 is one more than the sum of the bytes: of ASCII, that cannot overflow.
    """
    try:
        wanted = _sum(stored)
    except Broken:
        return False
    if block.isascii():
        return wanted == (zlib.adler32(block) & 0xFFFF) - 1
    plain = sum(block)
    # Only the other fields are signed bytes: the checksum itself is ASCII, or it was no number.
    high = sum(1 for byte in block if byte > 127)
    return wanted in (plain, plain - 256 * high)


@lru_cache(_KNOWN)
def _sum(stored: bytes) -> int:
    """What the bytes of a header come to, if this is its checksum: that counts itself as spaces."""
    return number(stored) - _SPACES + sum(stored)
