"""Manifests: raw bytes are the truth, and no bytes may be two things (C2, C3, D-9, K-9)."""

from __future__ import annotations

import json
import pickle
from typing import Any

import pytest

from ocinb.errors import InvalidContent, NotSupported
from ocinb.oci import media_types
from ocinb.oci.descriptor import EMPTY, Descriptor
from ocinb.oci.digest import Digest
from ocinb.oci.index import Index
from ocinb.oci.manifest import MOST_LAYERS, ArtifactManifest, Manifest, parse_manifest
from ocinb.oci.media_types import (
    ARTIFACT_MANIFEST,
    CONFIG,
    DOCKER_CONFIG,
    DOCKER_INDEX,
    DOCKER_MANIFEST,
    INDEX,
    LAYER,
    LAYER_GZIP,
    MANIFEST,
    SCHEMA_1,
)

CONFIG_BLOB = Descriptor.of(b"{}", CONFIG)
LAYER_BLOB = Descriptor.of(b"layer", LAYER)

IMAGE: dict[str, Any] = {
    "schemaVersion": 2,
    "mediaType": MANIFEST,
    "config": CONFIG_BLOB.to_json(),
    "layers": [LAYER_BLOB.to_json()],
}
INDEX_OF_ONE: dict[str, Any] = {
    "schemaVersion": 2,
    "mediaType": INDEX,
    "manifests": [Descriptor.of(b"manifest", MANIFEST).to_json()],
}
ARTIFACT = {"mediaType": ARTIFACT_MANIFEST, "artifactType": "a/b", "blobs": [LAYER_BLOB.to_json()]}


def raw(document, **changes) -> bytes:
    """`document` with some fields changed or, given `...`, taken out; spelled oddly on purpose."""
    changed = {**document, **changes}
    return json.dumps({k: v for k, v in changed.items() if v is not ...}, indent=3).encode()


def test_the_bytes_are_kept_and_the_digest_is_of_them():
    content = raw(IMAGE, unknown={"kept": [1.0, None]}, annotations={"a": "b"})
    found = parse_manifest(content, MANIFEST)
    assert isinstance(found, Manifest)
    assert (found.raw, found.digest, found.size) == (content, Digest.of(content), len(content))
    assert found.json["unknown"] == {"kept": [1.0, None]}
    assert found.annotations == {"a": "b"}
    assert found.descriptor == Descriptor(MANIFEST, found.digest, len(content))


def test_the_digest_may_be_of_another_algorithm():
    content = raw(IMAGE)
    found = parse_manifest(content, MANIFEST, digest=Digest.of(content, "sha512"))
    assert found.descriptor.digest.algorithm == "sha512"


@pytest.mark.parametrize(
    ("document", "content_type", "kind"),
    [
        (raw(IMAGE), MANIFEST, Manifest),
        (raw(IMAGE, mediaType=DOCKER_MANIFEST), DOCKER_MANIFEST, Manifest),
        (raw(INDEX_OF_ONE), INDEX, Index),
        (raw(INDEX_OF_ONE, mediaType=DOCKER_INDEX), DOCKER_INDEX, Index),
        (raw(ARTIFACT), ARTIFACT_MANIFEST, ArtifactManifest),
        (raw(ARTIFACT, mediaType=...), ARTIFACT_MANIFEST, ArtifactManifest),
        # C2, parameters
        (raw(IMAGE), f"{MANIFEST}; charset=utf-8", Manifest),
        (raw(IMAGE, mediaType=...), f"{MANIFEST} ;x=y", Manifest),
        # D-9: the document's own word, else the header's, else its shape
        (raw(IMAGE), "", Manifest),
        (raw(IMAGE), "application/octet-stream", Manifest),
        (raw(IMAGE), "text/plain; charset=utf-8", Manifest),
        (raw(INDEX_OF_ONE), "application/json", Index),
        (raw(INDEX_OF_ONE, mediaType=...), INDEX, Index),
        (raw(IMAGE, mediaType=...), "", Manifest),
        (raw(IMAGE, mediaType=...), "text/plain", Manifest),
        (raw(INDEX_OF_ONE, mediaType=...), "application/octet-stream", Index),
    ],
)
def test_what_a_document_is_tells_its_type_its_header_or_its_shape(document, content_type, kind):
    found = parse_manifest(document, content_type)
    assert type(found) is kind
    assert media_types.kind(found.media_type) == ("index" if kind is Index else "manifest")


@pytest.mark.parametrize(
    ("document", "content_type"),
    [
        (raw(IMAGE), INDEX), (raw(INDEX_OF_ONE), MANIFEST), (raw(IMAGE), DOCKER_MANIFEST),
        (raw(IMAGE, mediaType=DOCKER_MANIFEST), MANIFEST), (raw(ARTIFACT), MANIFEST),
    ],
)  # fmt: skip
def test_a_document_that_came_as_something_else_is_refused(document, content_type):
    """C3."""
    with pytest.raises(InvalidContent, match="but came as"):
        parse_manifest(document, content_type)


