"""Views as text, for terminals and logs: the same facts, indented."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from itertools import islice

from ocinb.display.view import (
    Bar,
    Block,
    Cell,
    Code,
    Drawing,
    Facts,
    Fold,
    Picture,
    Row,
    Say,
    Table,
    View,
    Word,
)
from ocinb.text import visible

_ROWS = 30
_LINES = 20  # of something that is shown as it came
NARROW = 60  # characters of a cell that others stand beside
_WIDE = 300  # of one that stands alone or last
_INDENT = "  "


def plain(view: View) -> str:
    """`view` as lines of text."""
    head = [view.title, cell_text(view.name, _WIDE), cell_text(view.summary, _WIDE)]
    lines = [" ".join(filter(None, head))]
    for block in view.blocks:
        lines += [f"{_INDENT}{line}" for line in _block(block)]
    return "\n".join(lines)


def cell_text(cell: Cell, limit: int = _WIDE) -> str:
    """What a cell says, in one line."""
    if isinstance(cell, Word):
        if cell.kind == "digest" and limit < _WIDE:
            return _short(cell.text)
        return visible(cell.text, limit)
    if isinstance(cell, tuple):
        return " ".join(filter(None, [cell_text(part, limit) for part in cell]))
    if isinstance(cell, Fold):
        return cell_text(cell.heading, limit)
    if isinstance(cell, Bar):
        return cell.percent
    return visible(cell, limit)


def _block(block: Block) -> Iterator[str]:
    match block:
        case Facts():
            yield from _aligned(
                [(cell_text(name, NARROW), cell_text(cell)) for name, cell in block.pairs if cell]
            )
        case Table():
            yield from _table(block)
        case Say():
            yield cell_text(block.cell)
        case Code():
            lines = block.text[: _WIDE * _LINES].split("\n")
            yield from (visible(line, _WIDE) for line in lines[:_LINES])
            if len(lines) > _LINES or len(block.text) > _WIDE * _LINES:
                yield "…"
        case Picture() | Drawing():
            yield f"[{cell_text(block.said)}]"
        case Fold():
            yield cell_text(block.heading)
            if block.text:
                for inner in block.blocks:
                    yield from (f"{_INDENT}{line}" for line in _block(inner))


def _table(table: Table) -> Iterator[str]:
    shown = [_row(table.row(item)) for item in islice(table.items, _ROWS)]
    right = [name in table.right for name in table.columns]
    yield from _aligned([table.columns, *shown], right)
    more = len(table.items) - len(shown)
    if more > 0:
        yield f"… {more:,} more ({table.all_of_it})"


def _row(row: Row) -> tuple[str, ...]:
    *others, last = row.cells
    return (*(cell_text(cell, NARROW) for cell in others), cell_text(last, _WIDE - 1))


def _short(digest: str) -> str:
    """Enough of a digest to tell two apart."""
    algorithm, colon, encoded = digest.partition(":")
    return visible(f"{algorithm}{colon}{encoded[:12]}", NARROW)


def _aligned(rows: list[tuple[str, ...]], right: list[bool] | None = None) -> Iterator[str]:
    if not rows:
        return
    right = right or [False] * len(rows[0])
    widths = [max(map(width, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = zip(row, widths, right, strict=True)
        yield _INDENT.join(_padded(*cell) for cell in cells).rstrip()


def _padded(text: str, wanted: int, to_the_right: bool) -> str:
    padding = " " * (wanted - width(text))
    return padding + text if to_the_right else text + padding


def width(text: str) -> int:
    """The columns that `text` takes on a terminal."""
    if text.isascii():
        return len(text)
    return sum(_character_width(character) for character in text)


def _character_width(character: str) -> int:
    if unicodedata.category(character) in ("Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
