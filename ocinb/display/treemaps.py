"""How a treemap looks: the picture, and the same figures in a table."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ocinb.display import frames, parts
from ocinb.display.frames import Rows, rows
from ocinb.display.parts import counted, dim, size
from ocinb.display.pictures.svg import short
from ocinb.display.pictures.treemaps import drawing, name_of, of, placed, title
from ocinb.display.view import Block, Cell, Drawing, Fold, Row, Say, Spot, Table, View, Word, view
from ocinb.layers.treemap import Box, Treemap

_GROUPS, _GROUP = 10, 40  # that are named, and characters of each
_PATH = 120  # characters
_SPOT = 120  # characters that are said of a box where the mouse rests


@view.register
def _treemap(value: Treemap) -> View:
    name: Cell = parts.reference(value.name) if value.name else ""
    said = (dim(f"· {counted(value.root.files, 'file')},"), size(value.size))
    if not value.size:
        return View("Treemap", name, said, (Say(dim("no byte in it")),))
    spots = [
        Spot((rect.x, rect.y, rect.width, rect.height), short(title(box, value), _SPOT))
        for box, rect in ((each.box, each.rect) for each in reversed(placed(value)))
    ]
    words = f"Treemap of {value.root.files:,} files by size; the table below says the same"
    figures: list[Block] = [
        Drawing(drawing(value, titles=False), words, spots),
        Say(_legend(value)),
        Fold("The same in figures", (_table(value),), open=False),
    ]
    return View("Treemap", name, said, tuple(figures))


def _legend(value: Treemap) -> Cell:
    found = value.root.groups
    more = len(found) - _GROUPS
    shown = [
        (
            Word(short(name, _GROUP), name, kind="code"),
            size(count),
            dim(f"{count / value.size:.0%}"),
        )
        for name, count in found[:_GROUPS]
    ]
    return (dim(f"by {value.by}:"), *shown, dim(f"… {more:,} more") if more > 0 else "")


def _table(value: Treemap) -> Table:
    boxes = value.boxes

    def row(box: Box) -> Row:
        path = name_of(box)
        name = Word(short(path, _PATH), path, kind="line")
        files = f"{box.files:,}"
        bar = parts.share(box.size, boxes[0].size, len(boxes) > 1)
        share = f"{box.size / value.size:.1%}"
        return Row((size(box.size), share, bar, files, short(of(box), _GROUP), name))

    columns = ("size", "share", "", "files", value.by, "path")
    return Table(columns, boxes, row, right=("size", "share", "files"))


@rows.register
def _treemap_rows(value: Treemap) -> Rows:
    attrs = {"of": value.name, "by": value.by, "size_bytes": value.size, "files": value.root.files}
    return Rows(frames.TREEMAP, _rows(value), attrs)


def _rows(value: Treemap) -> Iterator[dict[str, Any]]:
    for box in value.boxes:
        yield {
            "path": box.path, "kind": box.kind, "size_bytes": box.size, "files": box.files,
            "share": box.size / value.size, "group": box.group,
            "group_bytes": box.groups[0][1],
        }  # fmt: skip
