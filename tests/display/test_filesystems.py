"""File systems and their waste as they are looked at: bounded, and saying who took what away."""

from __future__ import annotations

import pytest

from ocinb.display import faces
from ocinb.display.parts import stacked as stacked_bar
from ocinb.display.text import cell_text
from tests.layers.merged.test_waste import dive_image
from tests.layers.stacks import stacked


def test_what_was_taken_away_is_struck_through_with_the_layer_that_did_it():
    fs = stacked(["etc/", "etc/motd", "etc/passwd"], ["etc/.wh.motd"])
    html, text = faces.html(fs), faces.text(fs)
    assert 'ocinb-gone\' title="etc/motd">motd<' in html
    assert "0, deleted by 1" in html
    assert "0, deleted by 1" in text
    assert 'ocinb-gone\' title="etc/passwd">' not in html
    assert "etc/motd deleted by layer 1" in faces.text(fs.deleted)
    assert "deleted by layer 1" in faces.text(fs.deleted[0])


def test_seen_and_wasted_stand_beside_what_dive_says():
    waste = dive_image().files.waste
    for said in (faces.text(waste), faces.html(waste)):
        for figure in ("0.9738", "0.9844", "97.38%", "2.62%", "31.3 KiB"):
            assert figure in said
    assert "root/example/somefile1.txt" in faces.text(waste)
    attrs = waste.to_frame().attrs
    assert float(attrs["efficiency"]) == waste.efficiency
    assert float(attrs["dive_efficiency"]) == 0.9844212134184309


def test_what_is_drawn_of_a_large_image_is_bounded_and_counts_the_rest():
    layers = [[f"d{folder}/f{number}" for folder in range(40) for number in range(50)]] * 2
    fs = stacked(*layers)
    html = faces.html(fs)
    assert len(html) < 60_000
    assert "32 folders" in html
    assert "44 files" in html
    assert "44 that were taken away" in html
    assert "1,950 more" in faces.html(fs.superseded)


def test_folders_are_shown_with_the_bytes_of_all_that_is_in_them():
    fs = stacked([("a/b/c/d/e/f", bytes(3_000)), ("x/y", bytes(10)), ("z", b"1")])
    text = faces.text(fs)
    assert text.index("a/ 2.9 KiB") < text.index("x/ 10 B")
    assert "1 deeper" in text


@pytest.mark.parametrize("which", ["", "all", "superseded"])
def test_the_frame_says_the_same_as_the_records(which: str):
    fs = stacked(
        ["z/", "a -> z", ("b", b"12"), "c => b", "/abs"], [("b", b"3"), ".wh.z", "c => b"], []
    )
    some = getattr(fs, which) if which else fs
    frame, records = some.to_frame(), some.records()
    by = frame.pop("by_layer")
    assert by.astype(object).where(by.notna(), None).to_list() == [
        each.pop("by_layer") for each in records
    ]
    told = [dict(zip(frame.columns, row, strict=True)) for row in frame.itertuples(index=False)]
    assert told == records


def test_an_empty_image_is_drawn():
    assert "nothing in it" in faces.text(stacked([]))
    assert len(stacked([]).to_frame()) == 0
    assert "nothing" in faces.html(stacked([]).waste)


def test_layers_stand_in_one_bar_in_build_order_with_what_is_wasted():
    fs = stacked([("a", bytes(3_000)), ("b", bytes(1_000))], [".wh.a", ("c", bytes(2_000))])
    bar = f"{'█' * 7}{'░' * 20} {'█' * 13} ░ wasted"
    assert bar in faces.text(fs)
    assert bar in faces.text(fs.waste)
    assert "layer 0: 3.9 KiB, 66.7%, 2.9 KiB of it wasted" in faces.html(fs)


def test_one_layer_needs_no_bar_and_thousands_are_counted():
    assert "█" not in faces.text(stacked([("a", b"1")]).waste)
    pieces = [(1, 0, f"layer {number}") for number in range(4_000)]
    assert "3,870 more" in cell_text(stacked_bar(pieces), 10_000)
