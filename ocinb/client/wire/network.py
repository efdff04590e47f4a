"""Exchanges with servers: a connection, a request over it, the answer, and the connection kept."""

from __future__ import annotations

import os
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ocinb.client.addresses import Origin, split
from ocinb.client.secret import Secret
from ocinb.client.wire import trust
from ocinb.client.wire.bodies import Upload
from ocinb.client.wire.deadlines import Timeouts
from ocinb.client.wire.dialing import Way, dial, watched
from ocinb.client.wire.faults import OF_ASKING, fault
from ocinb.client.wire.http1 import Http1
from ocinb.client.wire.pools import Lease, Place, Pools
from ocinb.client.wire.proxies import proxy_to
from ocinb.protocol.fields.headers import Headers
from ocinb.protocol.messages import Request

# What does no harm when it is heard twice; a POST opens one upload too many.
_REPEATABLE = frozenset({"GET", "HEAD", "DELETE", "POST"})
_WAYS = 256  # to as many places are remembered


class Network:
    """The connections of one registry, and to wherever it sends us; see `Transport`."""

    def __init__(self, *, own: str, ca: str | os.PathLike[str] | None, insecure: bool) -> None:
        self._own, self._ca, self._insecure = own, ca, insecure
        self.pools, self._ways = Pools(), dict[Place, Way]()

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
    ) -> Iterator[Http1]:
        """The answer to `request`, sent with `headers` and `body`; its own body is still to come.

        Raises `TransferError` when there is none.
        """
        origin, target = split(request.url)
        way = self._way((origin, address))
        secrets = dict(way.secrets)
        if authorization:
            secrets["Authorization"] = authorization

        def ask(asked: Http1) -> None:
            asked.ask(request.method, f"{way.prefix}{target}", headers, secrets, body)
            asked.hear()

        try:
            lease, asked = self._asked(way, request, ask, timeouts)
        except OF_ASKING as failure:
            raise fault(failure, request, timeouts) from None
        try:
            with watched(asked.connection):
                yield asked
        finally:
            self.pools.end(lease, keep=asked.keep)

    def _asked(
        self, way: Way, request: Request, ask: Callable[[Http1], None], timeouts: Timeouts
    ) -> tuple[Lease, Http1]:
        """The head of an answer, and the lease of the connection that its body comes by.

        A kept connection may have ended meanwhile: then it is asked again, over a new one (F-13).
        """
        fresh = False
        while True:
            lease = self.pools.lease((way.origin, way.address), timeouts.pool, fresh=fresh)
            fresh = lease.connection is None
            asked: Http1 | None = None
            try:
                if lease.connection is None:
                    lease.connection = dial(way, timeouts)
                asked = Http1(lease.connection, timeouts, in_memory=request.sink is None)
                with watched(lease.connection):
                    ask(asked)
            except BaseException as failure:
                self.pools.end(lease, keep=False)
                if fresh or asked is None or not _was_dead(asked, request, failure):
                    raise
                fresh = True
            else:
                return lease, asked

    def _way(self, place: Place) -> Way:
        """How to get there, found out once."""
        way = self._ways.get(place)
        if way is None:
            origin, address = place
            proxy = None if address else proxy_to(origin)
            way = Way(origin, address, proxy, self._context(origin))
            if len(self._ways) >= _WAYS:
                self._ways.clear()
            self._ways[place] = way
        return way

    def _context(self, origin: Origin) -> ssl.SSLContext | None:
        if origin.scheme == "http":
            return None
        return trust.context(self._ca, insecure=self._insecure and origin.host == self._own)

    def close(self) -> None:
        """Close every connection; closing twice is fine."""
        self.pools.close()


def _was_dead(asked: Http1, request: Request, failure: BaseException) -> bool:
    """Whether a kept connection had ended before the server can have done anything for us."""
    unheard = isinstance(failure, (ConnectionError, ssl.SSLError)) and not asked.any_heard
    return unheard and (request.method in _REPEATABLE or not asked.any_sent)
