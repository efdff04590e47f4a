"""RPM's database until 2020: a hash of Berkeley DB, whose values are on chains of pages.

Berkeley DB's sources, src/dbinc/db_page.h. Numbers are in the order of bytes of the machine that
wrote it, which its magic number shows.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from ocinb.layers.limits import Broken

MAGIC = 0x00061561
MAGIC_AT = slice(12, 16)
_HASH_PAGES = (2, 13)  # unsorted and sorted
_OVERFLOW_PAGE = 7
_HERE, _ELSEWHERE = 1, 3  # the value stands on the page, or on a chain of others
_HEAD = 26  # bytes before what a page holds
_SIZES = tuple(512 << power for power in range(8))
_NO_HEADER = 16  # bytes: a value this short is rpm's counter, not a header
_RULE = "a database of rpm is a hash of Berkeley DB with sound pages"


def is_one(raw: bytes) -> bool:
    """Whether it begins as a hash of Berkeley DB does, in either order of bytes."""
    return raw[MAGIC_AT] in (MAGIC.to_bytes(4, "little"), MAGIC.to_bytes(4, "big"))


def blobs(raw: bytes) -> Iterator[bytes]:
    """The headers in the database; raises `Broken` where it is none or is damaged."""
    if len(raw) < 512 or not is_one(raw):
        raise Broken(_RULE, "its beginning is another")
    pages = _Pages(raw)
    for number in range(1, pages.count):
        if pages.kind(number) in _HASH_PAGES:
            yield from pages.values(number)


class _Pages:
    """A database by pages, each of which is used once."""

    def __init__(self, raw: bytes) -> None:
        self._raw = raw
        self._order = "<" if raw[MAGIC_AT] == MAGIC.to_bytes(4, "little") else ">"
        version, self._size = self._numbers("II", 16)
        (encrypted,) = raw[24:25]
        if self._size not in _SIZES or not 5 <= version <= 10 or encrypted:
            raise Broken(_RULE, f"version {version} with pages of {self._size:,} bytes is none")
        self.count = len(raw) // self._size
        self._used: set[int] = set()

    def kind(self, number: int) -> int:
        """What a page is for."""
        return self._raw[number * self._size + 25]

    def values(self, number: int) -> Iterator[bytes]:
        """The values on a page of the hash: every second item of it is one, the others are keys."""
        start = number * self._size
        (items,) = self._numbers("H", start + 20)
        if items % 2 or _HEAD + 2 * items > self._size:
            raise Broken(_RULE, f"page {number:,} cannot have {items:,} items")
        places = self._numbers(f"{items}H", start + _HEAD)
        last = self._size
        for key, place in zip(places[::2], places[1::2], strict=True):
            if not _HEAD + 2 * items <= place < key < last:
                raise Broken(_RULE, f"the items of page {number:,} overlap")
            value, last = self._value(start + place, start + key), place
            if len(value) > _NO_HEADER:
                yield value

    def _value(self, start: int, stop: int) -> bytes:
        kind = self._raw[start]
        if kind == _HERE:
            return self._raw[start + 1 : stop]
        if kind != _ELSEWHERE or stop - start != 12:
            raise Broken(_RULE, f"what stands at byte {start:,} is no value")
        first, length = self._numbers("II", start + 4)
        return self._chain(first, length)

    def _chain(self, number: int, length: int) -> bytes:
        """A value of `length` bytes from a chain of pages, of which this is the first."""
        found: list[bytes] = []
        while length > 0:
            if not 0 < number < self.count or number in self._used:
                raise Broken(_RULE, f"a value goes on at page {number:,}, which cannot be")
            self._used.add(number)
            start = number * self._size
            (here,) = self._numbers("H", start + 22)
            if self.kind(number) != _OVERFLOW_PAGE or not 0 < here <= self._size - _HEAD:
                raise Broken(_RULE, f"page {number:,} holds no part of a value")
            found.append(self._raw[start + _HEAD : start + _HEAD + min(here, length)])
            length -= here
            (number,) = self._numbers("I", start + 16)
        return b"".join(found)

    def _numbers(self, form: str, at: int) -> tuple[int, ...]:
        return struct.unpack_from(f"{self._order}{form}", self._raw, at)
