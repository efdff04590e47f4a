"""Layers listed in one pass, without writing any of their files anywhere."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Protocol, runtime_checkable

from ocinb.errors import DigestMismatch, InvalidReference
from ocinb.layers.files import FileList, Listed
from ocinb.layers.lazy.index import check_archive
from ocinb.layers.limits import Limits
from ocinb.layers.looking.content import Contents
from ocinb.layers.unpacking.reading import Pour, Reading, Taker
from ocinb.oci.digest import Digest
from ocinb.oci.given import Given, read
from ocinb.text import short_path

_UNHASHED = "not verified, as asked: nothing was hashed, and files of it are read without a check"


@runtime_checkable
class Holder(Protocol):
    """What has content by digest: a `Layout`."""

    def content(self, digest: Digest, /) -> Iterable[bytes] | None:
        """The bytes known as `digest`."""


def list_layer(
    layer: Given | Iterable[bytes] | Holder,
    *,
    digest: str | None = None,
    diff_id: str | None = None,
    limits: Limits | None = None,
    verify: bool = True,
) -> FileList:
    """The files of a layer that is here: bytes, a path, a `Blob`, or, by `digest`, in a `Layout`.

    It is read in one pass, and again for the content of files. `digest` is what its bytes must hash
    to, `diff_id` the archive in it, where these are known. Raises `InvalidArchive` for what is no
    archive at all, `NotSupported` for a compression that cannot be undone here, and
    `DigestMismatch` when one of the two digests is another. An archive that is broken in the
    middle, or beyond `limits` (`ocinb.layers.limits.Limits`), gives an incomplete list that says
    why.

    With `verify=False` neither the layer nor the archive in it is hashed, which takes a quarter to
    a third less time: there is no diff_id then, and what is read of a file later may be of another
    layer without anybody noticing. `digest` only says which layer of a `Layout`; raises `TypeError`
    for digests that would have to be compared.
    """
    if not verify and (diff_id is not None or not (digest is None or isinstance(layer, Holder))):
        raise TypeError("digests are compared only with verify=True: leave one or the other out")
    if isinstance(layer, Holder):
        layer = _held(layer, digest)
    name = digest or (short_path(layer) if isinstance(layer, (str, os.PathLike)) else "layer")
    pour = poured(pieces_of(layer), Digest(digest) if digest and verify else None)
    return listed(pour, name, Digest(diff_id) if diff_id else None, limits, hashed=verify)


def listed(
    pour: Pour,
    name: str,
    diff_id: Digest | None = None,
    limits: Limits | None = None,
    *,
    hashed: bool = True,
) -> FileList:
    """The files of the layer that `pour` writes to a sink, in one pass.

    Raises `InvalidArchive` for what is no archive at all, `NotSupported` for a compression that
    none here can undo, and `DigestMismatch` when the archive is not the one of `diff_id`. An
    archive that is broken in the middle, or beyond `limits`, gives an incomplete list. Unless
    `hashed`, nothing is known of what the archive hashes to, now or when files are read.
    """
    limits = limits or Limits()
    algorithm = diff_id.algorithm if diff_id else "sha256"
    reading = Reading(limits, algorithm if hashed else "")
    pour(reading)
    reading.finish()
    found, actual = reading.walker.found, reading.digest
    if reading.trouble is not None and not len(found):
        raise reading.trouble
    check_archive(actual, diff_id, name)
    about = Listed(
        name,
        reading.unpacked.compression,
        reading.unpacked.fed,
        reading.size,
        actual,
        diff_id is not None and actual is not None,
        reading.trouble,
        (*reading.walker.notes, *(() if hashed else (_UNHASHED,))),
        hashed=hashed,
    )
    contents = Contents(found, pour, reading.marks, reading.algorithm, limits)
    return FileList(about, found, contents)


def poured(pieces: Callable[[], Iterable[bytes]], digest: Digest | None = None) -> Pour:
    """How to pour what is read piece by piece; it must hash to `digest`, if that is given."""

    def pour(taker: Taker) -> None:
        hashed = digest.hasher() if digest else None
        for piece in pieces():
            if hashed is not None:
                hashed.update(piece)
            taker.write(piece)
        if digest is not None and hashed is not None:
            actual = Digest.from_hash(digest.algorithm, hashed)
            if actual != digest:
                raise DigestMismatch(digest, actual, source="here")

    return pour


def pieces_of(layer: Given | Iterable[bytes]) -> Callable[[], Iterable[bytes]]:
    """What reads a layer from its beginning each time it is called."""
    if isinstance(layer, bytes):
        return lambda: (layer,)
    if isinstance(layer, (str, os.PathLike)):
        path = Path(layer)
        return lambda: read(path)
    if callable(layer):
        return lambda: _pieces(layer())
    if isinstance(layer, Iterator):
        raise TypeError("an iterator is read only once: give what it is made of")
    return lambda: layer


def _held(holder: Holder, digest: str | None) -> Iterable[bytes]:
    if digest is None:
        raise TypeError("say which: list_layer(layout, digest=image.layers[0].digest)")
    content = holder.content(Digest(digest))
    if content is None:
        raise InvalidReference(digest, "digest of a layer here", f"{holder!r} has not got it")
    return content


def _pieces(content: bytes | Iterable[bytes]) -> Iterable[bytes]:
    return (content,) if isinstance(content, bytes) else content
