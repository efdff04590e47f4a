"""How long a client may take over a request: one that only drips holds a thread others need."""

from __future__ import annotations

import socket
import time
from typing import TYPE_CHECKING

from cheroot.makefile import StreamReader, StreamWriter

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

GRACE = 30.0  # seconds that waiting for a request may take, however little comes (K-28)
SLOWEST = 1024  # bytes that must come in each second beyond


class Patient(socket.SocketIO):
    """What is read of a socket, as long as it comes at some pace; then `TimeoutError`.

    Only waiting counts: what the registry does meanwhile costs the client nothing.
    """

    _waited, _got = 0.0, 0

    def begin(self) -> None:
        """Another request comes, and has its own time."""
        self._waited, self._got = 0.0, 0

    def readinto(self, buffer: WriteableBuffer) -> int | None:
        """Read what there is, waiting for some."""
        began = time.monotonic()
        got = super().readinto(buffer)
        self._waited += time.monotonic() - began
        self._got += got or 0
        if self._waited > GRACE + self._got / SLOWEST:
            raise TimeoutError("timed out")  # cheroot knows it by these words
        return got


class Reader(StreamReader):
    """cheroot's reader, which is patient within reason."""

    def __init__(self, connected: socket.socket, mode: str, size: int) -> None:
        self.patient = Patient(connected, mode)  # type: ignore[arg-type]  # it is "rb"
        super(StreamReader, self).__init__(self.patient, size)  # whose own has another socket's
        self.bytes_read = 0


def made_file(connected: socket.socket, mode: str, size: int) -> StreamReader | StreamWriter:
    """What cheroot reads a connection with, or writes to it."""
    return Reader(connected, mode, size) if "r" in mode else StreamWriter(connected, mode, size)
