"""Where content goes and comes from: layouts, files and sinks to pull into, images to push."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from ocinb.client.remote import RemoteArtifact, RemoteImage, RemoteIndex
from ocinb.client.source import Folder, Target
from ocinb.errors import NotSupported
from ocinb.oci.descriptor import Descriptor
from ocinb.oci.image import Content, Image, ImageIndex
from ocinb.oci.manifest import AnyManifest
from ocinb.oci.reference import check_tag
from ocinb.protocol.messages import Sink
from ocinb.protocol.session import MOST
from ocinb.storage.files import replacing
from ocinb.storage.layout import Layout
from ocinb.storage.store import put


def opened(into: Folder) -> Layout:
    """`into` as a layout; raises `InvalidContent` for a folder that holds something else."""
    return into if isinstance(into, Layout) else Layout(into)


class LayoutShelf:
    """A layout as a pull sees it: the `Shelf` of `protocol.pull`."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout

    def has(self, blob: Descriptor) -> bool:
        """Whether it is there, and whole."""
        content = self._layout.content(blob.digest)
        return content is not None and content.size == blob.size

    @contextmanager
    def place(self, blob: Descriptor) -> Iterator[Sink]:
        """A temporary file, which becomes the blob."""
        with self._layout.ingest(blob.digest.algorithm) as ingest:
            yield ingest
            ingest.commit(blob.digest)

    def keep(self, manifest: AnyManifest) -> None:
        """Known through the root: index.json need not list it."""
        put(self._layout, manifest.raw, manifest.digest)

    def show(self, root: AnyManifest, tag: str | None) -> None:
        """List it in index.json."""
        self._layout.put_manifest(root.raw, root.descriptor, (tag,) if tag else ())


@contextmanager
def writing(into: Target) -> Iterator[Sink]:
    """`into` as a sink; a file that is named appears when all went well, and only then."""
    if not isinstance(into, (str, os.PathLike)):
        yield into if hasattr(into, "restart") else OpenFile(into)
        return
    target = Path(into)
    if target.is_dir():
        raise IsADirectoryError(f"{target} is a folder: name a file in it")
    if not target.parent.is_dir():
        raise FileNotFoundError(f"there is no folder {target.parent} to write {target.name} to")
    with replacing(target) as sink:
        yield sink


class OpenFile:
    """A file that somebody opened for writing, as a sink."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self._begun = file, False
        self._start = file.tell() if file.seekable() else None

    def restart(self) -> None:
        """Go back to where the content began."""
        if self._start is not None:
            self._file.seek(self._start)
            self._file.truncate()
        elif self._begun:
            raise NotSupported("the content must be written anew, but this file cannot go back")

    def write(self, piece: bytes | memoryview) -> None:
        """Take the next piece."""
        self._begun = True
        self._file.write(piece)


def the_chunk_size(size: int | None) -> int | None:
    """`size` when chunks of so many bytes can be sent; raises `ValueError` when not."""
    if size is None:
        return None
    if isinstance(size, bool) or not isinstance(size, int):
        raise TypeError(f"chunk_size is a number of bytes, not {type(size).__name__}")
    if not 0 < size <= MOST:
        raise ValueError(f"chunk_size is {size:,}; a chunk has from 1 to {MOST:,} bytes")
    return size


def pushable(content: Content, tags: tuple[str, ...]) -> tuple[str, ...]:
    """`tags`, each once; raises for tags that are none, and for what is no content."""
    if isinstance(content, (RemoteIndex, RemoteImage, RemoteArtifact)):
        raise NotSupported(
            f"{content!r} cannot be pushed from where it is",
            hints=["what is pushed is an ocinb.Image or ocinb.ImageIndex; for now, copy with "
                   ".pull(folder) and any tool that pushes image layouts"],
        )  # fmt: skip
    if not isinstance(content, (Image, ImageIndex)):
        raise TypeError(
            f"what is pushed is an ocinb.Image or ocinb.ImageIndex, not {type(content).__name__}"
        )
    for tag in tags:
        if not isinstance(tag, str):
            raise TypeError("tags are given one by one: push(image, 'v1', 'latest')")
        check_tag(tag)
    return tuple(dict.fromkeys(tags))
