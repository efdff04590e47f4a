"""How layers that several images share look: a matrix of bytes, and the layers themselves."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from ocinb.client.several.shared import LayerTable, SharedLayer, SharedLayers, SharingImage
from ocinb.display import frames, parts
from ocinb.display.frames import Rows, rows
from ocinb.display.parts import counted, digest, dim, size
from ocinb.display.several import failed
from ocinb.display.view import Block, Cell, Facts, Fold, Row, Say, Table, View, Word, view
from ocinb.oci import media_types
from ocinb.text import human_size, visible

_MOST = 12  # images side by side
_SHADES = "░▒▓█"
_LAYERS = ("size", "in", "", "digest", "images")


@view.register
def _shared(value: SharedLayers) -> View:
    summary = dim(f"· {value.completeness}")
    if not value.images:
        nothing = Say(dim("no images"))
        return View("Shared layers", "", summary, (*_failed(value), nothing))
    blocks: list[Block] = [*_failed(value), Facts(_facts(value)), _matrix(value)]
    if len(value) > _MOST:
        more = dim(f"… {len(value) - _MOST:,} more columns")
        blocks.append(Say((more, parts.code(".to_frame()"))))
    heading = ("Layers", dim(f"({len(value.layers):,})"))
    blocks.append(Fold(heading, (_layers(value.layers, ".layers"),), text=False))
    return View("Shared layers", "", summary, tuple(blocks))


def _failed(value: SharedLayers) -> Iterator[Block]:
    yield from failed(value.failures, value.completeness)
    for note in value.notes[:10]:
        yield Say((Word("!", tone="warn"), note))


def _facts(value: SharedLayers) -> list[tuple[Cell, Cell]]:
    part = f"{value.saved / value.apart:.1%} of it" if value.apart else ""
    return [
        ("stored together", (size(value.together), dim("each layer once"))),
        ("stored apart", size(value.apart)),
        ("sharing saves", (size(value.saved), dim(part))),
        ("all of them share", size(value.common)),
    ]


def _matrix(value: SharedLayers) -> Table:
    """A row for each image, and under a number what it shares with the image of that number."""
    count = min(len(value), _MOST)
    numbers = tuple(str(number + 1) for number in range(count))

    def row(at: int) -> Row:
        own = value.matrix[at][at]
        cells = [
            _shade(value.matrix[at][other], own, value.names[other], itself=at == other)
            for other in range(count)
        ]
        name = parts.reference(value.images[at].reference)
        platform = dim(value.images[at].platform)
        return Row((str(at + 1), *cells, size(value.unique[at]), (name, platform)))

    right = ("", *numbers, "unique")
    return Table(("", *numbers, "unique", "image"), range(len(value)), row, right=right)


def _shade(shared: int, own: int, other: str, *, itself: bool) -> Cell:
    """The bytes, and how much of the image they are as a shade, so that it needs no colour."""
    if itself:
        return Word(human_size(own), title=f"{own:,} bytes, all of it", tone="strong")
    if not shared:
        return dim("·", title=f"nothing shared with {other}")
    shade = _SHADES[min(len(_SHADES) - 1, shared * len(_SHADES) // max(own, 1))]
    said = f"{shared:,} bytes, {shared / max(own, 1):.1%} of it, are in {other}"
    return (Word(shade, tone="bar"), Word(human_size(shared), title=said))


def _layers(value: LayerTable, all_of_it: str) -> Table:
    most = max((each.size for each in value), default=0)

    def row(each: SharedLayer) -> Row:
        share = parts.share(each.size, most, len(value) > 1)
        held = str(len(each.images))
        return Row((size(each.size), held, share, digest(each.digest), _held(each)))

    all_of_it = f"{all_of_it}.to_frame()"
    return Table(_LAYERS, tuple(value), row, right=("size", "in"), all_of_it=all_of_it)


def _held(value: SharedLayer) -> Cell:
    shown = tuple(parts.reference(name) for name in value.images[:4])
    more = len(value.images) - len(shown)
    return (*shown, dim(f"and {more:,} more")) if more else shown


@view.register
def _table(value: LayerTable) -> View:
    summary = (dim(f"· {counted(len(value), 'layer')},"), size(value.size))
    block = _layers(value, "") if len(value) else Say(dim("no layers"))
    return View("Layers of several images", "", summary, (block,))


@view.register
def _layer(value: SharedLayer) -> View:
    facts: list[tuple[Cell, Cell]] = [
        ("type", parts.media_type(value.media_type)),
        ("size", size(value.size)),
        ("in", (dim(counted(len(value.images), "image")), *parts.listed(value.images[:50]))),
    ]
    return View("Layer", digest(value.digest), "", (Facts(facts),))


@view.register
def _image(value: SharingImage) -> View:
    facts: list[tuple[Cell, Cell]] = [
        ("reference", parts.reference(value.reference)),
        ("platform", value.platform),
        ("digest", digest(value.digest)),
        ("layers", f"{len(value.layers):,}"),
    ]
    return View("Image", parts.code(value.name), "", (Facts(facts),))


@rows.register
def _shared_rows(value: SharedLayers) -> Rows:
    columns = _columns(value.names)
    schema = {**frames.SHARING, **dict.fromkeys(columns, frames.BYTES)}
    found = [
        {
            **_record(image), "own_bytes": value.matrix[at][at], "unique_bytes": value.unique[at],
            **dict(zip(columns, value.matrix[at], strict=True)),
        }
        for at, image in enumerate(value.images)
    ]  # fmt: skip
    attrs = {
        "together_bytes": value.together, "apart_bytes": value.apart, "common_bytes": value.common,
        "complete": value.complete, "completeness": value.completeness,
    }  # fmt: skip
    return Rows(schema, found, attrs)


def _columns(names: Iterable[str]) -> list[str]:
    """The names as columns: visible, bounded, and still each of its own."""
    made: dict[str, None] = dict.fromkeys(frames.SHARING)
    for name in names:
        shown, count = visible(name, frames.LONGEST), 1
        column = shown
        while column in made:
            count += 1
            column = f"{shown} ({count})"
        made[column] = None
    return [*made][len(frames.SHARING) :]


def _record(value: SharingImage) -> dict[str, Any]:
    return {
        "image": value.name, "reference": value.reference, "platform": value.platform,
        "digest": value.digest, "layers": len(value.layers),
    }  # fmt: skip


@rows.register
def _image_rows(value: SharingImage) -> Rows:
    return Rows(frames.SHARING_IMAGE, [_record(value)])


@rows.register
def _table_rows(value: LayerTable) -> Rows:
    return Rows(frames.SHARED_LAYER, map(_layer_record, value))


@rows.register
def _layer_rows(value: SharedLayer) -> Rows:
    return Rows(frames.SHARED_LAYER, [_layer_record(value)])


def _layer_record(value: SharedLayer) -> dict[str, Any]:
    return {
        "digest": value.digest, "media_type": value.media_type,
        "meaning": media_types.meaning(value.media_type), "size_bytes": value.size,
        "count": len(value.images), "images": ", ".join(value.images),
    }  # fmt: skip
