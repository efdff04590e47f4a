"""The picture of a treemap: well-formed, harmless, bounded, and said in words and figures, too."""

from __future__ import annotations

from pathlib import Path

import pytest

from ocinb.display import faces
from ocinb.display.html import MOST
from ocinb.display.pictures.svg import element
from ocinb.display.pictures.treemaps import HEIGHT, WIDTH, placed
from ocinb.layers.treemap import Treemap
from tests.display.reader import check_svg, is_harmless, read
from tests.display.test_hostile import CORPUS
from tests.layers.stacks import stacked

SPACE = "{http://www.w3.org/2000/svg}"


def many(number: int = 300) -> Treemap:
    """Files in folders, of several layers."""
    found = [
        (f"usr/lib/folder-{each % 7}/file-{each}.so", 1_000 + 97 * each, f"layer {each % 5}")
        for each in range(number)
    ]
    return Treemap.of("demo/app", "layer", lambda: found)


@pytest.mark.parametrize("text", CORPUS)
def test_hostile_names_are_text_in_the_picture_as_well(text: str):
    """K-16."""
    path = text.replace("/", "|")
    found = [(f"{path}/{path}{number}", 100 + number, text) for number in range(30)]
    picture = Treemap.of(text, "layer", lambda: found)
    root = check_svg(picture.svg)
    assert list(root.iter(f"{SPACE}title"))
    page = read(faces.html(picture))
    assert {"img", "map", "area"} <= set(page.tags)
    assert is_harmless(page.all)


def test_the_picture_of_three_hundred_files_stays_small():
    picture = many()
    assert len(picture.svg.encode()) < 60_000
    assert len(faces.html(picture).encode()) < MOST


def test_every_box_is_drawn_inside_the_picture_and_says_what_it_is():
    picture = many()
    root = check_svg(picture.svg)
    titles = [title.text for title in root.iter(f"{SPACE}title")]
    leaves = [each for each in placed(picture) if not each.framed]
    assert sorted(each.box.path for each in leaves) == sorted(box.path for box in picture.boxes)
    assert len(titles) == len(placed(picture))
    assert any("file-299.so" in title and "layer 4" in title for title in titles if title)
    for _, (x, y, width, height), _ in ((each.box, each.rect, each) for each in leaves):
        assert -1e-6 <= x <= x + width <= WIDTH + 1e-6
        assert -1e-6 <= y <= y + height <= HEIGHT + 1e-6


def test_the_same_figures_stand_in_a_table_for_who_sees_no_picture():
    picture = many(3)
    html, text = faces.html(picture), faces.text(picture)
    for said in (html, text):
        assert "usr/lib/folder-2/file-2.so" in said
        assert "1.2 KiB" in said
    assert "Treemap of 3 files by size" in html
    assert picture.to_frame()["size_bytes"].tolist() == [1_194, 1_097, 1_000]
    assert picture.to_frame()["share"].sum() == pytest.approx(1.0)


def test_what_is_wasted_is_hatched_and_named_so_not_only_coloured():
    fs = stacked([("a/one", bytes(500)), ("a/two", bytes(500))], ["a/.wh.one"])
    svg = fs.treemap("state").svg
    assert 'class="w"' in svg
    assert ">wasted<" in svg
    assert 'class="w"' not in fs.treemap().svg


def test_the_picture_is_light_or_dark_as_its_reader_has_it():
    assert "@media(prefers-color-scheme:dark)" in many(3).svg


def test_a_file_of_it_can_be_kept(tmp_path: Path):
    kept = many(3).save(tmp_path / "files.svg")
    assert kept.read_text("utf-8") == many(3).svg


def test_nothing_is_drawn_of_nothing():
    nothing = stacked([]).treemap()
    assert "no byte in it" in faces.text(nothing)
    check_svg(nothing.svg)


@pytest.mark.parametrize(("tag", "attributes"), [
    ("script", {}), ("foreignObject", {}), ("image", {}), ("a", {}), ("use", {}),
    ("rect", {"href": "x"}), ("rect", {"onclick": "x"}), ("rect", {"style": "x"}),
])  # fmt: skip
def test_other_elements_cannot_be_drawn(tag: str, attributes: dict[str, str]):
    with pytest.raises(ValueError, match="no picture needs"):
        element(tag, **attributes)
