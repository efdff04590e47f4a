"""Treemaps: every byte is in one box, the largest have their own, and there are never many."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

import ocinb
from ocinb.layers import treemap
from ocinb.layers.treemap import MOST, Box, Treemap
from tests.layers.archives import END, entry
from tests.layers.stacks import stacked

NAMES = st.text("abc/", min_size=1, max_size=12)
ENTRIES = st.lists(st.tuples(NAMES, st.integers(0, 10**6), st.sampled_from("xyz")), max_size=200)


def of(*entries: tuple[str, int]) -> Treemap:
    return Treemap.of("test", "layer", lambda: [(path, size, "x") for path, size in entries])


@given(ENTRIES)
def test_boxes_have_all_bytes_once_and_are_bounded(entries: list[tuple[str, int, str]]):
    picture = Treemap.of("test", "layer", lambda: entries)
    assert sum(box.size for box in picture.boxes) == picture.size == sum(e[1] for e in entries)
    assert sum(box.files for box in picture.boxes) == sum(e[1] > 0 for e in entries)
    assert len(picture.boxes) <= MOST
    for box in (picture.root, *picture.boxes):
        assert sum(count for _, count in box.groups) == box.size


def test_the_small_rest_of_a_folder_is_summed():
    picture = of(("d/big", 1_000_000), *((f"d/{n}", 1) for n in range(40)), ("d/e/f", 2))
    assert [(b.path, b.kind, b.size, b.files) for b in picture.boxes] == [
        ("d/big", "file", 1_000_000, 1),
        ("d", "rest", 42, 41),
    ]


def test_the_largest_of_many_files_have_boxes_of_their_own():
    picture = of(*((f"f{number:04}", 10_000 + number) for number in range(500)))
    first, *others = picture.boxes
    assert first.kind == "rest"
    assert others[0].path == "f0499"
    assert 30 < len(others) < MOST


def test_of_thousands_of_small_folders_the_largest_are_shown():
    picture = of(
        *((f"d{number:04}/{each}", 10 + number) for number in range(3_000) for each in "ab")
    )
    assert picture.boxes[0].kind == "rest"
    assert any(box.path.startswith("d2999") for box in picture.boxes)
    assert 30 < len(picture.boxes) <= MOST


def test_a_folder_with_one_folder_in_it_is_that_folder():
    picture = of(("a/b/c/x", 3), ("a/b/c/y", 2))
    (inner,) = picture.root.inner
    assert (inner.path, [box.path for box in inner.inner]) == ("a/b/c", ["a/b/c/x", "a/b/c/y"])


def test_a_file_and_a_folder_may_have_the_same_path():
    assert [(b.path, b.size) for b in of(("a", 5), ("a/b", 3), ("a", 1)).boxes] == [
        ("a", 5), ("a/b", 3), ("a", 1),
    ]  # fmt: skip


def test_folders_of_any_depth_are_counted():
    assert of(("/".join("d" * 30_000), 7), ("x", 1)).size == 8


def test_an_image_is_coloured_by_layer_and_shows_what_is_seen():
    fs = stacked([("a/one", bytes(50)), ("a/two", bytes(20))], ["a/.wh.one", ("b", bytes(7))])
    boxes = {box.path: (box.size, box.group) for box in fs.treemap().boxes}
    assert boxes == {"a/two": (20, "layer 0"), "b": (7, "layer 1")}
    assert fs.treemap().size == fs.size


def test_by_state_what_is_wasted_stands_beside_what_is_seen():
    fs = stacked([("a/one", bytes(50)), ("a/two", bytes(20))], ["a/.wh.one"])
    picture = fs.treemap("state")
    assert {box.path: box.group for box in picture.boxes} == {"a/one": "wasted", "a/two": "seen"}
    assert dict(picture.root.groups) == {"wasted": fs.waste.wasted, "seen": fs.waste.live}


def test_hard_links_count_once():
    fs = stacked([("a", bytes(50)), "b => a"])
    assert fs.treemap().size == 50
    assert fs.glob("b").treemap().size == 0


def test_a_layer_is_coloured_by_the_folder_at_the_top():
    files = ocinb.list_layer(entry(b"usr/bin/x", b"123") + entry(b"/y", b"12") + END)
    boxes = {box.path: box.group for box in files.treemap().boxes}
    assert boxes == {"usr/bin/x": "usr", "y": "."}
    assert files.glob("usr/**").treemap().size == 3


def test_only_layers_and_states_can_be_asked_for():
    with pytest.raises(ValueError, match="'layer' or 'state'"):
        stacked([]).treemap("folder")  # type: ignore[arg-type]


def test_a_picture_says_in_one_line_what_it_is():
    assert repr(of(("a", 1_024))) == "<Treemap of test: 1.0 KiB in 1 boxes>"
    assert of(("a", 1)).boxes == (Box("a", "file", 1, 1, (("x", 1),)),)


def test_only_so_many_folders_are_told_apart(monkeypatch: pytest.MonkeyPatch):
    """Each takes memory: a million paths may be in 24 million folders."""
    monkeypatch.setattr(treemap, "_MOST_FOLDERS", 3)
    picture = of(*((f"{n}/a/b/c/file", 100) for n in range(4)), ("top", 50))
    assert {box.path: box.size for box in picture.boxes} == {
        "0/a/b/c/file": 100, "1/a/b/c/file": 100, "2/a/b/c/file": 100, "3/a/b/c/file": 100,
        "top": 50,
    }  # fmt: skip
    assert sorted((box.path, box.kind) for box in picture.root.inner) == [
        ("0/a/b", "folder"), ("1/a/b/c/file", "file"), ("2/a/b/c/file", "file"),
        ("3/a/b/c/file", "file"), ("top", "file"),
    ]  # fmt: skip
    assert picture.root.files == 5
