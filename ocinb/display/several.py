"""How what was found in several images looks, and what could not be read of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from ocinb.client.several.failures import Failure
from ocinb.client.several.found import Findings, FoundFile, SearchedImage
from ocinb.display import frames, parts
from ocinb.display.frames import Rows, rows
from ocinb.display.parts import code, counted, dim, size
from ocinb.display.view import Block, Cell, Facts, Fold, Row, Say, Table, View, Word, view
from ocinb.errors import OcinbError

_FILES = ("image", "layer", "state", "size", "path")
_IMAGES = ("image", "layers", "found", "seen", "")


@view.register
def _findings(value: Findings) -> View:
    name = Word(value.pattern, kind="code", tone="chip")
    kind = f" {value.selection}" if value.selection else ""
    summary = dim(f"· {counted(len(value), 'file')}{kind}, {value.completeness}")
    facts: list[tuple[Cell, Cell]] = [
        ("layers listed", dim(f"{counted(value.layers, 'distinct layer')}, each once")),
        ("paths", dim(counted(len(value.paths), "distinct path")) if value.files else ""),
    ]
    blocks: list[Block] = [*failed(value.failures, value.completeness), Facts(facts)]
    if value.left_out:
        blocks.append(Say(dim(f"{value.left_out:,} more files are not listed"), "warn"))
    if value.files:
        blocks.append(Table(_FILES, value.files, _file_row, right=("layer", "size")))
    else:
        blocks.append(Say(dim("nothing found")))
    if value.images:
        blocks.append(_images(value.images))
    return View("Found", name, summary, tuple(blocks))


def failed(failures: Sequence[Failure], completeness: str) -> Iterator[Block]:
    """What could not be read, when something could not."""
    if failures:
        yield Say((Word("✗ incomplete:", tone="bad"), completeness), "warn")
        heading = ("What could not be read", dim(f"({len(failures):,})"))
        columns = ("image", "layer", "why")
        table = Table(columns, failures, _failure_row, right=("layer",), all_of_it=".failures")
        yield Fold(heading, (table,), open=True)


def _file_row(value: FoundFile) -> Row:
    gone = value.by is not None
    path: Cell = Word(value.path, value.path, kind="line", tone="gone" if gone else "")
    if value.also_in:
        shown = "\n".join(value.also_in[:20])
        path = (path, dim(f"also in {len(value.also_in):,} with this layer", title=shown))
    image = _named(value.reference, value.platform)
    return Row((image, str(value.layer), _state(value), size(value.size), path))


def _state(value: FoundFile) -> Word:
    if value.state is None:
        return dim("?", title="nobody knows what became of it in this image")
    by = f" by layer {value.by}" if value.by is not None else ""
    return Word(f"{value.state}{by}", tone="good" if value.seen else "warn" if by else "dim")


def _named(reference: str, platform: str) -> Cell:
    name = parts.reference(reference)
    return (name, dim(platform)) if platform else name


def _images(images: Sequence[SearchedImage]) -> Fold:
    most = max(each.found for each in images)

    def row(value: SearchedImage) -> Row:
        name = _named(value.reference, value.platform)
        state: Cell = "" if value.complete else Word("✗ incomplete", tone="bad")
        share = parts.share(value.found, most, len(images) > 1)
        found = f"{value.found:,}"
        return Row((name, f"{value.layers:,}", found, f"{value.seen:,}", (*share, state)))

    heading = ("Images", dim(f"({len(images):,})"))
    right = ("layers", "found", "seen")
    return Fold(heading, (Table(_IMAGES, images, row, right=right, all_of_it=".images"),))


def _failure_row(value: Failure) -> Row:
    layer = "" if value.layer is None else str(value.layer)
    return Row((_named(value.reference, value.platform), layer, _why(value)))


def _why(value: Failure) -> Cell:
    hints = value.error.hints[:2] if isinstance(value.error, OcinbError) else ()
    said = Word(str(value.error))
    return (Word(type(value.error).__name__, kind="code"), said, *map(dim, hints))


@view.register
def _failure(value: Failure) -> View:
    facts: list[tuple[Cell, Cell]] = [
        ("platform", code(value.platform) if value.platform else ""),
        ("layer", "" if value.layer is None else str(value.layer)),
        ("why", _why(value)),
    ]
    return View("Could not be read", parts.reference(value.reference), "", (Facts(facts),))


@view.register
def _file(value: FoundFile) -> View:
    facts: list[tuple[Cell, Cell]] = [
        ("image", _named(value.reference, value.platform)),
        ("layer", (str(value.layer), parts.digest(value.digest))),
        ("type", value.type),
        ("size", size(value.size)),
        ("became", _state(value)),
        ("also in", parts.listed(value.also_in[:50])),
    ]
    return View("Found file", code(value.path), "", (Facts(facts),))


@view.register
def _searched(value: SearchedImage) -> View:
    facts: list[tuple[Cell, Cell]] = [
        ("digest", parts.digest(value.digest)),
        ("layers", f"{value.layers:,}"),
        ("found", f"{value.found:,}"),
        ("seen", f"{value.seen:,}"),
        ("", "" if value.complete else Word("✗ incomplete", tone="bad")),
    ]
    name = _named(value.reference, value.platform)
    return View("Searched image", name, "", (Facts(facts),))


@rows.register
def _findings_rows(value: Findings) -> Rows:
    attrs = {
        "pattern": value.pattern, "complete": value.complete, "completeness": value.completeness,
        "layers": value.layers, "left_out": value.left_out,
    }  # fmt: skip
    return Rows(frames.FOUND, map(_record, value.files), attrs)


@rows.register
def _file_rows(value: FoundFile) -> Rows:
    return Rows(frames.FOUND, [_record(value)])


def _record(value: FoundFile) -> dict[str, Any]:
    return {
        "reference": value.reference, "platform": value.platform, "layer": value.layer,
        "digest": value.digest, "path": value.path, "type": value.type, "size_bytes": value.size,
        "state": value.state, "by_layer": value.by, "also_in": ", ".join(value.also_in),
    }  # fmt: skip


@rows.register
def _searched_rows(value: SearchedImage) -> Rows:
    return Rows(frames.SEARCHED, [{name: getattr(value, name) for name in frames.SEARCHED}])


@rows.register
def _failure_rows(value: Failure) -> Rows:
    found = {
        "reference": value.reference, "platform": value.platform, "layer": value.layer,
        "error": type(value.error).__name__, "message": str(value.error),
    }  # fmt: skip
    return Rows(frames.FAILURE, [found])
