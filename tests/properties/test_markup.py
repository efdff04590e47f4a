"""Text and markup: nothing moves, hides or runs, and what is read is what was said (K-16, K-18)."""

from __future__ import annotations

import json
import unicodedata
from html.parser import HTMLParser

from hypothesis import strategies as st

from ocinb.display import faces
from ocinb.display.markup import ATTRIBUTES, TAGS, cleaned, h, is_link, linked, root, text
from ocinb.errors import InvalidReference, RegistryError
from ocinb.oci.config import parse_config
from ocinb.oci.manifest import parse_manifest
from ocinb.oci.platform import Platform
from ocinb.protocol.fields.challenge import Challenge
from ocinb.protocol.messages import Request, Response
from ocinb.protocol.tags import TagList
from ocinb.text import LONGEST_SHOWN, redacted_url, visible, without_user
from tests.display.reader import is_harmless, read
from tests.properties.strange import ANY_TEXT, for_all, made_of
from tests.properties.test_documents import CONFIG, INDEX, MANIFEST

hostile = made_of(
    "<script>", "</script>", "<img src=x onerror=alert(1)>", '"><svg onload=alert(1)>', "<!--",
    "]]>", "'onmouseover='", "</pre><iframe>", "&#x3c;", "&lt;", "&", "<style>@import", "$$\\href{",
    "$$", "{{7*7}}", "`", "javascript:", "https://", "\n",
)  # fmt: skip


class Reader(HTMLParser):
    """A second opinion, from another parser than the one the views' own tests use."""

    def __init__(self, markup: str) -> None:
        super().__init__(convert_charrefs=True)
        self.said, self.seen = "", set[str]()
        self.feed(markup)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in TAGS | {"a"}
        assert {name for name, _ in attrs} <= ATTRIBUTES | (
            {"href", "rel"} if tag == "a" else set()
        )
        self.seen.add(tag)

    def handle_data(self, data: str) -> None:
        self.said += data

    def handle_comment(self, data: str) -> None:
        raise AssertionError(data)

    def handle_decl(self, decl: str) -> None:
        raise AssertionError(decl)

    def handle_pi(self, data: str) -> None:
        raise AssertionError(data)

    def unknown_decl(self, data: str) -> None:
        raise AssertionError(data)


# Text


@for_all(hostile, st.booleans(), examples=150)
def test_what_is_visible_stays_as_it_is(said, lines):
    shown = visible(said, lines=lines)
    assert visible(shown, lines=lines) == shown
    assert is_harmless(shown)
    assert ("\n" in shown) <= lines
    shown.encode()


@for_all(st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "S"]), max_size=80))
def test_what_can_be_seen_is_not_touched(said):
    assert visible(said) == said
    assert cleaned(said, LONGEST_SHOWN) == said
    assert unicodedata.normalize("NFC", visible(said)) == unicodedata.normalize("NFC", said)


@for_all(ANY_TEXT.map(lambda said: said * 200), st.integers(0, 300))
def test_what_is_long_is_cut_and_says_by_how_much(said, limit):
    shown = visible(said, limit)
    assert len(shown) <= limit * len("\\u{10ffff}") + 40
    if len(said) > limit:
        assert f"({len(said) - limit:,} more characters)" in shown


@for_all(made_of("https://", "user", ":", "hunter2", "@", "host", "/", "?", "sig=", "hunter2", "&",
                 "n=5", "#", "[", "]"))  # fmt: skip
def test_a_url_is_shown_without_its_secrets(url):
    shown = redacted_url(f"https://me:secret7@host/{url}?sig=secret7&x=secret7")
    assert "secret7" not in shown
    assert is_harmless(shown)
    assert redacted_url(shown) == redacted_url(redacted_url(shown))
    assert is_harmless(visible(without_user(url)))


# Markup


@for_all(hostile, hostile, st.sampled_from(sorted(TAGS)), examples=150)
def test_markup_says_what_went_in_and_nothing_else(inner, title, tag):
    made = h(tag, inner, cls="ocinb-x", title=title)
    page = Reader(made)
    assert page.said == visible(inner)
    assert page.seen == {tag}
    nested = Reader(root(h("div", h("p", inner), text(inner, lines=True))).partition("</style>")[2])
    assert nested.said == visible(inner) + cleaned(inner, LONGEST_SHOWN)
    assert nested.seen == {"div", "p"}


@for_all(hostile | made_of("http://", "https://", "host", "@", "/", ":", "8080", "?", "#", "\t"))
def test_a_link_leads_where_it_says_or_is_none(url):
    made = linked(text("here"), url)
    page = Reader(made)
    assert page.said == "here"
    assert ("a" in page.seen) == is_link(url)
    if is_link(url):
        assert url.lower().startswith(("http://", "https://"))
        assert url.isascii()
        assert (
            "@" not in url.partition("://")[2].partition("/")[0].partition("?")[0].partition("#")[0]
        )


def values(said: str):
    """One of each kind of value, with `said` wherever a stranger may write something."""
    odd = {"annotations": {said: said}, "artifactType": said}
    index = {**INDEX, **odd, "manifests": [{**INDEX["manifests"][0], **odd}]}
    image = {**MANIFEST, **odd, "layers": [{**MANIFEST["layers"][0], **odd}]}
    inner = {"Env": [said], "Cmd": [said], "User": said, "Labels": {said: said}}
    history = [{"created_by": said, "comment": said, "author": said}]
    config = {**CONFIG, "author": said, "config": inner, "history": history}
    yield parse_manifest(json.dumps(index).encode())
    yield parse_manifest(json.dumps(image).encode())
    yield parse_config(json.dumps(config).encode())
    yield Platform(said, said, said)
    yield Challenge(said, {"realm": said})
    yield TagList(said, (said,), odd=(said,), note=said)
    yield Response(403, {"Content-Type": said, "X": said}, said.encode("utf-8", "surrogatepass"))
    yield Request("GET", f"/v2/{said}", {"Accept": said})
    yield RegistryError(403, said, said, method=said, url=said, hints=[said])
    yield InvalidReference(said, "name", said)


def is_whole(said: str) -> bool:
    """Whether it has no half of a character, with which no document can come."""
    return not any("\ud800" <= character <= "\udfff" for character in said)


@for_all(hostile.filter(is_whole), examples=40)
def test_every_value_is_drawn_with_allowed_tags_only(said):
    for value in values(said):
        drawn = faces.html(value)
        Reader(drawn.partition("</style>")[2])
        page = read(drawn)
        assert "It could not be drawn" not in page.text
        assert is_harmless(page.all)
        assert is_harmless(repr(value))
