"""The picture of a treemap: boxes in boxes, coloured by layer, state or folder, and labelled so."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ocinb.display.pictures.palette import COLOURS, style
from ocinb.display.pictures.squares import Rect, squarify
from ocinb.display.pictures.svg import Element, element, picture, short
from ocinb.layers.treemap import Box, Treemap
from ocinb.text import human_size, visible

WIDTH, HEIGHT = 680, 360
_HEADING, _EDGE = 16.0, 2.0  # of a folder that is opened
_LETTER, _LINE = 6.3, 13  # about the size of a letter
_TITLE = 160  # characters
_PARTS = 4  # of a box that is of several layers or states
WASTED = "wasted"  # what is hatched, since not everybody sees colours


@dataclass(frozen=True)
class Placed:
    """A box and where it is; `framed` with others in it, as what `within` the next larger one."""

    box: Box
    rect: Rect
    framed: bool
    within: str


def placed(value: Treemap) -> list[Placed]:
    """Where the boxes of a treemap are, those that hold others before them."""
    if not value.size:
        return []
    return list(_inside(value.root, Rect(0.0, 0.0, float(WIDTH), float(HEIGHT)), outermost=True))


def groups(value: Treemap) -> tuple[str, ...]:
    """The layers, states or folders there are, the one with most bytes first."""
    return tuple(name for name, _ in value.root.groups)


def drawing(value: Treemap, *, titles: bool) -> str:
    """The picture as SVG; with `titles`, boxes say what they are when the mouse rests on them."""
    colours = {name: number for number, name in enumerate(groups(value))}
    drawn = [_drawn(each, value, colours, titles) for each in placed(value)]
    kinds = min(len(colours), COLOURS)
    return picture(WIDTH, HEIGHT, style(kinds), _hatch(), *drawn)


def title(box: Box, value: Treemap) -> str:
    """What a box is, in one line."""
    what = {"file": "", "folder": f", {box.files:,} files", "rest": f", {box.files:,} smaller"}
    share = f"{box.size / value.size:.1%}"
    said = ", ".join(f"{name} {human_size(count)}" for name, count in box.groups[:_PARTS])
    said = said if len(box.groups) > 1 else box.group
    return f"{name_of(box)}: {human_size(box.size)}, {share}{what[box.kind]}; {said}"


def name_of(box: Box) -> str:
    """The path of a box as it is written: folders with a slash, the rest of one with dots."""
    if box.kind == "file":
        return box.path
    return f"{box.path}/{'…' if box.kind == 'rest' else ''}"


def of(box: Box) -> str:
    """The layer, state or folder that a box is of, or most of it is."""
    return box.group if len(box.groups) == 1 else f"mostly {box.group}"


def _inside(box: Box, rect: Rect, around: str = "", *, outermost: bool = False) -> Iterator[Placed]:
    framed = bool(box.inner) and (outermost or min(rect.width, rect.height - _HEADING) > 12)
    if not outermost or not framed:
        yield Placed(box, rect, framed, name_of(box).removeprefix(around))
    if framed:
        room = rect if outermost else rect.within(_HEADING, _EDGE)
        for each, there in zip(
            box.inner, squarify([each.size for each in box.inner], room), strict=True
        ):
            yield from _inside(each, there, "" if outermost else name_of(box))


def _drawn(there: Placed, value: Treemap, colours: dict[str, int], titles: bool) -> Element:
    box, rect = there.box, there.rect
    group = element("g")
    if titles:
        group.append(element("title", text=short(title(box, value), _TITLE)))
    if there.framed:
        group.append(_rect(rect, "f"))
        group.extend(_lines(rect, (f"{there.within} {human_size(box.size)}",)))
        return group
    shown = box.groups[:_PARTS]
    parts = rect.divided([count for _, count in shown], downwards=rect.height > rect.width)
    edge = " b" if len(shown) == 1 else ""
    for (name, _), part in zip(shown, parts, strict=True):
        group.append(_rect(part, f"g{colours[name] % COLOURS}{edge}"))
        if name == WASTED:
            group.append(_rect(part, "w"))
    if not edge:
        group.append(_rect(rect, "n b"))
    group.extend(_lines(rect, _label(box, value)))
    return group


def _label(box: Box, value: Treemap) -> tuple[str, ...]:
    name = f"{box.files:,} smaller" if box.kind == "rest" else box.path.rpartition("/")[2]
    what = "" if value.by == "folder" else of(box)
    return (f"{name}/" if box.kind == "folder" else name, human_size(box.size), what)


def _lines(rect: Rect, lines: tuple[str, ...]) -> Iterator[Element]:
    """As many lines as fit, each as much of it as fits."""
    most = int((rect.width - 6) / _LETTER)
    if most < 3:
        return
    name, *figures = lines
    shown = (visible(line) for line in figures if line and len(line) <= most)
    fitting = [short(name, most), *(line for line in shown if len(line) <= most)]
    for number, line in enumerate(fitting):
        down = (number + 1) * _LINE - 2
        if down + 3 > rect.height:
            return
        yield element("text", x=rect.x + 4, y=rect.y + down, text=line)


def _rect(rect: Rect, cls: str) -> Element:
    x, y, width, height = rect
    return element("rect", x=x, y=y, width=width, height=height, cls=cls)


def _hatch() -> Element:
    """What lies over wasted bytes."""
    lines = element("path", d="M0 8L8 0M-2 2L2-2M6 10L10 6", cls="h")
    return element("defs", element("pattern", lines, id="w", width=8, height=8,
                                   patternUnits="userSpaceOnUse"))  # fmt: skip
