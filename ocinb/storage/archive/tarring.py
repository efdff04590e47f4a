"""The headers of an archive of images: ustar, names plain, everything root's and of one time.

POSIX.1-2017, pax: "ustar Interchange Format". Readers look members up by their very names, so there
is no `./` before them.
"""

from __future__ import annotations

_BLOCK, _NAME = 512, 100
_LARGEST = 8**11 - 1  # bytes whose number fits; what is beyond it stands in a PAX record


def file_header(name: str, size: int, mtime: int) -> bytes:
    """What stands before the content of a file of `size` bytes."""
    records = b""
    if len(name) > _NAME:  # blobs of long digests
        records += _record("path", name)
    if size > _LARGEST:
        records += _record("size", str(size))
    own = _header(name[:_NAME], b"0", 0o644, size if size <= _LARGEST else 0, mtime)
    if not records:
        return own
    described = _header("PaxHeaders/entry", b"x", 0o644, len(records), mtime)
    return described + records + padding(len(records)) + own


def folder_header(name: str, mtime: int) -> bytes:
    """All there is of a folder."""
    return _header(f"{name}/", b"5", 0o755, 0, mtime)


def padding(size: int) -> bytes:
    """What follows `size` bytes of content up to the next block."""
    return bytes(-size % _BLOCK)


def the_end() -> bytes:
    """What stands after the last member."""
    return bytes(2 * _BLOCK)


def _record(name: str, value: str) -> bytes:
    """One PAX record: its own length in decimal, counting these digits, too."""
    rest = f" {name}={value}\n"
    length = len(rest)
    while len(str(length)) + len(rest) != length:
        length = len(str(length)) + len(rest)
    return f"{length}{rest}".encode()


def _header(name: str, kind: bytes, mode: int, size: int, mtime: int) -> bytes:
    fields = (
        name.encode().ljust(_NAME, b"\0"), _octal(mode, 8), _octal(0, 8), _octal(0, 8),
        _octal(size, 12),
        _octal(mtime, 12), b" " * 8, kind, bytes(100), b"ustar\x0000", bytes(32), bytes(32),
        _octal(0, 8), _octal(0, 8), bytes(155), bytes(12),
    )  # fmt: skip
    block = b"".join(fields)
    return block[:148] + b"%06o\0 " % sum(block) + block[156:]


def _octal(value: int, width: int) -> bytes:
    return b"%0*o\0" % (width - 1, value)
