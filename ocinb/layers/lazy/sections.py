"""The bytes of a kept index as sections one after the other, and what is checked of each value."""

from __future__ import annotations

import json
import sys
from array import array
from collections.abc import Iterator
from typing import Any

HEAD = 8  # bytes that say how long the head is
LARGEST = 2**63 - 1


class Body:
    """The head, and the sections behind it one after the other."""

    def __init__(self, body: bytes, windows: memoryview) -> None:
        self._view, self.windows = memoryview(body), windows
        self._at = HEAD + int.from_bytes(self._view[:HEAD], "little")
        self.head: dict[str, Any] = json.loads(bytes(self._view[HEAD : self._at]))
        self._lengths: Iterator[int] = iter(self.head["sections"])
        check(self._at + sum(self.head["sections"]) == len(body))

    def section(self) -> memoryview:
        """The next section."""
        length = number(next(self._lengths, -1))
        self._at += length
        return self._view[self._at - length : self._at]

    def numbers(self, code: str, count: int, most: int = LARGEST) -> array[Any]:
        """The next section as `count` numbers, none of which is negative or more than `most`."""
        raw = bytes(self.section())
        found = array(code, raw)
        check(len(found) == count)
        if sys.byteorder == "big":
            found.byteswap()
        if code != "d" and not _below(raw, found.itemsize, most):
            check(min(found) >= 0 and max(found) <= most)
        return found


def _below(raw: bytes, width: int, most: int) -> bool:
    """Whether the first byte of each number shows that it is not negative, or more than `most`."""
    first, rest = most >> 8 * (width - 1), most & (256 ** (width - 1) - 1)
    allowed = bytes(range(first + (rest == 256 ** (width - 1) - 1)))
    return not raw[width - 1 :: width].translate(None, allowed)


def written(code: str, numbers: Any) -> bytes:
    column = array(code, numbers)
    if sys.byteorder == "big":
        column.byteswap()
    return column.tobytes()


def number(value: object, most: int = LARGEST) -> int:
    check(isinstance(value, int) and 0 <= value <= most)
    assert isinstance(value, int)
    return value


def text(value: object) -> str:
    check(isinstance(value, str))
    return str(value)


def check(holds: bool) -> bool:
    """Raise where an index is none."""
    if not holds:
        raise ValueError("this is no index")
    return True
