"""How fast, and how long still: from what has moved by when."""

from __future__ import annotations

from ocinb.protocol.progress.pace import LEAST, WINDOW, Pace


def paced(*seen: tuple[float, int]) -> Pace:
    pace = Pace()
    for now, moved in seen:
        pace.note(now, moved)
    return pace


def test_nobody_can_tell_at_first():
    for pace in (paced(), paced((0.0, 0)), paced((0.0, 0), (LEAST / 2, 10_000))):
        assert pace.rate == 0
        assert pace.left(1_000) is None


def test_it_is_bytes_by_seconds_and_what_is_left_takes_so_long():
    pace = paced((10.0, 0), (11.0, 400), (12.0, 1_000))
    assert pace.rate == 500
    assert pace.left(2_000) == 4.0
    assert pace.left(0) is None


def test_what_was_long_ago_does_not_count():
    slow, fast = (
        [(t * 0.1, t) for t in range(100)],
        [(10 + t * 0.1, 100 + t * 100) for t in range(80)],
    )
    assert round(paced(*slow, *fast).rate) == 1_000


def test_what_stands_still_has_no_pace_and_no_end():
    pace = paced((0.0, 0), (1.0, 5_000), *[(1 + t * 0.1, 5_000) for t in range(1, 80)])
    assert pace.rate == 0
    assert pace.left(1_000) is None


def test_it_keeps_no_more_than_it_looks_back_to():
    pace = paced(*[(t * 0.1, t) for t in range(10_000)])
    assert len(pace._seen) <= WINDOW / 0.1 + 2
