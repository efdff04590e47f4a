"""How differences of documents look: what one says beside what the other says."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from ocinb.display import frames, parts
from ocinb.display.frames import Rows, rows
from ocinb.display.history import instruction, line_of
from ocinb.display.parts import counted, digest, dim, moment, size
from ocinb.display.view import Block, Cell, Facts, Fold, Row, Say, Table, Tone, View, Word, view
from ocinb.oci.config import HistoryEntry
from ocinb.oci.descriptor import Descriptor
from ocinb.oci.diffs.fields import Change, FieldsDiff
from ocinb.oci.diffs.history import HistoryDiff, StepPair
from ocinb.oci.diffs.layers import LayerPair, LayersDiff
from ocinb.oci.diffs.platforms import IndexDiff, PlatformPair
from ocinb.oci.diffs.regard import Regard

GLYPHS: dict[str, tuple[str, Tone]] = {
    "added": ("+", "good"), "removed": ("−", "bad"), "changed": ("≠", "warn"),
    "moved": ("→", "warn"), "only in b": ("+", "good"), "only in a": ("−", "bad"),
    "same": ("=", "dim"), "same archive": ("≈", "warn"), "upgraded": ("↑", "good"),
    "downgraded": ("↓", "bad"),
}  # fmt: skip
_LONGEST = 10_000  # characters of a value that are made readable


def sides(a: str, b: str) -> Cell:
    """What the two are called, in a heading."""
    return (side(a), dim("→"), side(b))


def side(name: str) -> Word:
    """What one of them is called; of a digest alone, its beginning."""
    algorithm, colon, encoded = name.partition(":")
    if colon and "/" not in name and len(encoded) >= 32:
        return Word(f"{algorithm}:{encoded[:12]}", title=name, kind="code")
    return parts.reference(name or "nameless")


def glyph(status: str) -> Word:
    """A sign for how a row stands, which in words is behind it."""
    sign, tone = GLYPHS.get(status, ("?", "dim"))
    return Word(sign, title=status, tone=tone)


def tone(status: str) -> Tone:
    """What is the same on both sides matters less."""
    return "dim" if status == "same" else ""


def tallied(counts: Mapping[str, int], identical: bool = False) -> Cell:
    """How many there are of each kind, or that there are none."""
    if identical:
        return Word("· the same bytes", tone="good")
    said = ", ".join(f"{number:,} {kind}" for kind, number in counts.items() if number)
    return dim(f"· {said}") if said else Word("· nothing differs", tone="good")


def overlooked(regard: Regard) -> tuple[Block, ...]:
    """What was not minded, if there is any such thing."""
    if not regard.overlooked:
        return ()
    return (Say((dim("overlooked:"), *parts.listed(regard.overlooked))),)


def text(value: Any) -> str:
    """A value of a document: text as it is, anything else as JSON."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    pieces, length = [], 0
    for piece in json.JSONEncoder(ensure_ascii=False).iterencode(value):
        pieces.append(piece)
        length += len(piece)
        if length > _LONGEST:
            break
    return "".join(pieces)


@view.register
def _fields(value: FieldsDiff) -> View:
    summary = tallied(value.counts, value.identical)
    blocks = (*field_blocks(value), *overlooked(value.regard))
    return View(f"Differences of {value.what}", sides(value.a, value.b), summary, blocks)


def field_blocks(value: FieldsDiff) -> tuple[Block, ...]:
    """The fields that differ, if any do."""
    if value.same:
        said = "the same bytes" if value.identical else "they say the same, in other bytes"
        return (Say(dim(said)),)
    return (Table(("", "field", "a", "b"), value.changes, _change),)


def _change(change: Change) -> Row:
    name = Word(change.name, title=change.name, kind="code")
    return Row((glyph(change.kind), name, _value(change.before), _value(change.after)))


def _value(value: Any) -> Cell:
    if value is None:
        return dim("none")
    return Word(text(value), kind="code") if text(value) else dim("empty")


@view.register
def _history(value: HistoryDiff) -> View:
    blocks: tuple[Block, ...] = (Say(dim("the configs are the same bytes")),)
    if not value.identical:
        table = Table(("", "layer", "a", "b", "differs in"), value.rows, _step)
        blocks = (table,) if value.rows else (Say(dim("neither has a history")),)
    summary = tallied(value.counts, value.identical)
    return View("Differences of the histories", sides(value.a, value.b), summary, blocks)


def _step(pair: StepPair) -> Row:
    layers = [each for each in (pair.before_layer, pair.after_layer) if each is not None]
    layer = "→".join(map(str, dict.fromkeys(layers)))
    before = line_of(pair.before) if pair.before else ""
    after = dim("same") if pair.status == "same" else line_of(pair.after) if pair.after else ""
    said = ", ".join(pair.aspects)
    return Row(
        (glyph(pair.status), layer, before, after, _created(pair) or said), tone(pair.status)
    )


def _created(pair: StepPair) -> Cell:
    """When it was made on either side, where that is all that differs."""
    if pair.aspects != ("created",) or pair.before is None or pair.after is None:
        return ""
    before, after = (moment(each.created, seconds=True) for each in (pair.before, pair.after))
    return (before, dim("→"), after)


