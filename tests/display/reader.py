"""Reading HTML as JupyterLab does when it does not trust a notebook, and stricter."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import html5lib

# JupyterLab's sanitizer (packages/apputils/src/sanitizer.ts), for the tags that views may use;
# without style, id and everything else that it lets through and we have no use for.
EVERYWHERE = {"class", "title"}
ALLOWED = {
    "a": {"href", "rel"},
    "details": {"open"},
    "progress": {"max", "value"},
    "th": {"scope"},
    **{tag: set() for tag in "code div p pre span strong summary table tbody td thead tr".split()},
}


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
    if element.tag == "th":
        assert element.get("scope") in ("col", "row")


def is_harmless(text: str) -> bool:
    """Whether a terminal shows this as it is: nothing moves, hides or turns round."""
    return all(
        character in "\n\t" or character.isprintable() or unicodedata.category(character) == "Zs"
        for character in text
    )
