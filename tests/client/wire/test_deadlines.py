"""The pace of a body: slow is fine, hardly moving is not (F-5)."""

from __future__ import annotations

import pytest

from ocinb.client.wire.deadlines import Pace, Timeouts


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize("rate", [1024, 10**9])
def test_a_kibibyte_a_second_is_enough(rate: int):
    clock = Clock()
    pace = Pace(Timeouts(), clock)
    for _ in range(100):
        clock.now += 1
        pace.moved(rate)


def test_less_is_given_up_on_after_half_a_minute():
    clock = Clock()
    pace = Pace(Timeouts(), clock)
    for _ in range(29):
        clock.now += 1
        pace.moved(1000)
    clock.now += 1
    with pytest.raises(TimeoutError, match="1,024 bytes a second"):
        pace.moved(1000)


def test_a_fast_start_does_not_excuse_a_later_crawl():
    clock = Clock()
    pace = Pace(Timeouts(), clock)
    clock.now += 31
    pace.moved(10**9)
    clock.now += 31
    with pytest.raises(TimeoutError):
        pace.moved(10)
