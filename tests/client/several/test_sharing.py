"""What several images share: bytes of layers, by their manifests alone."""

from __future__ import annotations

from pathlib import Path

import pytest

import ocinb
from ocinb.client.remote import RemoteImage
from ocinb.client.several.shared import SharedLayers
from ocinb.display import faces
from ocinb.errors import InvalidReference, NotFound
from tests.client.several.images import (
    asked,
    base,
    both_platforms,
    in_layout,
    of_layers,
    pushed,
    web,
    worker,
)


def compared(tmp_path: Path) -> tuple[SharedLayers, list[list[int]]]:
    """Three images that share their base, and the sizes of their layers."""
    images = [
        pushed(web(), "demo/web", ocinb.LocalRegistry()),
        pushed(worker(), "demo/worker", ocinb.LocalRegistry()),
        in_layout(base(), tmp_path / "base")["v1"],
    ]
    sizes = [[layer.size for layer in each.layers] for each in images]  # type: ignore[union-attr]
    return ocinb.shared_layers(images), sizes


def test_the_matrix_has_what_each_two_share_and_what_each_has_itself(tmp_path: Path):
    shared, sizes = compared(tmp_path)
    common = sizes[0][0]
    assert shared.matrix == (
        (sum(sizes[0]), common, common),
        (common, sum(sizes[1]), common),
        (common, common, common),
    )
    assert shared[0, 1] == shared["local/demo/web:v1", "local/demo/worker:v1"] == common
    assert shared.unique == (sizes[0][1], sizes[1][1], 0)
    assert shared.common == common
    assert shared.together == common + sizes[0][1] + sizes[1][1]
    assert shared.apart == sum(map(sum, sizes))
    assert shared.saved == 2 * common


def test_the_layers_say_which_images_they_are_in(tmp_path: Path):
    shared, _ = compared(tmp_path)
    assert [len(each.images) for each in shared.layers] == [3, 1, 1]
    assert shared.layers[0].images == shared.names
    frame = shared.layers.to_frame()
    assert list(frame["count"]) == [3, 1, 1]
    assert frame.dtypes.equals(shared.layers[:0].to_frame().dtypes)


def test_nothing_but_manifests_is_asked_for():
    school = ocinb.LocalRegistry()
    pushed(web(), "demo/web", school)
    pushed(worker(), "demo/worker", school)
    registry = ocinb.Registry(school)
    with asked(registry) as urls:
        ocinb.shared_layers(["demo/web:v1", "demo/worker:v1"], registry=registry)
    assert len(urls) == 2
    assert all("/manifests/" in url for url in urls)


def test_a_layer_that_an_image_has_twice_counts_once():
    image = pushed(of_layers([b"x" * 100, b"x" * 100]), "demo/twice", ocinb.LocalRegistry())
    shared = ocinb.shared_layers(image)
    assert shared.matrix == ((100,),)
    assert shared.together == shared.apart == 100


def test_images_of_an_index_are_compared_by_platform():
    index = pushed(both_platforms(), "demo/both", ocinb.LocalRegistry())
    shared = ocinb.shared_layers(index, platform="all")
    assert shared.names == ("local/demo/both:v1 linux/amd64", "local/demo/both:v1 linux/arm64")
    assert shared[0, 1] == 0
    assert ocinb.shared_layers(index, platform="linux/arm64").images[0].platform == "linux/arm64"


def test_an_image_that_is_not_there_does_not_lose_the_others():
    school = ocinb.LocalRegistry()
    pushed(web(), "demo/web", school)
    shared = ocinb.shared_layers(["demo/web:v1", "demo/web:v2"], registry=school)
    assert len(shared) == 1
    assert not shared.complete
    assert isinstance(shared.failures[0].error, NotFound)
    assert "1 of 2 images, 1 could not be read" in repr(shared)


def test_manifests_that_contradict_each_other_about_a_size_are_noted():
    image = pushed(base(), "demo/base", ocinb.LocalRegistry())
    assert isinstance(image, RemoteImage)
    other = pushed(worker(), "demo/worker", ocinb.LocalRegistry())
    assert isinstance(other, RemoteImage)
    layer = other.layers[0]
    object.__setattr__(layer.descriptor, "size", layer.size + 1)
    shared = ocinb.shared_layers([image, other])
    assert len(shared.notes) == 1
    assert f"{layer.size:,} bytes" in shared.notes[0]
    assert shared.common == image.layers[0].size


def test_a_name_that_none_of_them_has_is_told_with_those_near(tmp_path: Path):
    shared, _ = compared(tmp_path)
    with pytest.raises(InvalidReference) as caught:
        shared["local/demo/wob:v1", 0]
    assert any("local/demo/web:v1" in hint for hint in caught.value.hints)
    with pytest.raises(TypeError, match="two images"):
        shared[0]  # type: ignore[index]


def test_the_matrix_is_a_frame_with_a_column_for_each_image(tmp_path: Path):
    shared, _ = compared(tmp_path)
    frame = shared.to_frame()
    assert tuple(frame.columns[-3:]) == shared.names
    assert [list(row) for row in frame[list(shared.names)].to_numpy()] == [
        list(row) for row in shared.matrix
    ]
    empty = ocinb.shared_layers([]).to_frame()
    assert frame[empty.columns].dtypes.equals(empty.dtypes)


def test_shades_stand_beside_figures(tmp_path: Path):
    shared, _ = compared(tmp_path)
    text = faces.text(shared)
    assert any(shade in text for shade in "░▒▓█")
    assert f"{shared.unique[0]} B" in text
    assert "3 images" in text
