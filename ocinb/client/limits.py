"""How many, how long, how often: what a registry's options may be, checked before it is asked."""

from __future__ import annotations

import math
from collections.abc import Sequence

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


def the_page_size(size: int | None, entry: str) -> int | None:
    """`size` when a page may have so many of each `entry`; None leaves it to the registry."""
    if size is None:
        return None
    _whole_number("page_size", size)
    if size < 1:
        raise ValueError(f"page_size is {size}; a page has at least one {entry}")
    return size


def the_limit(limit: int) -> int:
    """`limit` when so many bytes, or none, may be read into memory."""
    if isinstance(limit, bool) or not isinstance(limit, int):
        raise TypeError(f"limit is a number of bytes, not {type(limit).__name__}")
    if limit < 0:
        raise ValueError(f"limit is {limit:,}; it is a number of bytes, at least 0")
    return limit


def the_realms(hosts: Sequence[str]) -> Sequence[str]:
    """`hosts` when they are names of hosts; a text alone would be one for each letter."""
    if isinstance(hosts, str) or not all(isinstance(host, str) for host in hosts):
        raise TypeError("trust_realms are hosts, such as ['auth.example.com']")
    for host in hosts:
        if "/" in host:
            raise ValueError(f"trust_realms are hosts, without scheme and path, not {host!r}")
    return hosts


def the_timeouts(seconds: float) -> Timeouts:
    """Give up after `seconds` without a byte."""
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)):
        raise TypeError(f"timeout is a number of seconds, not {type(seconds).__name__}")
    if not (math.isfinite(seconds) and 0 < seconds <= LONGEST):
        raise ValueError(f"timeout is {seconds}; it is more than 0 and at most {LONGEST:,.0f} s")
    usual = Timeouts()
    if seconds == usual.read:
        return usual
    return Timeouts(
        connect=min(usual.connect, seconds),
        read=float(seconds),
        write=float(seconds),
        whole=max(usual.whole, seconds),
    )


def _whole(name: str, count: int, most: int) -> int:
    _whole_number(name, count)
    if not 1 <= count <= most:
        raise ValueError(f"{name} is {count:,}; it is from 1 to {most:,}")
    return count


def _whole_number(name: str, count: int) -> None:
    if isinstance(count, bool) or not isinstance(count, int):
        raise TypeError(f"{name} is a whole number, not {type(count).__name__}")
