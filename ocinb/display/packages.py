"""How installed packages look, and the operating system they are of."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from ocinb.display import frames
from ocinb.display.frames import Rows, rows
from ocinb.display.parts import code, counted, dim, listed, size, value
from ocinb.display.view import Block, Cell, Facts, Fold, Row, Say, Table, View, Word, view
from ocinb.layers.inspecting.os_release import OsRelease
from ocinb.layers.inspecting.packages.found import Database, Package, PackageList

_COLUMNS = ("package", "version", "architecture", "size", "source", "licence", "description")


@view.register
def _packages(found: PackageList) -> View:
    summary: Cell = (dim(f"· {counted(len(found), 'package')},"), size(found.installed_size))
    name: Cell = Word(found.selection, kind="code", tone="chip") if found.selection else ""
    blocks = (Facts(list(map(_database, found.databases))), *_troubles(found), *_table(found))
    return View("Packages", name, summary, blocks)


def _database(each: Database) -> tuple[Cell, Cell]:
    layer = dim(f"from layer {each.layer}") if each.layer is not None else ""
    return each.manager, (code(each.path), dim(counted(each.count, "package")), layer)


def _troubles(found: PackageList) -> Iterator[Block]:
    for each in found.databases:
        if each.trouble:
            said = (Word("✗ incomplete:", tone="bad"), code(each.path), Word(each.trouble))
            yield Say(said, "warn")


def _table(found: PackageList) -> tuple[Block, ...]:
    if len(found):
        return (_listed(found.packages),)
    none = "no database of dpkg, apk or rpm is among these files"
    return (Say(dim("none is installed" if found.databases else none)),)


def _listed(packages: Sequence[Package]) -> Table:
    """A row for each; dpkg says no licence, so that column is there only where one is said."""
    licensed = any(each.license for each in packages)
    columns = tuple(name for name in _COLUMNS if licensed or name != "licence")

    def row(each: Package) -> Row:
        return _row(each, licensed=licensed)

    return Table(columns, packages, row, right=("size",))


def _row(each: Package, *, licensed: bool) -> Row:
    source = "" if each.source == each.name else Word(each.source, each.source_version)
    held = "" if each.installed_size is None else size(each.installed_size)
    return Row(
        (
            Word(each.name, each.name, kind="line"),
            Word(each.version, each.version, kind="line"),
            each.architecture,
            held,
            source,
            *((each.license,) if licensed else ()),
            Word(each.description, each.description, kind="line", tone="dim"),
        )
    )


@view.register
def _package(each: Package) -> View:
    held: Cell = "" if each.installed_size is None else size(each.installed_size)
    facts: list[tuple[Cell, Cell]] = [
        ("version", code(each.version)),
        ("architecture", each.architecture),
        ("installed size", held),
        ("built from", (code(each.source), code(each.source_version)) if each.source else ""),
        ("licence", each.license),
        ("description", each.description),
        ("says", (each.manager, code(each.database) if each.database else "")),
        ("from layer", "" if each.layer is None else str(each.layer)),
    ]
    return View("Package", code(each.name), "", (Facts(facts),))


@view.register
def _release(found: OsRelease) -> View:
    facts: list[tuple[Cell, Cell]] = [
        ("id", (code(found.id), code(found.version_id) if found.version_id else "")),
        ("made from", listed(found.id_like)),
        ("says", code(found.path)),
    ]
    blocks: list[Block] = [Facts(facts)]
    if found.fields:
        table = Table(("name", "value"), tuple(found.fields.items()), _field, all_of_it=".fields")
        heading = ("Fields", dim(f"({len(found.fields):,})"))
        blocks.append(Fold(heading, (table,), open=True))
    blocks += (Say((Word("! no assignment:", tone="warn"), code(each))) for each in found.problems)
    return View("Operating system", Word(found.pretty_name), "", tuple(blocks))


def _field(pair: tuple[str, str]) -> Row:
    return Row((code(pair[0]), value(pair[1])))


@rows.register
def _packages_rows(found: PackageList) -> Rows:
    troubles = [f"{each.path}: {each.trouble}" for each in found.databases if each.trouble]
    attrs = {
        "databases": " ".join(each.path for each in found.databases),
        "complete": found.complete,
        "trouble": "\n".join(troubles),
    }
    return Rows(frames.PACKAGE, map(_record, found), attrs)


@rows.register
def _package_rows(each: Package) -> Rows:
    return Rows(frames.PACKAGE, [_record(each)])


def _record(each: Package) -> dict[str, Any]:
    return {**vars(each), "installed_bytes": each.installed_size}


@rows.register
def _release_rows(found: OsRelease) -> Rows:
    pairs = ({"name": name, "value": said} for name, said in found.fields.items())
    return Rows(frames.OS_RELEASE, pairs, {"path": found.path, "pretty_name": found.pretty_name})
