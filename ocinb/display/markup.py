"""The only maker of markup. Every leaf is cleaned and escaped on its way in.

`h("td", "text", cls="ocinb-dim")` gives `Html`; children that are `Html` already go in as they are,
anything else is text from a stranger: made visible, bounded, escaped. Tags and attributes are the
ones below and no others, so nothing that runs, loads or can be addressed from outside comes out,
and what comes out is what JupyterLab leaves standing in a notebook it does not trust.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Sequence
from functools import cache
from html import escape
from importlib.resources import files
from typing import TypeAlias

from ocinb.text import LONGEST_SHOWN, visible

TAGS = frozenset(
    "code details div p pre progress span strong summary table tbody td th thead tr".split()
)
ATTRIBUTES = frozenset({"class", "max", "open", "scope", "title", "value"})
LONGEST_LINK = 2_048
PICTURES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})  # none can run

_URL = re.compile(
    r"https?://(?P<host>[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?|\[[0-9A-Fa-f:.]{2,45}\])"
    r"(?::[0-9]{1,5})?(?:[/?#][A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=%-]*)?",
    re.ASCII | re.IGNORECASE,
)  # RFC 3986, without user information


# A part of a picture (left, top, width, height), and what it is.
Spotted: TypeAlias = "tuple[tuple[float, float, float, float], str]"


class Html(str):
    """Markup that was made here: nothing else is trusted to be markup."""

    __slots__ = ()


NOTHING = Html("")


def h(tag: str, *children: Html | str, cls: str = "", **attributes: str) -> Html:
    """The element `tag` around `children`. An attribute given as nothing is left out."""
    if tag not in TAGS or not attributes.keys() <= ATTRIBUTES:
        raise ValueError(f"no view needs <{tag}> with {', '.join(attributes) or 'no attributes'}")
    head = f"{tag} class='{escape(cls)}'" if cls else tag
    for name, value in attributes.items():
        if value:
            head += f' {name}="{value if type(value) is Html else text(value)}"'
    inner = "".join([child if type(child) is Html else text(child) for child in children])
    return Html(f"<{head}>{inner}</{tag}>")


def text(leaf: object, limit: int = LONGEST_SHOWN, *, lines: bool = False) -> Html:
    """`leaf` as harmless text of at most about `limit` characters."""
    return Html(escape(cleaned(leaf, limit) if lines else visible(leaf, limit)))


def cleaned(leaf: object, limit: int) -> str:
    """`leaf` made visible with its line ends, and quickly so when its lines hold nothing odd."""
    shown = str(leaf)
    if len(shown) > limit or "\n" not in shown:
        return visible(shown, limit, lines=True)
    return "\n".join([visible(line, limit, lines=True) for line in shown.split("\n")])


def linked(inner: Html, url: str) -> Html:
    """`inner` as a link to `url`; as it is when that is nothing to follow."""
    if not is_link(url):
        return inner
    return Html(f'<a href="{escape(url)}" rel="noopener noreferrer nofollow">{inner}</a>')


def picture(media_type: str, raw: bytes, said: str) -> Html:
    """`raw` as a picture that loads nothing, with what is `said` of it for who cannot see it."""
    if media_type not in PICTURES:
        raise ValueError(f"no view needs pictures of the type {media_type!r}")
    data = base64.b64encode(raw).decode()
    return Html(f'<img alt="{text(said)}" src="data:{media_type};base64,{data}">')


def drawing(svg: str, said: str, spots: Sequence[Spotted] = (), limit: int = 200) -> Html:
    """A picture that was drawn here, as an image: so nothing in it can run, load or lead anywhere.

    `spots` are said where the mouse rests on them, where the notebook is trusted.
    """
    raw = svg.encode()
    name = f"ocinb-{hashlib.sha256(raw).hexdigest()[:12]}"
    use = f' usemap="#{name}"' if spots else ""
    data = base64.b64encode(raw).decode()
    image = f'<img alt="{text(said)}" src="data:image/svg+xml;base64,{data}"{use}>'
    areas = "".join(
        f'<area shape="rect" coords="{_corners(place)}" title="{text(what, limit)}" alt="">'
        for place, what in spots
    )
    return Html(f'{image}<map name="{name}">{areas}</map>' if spots else image)


def _corners(place: tuple[float, float, float, float]) -> str:
    x, y, width, height = place
    return ",".join(str(round(each)) for each in (x, y, x + width, y + height))


def is_link(url: str) -> bool:
    """Whether `url` may be followed: http or https, a plain host, nobody's name in it."""
    return len(url) <= LONGEST_LINK and _URL.fullmatch(url) is not None


def joined(pieces: list[Html]) -> Html:
    """One piece of markup from several."""
    return Html("".join(pieces))


def spaced(pieces: list[Html]) -> Html:
    """One piece of markup from several, with a space between each two."""
    return Html(" ".join(pieces))


def root(inner: Html) -> Html:
    """A whole output: it carries its style, and nothing in it is typeset as mathematics."""
    return Html(f"<div class='ocinb mathjax_ignore tex2jax_ignore'>{_style()}{inner}</div>")


def page(title: str, sections: list[Html]) -> str:
    """A document of its own that loads nothing, whatever stands in it: a second lock."""
    policy = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
    inner = [Html(f"<section class='ocinb-section'>{each}</section>") for each in sections]
    return (
        "<!DOCTYPE html><html lang='en'><head><meta charset='utf-8'>"
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        "<meta name='viewport' content='width=device-width,initial-scale=1'>"
        f"<title>{text(title)}</title>{_style('report.css')}</head>"
        f"<body>{root(joined(inner))}</body></html>\n"
    )


@cache
def _style(name: str = "style.css") -> Html:
    css = files("ocinb.display").joinpath(name).read_text("utf-8")
    css = re.sub(r"/\*.*?\*/", "", css, flags=re.DOTALL)
    return Html(f"<style>{''.join(line.strip() for line in css.splitlines())}</style>")
