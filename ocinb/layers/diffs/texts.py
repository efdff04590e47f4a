"""The content of one file on both sides: lines where it is text, bytes where it is none."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from ocinb.drawable import Drawable
from ocinb.layers.looking.content import Content, hex_line
from ocinb.oci.diffs.aligning import Pair, align
from ocinb.oci.diffs.reporting import Reported
from ocinb.text import visible

_CONTEXT = 3  # lines of the same around what differs
_LINE = 16  # bytes of a line of hex
_AROUND = 3 * _LINE  # bytes before and behind the first that differs


class Line(NamedTuple):
    """A row: the line of either side with its number from 1, or of one of them."""

    before: str | None
    after: str | None
    before_number: int | None
    after_number: int | None

    @property
    def kind(self) -> str:
        """Whether it is the same, changed, added or removed."""
        if self.before is None:
            return "added"
        if self.after is None:
            return "removed"
        return "same" if self.before == self.after else "changed"


@dataclass(frozen=True)
class ContentDiff(Reported, Drawable):
    """One file of two images or layers; None for the side that has none, or no file, there."""

    path: str
    before: Content | None
    after: Content | None
    a: str = "a"
    b: str = "b"

    @property
    def same(self) -> bool:
        """Whether all of it was compared and is the same."""
        return self.complete and self._raw[0] == self._raw[1] and self._both

    @property
    def complete(self) -> bool:
        """Whether all of either side was compared, not only its beginning."""
        return all(each.complete for each in (self.before, self.after) if each is not None)

    @property
    def is_text(self) -> bool:
        """Whether both sides can be read."""
        sides = [each for each in (self.before, self.after) if each is not None]
        return all(_text(each) is not None for each in sides)

    @cached_property
    def lines(self) -> tuple[Line, ...]:
        """All lines of both sides in order; none where one is no text."""
        if not self.is_text:
            return ()
        old, new = _lines(self.before), _lines(self.after)
        return tuple(_line(old, new, each) for each in align(old, new))

    @property
    def counts(self) -> dict[str, int]:
        """How many lines were added, removed and changed."""
        kinds = [each.kind for each in self.lines]
        return {kind: kinds.count(kind) for kind in ("added", "removed", "changed")}

    @property
    def hunks(self) -> tuple[tuple[Line, ...], ...]:
        """The lines that differ, with three lines of the same before and behind."""
        near: list[int] = []
        for number, each in enumerate(self.lines):
            if each.kind != "same":
                start = max(number - _CONTEXT, near[-1] + 1 if near else 0)
                near += range(start, min(number + _CONTEXT + 1, len(self.lines)))
        return tuple(self._runs(near))

    @property
    def unified(self) -> str:
        """The same as `diff -u` writes it; empty where nothing differs, or one is no text."""
        hunks = self.hunks
        if not hunks:
            return ""
        head = [f"--- {self.a} {self.path}", f"+++ {self.b} {self.path}"]
        return "\n".join([*head, *(line for hunk in hunks for line in _unified(hunk))]) + "\n"

    @property
    def first_difference(self) -> int | None:
        """The offset of the first byte that differs; None where none does, as far as was read."""
        a, b = self._raw
        if a == b:
            return None
        low, high = 0, min(len(a), len(b))
        while low < high:  # how much of the beginning is the same
            middle = (low + high + 1) // 2
            low, high = (middle, high) if a[:middle] == b[:middle] else (low, middle - 1)
        return low

    @property
    def hex(self) -> tuple[str, str]:
        """Either side in hex, around the first byte that differs, or from the beginning."""
        at = self.first_difference or 0
        start = max(at - _AROUND, 0) // _LINE * _LINE
        a, b = self._raw
        return _hex(a, start), _hex(b, start)

    @property
    def _both(self) -> bool:
        return (self.before is None) == (self.after is None)

    @property
    def _raw(self) -> tuple[bytes, bytes]:
        a, b = (each.raw if each else b"" for each in (self.before, self.after))
        return a, b

    def _runs(self, numbers: list[int]) -> Iterator[tuple[Line, ...]]:
        run: list[Line] = []
        for at, number in enumerate(numbers):
            if at and number != numbers[at - 1] + 1:
                yield tuple(run)
                run = []
            run.append(self.lines[number])
        if run:
            yield tuple(run)

    def __bool__(self) -> bool:
        return not self.same

    def __repr__(self) -> str:
        what = "the same" if self.same else "different"
        part = "" if self.complete else ", its beginning only"
        return f"<ContentDiff of {visible(self.path, 200)}: {what}{part}>"


def diff_content(
    path: str, before: Content | None, after: Content | None, names: tuple[str, str]
) -> ContentDiff:
    """The content of both sides, line by line."""
    return ContentDiff(path, before, after, *names)


def _text(content: Content) -> str | None:
    """It as UTF-8, as it is: what is indented for reading has other lines."""
    if content.text is None:
        return None
    return content.raw.decode("utf-8", "ignore")  # the last letter may be cut


def _lines(content: Content | None) -> list[str]:
    """Its lines with their ends: a file that lacks the last one differs in that."""
    text = _text(content) if content is not None else None
    *whole, last = (text or "").split("\n")
    return [*(f"{line}\n" for line in whole), *([last] if last else [])]


def _line(old: list[str], new: list[str], pair: Pair) -> Line:
    return Line(
        None if pair.a is None else old[pair.a],
        None if pair.b is None else new[pair.b],
        None if pair.a is None else pair.a + 1,
        None if pair.b is None else pair.b + 1,
    )


def _unified(hunk: tuple[Line, ...]) -> Iterator[str]:
    yield f"@@ -{_range(hunk, before=True)} +{_range(hunk, before=False)} @@"
    removed: list[str] = []
    added: list[str] = []
    for each in (*hunk, None):
        if each is None or each.kind == "same":
            yield from (*removed, *added)
            removed, added = [], []
            if each is not None:
                yield from _written(" ", each.before)
            continue
        removed += _written("-", each.before)
        added += _written("+", each.after)


def _written(mark: str, line: str | None) -> Iterator[str]:
    if line is None:
        return
    bare = line.removesuffix("\n")
    yield mark + bare
    if bare == line:
        yield "\\ No newline at end of file"


def _range(hunk: tuple[Line, ...], *, before: bool) -> str:
    """Where a hunk begins on one side, and how many lines it has there."""
    numbers = [each.before_number if before else each.after_number for each in hunk]
    found = [each for each in numbers if each is not None]
    if not found:
        return "0,0"
    return f"{found[0]}" if len(found) == 1 else f"{found[0]},{len(found)}"


def _hex(raw: bytes, start: int) -> str:
    shown = raw[start : start + 2 * _AROUND + _LINE]
    lines = range(0, len(shown), _LINE)
    return "\n".join(hex_line(start + at, shown[at : at + _LINE]) for at in lines)
