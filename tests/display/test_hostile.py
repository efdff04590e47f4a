"""Whatever stands in a value: drawing it is harmless and bounded, and says it (K-16 to K-18)."""

from __future__ import annotations

import pkgutil
from importlib import import_module
from pathlib import Path

import pytest

import ocinb
from ocinb.client.remote import _Bound
from ocinb.display import faces
from ocinb.display.frames import LONGEST, rows
from ocinb.display.html import MOST
from ocinb.display.view import view
from ocinb.drawable import Drawable
from ocinb.layers.making.configured import Configured
from ocinb.oci.document import Document
from ocinb.text import visible
from tests.display.reader import Page, is_harmless, read
from tests.display.values import Say, every, stores

CORPUS = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '"><svg onload=alert(1)>',
    "'onmouseover='alert(1)",
    "</pre><iframe src=//evil>",
    "</style></details></table>",
    "&#x3c;script&#x3e;",
    "<!--",
    "]]>",
    "<style>@import url(//evil)</style>",
    r"$$\href{javascript:alert(1)}{x}$$",
    "{{7*7}}",
    "`id`",
    "\0nul",
    "line\u2028separated\u2029twice",
    "javascript:alert(1)",
    "JaVa\tScript:alert(1)",
    "data:text/html,<b>x</b>",
    "vbscript:x",
    "//evil",
    "https://good@evil",
    "http://[::1",
    "https://\u0430pple.example/",
    "\x1b]0;pwn\x07",
    "\x1b[2J\x9b31m",
    "\x1b]8;;http://evil\x1b\\click\x1b]8;;\x1b\\",
    "exe.\u202etxt",
    "\u2066isolated\u2069 \u200bzero\ufeff \U000e0041tag",
    "z" + "\u0301" * 500,
    "over\rwrite\b\a",
    "two\nlines\tand a tab",
    "=cmd|' /C calc'!A0",
    "%s%n{0}",
    "\ud800 lone",
]
LONG = ["<" * 1_000_000, "\u202e" * 1_000_000, "a" * 1_000_000, "\n" * 1_000_000]


# Fields that can be read in the picture of a value, whatever stands in them.
SHOWN = {
    "Reference": "registry repository tag",
    "Platform": "platform-os platform-arch platform-variant platform-version platform-feature",
    "Descriptor": "it-type it-key it-value it-artifact it-url it-unknown",
    "Manifest": "type key value artifact config-type layer-type other-type subject-type",
    "ArtifactManifest": "type key value artifact blob-type subject-type",
    "Index": "type key value artifact orphan",
    "ImageConfig": "author env entrypoint cmd user dir signal port volume label label-value "
    "step empty-step only-comment problem",
    "HistoryEntry": "step step-author step-comment",
    "TagList": "repository tag tag2 odd note",
    "ReferrerList": "note wanted referrer-artifact referrer-key refuted-artifact",
    "Capabilities": "registry repository scratch title evidence written no made left version",
    "CatalogList": "registry name name2 odd note",
    "Deleted": "reference note",
    "FileList": "layer path hidden target user group note trouble",
    "FileEntry": "path target user group xattr",
    "whiteout FileEntry": "hidden user group",
    "Content": "path",
    "Extracted": "folder path",
    "Treemap": "image group",
    "TagSizes": "repository tag tag2 bad-tag why platform-os",
    "TagSize": "tag2 platform-os",
    "PackageList": "package version architecture built-from licence about database trouble",
    "Package": "package version architecture built-from source-version licence about database",
    "OsRelease": "name value pretty id path problem",
    "PermissionReport": "path why user group note selection",
    "Finding": "path why user group",
    "FieldsDiff": "before after",
    "other FilesDiff": "path old unread",
    "PackagesDiff": "package architecture manager old new",
    "Ping": "version scheme name value server",
    "Request": "request-accept request-body",
    "Response": "server body",
    "Step": "title why request-body",
    "Exchange": "title why body request-body",
    "Stepper": "title next",
    "Pushed": "tag root-type sent-type old-type",
    "RemoteImage": "type key value step env cmd",
    "RemoteIndex": "type key value orphan",
    "Repository": "tag tag2 odd note",
    "Registry": "version scheme name value server title evidence left name2 odd",
    "NotSupported": "message hint",
    "Unreachable": "hint",
}


def says(page: Page, text: str) -> bool:
    """Whether the page says it: as it is, apart at a `=`, or in quotes."""
    quoted = text.replace("\\", "\\\\").replace('"', '\\"')
    return any(
        all(visible(part, lines=lines) in page.all for part in said.split("="))
        for said in (text, quoted)
        for lines in (False, True)
    )


