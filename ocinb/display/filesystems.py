"""How the layers of an image over each other look: what is seen, what is not, and what it costs."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence

from ocinb.display import parts
from ocinb.display.files import entry_facts, entry_row
from ocinb.display.folders import folders
from ocinb.display.parts import code, counted, dim, size
from ocinb.display.view import Bar, Block, Cell, Facts, Fold, Row, Say, Table, View, Word, view
from ocinb.layers.filesystem import FileSystem
from ocinb.layers.merged.layered import LayeredEntry, LayerShare
from ocinb.layers.merged.waste import Waste, WastedPath

_BIGGEST = 20
_COLUMNS = ("", "permissions", "owner", "size", "modified", "layer", "path")
_LAYERS = ("layer", "to transfer", "files", "seen", "", "wasted", "took away", "made by")
_NUMBERS = ("layer", "to transfer", "files", "seen", "wasted", "took away")


@view.register
def _filesystem(value: FileSystem) -> View:
    summary = (dim(f"· {counted(len(value), 'entry', 'entries')},"), size(value.size))
    name: Cell = parts.reference(value.name) if value.name else ""
    if value.selection:
        chip = Word(value.selection, kind="code", tone="chip")
        blocks: tuple[Block, ...] = (*_warnings(value), _listed(value))
        return View("Files", (name, chip) if name else chip, summary, blocks)
    blocks = (Facts(_facts(value)), *_warnings(value), _layers(value.layers), *_folds(value))
    return View("File system", name, summary, blocks)


def _facts(value: FileSystem) -> list[tuple[Cell, Cell]]:
    counts = (counted(number, state, state) for state, number in value.states.items())
    return [
        ("layers", (dim(f"{len(value.layers):,}"), _stacked(value.layers))),
        ("in all of them", dim(", ".join(counts))),
        *_efficiency(value.waste),
    ]


def _stacked(layers: Sequence[LayerShare]) -> Cell:
    """The bytes of files of each layer, in build order, and how many of them are wasted."""
    return parts.stacked(
        [(each.live + each.wasted, each.wasted, f"layer {each.position}") for each in layers]
    )


def _efficiency(waste: Waste) -> list[tuple[Cell, Cell]]:
    """What is seen and what is wasted add up to all."""
    seen = (Bar(waste.live, waste.total), dim(f"{waste.efficiency:.2%} of"), size(waste.total))
    about = (dim("about"), size(waste.wasted_compressed), dim("of the transfer"))
    wasted = (size(waste.wasted), dim(f"{1 - waste.efficiency:.2%},"), *about)
    return [
        ("seen", (size(waste.live), *seen) if waste.total else ""),
        ("wasted", wasted if waste.wasted else dim("nothing")),
    ]


def _warnings(value: FileSystem) -> Iterator[Block]:
    broken = [each.position for each in value.layers if not each.complete]
    if broken:
        which = ", ".join(map(str, broken[:10]))
        text = (Word("✗ incomplete:", tone="bad"), f"layer {which} broke off", str(value.trouble))
        yield Say(text, "warn")
    notes = value.notes
    if notes and not value.selection:
        table = Table(("note",), notes, lambda note: Row((note,)), all_of_it=".notes")
        yield Fold(("Odd about the layers", dim(f"({len(notes):,})")), (table,), text=False)


def _folds(value: FileSystem) -> Iterator[Block]:
    if not len(value.merged.stack):
        yield Say(dim("nothing in it"))
        return
    yield Fold("Folders", folders(value), open=True)
    biggest = heapq.nlargest(_BIGGEST, value.numbers, key=_live(value))
    yield Fold(
        ("Biggest files", dim(f"(up to {_BIGGEST})")),
        (_table(value, [each for each in biggest if _live(value)(each)]),),
        text=False,
    )
    if value.waste.paths:
        yield Fold(("Wasted", dim(f"({len(value.waste.paths):,} paths)")),
                   (_paths(value.waste, ".waste.to_frame()"),), text=False)  # fmt: skip
    for heading, found in (("Odd", value.odd), ("Setuid and setgid", value.setuid)):
        if len(found):
            yield Fold((heading, dim(f"({len(found):,})")), (_listed(found),), text=False)


def _live(value: FileSystem):  # type: ignore[no-untyped-def]  # a function of numbers
    merged = value.merged
    return lambda number: merged.live(number, merged.stack.layer_of(number))


def _listed(value: FileSystem) -> Block:
    if not len(value):
        return Say(dim("nothing in it"))
    return _table(value, value.numbers)


def _table(value: FileSystem, numbers: Sequence[int]) -> Table:
    def row(number: int) -> Row:
        return _row(value.merged.entry(number))

    return Table(_COLUMNS, numbers, row, right=("size", "modified"))


def _row(value: LayeredEntry) -> Row:
    *cells, path = entry_row(value).cells
    if value.by is not None:
        path = (Word(value.path, value.path, kind="line", tone="gone"), _fate(value))
    return Row((*cells, str(value.layer), path))


def _fate(value: LayeredEntry) -> Word:
    """What became of an entry that is not seen."""
    return dim(f"{value.state} by layer {value.by}")


def _layers(layers: Sequence[LayerShare]) -> Table:
    whole = max((each.live + each.wasted for each in layers), default=0)

    def row(each: LayerShare) -> Row:
        wasted = Word(*_words(each.wasted), tone="warn") if each.wasted else dim("·")
        took = size(each.took) if each.took else dim("·")
        bar = parts.share(each.live, whole, len(layers) > 1)
        made = Word(each.created_by, each.created_by, kind="line")
        name = (str(each.position), "" if each.complete else Word("✗", "incomplete", tone="bad"))
        seen = size(each.live)
        return Row((name, size(each.size), f"{each.entries:,}", seen, bar, wasted, took, made))

    return Table(_LAYERS, layers, row, right=_NUMBERS, all_of_it=".layers")


def _words(count: int) -> tuple[str, str]:
    word = size(count)
    return word.text, word.title


@view.register
def _entry(value: LayeredEntry) -> View:
    fate: Cell = Word(value.state, tone="good" if value.by is None else "warn")
    if value.by is not None:
        fate = (fate, dim(f"by layer {value.by}"))
    facts = [*entry_facts(value), ("layer", str(value.layer)), ("became", fate)]
    if value.wasted:
        facts.append(("wasted", size(value.wasted)))
    return View("File entry", code(value.path), "", (Facts(facts),))


@view.register
def _share(value: LayerShare) -> View:
    facts: list[tuple[Cell, Cell]] = [
        ("made by", code(value.created_by) if value.created_by else ""),
        ("archive", (size(value.size), dim("unpack to"), size(value.unpacked))),
        ("entries", f"{value.entries:,}"),
        ("seen", size(value.live)),
        ("wasted", (size(value.wasted), dim("about"), size(value.wasted_compressed),
                    dim("of the transfer"))),
        ("took from below", size(value.took)),
        ("", "" if value.complete else Word("✗ incomplete", tone="bad")),
    ]  # fmt: skip
    return View(f"Layer {value.position}", parts.reference(value.name), "", (Facts(facts),))


@view.register
def _waste(value: Waste) -> View:
    name: Cell = parts.reference(value.name) if value.name else ""
    dive = f"{value.dive_efficiency:.4f}"
    facts = [
        ("layers", _stacked(value.layers)),
        *_efficiency(value),
        ("efficiency", (code(f"{value.efficiency:.4f}"), dim("what is seen of all"))),
        ("dive would say", (code(dive), dim("and wasted"), size(value.dive_wasted_bytes),
                            dim("since it counts all copies, but no folders that were deleted"))),
    ]  # fmt: skip
    blocks: list[Block] = [Facts(facts), _layers(value.layers)]
    if not value.complete:
        blocks.insert(1, Say(Word("✗ incomplete: a layer broke off", tone="bad"), "warn"))
    if value.paths:
        blocks.append(_paths(value, ".to_frame()"))
    return View("Waste", name, size(value.wasted), tuple(blocks))


def _paths(value: Waste, all_of_it: str) -> Table:
    most = value.paths[0].wasted

    def row(each: WastedPath) -> Row:
        path = Word(each.path, each.path, kind="line")
        bar = parts.share(each.wasted, most, many=True)
        in_layers, by = _numbers(each.layers), _numbers(each.by)
        return Row((size(each.wasted), bar, str(each.copies), in_layers, by, path))

    columns = ("wasted", "", "copies", "in layers", "taken by", "path")
    return Table(columns, value.paths, row, right=("wasted", "copies"), all_of_it=all_of_it)


@view.register
def _wasted_path(value: WastedPath) -> View:
    facts: list[tuple[Cell, Cell]] = [
        ("wasted", size(value.wasted)),
        ("copies", str(value.copies)),
        ("in layers", _numbers(value.layers)),
        ("taken away by", _numbers(value.by)),
    ]
    return View("Wasted", code(value.path), "", (Facts(facts),))


def _numbers(layers: tuple[int, ...]) -> str:
    shown = ", ".join(map(str, layers[:10]))
    return f"{shown}, …" if len(layers) > 10 else shown
