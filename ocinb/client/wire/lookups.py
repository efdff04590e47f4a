"""Looking names up, within a time and until it is stopped, which the system's own way cannot be."""

from __future__ import annotations

import contextlib
import queue
import socket
import threading
import time
from typing import Any, TypeAlias

from ocinb.client.wire.deadlines import Timeouts
from ocinb.client.wire.stopping import current

Address: TypeAlias = tuple[Any, ...]  # what getaddrinfo gives
_SLICE = 0.2  # seconds between two looks at whether to go on


def resolve(host: str, port: int, seconds: float = Timeouts().connect) -> list[str]:
    """Every address that `host` has now.

    Raises `OSError` when there are none, or none within `seconds`, and `UnicodeError` for what is
    no host name.
    """
    found = looked_up(host, port, time.monotonic() + seconds)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def looked_up(host: str, port: int, until: float) -> list[Address]:
    """The addresses of `host`. Looking up cannot be interrupted, so another thread does it: a dead
    name server neither keeps a cell from being stopped nor makes it wait for more than is due."""
    found: queue.SimpleQueue[list[Address] | Exception] = queue.SimpleQueue()

    def look_up() -> None:
        try:
            found.put(list(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)))
        except Exception as error:  # said where it was asked
            found.put(error)

    if _is_number(host):
        look_up()
    else:
        threading.Thread(target=look_up, name="ocinb-look-up", daemon=True).start()
    addresses = _waited_for(found, until)
    if isinstance(addresses, Exception):
        raise addresses
    return addresses


def _waited_for(
    found: queue.SimpleQueue[list[Address] | Exception], until: float
) -> list[Address] | Exception:
    stop = current()
    while (left := until - time.monotonic()) > 0:
        if stop is not None:
            stop.check()
        with contextlib.suppress(queue.Empty):
            return found.get(timeout=min(left, _SLICE))
    raise TimeoutError


def _is_number(host: str) -> bool:
    return ":" in host or host.replace(".", "").isdigit()
