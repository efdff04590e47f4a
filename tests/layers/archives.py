"""Archives as nobody's library would write them, byte by byte."""

from __future__ import annotations

import gzip
import io
import tarfile
import zlib

import ocinb
from ocinb.layers.files import FileList
from ocinb.layers.limits import Limits

END = bytes(1024)


def header(
    name: bytes = b"file",
    size: int = 0,
    kind: bytes = b"0",
    *,
    link: bytes = b"",
    mode: bytes = b"0000644\0",
    mtime: bytes = b"00000000000\0",
    size_field: bytes | None = None,
    magic: bytes = b"ustar\x0000",
    rest: bytes = b"",
) -> bytes:
    """One block with a checksum that is right; `rest` begins at the owner's name."""
    field = b"%011o\0" % size if size_field is None else size_field
    block = name.ljust(100, b"\0") + mode + b"0000000\0" * 2 + field + mtime
    block += b" " * 8 + kind + link.ljust(100, b"\0") + magic
    return summed((block + rest).ljust(512, b"\0"))


def summed(block: bytes) -> bytes:
    """`block` with its checksum."""
    blank = block[:148] + b" " * 8 + block[156:]
    return blank[:148] + b"%06o\0 " % sum(blank) + blank[156:]


def entry(name: bytes = b"file", content: bytes = b"", kind: bytes = b"0") -> bytes:
    """A header and its content."""
    return header(name, len(content), kind) + padded(content)


def pax(kind: bytes = b"x", **records: bytes) -> bytes:
    """A PAX header of `records`."""
    return entry(b"PaxHeaders/x", b"".join(record(*each) for each in records.items()), kind)


def record(key: str, value: bytes) -> bytes:
    """A PAX record, whose length counts itself."""
    said = b" " + key.encode() + b"=" + value + b"\n"
    length = len(said)
    while length != len(said) + len(str(length)):
        length = len(said) + len(str(length))
    return str(length).encode() + said


def padded(content: bytes) -> bytes:
    return content + bytes(-len(content) % 512)


def listed(archive: bytes, piece: int = 0, limits: Limits | None = None) -> FileList:
    """The listing of `archive`, which comes in pieces of that size."""
    size = piece or max(len(archive), 1)
    pieces = [archive[at : at + size] for at in range(0, len(archive), size)]
    return ocinb.list_layer(lambda: pieces, limits=limits)


def written(*members: tuple[str, bytes], kind: int = tarfile.PAX_FORMAT) -> bytes:
    """An archive that Python's tarfile wrote."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w", format=kind) as archive:
        for name, content in members:
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return made.getvalue()


def zeros(size: int) -> bytes:
    """As many zeros, compressed as much as gzip can, without ever having them all."""
    packer = zlib.compressobj(9, wbits=31)
    mib = bytes(1024 * 1024)
    return b"".join(packer.compress(mib) for _ in range(size // len(mib))) + packer.flush()


def gzipped(content: bytes) -> bytes:
    return gzip.compress(content, mtime=0)
