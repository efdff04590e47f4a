"""The socket: what is loaded when, one line in lists, and nothing ever raises."""

from __future__ import annotations

import subprocess
import sys

import pytest

import ocinb
from ocinb.display import faces
from ocinb.display.text import width
from ocinb.drawable import Drawable
from ocinb.oci.platform import Platform
from tests.display.reader import read


def test_drawing_content_loads_neither_http_nor_pandas_nor_the_notebook():
    check = """if True:
        import sys, ocinb
        platform = ocinb.Platform.parse("linux/amd64")
        assert "linux/amd64" in platform._repr_html_()
        heavy = {"h11", "ssl", "pandas", "IPython", "ipywidgets", "werkzeug"} & set(sys.modules)
        assert not heavy, heavy
    """
    subprocess.run([sys.executable, "-c", check], check=True, timeout=60)


class Broken(Drawable):
    """Its fields cannot be read."""

    def __repr__(self) -> str:
        raise RuntimeError("no repr either")


def test_a_value_that_cannot_be_drawn_says_so_and_does_not_raise(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(Platform, "__str__", lambda self: 1 / 0)
    page = read(faces.html(Platform("linux", "<b>")))
    assert "It could not be drawn: ZeroDivisionError" in page.text
    assert "Broken" in read(faces.html(Broken())).text
    assert "It could not be drawn" in faces.text(Broken())


def test_a_value_nobody_knows_is_drawn_by_its_name():
    class New(Drawable):
        """Of a later version, or somebody else's."""

        def __repr__(self) -> str:
            return "<New & shiny>"

    assert "<New & shiny>" in read(faces.html(New())).text
    assert faces.records(New()) == [{"type": "New", "value": "<New & shiny>"}]


def test_values_draw_themselves_through_the_front_door():
    reference = ocinb.Reference.parse("alpine:3.20")
    html = reference._repr_html_()
    assert html
    assert "docker.io/library/alpine:3.20" in read(html).text
    assert reference.records()[0]["tag"] == "3.20"


def test_terminals_show_aligned_lines():
    lines = faces.text(ocinb.sample.app()).splitlines()
    assert lines[0].startswith("Image index sha256:")
    table = [line for line in lines if "sha256:" in line and "linux/" in line]
    assert len({line.index("sha256:") for line in table}) == 1


@pytest.mark.parametrize(
    ("text", "columns"), [("abc", 3), ("é", 1), ("e\u0301", 1), ("漢字", 4), ("", 0), ("█▏", 2)]
)
def test_width_is_counted_in_columns(text: str, columns: int):
    assert width(text) == columns