@view.register
def _layers(value: LayersDiff) -> View:
    facts: list[tuple[Cell, Cell]] = [
        ("shared", (size(value.shared_bytes), dim(f"{_common(value)} from the first on"))),
        ("only in a", size(value.a_bytes)),
        ("only in b", size(value.b_bytes)),
    ]
    columns = ("", "layer", "a", "size in a", "b", "size in b")
    table = Table(columns, value.rows, _layer, right=("size in a", "size in b"))
    blocks = (Facts(facts), *((table,) if value.rows else ()))
    return View("Differences of the layers", sides(value.a, value.b), tallied(value.counts), blocks)


def _common(value: LayersDiff) -> str:
    return f"{counted(value.common, 'layer')} the same"


def _layer(pair: LayerPair) -> Row:
    at = [each for each in (pair.before_position, pair.after_position) if each is not None]
    away = (Word("elsewhere, too", tone="warn"),) if pair.elsewhere else ()
    sign = (glyph(pair.status), *(dim("same archive") if pair.status == "same archive" else "",))
    where = ("→".join(map(str, dict.fromkeys(at))), *away)
    return Row((sign, where, *_described(pair.before), *_described(pair.after)), tone(pair.status))


def _described(found: Descriptor | None) -> tuple[Cell, Cell]:
    return (digest(found.digest), size(found.size)) if found else (dim("none"), "")


@view.register
def _index(value: IndexDiff) -> View:
    columns = ("", "platform", "a", "b", "manifest in a", "manifest in b", "attestations")
    right = ("manifest in a", "manifest in b")
    table = (Table(columns, value.rows, _platform, right=right),) if value.rows else ()
    blocks = (*table, *_other_fields(value), *overlooked(value.regard), *_further(value))
    summary = tallied(value.counts, value.identical)
    return View("Differences of the indexes", sides(value.a, value.b), summary, blocks)


def _platform(pair: PlatformPair) -> Row:
    label = Word(pair.label, title=pair.label, kind="line", tone="strong")
    old, new = _described(pair.before), _described(pair.after)
    attested = _attested(pair)
    cells = (glyph(pair.status), label, old[0], new[0], old[1], new[1], attested)
    return Row(cells, tone(pair.status) if pair.attestations in ("", "same") else "")


def _attested(pair: PlatformPair) -> Cell:
    if not pair.attestations:
        return dim("none")
    count = max(len(pair.before_attestations), len(pair.after_attestations))
    return (glyph(pair.attestations), dim(f"{pair.attestations} ({count:,})"))


def _other_fields(value: IndexDiff) -> Iterator[Block]:
    if not value.fields.same:
        yield Fold(("The indexes themselves", dim(f"({len(value.fields):,})")),
                   field_blocks(value.fields), open=True)  # fmt: skip


def _further(value: IndexDiff) -> Iterator[Block]:
    changed = [each for each in value.rows if each.status == "changed" and each.platform]
    if changed and value.children is not None:
        yield Say((dim("the images of one platform:"), parts.code(f"[{changed[0].label!r}]")))


@rows.register
def _fields_rows(value: FieldsDiff) -> Rows:
    found = (
        {"what": value.what, "field": each.name, "kind": each.kind, "before": text(each.before),
         "after": text(each.after)}
        for each in value.changes
    )  # fmt: skip
    return Rows(frames.FIELD_DIFF, found, _attrs(value))


@rows.register
def _history_rows(value: HistoryDiff) -> Rows:
    found = (
        {
            "status": each.status,
            "before_layer": each.before_layer,
            "after_layer": each.after_layer,
            "before": _line(each.before),
            "after": _line(each.after),
            "before_created": each.before.created if each.before else None,
            "after_created": each.after.created if each.after else None,
            "aspects": ", ".join(each.aspects),
        }
        for each in value.rows
    )
    return Rows(frames.HISTORY_DIFF, found, _attrs(value))


def _line(entry: HistoryEntry | None) -> str:
    return " ".join(instruction(entry)).strip() if entry else ""


@rows.register
def _layers_rows(value: LayersDiff) -> Rows:
    found = (
        {
            **_sides_of(each.before, each.after),
            "status": each.status,
            "before_position": each.before_position,
            "after_position": each.after_position,
            "before_diff_id": each.before_diff_id,
            "after_diff_id": each.after_diff_id,
            "elsewhere": each.elsewhere,
        }
        for each in value.rows
    )
    shared = {
        "shared_bytes": value.shared_bytes,
        "a_bytes": value.a_bytes,
        "b_bytes": value.b_bytes,
    }
    return Rows(frames.LAYER_DIFF, found, {**_attrs(value), **shared})


@rows.register
def _index_rows(value: IndexDiff) -> Rows:
    found = (
        {
            **_sides_of(each.before, each.after),
            "platform": each.label,
            "status": each.status,
            "attestations": each.attestations,
            "before_attestations": len(each.before_attestations),
            "after_attestations": len(each.after_attestations),
        }
        for each in value.rows
    )
    return Rows(frames.PLATFORM_DIFF, found, _attrs(value))


def _sides_of(before: Descriptor | None, after: Descriptor | None) -> dict[str, Any]:
    return {
        "before_digest": before.digest if before else "",
        "after_digest": after.digest if after else "",
        "before_bytes": before.size if before else None,
        "after_bytes": after.size if after else None,
    }


def _attrs(value: FieldsDiff | HistoryDiff | LayersDiff | IndexDiff) -> dict[str, Any]:
    return {"a": value.a, "b": value.b}
