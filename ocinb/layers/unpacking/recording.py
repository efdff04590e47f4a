"""Headers and what describes them, made into entries."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from struct import Struct
from typing import TypeVar

from ocinb.layers import entries
from ocinb.layers.entries import Columns
from ocinb.layers.limits import Broken, Limits, too_large
from ocinb.layers.unpacking import fields, names, pax, sparse

BLOCK = 512
# name · mode, uid, gid · size · mtime · checksum · type · link · magic · owner · device · prefix
HEADER = Struct("100s24s12s12s8s1s100s8s64s16s155s12x")
_NUMBERS, _TEXTS, _DEVICE = Struct("8s8s8s"), Struct("32s32s"), Struct("8s8s")
_POSIX = b"ustar\x0000"  # magic and version; GNU's has other things where the prefix would be
_MOST_KNOWN = 10_000  # owners that are known again by their fields
_ATTRIBUTE = 128  # bytes that each attribute of an entry but its first counts for, beside its text
_TYPES = {
    b"0": entries.FILE, b"\0": entries.FILE, b"7": entries.FILE, b"1": entries.HARDLINK,
    b"2": entries.SYMLINK, b"3": entries.CHARACTER, b"4": entries.BLOCK, b"5": entries.DIRECTORY,
    b"6": entries.FIFO, b"S": entries.FILE, b"D": entries.DIRECTORY,
}  # fmt: skip
# Types of which the header says all, as long as those without content say no size.
PLAIN = {
    b"0": entries.FILE, b"5": entries.DIRECTORY, b"2": entries.SYMLINK, b"1": entries.HARDLINK,
}  # fmt: skip
# Types that have no content, whatever size is said.
_BARE = frozenset({b"1", b"2", b"3", b"4", b"5", b"6"})
_LINKS = (entries.SYMLINK, entries.HARDLINK)
_DEVICES = (entries.CHARACTER, entries.BLOCK)
T = TypeVar("T", bound=Hashable)


def padded(size: int) -> int:
    """The bytes that `size` bytes take, in whole blocks."""
    return (size + BLOCK - 1) & -BLOCK


@dataclass(slots=True)
class _Said:
    """What header and records say of an entry, together."""

    name: str
    target: str
    size: int  # of the file
    stored: int  # in the archive
    mtime: float
    owner: int
    names: int
    odd: int


class Recorder:
    """Keeps entries as columns, within limits."""

    def __init__(self, limits: Limits) -> None:
        self.found = Columns()
        self._limits = limits
        self._text = 0  # bytes of names and attributes so far
        self._modes: dict[bytes, tuple[int, int, int]] = {}
        self._names: dict[bytes, int] = {}
        self._owner_numbers: dict[tuple[int, int], int] = {}
        self._name_numbers: dict[tuple[str, str], int] = {}

    def plain(self, at: int, header: tuple[bytes, ...], size: int) -> None:
        """Keep the entry whose header is `at` and of a type in `PLAIN`, and says all of it."""
        mode, owner, odd = self._modes.get(header[1]) or self._owner(header[1])
        name = header[0].partition(b"\0")[0].decode("utf-8", "surrogateescape")
        if header[10][0] and header[7] == _POSIX:
            name = f"{fields.text(header[10])}/{name}"
        target = fields.text(header[6]) if header[6][0] else ""
        mtime, owned = fields.number(header[3]), self._names.get(header[8])
        if owned is None:
            owned = self._name(header[8])
        path, kind, more = self._placed(name, target, PLAIN[header[5]], at + size)
        self.found.add(path, kind, size, mode, mtime, owner, owned, at, at + BLOCK, odd | more)

    def record(
        self,
        at: int,
        began: int,
        header: tuple[bytes, ...],
        size: int,
        more: Mapping[str, bytes],
        long: Mapping[bytes, bytes],
        block: bytes,
    ) -> int:
        """Keep the entry whose header is `at`, described from `began` on; the bytes it has stored.

        `more` are its PAX records, `long` its GNU long names.
        """
        mode, owner, odd = self._owner(header[1])
        name, target = _names(header, long)
        mtime = fields.number(header[3])
        said = _Said(name, target, size, size, mtime, owner, self._name(header[8]), odd)
        flag = header[5]
        kind = _TYPES.get(flag, entries.OTHER)
        if kind == entries.OTHER:
            said.odd |= entries.UNKNOWN
        if flag == b"S":
            said.odd |= entries.SPARSE
            said.size = fields.size(block[483:495])
        if more:
            self._apply(said, more)
        if flag == b"\0" and said.name.endswith("/"):
            kind, flag = entries.DIRECTORY, b"5"
        if said.stored and flag in _BARE:
            said.stored = said.size = 0
            said.odd |= entries.IGNORED
        if kind in _DEVICES:
            major, minor = map(fields.number, _DEVICE.unpack(header[9]))
            self.found.devices[len(self.found)] = (major, minor)
        path, kind, odd = self._placed(said.name, said.target, kind, at + said.stored)
        self.found.add(
            path, kind, said.size, mode, said.mtime, said.owner, said.names,
            began, at + BLOCK, odd | said.odd,
        )  # fmt: skip
        return said.stored

    def mapped(self, numbers: Iterable[int] | None, stored: int, data: int) -> None:
        """Keep where the pieces of the last entry belong, of which `stored` bytes begin at `data`.

        Without a map that is one, it is not to be read.
        """
        found, last = self.found, len(self.found) - 1
        holes = sparse.settled(numbers, found.sizes[last], stored)
        if holes is not None:
            found.holes[last], found.data[last] = holes, data
            self._text += holes.itemsize * len(holes)
            self._check_text()

    def _placed(self, name: str, target: str, kind: int, end: int) -> tuple[str, int, int]:
        """The path, type and oddities of the next entry, whose content ends at `end`."""
        path, kind, odd = names.read(name, kind)
        position, limits, most = len(self.found.paths), self._limits, self._limits.name
        if kind in _LINKS:
            self.found.targets[position] = target
            odd |= names.outside(path, target, kind)
            self._text += len(target)
        self._text += len(path)
        if len(name) > most or len(target) > most:
            longest = max(len(name), len(target))
            raise Broken(f"names have at most {most:,} bytes", f"this has {longest:,}")
        if position >= limits.entries:
            rule = f"at most {limits.entries:,} entries of a layer are read"
            raise Broken(rule, "there are more")
        if self._text > limits.text:
            self._check_text()
        if end > limits.unpacked:
            raise too_large(limits)
        return path, kind, odd

    def _check_text(self) -> None:
        if self._text > self._limits.text:
            rule = f"names have at most {self._limits.text:,} bytes in all"
            raise Broken(rule, "there are more")

    def _apply(self, said: _Said, more: Mapping[str, bytes]) -> None:
        """What PAX records say counts more than the header."""
        said.name = _text(more, "path", said.name)
        said.target = _text(more, "linkpath", said.target)
        if "size" in more:
            said.stored = pax.integer(more["size"])
            said.size = said.size if said.odd & entries.SPARSE else said.stored
        if "mtime" in more:
            said.mtime = pax.seconds(more["mtime"])
        if "uid" in more or "gid" in more:
            uid, gid = self.found.known_owners[said.owner]
            pair = (_integer(more, "uid", uid), _integer(more, "gid", gid))
            said.owner = _number(self._owner_numbers, self.found.known_owners, pair)
        if "uname" in more or "gname" in more:
            user, group = self.found.known_names[said.names]
            texts = (_text(more, "uname", user), _text(more, "gname", group))
            said.names = self._known_name(texts)
        attributes = pax.xattrs(more)
        if attributes:
            self.found.xattrs[len(self.found)] = attributes
            self._text += sum(len(key) + len(value) for key, value in attributes.items())
            self._text += _ATTRIBUTE * (len(attributes) - 1)
        self._holes(said, more)

    def _holes(self, said: _Said, more: Mapping[str, bytes]) -> None:
        """GNU's sparse formats 0.0, 0.1 and 1.0: the real size and name stand in records."""
        said.name = _text(more, "GNU.sparse.name", said.name)
        real = more.get("GNU.sparse.realsize", more.get("GNU.sparse.size"))
        if real is not None:
            said.size = pax.integer(real)
        if real is not None or "GNU.sparse.major" in more:
            said.odd |= entries.SPARSE

    def _owner(self, raw: bytes) -> tuple[int, int, int]:
        """The mode, the number of the owner, and what is odd about the mode."""
        known = self._modes.get(raw)
        if known is None:
            mode, *pair = map(fields.number, _NUMBERS.unpack(raw))
            owner = _number(self._owner_numbers, self.found.known_owners, (pair[0], pair[1]))
            # Old programs write the type of the file, too.
            known = (mode & 0o7777, owner, 0 if 0 <= mode <= 0o177777 else entries.ODD_MODE)
            if len(self._modes) < _MOST_KNOWN:
                self._modes[raw] = known
        return known

    def _name(self, raw: bytes) -> int:
        known = self._names.get(raw)
        if known is None:
            user, group = map(fields.text, _TEXTS.unpack(raw))
            known = self._known_name((user, group))
            if len(self._names) < _MOST_KNOWN:
                self._names[raw] = known
        return known

    def _known_name(self, texts: tuple[str, str]) -> int:
        """The number of a user and group, whose names count with all others when they are new."""
        before = len(self.found.known_names)
        number = _number(self._name_numbers, self.found.known_names, texts)
        if number == before:
            self._text += sum(map(len, texts))
        return number


def _names(header: tuple[bytes, ...], long: Mapping[bytes, bytes]) -> tuple[str, str]:
    """The name and the link target, of which GNU's long ones come first."""
    name, target = fields.text(header[0]), ""
    if header[10][0] and header[7] == _POSIX:
        name = f"{fields.text(header[10])}/{name}"
    if header[6][0]:
        target = fields.text(header[6])
    if long:
        name = fields.text(long[b"L"]) if b"L" in long else name
        target = fields.text(long[b"K"]) if b"K" in long else target
    return name, target


def _text(more: Mapping[str, bytes], key: str, otherwise: str) -> str:
    value = more.get(key)
    return otherwise if not value else value.decode("utf-8", "surrogateescape")


def _integer(more: Mapping[str, bytes], key: str, otherwise: int) -> int:
    return pax.integer(more[key]) if more.get(key) else otherwise


def _number(numbers: dict[T, int], known: list[T], value: T) -> int:
    """The number of `value` among those that are known, which it is from now on."""
    found = numbers.get(value)
    if found is None:
        found = numbers[value] = len(known)
        known.append(value)
    return found
