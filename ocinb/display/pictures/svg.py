"""Elements of SVG, as a tree that the standard library writes: no markup is put together by hand.

Only the elements and attributes below can be made. None of them runs, loads or leads anywhere, and
text goes in as text. A picture in a page stands in an `<img>`, which is a second lock.
"""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree

from ocinb.text import visible

TAGS = frozenset("defs g path pattern rect style svg text title".split())
ATTRIBUTES = frozenset(
    "class d fill height id patternUnits viewBox width x xmlns y".split()
)  # an id is for what is in the same picture
Element = ElementTree.Element


def element(tag: str, *children: Element, text: str = "", **attributes: Any) -> Element:
    """An element with text and others in it; `cls` is its class, numbers have one decimal."""
    if "cls" in attributes:
        attributes["class"] = attributes.pop("cls")
    if tag not in TAGS or not attributes.keys() <= ATTRIBUTES:
        raise ValueError(f"no picture needs <{tag}> with {', '.join(attributes) or 'nothing'}")
    made = Element(tag, {name: _written(value) for name, value in attributes.items()})
    made.text = text or None
    made.extend(children)
    return made


def picture(width: int, height: int, style: str, *children: Element) -> str:
    """A whole document with its style, as text."""
    root = element("svg", element("style", text=style), *children, width=width, height=height,
                   xmlns="http://www.w3.org/2000/svg", viewBox=f"0 0 {width} {height}")  # fmt: skip
    return ElementTree.tostring(root, encoding="unicode")


def short(text: str, most: int) -> str:
    """`text` made visible, in up to `most` characters."""
    shown = visible(text, 500)
    if len(shown) <= most:
        return shown
    return f"{shown[: most - 1]}…" if most > 1 else ""


def _written(value: object) -> str:
    return f"{value:.1f}".removesuffix(".0") if isinstance(value, float) else str(value)
