"""How values reach IPython: a tree when they are looked at alone, one line among others."""

from __future__ import annotations

from IPython.lib.pretty import pretty

import ocinb


def test_a_value_alone_is_drawn_as_lines(school: ocinb.LocalRegistry):
    index = ocinb.Repository("demo/app", registry=school)["latest"]
    shown = pretty(index)
    assert "linux/arm64/v8" in shown
    assert shown.count("\n") > 3


def test_a_value_in_a_list_is_one_line(school: ocinb.LocalRegistry):
    index = ocinb.Repository("demo/app", registry=school)["latest"]
    assert pretty([index]) == f"[{index!r}]"


def test_a_value_that_knows_no_faces_is_its_repr(monkeypatch):
    platform = ocinb.Platform.parse("linux/arm64")
    monkeypatch.setattr("ocinb.drawable.Drawable.faces", None)
    assert pretty(platform) == repr(platform)
    assert platform._repr_html_() is None
