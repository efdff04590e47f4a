"""What there is to see of a value, before it becomes HTML or text: both faces say the same.

A `View` is a heading and blocks; blocks hold cells; a cell is a `Word`, plain text or several of
them. Text in here may come from strangers and is still as it came: `html.py` and `text.py` clean
it. Modules of this package say what a value looks like by registering with `view`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import singledispatch
from typing import Any, Literal, TypeAlias

Tone: TypeAlias = Literal["", "dim", "good", "bad", "warn", "strong", "bar", "chip", "gone"]
# "digest" and "line" are code that a table keeps in one line, however long it is.
Kind: TypeAlias = Literal["", "code", "digest", "line"]


@dataclass(slots=True)
class Word:
    """A piece of text: what it says, what it says at a closer look, where it leads."""

    text: str
    title: str = ""
    link: str = ""
    kind: Kind = ""
    tone: Tone = ""


@dataclass(slots=True)
class Bar:
    """How much of a `whole` is `done`."""

    done: int
    whole: int

    @property
    def percent(self) -> str:
        """The same in words."""
        return f"{min(self.done, self.whole) * 100 // self.whole} %" if self.whole else "0 %"


Cell: TypeAlias = "Word | str | Bar | Fold | tuple[Cell, ...]"


@dataclass(slots=True)
class Row:
    """A row of a table."""

    cells: tuple[Cell, ...]
    tone: Tone = ""


@dataclass(slots=True)
class Facts:
    """Names and what stands for them; those without anything are not shown."""

    pairs: Sequence[tuple[Cell, Cell]]


@dataclass(slots=True)
class Table:
    """A row for each of `items`; `row` is called for those that are shown."""

    columns: tuple[str, ...]
    items: Sequence[Any]
    row: Callable[[Any], Row]
    right: tuple[str, ...] = ()
    all_of_it: str = ".to_frame()"


@dataclass(slots=True)
class Say:
    """A sentence."""

    cell: Cell
    tone: Tone = ""


@dataclass(slots=True)
class Code:
    """Lines to be read as they are.

    With `all_of_it`, which says where the whole is, as much is shown as there is room for.
    """

    text: str
    all_of_it: str = ""


@dataclass(slots=True)
class Picture:
    """A picture of one of the types that run nothing, and what it is in words."""

    media_type: str
    raw: bytes
    said: str


@dataclass(slots=True)
class Spot:
    """A part of a drawing (left, top, width, height), and what it is."""

    place: tuple[float, float, float, float]
    said: str


@dataclass(slots=True)
class Drawing:
    """A picture that was drawn here, as SVG, what it is in words, and what its parts are.

    Of spots over each other, the first counts.
    """

    svg: str
    said: str
    spots: Sequence[Spot] = ()


@dataclass(slots=True)
class Fold:
    """Blocks behind a heading, unfolded at first when `open`.

    Without `text`, the face for terminals shows the heading only.
    """

    heading: Cell
    blocks: tuple[Block, ...]
    open: bool = False
    text: bool = True


Block: TypeAlias = Facts | Table | Say | Code | Picture | Drawing | Fold


@dataclass(slots=True)
class View:
    """All there is to see of a value."""

    title: str
    name: Cell = ""
    summary: Cell = ""
    blocks: tuple[Block, ...] = ()


@singledispatch
def view(value: Any) -> View:
    """What there is to see of `value`."""
    return View(type(value).__name__, Word(repr(value), kind="code"))
