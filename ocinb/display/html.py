"""Views as HTML: semantic first, bounded, the same each time, without script, ids or loading."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from itertools import islice

from ocinb.display.markup import (
    NOTHING,
    Html,
    cleaned,
    drawing,
    h,
    joined,
    linked,
    picture,
    root,
    spaced,
    text,
)
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

MOST = 60_000  # bytes of one output
_REST = 24_000  # bytes of it for content that is shown as it came, at most
_ROOM = 3_500  # bytes for what surrounds the blocks: style and closing tags


@dataclass(frozen=True)
class _Limits:
    """How much is shown: characters of a leaf, rows of a table."""

    leaf: int
    rows: int


_LINES = {"line": "ocinb-line", "digest": "ocinb-line ocinb-digest"}
# What does not fit the first time is drawn again, shorter. Only hostile values need that.
_LIMITS = (_Limits(2_000, 50), _Limits(500, 50), _Limits(120, 20), _Limits(40, 5))
_IN_FILES = _Limits(2_000, 2_000)
_MOST_IN_FILES = 4_000_000  # bytes of a section that are counted on


def page(view: View) -> Html:
    """The whole output for `view`, with its style."""
    for limits in _LIMITS:
        drawn = root(_Painter(limits).view(view))
        if len(drawn.encode()) <= MOST:
            return drawn
    return root(h("p", h("strong", view.title), " ", "There is too much in it to be shown."))


def long(view: View) -> Html:
    """`view` without its style, for a page that has room for much of it."""
    return _Painter(_IN_FILES, _MOST_IN_FILES).view(view)


class _Painter:
    def __init__(self, limits: _Limits, room: int = MOST - _ROOM) -> None:
        self.limits = limits
        self.left = room

    def view(self, view: View) -> Html:
        pieces = [self.heading(view)]
        for block in view.blocks:
            self.left -= len(pieces[-1])
            pieces.append(self.block(block))
        return joined(pieces)

    def heading(self, view: View) -> Html:
        parts = [h("strong", view.title)]
        parts += [self.cell(part) for part in (view.name, view.summary) if part]
        return h("p", spaced(parts), cls="ocinb-head")

    def block(self, block: Block) -> Html:
        match block:
            case Facts():
                return self.facts(block)
            case Table():
                return self.table(block)
            case Say():
                return h("p", self.cell(block.cell), cls=_class(block.tone))
            case Code():
                return self.code(block)
            case Picture():
                return h("p", picture(block.media_type, block.raw, block.said))
            case Drawing():
                spots = [(spot.place, spot.said) for spot in block.spots]
                return h("p", drawing(block.svg, block.said, spots, self.limits.leaf))
            case Fold():
                return self.fold(block)

    def facts(self, facts: Facts) -> Html:
        shown = islice(((name, cell) for name, cell in facts.pairs if cell), self.limits.rows)
        pieces = [
            h("tr", h("th", self.cell(name), scope="row"), h("td", self.cell(cell)))
            for name, cell in shown
        ]
        return h("table", h("tbody", *pieces), cls="ocinb-facts") if pieces else NOTHING

    def table(self, table: Table) -> Html:
        right = [name in table.right for name in table.columns]
        head = [
            h("th", name, scope="col", cls="ocinb-n" if number else "")
            for name, number in zip(table.columns, right, strict=True)
        ]
        rows = [self.row(table.row(item), right) for item in islice(table.items, self.limits.rows)]
        drawn = h("table", h("thead", h("tr", *head)), h("tbody", *rows), cls="ocinb-table")
        more = len(table.items) - len(rows)
        if more > 0:
            rest = h("p", f"… {more:,} more (", h("code", table.all_of_it), ")", cls="ocinb-dim")
            return joined([drawn, rest])
        return drawn

    def row(self, row: Row, right: list[bool]) -> Html:
        cells = [
            h("td", self.cell(cell), cls="ocinb-n" if number else "")
            for cell, number in zip(row.cells, right, strict=True)
        ]
        return h("tr", *cells, cls=_class(row.tone))

    def fold(self, fold: Fold) -> Html:
        inner = [self.block(block) for block in fold.blocks]
        return h(
            "details",
            h("summary", self.cell(fold.heading)),
            h("div", *inner),
            open="open" if fold.open else "",
        )

    def code(self, code: Code) -> Html:
        if not code.all_of_it:
            return h("pre", text(code.text, self.limits.leaf, lines=True))
        room = min(_REST, self.left) - 200
        shown = _fitting(code.text, room) if room > 0 else ""
        lines = h("pre", text(shown, len(shown) + 1, lines=True))
        if len(shown) == len(code.text):
            return lines
        rest = h("p", "… and so on (", h("code", code.all_of_it), ")", cls="ocinb-dim")
        return joined([lines, rest])

    def cell(self, cell: Cell) -> Html:
        if isinstance(cell, Word):
            return self.word(cell)
        if isinstance(cell, tuple):
            return spaced([self.cell(part) for part in cell if part])
        if isinstance(cell, Fold):
            return self.fold(cell)
        if isinstance(cell, Bar):
            done, whole = min(cell.done, cell.whole), max(cell.whole, 1)
            return h("progress", cell.percent, value=str(done), max=str(whole))
        return text(cell, self.limits.leaf)

    def word(self, word: Word) -> Html:
        tag = "code" if word.kind else "span"
        cls = _class(word.tone)
        if word.kind in _LINES:
            cls = f"{_LINES[word.kind]} {cls}".strip()
        inner = text(word.text, self.limits.leaf, lines=True)
        title = text(word.title, self.limits.leaf, lines=True) if word.title else ""
        return linked(h(tag, inner, cls=cls, title=title), word.link)


def _class(tone: str) -> str:
    return f"ocinb-{tone}" if tone else ""


def _fitting(text: str, room: int) -> str:
    """As much of the beginning of `text` as takes up to `room` bytes once it is markup."""
    text = text[:room]
    while text and (needed := len(escape(cleaned(text, room)).encode())) > room:
        text = text[: min(len(text) - 1, len(text) * room // needed)]
    return text
