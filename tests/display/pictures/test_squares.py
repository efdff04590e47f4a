"""Dividing a rectangle among sizes: in proportion, side by side, and nothing outside."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocinb.display.pictures.squares import Rect, squarify

ROOM = Rect(3.0, 5.0, 680.0, 360.0)
SIZES = st.lists(st.integers(1, 10**12), min_size=1, max_size=60).map(
    lambda sizes: sorted(sizes, reverse=True)
)
SLACK = 1e-6  # of a pixel, for rounding


@given(SIZES)
def test_each_part_is_as_large_in_proportion_as_its_size(sizes: list[int]):
    for size, rect in zip(sizes, squarify(sizes, ROOM), strict=True):
        assert rect.area == pytest.approx(ROOM.area * size / sum(sizes), rel=1e-6, abs=1e-6)


@given(SIZES)
def test_all_parts_are_inside(sizes: list[int]):
    for x, y, width, height in squarify(sizes, ROOM):
        assert ROOM.x - SLACK <= x <= x + width <= ROOM.x + ROOM.width + SLACK
        assert ROOM.y - SLACK <= y <= y + height <= ROOM.y + ROOM.height + SLACK


@given(SIZES)
def test_no_part_lies_over_another(sizes: list[int]):
    for one, other in combinations(squarify(sizes, ROOM), 2):
        wide = min(one.x + one.width, other.x + other.width) - max(one.x, other.x)
        high = min(one.y + one.height, other.y + other.height) - max(one.y, other.y)
        assert min(wide, high) <= SLACK


@pytest.mark.parametrize("count", [2, 4, 9, 30, 100])
def test_equal_parts_are_near_to_squares(count: int):
    for rect in squarify([7] * count, ROOM):
        assert max(rect.width / rect.height, rect.height / rect.width) < 2.1


def test_no_room_is_divided_into_nothing():
    assert all(rect.area == 0 for rect in squarify([3, 2, 1], Rect(0.0, 0.0, 0.0, 10.0)))
    assert squarify([], ROOM) == []


def test_a_heading_takes_no_more_than_there_is():
    assert ROOM.within(15.0, 2.0) == Rect(5.0, 20.0, 676.0, 343.0)
    assert Rect(0.0, 0.0, 1.0, 1.0).within(15.0, 2.0).area == 0