LAYERS, MANIFESTS = IMAGE["layers"], INDEX_OF_ONE["manifests"]
TWO_FACES = {
    "a manifest with manifests": (raw(IMAGE, manifests=MANIFESTS), MANIFEST),
    "a manifest with no manifests": (raw(IMAGE, manifests=[]), MANIFEST),
    "an index with layers": (raw(INDEX_OF_ONE, layers=LAYERS), INDEX),
    "an index with a config": (raw(INDEX_OF_ONE, config=IMAGE["config"]), INDEX),
    "an index with blobs": (raw(INDEX_OF_ONE, blobs=[]), INDEX),
    "untyped, as a manifest": (raw(IMAGE, mediaType=..., manifests=MANIFESTS), MANIFEST),
    "untyped, as an index": (raw(IMAGE, mediaType=..., manifests=MANIFESTS), INDEX),
    "untyped, by its shape": (raw(IMAGE, mediaType=..., manifests=MANIFESTS), "text/plain"),
    "docker's manifest": (
        raw(IMAGE, mediaType=DOCKER_MANIFEST, manifests=MANIFESTS), DOCKER_MANIFEST,
    ),
    "docker's index": (raw(INDEX_OF_ONE, mediaType=DOCKER_INDEX, layers=LAYERS), DOCKER_INDEX),
    "an artifact with layers": (raw(ARTIFACT, layers=LAYERS), ARTIFACT_MANIFEST),
    "an artifact with manifests": (raw(ARTIFACT, manifests=[]), ARTIFACT_MANIFEST),
    "a manifest with Manifests": (raw(IMAGE, Manifests=MANIFESTS), MANIFEST),
    "an index with LAYERS": (raw(INDEX_OF_ONE, LAYERS=LAYERS), INDEX),
    "a manifest with Layers only": (raw(IMAGE, layers=..., Layers=LAYERS), MANIFEST),
    "an index with a long s": (raw({**INDEX_OF_ONE, "layer\u017f": LAYERS}), INDEX),
}  # fmt: skip


@pytest.mark.parametrize(("document", "content_type"), TWO_FACES.values(), ids=TWO_FACES)
def test_no_document_is_a_manifest_to_one_and_an_index_to_another(document, content_type):
    """CVE-2021-41190, K-9; Go programs read names without regard to case (K-8)."""
    with pytest.raises(InvalidContent):
        parse_manifest(document, content_type)


@pytest.mark.parametrize(
    ("document", "content_type"),
    [
        *((raw({"schemaVersion": 1, "fsLayers": []}), name) for name in SCHEMA_1),
        *((raw(IMAGE), name) for name in SCHEMA_1),
        (raw({"schemaVersion": 1, "name": "x", "fsLayers": []}), "application/json"),
        (raw({"schemaVersion": 1}), ""),
        (raw(INDEX_OF_ONE, fsLayers=[]), INDEX),
        *((raw(IMAGE, mediaType=name), "") for name in SCHEMA_1),
    ],
)
def test_schema_1_is_refused_as_obsolete(document, content_type):
    """M-1; F-M6."""
    with pytest.raises(NotSupported, match="schema 1") as refused:
        parse_manifest(document, content_type)
    assert "push the image again" in refused.value.hints[0]


@pytest.mark.parametrize(
    ("document", "content_type", "said"),
    [
        (raw(IMAGE, schemaVersion=...), MANIFEST, "schemaVersion 2"),
        (raw(IMAGE, schemaVersion=3), MANIFEST, "schemaVersion 2"),
        (raw(IMAGE, schemaVersion=2.0), MANIFEST, "schemaVersion 2"),
        (raw(IMAGE, schemaVersion="2"), MANIFEST, "schemaVersion 2"),
        (raw(IMAGE, mediaType=CONFIG), MANIFEST, "not the media type of a manifest"),
        (raw(IMAGE, mediaType=[]), MANIFEST, "not the media type of a manifest"),
        (raw(IMAGE, mediaType={"a": 1}), MANIFEST, "not the media type of a manifest"),
        (raw(IMAGE, mediaType=5), MANIFEST, "not the media type of a manifest"),
        (raw(IMAGE, mediaType=""), MANIFEST, "not the media type of a manifest"),
        (raw(IMAGE, config=...), MANIFEST, "the config is not an object"),
        (raw(IMAGE, layers={}), MANIFEST, "layers is not a list"),
        (raw(IMAGE, layers=[None]), MANIFEST, r"layers[0] is not an object"),
        (raw(IMAGE, subject={}), MANIFEST, "the subject"),
        (raw(IMAGE, annotations={"a": 1}), MANIFEST, "annotations of the manifest"),
        (raw(INDEX_OF_ONE, manifests=5), INDEX, "manifests is not a list"),
        (raw(INDEX_OF_ONE, annotations=[]), INDEX, "annotations of the index"),
        (b"[]", MANIFEST, "a JSON list, not an object"),
        (b"{}", "application/octet-stream", "this is no manifest"),
        (b'{"schemaVersion":2}', "text/html", "this is no manifest: it came as 'text/html'"),
        (b'{"schemaVersion":2}', "", "this is no manifest: it came without a type, and names none"),
        (b"<html>", MANIFEST, "not JSON"),
        (b'{"layers":[],"layers":[]}', MANIFEST, "twice"),
        (b"", "", "not JSON"),
    ],
)
def test_what_is_no_manifest_is_refused_with_the_reason(document, content_type, said):
    with pytest.raises(InvalidContent) as refused:
        parse_manifest(document, content_type)
    assert said in str(refused.value)


