"""The bodies of an exchange, counted as they move, and errors when they are not what was said."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import NoReturn, Protocol, TypeAlias, TypeVar, cast

from ocinb.client.wire.deadlines import Pace, Timeouts
from ocinb.client.wire.headers import expected
from ocinb.client.wire.stopping import current
from ocinb.client.wire.stretches import Stretch, stretches
from ocinb.errors import InvalidContent, TruncatedBody
from ocinb.oci.file_part import FilePart
from ocinb.protocol.fields.headers import Headers
from ocinb.protocol.messages import Body, Request, Response
from ocinb.text import visible

P = TypeVar("P", bytes, Stretch)
Count: TypeAlias = Callable[[int, int | None], None]  # bytes done, of how many


class Answer(Protocol):
    """An answer whose body is still to come."""

    @property
    def status(self) -> int: ...

    @property
    def headers(self) -> Headers: ...

    def pieces(self) -> Iterator[bytes | memoryview]:
        """The body; a piece may be borrowed, and is good until the next is taken."""


class Upload:
    """The body of a request, read anew for each try, counted as it leaves."""

    def __init__(self, body: Body, announced: int | None, count: Count | None) -> None:
        self._body, self.size, self._count = body, announced, count

    def __iter__(self) -> Iterator[bytes]:
        return self._counted(self._body)

    def unread(self) -> Iterator[bytes] | Iterator[Stretch]:
        """The same, but what lies in a file is not read: the system sends it from there."""
        file: FilePart | None = getattr(self._body, "file", None)
        return iter(self) if file is None else self._counted(stretches(file))

    def _counted(self, pieces: Iterable[P]) -> Iterator[P]:
        done, stop = 0, current()
        for piece in _readable(pieces):
            if stop is not None:
                stop.check()
            done += len(piece)
            if self.size is not None and done > self.size:
                break
            yield piece
            if self._count is not None:
                self._count(done, self.size)
        if self.size is not None and done != self.size:
            raise InvalidContent(
                f"the body to send was announced with {self.size:,} bytes and has "
                f"{'more' if done > self.size else f'{done:,}'}: did it change meanwhile?"
            )


def _readable(pieces: Iterable[P]) -> Iterator[P]:
    try:
        yield from pieces
    except OSError as error:  # a file of ours, not the network
        raise InvalidContent(f"the body to send cannot be read: {error}") from error


class Download:
    """The body of an answer: counted as it arrives, and an error if it ends too early."""

    def __init__(
        self, answer: Answer, head: Response, timeouts: Timeouts, count: Count | None
    ) -> None:
        self._answer, self._head, self._timeouts, self._count = answer, head, timeouts, count
        self.size = expected(head)

    def __iter__(self) -> Iterator[bytes]:
        done, pace, stop = 0, Pace(self._timeouts), current()
        try:
            # What takes the pieces takes memoryviews, too, and copies what it keeps.
            for piece in cast("Iterator[bytes]", self._answer.pieces()):
                done += len(piece)
                pace.moved(len(piece))
                if self._count is not None:
                    self._count(done, self.size)
                if stop is not None:
                    stop.check()
                yield piece
        except OSError as failure:
            self._fail(_plainly(failure), done)
        if self.size is not None and done < self.size:
            self._fail("it ended too early", done)

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


def _plainly(failure: OSError) -> str:
    """Why a body broke off, in a few words."""
    otherwise = "nothing more came in time" if isinstance(failure, TimeoutError) else "it was reset"
    return visible(failure.strerror or str(failure), 128) or otherwise
