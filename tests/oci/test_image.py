"""Images and indexes as things to be moved."""

from __future__ import annotations

import pickle

import pytest

from ocinb.errors import InvalidContent
from ocinb.oci.descriptor import EMPTY, Descriptor
from ocinb.oci.document import encode
from ocinb.oci.image import Blob, Image, ImageIndex
from ocinb.oci.manifest import ArtifactManifest, parse_manifest
from ocinb.oci.media_types import ARTIFACT_MANIFEST, CONFIG, LAYER
from ocinb.oci.platform import Platform

CONFIG_BLOB = Blob.of(b'{"os":"linux"}', CONFIG)
LAYERS = [Blob.of(b"one", LAYER), Blob.of(b"two!", LAYER)]


def test_a_blob_is_read_in_pieces_again_and_again():
    content = bytes(range(256)) * 3_000
    blob = Blob.of(content, LAYER, annotations={"a": "b"})
    assert blob.descriptor == Descriptor.of(content, LAYER, annotations={"a": "b"})
    assert (blob.size, blob.digest) == (len(content), blob.descriptor.digest)
    assert len(list(blob)) == 3
    assert b"".join(blob) == b"".join(blob) == content
    assert list(Blob.of(b"", LAYER)) == []


def test_what_is_held_in_memory_crosses_process_boundaries():
    image = Image.of(CONFIG_BLOB, LAYERS)
    twin = pickle.loads(pickle.dumps(image))
    assert twin == image
    assert [b"".join(blob) for blob in twin.blobs] == [b'{"os":"linux"}', b"one", b"two!"]
    assert twin.config == image.config


def test_a_blob_is_opened_only_when_it_is_read():
    opened = []

    def open_it():
        opened.append(1)
        return [b"on", b"e"]

    blob = Blob(LAYERS[0].descriptor, open_it)
    assert blob == LAYERS[0]
    assert repr(blob) == f"<Blob {blob.digest.short} 3 B>"
    assert opened == []
    assert b"".join(blob) == b"one"
    assert opened == [1]


def test_an_image_is_a_new_manifest_and_its_blobs():
    subject = Descriptor.of(b"x", "a/b")
    image = Image.of(
        CONFIG_BLOB, iter(LAYERS), annotations={"a": "b"}, subject=subject, artifact_type="a/c"
    )
    assert image.blobs == (CONFIG_BLOB, *LAYERS)
    assert image.manifest.annotations == {"a": "b"}
    assert (image.manifest.subject, image.manifest.artifact_type) == (subject, "a/c")
    assert (image.digest, image.descriptor) == (image.manifest.digest, image.manifest.descriptor)
    assert image.document is image.manifest
    assert image.total_size == image.manifest.size + 14 + 3 + 4


def test_config_and_layers_are_told_apart_as_the_manifest_has_them():
    image = Image.of(CONFIG_BLOB, [*LAYERS, LAYERS[0]])
    assert (image.config_blob, image.layers) == (CONFIG_BLOB, (*LAYERS, LAYERS[0]))
    shuffled = Image(image.manifest, (LAYERS[1], LAYERS[0], CONFIG_BLOB))
    assert (shuffled.config_blob, shuffled.layers) == (image.config_blob, image.layers)
    sparse = Image(image.manifest, (LAYERS[1],))
    assert (sparse.config_blob, sparse.layers) == (None, (LAYERS[1],))


def test_an_artifact_s_blobs_are_its_layers_and_config_it_has_none():
    raw = encode({"mediaType": ARTIFACT_MANIFEST, "blobs": [LAYERS[0].descriptor.to_json()]})
    manifest = parse_manifest(raw)
    assert isinstance(manifest, ArtifactManifest)
    artifact = Image(manifest, (LAYERS[0],))
    assert (artifact.config_blob, artifact.layers) == (None, (LAYERS[0],))


def test_a_blob_named_twice_is_moved_once():
    image = Image.of(CONFIG_BLOB, [LAYERS[0], LAYERS[1], LAYERS[0]])
    assert image.unique_blobs == (CONFIG_BLOB, *LAYERS)
    assert image.total_size == image.manifest.size + 14 + 3 + 4
    assert repr(image).startswith(f"<Image {image.digest.short} 4 blobs ")


def test_an_index_names_each_image_with_its_platform_and_attestations_after_them():
    """§6.6."""
    amd64, arm64 = (Image.of(CONFIG_BLOB, [layer]) for layer in LAYERS)
    statement = Image.of(Blob.of(b"{}", EMPTY.media_type), [])
    index = ImageIndex.of(
        [(Platform.parse("linux/amd64"), amd64), (Platform.parse("linux/arm64"), arm64)],
        attestations=[(arm64, statement)],
        annotations={"a": "b"},
    )
    assert index.children == (amd64, arm64, statement)
    assert index.document is index.index
    assert [str(each) for each in index.index.platforms] == ["linux/amd64", "linux/arm64"]
    assert index.index.attestations(amd64.descriptor) == ()
    (entry,) = index.index.attestations(index.index.images[1])
    assert (entry.digest, str(entry.platform)) == (statement.digest, "unknown/unknown")
    assert index.index.annotations == {"a": "b"}
    assert (index.digest, index.descriptor) == (index.index.digest, index.index.descriptor)
    documents = index.index.size + sum(each.size for each in index.index.manifests)
    assert index.total_size == documents + 14 + 3 + 4 + 2  # one config for both
    assert repr(index) == f"<ImageIndex {index.digest.short} 3 children>"


def test_the_config_of_an_image_is_what_it_says_and_of_anything_else_it_is_none():
    image = Image.of(CONFIG_BLOB, LAYERS)
    assert image.config is not None
    assert (image.config.platform.os, image.config.digest) == ("linux", CONFIG_BLOB.digest)
    chart = Image.of(Blob.of(b"{}", "application/vnd.cncf.helm.config.v1+json"), LAYERS)
    assert (chart.config, chart.config_blob) == (None, chart.blobs[0])
    assert Image(image.manifest, tuple(LAYERS)).config is None


def test_a_config_that_is_none_or_far_too_long_is_refused_when_it_is_asked_for():
    for raw, said in ((b"[]", "a JSON list, not an object"), (b" " * 4_194_305, "too many")):
        image = Image.of(Blob.of(raw, CONFIG), [])
        with pytest.raises(InvalidContent, match=said):
            _ = image.config
