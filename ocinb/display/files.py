"""How the files of layers look: listings, single entries, and what is in them."""

from __future__ import annotations

from collections.abc import Iterator

from ocinb.display import parts
from ocinb.display.parts import code, counted, dim, moment, size
from ocinb.display.view import (
    Block,
    Cell,
    Code,
    Facts,
    Fold,
    Picture,
    Row,
    Say,
    Table,
    View,
    Word,
    view,
)
from ocinb.layers.entries import FileEntry
from ocinb.layers.extraction.extracted import Extracted, LeftOut
from ocinb.layers.files import FileList
from ocinb.layers.looking.content import Content
from ocinb.text import human_size

_GLYPHS = {
    "file": "·", "directory": "▸", "symlink": "→", "hardlink": "⇒", "character device": "◧",
    "block device": "◨", "fifo": "⇄", "whiteout": "✗", "opaque": "⊘", "other": "?",
}  # fmt: skip
_PLURALS = {"directory": "directories", "fifo": "fifos", "other": "others", "opaque": "opaque"}
_MOST_DRAWN = 36 * 1024  # bytes of a picture: in base64 that fits into one output
_COLUMNS = ("", "permissions", "owner", "size", "modified", "path")


@view.register
def _list(value: FileList) -> View:
    summary = (dim(f"· {counted(len(value), 'entry', 'entries')},"), size(value.size))
    name: Cell = parts.reference(value.about.name)
    if value.selection:
        name = (name, Word(value.selection, kind="code", tone="chip"))
    blocks = (Facts(_facts(value)), *_warnings(value), *_table(value), *_more(value))
    return View("Files", name, summary, blocks)


def _facts(value: FileList) -> list[tuple[Cell, Cell]]:
    about = value.about
    unpacked = f"{human_size(about.size)} unpack to {human_size(about.unpacked)}"
    if about.table:
        unpacked = f"{human_size(about.size)}, listed from its {about.table} table of contents"
    count = tuple(
        counted(number, kind, _PLURALS.get(kind, "")) for kind, number in value.counts.items()
    )
    return [
        ("archive", ("tar", f"+ {about.compression}" if about.compression else "", dim(unpacked))),
        ("diff_id", _diff_id(value)),
        ("entries", dim(", ".join(count))),
        ("fetched", _fetched(value)),
    ]


def _fetched(value: FileList) -> Cell:
    """What was fetched of a layer that is elsewhere, for the list and for files of it."""
    fetching = value.fetching
    if fetching is None:
        return ""
    listing = f"{human_size(fetching.listing)} for this list" if fetching.listing else ""
    listing = listing or "nothing for this list: it was made before"
    return (dim(f"{listing};"), str(fetching) if fetching.files else dim("no file opened yet"))


def _begins(offset: int) -> str:
    """Where an entry begins, unless its header was never seen."""
    return f", from byte {offset:,} on" if offset >= 0 else ""


def _diff_id(value: FileList) -> Cell:
    """The digest of the archive, and who agrees with it."""
    if value.about.table:
        return Word("not known: the archive was not read, only its table", tone="dim")
    if not value.about.hashed:
        return Word("not known: the archive was not hashed, as asked", tone="dim")
    if value.diff_id is None:
        return Word("not known: the archive could not be read to its end", tone="dim")
    if value.about.verified:
        return (parts.digest(value.diff_id), Word("✓ as the config says", tone="good"))
    return (parts.digest(value.diff_id), dim("computed; the config was not asked"))


def _warnings(value: FileList) -> Iterator[Block]:
    if value.trouble is not None:
        yield Say((Word("✗ incomplete:", tone="bad"), "it broke off", str(value.trouble)), "warn")
    for note in (*value.about.notes, *(value.fetching.notes if value.fetching else ())):
        yield Say(dim(f"{note}"))


def _table(value: FileList) -> tuple[Block, ...]:
    if not len(value):
        return (Say(dim("nothing in it")),)
    return (_listed(value),)


def _more(value: FileList) -> Iterator[Block]:
    """What one should look at, apart, when there is more than is shown at once."""
    for heading, found in (("Odd", value.odd), ("Setuid and setgid", value.setuid)):
        if len(found) and not value.selection:
            yield Fold((heading, dim(f"({len(found):,})")), (_listed(found),), text=False)


def _listed(value: FileList) -> Table:
    def row(position: int) -> Row:
        return entry_row(value.columns.entry(position))

    return Table(_COLUMNS, value.positions, row, right=("size", "modified"))


