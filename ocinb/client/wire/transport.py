"""One HTTP exchange: a request goes out, an answer comes in, and everybody watching is told.

No policy lives here: no authentication, no second try, no redirect, no cookie.
"""

from __future__ import annotations

import itertools
import os
import time
from typing import TYPE_CHECKING, Literal

from ocinb.client.addresses import split
from ocinb.client.secret import Secret
from ocinb.client.wire.bodies import Answer, Count, Download, Upload
from ocinb.client.wire.deadlines import Timeouts
from ocinb.client.wire.headers import announced, to_send
from ocinb.client.wire.inprocess import InProcess
from ocinb.client.wire.observers import Observers
from ocinb.client.wire.stopping import current
from ocinb.errors import Cancelled, OcinbError, TransferError
from ocinb.protocol.events import BytesMoved, Finished, RequestStarted, ResponseReceived
from ocinb.protocol.fields.headers import Headers, shown_headers
from ocinb.protocol.messages import Handle, Request, Response, Step, received
from ocinb.text import redacted_url, visible

if TYPE_CHECKING:
    from ocinb.client.wire.network import Network

numbers = itertools.count(1)  # of exchanges, over all registries


class Transport:
    """Exchanges with one registry, and with wherever it sends us.

    `own` is the host for which `insecure` switches the check of certificates off; `ca` is a file
    or folder of certificates to trust besides the usual ones. With `handle` nothing leaves the
    process.
    """

    def __init__(
        self,
        *,
        handle: Handle | None = None,
        own: str = "",
        ca: str | os.PathLike[str] | None = None,
        insecure: bool = False,
        timeouts: Timeouts | None = None,
    ) -> None:
        self.observers = Observers()
        self._timeouts = timeouts or Timeouts()
        self._far: InProcess | Network = (
            _network(own=own, ca=ca, insecure=insecure) if handle is None else InProcess(handle)
        )

    def exchange(
        self,
        request: Request,
        step: Step | None = None,
        *,
        authorization: Secret | None = None,
        address: str | None = None,
        number: int | None = None,
        timeouts: Timeouts | None = None,
    ) -> Response:
        """Send `request` (its URL absolute) once and return the answer, its body read.

        `address` is connected to in place of what the host's name stands for, and `timeouts` are
        others than the usual ones. Raises `TransferError` when no whole answer arrives, and
        `Cancelled` when the current `Stop` is set.
        """
        number = number or next(numbers)
        timeouts = timeouts or self._timeouts
        started, error, stopped = time.monotonic(), "", False
        try:
            return self._obeying(request, step, authorization, address, number, timeouts)
        except BaseException as failure:
            error = _in_short(failure)
            stopped = isinstance(failure, (Cancelled, KeyboardInterrupt))
            raise
        finally:
            if self.observers:
                seconds = time.monotonic() - started
                self.observers.tell(Finished(number, seconds, error, stopped))

    def _obeying(
        self,
        request: Request,
        step: Step | None,
        authorization: Secret | None,
        address: str | None,
        number: int,
        timeouts: Timeouts,
    ) -> Response:
        """The answer; whatever fails once it was asked to stop, fails for that."""
        stop = current()
        if stop is None:
            return self._exchange(request, step, authorization, address, number, timeouts)
        stop.check()
        try:
            return self._exchange(request, step, authorization, address, number, timeouts)
        except Cancelled:
            raise
        except Exception:
            stop.check()
            raise

    def _exchange(
        self,
        request: Request,
        step: Step | None,
        authorization: Secret | None,
        address: str | None,
        number: int,
        timeouts: Timeouts,
    ) -> Response:
        headers = to_send(request, split(request.url)[0])
        self._tell_start(number, step, request, headers, authorization)
        body = Upload(request.body, announced(headers), self._counter(number, "up"))
        with self._far.answer(
            request,
            headers,
            body,
            authorization=authorization,
            address=address,
            timeouts=timeouts,
        ) as answer:
            return self._received(answer, request, number, timeouts)

    def _tell_start(
        self,
        number: int,
        step: Step | None,
        request: Request,
        headers: Headers,
        authorization: Secret | None,
    ) -> None:
        if not self.observers:
            return
        hidden = [("Authorization", "")] if authorization else []
        self.observers.tell(
            RequestStarted(
                number,
                step,
                request.method,
                redacted_url(request.url),
                shown_headers(Headers([*headers.pairs(), *hidden])),
                request.body.size,
            )
        )

    def _received(
        self, answer: Answer, request: Request, number: int, timeouts: Timeouts
    ) -> Response:
        head = Response(answer.status, answer.headers, request=request)
        if self.observers:
            self.observers.tell(ResponseReceived(number, head.status, shown_headers(head.headers)))
        if request.method == "HEAD":
            return head
        body = Download(answer, head, timeouts, self._counter(number, "down"))
        return received(request, Response(head.status, head.headers, stream=body))

    def _counter(self, number: int, direction: Literal["up", "down"]) -> Count:
        def count(done: int, total: int | None) -> None:
            if self.observers:
                self.observers.tell(BytesMoved(number, direction, done, total))

        return count

    def close(self) -> None:
        """Close every connection; closing twice is fine."""
        self._far.close()


def _network(*, own: str, ca: str | os.PathLike[str] | None, insecure: bool) -> Network:
    # Sockets, TLS and h11 take longer to load than everything else here together.
    from ocinb.client.wire.network import Network  # noqa: PLC0415

    return Network(own=own, ca=ca, insecure=insecure)


def _in_short(failure: BaseException) -> str:
    """What went wrong, for whoever knows what was asked."""
    if isinstance(failure, TransferError):
        return failure.reason
    return visible(str(failure), 256) if isinstance(failure, OcinbError) else type(failure).__name__
