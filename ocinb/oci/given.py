"""Content as people give it: bytes, the path of a file, or something to call for it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TypeAlias

from ocinb.errors import DigestMismatch, InvalidContent
from ocinb.oci.descriptor import Descriptor
from ocinb.oci.digest import Digest
from ocinb.oci.file_part import PIECE, FilePart
from ocinb.oci.image import Blob

# A path is opened, and a function called, each time the content is read, and not before.
Given: TypeAlias = "bytes | str | os.PathLike[str] | Callable[[], bytes | Iterable[bytes]]"

Layers: TypeAlias = "Mapping[str, Given] | Mapping[Digest, Given]"  # by their digests


def blob_of(given: bytes | str | os.PathLike[str], media_type: str) -> Blob:
    """A blob of bytes, or of the file at a path, which is read once to learn its digest."""
    if isinstance(given, bytes):
        return Blob.of(given, media_type)
    path, hashed, size = Path(given), Digest.of(b"").hasher(), 0
    for piece in read(path):
        hashed.update(piece)
        size += len(piece)
    digest = Digest.from_hash("sha256", hashed)
    return Blob(Descriptor(media_type, digest, size), FilePart(path, 0, size))


def described(descriptor: Descriptor, given: Given) -> Blob:
    """The blob that `descriptor` says, of content that is checked as it is read.

    Bytes are checked now, and a file's size is. Raises `DigestMismatch` or `InvalidContent` for
    content that is another.
    """
    if isinstance(given, bytes):
        check(descriptor, given)
    elif isinstance(given, (str, os.PathLike)):
        _check_size(descriptor, Path(given).stat().st_size)
    elif not callable(given):
        raise TypeError(
            "content is given as bytes, a path or something to call for it, not as "
            f"{type(given).__name__}"
        )
    return Blob(descriptor, lambda: _checked(descriptor, _pieces(given)))


def check(descriptor: Descriptor, content: bytes) -> None:
    """Raise unless `content` is what `descriptor` says."""
    _check_size(descriptor, len(content))
    actual = Digest.of(content, descriptor.digest.algorithm)
    if actual != descriptor.digest:
        raise DigestMismatch(descriptor.digest, actual, source="here")


def read(path: Path) -> Iterator[bytes]:
    """The content of a file, in pieces."""
    with path.open("rb", buffering=0) as file:
        while piece := file.read(PIECE):
            yield piece


def _pieces(given: Given) -> Iterable[bytes]:
    if isinstance(given, (str, os.PathLike)):
        return read(Path(given))
    content = given if isinstance(given, bytes) else given()
    if not isinstance(content, bytes):
        return content
    return (content[at : at + PIECE] for at in range(0, len(content), PIECE))


def _checked(descriptor: Descriptor, pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The same pieces; the last of them only when all of them are what they should be."""
    hashed, size, kept = descriptor.digest.hasher(), 0, b""
    for piece in pieces:
        hashed.update(piece)
        size += len(piece)
        if size > descriptor.size:
            break
        if kept:
            yield kept
        kept = piece
    _check_size(descriptor, size)
    actual = Digest.from_hash(descriptor.digest.algorithm, hashed)
    if actual != descriptor.digest:
        raise DigestMismatch(descriptor.digest, actual, source="here")
    if kept:
        yield kept


def _check_size(descriptor: Descriptor, size: int) -> None:
    if size != descriptor.size:
        more = "more" if size > descriptor.size else f"{size:,}"
        raise InvalidContent(
            f"{descriptor.digest.short} should have {descriptor.size:,} bytes, and has {more}"
        )
