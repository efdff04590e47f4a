"""Who is told what happens on the wire."""

from __future__ import annotations

import logging

from ocinb.errors import Cancelled
from ocinb.protocol.events import Event, Observer

_log = logging.getLogger("ocinb")


class Observers(list[Observer]):
    """Who is told what happens. Only `Cancelled` gets from an observer into a transfer."""

    def __init__(self) -> None:
        super().__init__()
        self._reported: set[int] = set()

    def tell(self, event: Event) -> None:
        """Call every observer with `event`; another error of theirs is logged, once."""
        for observer in tuple(self):
            try:
                observer(event)
            except Cancelled:
                raise
            except Exception:
                if id(observer) not in self._reported:
                    self._reported.add(id(observer))
                    _log.exception("an observer failed; its next failures are not reported")