@pytest.mark.parametrize("text", CORPUS)
def test_hostile_text_is_shown_as_text_and_nothing_else(text: str):
    """K-16."""
    for name, value in every(say := Say(text)):
        html = faces.html(value)
        page = read(html)
        assert "could not be drawn" not in page.text, name
        assert len(html.encode()) <= MOST, name
        assert is_harmless(page.all), name
        assert {"ocinb", "mathjax_ignore", "tex2jax_ignore"} <= page.classes, name
        for field in SHOWN.get(name, "").split():
            said = say.said[field]
            if field.endswith("body"):  # which is bytes, and these have no half characters
                said = said.encode("utf-8", "replace").decode()
            assert says(page, said), f"{field} of {name}"


@pytest.mark.parametrize("text", LONG, ids=["markup", "bidi", "plain", "lines"])
def test_a_million_characters_fit_into_sixty_thousand_bytes(text: str):
    for name, value in every(Say(text)):
        html = faces.html(value)
        assert len(html.encode()) <= MOST, name
        assert "could not be drawn" not in read(html).text, name
        assert len(faces.text(value)) <= MOST, name


@pytest.mark.parametrize("text", CORPUS)
def test_a_terminal_shows_hostile_text_as_it_is(text: str):
    for name, value in every(Say(text)):
        shown = faces.text(value)
        assert is_harmless(shown), name
        assert "could not be drawn" not in shown, name


@pytest.mark.parametrize("text", [*CORPUS, LONG[1]], ids=range(len(CORPUS) + 1))
def test_frames_and_records_hold_no_hostile_text(text: str):
    for name, value in every(Say(text)):
        for row in faces.records(value):
            for cell in filter(lambda cell: isinstance(cell, str), row.values()):
                assert is_harmless(cell), name
                assert len(cell) < LONGEST * len("\\u{202e}") + 100, name


def test_frames_of_hostile_values_have_the_same_rows_as_their_records():
    for name, value in every(Say(CORPUS[0])):
        frame = faces.frame(value)
        assert len(frame) == len(faces.records(value)), name
        assert is_harmless(str(frame.attrs)), name


@pytest.mark.parametrize("text", CORPUS)
def test_one_line_is_harmless_and_only_one(text: str):
    for name, value in every(Say(text)):
        assert is_harmless(repr(value)), name
        assert "\n" not in repr(value), name
        assert "\t" not in repr(value), name


@pytest.mark.parametrize("text", LONG, ids=["markup", "bidi", "plain", "lines"])
def test_one_line_is_never_long(text: str):
    """Two thousand characters, the longest message of an error, each perhaps written out."""
    for name, value in every(Say(text)):
        assert len(repr(value)) < 2_500 * len(visible(text[0])), name


@pytest.mark.parametrize("text", CORPUS)
def test_stores_of_hostile_content_draw(text: str, tmp_path: Path):
    for name, value in stores(Say(text), tmp_path):
        page = read(faces.html(value))
        assert "could not be drawn" not in page.text, name
        assert is_harmless(page.all), name
        assert is_harmless(faces.text(value)), name
        assert is_harmless(repr(value)), name
        for row in faces.records(value):
            assert all(is_harmless(cell) for cell in row.values() if isinstance(cell, str)), name


def drawables() -> list[type[Drawable]]:
    """Every class of the package of which there are values that draw themselves."""
    for module in pkgutil.walk_packages(ocinb.__path__, "ocinb."):
        import_module(module.name)
    found, ahead = set[type[Drawable]](), [Drawable]
    while ahead:
        kinds = ahead.pop().__subclasses__()
        found.update(kinds)
        ahead += kinds
    ours = (kind for kind in found if kind.__module__.startswith("ocinb."))
    return sorted((kind for kind in ours if kind not in BASES), key=lambda kind: kind.__qualname__)


BASES = (Document, _Bound, Configured)  # of which there are none but of their subclasses


@pytest.mark.parametrize("kind", drawables(), ids=lambda kind: f"{kind.__module__}.{kind.__name__}")
def test_every_class_that_draws_itself_has_a_view_and_a_table(kind: type[Drawable]):
    faces._learn(kind)
    assert view.dispatch(kind) is not view.dispatch(object)
    assert rows.dispatch(kind) is not rows.dispatch(object)


def test_every_class_that_draws_itself_is_in_the_corpus(tmp_path: Path):
    with ocinb.LocalRegistry().serve() as server:
        values = [*every(Say("x")), *stores(Say("x"), tmp_path), ("Server", server)]
    assert set(drawables()) - {type(value) for _, value in values} == set()


def test_drawing_the_same_value_twice_gives_the_same():
    for name, value in every(Say("x")):
        assert faces.html(value) == faces.html(value), name
        assert faces.text(value) == faces.text(value), name
