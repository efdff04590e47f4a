"""Saving images with all that belongs to them, into one tar file or a folder.

An archive is written in one go: what there is, then its content, each blob hashed on the way and
compared with its descriptor. The same content under the same names gives the same bytes: members
are sorted, belong to root, and have the time `SOURCE_DATE_EPOCH`, or else 1970. It appears under
its name when it is whole, and not before.

A `docker-archive` is written as docker does since version 25: an image layout that also has a
`manifest.json`. So manifests, and the digests that people know, survive in it.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from ocinb.errors import DiskFull, InvalidContent, OcinbError
from ocinb.layers.making.moments import moment
from ocinb.layers.making.writing import Compressor, compressor
from ocinb.oci import annotations as keys
from ocinb.oci import media_types
from ocinb.oci.descriptor import Descriptor
from ocinb.oci.digest import Digest
from ocinb.oci.document import encode
from ocinb.oci.image import Blob, Content, Image
from ocinb.oci.platform import Platform
from ocinb.storage import files
from ocinb.storage.archive import naming
from ocinb.storage.archive.docker import LISTING
from ocinb.storage.archive.naming import Format, Named
from ocinb.storage.archive.tarring import file_header, folder_header, padding, the_end
from ocinb.storage.archive.verified import checked
from ocinb.storage.layout import INDEX, INDEX_LIMIT, LAYOUT, VERSION, Layout
from ocinb.text import human_size, short_path

Written = Callable[[Descriptor, int], object]  # a blob, and how many of its bytes are written
_FULL = {errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)}


def nobody(blob: Descriptor, done: int) -> None:
    """Who watches when nobody does."""


def save(
    path: str | os.PathLike[str],
    content: Iterable[tuple[Content, tuple[str, ...]]],
    *,
    format: Format | None = None,  # noqa: A002  # the word for it
    compression: str | None = None,
    platform: str | Platform | None = None,
    watch: Written = nobody,
) -> None:
    """Write each of `content` under its names, and all it names, to `path`.

    A name is a tag, `v1`, or a full name, `ghcr.io/owner/app:v1`; what has none is there by digest.
    `format` is `oci-archive`, `docker-archive` or `oci-layout`, by default what the ending of
    `path` means: `.tar`, `.tar.gz`, `.tgz` and `.tar.zst` are archives. `compression` is none, gzip
    or zstd, by default as the ending says. Of an index, `platform` takes one image only. A layout
    that is there gets what it does not have; a file that is there is replaced once all went well.
    `watch` is told of each piece of a blob that was written.

    Raises `InvalidReference` for names that are none, `InvalidContent` where something that is
    named is missing or of another size than it should be, `DigestMismatch` for what is not what its
    name says, `NotSupported` for what the format cannot hold, and `DiskFull` without room for it.
    Then nothing is left behind, but for whole blobs in a layout that was there before.
    """
    form = naming.the_format(path, format)
    named = naming.prepared(content, form, platform)
    if form == "oci-layout":
        if compression not in (None, "none"):
            raise ValueError("a layout is a folder, which has no compression")
        with _room(Path(path), named):
            _into_folder(Path(path), named, watch)
        return
    packer = compressor(naming.the_compression(path, compression))
    target = Path(path)
    if target.is_dir():
        raise IsADirectoryError(f"{short_path(target)} is a folder: name a file in it")
    files.clear_temporaries(target.parent)
    with _room(target, named), files.replacing(target) as replacement:
        _Archive(replacement.write, packer, watch).write(named, docker=form == "docker-archive")


@contextlib.contextmanager
def _room(target: Path, named: list[Named]) -> Iterator[None]:
    """Say what it is that found no room, and where."""
    try:
        yield
    except OSError as error:
        if error.errno not in _FULL:
            raise
        needed = sum(each.content.total_size for each in named)
        raise DiskFull(
            f"{short_path(target.parent)} has no room for {short_path(target)}, with "
            f"{human_size(needed)} to hold: {error.strerror}",
            path=str(target.parent),
            needed=needed,
            hints=["make room there, or choose another folder"],
        ) from None


class _Archive:
    """A tar file in the making."""

    def __init__(self, sink: Callable[[bytes], object], packer: Compressor, watch: Written) -> None:
        self._sink, self._packer, self._watch = sink, packer, watch
        self._mtime = moment() if os.environ.get("SOURCE_DATE_EPOCH") else 0

    def write(self, named: list[Named], *, docker: bool) -> None:
        """All of it: what names everything first, so that who reads a stream knows what comes."""
        self._file(LAYOUT, encode({"imageLayoutVersion": VERSION}))
        self._file(INDEX, _index(named))
        if docker:
            self._file(
                LISTING, json.dumps(list(map(_listing, named)), separators=(",", ":")).encode()
            )
        members = _members(each.content for each in named)
        for folder in ("blobs", *sorted({f"blobs/{digest.algorithm}" for digest in members})):
            self._put(folder_header(folder, self._mtime))
        for digest in sorted(members, key=_name):
            self._blob(members[digest])
        self._put(the_end())
        self._sink(self._packer.flush())

    def _file(self, name: str, content: bytes) -> None:
        self._put(file_header(name, len(content), self._mtime))
        self._put(content)
        self._put(padding(len(content)))

    def _blob(self, blob: Blob) -> None:
        self._put(file_header(_name(blob.digest), blob.size, self._mtime))
        done = 0
        for piece in checked(blob, blob.digest, blob.size, "where it is read from"):
            self._put(piece)
            done += len(piece)
            self._watch(blob.descriptor, done)
        self._put(padding(blob.size))
        self._watch(blob.descriptor, blob.size)

    def _put(self, piece: bytes) -> None:
        if piece:
            self._sink(self._packer.compress(piece))


def _members(content: Iterable[Content]) -> dict[Digest, Blob]:
    """Everything there is, each digest once; blobs and manifests alike."""
    found: dict[Digest, Blob] = {}
    for each in content:
        for document in naming.documents(each):
            found[document.digest] = Blob.of(document.raw, document.media_type)
        for blob in naming.blobs(each):
            there = found.setdefault(blob.digest, blob)
            if there.size != blob.size:
                sizes = f"{there.size:,} and {blob.size:,}"
                raise InvalidContent(f"{blob.digest} is said to have {sizes} bytes")
    return found


def _name(digest: Digest) -> str:
    return f"blobs/{digest.algorithm}/{digest.encoded}"


def _index(named: list[Named]) -> bytes:
    entries = [entry.to_json() for each in named for entry in each.entries]
    raw = encode({"schemaVersion": 2, "mediaType": media_types.INDEX, "manifests": entries})
    if len(raw) > INDEX_LIMIT:
        raise InvalidContent(f"{INDEX} would have more than {INDEX_LIMIT:,} bytes")
    return raw


def _listing(named: Named) -> dict[str, object]:
    """An image as `manifest.json` has it."""
    assert isinstance(named.content, Image)  # `naming.prepared` lets nothing else through
    config, *layers = named.content.manifest.children
    return {
        "Config": _name(config.digest),
        "RepoTags": list(named.names) or None,
        "Layers": [_name(layer.digest) for layer in layers],
    }


def _into_folder(target: Path, named: list[Named], watch: Written) -> None:
    """Into a layout that is there, or else into a new one, which appears when it is whole."""
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        _fill(Layout(target), named, watch)
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        folder = Path(tempfile.mkdtemp(prefix=".ocinb-", dir=target.parent))
    except OSError as error:  # nobody knows that name; it is about the folder it was to be in
        raise OSError(error.errno, error.strerror, str(target.parent)) from None
    try:
        fresh = folder / "layout"
        _fill(Layout(fresh), named, watch)
        os.replace(fresh, target)  # over nothing, or an empty folder
        files.sync_folder(target.parent)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _fill(layout: Layout, named: list[Named], watch: Written) -> None:
    """Blobs, then manifests, then names: a layout is valid at any time."""
    listed = {each.content.digest for each in named}
    for digest, blob in sorted(_members(each.content for each in named).items()):
        if digest not in listed:
            _put(layout, blob, watch)
    for each in named:
        raw = each.content.document.raw
        for entry in each.entries:
            name = entry.annotations.get(keys.REF_NAME)
            layout.put_manifest(raw, entry, (name,) if name else ())


def _put(layout: Layout, blob: Blob, watch: Written) -> None:
    if _is_there(layout, blob):
        watch(blob.descriptor, blob.size)
        return
    with layout.ingest(blob.digest.algorithm) as ingest:
        for piece in checked(blob, blob.digest, blob.size, "where it is read from"):
            ingest.write(piece)
            watch(blob.descriptor, ingest.size)
        ingest.commit(blob.digest)
    watch(blob.descriptor, blob.size)


def _is_there(layout: Layout, blob: Blob) -> bool:
    """Whether it is there, and right: hashed, not believed."""
    content = layout.content(blob.digest)
    if content is None or content.size != blob.size:
        return False
    try:
        for _ in checked(content, blob.digest, blob.size, ""):
            pass
    except OcinbError:  # somebody tampered with it, or it is gone: it is written anew
        return False
    return True
