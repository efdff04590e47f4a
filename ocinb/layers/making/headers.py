"""Headers of tar archives as layers have them: ustar, and PAX records for what does not fit.

POSIX.1-2017, pax: "ustar Interchange Format" and "pax Extended Header". The bytes are those of
ocibuild, so that the same files give the same digest.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

from ocinb.layers.making.members import Member

BLOCK = 512
END = bytes(2 * BLOCK)

_NAME, _PREFIX, _LINK = 100, 155, 100  # bytes that the fields hold
_LARGEST_SIZE = 8**11 - 1
_LARGEST_ID = 8**7 - 1
_TYPES = {"file": b"0", "hardlink": b"1", "symlink": b"2", "folder": b"5", "pax": b"x"}


def header(member: Member, mtime: int) -> bytes:
    """The blocks before the content of a member: its header, after a PAX one where that is due."""
    name = b"./" + member.name + (b"/" if member.kind == "folder" else b"")
    link = os.fsencode(member.target)
    if member.kind == "hardlink":
        link = b"./" + link.removeprefix(b"./").lstrip(b"/")
    records = {f"SCHILY.xattr.{key}": value for key, value in sorted(member.extended.items())}
    prefix, short = _split(name)
    if len(short) > _NAME:
        records["path"], short = name, short[:_NAME]
    if len(link) > _LINK:
        records["linkpath"], link = link, link[:_LINK]
    size = _fitting("size", member.size, _LARGEST_SIZE, records)
    uid = _fitting("uid", member.uid, _LARGEST_ID, records)
    gid = _fitting("gid", member.gid, _LARGEST_ID, records)
    seconds = _fitting("mtime", mtime, _LARGEST_SIZE, records)
    own = _block(
        short, member.mode, uid, gid, size, seconds, member.kind, link, prefix,
        _owner(member.uid), _owner(member.gid),
    )  # fmt: skip
    return (_extended(records, seconds) if records else b"") + own


def padding(size: int) -> bytes:
    """What follows `size` bytes of content up to the next block."""
    return bytes(-size % BLOCK)


def _split(name: bytes) -> tuple[bytes, bytes]:
    """`name` in the two fields for it, split at a slash; whole, and too long, where none helps."""
    if len(name) <= _NAME:
        return b"", name
    slash = name.rfind(b"/", 0, min(_PREFIX + 1, len(name) - 1))
    if slash > 0 and len(name) - slash - 1 <= _NAME:
        return name[:slash], name[slash + 1 :]
    return b"", name


def _fitting(name: str, value: int, largest: int, records: dict[str, bytes]) -> int:
    """`value` for its field; what does not fit is 0 there, and whole in a PAX record."""
    if 0 <= value <= largest:
        return value
    records[name] = str(value).encode()
    return 0


def _extended(records: Mapping[str, bytes], mtime: int) -> bytes:
    content = b"".join(_record(name, value) for name, value in records.items())
    own = _block(b"./PaxHeaders/entry", 0o644, 0, 0, len(content), mtime, "pax", b"", b"")
    return own + content + padding(len(content))


def _record(name: str, value: bytes) -> bytes:
    """One record: its own length in decimal, counting these digits, too."""
    rest = b" " + name.encode() + b"=" + value + b"\n"
    length = len(rest)
    while len(str(length)) + len(rest) != length:
        length = len(str(length)) + len(rest)
    return str(length).encode() + rest


def _owner(number: int) -> bytes:
    return b"" if number else b"root"


def _block(
    name: bytes, mode: int, uid: int, gid: int, size: int, mtime: int, kind: str, link: bytes,
    prefix: bytes, user: bytes = b"root", group: bytes = b"root",
) -> bytes:  # fmt: skip
    fields = (
        name.ljust(_NAME, b"\0"), _octal(mode, 8), _octal(uid, 8), _octal(gid, 8),
        _octal(size, 12), _octal(mtime, 12), b" " * 8, _TYPES[kind], link.ljust(_LINK, b"\0"),
        b"ustar\x0000", user.ljust(32, b"\0"), group.ljust(32, b"\0"),
        _octal(0, 8), _octal(0, 8), prefix.ljust(_PREFIX, b"\0"), bytes(12),
    )  # fmt: skip
    block = b"".join(fields)
    return block[:148] + b"%06o\0 " % sum(block) + block[156:]


def _octal(value: int, width: int) -> bytes:
    return b"%0*o\0" % (width - 1, value)
