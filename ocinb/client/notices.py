"""What a registry says on the side, in headers of whatever it answers."""

from __future__ import annotations

import threading

from ocinb.protocol.fields.rate_limit import RateLimit, rate_limit
from ocinb.protocol.fields.warning import HEADER_LIMIT, warnings
from ocinb.protocol.messages import Response

MOST = 20  # different warnings that are kept of one registry (K-31)


class Notices:
    """The warnings of the registry `name`, each once, and the last rate limit it told.

    Nothing is ever done about a warning (C42): it is kept, and logged once. Safe to use from many
    threads.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._lock = threading.Lock()
        self.warnings: tuple[str, ...] = ()
        self.rate_limit: RateLimit | None = None

    def hear(self, response: Response) -> None:
        """Take note of what `response` says on the side."""
        said = warnings(response.headers.get_all("warning"))
        limit = rate_limit(response.headers)
        with self._lock:
            self.rate_limit = limit or self.rate_limit
            new = [text for text in said if self._kept(text)]
        for text in new:
            import logging  # noqa: PLC0415  # most log nothing

            logging.getLogger("ocinb").warning("%s warns: %s", self._name, text)

    def _kept(self, text: str) -> bool:
        """Whether `text` is new, and there is room for it; then it is one of the warnings."""
        size = sum(map(len, self.warnings)) + len(text)
        if text in self.warnings or len(self.warnings) >= MOST or size > HEADER_LIMIT:
            return False
        self.warnings = (*self.warnings, text)
        return True
