"""How much a registry still lets us ask, by the headers that Docker Hub has for it (Q-1).

The form is an early draft of the IETF's: `ratelimit-limit: 100;w=21600` is a hundred in six hours.
On Docker Hub a manifest fetched with GET counts, and one asked for with HEAD does not.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ocinb.protocol.fields.headers import Headers

_LONGEST = 256  # characters of a header that are read
_QUOTA = re.compile(r"(?P<count>[0-9]{1,15})(?P<parameters>(?:[ \t]*;[^;,]*)*)", re.ASCII)
_WINDOW = re.compile(r"[ \t]*w[ \t]*=[ \t]*([0-9]{1,15})[ \t]*", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True)
class RateLimit:
    """What a registry allows: `limit` requests, of which `remaining` are left.

    They count within `window_seconds`. What the registry did not say is None. Whose address it
    counts by, which Docker Hub tells, too, is not kept.
    """

    limit: int
    remaining: int | None = None
    window_seconds: int | None = None


def rate_limit(headers: Headers) -> RateLimit | None:
    """What an answer says of its registry's limit; None when it does not say."""
    limit, window = _quota(headers.get("ratelimit-limit", ""))
    if limit is None:
        return None
    remaining, other = _quota(headers.get("ratelimit-remaining", ""))
    return RateLimit(limit, remaining, other if window is None else window)


def _quota(text: str) -> tuple[int | None, int | None]:
    """Count and window of the first item; later ones are policies that also hold."""
    match = _QUOTA.fullmatch(text[:_LONGEST].partition(",")[0].strip(" \t"))
    if match is None:
        return None, None
    windows = map(_WINDOW.fullmatch, match["parameters"].split(";"))
    return int(match["count"]), next((int(found[1]) for found in windows if found), None)
