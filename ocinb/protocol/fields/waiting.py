"""How long a registry asks us to wait before we ask again (Q-2)."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from ocinb.protocol.fields.headers import Headers

_LONGEST = 12  # digits that are read of a number
_MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
_DATE = re.compile(
    rf"[A-Z][a-z]{{2}}, (\d\d?) ({'|'.join(_MONTHS)}) (\d{{4}}) (\d\d):(\d\d):(\d\d) GMT", re.ASCII
)  # RFC 9110, section 5.6.7; email.utils would read more, but loads sockets


def retry_after(headers: Headers, now: float | None = None) -> float | None:
    """The seconds an answer asks us to wait: `Retry-After` as seconds or date, or Quay's
    `X-Retry-After` as a Unix time; None when it does not say.

    What is said as a date is counted from when the registry answered, by its own clock (`Date`);
    where it does not tell, from `now`, a Unix time.
    """
    asked = headers.get("retry-after", "").strip()
    if _is_number(asked):
        return float(asked[:_LONGEST])
    moment = _moment(asked) if asked else _unix_time(headers.get("x-retry-after", "").strip())
    answered = _moment(headers.get("date", ""))
    since = now if answered is None else answered
    return None if moment is None or since is None else max(0.0, moment - since)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal()


def _unix_time(text: str) -> float | None:
    return float(text) if _is_number(text) and len(text) <= _LONGEST else None


def _moment(date: str) -> float | None:
    """An HTTP date as a Unix time."""
    match = _DATE.fullmatch(date.strip())
    if match is None:
        return None
    day, year, hour, minute, second = map(int, match.group(1, 3, 4, 5, 6))
    month = _MONTHS.index(match[2]) + 1
    try:
        return datetime(year, month, day, hour, minute, second, tzinfo=UTC).timestamp()
    except ValueError:
        return None
