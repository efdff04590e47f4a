"""Dividing a rectangle among sizes, so that the parts are as near to squares as they can be.

Rows are filled as long as that makes the worst of their rectangles no worse (Bruls, Huizing and
van Wijk, "Squarified Treemaps", 2000).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


class Rect(NamedTuple):
    """A rectangle, from its upper left corner."""

    x: float
    y: float
    width: float
    height: float

    @property
    def area(self) -> float:
        """What it covers."""
        return self.width * self.height

    def within(self, top: float, edge: float) -> Rect:
        """What is left of it below a heading and inside an edge; never less than nothing."""
        width, height = max(0.0, self.width - 2 * edge), max(0.0, self.height - top - edge)
        return Rect(self.x + edge, self.y + top, width, height)

    def cut(self, share: float) -> tuple[Rect, Rect]:
        """A `share` of it, taken off its longer side, and what is left."""
        x, y, width, height = self
        if width >= height:
            part = width * share
            return Rect(x, y, part, height), Rect(x + part, y, width - part, height)
        part = height * share
        return Rect(x, y, width, part), Rect(x, y + part, width, height - part)

    def divided(self, sizes: Sequence[int], *, downwards: bool) -> list[Rect]:
        """One rectangle for each of `sizes`, below or beside each other."""
        x, y, width, height = self
        whole, before, found = sum(sizes), 0, []
        for size in sizes:
            start, part = before / whole, size / whole
            if downwards:
                found.append(Rect(x, y + start * height, width, part * height))
            else:
                found.append(Rect(x + start * width, y, part * width, height))
            before += size
        return found


def squarify(sizes: Sequence[int], room: Rect) -> list[Rect]:
    """A rectangle in `room` for each of `sizes`, as large in proportion, in their order.

    The sizes are more than 0, the largest first.
    """
    found: list[Rect] = []
    left = sum(sizes)
    while len(found) < len(sizes):
        row = _row(sizes, len(found), left, room)
        taken, across = sum(row), room.width >= room.height
        strip, room = room.cut(taken / left)
        found += strip.divided(row, downwards=across)
        left -= taken
    return found


def _row(sizes: Sequence[int], start: int, left: int, room: Rect) -> Sequence[int]:
    """As many of the sizes from `start` on as make a good row; `left` is what they all come to."""
    long, side = max(room.width, room.height), min(room.width, room.height)
    if not side:
        return sizes[start:]
    taken, best = 0, float("inf")
    for end in range(start, len(sizes)):
        taken += sizes[end]
        deep = long * taken / left
        worst = max(_odd(deep, side * sizes[at] / taken) for at in (start, end))
        if worst > best:
            return sizes[start:end]
        best = worst
    return sizes[start:]


def _odd(a: float, b: float) -> float:
    """How far from a square: 1 is one."""
    return max(a, b) / min(a, b) if min(a, b) > 0 else float("inf")
