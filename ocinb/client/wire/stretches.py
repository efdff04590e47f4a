"""What of a body lies in a file: the system sends it from there, and no byte of it passes by us."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from typing import BinaryIO

from ocinb.errors import InvalidContent
from ocinb.oci.file_part import FilePart

POSSIBLE = hasattr(os, "sendfile")
LONGEST = 1024 * 1024  # bytes that are sent before anybody is told
_NOT_SO = {errno.EINVAL, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP}  # of this file, or here


class Stretch:
    """`size` bytes of an open file, from `start` on; as long as a piece of bytes of that size."""

    def __init__(self, file: BinaryIO, start: int, size: int) -> None:
        self._file, self._start, self._size = file, start, size

    def __len__(self) -> int:
        return self._size

    def __getitem__(self, cut: slice) -> Stretch:
        """What is left when so many bytes of it were sent: `stretch[sent:]`."""
        sent = cut.indices(self._size)[0]
        return Stretch(self._file, self._start + sent, self._size - sent)

    def read(self) -> bytes:
        """Its bytes."""
        self._file.seek(self._start)
        return self._file.read(self._size)

    def send(self, descriptor: int) -> int | None:
        """Have the system send some of it there; how much, or None where it cannot do that.

        Raises `InvalidContent` when the file became shorter.
        """
        try:
            sent = os.sendfile(descriptor, self._file.fileno(), self._start, self._size)
        except OSError as error:
            if error.errno in _NOT_SO:
                return None
            raise
        if not sent:
            raise InvalidContent("the file to send became shorter: did it change meanwhile?")
        return sent


def stretches(part: FilePart) -> Iterator[Stretch]:
    """All of `part`."""
    with part.opened() as file:
        for start in range(part.start, part.stop, LONGEST):
            yield Stretch(file, start, min(LONGEST, part.stop - start))
