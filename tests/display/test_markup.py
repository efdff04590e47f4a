"""The builder of markup escapes by default, and can make nothing that runs or loads."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import ocinb.display
from ocinb.display.markup import Html, h, is_link, linked, root, text

FOLDER = Path(ocinb.display.__file__).parent


def test_children_and_attributes_are_escaped():
    assert h("td", "<b>", title="\"'&") == '<td title="&quot;&#x27;&amp;">&lt;b&gt;</td>'


def test_markup_made_here_goes_in_as_it_is():
    assert h("tr", h("td", "1"), h("td", "2")) == "<tr><td>1</td><td>2</td></tr>"


def test_text_that_looks_like_markup_made_here_is_still_text():
    class Sly(str):
        """Not the builder's own."""

    assert h("p", Sly("<script>")) == "<p>&lt;script&gt;</p>"


@pytest.mark.parametrize("tag", ["script", "style", "svg", "iframe", "img", "input", "P", ""])
def test_other_tags_cannot_be_made(tag: str):
    with pytest.raises(ValueError, match="no view needs"):
        h(tag)


@pytest.mark.parametrize("name", ["id", "name", "style", "onclick", "href", "src", "data-x"])
def test_other_attributes_cannot_be_made(name: str):
    with pytest.raises(ValueError, match="no view needs"):
        h("p", **{name: "x"})


def test_long_text_is_cut_and_says_how_much_is_missing():
    assert h("p", "a" * 5_000) == f"<p>{'a' * 2000}… (3,000 more characters)</p>"


def test_line_ends_stay_only_where_they_are_wanted():
    assert text("a\nb") == r"a\u{a}b"
    assert text("a\nb\x1b", lines=True) == "a\nb\\u{1b}"


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com",
        "http://example.com:8080/a/b?c=d&e=%20#f",
        "HTTPS://EXAMPLE.com/",
        "https://xn--pple-43d.example/",
        "http://[::1]:5000/x",
        "https://git.example/a_b/c~d/(e)",
    ],
)
def test_web_addresses_can_be_followed(url: str):
    """K-17."""
    assert is_link(url)
    assert read_href(linked(text("x"), url)) == url


@pytest.mark.parametrize(
    "url",
    [
        "",
        "javascript:alert(1)",
        "JaVa\tScript:alert(1)",
        " https://example.com",
        "https://example.com\n",
        "https://example.com/\x00",
        "data:text/html,x",
        "vbscript:x",
        "//evil",
        "/path",
        "https:evil",
        "https:///evil",
        "https://good@evil",
        "https://good:password@evil/",
        "https://good%40evil",
        "https://evil\\@good",
        "http://[::1",
        "http://::1",
        "https://\u0430pple.example",
        "https://example.com/\u202e",
        'https://example.com/"onclick="x',
        "https://example.com/<b>",
        "https://example.com:99999999/",
        "https://-evil",
        "ftp://example.com",
        f"https://example.com/{'a' * 2_048}",
    ],
)
def test_anything_else_stays_text(url: str):
    """K-17."""
    assert not is_link(url)
    assert linked(text("x"), url) == "x"


def test_an_output_carries_one_small_style_and_keeps_mathematics_out():
    page = root(Html("x"))
    style = page[page.index("<style>") : page.index("</style>") + 8]
    assert len(style.encode()) <= 2_048
    assert page.startswith("<div class='ocinb mathjax_ignore tex2jax_ignore'>")
    assert "@import" not in style
    assert "url(" not in style


def test_every_rule_of_the_style_is_about_our_own_elements():
    css = re.sub(r"/\*.*?\*/", "", (FOLDER / "style.css").read_text(), flags=re.DOTALL)
    selectors = [each for rule in re.findall(r"([^{}]+)\{", css) for each in rule.split(",")]
    assert selectors
    assert all(selector.strip().startswith(".ocinb") for selector in selectors)


def test_markup_is_made_in_one_file_only():
    """K-16: neither angle brackets in strings nor `Html(…)` around anything."""
    for path in FOLDER.glob("*.py"):
        source = path.read_text("utf-8")
        if path.name == "markup.py":
            continue
        assert not re.search(r"""["']</?[a-z]""", source), path.name
        assert "Html(" not in source, path.name


def read_href(html: str) -> str:
    match = re.fullmatch(r'<a href="([^"]*)" rel="noopener noreferrer nofollow">x</a>', html)
    assert match
    return match[1].replace("&amp;", "&")
