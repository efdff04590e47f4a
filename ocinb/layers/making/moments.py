"""When something is made: now, or when `SOURCE_DATE_EPOCH` says, so that it can be made again.

https://reproducible-builds.org/specs/source-date-epoch/
"""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime

from ocinb.errors import InvalidContent
from ocinb.text import visible

_NAME = "SOURCE_DATE_EPOCH"
_LAST = 253_402_300_799  # the end of the year 9999: no later time can be written


def moment() -> int:
    """Seconds since 1970; raises `InvalidContent` where the variable holds anything else."""
    said = os.environ.get(_NAME, "")
    if not said:
        return int(time.time())
    if not (said.isascii() and said.isdigit() and len(said) <= 12 and int(said) <= _LAST):
        raise InvalidContent(f"{_NAME} is no number of seconds since 1970: {visible(said, 40)!r}")
    return int(said)


def written(seconds: int) -> str:
    """A moment as configs have it (RFC 3339)."""
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%SZ}"
