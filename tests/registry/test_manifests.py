from __future__ import annotations

import json

import pytest

from ocinb.oci import media_types
from ocinb.oci.descriptor import Descriptor
from ocinb.oci.digest import Digest
from ocinb.oci.index import Index
from ocinb.oci.manifest import Manifest
from ocinb.oci.strict_json import MANIFEST_LIMIT
from ocinb.registry import manifests
from ocinb.registry.app import LocalRegistry
from tests.registry.asking import (
    BLOB,
    CONFIG,
    MANIFEST,
    Streamed,
    ask,
    code,
    push_blob,
    push_manifest,
    put_manifest,
)

LONG = Digest.of(MANIFEST.raw, "sha512")


def url(reference, name="demo/app"):
    return f"/v2/{name}/manifests/{reference}"


def tags(registry, name="demo/app"):
    return json.loads(ask(registry, "GET", f"/v2/{name}/tags/list").body)["tags"]


def test_S18_a_manifest_comes_back_byte_for_byte_by_tag_and_by_digest(registry):
    response = push_manifest(registry, "demo/app")
    assert response.status == 201
    assert response.headers["location"] == url("v1")
    assert response.headers["docker-content-digest"] == MANIFEST.digest
    for reference in ("v1", MANIFEST.digest):
        got = ask(registry, "GET", url(reference))
        assert (got.status, got.body) == (200, MANIFEST.raw)
        assert got.headers["content-type"] == media_types.MANIFEST
        assert got.headers["docker-content-digest"] == MANIFEST.digest


def test_S4_HEAD_says_type_length_and_digest_and_sends_nothing(registry):
    push_manifest(registry, "demo/app")
    response = ask(registry, "HEAD", url("v1"))
    assert (response.status, response.body) == (200, b"")
    assert response.headers["content-length"] == str(MANIFEST.size)
    assert response.headers["content-type"] == media_types.MANIFEST
    assert response.headers["docker-content-digest"] == MANIFEST.digest


@pytest.mark.parametrize("reference", ["v2", Digest.of(b"another")])
def test_S5_what_is_not_there_is_manifest_unknown_or_name_unknown(registry, reference):
    assert code(ask(registry, "GET", url(reference))) == "404 NAME_UNKNOWN"
    push_manifest(registry, "demo/app")
    assert code(ask(registry, "GET", url(reference))) == "404 MANIFEST_UNKNOWN"
    assert ask(registry, "HEAD", url(reference)).status == 404


def test_a_blob_is_no_manifest(registry):
    digest = push_blob(registry, "demo/app", MANIFEST.raw)
    assert code(ask(registry, "GET", url(digest))) == "404 MANIFEST_UNKNOWN"


@pytest.mark.parametrize("method", ["GET", "PUT"])
@pytest.mark.parametrize(
    "reference", ["sha256:baddigeststring", "-bad", ".bad", "a" * 129, "a%0Ab"]
)
def test_S19_a_reference_that_is_none_is_refused(registry, method, reference):
    push_manifest(registry, "demo/app")
    response = ask(registry, method, url(reference), MANIFEST.raw)
    assert response.status == 400
    assert tags(registry) == ["v1"]


def test_S19_a_digest_that_does_not_match_is_refused(registry):
    push_manifest(registry, "demo/app")
    response = put_manifest(registry, "demo/app", Digest.of(b"x"), MANIFEST.raw)
    assert code(response) == "400 DIGEST_INVALID"


@pytest.mark.parametrize(
    ("raw", "media_type"),
    [
        (b"", media_types.MANIFEST),
        (b"no json", media_types.MANIFEST),
        (b"[]", media_types.MANIFEST),
        (b"{}", media_types.MANIFEST),
        (MANIFEST.raw.replace(b"{", b'{"schemaVersion":2,', 1), media_types.MANIFEST),
        (MANIFEST.raw, media_types.INDEX),
        (MANIFEST.raw, "application/json"),
        (b'{"schemaVersion":1}', media_types.SCHEMA_1[0]),
    ],
)
def test_S19_what_is_no_manifest_of_its_type_is_refused(registry, raw, media_type):
    """G-10: no JSON, no object, a field given twice, another type than it came as."""
    push_manifest(registry, "demo/app")
    assert code(put_manifest(registry, "demo/app", "v2", raw, media_type)) == "400 MANIFEST_INVALID"
    assert tags(registry) == ["v1"]


def test_S33_unknown_fields_and_the_exact_bytes_are_kept(registry):
    push_manifest(registry, "demo/app")
    raw = json.dumps({**json.loads(MANIFEST.raw), "org.example": [1, 2]}, indent=7).encode()
    assert put_manifest(registry, "demo/app", "odd", raw).status == 201
    assert ask(registry, "GET", url("odd")).body == raw


def test_parameters_of_the_media_type_are_not_kept(registry):
    push_manifest(registry, "demo/app")
    said = f"{media_types.MANIFEST}; charset=utf-8"
    assert put_manifest(registry, "demo/app", "v2", MANIFEST.raw, said).status == 201
    assert ask(registry, "GET", url("v2")).headers["content-type"] == media_types.MANIFEST


def test_S20_a_manifest_of_the_limit_passes_and_one_byte_more_does_not(registry):
    """G-10"""
    push_manifest(registry, "demo/app")
    whole = MANIFEST.raw + b" " * (MANIFEST_LIMIT - MANIFEST.size)
    assert put_manifest(registry, "demo/app", "large", whole).status == 201
    response = put_manifest(registry, "demo/app", "larger", whole + b" ")
    assert code(response) == "413 SIZE_INVALID"


