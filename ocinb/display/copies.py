"""How copies look: what is going to be moved, or was, manifest by manifest under what it is of."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeAlias

from ocinb.display import frames
from ocinb.display.frames import Rows, rows
from ocinb.display.parts import code, counted, digest, dim, kind, listed, reference, size
from ocinb.display.tables import described
from ocinb.display.view import Block, Cell, Facts, Fold, Row, Say, Table, Tone, View, Word, view
from ocinb.oci import media_types
from ocinb.oci.digest import Digest
from ocinb.protocol.copying.copied import Copied, CopyBlob, CopyNode, CopyPlan
from ocinb.text import human_size

_Copying: TypeAlias = Copied | CopyPlan
_Placed: TypeAlias = tuple[int, CopyNode]  # how deep it is below what was asked for

_WHY = {
    "asked for": "asked for",
    "named": "named by the index",
    "refers": "refers to it",
    "tagged": "under cosign's tag for it",
}
# What became of something, and what is going to become of it.
_DONE: dict[str, tuple[str, str, Tone]] = {
    "copied": ("✓ copied", "→ to copy", "good"),
    "merged": ("✓ merged", "→ to merge", "good"),
    "sent": ("✓ sent", "→ to send", "good"),
    "mounted": ("✓ mounted", "→ to mount", "good"),
    "existed": ("= existed", "= there already", "dim"),
    "left out": ("! left out", "! left out", "warn"),
}


@view.register
def _copied(value: Copied) -> View:
    return _view("✓ Copied", value, 0)


@view.register
def _plan(value: CopyPlan) -> View:
    return _view("Plan of a copy", value, 1)


@view.register
def _node(value: CopyNode) -> View:
    facts = Facts(
        [
            ("digest", code(value.descriptor.digest)),
            ("type", _kind(value)),
            ("why", (_WHY[value.why], code(value.of) if value.of else "")),
            ("tags", listed(value.tags)),
            ("what became of it", (_DONE[value.outcome][0], _note(value))),
        ]
    )
    name = code(value.descriptor.digest.short)
    return View("Manifest of a copy", name, dim(f"· {value.outcome}"), (facts, *_blobs(value, 0)))


@rows.register(Copied)
@rows.register(CopyPlan)
def _copy_rows(value: _Copying) -> Rows:
    found = (row for node in value.nodes for row in _rows(node))
    attrs = {
        "source": value.source,
        "target": value.target,
        "tags": " ".join(value.tags),
        "notes": "; ".join(value.notes),
    }
    return Rows(frames.COPY, found, attrs)


@rows.register
def _node_rows(value: CopyNode) -> Rows:
    return Rows(frames.COPY, _rows(value))


def _rows(node: CopyNode) -> Iterator[dict[str, Any]]:
    """A row for the manifest, and one for each blob that it is the first to name."""
    yield {
        **described(node.descriptor),
        "role": "manifest",
        "outcome": node.outcome,
        "why": node.why,
        "of": node.of,
        "tags": " ".join(node.tags),
        "note": node.note,
    }
    for blob in node.blobs:
        yield {
            **described(blob.descriptor),
            "role": "blob",
            "outcome": blob.outcome,
            "why": "named",
            "of": node.descriptor.digest,
            "source": blob.source,
        }


def _view(title: str, value: _Copying, when: int) -> View:
    facts = Facts(
        [
            ("from", reference(value.source)),
            ("to", code(value.target)),
            ("tags", listed(value.tags)),
            ("digest", code(value.digest)),
            ("blobs", _counts(value, when)),
        ]
    )
    columns = ("outcome", "manifest", "why", "size", "to send" if when else "sent", "digest", "")
    table = Table(columns, _as_tree(value), lambda placed: _row(placed, when), right=columns[3:5])
    blocks = (facts, table, *_warnings(value), *_blobs(value, when))
    name = listed(value.tags) or code(value.digest.short)
    return View(title, name, dim(f"· {_summary(value, when)}"), blocks)


def _summary(value: _Copying, when: int) -> str:
    outcomes = [node.outcome for node in value.nodes]
    there, left = outcomes.count("existed"), outcomes.count("left out")
    new = counted(len(outcomes) - there - left, "manifest")
    sent = human_size(value.bytes_sent)
    out = f", {left:,} left out" if left else ""
    if when:
        return f"{new} to copy, {there:,} there already{out}, {sent} of blobs to send"
    return f"{new} copied, {there:,} there already{out}, {sent} of blobs sent"


def _counts(value: _Copying, when: int) -> str:
    found: dict[str, list[CopyBlob]] = {}
    for blob in value.blobs:
        found.setdefault(blob.outcome, []).append(blob)
    sizes = {outcome: sum(each.descriptor.size for each in some) for outcome, some in found.items()}
    return ", ".join(
        f"{len(some):,} {_DONE[outcome][when][2:]} ({human_size(sizes[outcome])})"
        for outcome, some in found.items()
    )


def _as_tree(value: _Copying) -> tuple[_Placed, ...]:
    """The manifests, each once, below what it is of."""
    below: dict[Digest | None, list[CopyNode]] = {}
    for node in value.nodes:
        below.setdefault(node.of, []).append(node)
    ahead: list[_Placed] = [(0, node) for node in reversed(below.pop(None, []))]
    found: list[_Placed] = []
    while ahead:
        depth, node = ahead.pop()
        found.append((depth, node))
        under = below.pop(node.descriptor.digest, [])
        ahead += [(depth + 1, each) for each in reversed(under)]
    found += [(0, node) for some in below.values() for node in some]
    return tuple(found)


def _row(placed: _Placed, when: int) -> Row:
    depth, node = placed
    what = _kind(node)
    indent = f"{'  ' * (depth - 1)}└ " if depth else ""
    return Row(
        (
            _became(node.outcome, when),
            (dim(indent), what) if indent else what,
            dim(_WHY[node.why]),
            size(node.size),
            size(node.bytes_sent),
            digest(node.descriptor.digest),
            (*listed(node.tags), _note(node)),
        )
    )


def _kind(node: CopyNode) -> Word:
    """What sort of manifest it is; an image's artifact type is its config's and says less."""
    said = node.descriptor.artifact_type
    told = said and said not in media_types.IMAGE_CONFIGS
    return kind(said if told else node.descriptor.media_type)


def _became(outcome: str, when: int) -> Word:
    said = _DONE[outcome]
    return Word(said[when], tone=said[2])


def _note(node: CopyNode) -> Cell:
    return dim(node.note) if node.note else ""


def _warnings(value: _Copying) -> tuple[Block, ...]:
    return tuple(Say((Word("!", tone="warn"), Word(note))) for note in value.notes)


def _blobs(value: _Copying | CopyNode, when: int) -> tuple[Block, ...]:
    if not value.blobs:
        return ()
    columns = ("outcome", "size", "digest", "type")
    table = Table(columns, value.blobs, lambda blob: _blob_row(blob, when), right=("size",))
    return (Fold(("Blobs", dim(f"({len(value.blobs):,})")), (table,)),)


def _blob_row(blob: CopyBlob, when: int) -> Row:
    became: Cell = _became(blob.outcome, when)
    if blob.source:
        became = (became, dim(f"from {blob.source}"))
    described = blob.descriptor
    return Row((became, size(described.size), digest(described.digest), kind(described.media_type)))
