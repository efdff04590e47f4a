"""One HTTP exchange: a request goes out, an answer comes in, and everybody watching is told.

No policy lives here: no authentication, no second try, no redirect, no cookie.
"""

from __future__ import annotations

import itertools
import os
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from ocinb.client.addresses import split
from ocinb.client.secret import Secret
from ocinb.client.wire.bodies import Count, Download, Upload
from ocinb.client.wire.connections import Connections, Timeouts
from ocinb.client.wire.headers import announced, from_bytes, refuse_encoding, to_send
from ocinb.client.wire.observers import Observers
from ocinb.errors import OcinbError
from ocinb.protocol.events import BytesMoved, Finished, RequestStarted, ResponseReceived
from ocinb.protocol.headers import Headers, shown_headers
from ocinb.protocol.messages import Handle, Request, Response, Step, received
from ocinb.text import redacted_url, visible

if TYPE_CHECKING:
    import httpx

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
        self._connections = Connections(handle=handle, own=own, ca=ca, insecure=insecure)

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
        others than the usual ones. Raises `TransferError` when no whole answer arrives.
        """
        number = number or next(numbers)
        started, error = time.monotonic(), ""
        try:
            return self._exchange(request, step, authorization, address, number, timeouts)
        except BaseException as failure:
            error = str(failure) if isinstance(failure, OcinbError) else type(failure).__name__
            raise
        finally:
            self.observers.tell(
                Finished(number, time.monotonic() - started, visible(error, 256) if error else "")
            )

    def _exchange(
        self,
        request: Request,
        step: Step | None,
        authorization: Secret | None,
        address: str | None,
        number: int,
        timeouts: Timeouts | None,
    ) -> Response:
        headers = to_send(request, split(request.url)[0])
        self._tell_start(number, step, request, headers, authorization)
        body = Upload(request.body, announced(headers), self._counter(number, "up"))
        with self._connections.answer(
            request,
            headers,
            body,
            authorization=authorization,
            address=address,
            timeouts=timeouts or self._timeouts,
        ) as answer:
            return self._received(answer, request, number)

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

    def _received(self, answer: httpx.Response, request: Request, number: int) -> Response:
        head = Response(answer.status_code, from_bytes(answer.headers.raw), request=request)
        if self.observers:
            self.observers.tell(ResponseReceived(number, head.status, shown_headers(head.headers)))
        stream = Download(answer, head, self._timeouts.read, self._counter(number, "down"))
        if request.method == "HEAD":
            list(stream)  # empty, but only its end frees the connection for the next request
        elif request.sink is None and 200 <= head.status < 300:
            refuse_encoding(head)
        return received(request, replace(head, stream=stream))

    def _counter(self, number: int, direction: Literal["up", "down"]) -> Count:
        def count(done: int, total: int | None) -> None:
            if self.observers:
                self.observers.tell(BytesMoved(number, direction, done, total))

        return count

    def close(self) -> None:
        """Close every connection; closing twice is fine."""
        self._connections.close()