def test_more_layers_than_anybody_has_are_refused():
    """F-M8."""
    most = parse_manifest(raw(IMAGE, layers=LAYERS * MOST_LAYERS), MANIFEST)
    assert isinstance(most, Manifest)
    with pytest.raises(InvalidContent, match="4,097 entries"):
        parse_manifest(raw(IMAGE, layers=LAYERS * (MOST_LAYERS + 1)), MANIFEST)


@pytest.mark.parametrize("size", [2**63, -1])
def test_sizes_are_bounded(size):
    """F-M8."""
    with pytest.raises(InvalidContent):
        parse_manifest(raw(IMAGE, layers=[{**LAYERS[0], "size": size}]), MANIFEST)


def test_missing_layers_count_as_none():
    for document in (raw(IMAGE, layers=...), raw(IMAGE, layers=None), raw(IMAGE, layers=[])):
        found = parse_manifest(document, MANIFEST)
        assert isinstance(found, Manifest)
        assert found.layers == ()


@pytest.mark.parametrize(
    ("changes", "artifact_type", "is_image"),
    [
        ({}, CONFIG, True),
        ({"config": Descriptor.of(b"{}", DOCKER_CONFIG).to_json()}, DOCKER_CONFIG, True),
        ({"artifactType": "a/b", "config": EMPTY.to_json()}, "a/b", False),
        ({"config": Descriptor.of(b"{}", "a/c").to_json()}, "a/c", False),
        ({"artifactType": 5}, CONFIG, True),
    ],
)
def test_the_kind_of_an_artifact_is_its_own_word_or_its_configs_type(
    changes, artifact_type, is_image
):
    found = parse_manifest(raw(IMAGE, **changes), MANIFEST)
    assert isinstance(found, Manifest)
    assert (found.artifact_type, found.is_image) == (artifact_type, is_image)


def test_a_manifest_of_statements_only_is_an_attestation_and_no_image():
    statement = Descriptor.of(b"{}", media_types.IN_TOTO)
    assert Manifest.of(CONFIG_BLOB, [statement]).is_attestation
    assert not Manifest.of(CONFIG_BLOB, [statement]).is_image
    assert not Manifest.of(CONFIG_BLOB, [statement, LAYER_BLOB]).is_attestation
    assert not Manifest.of(CONFIG_BLOB, []).is_attestation


def test_an_artifact_manifest_has_blobs_and_needs_no_schema_version():
    content = raw(ARTIFACT, subject=CONFIG_BLOB.to_json(), annotations={"a": "b"})
    found = parse_manifest(content)
    assert isinstance(found, ArtifactManifest)
    assert (found.artifact_type, found.blobs, found.subject) == ("a/b", (LAYER_BLOB,), CONFIG_BLOB)
    assert found.layers == found.children == found.blobs
    assert found.total_size == found.size + 5


def test_a_new_manifest_is_written_in_the_order_of_the_spec_and_read_back():
    made = Manifest.of(
        EMPTY, [LAYER_BLOB], annotations={"a": "é"}, subject=CONFIG_BLOB, artifact_type="a/b"
    )
    assert list(made.json) == [
        "schemaVersion", "mediaType", "artifactType", "config", "layers", "subject", "annotations",
    ]  # fmt: skip
    assert parse_manifest(made.raw, MANIFEST) == made
    assert made.children == (EMPTY, LAYER_BLOB)
    assert "é".encode() in made.raw
    assert list(Manifest.of(CONFIG_BLOB, []).json) == list(IMAGE)


def test_what_is_moved_counts_each_digest_once_whatever_is_said_about_it():
    again = Descriptor.of(b"layer", LAYER_GZIP, annotations={"a": "b"})
    made = Manifest.of(CONFIG_BLOB, [LAYER_BLOB, LAYER_BLOB, again])
    assert made.total_size == made.size + 2 + 5
    assert repr(made).startswith(f"<Manifest {made.digest.short} 3 layers ")


def test_a_manifest_for_a_registry_that_would_not_take_it_cannot_be_made():
    """M-4."""
    with pytest.raises(InvalidContent, match="4,194,304"):
        Manifest.of(CONFIG_BLOB, [], annotations={"a": "x" * 4_200_000})


@pytest.mark.parametrize("document", [raw(IMAGE), raw(INDEX_OF_ONE), raw(ARTIFACT)])
def test_documents_are_values(document):
    found = parse_manifest(document)
    assert found == parse_manifest(document)
    assert len({found, parse_manifest(document)}) == 1
    assert pickle.loads(pickle.dumps(found)) == found
    assert "\n" not in repr(found)
    with pytest.raises(AttributeError):
        found.media_type = "x"  # type: ignore[misc]  # that it cannot be is what is tested
