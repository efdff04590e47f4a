"""Two sequences side by side: what is in both stands in one row, in the order of both.

What occurs once on either side holds the rest in place, as in a patience diff; between these it is
done again, a few times, then the first of a kind meets the first. So it takes n·log n, whoever
wrote the sequences, and the other way round the same pairs are found.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

_ROUNDS = 8


@dataclass(frozen=True, slots=True)
class Pair:
    """A row: a position on either side, or on one of them; `equal` when it is the same thing."""

    a: int | None
    b: int | None
    equal: bool = False


@dataclass(frozen=True, slots=True)
class _Part:
    """A stretch of both sequences, from the first position up to the last."""

    a: int
    a_end: int
    b: int
    b_end: int


def align(a: Sequence[str], b: Sequence[str]) -> list[Pair]:
    """The rows that show `a` beside `b`; what was replaced stands in one row, one for one."""
    if list(b) < list(a):  # so that a diff is the mirror of the other way round
        return [Pair(each.b, each.a, each.equal) for each in _rows(b, a)]
    return list(_rows(a, b))


def _rows(a: Sequence[str], b: Sequence[str]) -> Iterator[Pair]:
    at_a = at_b = 0
    ends = len(a), len(b)
    for i, j in (*_matches(a, b, _Part(0, len(a), 0, len(b)), 0), ends):
        together = min(i - at_a, j - at_b)
        for one, other in zip(range(at_a, i), range(at_b, j), strict=False):
            yield Pair(one, other, a[one] == b[other])
        yield from (Pair(n, None) for n in range(at_a + together, i))
        yield from (Pair(None, n) for n in range(at_b + together, j))
        if (i, j) != ends:
            yield Pair(i, j, equal=True)
        at_a, at_b = i + 1, j + 1


def _matches(
    a: Sequence[str], b: Sequence[str], part: _Part, rounds: int
) -> Iterator[tuple[int, int]]:
    """Positions of equal things, rising on both sides."""
    first, last = _ends(a, b, part)
    yield from ((part.a + n, part.b + n) for n in range(first))
    inner = _Part(part.a + first, part.a_end - last, part.b + first, part.b_end - last)
    if inner.a < inner.a_end and inner.b < inner.b_end:
        yield from _inner(a, b, inner, rounds)
    yield from ((inner.a_end + n, inner.b_end + n) for n in range(last))


def _ends(a: Sequence[str], b: Sequence[str], part: _Part) -> tuple[int, int]:
    """How many are equal at the beginning, and of the rest at the end."""
    room = min(part.a_end - part.a, part.b_end - part.b)
    first = 0
    while first < room and a[part.a + first] == b[part.b + first]:
        first += 1
    last = 0
    while last < room - first and a[part.a_end - 1 - last] == b[part.b_end - 1 - last]:
        last += 1
    return first, last


def _inner(
    a: Sequence[str], b: Sequence[str], part: _Part, rounds: int
) -> Iterator[tuple[int, int]]:
    anchors = _rising(_once(a, b, part)) if rounds < _ROUNDS else []
    if not anchors:
        yield from _rising(_in_turn(a, b, part))
        return
    at_a, at_b = part.a, part.b
    for i, j in anchors:
        yield from _matches(a, b, _Part(at_a, i, at_b, j), rounds + 1)
        yield i, j
        at_a, at_b = i + 1, j + 1
    yield from _matches(a, b, _Part(at_a, part.a_end, at_b, part.b_end), rounds + 1)


def _once(a: Sequence[str], b: Sequence[str], part: _Part) -> list[tuple[int, int]]:
    """Where things are that occur once on either side."""
    in_a = Counter(a[n] for n in range(part.a, part.a_end))
    in_b = Counter(b[n] for n in range(part.b, part.b_end))
    where = {b[n]: n for n in range(part.b, part.b_end) if in_b[b[n]] == 1}
    return [
        (n, where[a[n]]) for n in range(part.a, part.a_end) if in_a[a[n]] == 1 and a[n] in where
    ]


def _in_turn(a: Sequence[str], b: Sequence[str], part: _Part) -> list[tuple[int, int]]:
    """The first of a kind with the first, the second with the second."""
    where: dict[str, list[int]] = defaultdict(list)
    for n in range(part.b_end - 1, part.b - 1, -1):
        where[b[n]].append(n)
    return [(n, where[a[n]].pop()) for n in range(part.a, part.a_end) if where.get(a[n])]


def _rising(pairs: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The longest run of `pairs`, which rise in their first part, that rises in the second."""
    lowest: list[int] = []  # of the second parts that end a run of each length
    ends: list[int] = []  # and which pair that is
    before: list[int | None] = []
    for n, (_, j) in enumerate(pairs):
        length = bisect_left(lowest, j)
        before.append(ends[length - 1] if length else None)
        lowest[length : length + 1] = [j]
        ends[length : length + 1] = [n]
    found: list[tuple[int, int]] = []
    last = ends[-1] if ends else None
    while last is not None:
        found.append(pairs[last])
        last = before[last]
    return found[::-1]
