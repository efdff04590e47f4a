"""HTTP/1.1 on one connection: one request, and its answer.

h11 writes and reads the messages. Bodies whose length is known pass it by: their bytes are counted
here, and big ones are read into one reused buffer, which costs a third of the time.
"""

from __future__ import annotations

import contextlib
import re
import ssl
import time
from collections.abc import Iterable, Iterator
from typing import cast

import h11

from ocinb.client.secret import Secret
from ocinb.client.wire.bodies import Upload
from ocinb.client.wire.buffers import BIG, buffered
from ocinb.client.wire.connection import READ, WRITE, Connection, HungUp, NotTaken
from ocinb.client.wire.deadlines import Pace, Timeouts
from ocinb.client.wire.headers import as_bytes, from_bytes, revealed
from ocinb.client.wire.stretches import Stretch
from ocinb.protocol.fields.headers import Headers

MOST_HEAD = 64 * 1024  # bytes of status line and headers (K-7)
MOST_HEADERS = 256
MOST_INTERIM = 8  # answers of 1xx before the one that counts
_SMALL = 16 * 1024  # what goes out in one piece with the head

_FOLDED = re.compile(rb"\n[ \t]")


class Http1:
    """One request and its answer. `keep` says, when all is over, whether the connection can go on.

    Raises `OSError` when the connection fails and `h11.ProtocolError` for what is no HTTP.
    """

    def __init__(self, connection: Connection, timeouts: Timeouts, *, in_memory: bool) -> None:
        self.connection, self._timeouts, self._in_memory = connection, timeouts, in_memory
        self._http = h11.Connection(h11.CLIENT, max_incomplete_event_size=MOST_HEAD)
        self._heard, self._checked, self._interim = bytearray(), 0, 0
        self._until = float("inf")
        self._bodiless = self.any_sent = self.keep = False
        self.status, self.headers = 0, Headers()  # of the answer, once it is there

    @property
    def any_heard(self) -> bool:
        """Whether anything of an answer has come."""
        return bool(self._heard)

    @property
    def surplus(self) -> bytes:
        """What came after the head, and is part of a body only if there is one."""
        return self._http.trailing_data[0]

    # Asking

    def ask(
        self,
        method: str,
        target: str,
        headers: Headers,
        secrets: dict[str, Secret],
        body: Upload | tuple[()] = (),
    ) -> None:
        """Send the request, until all is sent or an answer comes that needs no more of it (U-11).

        `secrets` are headers, too. They are bare only inside of h11, and in a memoryview.
        """
        self._bodiless = method == "HEAD"
        head = self._written(method, target, headers, secrets)
        try:
            self._send_all(head, self._unread(body))
        except TimeoutError as error:
            raise NotTaken(str(error)) from error
        except (ConnectionError, ssl.SSLError):
            if not self._says_why():
                raise
        self._until = time.monotonic() + self._timeouts.whole

    def _written(
        self, method: str, target: str, headers: Headers, secrets: dict[str, Secret]
    ) -> memoryview:
        """The head of a request. A refusal of h11's comes without its frames, which show all."""
        try:
            return memoryview(
                self._http.send(
                    h11.Request(
                        method=method,
                        target=target,
                        headers=[*as_bytes(headers), *revealed(secrets)],
                    )
                )
            )
        except h11.LocalProtocolError as error:
            raise error.with_traceback(None) from None

    def _send_all(self, head: memoryview, body: Iterable[bytes | Stretch]) -> None:
        waiting, pace = head, Pace(self._timeouts)
        for piece in body:
            for part in self._framed(piece):
                if waiting and len(waiting) + len(part) <= _SMALL:
                    waiting = memoryview(b"".join((waiting, _read(part))))
                    continue
                whole = part if isinstance(part, Stretch) else memoryview(part)
                if not (self._sent(waiting, pace) and self._sent(whole, pace)):
                    return
                waiting = memoryview(b"")
        end = self._http.send(h11.EndOfMessage())
        self._sent(memoryview(b"".join((waiting, end))) if end else waiting, pace)

    def _unread(self, body: Upload | tuple[()]) -> Iterable[bytes | Stretch]:
        """`body`, or the stretches of files that it is, where those can be sent."""
        return body.unread() if body and self.connection.sends_files else body

    def _framed(self, piece: bytes | Stretch) -> Iterable[bytes | Stretch]:
        """`piece` as it goes out: itself, for h11 looks at nothing but how long it is."""
        data = h11.Data(data=cast("bytes", piece))
        return self._http.send_with_data_passthrough(data) or ()

    def _sent(self, data: memoryview | Stretch, pace: Pace) -> bool:
        """Send `data`; False when the answer came instead."""
        while data:
            if self.any_sent and self._answered_already():
                return False
            sent = self.connection.send_some(data, self._timeouts.write)
            self.any_sent, data = True, data[sent:]
            pace.moved(sent)
        return True

    def _answered_already(self) -> bool:
        """Wait until there is room to send or something comes; whether it is the answer."""
        came = self.connection.wait(READ | WRITE, self._timeouts.write)
        if not came & READ:
            return False
        data = self.connection.peek()
        if data is None:
            return False
        if not data:
            raise HungUp("the connection was closed")
        self._until = time.monotonic() + self._timeouts.whole
        self._take(data)
        return not self._is_interim(self._next_head())

    def _says_why(self) -> bool:
        """Whether there is an answer that says why the connection ended while we were sending."""
        self._until = time.monotonic() + 1.0
        with contextlib.suppress(OSError, h11.ProtocolError):
            self.hear()
        return bool(self.status)

    # Hearing

    def hear(self) -> None:
        """Read the head of the answer; its body is still to come."""
        while not self.status:
            self._is_interim(self._next_head())
        self._length = self._known_length()
        if self._length == 0:
            self._over(self.surplus)

    def _is_interim(self, head: h11.Response | h11.InformationalResponse) -> bool:
        if isinstance(head, h11.Response):
            self.status, self.headers = head.status_code, from_bytes(head.headers.raw_items())
            return False
        self._interim += 1
        if self._interim > MOST_INTERIM:
            raise h11.RemoteProtocolError("too many interim answers")
        return True

    def _next_head(self) -> h11.Response | h11.InformationalResponse:
        if not self._heard:  # trying to read first would be in vain, most of the time
            self.connection.wait(READ, self._patience())
        while (event := self._http.next_event()) is h11.NEED_DATA:
            self._take(self.connection.receive(self._patience()))
        if not isinstance(event, (h11.Response, h11.InformationalResponse)):
            raise h11.RemoteProtocolError(f"{type(event).__name__} where an answer should begin")
        self._check_head(event)
        return event

    def _take(self, data: bytes) -> None:
        if not data and not self._heard:
            raise HungUp("the connection was closed")
        self._heard += data
        self._http.receive_data(data)

    def _check_head(self, head: h11.Response | h11.InformationalResponse) -> None:
        """What h11 lets pass: heads that are long and came at once, and folded lines."""
        end = len(self._heard) - len(self.surplus)
        start, self._checked = self._checked, end
        if end - start > MOST_HEAD or len(head.headers) > MOST_HEADERS:
            raise h11.RemoteProtocolError("too many headers")
        if _FOLDED.search(self._heard, start, end):
            raise h11.RemoteProtocolError("a folded header")

    def _patience(self) -> float:
        """The seconds to wait for what comes next."""
        left = self._until - time.monotonic()
        if left <= 0:
            raise TimeoutError(f"it was not whole after {self._timeouts.whole:g} seconds")
        return min(left, self._timeouts.read)

    # The body

    def _known_length(self) -> int | None:
        """The bytes of body to come, by RFC 9112, section 6.3; None where only h11 can tell."""
        if self._bodiless or self.status in (204, 304):
            return 0
        if "transfer-encoding" in self.headers or "content-length" not in self.headers:
            return None
        return int(self.headers["content-length"])

    def pieces(self) -> Iterator[bytes | memoryview]:
        """The body, piece by piece. A piece may be borrowed: it is good until the next is taken."""
        if not self._in_memory:
            self._until = float("inf")
        try:
            if self._length is None:
                yield from self._by_h11()
            elif self._length:
                yield from self._counted(self._length)
        except TimeoutError:
            self._patience()  # says so, if it is the whole that took too long
            raise

    def _counted(self, left: int) -> Iterator[bytes | memoryview]:
        came = self.surplus
        if came:
            yield came[:left]
        surplus, left = came[left:], left - len(came)
        if left >= BIG:
            yield from buffered(self.connection, left, self._patience)
            left = 0
        while left > 0:
            came = self.connection.receive(self._patience())
            if not came:
                raise HungUp("the connection was closed")
            yield came[:left]
            surplus, left = came[left:], left - len(came)
        self._over(surplus)

    def _by_h11(self) -> Iterator[bytes]:
        """A body in chunks, or one that ends with the connection."""
        pace = Pace(self._timeouts)  # what stands between the bytes of a body gets nobody anywhere
        while True:
            try:
                event = self._http.next_event()
            except h11.RemoteProtocolError as error:
                closed = str(error).startswith("peer")
                why = "the connection was closed" if closed else "its chunks are broken"
                raise ConnectionError(why) from error
            if event is h11.NEED_DATA:
                pace.moved(0)
                self._http.receive_data(self.connection.receive(self._patience()))
            elif isinstance(event, h11.Data):
                pace.moved(len(event.data))
                yield bytes(event.data)
            elif isinstance(event, h11.EndOfMessage):
                return self._over(self.surplus)
            else:
                raise h11.RemoteProtocolError(f"{type(event).__name__} where a body should go on")

    def _over(self, surplus: bytes) -> None:
        """All was read; only a connection that is in step can carry another request.

        h11 is done with a request when all of it was sent and nobody wants to close.
        """
        chunked = "transfer-encoding" in self.headers and "content-length" not in self.headers
        framed = chunked or self._length is not None
        self.keep = self._http.our_state is h11.DONE and framed and not surplus


def _read(part: bytes | Stretch) -> bytes:
    return part.read() if isinstance(part, Stretch) else part
