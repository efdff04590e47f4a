"""How many, how long, how often: what a registry's options may be, checked before it is asked."""

from __future__ import annotations

import math

from ocinb.client.moving import crew
from ocinb.client.retry import Retry
from ocinb.client.wire.deadlines import Timeouts

USUAL_TIMEOUT = Timeouts().read
USUAL_ATTEMPTS = Retry().attempts
MOST_ATTEMPTS = 100
LONGEST = 24 * 60 * 60.0  # seconds


def the_concurrency(count: int) -> int:
    """`count` when so many blobs can move at a time."""
    return _whole("concurrency", count, crew.MOST)


def the_retry(attempts: int) -> Retry:
    """Up to so many `attempts` of each request."""
    return Retry(attempts=_whole("attempts", attempts, MOST_ATTEMPTS))


def the_timeouts(seconds: float) -> Timeouts:
    """Give up after `seconds` without a byte."""
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)):
        raise TypeError(f"timeout is a number of seconds, not {type(seconds).__name__}")
    if not (math.isfinite(seconds) and 0 < seconds <= LONGEST):
        raise ValueError(f"timeout is {seconds}; it is more than 0 and at most {LONGEST:,.0f} s")
    usual = Timeouts()
    if seconds == usual.read:
        return usual
    return Timeouts(connect=min(usual.connect, seconds), read=float(seconds), write=float(seconds))


def _whole(name: str, count: int, most: int) -> int:
    if isinstance(count, bool) or not isinstance(count, int):
        raise TypeError(f"{name} is a whole number, not {type(count).__name__}")
    if not 1 <= count <= most:
        raise ValueError(f"{name} is {count:,}; it is from 1 to {most:,}")
    return count
