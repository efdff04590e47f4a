"""One socket, plain or TLS, that waits no longer than it is told to, and not once it is stopped."""

from __future__ import annotations

import contextlib
import select
import socket
import ssl
import time

from ocinb.client.wire.stopping import current
from ocinb.client.wire.stretches import POSSIBLE, Stretch

READ, WRITE = 1, 2
_SLICE = 0.5  # seconds: who may be stopped looks up so often, should shutting down not wake it
_TOGETHER = 0.1  # seconds in which what comes is put together
_PIECE = 64 * 1024
_BLOCKED = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


class HungUp(ConnectionError):
    """The connection ended where more was to come."""


class NotTaken(OSError):
    """The server stopped taking what was sent."""


class Connection:
    """A connected socket. It never blocks by itself: every wait has its end here.

    Raises `TimeoutError` when that end comes, other `OSError`s when the connection breaks, and
    `Cancelled` when the current `Stop` is set.
    """

    def __init__(self, connected: socket.socket) -> None:
        connected.setblocking(False)
        self.socket, self.idle_since = connected, 0.0

    def handshake(self, context: ssl.SSLContext, name: str, until: float) -> None:
        """Agree on TLS with a server of that name, up to the time `until`."""
        secured = context.wrap_socket(
            self.socket, server_hostname=name, do_handshake_on_connect=False
        )
        self.socket = secured
        while True:
            try:
                return secured.do_handshake()
            except _BLOCKED as blocked:
                self._wait_until(until, blocked, READ)

    def send_some(self, data: memoryview | Stretch, seconds: float) -> int:
        """Send some of `data` and return how much; wait for room if there is none."""
        until = 0.0
        while True:
            try:
                if isinstance(data, Stretch):
                    return self._send_from_file(data)
                return self.socket.send(data)
            except _BLOCKED as blocked:
                until = until or time.monotonic() + seconds
                self._wait_until(until, blocked, WRITE)

    @property
    def sends_files(self) -> bool:
        """Whether the system can send what lies in a file; for TLS it has to pass by us."""
        return POSSIBLE and not isinstance(self.socket, ssl.SSLSocket)

    def _send_from_file(self, data: Stretch) -> int:
        sent = data.send(self.socket.fileno())
        return self.socket.send(data.read()) if sent is None else sent

    def receive(self, seconds: float) -> bytes:
        """Whatever comes next; nothing at the end of the connection."""
        until = 0.0
        while True:
            try:
                return self.socket.recv(_PIECE)
            except _BLOCKED as blocked:
                until = until or time.monotonic() + seconds
                self._wait_until(until, blocked, READ)

    def fill(self, room: memoryview, seconds: float) -> int:
        """Fill `room`, or as much of it as comes within a tenth of a second after the first byte.

        Fewer, larger pieces are what makes big bodies fast.
        """
        filled, first, more = 0, 0.0, 0.0
        while filled < len(room):
            try:
                got = self.socket.recv_into(room[filled:])
            except _BLOCKED as blocked:
                if not filled:
                    first = first or time.monotonic() + seconds
                    self._wait_until(first, blocked, READ)
                    continue
                more = more or time.monotonic() + _TOGETHER
                if not self._more_comes(more, blocked):
                    break
                continue
            except OSError:
                if not filled:
                    raise
                break  # what has come is not lost; the next to ask is told
            if not got:
                break
            filled += got
        return filled

    def _more_comes(self, until: float, blocked: OSError) -> bool:
        left = until - time.monotonic()
        return left > 0 and bool(self.ready(_wanted(blocked, READ), left))

    def _wait_until(self, until: float, blocked: OSError, otherwise: int) -> None:
        """Wait for what `blocked`. What comes may be nothing yet, such as half a record of TLS, so
        the time is that of all such waits together."""
        left = until - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self.wait(_wanted(blocked, otherwise), left)

    def peek(self) -> bytes | None:
        """What has come by now, without waiting; None for nothing, empty for the end."""
        if not self.ready(READ, 0):
            return None
        try:
            return self.socket.recv(_PIECE)
        except _BLOCKED:  # something of TLS itself
            return None

    def wait(self, wanted: int, seconds: float) -> int:
        """Which of `wanted` (`READ`, `WRITE`) is possible now; `TimeoutError` for none."""
        stop = current()
        if stop is None:
            came = self.ready(wanted, seconds)
        else:
            until, came = time.monotonic() + seconds, 0
            while not came and (left := until - time.monotonic()) > 0:
                came = self.ready(wanted, min(left, _SLICE))
                stop.check()
        if not came:
            raise TimeoutError
        return came

    def ready(self, wanted: int, seconds: float) -> int:
        """Which of `wanted` becomes possible within `seconds`; 0 for none."""
        return _ready(self.socket.fileno(), wanted, max(0.0, seconds))

    @property
    def is_fresh(self) -> bool:
        """Whether it can carry another exchange: nothing came since the last one, not even its
        end."""
        pending = isinstance(self.socket, ssl.SSLSocket) and self.socket.pending()
        return not pending and not self.ready(READ, 0)

    def close(self) -> None:
        """Close it; closing twice is fine."""
        with contextlib.suppress(OSError):
            self.socket.close()


def _wanted(blocked: OSError, otherwise: int) -> int:
    """What to wait for: TLS may have to write before it can read, and the other way round."""
    if isinstance(blocked, ssl.SSLWantReadError):
        return READ
    return WRITE if isinstance(blocked, ssl.SSLWantWriteError) else otherwise


if hasattr(select, "poll"):
    _IN, _OUT = select.POLLIN, select.POLLOUT
    _POLLED = {READ: _IN, WRITE: _OUT, READ | WRITE: _IN | _OUT}

    def _ready(number: int, wanted: int, seconds: float) -> int:
        poll = select.poll()
        poll.register(number, _POLLED[wanted])
        came = poll.poll(seconds * 1000)
        return _meant(came[0][1], wanted) if came else 0

    def _meant(came: int, wanted: int) -> int:
        """Errors and hang-ups are found out by whatever is tried next."""
        if came & ~(_IN | _OUT):
            return wanted
        return (READ if came & _IN else 0) | (WRITE if came & _OUT else 0)

else:  # Windows, where failing to connect is an exceptional condition

    def _ready(number: int, wanted: int, seconds: float) -> int:
        reading = [number] if wanted & READ else []
        writing = [number] if wanted & WRITE else []
        readable, writable, failed = select.select(reading, writing, writing, seconds)
        return (READ if readable else 0) | (WRITE if writable or failed else 0)
