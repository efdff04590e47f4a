"""How sizes over tags look: a bar for each, of what is new and what the one before has, too."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ocinb.display import frames
from ocinb.display.frames import Rows, rows
from ocinb.display.parts import code, counted, digest, dim, moment, size
from ocinb.display.view import Block, Cell, Facts, Row, Say, Table, View, Word, view
from ocinb.protocol.sizes import TagSize, TagSizes
from ocinb.text import human_size

_BAR = 16  # characters of the largest


@view.register
def _sizes(value: TagSizes) -> View:
    largest = max((each.size for each in value), default=0)

    def row(each: TagSize) -> Row:
        platform: Cell = Word(str(each.platform or ""), kind="line")
        shared: Cell = "" if each.shared is None else size(each.shared)
        tag = Word(each.tag, each.digest, kind="line")
        return Row((tag, platform, size(each.size), _bar(each, largest), shared,
                    str(each.layers), moment(each.created)))  # fmt: skip

    columns = ("tag", "platform", "size", "", "shared", "layers", "created")
    tags = len({each.tag for each in value})
    left = f", {value.left_out:,} left out" if value.left_out else ""
    table = Table(columns, value.sizes, row, right=("size", "shared", "layers", "created"))
    legend = Say(dim("█ new · ░ shared with the one before of the same platform"))
    found: tuple[Block, ...] = (table, legend) if value.sizes else (Say(dim("none")),)
    blocks = (*found, *_troubles(value))
    return View("Sizes", code(value.repository), dim(f"· {counted(tags, 'tag')}{left}"), blocks)


def _bar(each: TagSize, largest: int) -> Cell:
    cells = max(1, round(each.size / largest * _BAR)) if each.size else 0
    shared = round(cells * (each.shared or 0) / each.size) if each.size else 0
    said = f"{human_size(each.size)}, {human_size(each.shared or 0)} of it shared"
    return Word("█" * (cells - shared) + "░" * shared, title=said, tone="bar")


def _troubles(value: TagSizes) -> tuple[Block, ...]:
    if not value.troubles:
        return ()

    def row(each: tuple[str, str]) -> Row:
        return Row((Word(each[0], each[0], kind="line"), each[1]))

    table = Table(("tag", "could not be looked at"), value.troubles, row, all_of_it=".troubles")
    return (Say(Word("! Some tags could not be looked at:", tone="warn")), table)


@view.register
def _size(value: TagSize) -> View:
    shared: Cell = "" if value.shared is None else size(value.shared)
    facts: list[tuple[Cell, Cell]] = [
        ("platform", code(str(value.platform)) if value.platform else ""),
        ("digest", digest(value.digest)),
        ("to transfer", size(value.size)),
        ("shared", shared),
        ("layers", str(value.layers)),
        ("created", moment(value.created)),
    ]
    return View("Size", code(value.tag), "", (Facts(facts),))


@rows.register
def _sizes_rows(value: TagSizes) -> Rows:
    attrs = {"repository": value.repository, "left_out": value.left_out}
    return Rows(frames.SIZE, _rows(value.sizes), attrs)


@rows.register
def _size_rows(value: TagSize) -> Rows:
    return Rows(frames.SIZE, _rows((value,)))


def _rows(sizes: tuple[TagSize, ...]) -> Iterator[dict[str, Any]]:
    for each in sizes:
        yield {
            "tag": each.tag, "platform": each.platform, "digest": each.digest,
            "size_bytes": each.size, "shared_bytes": each.shared, "layers": each.layers,
            "created": each.created,
        }  # fmt: skip