def entry_row(value: FileEntry) -> Row:
    """The row of an entry in a table of many."""
    whiteout = value.type in ("whiteout", "opaque")
    glyph = Word(_GLYPHS[value.type], title=value.type, tone="bad" if whiteout else "dim")
    held = size(value.size) if value.type in ("file", "other") else _device(value)
    owner = Word(f"{value.uid}:{value.gid}", title=_names(value))
    return Row((glyph, _permissions(value), owner, held, moment(value.mtime), _path(value)))


def _permissions(value: FileEntry) -> Word:
    warned = (value.setuid or value.setgid) and value.type != "directory"
    return Word(value.permissions, f"{value.mode:04o}", kind="line", tone="warn" if warned else "")


def _path(value: FileEntry) -> tuple[Cell, ...]:
    path: tuple[Cell, ...] = (Word(value.path, value.path, kind="line"),)
    if value.target:
        path = (*path, dim("→"), Word(value.target, kind="code"))
    if value.hides:
        said = "deletes" if value.type == "whiteout" else "hides what lower layers have in"
        path = (*path, dim(said), code(value.hides))
    return (*path, *(Word(odd, tone="warn") for odd in value.odd))


def _names(value: FileEntry) -> str:
    return f"{value.user}:{value.group}" if value.user or value.group else ""


def _device(value: FileEntry) -> str:
    return f"{value.device[0]}, {value.device[1]}" if value.device else ""


@view.register
def _entry(value: FileEntry) -> View:
    return View("File entry", code(value.path), "", (Facts(entry_facts(value)),))


def entry_facts(value: FileEntry) -> list[tuple[Cell, Cell]]:
    """What an entry says of itself."""
    return [
        ("type", value.type),
        ("permissions", (_permissions(value), dim(f"{value.mode:04o}"))),
        ("owner", (code(f"{value.uid}:{value.gid}"), code(_names(value)) if _names(value) else "")),
        ("size", (size(value.size), dim(f"({value.size:,} bytes)"))),
        ("modified", moment(value.mtime) or dim("in no calendar")),
        ("links to", code(value.target) if value.target else ""),
        ("hides in lower layers", code(value.hides) if value.hides else ""),
        ("device", _device(value)),
        ("extended attributes", tuple(_attributes(value))),
        ("odd", tuple(Word(odd, tone="warn") for odd in value.odd)),
        ("in the archive", dim(f"entry {value.position:,}{_begins(value.offset)}")),
    ]


def _attributes(value: FileEntry) -> Iterator[Cell]:
    for name, held in value.xattrs.items():
        yield Word(name, title=held[:64].hex(" "), kind="code", tone="chip")
        yield dim(f"{len(held):,} bytes")


@view.register
def _content(value: Content) -> View:
    part = "" if value.complete else dim(f"the first {len(value.raw):,} bytes of it")
    shown = tuple(_shown(value)) if value.raw else (Say(dim("it is empty")),)
    return View("Content", code(value.path), (size(value.size), dim(_how(value)), part), shown)


def _how(value: Content) -> str:
    """What it is, or else how it is shown."""
    return value.kind or ("in hex" if value.text is None else "as text")


def _shown(value: Content) -> Iterator[Block]:
    """A picture that is all there and not too large, else text, else hex."""
    picture = value.picture
    if picture is not None and picture.drawable and value.complete and value.size <= _MOST_DRAWN:
        yield Picture(picture.media_type, value.raw, str(picture))
        return
    if picture is not None:
        yield Say(dim("it is too large to be drawn here; .raw is what was read of it"))
    text = value.text
    yield Code(value.hex if text is None else text, ".raw")


@view.register
def _extracted(value: Extracted) -> View:
    counts = (
        counted(value.files, "file"), counted(value.folders, "folder"),
        counted(value.links, "symlink"), counted(value.hard_links, "hard link"),
    )  # fmt: skip
    facts: list[tuple[Cell, Cell]] = [
        ("written", (dim(", ".join(counts)), size(value.bytes))),
        ("otherwise", tuple(f"{number:,} × {what}" for what, number in value.adapted.items())),
        ("left out", tuple(f"{number:,} × {why}" for why, number in value.reasons.items())),
    ]
    state = Word("✓ complete", tone="good")
    if not value.complete:
        left = counted(len(value.left_out), "entry", "entries")
        state = Word(f"{left} left out", tone="warn")
    if value.trouble is not None:
        state = Word("the layer broke off: incomplete", tone="warn")
        facts.append(("trouble", str(value.trouble)))
    table = Table(("type", "path", "why"), value.left_out, _left_out)
    blocks: tuple[Block, ...] = (Facts(facts), table) if value.left_out else (Facts(facts),)
    return View("Extracted", code(value.folder), state, blocks)


def _left_out(value: LeftOut) -> Row:
    return Row((dim(value.type), Word(value.path, value.path, kind="line"), value.why))
