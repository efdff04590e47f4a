"""How it looks which files give more rights than others, and why."""

from __future__ import annotations

from collections.abc import Iterator

from ocinb.display import frames
from ocinb.display.frames import Rows, rows
from ocinb.display.parts import code, dim
from ocinb.display.view import Block, Cell, Facts, Fold, Row, Say, Table, Tone, View, Word, view
from ocinb.layers.inspecting.permissions import KINDS, Finding, PermissionReport

_COLUMNS = ("permissions", "owner", "path", "why")
_GRAVE = ("setuid", "capabilities", "world-writable file", "world-writable directory")


@view.register
def _report(found: PermissionReport) -> View:
    said = ", ".join(f"{count:,} {kind}" for kind, count in found.counts.items() if count)
    name: Cell = Word(found.selection, kind="code", tone="chip") if found.selection else ""
    blocks = (*_notes(found), *_tables(found))
    return View("Permissions", name, dim(f"· {said or 'nothing found'}"), blocks)


def _notes(found: PermissionReport) -> Iterator[Block]:
    for note in found.notes:
        yield Say(dim(note))
    if found.left_out:
        yield Say(Word(f"! {found.left_out:,} more are counted, and not kept", tone="warn"))


def _tables(found: PermissionReport) -> Iterator[Block]:
    if not len(found):
        yield Say(dim("nothing is set that gives more rights than usual"))
    for kind, why in KINDS.items():
        some = [each for each in found if each.kind == kind]
        if some:
            tone: Tone = "warn" if kind in _GRAVE else ""
            heading = (Word(kind, title=why, tone=tone), dim(f"({len(some):,})"))
            yield Fold(heading, (Table(_COLUMNS, some, _row),), open=True)


def _row(each: Finding) -> Row:
    path = Word(each.path, each.path, kind="line")
    return Row((Word(each.permissions, f"{each.mode:04o}", kind="line"), _owner(each), path,
                dim(each.why)))  # fmt: skip


def _owner(each: Finding) -> Word:
    user, group = each.user or str(each.uid), each.group or str(each.gid)
    return Word(f"{user}:{group}", title=f"{each.uid}:{each.gid}")


@view.register
def _finding(each: Finding) -> View:
    facts: list[tuple[Cell, Cell]] = [
        ("kind", Word(each.kind, tone="warn")),
        ("why it matters", each.why),
        ("type", each.type),
        ("permissions", (code(each.permissions), dim(f"{each.mode:04o}"))),
        ("owner", (_owner(each), dim(f"{each.uid}:{each.gid}"))),
    ]
    return View("Finding", code(each.path), "", (Facts(facts),))


@rows.register
def _report_rows(found: PermissionReport) -> Rows:
    attrs = {"left_out": found.left_out, "notes": "\n".join(found.notes)}
    return Rows(frames.FINDING, map(vars, found), attrs)


@rows.register
def _finding_rows(each: Finding) -> Rows:
    return Rows(frames.FINDING, [vars(each)])
