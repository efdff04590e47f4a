"""Images of raw bytes, and indexes of images: what does not fit together is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ocinb.errors import DigestMismatch, InvalidContent, InvalidReference
from ocinb.oci import media_types
from ocinb.oci.composing import ForPlatform, index_of, platform_of, raw_image
from ocinb.oci.descriptor import Descriptor
from ocinb.oci.document import encode
from ocinb.oci.image import Blob, Image
from ocinb.oci.manifest import Manifest
from ocinb.oci.platform import Platform

CONFIG = b'{"os":"linux","architecture":"amd64"}'
LAYERS = {Descriptor.of(each, "a/b").digest: each for each in (b"one", b"two!")}
FOREIGN = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"


def manifest(*layers: Descriptor, media_type: str = media_types.MANIFEST, **more: Any) -> bytes:
    document = {
        "schemaVersion": 2,
        "mediaType": media_type,
        "config": Descriptor.of(CONFIG, media_types.DOCKER_CONFIG).to_json(),
        "layers": [
            each.to_json()
            for each in layers
            or [Descriptor.of(content, media_types.LAYER) for content in LAYERS.values()]
        ],
    }
    return encode({**document, **more})


def image(**config: Any) -> Image:
    return Image.of(Blob.of(encode(config), media_types.CONFIG), [])


# Raw images


@pytest.mark.parametrize("media_type", media_types.MANIFESTS)
def test_a_raw_image_keeps_its_bytes_and_its_media_type(media_type: str):
    raw = json.dumps(json.loads(manifest(media_type=media_type)), indent=3).encode()
    found = raw_image(raw, CONFIG, LAYERS)
    assert (found.manifest.raw, found.manifest.media_type) == (raw, media_type)
    assert [b"".join(each) for each in found.blobs] == [CONFIG, b"one", b"two!"]


def test_a_manifest_that_does_not_say_its_type_is_given_one():
    raw = encode({k: v for k, v in json.loads(manifest()).items() if k != "mediaType"})
    found = raw_image(raw, CONFIG, LAYERS, media_type=media_types.DOCKER_MANIFEST)
    assert found.manifest.media_type == media_types.DOCKER_MANIFEST
    assert raw_image(raw, CONFIG, LAYERS).manifest.media_type == media_types.MANIFEST


def test_a_layer_named_twice_is_there_once():
    one = Descriptor.of(b"one", media_types.LAYER)
    found = raw_image(manifest(one, one), CONFIG, {one.digest: b"one"})
    assert len(found.blobs) == 2


def test_a_layer_that_lives_elsewhere_need_not_be_given():
    """28 of ocibuild's weaknesses."""
    away = Descriptor.of(b"away", FOREIGN, urls=("https://example.org/away",))
    assert len(raw_image(manifest(away), CONFIG, {}).blobs) == 1
    with pytest.raises(InvalidContent, match="no content for the layer"):
        raw_image(manifest(Descriptor.of(b"away", FOREIGN)), CONFIG, {})


def test_config_and_layers_must_be_what_the_manifest_says():
    with pytest.raises(InvalidContent, match="should have 37 bytes"):
        raw_image(manifest(), CONFIG + b" ", LAYERS)
    with pytest.raises(DigestMismatch):
        raw_image(manifest(), CONFIG[:-1] + b" ", LAYERS)
    first, second = LAYERS
    with pytest.raises(DigestMismatch):
        raw_image(manifest(), CONFIG, {**LAYERS, first: b"eno"})
    with pytest.raises(InvalidContent, match=f"no content for the layer {second}"):
        raw_image(manifest(), CONFIG, {first: b"one"})
    with pytest.raises(InvalidContent, match="has no layer sha256:"):
        raw_image(manifest(), CONFIG, {**LAYERS, Descriptor.of(b"x", "a/b").digest: b"x"})
    with pytest.raises(InvalidReference):
        raw_image(manifest(), CONFIG, {"one": b"one"})


def test_what_is_no_manifest_of_an_image_is_refused():
    with pytest.raises(InvalidContent, match="no manifest with a config"):
        raw_image(index_of([image(os="linux", architecture="arm")]).index.raw, CONFIG, {})
    with pytest.raises(InvalidContent):
        raw_image(b"{", CONFIG, {})


# Indexes


def test_the_platform_of_an_image_is_what_its_config_says_all_of_it():
    """ocibuild forgets variant and version."""
    arm = image(os="linux", architecture="arm", variant="v6")
    windows = image(os="windows", architecture="amd64", **{"os.version": "10.0.20348.1"})
    assert [each.platform for each in index_of([arm, windows]).index.manifests] == [
        Platform("linux", "arm", "v6"),
        Platform("windows", "amd64", os_version="10.0.20348.1"),
    ]


def test_a_platform_that_is_given_is_believed():
    images: list[ForPlatform] = [
        ("linux/arm/v6", image()), (Platform("linux", "arm", "v7"), image(os="x")),
    ]  # fmt: skip
    found = index_of(images, annotations={"a": "b"})
    assert list(map(str, found.index.platforms)) == ["linux/arm/v6", "linux/arm/v7"]
    assert found.index.annotations == {"a": "b"}
    with pytest.raises(InvalidReference):
        index_of([("nowhere", image())])


def test_what_is_no_image_is_no_part_of_an_index():
    for wrong in (b"image", ("linux/amd64", b"image"), (image(),)):
        with pytest.raises(TypeError, match=r"an ocinb\.Image, or a platform with one"):
            index_of([wrong])  # type: ignore[list-item]


def test_an_index_of_nothing_is_refused():
    with pytest.raises(InvalidContent, match="no images to push"):
        index_of([])


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"os": "linux", "architecture": "amd64"}, {"os": "linux", "architecture": "x86_64"}),
        (
            {"os": "linux", "architecture": "arm64"},
            {"os": "linux", "architecture": "arm64", "variant": "v8"},
        ),
    ],
)
def test_two_images_for_one_platform_are_refused(one: dict[str, str], other: dict[str, str]):
    with pytest.raises(InvalidContent, match="two of the images are for linux/") as caught:
        index_of([image(**one), image(**other)])
    assert caught.value.hints


@pytest.mark.parametrize(
    "config", [{}, {"os": "linux"}, {"architecture": "arm"}, {"os": "unknown", "architecture": "x"}]
)
def test_an_image_that_does_not_say_what_it_is_for_must_be_given_a_platform(config: dict[str, str]):
    with pytest.raises(InvalidContent, match="which platform") as caught:
        platform_of(image(**config))
    assert "linux/amd64" in caught.value.hints[0]
    bare = image(os="linux", architecture="arm")
    assert isinstance(bare.manifest, Manifest)
    with pytest.raises(InvalidContent, match="which platform"):
        platform_of(Image(bare.manifest, ()))
