"""A store on disk: an OCI image layout, which skopeo, crane, umoci, oras and regctl read, too.

`oci-layout` says the version, `index.json` lists manifests and tags, `blobs/<algorithm>/<encoded>`
holds the content (image-spec, image-layout.md). Layouts that others wrote are read with patience:
what is not understood is left alone, and kept when `index.json` is written.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from ocinb.drawable import Drawable
from ocinb.errors import InvalidContent, NotSupported, OcinbError
from ocinb.oci import strict_json
from ocinb.oci.descriptor import Descriptor
from ocinb.oci.digest import Digest
from ocinb.oci.document import encode
from ocinb.storage import arriving, files, partial
from ocinb.storage.arriving import FileIngest, KeptIngest, Unfinished
from ocinb.storage.catalogue import Catalogue
from ocinb.storage.files import FileContent
from ocinb.storage.nested import below
from ocinb.storage.store import Ingest, Readable, Stored, copy, put
from ocinb.text import short_path, visible

INDEX_LIMIT = 4 * 1024 * 1024  # bytes of index.json that are read or written: some 20,000 entries
VERSION = "1.0.0"
LAYOUT = "oci-layout"
INDEX = "index.json"


class Layout(Drawable):
    """One repository's content in a folder, laid out as the image-spec says.

    A folder that is not there, or is empty, becomes a layout with the first write.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        self._ready = False
        self._seen: tuple[object, Catalogue] = (None, Catalogue())
        self._children: dict[Digest, tuple[Descriptor, ...]] = {}
        self._check()

    @property
    def empty(self) -> bool:
        """Whether nothing was ever put here."""
        return not (self.path / LAYOUT).exists()

    @property
    def size(self) -> int:
        """Bytes of all its content."""
        sizes = map(files.regular_size, self.path.glob("blobs/*/*"))
        return sum(size or 0 for size in sizes)

    def content(self, digest: Digest) -> Stored | None:
        """The bytes known as `digest`; a link or anything else that is no file does not count."""
        path = self._file(digest)
        size = files.regular_size(path)
        return None if size is None else FileContent(path, 0, size)

    def ingest(self, algorithm: str = "sha256") -> Ingest:
        """A place to write new content to."""
        self._make()
        return FileIngest(algorithm, lambda: files.new_temporary(self.path), self._place)

    def arriving(self, digest: Digest, size: int) -> Ingest:
        """A place for a blob that is known by digest and size, with what an interrupted one left.

        See `ocinb.storage.partial`.
        """
        self._make()
        return partial.arriving(self.path, digest, size, self._place)

    def has_begun(self, digest: Digest) -> bool:
        """Whether something of a blob is here that `arriving` goes on with."""
        return bool(files.regular_size(partial.place(self.path, digest)))

    def check_room(self, blobs: Iterable[tuple[Digest, int]]) -> None:
        """Raise `DiskFull` when there is no room for what is not here of `blobs`, with their sizes.

        What an earlier process left of one counts as here, as far as it goes.
        """
        missing = (blob for blob in blobs if files.regular_size(self._file(blob[0])) != blob[1])
        needed = sum(partial.still_to_come(self.path, *blob) for blob in missing)
        if needed:
            partial.check_room(self.path, needed)

    def begin(self, key: str, algorithm: str = "sha256") -> Ingest:
        """The same, kept under `key` when this process ends: `unfinished` finds it in another."""
        self._make()
        path = arriving.kept(self.path, algorithm, key)
        return KeptIngest(algorithm, lambda: (path, files.new_file(path)), self._place)

    def unfinished(self) -> Iterator[tuple[Unfinished, Ingest]]:
        """What `begin` began in processes that ended before it was whole, to go on with.

        What nobody can go on with is cleared away.
        """
        files.clear_temporaries(self.path)
        for left in arriving.unfinished(self.path):
            file = files.open_regular(left.path, to_write=True)
            if file is not None:
                yield left, self._taken_up(left, file)

    def take(self, digest: Digest, source: Readable) -> bool:
        """Have the content `digest` from `source` too; a file is linked where that is possible."""
        theirs = source.content(digest)
        if isinstance(theirs, FileContent) and self._link(theirs.path, digest):
            return True
        return copy(digest, source, self)

    def tags(self) -> tuple[str, ...]:
        """Every tag, in the order of its bytes; names that cannot be tags are not listed."""
        return self.catalogue().tags()

    def resolve(self, tag: str) -> Descriptor | None:
        """The manifest that `tag`, or any other name that stands in `index.json`, points to."""
        return self.catalogue().names.get(tag)

    def manifests(self) -> tuple[Descriptor, ...]:
        """Every manifest: those that `index.json` lists, and those that only an index names."""
        catalogue = self.catalogue()
        nested = self._nested(catalogue).items()
        found = {digest: each for digest, each in nested if self.content(digest)}
        return tuple({**found, **catalogue.manifests}.values())

    def manifest(self, digest: Digest) -> Descriptor | None:
        """The manifest known as `digest`, also when only an index in the layout names it."""
        catalogue = self.catalogue()
        if digest in catalogue.manifests:
            return catalogue.manifests[digest]
        return self._nested(catalogue).get(digest) if self.content(digest) else None

    def put_manifest(self, raw: bytes, manifest: Descriptor, tags: Iterable[str] = ()) -> None:
        """Keep `raw` as `manifest` describes it, and point `tags` to it."""
        named = tuple(tags)
        put(self, raw, manifest.digest)
        self._change(lambda catalogue: catalogue.having(manifest, named))

    def untag(self, tag: str) -> bool:
        """Let `tag` point to nothing; whether it was there."""
        there = self.resolve(tag) is not None
        if there:
            self._change(lambda catalogue: catalogue.without_tag(tag))
        return there

    def remove_manifest(self, digest: Digest) -> bool:
        """Forget the manifest `digest` and every tag that points to it; whether it was there."""
        there = self.manifest(digest) is not None
        if there:
            self._change(lambda catalogue: catalogue.without(digest))
            self.remove(digest)
        return there

    def remove(self, digest: Digest) -> bool:
        """Remove the content `digest`; whether it was there."""
        there = self.content(digest) is not None
        if there:
            self._file(digest).unlink(missing_ok=True)
        return there

    def catalogue(self) -> Catalogue:
        """What `index.json` says now."""
        version = self._version()
        if self._seen[0] != version:
            self._seen = (version, self._read())
        return self._seen[1]

    def __repr__(self) -> str:
        try:
            state = f"{len(self.catalogue().manifests)} manifests, {len(self.tags())} tags"
        except OcinbError:
            state = "unreadable"
        return f"<Layout {short_path(self.path)}: {'nothing yet' if self.empty else state}>"

    def _check(self) -> None:
        """Refuse a folder that is something else than a layout we know."""
        if self.path.exists() and not self.path.is_dir():
            raise InvalidContent(f"{short_path(self.path)} is no folder, which a layout is")
        foreign = self.path.exists() and any(map(_is_foreign, self.path.iterdir()))
        raw = files.read_small(self.path / LAYOUT, 64 * 1024)
        if raw is None:
            if foreign:
                raise InvalidContent(f"{short_path(self.path)} holds files, but no oci-layout")
            return
        check_version(raw, short_path(self.path))

    def _make(self) -> None:
        """Make the layout when it is not there, and clear away what a crash left in it."""
        if self._ready and self.path.exists():
            return
        self.path.mkdir(parents=True, exist_ok=True)
        files.clear_temporaries(self.path)
        self._ready = True

    def _taken_up(self, left: Unfinished, file: BinaryIO) -> Ingest:
        size = os.fstat(file.fileno()).st_size
        return KeptIngest(left.algorithm, lambda: (left.path, file), self._place, size)

    def _place(self, digest: Digest) -> Path:
        """Where `digest` belongs, its folder made when it is not there."""
        folder = self._file(digest).parent
        if not folder.exists():
            folder.mkdir(parents=True, exist_ok=True)
            files.sync_folder(folder.parent)
        if self.empty:
            files.write_whole(self.path / LAYOUT, encode({"imageLayoutVersion": VERSION}))
            self._change(lambda catalogue: catalogue)
        return folder / digest.encoded

    def _link(self, path: Path, digest: Digest) -> bool:
        self._make()
        try:
            os.link(path, self._place(digest), follow_symlinks=False)
        except (OSError, NotImplementedError):  # already there, or another file system
            return self.content(digest) is not None
        return True

    def _file(self, digest: Digest) -> Path:
        return self.path / "blobs" / digest.algorithm / digest.encoded

    def _version(self) -> object:
        """Something that changes whenever anybody replaces `index.json`."""
        try:
            found = os.stat(self.path / INDEX)
        except OSError:
            return None
        return (found.st_ino, found.st_mtime_ns, found.st_size)

    def _read(self) -> Catalogue:
        raw = files.read_small(self.path / INDEX, INDEX_LIMIT)
        if raw is None:
            return Catalogue()
        return Catalogue.from_json(strict_json.parse_object(raw, INDEX, INDEX_LIMIT))

    def _change(self, change: Callable[[Catalogue], Catalogue]) -> None:
        with files.locked(self.path):
            changed = change(self.catalogue())
            raw = encode(changed.to_json())
            if len(raw) > INDEX_LIMIT:
                raise NotSupported(f"index.json would have more than {INDEX_LIMIT:,} bytes")
            files.write_whole(self.path / INDEX, raw)
            self._seen = (self._version(), changed)

    def _nested(self, catalogue: Catalogue) -> dict[Digest, Descriptor]:
        """The manifests that only other manifests name."""
        return below(self, catalogue.manifests.values(), self._children)


def check_version(raw: bytes, what: str) -> None:
    """Raise unless `raw`, the file `oci-layout` of `what`, names the version that is known."""
    version = strict_json.parse_object(raw, LAYOUT).get("imageLayoutVersion")
    if version != VERSION:
        raise NotSupported(
            f"{what} is an image layout of version {visible(version, 40)}; only {VERSION} is known"
        )


def _is_foreign(entry: Path) -> bool:
    """Folders may be other layouts, hidden files our own interrupted beginnings."""
    return not entry.name.startswith(".") and not entry.is_dir()
