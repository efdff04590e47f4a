"""Reading HTML as JupyterLab does when it does not trust a notebook, and stricter."""

from __future__ import annotations

import re
import unicodedata
from base64 import b64decode
from dataclasses import dataclass, field
from urllib.parse import urlsplit
from xml.etree import ElementTree

import html5lib

# JupyterLab's sanitizer (packages/apputils/src/sanitizer.ts), for the tags that views may use;
# without style, id and everything else that it lets through and we have no use for.
EVERYWHERE = {"class", "title"}
ALLOWED = {
    "a": {"href", "rel"},
    "area": {"alt", "coords", "shape"},
    "details": {"open"},
    "img": {"alt", "src", "usemap"},
    "map": {"name"},
    "progress": {"max", "value"},
    "th": {"scope"},
    **{tag: set() for tag in "code div p pre span strong summary table tbody td thead tr".split()},
}


_SVG = "data:image/svg+xml;base64,"
# What a picture is made of: nothing of it runs, loads, or leads anywhere.
DRAWN = set("defs g path pattern rect style svg text title".split())
DRAWN_WITH = set("class d fill height id patternUnits viewBox width x y".split())


@dataclass
class Page:
    """What is in a piece of HTML: elements, text, titles, links."""

    text: str = ""
    titles: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    classes: set[str] = field(default_factory=set)
    headings: list[str] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)

    @property
    def all(self) -> str:
        """Everything it says, at a closer look, too."""
        return "\n".join([self.text, *self.titles])


def read(html: str) -> Page:
    """What `html` says; fails where it is not well-formed, or holds what must not be there."""
    parser = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False)
    root = parser.parseFragment(html)
    page = Page()
    styles = [element for element in root.iter() if element.tag == "style"]
    assert len(styles) <= 1, "one style for an output"
    for element in root.iter():
        if element is root or element in styles:
            continue
        _check(element)
        page.tags.append(element.tag)
        page.titles += [element.get("title")] if element.get("title") else []
        page.links += [element.get("href")] if element.tag == "a" else []
        page.classes.update((element.get("class") or "").split())
        if element.tag == "th":
            page.headings.append("".join(element.itertext()))
        if element.tag == "tr":
            page.rows.append(["".join(cell.itertext()) for cell in element])
    for style in styles:
        style.text = ""
    page.text = "".join(root.itertext())
    return page


def _check(element) -> None:
    assert element.tag in ALLOWED, f"<{element.tag}> has no business here"
    strange = set(element.attrib) - EVERYWHERE - ALLOWED[element.tag]
    assert not strange, f"<{element.tag}> must not have {strange}"
    assert all(name.startswith("ocinb") or name.endswith("2jax_ignore") or name == "mathjax_ignore"
               for name in (element.get("class") or "").split())  # fmt: skip
    if element.tag == "a":
        parts = urlsplit(element.get("href"))
        assert parts.scheme in ("http", "https")
        assert parts.hostname
        assert "@" not in parts.netloc
        assert element.get("rel") == "noopener noreferrer nofollow"
    if element.tag in ("map", "img"):
        named = element.get("name") or element.get("usemap", "#ocinb-").removeprefix("#")
        assert re.fullmatch(r"ocinb-[0-9a-f]*", named)
    if element.tag == "img" and element.get("src").startswith(_SVG):
        check_svg(b64decode(element.get("src").removeprefix(_SVG), validate=True).decode())
    elif element.tag == "img":
        assert re.fullmatch(r"data:image/(png|jpeg|gif|webp);base64,[\w+/=]*", element.get("src"))
    if element.tag == "th":
        assert element.get("scope") in ("col", "row")


def check_svg(svg: str) -> ElementTree.Element:
    """The picture; fails where something in it could run, load or lead anywhere (K-16)."""
    assert not re.search(r"<!|<\?", svg), "neither declarations nor instructions"
    root = ElementTree.fromstring(svg)
    for element in root.iter():
        space, _, tag = element.tag.rpartition("}")
        assert space == "{http://www.w3.org/2000/svg"
        assert tag in DRAWN, f"<{tag}> has no business here"
        strange = set(element.attrib) - DRAWN_WITH
        assert not strange, f"<{tag}> must not have {strange}"
        if tag == "style":
            assert set(re.findall(r"url\([^)]*\)", element.text or "")) <= {"url(#w)"}
            assert not re.search(r"@(?!media)|\\|/\*", element.text or "")
        assert is_harmless("".join(element.itertext()))
    return root


def is_harmless(text: str) -> bool:
    """Whether a terminal shows this as it is: nothing moves, hides or turns round."""
    return all(
        character in "\n\t" or character.isprintable() or unicodedata.category(character) == "Zs"
        for character in text
    )
