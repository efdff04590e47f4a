"""Where content goes and comes from: layouts, files and sinks to pull into, images to push."""

from __future__ import annotations

import errno
import os
import re
from typing import IO

from ocinb.client.moving.shelves import FileShelf, SinkShelf
from ocinb.client.remote import Remote, RemoteArtifact, RemoteImage, RemoteIndex
from ocinb.client.source import Folder, Target
from ocinb.errors import NotSupported
from ocinb.oci.image import Content, Image, ImageIndex
from ocinb.oci.reference import check_tag
from ocinb.protocol.pull import BlobShelf
from ocinb.protocol.uploads.session import MOST
from ocinb.storage.layout import Layout

_URL = re.compile(r"[a-z][a-z0-9+.-]*://", re.ASCII | re.IGNORECASE)


def opened(into: Folder) -> Layout:
    """`into` as a layout; raises `InvalidContent` for a folder that holds something else."""
    if isinstance(into, str) and _URL.match(into):
        raise ValueError("what is pulled goes into a folder on this machine, not to a URL")
    return into if isinstance(into, Layout) else Layout(into)


def shelf(into: Target) -> BlobShelf:
    """`into` as a place for a blob; a file that is named appears when all went well, only then."""
    if isinstance(into, (str, os.PathLike)):
        return FileShelf(into)
    if not callable(getattr(into, "write", None)):
        raise TypeError(f"into is a path, or a file to write to, not {type(into).__name__}")
    return SinkShelf(into if hasattr(into, "restart") else OpenFile(into))


class OpenFile:
    """A file that somebody opened for writing, as a sink."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self._begun = file, False
        self._start = file.tell() if file.seekable() else None

    def restart(self) -> None:
        """Go back to where the content began."""
        if self._start is not None:
            self._file.seek(self._start)
            _cut(self._file)
        elif self._begun:
            raise NotSupported("the content must be written anew, but this file cannot go back")

    def write(self, piece: bytes | memoryview) -> None:
        """Take the next piece."""
        self._begun = True
        left = memoryview(piece)
        while left:
            written: object = self._file.write(left)
            if written == 0:
                raise OSError("the file to write to takes nothing more")
            # Without a buffer it may be less than all; what is only like a file may not say.
            left = left[written if isinstance(written, int) else len(left) :]


def _cut(file: IO[bytes]) -> None:
    """Truncate `file` where it stands; a device, which has no length, stays as it is."""
    try:
        file.truncate()
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise


def the_chunk_size(size: int | None) -> int | None:
    """`size` when chunks of so many bytes can be sent; raises `ValueError` when not."""
    if size is None:
        return None
    if isinstance(size, bool) or not isinstance(size, int):
        raise TypeError(f"chunk_size is a number of bytes, not {type(size).__name__}")
    if not 0 < size <= MOST:
        raise ValueError(f"chunk_size is {size:,}; a chunk has from 1 to {MOST:,} bytes")
    return size


def pushable(content: Content | Remote, tags: tuple[str, ...]) -> tuple[str, ...]:
    """`tags`, each once; raises for tags that are none, and for what is no content."""
    if not isinstance(content, (Image, ImageIndex, RemoteIndex, RemoteImage, RemoteArtifact)):
        raise TypeError(
            "what is pushed is an ocinb.Image or ocinb.ImageIndex, or what a tag stands for "
            f"elsewhere, not {type(content).__name__}"
        )
    return the_tags(tags)


def the_tags(tags: tuple[str, ...]) -> tuple[str, ...]:
    """`tags`, each once; raises for those that are none."""
    for tag in tags:
        if not isinstance(tag, str):
            raise TypeError("tags are given one by one: push(image, 'v1', 'latest')")
        check_tag(tag)
    return tuple(dict.fromkeys(tags))
