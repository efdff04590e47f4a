"""How differences of files look, of what is in one of them, of packages, and of whole images."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ocinb.display import frames, parts
from ocinb.display.diffs import glyph, overlooked, sides, tallied, tone
from ocinb.display.frames import Rows, rows
from ocinb.display.parts import counted, dim, moment, size
from ocinb.display.view import Block, Cell, Code, Facts, Fold, Row, Say, Table, View, Word, view
from ocinb.layers.diffs.files import FileChange, FilesDiff
from ocinb.layers.diffs.images import PARTS, ImageDiff
from ocinb.layers.diffs.packages import PackageChange, PackagesDiff
from ocinb.layers.diffs.texts import ContentDiff, Line
from ocinb.layers.entries import FileEntry
from ocinb.text import human_size


@view.register
def _files(value: FilesDiff) -> View:
    grown = f"{'+' if value.grown > 0 else ''}{human_size(value.grown)}"
    facts: list[tuple[Cell, Cell]] = [
        ("on both sides", dim(counted(value.compared, "path"))),
        ("bytes of files", dim(f"{grown} in b") if value.changes else ""),
        ("in another order", dim(counted(value.reordered, "entry", "entries"))
         if value.reordered else ""),
    ]  # fmt: skip
    blocks = (Facts(facts), *_warnings(value), *_changes(value), *overlooked(value.regard))
    summary = tallied(value.counts, value.identical)
    return View("Differences of the files", sides(value.a, value.b), summary, blocks)


def _warnings(value: FilesDiff) -> Iterator[Block]:
    if not value.complete:
        yield Say(
            (Word("✗ incomplete:", tone="bad"), "a layer could not be read to its end"), "warn"
        )
    if value.unread:
        said = f"{counted(len(value.unread), 'file')} of the same size could not be compared:"
        yield Say((Word(said, tone="warn"), *parts.listed(value.unread[:10])))


def _changes(value: FilesDiff) -> tuple[Block, ...]:
    if not value.changes:
        return ()
    columns = ("", "path", "differs in", "a", "b")
    return (Table(columns, value.changes, _change),)


def _change(change: FileChange) -> Row:
    path: Cell = Word(change.path, title=change.path, kind="line")
    if change.moved_from:
        path = (Word(change.moved_from, change.moved_from, kind="line"), dim("→"), path)
    told = [_told(each, change) for each in (change.before, change.after)]
    return Row((glyph(change.kind), path, dim(", ".join(change.aspects)), *told))


def _told(entry: FileEntry | None, change: FileChange) -> Cell:
    """What a side has, as far as the other has it differently."""
    if entry is None:
        return ""
    alone = change.before is None or change.after is None
    return tuple(
        cell
        for aspect, cell in _facts(entry, change).items()
        if (alone and aspect in ("mode", "size", "target")) or aspect in change.aspects
    )


def _facts(entry: FileEntry, change: FileChange) -> dict[str, Cell]:
    found = change.before_digest if entry is change.before else change.after_digest
    held = entry.type in ("file", "other")
    return {
        "type": entry.type,
        "mode": Word(entry.permissions, f"{entry.mode:04o}", kind="line"),
        "owner": f"{entry.uid}:{entry.gid}",
        "names": Word(f"{entry.user}:{entry.group}", kind="code")
        if entry.user or entry.group
        else dim("none"),
        "size": size(entry.size) if held else "",
        "time": moment(entry.mtime, seconds=True),
        "target": (dim("→"), Word(entry.target, kind="code")) if entry.target else "",
        "device": f"{entry.device[0]}, {entry.device[1]}" if entry.device else "",
        "attributes": parts.listed(entry.xattrs),
        "content": Word(found.short, title=found, kind="line") if found else "",
    }


@view.register
def _content(value: ContentDiff) -> View:
    held = [size(each.size) if each else dim("none") for each in (value.before, value.after)]
    name = (parts.code(value.path), held[0], dim("→"), held[1])
    summary = tallied(value.counts) if value.is_text else dim("· no text")
    return View("Differences of a file", name, summary, tuple(_content_blocks(value)))


def _content_blocks(value: ContentDiff) -> Iterator[Block]:
    if not value.complete:
        yield Say(dim("only the beginning was read"), "warn")
    if value.is_text:
        for hunk in value.hunks:
            columns = ("", "line in a", "a", "line in b", "b")
            yield Table(
                columns, hunk, _line, right=("line in a", "line in b"), all_of_it=".unified"
            )
    elif value.first_difference is not None:
        yield Say((dim("the first byte that differs:"), f"{value.first_difference:,}"))
        for name, shown in zip(("a", "b"), value.hex, strict=True):
            yield Fold(name, (Code(shown),), open=True)


def _line(line: Line) -> Row:
    before, after = (_shown(each) for each in (line.before, line.after))
    numbers = [str(each or "") for each in (line.before_number, line.after_number)]
    return Row((glyph(line.kind), numbers[0], before, numbers[1], after), tone(line.kind))


def _shown(line: str | None) -> Cell:
    return "" if line is None else Word(line.removesuffix("\n"), kind="code")


@view.register
def _packages(value: PackagesDiff) -> View:
    blocks: list[Block] = []
    if not value.complete:
        blocks.append(
            Say((Word("✗ incomplete:", tone="bad"), "a database could not be read"), "warn")
        )
    if value.changes:
        blocks.append(Table(("", "package", "a", "b", "of"), value.changes, _package))
    blocks.append(Say(dim(f"{counted(value.unchanged, 'package')} the same on both sides")))
    summary = tallied(value.counts)
    return View("Differences of the packages", sides(value.a, value.b), summary, tuple(blocks))


def _package(change: PackageChange) -> Row:
    versions = [parts.listed(each) for each in (change.before, change.after)]
    name = Word(change.name, title=change.name, kind="line", tone="strong")
    of = " · ".join(filter(None, (change.manager, change.architecture)))
    return Row((glyph(change.kind), name, *versions, dim(of)))


@view.register
def _image(value: ImageDiff) -> View:
    known = value.known
    pairs: list[tuple[Cell, Cell]] = [
        (name, _verdict(known[name]) if name in known else parts.not_loaded(f".{name}"))
        for name in PARTS
    ]
    inner = (
        Fold((name.capitalize(), _verdict(part)), view(part).blocks, open=True)
        for name, part in known.items()
        if _differs(part)
    )
    summary: Cell = Word("· the same bytes", tone="good") if value.identical else ""
    blocks = (Facts(pairs), *inner, *overlooked(value.regard))
    return View("Differences of the images", sides(*value.names), summary, blocks)


def _verdict(part: Any) -> Cell:
    found = tallied(part.counts, getattr(part, "identical", False))
    return found if _differs(part) else Word("the same", tone="good")


def _differs(part: Any) -> bool:
    return not part.same


@rows.register
def _files_rows(value: FilesDiff) -> Rows:
    attrs = {"a": value.a, "b": value.b, "complete": value.complete, "unread": len(value.unread)}
    return Rows(frames.FILE_DIFF, map(_record, value.changes), attrs)


def _record(change: FileChange) -> dict[str, Any]:
    return {
        "path": change.path,
        "kind": change.kind,
        "aspects": ", ".join(change.aspects),
        "moved_from": change.moved_from,
        "grown_bytes": change.grown,
        "before_digest": change.before_digest,
        "after_digest": change.after_digest,
        **_columns("before", change.before),
        **_columns("after", change.after),
    }


def _columns(which: str, entry: FileEntry | None) -> dict[str, Any]:
    if entry is None:
        return {}
    return {
        f"{which}_type": entry.type,
        f"{which}_bytes": entry.size,
        f"{which}_permissions": entry.permissions,
        f"{which}_owner": f"{entry.uid}:{entry.gid}",
        f"{which}_modified": entry.mtime,
        f"{which}_target": entry.target,
    }


@rows.register
def _content_rows(value: ContentDiff) -> Rows:
    found = (
        {"kind": each.kind, "before_line": each.before_number, "after_line": each.after_number,
         "before": each.before, "after": each.after}
        for each in value.lines
    )  # fmt: skip
    return Rows(frames.CONTENT_DIFF, found, {"path": value.path, "a": value.a, "b": value.b})


@rows.register
def _packages_rows(value: PackagesDiff) -> Rows:
    found = (
        {"package": each.name, "architecture": each.architecture, "manager": each.manager,
         "kind": each.kind, "before": ", ".join(each.before), "after": ", ".join(each.after)}
        for each in value.changes
    )  # fmt: skip
    return Rows(frames.PACKAGE_DIFF, found, {"a": value.a, "b": value.b})


@rows.register
def _image_rows(value: ImageDiff) -> Rows:
    known: dict[str, Any] = value.known
    found = (
        {"part": name, "same": known[name].same if name in known else None,
         "differences": len(known[name]) if name in known else None}
        for name in PARTS
    )  # fmt: skip
    return Rows(frames.IMAGE_DIFF, found, {"a": value.names[0], "b": value.names[1]})
