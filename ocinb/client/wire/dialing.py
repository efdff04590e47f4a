"""Getting a connection: a name looked up, an address reached, a proxy asked, TLS agreed on."""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace

from ocinb.client.addresses import Origin
from ocinb.client.secret import Secret
from ocinb.client.wire.connection import WRITE, Connection
from ocinb.client.wire.deadlines import Timeouts
from ocinb.client.wire.http1 import Http1
from ocinb.client.wire.lookups import Address, looked_up
from ocinb.client.wire.proxies import Proxy
from ocinb.client.wire.stopping import current
from ocinb.protocol.fields.headers import Headers

_UNDER_WAY = {errno.EINPROGRESS, errno.EWOULDBLOCK}  # the last on Windows


class NotConnected(OSError):
    """No connection came about, for what the system says of the last address that was tried."""


class TooSlow(NotConnected):
    """No connection came about in time."""


class ProxyRefused(OSError):
    """The proxy answered, and the answer was no."""


@dataclass(frozen=True)
class Way:
    """How one place is reached: through which proxy, trusting whom (None for plain HTTP)."""

    origin: Origin
    address: str | None
    proxy: Proxy | None
    context: ssl.SSLContext | None

    @property
    def prefix(self) -> str:
        """What comes before the target in a request line: a proxy is told the whole URL, unless it
        only passes bytes on, which it does for TLS."""
        return str(self.origin) if self.proxy and not self.context else ""

    @property
    def secrets(self) -> dict[str, Secret]:
        """The headers that the proxy wants to see in every request."""
        return self.proxy.secrets if self.proxy and not self.context else {}


def dial(way: Way, timeouts: Timeouts) -> Connection:
    """A new connection, within `timeouts.connect` seconds in all.

    Raises `NotConnected` or another `OSError`, and `UnicodeError` for what can be no host name.
    """
    until = time.monotonic() + timeouts.connect
    host, port = way.address or way.origin.host, way.origin.port
    if way.proxy is not None:
        host, port = way.proxy.host, way.proxy.port
    try:
        connection = Connection(_connected(host, port, until))
        try:
            _secured(connection, way, timeouts, until)
        except BaseException:
            connection.close()
            raise
    except TimeoutError as error:
        raise TooSlow from error
    return connection


def watched(connection: Connection) -> AbstractContextManager[None]:
    """Inside, whoever asks for it to stop ends this connection."""
    stop = current()
    return contextlib.nullcontext() if stop is None else stop.watching(connection.socket)


def _secured(connection: Connection, way: Way, timeouts: Timeouts, until: float) -> None:
    """Everything that is said before the first request."""
    if way.proxy is not None and way.context is not None:
        with watched(connection):
            left = max(0.0, until - time.monotonic())
            hurried = replace(timeouts, read=left, write=left, whole=left)
            _tunnel(connection, way.origin, way.proxy, hurried)
    if way.context is not None:
        with watched(connection):
            connection.handshake(way.context, way.origin.host, until)


def _tunnel(connection: Connection, origin: Origin, proxy: Proxy, timeouts: Timeouts) -> None:
    host = f"[{origin.host}]" if ":" in origin.host else origin.host
    there = f"{host}:{origin.port}"
    asked = Http1(connection, timeouts, in_memory=True)
    asked.ask("CONNECT", there, Headers({"Host": there}), proxy.secrets, ())
    asked.hear()
    if not 200 <= asked.status < 300:
        raise ProxyRefused(f"its answer was {asked.status}")
    if asked.surplus:  # nobody has asked the server beyond for anything yet
        raise ProxyRefused("it said more than that the tunnel is open")


def _connected(host: str, port: int, until: float) -> socket.socket:
    """A socket connected to the first address that can be reached; each has its share of time."""
    addresses = looked_up(host, port, until)
    failure: OSError = NotConnected("its name has no address")
    for left, (family, kind, protocol, _, address) in _counting_down(addresses):
        share = time.monotonic() + max(0.0, until - time.monotonic()) / left
        try:
            return _reached(socket.socket(family, kind, protocol), address, share)
        except OSError as error:
            failure = error
    if isinstance(failure, (TimeoutError, ConnectionRefusedError)):
        raise failure
    raise NotConnected(failure.strerror or str(failure)) from failure


def _counting_down(addresses: list[Address]) -> Iterator[tuple[int, Address]]:
    return zip(range(len(addresses), 0, -1), addresses, strict=True)


def _reached(reaching: socket.socket, address: Address, until: float) -> socket.socket:
    connection = Connection(reaching)
    try:
        with watched(connection):
            began = reaching.connect_ex(address)
            if began in _UNDER_WAY:
                _wait_for(connection, until)
                began = reaching.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if began:
                raise OSError(began, os.strerror(began))  # Python makes it the right subclass
        reaching.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except BaseException:
        reaching.close()
        raise
    return reaching


def _wait_for(connection: Connection, until: float) -> None:
    connection.wait(WRITE, until - time.monotonic())
    if (stop := current()) is not None:  # shut down while it was connecting, it looks connected
        stop.check()
