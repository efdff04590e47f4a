"""How images on this machine look: what an archive or a layout holds, and how to open one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

from ocinb.client.local import LocalRepository
from ocinb.display import frames, parts
from ocinb.display.frames import Rows, rows
from ocinb.display.parts import code, counted, digest, dim, kind, size
from ocinb.display.tables import described
from ocinb.display.view import Block, Cell, Facts, Fold, Row, Say, Table, View, Word, view
from ocinb.errors import OcinbError
from ocinb.oci.descriptor import Descriptor
from ocinb.storage.archive.archive import Archive
from ocinb.text import short_path

_Called: TypeAlias = tuple[str, Descriptor]
_KINDS = {
    "oci-layout": "OCI image layout, a folder",
    "oci-archive": "OCI image layout in a tar file",
    "docker-archive": "docker-archive, a tar file; its manifests are composed from it",
}


@view.register
def _local(value: LocalRepository) -> View:
    try:
        found = tuple(_all(value))
    except OcinbError as error:
        trouble = Say(("It cannot be read:", Word(str(error))), "warn")
        return View("Images", code(short_path(value.path)), "", (trouble,))
    named = [name for name, _ in found if name]
    facts: list[tuple[Cell, Cell]] = [
        ("format", _KINDS[value.format]),
        ("packed with", value.store.compression if isinstance(value.store, Archive) else ""),
        ("one of them", code(_example(value, named)) if found else ""),
    ]
    blocks = (Facts(facts), *_tables(found), *_commands(value, named))
    count = dim(f"· {counted(len(value.roots), 'root')}, {counted(len(named), 'name')}")
    return View("Images", code(short_path(value.path)), count, blocks)


@rows.register
def _local_rows(value: LocalRepository) -> Rows:
    found = ({"repository": "", "tag": name, **described(each)} for name, each in _all(value))
    return Rows(frames.STORED, found, {**value.origin})


def _all(value: LocalRepository) -> Iterator[_Called]:
    """Every name with its manifest, then the manifests without one."""
    names, called = value.names, set()
    for name in names.shown():
        found = names.find(name)
        if found is not None:
            called.add(found.digest)
            yield name, found
    for each in value.manifests():
        if each.digest not in called:
            yield "", each


def _tables(found: tuple[_Called, ...]) -> tuple[Block, ...]:
    """What has a name first; what has none mostly is a part of that."""
    if not found:
        return (Say(dim("nothing in it")),)
    columns = ("name", "size", "digest", "type")
    named = tuple(each for each in found if each[0])
    bare = tuple(each for each in found if not each[0])
    blocks: list[Block] = [Table(columns, named, _row, right=("size",))] if named else []
    if bare:
        heading = ("Manifests without a name", dim(f"({len(bare):,})"))
        table = Table(columns, bare, _row, right=("size",))
        blocks.append(Fold(heading, (table,), open=not named, text=not named))
    return tuple(blocks)


def _row(called: _Called) -> Row:
    name, each = called
    shown = Word(name, kind="code", tone="strong") if name else dim("no name")
    return Row((shown, size(each.size), digest(each.digest), kind(each.media_type)))


def _example(value: LocalRepository, named: list[str]) -> str:
    if named:
        return f"{value.expression}[{named[0]!r}]"
    return f"{value.expression}.only" if len(value.roots) == 1 else f"{value.expression}[0]"


def _commands(value: LocalRepository, named: list[str]) -> tuple[Fold, ...]:
    again = value.at(named[0]) if named else value.location
    return parts.commands(("Python", value.expression), parts.skopeo("inspect", again))
