"""Waste: what adds up to all bytes, and what dive says of the same layers."""

from __future__ import annotations

import pytest

import ocinb
from ocinb.layers.filesystem import FileSystem
from tests.layers.archives import END, entry, gzipped, header
from tests.layers.stacks import stacked

TEXT = bytes(6_405)  # what dive's README was
BASE = 1_233_408 - 12_810 - 10 * len(TEXT)  # bytes of busybox and of some scripts


def dive_image() -> ocinb.Image:
    """What dive's `.data/Dockerfile.test-image` builds, step by step, in the sizes it had."""
    copied = [
        {"somefile.txt": TEXT},
        {"root/example/really/nested/": b""},
        {"root/example/somefile1.txt": TEXT},
        {"root/example/somefile1.txt": TEXT},  # chmod 444
        {"root/example/somefile2.txt": TEXT},
        {"root/example/somefile3.txt": TEXT},
        {"root/example/.wh.somefile3.txt": b"", "root/saved.txt": TEXT},  # mv
        {"root/.saved.txt": TEXT},
        {"root/.wh.example": b""},  # rm -rf
        {"root/.data/scripts.sh": bytes(1_000)},
        {"tmp/saved.again1.txt": TEXT},
        {"root/.data/saved.again2.txt": TEXT},
        {"root/saved.txt": TEXT},  # chmod +x
    ]
    image = ocinb.Image.scratch().add_layer([("bin/busybox", bytes(BASE - 1_000), 0o755)])
    for layer in copied:
        image = image.add_layer(list(layer.items()))
    return image


def test_what_dive_scores_at_0_9844_wastes_2_6_percent():
    """features.md 5.7: dive takes the deleted folder for one that is still there."""
    waste = dive_image().files.waste
    assert waste.dive_efficiency == 0.9844212134184309
    assert waste.dive_wasted_bytes == 6_405 * (2 + 1 + 2)
    assert waste.wasted == 12_810 + 6_405 + 12_810
    assert waste.total == 1_233_408 - 12_810
    assert waste.efficiency == pytest.approx(0.9738, abs=0.00005)
    assert (
        waste.live + waste.wasted
        == waste.total
        == sum(layer.live + layer.wasted for layer in waste.layers)
    )


def test_each_path_says_how_much_it_wastes_and_who_took_it_away():
    paths = {each.path: each for each in dive_image().files.waste.paths}
    first = paths["root/example/somefile1.txt"]
    assert (first.copies, first.wasted, first.layers, first.by) == (2, 12_810, (3, 4), (4, 9))
    saved = paths["root/saved.txt"]
    assert (saved.copies, saved.wasted, saved.layers, saved.by) == (2, 6_405, (7,), (13,))
    assert next(iter(paths)) == "root/example/somefile1.txt"
    assert sum(each.wasted for each in paths.values()) == 32_025


def test_each_layer_says_what_it_gives_wastes_and_takes():
    layers = dive_image().files.waste.layers
    assert (layers[4].live, layers[4].wasted, layers[4].took) == (0, 6_405, 6_405)
    assert (layers[9].live, layers[9].wasted, layers[9].took) == (0, 0, 12_810)
    assert sum(layer.took for layer in layers) == 32_025
    assert layers[0].wasted_compressed == 0
    assert layers[4].wasted_compressed == round(6_405 * layers[4].size / layers[4].unpacked)
    assert 0 < layers[4].wasted_compressed < 6_405


def test_a_folder_that_is_deleted_is_waste_which_dive_counts_as_seen():
    waste = stacked([("a/b", b"123"), ("a/c", b"4"), ("d", b"5")], [".wh.a"]).waste
    assert (waste.live, waste.wasted, waste.efficiency) == (1, 4, 0.2)
    assert (waste.dive_efficiency, waste.dive_wasted_bytes) == (1.0, 0)


def test_a_file_that_is_deleted_counts_alike_with_dive():
    waste = stacked([("a", b"123"), ("d", b"5")], [".wh.a"]).waste
    assert (waste.live, waste.wasted) == (1, 3)
    assert (waste.dive_efficiency, waste.dive_wasted_bytes) == (0.25, 3)


def test_what_is_hidden_is_waste_which_dive_does_not_see():
    waste = stacked([("a/b", b"123")], ["a/.wh..wh..opq", ("a/c", b"4")]).waste
    assert (waste.live, waste.wasted, waste.dive_efficiency) == (1, 3, 1.0)
    assert waste.paths[0].by == (1,)


def test_a_file_that_comes_again_is_wasted_but_for_the_last_copy():
    waste = stacked([("a", b"123")], [("a", b"123")], [("a", b"123")]).waste
    assert (waste.wasted, waste.dive_wasted_bytes) == (6, 9)
    assert waste.paths[0].copies == 3


def test_what_comes_again_in_one_archive_is_waste_of_that_layer():
    waste = stacked([("a", b"123"), ("a", b"4")]).waste
    assert (waste.live, waste.wasted, waste.layers[0].wasted, waste.layers[0].took) == (1, 3, 3, 3)


def test_the_estimate_of_the_transfer_follows_how_much_the_layer_was_compressed():
    first = entry(b"a", bytes(1_000_000)) + END
    fs = FileSystem.of([ocinb.list_layer(gzipped(first)), ocinb.list_layer(header(b".wh.a") + END)])
    about = fs.merged.lists[0].about
    assert fs.waste.wasted == 1_000_000
    assert fs.waste.wasted_compressed == round(1_000_000 * about.size / about.unpacked)
    assert fs.waste.wasted_compressed < 3_000
