"""How places that hold content look: embedded registries, image layouts, memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeAlias

from ocinb.display import frames
from ocinb.display.frames import Rows, rows
from ocinb.display.parts import code, counted, digest, dim, kind, moment, size
from ocinb.display.tables import described
from ocinb.display.view import Block, Fold, Row, Say, Table, View, Word, view
from ocinb.errors import OcinbError
from ocinb.oci.descriptor import Descriptor
from ocinb.registry.app import LocalRegistry
from ocinb.registry.lessons import Lesson
from ocinb.storage.archive.archive import Archive
from ocinb.storage.cache import Cache, Entry
from ocinb.storage.layout import Layout
from ocinb.storage.memory import MemoryStore
from ocinb.text import short_path

_Store: TypeAlias = Layout | Archive | MemoryStore
_Named: TypeAlias = tuple[str, str, Descriptor]  # repository, tag, manifest


@view.register
def _local(value: LocalRegistry) -> View:
    where = code(short_path(value.path)) if value.path else dim("· in memory")
    blocks = _tables(tuple(_all(value)), ("repository", "tag", "size", "digest", "type"), _stored)
    names = counted(len(value.repositories), "repository", "repositories")
    return View("Local registry", where, dim(f"· {names}"), blocks)


@view.register
def _lesson(value: Lesson) -> View:
    names = counted(len(value.repositories), "repository", "repositories")
    inner = (Fold("What it wraps", (Say(code(repr(value.inner))),)),)
    return View("Lesson", Word(value.rule), dim(f"· {names}"), inner)


@rows.register
def _lesson_rows(value: Lesson) -> Rows:
    return rows(value.inner)


@view.register
def _layout(value: Layout) -> View:
    return View("Image layout", code(short_path(value.path)), "", _content(value))


@view.register
def _archive(value: Archive) -> View:
    return View("Archive", code(short_path(value.path)), dim(f"· {value.format}"), _content(value))


@view.register
def _memory(value: MemoryStore) -> View:
    return View("Store in memory", "", size(value.size), _content(value))


@view.register
def _cache(value: Cache) -> View:
    entries = value.entries
    of = (size(sum(each.size for each in entries)), "of at most", size(value.limit))
    blocks: tuple[Block, ...] = (Say(of),)
    if entries:
        columns = ("digest", "size", "last used")
        blocks = (*blocks, Table(columns, entries, _cached, right=("size",)))
    count = dim(f"· {counted(len(entries), 'blob')}")
    return View("Cache", code(short_path(value.folder)), count, blocks)


@rows.register
def _cache_rows(value: Cache) -> Rows:
    found = (
        {"digest": each.digest, "size_bytes": each.size, "used": each.used}
        for each in value.entries
    )
    return Rows(frames.CACHED, found, {"folder": value.folder, "limit": value.limit})


def _cached(value: Entry) -> Row:
    return Row((digest(value.digest), size(value.size), moment(value.used)))


@rows.register
def _local_rows(value: LocalRegistry) -> Rows:
    return Rows(frames.STORED, map(_row, _all(value)), {"registry": "local"})


@rows.register(Archive)
@rows.register(Layout)
@rows.register(MemoryStore)
def _store_rows(value: _Store) -> Rows:
    attrs = {} if isinstance(value, MemoryStore) else {"path": value.path}
    return Rows(frames.STORED, map(_row, _named("", value)), attrs)


def _content(store: _Store) -> tuple[Block, ...]:
    try:
        found = tuple(_named("", store))
    except OcinbError as error:
        return (Say(("It cannot be read:", Word(str(error))), "warn"),)
    return _tables(found, ("tag", "size", "digest", "type"), _tagged)


def _tables(
    found: tuple[_Named, ...], columns: tuple[str, ...], row: Callable[[_Named], Row]
) -> tuple[Block, ...]:
    """Tags first; manifests without one are mostly parts of those with."""
    tagged = tuple(each for each in found if each[1])
    bare = tuple(each for each in found if not each[1])
    if not found:
        return (Say(dim("nothing in it yet")),)
    tables: list[Block] = [Table(columns, tagged, row, right=("size",))] if tagged else []
    if bare:
        heading = ("Manifests without a tag", dim(f"({len(bare):,})"))
        tables.append(Fold(heading, (Table(columns, bare, row, right=("size",)),), text=False))
    return tuple(tables)


def _all(registry: LocalRegistry) -> Iterator[_Named]:
    for name in registry.repositories:
        try:
            yield from _named(name, registry.store(name))  # type: ignore[arg-type]
        except OcinbError:  # a folder that somebody broke; asking for it tells
            continue


def _named(repository: str, store: _Store) -> Iterator[_Named]:
    """Every tag with its manifest, then the manifests without one."""
    tagged = set()
    for tag in store.tags():
        manifest = store.resolve(tag)
        if manifest is not None:
            tagged.add(manifest.digest)
            yield repository, tag, manifest
    for manifest in store.manifests():
        if manifest.digest not in tagged:
            yield repository, "", manifest


def _stored(named: _Named) -> Row:
    return Row((code(named[0]), *_tagged(named).cells))


def _tagged(named: _Named) -> Row:
    _, tag, manifest = named
    return Row((_tag(tag), size(manifest.size), digest(manifest.digest), kind(manifest.media_type)))


def _tag(tag: str) -> Word:
    return Word(tag, kind="code", tone="strong") if tag else dim("no tag")


def _row(named: _Named) -> dict[str, object]:
    repository, tag, manifest = named
    return {"repository": repository, "tag": tag, **described(manifest)}
