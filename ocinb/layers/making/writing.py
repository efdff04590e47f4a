"""Writing a layer: members as a tar archive, compressed on the way, its two digests computed.

Memory stays bounded: content is read, hashed, compressed and put away piece by piece.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib import import_module
from typing import Literal, Protocol, TypeAlias

from ocinb.errors import InvalidContent, NotSupported
from ocinb.layers.making.headers import END, header, padding
from ocinb.layers.making.members import Member, complete, shown
from ocinb.layers.making.spool import Spool
from ocinb.oci import media_types
from ocinb.oci.descriptor import Descriptor
from ocinb.oci.digest import Digest
from ocinb.oci.image import Blob

Compression: TypeAlias = Literal["gzip", "zstd", "none"]

_AT_ONCE = 256 * 1024  # bytes that are compressed at a time, at least
_GZIP = 16 + zlib.MAX_WBITS  # a gzip frame around it, whose time is 0
_MEDIA_TYPES = {
    "gzip": media_types.LAYER_GZIP,
    "zstd": media_types.LAYER_ZSTD,
    "none": media_types.LAYER,
}


@dataclass(frozen=True)
class Written:
    """A layer that is ready: what is pushed, and the digest of the archive in it."""

    blob: Blob
    diff_id: Digest


class Compressor(Protocol):
    """What compresses piece by piece, as zlib does."""

    def compress(self, piece: bytes | bytearray, /) -> bytes: ...
    def flush(self) -> bytes: ...


def write(
    members: Iterable[Member],
    *,
    mtime: int,
    compression: Compression = "gzip",
    level: int | None = None,
) -> Written:
    """The layer of `members`, all with the time `mtime` (seconds since 1970).

    The same members give the same bytes. `level` is the compression's own. Raises
    `InvalidContent` for members that cannot be written, `NotSupported` for a compression that is
    not installed, and `DiskFull` when there is no room for what does not fit into memory.
    """
    packer = compressor(compression, level)
    ordered = complete(members)
    spool, plain, packed = Spool(), hashlib.sha256(), hashlib.sha256()
    for piece in _gathered(_archive(ordered, mtime)):
        plain.update(piece)
        out = packer.compress(piece)
        packed.update(out)
        spool.write(out)
    rest = packer.flush()
    packed.update(rest)
    spool.write(rest)
    spool.finish()
    digest = Digest.from_hash("sha256", packed)
    descriptor = Descriptor(_MEDIA_TYPES[compression], digest, spool.size)
    return Written(Blob(descriptor, spool), Digest.from_hash("sha256", plain))


def _archive(members: Iterable[Member], mtime: int) -> Iterator[bytes]:
    """The archive, in pieces as they come."""
    for member in members:
        yield header(member, mtime)
        if member.kind == "file":
            yield from _content(member)
            yield padding(member.size)
    yield END


def _content(member: Member) -> Iterator[bytes]:
    """The content of a file, which must have the size that its header says by now."""
    left = member.size
    for piece in member.open():
        left -= len(piece)
        if left < 0:
            break
        yield piece
    if left:
        raise InvalidContent(
            f"{shown(member.path)} changed while it was read: it had {member.size:,} bytes",
            hints=["build again when nobody writes to it"],
        )


def _gathered(pieces: Iterable[bytes]) -> Iterator[bytes | bytearray]:
    """The same bytes in fewer pieces: most files are small, and headers have 512 bytes."""
    kept = bytearray()
    for piece in pieces:
        if len(piece) >= _AT_ONCE and not kept:
            yield piece
            continue
        kept += piece
        if len(kept) >= _AT_ONCE:
            yield kept
            kept = bytearray()
    yield kept


class _Plain:
    """No compression."""

    def compress(self, piece: bytes | bytearray, /) -> bytes:
        return bytes(piece)

    def flush(self) -> bytes:
        return b""


def compressor(compression: str, level: int | None = None) -> Compressor:
    """What compresses so, the same bytes to the same bytes; raises `NotSupported` without zstd."""
    if compression not in _MEDIA_TYPES:
        raise ValueError(f"compression is one of {', '.join(_MEDIA_TYPES)}, not {compression!r}")
    if compression == "gzip":
        # zlib itself, since others compress the same bytes to other bytes, and so another digest.
        return zlib.compressobj(-1 if level is None else level, zlib.DEFLATED, _GZIP)
    if compression == "zstd":
        return _zstd(level)
    if level is not None:
        raise ValueError("what is not compressed has no level")
    return _Plain()


def _zstd(level: int | None) -> Compressor:
    for name in ("compression.zstd", "backports.zstd"):  # Python has it from 3.14 on
        try:
            found: Compressor = import_module(name).ZstdCompressor(level)
        except ImportError:
            continue
        return found
    raise NotSupported(
        "zstd is not there to compress with",
        hints=["pip install 'ocinb[zstd]', or Python 3.14; or compression='gzip'"],
    )
