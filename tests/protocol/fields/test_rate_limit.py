"""How much a registry still lets us ask (Q-1)."""

from __future__ import annotations

import pytest

from ocinb.protocol.fields.headers import Headers, shown_headers
from ocinb.protocol.fields.rate_limit import RateLimit, rate_limit


@pytest.mark.parametrize(
    ("limit", "remaining", "found"),
    [
        ("100;w=21600", "76;w=21600", RateLimit(100, 76, 21_600)),
        ("100;w=21600", "0;w=21600", RateLimit(100, 0, 21_600)),
        ("100;w=21600", "", RateLimit(100, None, 21_600)),
        ("100", "76", RateLimit(100, 76, None)),
        ("100", "76;w=60", RateLimit(100, 76, 60)),
        (" 100 ; w = 60 ; comment=\"a\"", "7", RateLimit(100, 7, 60)),
        ("100;comment=x;W=60", "7", RateLimit(100, 7, 60)),
        ("100, 100;w=1, 5000;w=3600", "99", RateLimit(100, 99, None)),
        ("100;w=21600", "many", RateLimit(100, None, 21_600)),
        ("100;w=x", "1;w=-5", RateLimit(100, 1, None)),
    ],
)  # fmt: skip
def test_limit_remaining_and_window_are_read(limit, remaining, found):
    """Q-1."""
    said = {"RateLimit-Limit": limit, "RateLimit-Remaining": remaining}
    assert rate_limit(Headers(said)) == found


@pytest.mark.parametrize(
    "limit", ["", "none", "-1", "1.5", "0x10", "٣", "1" * 16, "100 per hour", ";w=5", "1" * 10_000]
)
def test_what_is_no_number_is_no_limit(limit):
    """Q-1."""
    assert rate_limit(Headers({"RateLimit-Limit": limit, "RateLimit-Remaining": "5"})) is None


def test_the_address_that_is_counted_is_neither_kept_nor_shown():
    """Q-1: whose saved notebook has it tells where they were."""
    headers = Headers({"ratelimit-limit": "1;w=2", "docker-ratelimit-source": "203.0.113.7"})
    assert "203.0.113.7" not in repr((rate_limit(headers), headers, shown_headers(headers).pairs()))
