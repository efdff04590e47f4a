"""FlatBuffers, as far as SOCI needs them: tables, vectors and texts, read within bounds.

flatbuffers.dev, "FlatBuffer Internals": from where a table is, a signed offset leads back to its
vtable, which says where each field is. Whatever leads outside raises `Broken`.
"""

from __future__ import annotations

from collections.abc import Iterator
from struct import Struct

from ocinb.layers.limits import Broken

_U16, _U32, _I32, _I64 = Struct("<H"), Struct("<I"), Struct("<i"), Struct("<q")
_RULE = "everything in a FlatBuffer is within it"


class Flat:
    """A buffer, and the ways through it."""

    def __init__(self, raw: bytes) -> None:
        self._raw = raw

    def root(self) -> FlatTable:
        """The table that everything is reached from."""
        return FlatTable(self, self.unsigned(0))

    def unsigned(self, at: int) -> int:
        """Four bytes, without sign."""
        return self._number(_U32, at)

    def signed(self, at: int) -> int:
        """Four bytes, with sign."""
        return self._number(_I32, at)

    def long(self, at: int) -> int:
        """Eight bytes, with sign."""
        return self._number(_I64, at)

    def short(self, at: int) -> int:
        """Two bytes, without sign."""
        return self._number(_U16, at)

    def counted(self, at: int, width: int) -> tuple[int, int]:
        """Where a vector begins whose offset is at `at`, and how many items of `width` it has."""
        begin = at + self.unsigned(at)
        count = self.unsigned(begin)
        self._check(begin + 4, count * width)
        return begin + 4, count

    def cut(self, at: int, count: int) -> bytes:
        """Bytes from `at` on."""
        self._check(at, count)
        return self._raw[at : at + count]

    def _number(self, form: Struct, at: int) -> int:
        self._check(at, form.size)
        found: int = form.unpack_from(self._raw, at)[0]
        return found

    def _check(self, at: int, count: int) -> None:
        if at < 0 or at + count > len(self._raw):
            size = len(self._raw)
            raise Broken(_RULE, f"{count:,} bytes from byte {at:,} on are not in {size:,}")


class FlatTable:
    """One table; fields are known by their number, and what is not said is 0 or empty."""

    def __init__(self, flat: Flat, at: int) -> None:
        self._flat, self._at = flat, at
        self._vtable = at - flat.signed(at)
        self._length = flat.short(self._vtable)

    def long(self, field: int) -> int:
        """A number of eight bytes."""
        at = self._field(field)
        return self._flat.long(at) if at else 0

    def unsigned(self, field: int) -> int:
        """A number of four bytes, without sign."""
        at = self._field(field)
        return self._flat.unsigned(at) if at else 0

    def byte(self, field: int, otherwise: int) -> int:
        """A number of one byte."""
        at = self._field(field)
        return self._flat.cut(at, 1)[0] if at else otherwise

    def bytes(self, field: int) -> bytes:
        """A text or vector of bytes, as it is."""
        at = self._field(field)
        if not at:
            return b""
        begin, count = self._flat.counted(at, 1)
        return self._flat.cut(begin, count)

    def text(self, field: int) -> str:
        """A text; bytes that are not UTF-8 become surrogates."""
        return self.bytes(field).decode("utf-8", "surrogateescape")

    def table(self, field: int) -> FlatTable | None:
        """Another table."""
        at = self._field(field)
        return FlatTable(self._flat, at + self._flat.unsigned(at)) if at else None

    def tables(self, field: int) -> Iterator[FlatTable]:
        """The tables of a vector."""
        for at in self._items(field):
            yield FlatTable(self._flat, at + self._flat.unsigned(at))

    def texts(self, field: int) -> Iterator[str]:
        """The texts of a vector."""
        for at in self._items(field):
            begin, count = self._flat.counted(at, 1)
            yield self._flat.cut(begin, count).decode("utf-8", "surrogateescape")

    def _items(self, field: int) -> Iterator[int]:
        at = self._field(field)
        begin, count = self._flat.counted(at, 4) if at else (0, 0)
        for number in range(count):
            yield begin + 4 * number

    def _field(self, number: int) -> int:
        """Where a field is; 0 when it is not said."""
        entry = 4 + 2 * number
        if entry + 2 > self._length:
            return 0
        offset = self._flat.short(self._vtable + entry)
        return self._at + offset if offset else 0
