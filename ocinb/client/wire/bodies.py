"""The bodies of an exchange, counted as they move, and errors when they are not what was said."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, NoReturn, TypeAlias, cast

from ocinb.client.wire import faults
from ocinb.client.wire.headers import expected
from ocinb.client.wire.straight import StraightBody
from ocinb.errors import InvalidContent, TruncatedBody
from ocinb.protocol.messages import Body, Request, Response

if TYPE_CHECKING:
    import httpx

SLOWEST = 1024  # bytes in a second, over `SLOW_FOR` seconds: less is given up on (F-5)
SLOW_FOR = 30.0

Count: TypeAlias = Callable[[int, int | None], None]  # bytes done, of how many


class Upload:
    """The body of a request, read anew for each try, counted as it leaves."""

    def __init__(self, body: Body, announced: int | None, count: Count) -> None:
        self._body, self.size, self._count = body, announced, count

    def __iter__(self) -> Iterator[bytes]:
        done = 0
        for piece in self._pieces():
            done += len(piece)
            if self.size is not None and done > self.size:
                break
            yield piece
            self._count(done, self.size)
        if self.size is not None and done != self.size:
            raise InvalidContent(
                f"the body to send was announced with {self.size:,} bytes and has "
                f"{'more' if done > self.size else f'{done:,}'}: did it change meanwhile?"
            )

    def _pieces(self) -> Iterator[bytes]:
        try:
            yield from self._body
        except OSError as error:  # a file of ours, not the network
            raise InvalidContent(f"the body to send cannot be read: {error}") from error


class Download:
    """The body of an answer: counted as it arrives, and an error if it ends too early."""

    def __init__(
        self, answer: httpx.Response, head: Response, patience: float, count: Count
    ) -> None:
        self._answer, self._head, self._patience, self._count = answer, head, patience, count
        self.size = expected(head)

    def __iter__(self) -> Iterator[bytes]:
        done, pace = 0, _Pace()
        try:
            for piece in self._pieces():
                done += len(piece)
                pace.moved(len(piece))
                self._count(done, self.size)
                yield piece
        except faults.OF_READING as failure:
            self._fail(faults.plainly(failure), done)
        if self.size is not None and done < self.size:
            self._fail("it ended too early", done)

    def _pieces(self) -> Iterator[bytes]:
        straight = StraightBody.of(self._answer, self._head, self.size or 0, self._patience)
        # What takes the pieces takes memoryviews, too, and copies what it keeps.
        return iter(cast("Iterator[bytes]", straight or self._answer.stream))

    def _fail(self, why: str, done: int) -> NoReturn:
        request = self._head.request or Request("", "")
        of = "" if self.size is None else f" of {self.size:,}"
        raise TruncatedBody(
            f"the answer broke off after {done:,}{of} bytes: {why}",
            received=done,
            expected=self.size,
            method=request.method,
            url=request.url,
        ) from None


class _Pace:
    """Notices a transfer that goes on without getting anywhere."""

    def __init__(self) -> None:
        self._since, self._bytes = time.monotonic(), 0

    def moved(self, count: int) -> None:
        self._bytes += count
        seconds = time.monotonic() - self._since
        if seconds < SLOW_FOR:
            return
        if self._bytes < SLOWEST * seconds:
            raise TimeoutError(f"less than {SLOWEST:,} bytes a second arrived")
        self._since, self._bytes = time.monotonic(), 0
