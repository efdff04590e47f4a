"""How long a registry asks us to wait (C43, Q-2)."""

from __future__ import annotations

import pytest

from ocinb.protocol.fields.headers import Headers
from ocinb.protocol.fields.waiting import retry_after

NOON = 784_887_151.0  # Tue, 15 Nov 1994 08:12:31 GMT
THEN = "Tue, 15 Nov 1994 08:12:41 GMT"


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"Retry-After": "7"}, 7),
        ({"retry-after": " 0 "}, 0),
        ({"Retry-After": THEN}, 10),
        ({"Retry-After": "Tue, 15 Nov 1994 28:12:41 GMT"}, None),
        ({"Retry-After": "Tue, 15 Now 1994 08:12:41 GMT"}, None),
        ({"Retry-After": "Tue, 15 Nov 1994 08:12:01 GMT"}, 0),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "-5"}, None),
        ({"Retry-After": "٣"}, None),
        ({"Retry-After": "1" * 500}, 111_111_111_111),
        ({"Retry-After": "Tue, 15 Nov 99999 08:12:41 GMT"}, None),
        ({"X-Retry-After": str(int(NOON) + 5)}, 5),
        ({"X-Retry-After": "1" * 13}, None),
        ({"X-Retry-After": "tomorrow"}, None),
    ],
)
def test_the_registry_s_own_wish_is_read_as_seconds_or_date(headers, seconds):
    assert retry_after(Headers(headers), NOON) == seconds


@pytest.mark.parametrize(
    "wish", [{"Retry-After": THEN}, {"X-Retry-After": str(int(NOON) + 10)}], ids=["date", "unix"]
)
def test_a_date_is_compared_with_the_clock_of_the_registry_when_it_tells(wish):
    """Clocks differ, ours from theirs: `Date` is when it answered."""
    theirs = {"Date": "Tue, 15 Nov 1994 08:12:38 GMT"}
    assert retry_after(Headers({**wish, **theirs}), NOON) == 3
    assert retry_after(Headers({**wish, **theirs})) == 3
    assert retry_after(Headers({**wish, "Date": "yesterday"}), NOON) == 10


@pytest.mark.parametrize("wish", [{"Retry-After": THEN}, {"X-Retry-After": str(int(NOON))}])
def test_without_any_clock_a_date_says_nothing(wish):
    assert retry_after(Headers(wish)) is None
    assert retry_after(Headers({"Retry-After": "7"})) == 7
