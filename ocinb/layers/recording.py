"""Headers and what describes them, made into entries."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from struct import Struct
from typing import TypeVar

from ocinb.layers import entries, fields, names, pax
from ocinb.layers.entries import Columns
from ocinb.layers.limits import Broken, Limits, too_large

BLOCK = 512
# name · mode, uid, gid · size · mtime · checksum · type · link · magic · owner · device · prefix
HEADER = Struct("100s24s12s12s8s1s100s8s64s16s155s12x")
_NUMBERS, _TEXTS, _DEVICE = Struct("8s8s8s"), Struct("32s32s"), Struct("8s8s")
_POSIX = b"ustar\x0000"  # magic and version; GNU's has other things where the prefix would be
_MOST_KNOWN = 10_000  # owners that are known again by their fields
_TYPES = {
    b"0": entries.FILE, b"\0": entries.FILE, b"7": entries.FILE, b"1": entries.HARDLINK,
    b"2": entries.SYMLINK, b"3": entries.CHARACTER, b"4": entries.BLOCK, b"5": entries.DIRECTORY,
    b"6": entries.FIFO, b"S": entries.FILE, b"D": entries.DIRECTORY,
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
        self._keep(at, began, kind, mode, said)
        return said.stored

    def _keep(self, at: int, began: int, kind: int, mode: int, said: _Said) -> None:
        found, position = self.found, len(self.found.paths)
        path, kind, odd = names.read(said.name, kind)
        if kind in _LINKS:
            found.targets[position] = said.target
            odd |= names.outside(path, said.target, kind)
            self._text += len(said.target)
        self._text += len(path)
        self._check(at, position, said)
        found.paths.append(path)
        found.types.append(kind)
        found.sizes.append(said.size)
        found.modes.append(mode)
        found.mtimes.append(said.mtime)
        found.owners.append(said.owner)
        found.names.append(said.names)
        found.offsets.append(began)
        found.data.append(at + BLOCK)
        found.odd.append(odd | said.odd)

    def _check(self, at: int, position: int, said: _Said) -> None:
        limits = self._limits
        longest = max(len(said.name), len(said.target))
        if longest > limits.name:
            raise Broken(f"names have at most {limits.name:,} bytes", f"this has {longest:,}")
        if position >= limits.entries:
            raise Broken(
                f"at most {limits.entries:,} entries of a layer are read", "there are more"
            )
        if self._text > limits.text:
            raise Broken(f"names have at most {limits.text:,} bytes in all", "there are more")
        if at + said.stored > limits.unpacked:
            raise too_large(limits)

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
            said.names = _number(self._name_numbers, self.found.known_names, texts)
        attributes = pax.xattrs(more)
        if attributes:
            self.found.xattrs[len(self.found)] = attributes
            self._text += sum(len(key) + len(value) for key, value in attributes.items())
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
            known = _number(self._name_numbers, self.found.known_names, (user, group))
            if len(self._names) < _MOST_KNOWN:
                self._names[raw] = known
        return known


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
