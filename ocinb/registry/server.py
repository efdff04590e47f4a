"""The registry on a port of this machine, for docker, skopeo, crane and other clients.

It is served by cheroot, in threads that end with the program at the latest.
"""

from __future__ import annotations

import atexit
import logging
import os
import socket
from ipaddress import ip_address
from queue import SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING, Self
from weakref import WeakSet

from cheroot.wsgi import Server as WSGIServer

from ocinb.drawable import Drawable
from ocinb.protocol.messages import Handle
from ocinb.registry.guard import guarded
from ocinb.registry.http1 import Connection
from ocinb.registry.wsgi import application

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

THREADS = 8
MOST_CONNECTIONS = 32
HEADER_LIMIT = 16 * 1024  # bytes of a request's line and headers together
_LAST_PORT = 65_535
TIMEOUT = 30  # seconds without a byte
_GRACE = 1  # seconds that requests under way get to finish
_log = logging.getLogger(__name__)


class Server(Drawable):
    """A registry that other programs reach over HTTP, until `close`."""

    def __init__(self, handle: Handle, host: str, port: int, *, exposed: bool = False) -> None:
        if not exposed and not _is_loopback(host):
            raise ValueError(
                f"{host} can be reached by others, who could then read and write everything; "
                "say exposed=True if that is wanted"
            )
        if isinstance(port, bool) or not isinstance(port, int):
            raise TypeError(f"port is a number, not {type(port).__name__}")
        if not 0 <= port <= _LAST_PORT:
            raise ValueError(f"port is {port}; it is from 1 to {_LAST_PORT}, or 0 for a free one")
        self._hosts: set[str] = set()
        guard = guarded(handle, None if exposed else self._hosts)
        self._http = _Http((host, port), application(guard))
        self._thread = _started(self._http)
        bound, self.port = self._http.bind_addr[:2]
        self.host = f"[{bound}]:{self.port}" if ":" in bound else f"{bound}:{self.port}"
        self._hosts.update(
            {self.host, *(f"{name}:{self.port}" for name in ("127.0.0.1", "localhost", "[::1]"))}
        )
        # When the program ends, its threads end with it; Python 3.12 starts none any more by then.
        atexit.register(self._http.cut_connections)

    @property
    def url(self) -> str:
        """Where it is, for whoever wants a URL; clients of registries usually want `host`."""
        return f"http://{self.host}"

    @property
    def closed(self) -> bool:
        """Whether it was closed."""
        return not self._http.ready

    def close(self) -> None:
        """Stop, and free the port; harmless when already closed."""
        atexit.unregister(self._http.cut_connections)
        stopping = Thread(target=self._http.stop, daemon=True)
        stopping.start()
        stopping.join(_GRACE)
        self._http.cut_connections()
        stopping.join(_GRACE / 2)
        self._thread.join(_GRACE / 2)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Server {self.url}{' (closed)' if self.closed else ''}>"


class _Http(WSGIServer):
    """cheroot's server with our limits; it logs instead of writing to the notebook."""

    ConnectionClass = Connection
    max_request_header_size = HEADER_LIMIT
    keep_alive_conn_limit = MOST_CONNECTIONS
    expiration_interval = 0.1

    def __init__(self, address: tuple[str, int], app: WSGIApplication) -> None:
        self.connections: WeakSet[Connection] = WeakSet()
        super().__init__(
            address,
            app,
            numthreads=THREADS,
            server_name="ocinb",
            request_queue_size=MOST_CONNECTIONS,
            timeout=TIMEOUT,
            shutdown_timeout=_GRACE,
        )

    @staticmethod
    def bind_socket(socket_: socket.socket, bind_addr: tuple[str, int]) -> socket.socket:
        """Bind, also where our own last connections still linger; leave nothing open if not."""
        if os.name == "posix":  # elsewhere it would mean to take the port from somebody
            socket_.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            socket_.bind(bind_addr)
        except OSError:
            socket_.close()
            raise
        return socket_

    def error_log(self, msg: str = "", level: int = 20, traceback: bool = False) -> None:
        """Tell the log, with what was raised if there was something."""
        _log.log(level, "%s", msg, exc_info=traceback)

    def cut_connections(self) -> None:
        """End what is still under way."""
        for connection in list(self.connections):
            try:
                connection.socket.shutdown(socket.SHUT_RDWR)
            except OSError:  # it ended by itself
                continue


def _started(http: _Http) -> Thread:
    """The thread that runs `http`, once that listens; raises what kept it from listening.

    All of cheroot's threads are made in it, and so are daemons like it.
    """
    news: SimpleQueue[Exception | None] = SimpleQueue()

    def run() -> None:
        try:
            http.prepare()
        except Exception as error:
            news.put(error)
            return
        news.put(None)
        http.serve()

    thread = Thread(target=run, name="ocinb registry", daemon=True)
    thread.start()
    error = news.get()
    if error is not None:
        raise error
    return thread


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
