"""Exchanges with a registry in this process: no socket, no thread, and nothing is buffered."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ocinb.client.addresses import split
from ocinb.client.secret import Secret
from ocinb.client.wire.bodies import Upload
from ocinb.client.wire.deadlines import Timeouts
from ocinb.protocol.fields.headers import Headers
from ocinb.protocol.messages import Body, Bytes, Handle, Request, Response


class InProcess:
    """A registry in this process, asked as if it were far away."""

    def __init__(self, handle: Handle) -> None:
        self._handle, self._closed = handle, False

    @contextmanager
    def answer(
        self,
        request: Request,
        headers: Headers,
        body: Upload,
        *,
        authorization: Secret | None,
        address: str | None,
        timeouts: Timeouts,
    ) -> Iterator[Heard]:
        """The registry's answer, whose body is read from it as it is read here.

        What it raises is its own error, and is raised as it is; and so is what goes wrong with the
        body of the request, whatever the registry makes of that.
        """
        if self._closed:
            raise RuntimeError("this registry was closed")
        if authorization:
            headers = Headers([*headers.pairs(), ("Authorization", authorization.reveal())])
        target = split(request.url)[1]
        ours = _Ours(body)
        answer = self._handle(Request(request.method, target, headers, ours))
        if ours.failure is not None:
            raise ours.failure
        yield Heard(request.method, answer)

    def close(self) -> None:
        """Answer nothing more."""
        self._closed = True


class _Ours:
    """The body of a request, which remembers what went wrong when it was read."""

    def __init__(self, body: Upload) -> None:
        self._body, self.size = body, body.size
        self.failure: Exception | None = None

    def __iter__(self) -> Iterator[bytes]:
        try:
            yield from self._body
        except Exception as failure:
            self.failure = failure
            raise


class Heard:
    """The answer of a registry in this process, with the headers that a server would add."""

    def __init__(self, method: str, answer: Response) -> None:
        self._body: Body = Bytes(answer.body) if answer.stream is None else answer.stream
        self._silent = method == "HEAD" or answer.status in (204, 304)
        self.status, self.headers = answer.status, answer.headers
        if self._body.size is not None and "content-length" not in self.headers:
            length = ("Content-Length", str(self._body.size))
            self.headers = Headers([*self.headers.pairs(), length])

    def pieces(self) -> Iterator[bytes]:
        """The body, if an answer to such a request has one."""
        return iter(() if self._silent else self._body)