def test_S20_a_manifest_is_measured_also_when_it_does_not_say_how_long_it_is(registry):
    push_manifest(registry, "demo/app")
    assert put_manifest(registry, "demo/app", "v2", Streamed(MANIFEST.raw)).status == 201

    class Endless(Streamed):
        def __iter__(self):
            for _ in range(MANIFEST_LIMIT // 1024 + 1):
                yield bytes(1024)
            raise AssertionError("it was read much further than the limit")

    assert put_manifest(registry, "demo/app", "v3", Endless()).status == 413


def test_S19_missing_blobs_are_named(registry):
    """G-11"""
    push_blob(registry, "demo/app", CONFIG)
    response = put_manifest(registry, "demo/app", "v1", MANIFEST.raw)
    assert code(response) == "400 MANIFEST_BLOB_UNKNOWN"
    (missing,) = json.loads(response.body)["errors"][0]["detail"]
    assert missing == {"digest": Digest.of(BLOB), "mediaType": media_types.LAYER}
    assert ask(registry, "GET", url("v1")).status == 404


def test_S19_a_missing_child_of_an_index_is_a_400(registry):
    index = Index.of([MANIFEST.descriptor])
    response = put_manifest(registry, "demo/app", "v1", index.raw, media_types.INDEX)
    assert code(response) == "400 MANIFEST_BLOB_UNKNOWN"
    push_manifest(registry, "demo/app", MANIFEST.digest)
    response = put_manifest(registry, "demo/app", "v1", index.raw, media_types.INDEX)
    assert response.status == 201


def test_S19_a_sparse_registry_takes_manifests_of_what_is_not_there():
    """G-11"""
    registry = LocalRegistry(sparse=True)
    index = Index.of([MANIFEST.descriptor])
    assert put_manifest(registry, "demo/app", "v1", index.raw, media_types.INDEX).status == 201
    assert put_manifest(registry, "demo/app", "v2", MANIFEST.raw).status == 201


def test_S19_a_layer_that_is_fetched_elsewhere_need_not_be_here(registry):
    push_blob(registry, "demo/app", CONFIG)
    config = Descriptor.of(CONFIG, media_types.CONFIG)
    foreign = "application/vnd.oci.image.layer.nondistributable.v1.tar"
    for kind, urls, status in [
        (foreign, ("https://example.com/x",), 201),
        ("application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", ("https://e.com/x",), 201),
        (foreign, (), 400),
        (media_types.LAYER, ("https://example.com/x",), 400),
    ]:
        manifest = Manifest.of(config, [Descriptor.of(b"elsewhere", kind, urls=urls)])
        assert put_manifest(registry, "demo/app", "v1", manifest.raw).status == status


def test_S22_a_subject_is_confirmed_and_may_be_missing(registry):
    """G-11"""
    push_blob(registry, "demo/app", CONFIG)
    config = Descriptor.of(CONFIG, media_types.CONFIG)
    manifest = Manifest.of(config, [], subject=MANIFEST.descriptor)
    response = put_manifest(registry, "demo/app", manifest.digest, manifest.raw)
    assert response.status == 201
    assert response.headers["oci-subject"] == MANIFEST.digest


def test_without_a_subject_none_is_confirmed(registry):
    assert "oci-subject" not in push_manifest(registry, "demo/app").headers


def test_S21_many_tags_are_pushed_at_once(registry):
    """G-13"""
    push_manifest(registry, "demo/app", MANIFEST.digest)
    wanted = [f"t{n}" for n in range(10)]
    query = "&".join(f"tag={tag}" for tag in wanted)
    response = put_manifest(registry, "demo/app", f"{MANIFEST.digest}?{query}", MANIFEST.raw)
    assert response.status == 201
    assert response.headers["oci-tag"].split(", ") == wanted
    assert tags(registry) == sorted(wanted)


def test_S21_one_bad_tag_among_good_ones_moves_none(registry):
    """G-13"""
    push_manifest(registry, "demo/app", MANIFEST.digest)
    reference = f"{MANIFEST.digest}?tag=good&tag=-bad"
    assert put_manifest(registry, "demo/app", reference, MANIFEST.raw).status == 400
    assert tags(registry) == []


def test_S21_more_tags_than_are_taken_are_414(registry):
    push_manifest(registry, "demo/app", MANIFEST.digest)
    query = "&".join(f"tag=t{n}" for n in range(manifests.MOST_TAGS + 1))
    response = put_manifest(registry, "demo/app", f"{MANIFEST.digest}?{query}", MANIFEST.raw)
    assert response.status == 414


def test_S7_a_tag_remembers_the_digest_it_was_pushed_with(registry):
    push_manifest(registry, "demo/app")
    assert put_manifest(registry, "demo/app", f"{LONG}?tag=long", MANIFEST.raw).status == 201
    for reference, digest in [("v1", MANIFEST.digest), ("long", LONG), (LONG, LONG)]:
        for method in ("GET", "HEAD"):
            response = ask(registry, method, url(reference))
            assert response.headers["docker-content-digest"] == digest


def test_a_moved_tag_leaves_the_old_manifest_there(registry):
    push_manifest(registry, "demo/app")
    other = Manifest.of(Descriptor.of(CONFIG, media_types.CONFIG), [])
    put_manifest(registry, "demo/app", "v1", other.raw)
    assert ask(registry, "GET", url("v1")).body == other.raw
    assert ask(registry, "GET", url(MANIFEST.digest)).body == MANIFEST.raw


def test_a_manifest_without_a_content_type_is_taken_by_its_own(registry):
    push_manifest(registry, "demo/app")
    assert ask(registry, "PUT", url("v2"), MANIFEST.raw).status == 201
    assert ask(registry, "GET", url("v2")).headers["content-type"] == media_types.MANIFEST
