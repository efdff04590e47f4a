"""A tar archive read as it streams by: headers are understood, content is passed over.

ustar, GNU (long names and links, base-256 numbers, sparse files), PAX with global headers, and what
was there before them. Names and link targets are told as they are, and flagged, never used as
paths. Whatever goes against a rule, or a limit (K-13), ends it: raises `Broken`.
"""

from __future__ import annotations

from collections.abc import Callable

from ocinb.layers.entries import Columns
from ocinb.layers.limits import VALUE, Broken, Limits
from ocinb.layers.unpacking import fields, pax, sparse
from ocinb.layers.unpacking.recording import BLOCK, HEADER, PLAIN, Recorder, padded

_ZEROS = bytes(BLOCK)
_MOST_META = 64  # headers before one entry that only describe it
_FILE = b"0"
_META = frozenset({b"x", b"g", b"X", b"L", b"K"})
WHOLE = "an archive ends with an entry that is whole, and two blocks of zeros"


class Walker:
    """Takes an archive piece by piece; what it found so far stands in `found`.

    `notes` say what is unusual about the archive as a whole.
    """

    def __init__(self, limits: Limits) -> None:
        self.notes: list[str] = []
        self.at = 0  # where in the archive the next block is
        self.ended = False
        self._limits = limits
        self._recorder = Recorder(limits)
        self._held = bytearray()  # of a block that is not whole yet
        self._skip, self._spare, self._need = 0, 0, BLOCK
        self._take: Callable[[bytes], None] = self._header
        self._globals: dict[str, bytes] = {}
        self._zeros = self._after = 0
        # What was said of the next entry: how many headers did, with how many bytes, from where on.
        self._meta = self._meta_bytes = self._began = 0
        self._pax: dict[str, bytes] = {}
        self._long: dict[bytes, bytes] = {}

    @property
    def found(self) -> Columns:
        """The entries so far."""
        return self._recorder.found

    def feed(self, data: bytes) -> None:
        """Take the next piece, of any length."""
        if self._held:
            self._held += data
            if len(self._held) < self._need:  # pieces may be of one byte, and a block of a MiB
                return
            data, self._held = bytes(self._held), bytearray()
        begins, end = self.at, self.at + len(data)
        while not self.ended:
            at, stop = self.at + self._skip, self.at + self._skip + self._need
            if stop > end:
                self.at = min(at, end)
                self._skip, self._held = at - self.at, bytearray(data[self.at - begins :])
                return
            self.at, self._skip = at, 0
            self._take(data[at - begins : stop - begins])
            self.at = stop
        self._follows(data[self.at - begins :])

    @property
    def marked(self) -> bool:
        """Whether its end is marked, by one block of zeros at least."""
        return self.ended or bool(self._zeros)

    def finish(self) -> None:
        """Raise `Broken` when it is not over; an end that is not marked is noted."""
        if self._skip <= self._spare:  # nothing but padding is missing: umoci leaves it out
            self._skip = 0
        if self._skip or self._held or self._meta or self._take != self._header:
            missing = self._skip or self._need - len(self._held)
            raise Broken(WHOLE, f"it is cut off: at least {missing:,} bytes are missing")
        if not self.marked:
            self.notes.append("its end is not marked")
        if self._after:
            self.notes.append(f"{self._after:,} bytes that are not all zero follow its end")

    def _follows(self, data: bytes) -> None:
        self.at += len(data)
        if self._after or data.count(0) != len(data):
            self._after += len(data)

    def _header(self, block: bytes) -> None:
        if block == _ZEROS:
            self._zero()
            return
        if self._zeros:
            raise Broken(WHOLE, "one block of zeros is followed by something else")
        header = HEADER.unpack(block)
        if not fields.check(block, header[4]):
            what = "the header has another" if self.at else "it is no tar archive"
            raise Broken("every header of an archive has its checksum", what)
        size = fields.size(header[2])
        flag = header[5]
        if flag in _META:
            self._describes(flag, size)
        elif self._meta or self._globals or flag not in PLAIN or (size and flag != _FILE):
            self._entry(block, header, size)
        else:  # as nearly all are
            self._recorder.plain(self.at, header, size)
            self._skip = content = (size + BLOCK - 1) & -BLOCK
            self._spare = content - size

    def _zero(self) -> None:
        if self._meta:
            raise Broken(WHOLE, "what describes an entry is followed by none")
        self._zeros += 1
        self.ended = self._zeros == 2

    def _entry(self, block: bytes, header: tuple[bytes, ...], size: int) -> None:
        began = self._began if self._meta else self.at
        more = self._pax
        if self._globals:
            more = {**self._globals, **self._pax}
        record = self._recorder.record
        stored = record(self.at, began, header, size, more, self._long, block)
        content = padded(stored)
        self._spare = content - stored
        if self._meta:
            self._forget()
        self._skip = content
        if header[5] == b"S":
            self._map_in_headers(block, stored)
        elif sparse.MAJOR in more:
            self._map_before(stored)
        elif sparse.MAP in more:
            self._recorder.mapped(sparse.in_record(more), stored, self.at + BLOCK)

    def _describes(self, kind: bytes, size: int) -> None:
        """What comes is not an entry, but says more of one."""
        if not self._meta:
            self._began = self.at
        self._meta += 1
        self._meta_bytes += size
        if size > VALUE and kind in (b"L", b"K"):
            raise Broken(f"a long name has at most {VALUE:,} bytes", f"this one has {size:,}")
        if self._meta_bytes > self._limits.block or self._meta > _MOST_META:
            rule = f"{_MOST_META} headers and {self._limits.block:,} bytes may describe an entry"
            raise Broken(rule, f"there are {self._meta:,} with {self._meta_bytes:,} bytes")
        if size:
            self._need = padded(size)
            self._take = lambda content: self._described(kind, content[:size])
        else:
            self._described(kind, b"")

    def _described(self, kind: bytes, content: bytes) -> None:
        self._need, self._take = BLOCK, self._header
        if kind in (b"L", b"K"):
            self._long[kind] = content
        elif kind == b"g":
            self._globally(sparse.gathered(pax.records(content)))
        else:
            self._pax.update(sparse.gathered(pax.records(content)))

    def _globally(self, said: dict[str, bytes]) -> None:
        """A global header belongs to no entry: it holds for all that follow."""
        self._globals.update({key: said[key] for key in said if pax.is_read(key)})
        if sum(len(key) + len(value) for key, value in self._globals.items()) > self._limits.block:
            raise Broken(f"global records have at most {self._limits.block:,} bytes", "more came")
        self._meta -= 1
        if not self._meta:
            self._meta_bytes = 0

    def _forget(self) -> None:
        """What describes one entry says nothing of the next."""
        self._pax, self._long = {}, {}
        self._meta = self._meta_bytes = self._began = 0

    def _map_in_headers(self, block: bytes, stored: int) -> None:
        """The map of a sparse file begins in its header, and may go on in blocks of its own."""
        numbers = list(sparse.in_block(block[sparse.IN_HEADER]))
        content, left = self._skip, self._limits.block // BLOCK

        def take(block: bytes) -> None:
            nonlocal left
            left -= 1
            if not left:
                raise self._too_much_map()
            numbers.extend(sparse.in_block(block[sparse.IN_BLOCK]))
            if not block[504]:
                self._take, self._skip = self._header, content
                self._recorder.mapped(numbers, stored, self.at + BLOCK)

        if block[482]:
            self._take, self._skip = take, 0
        else:
            self._recorder.mapped(numbers, stored, self.at + BLOCK)

    def _map_before(self, stored: int) -> None:
        """The map of a sparse file stands before its content, and counts as stored."""
        found, content, taken = sparse.Before(), self._skip, 0

        def take(block: bytes) -> None:
            nonlocal taken
            taken += BLOCK
            if taken > self._limits.block:
                raise self._too_much_map()
            if not found.take(block) or taken == content:
                self._take, self._skip = self._header, content - taken
                self._recorder.mapped(found.numbers, stored - taken, self.at + BLOCK)

        if content:
            self._take, self._skip = take, 0

    def _too_much_map(self) -> Broken:
        most = self._limits.block // BLOCK
        return Broken(f"a map of holes has at most {most:,} blocks", "this has more")
