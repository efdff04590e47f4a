from __future__ import annotations

import json

import pytest

from tests.registry.asking import (
    MANIFEST,
    NAME,
    ask,
    code,
    open_upload,
    push_blob,
    push_manifest,
    put_manifest,
)


def manifest(registry, reference):
    return ask(registry, "HEAD", f"/v2/demo/app/manifests/{reference}").status


def delete(registry, reference):
    return ask(registry, "DELETE", f"/v2/demo/app/manifests/{reference}")


def test_S29_a_deleted_tag_is_gone_and_its_manifest_stays(registry):
    """G-17"""
    push_manifest(registry, "demo/app")
    assert delete(registry, "v1").status == 202
    assert manifest(registry, "v1") == 404
    assert manifest(registry, MANIFEST.digest) == 200
    tags = json.loads(ask(registry, "GET", "/v2/demo/app/tags/list").body)["tags"]
    assert tags == []


def test_S29_a_deleted_manifest_takes_its_tags_with_it(registry):
    """G-17"""
    push_manifest(registry, "demo/app")
    for tag in ("v2", "v3"):
        put_manifest(registry, "demo/app", tag, MANIFEST.raw)
    assert delete(registry, MANIFEST.digest).status == 202
    for reference in ("v1", "v2", "v3", MANIFEST.digest):
        assert manifest(registry, reference) == 404
    assert push_manifest(registry, "demo/app").status == 201
    assert manifest(registry, "v1") == 200


@pytest.mark.parametrize("reference", ["v2", NAME])
def test_S29_what_is_not_there_cannot_be_deleted(registry, reference):
    assert code(delete(registry, reference)) == "404 NAME_UNKNOWN"
    push_manifest(registry, "demo/app")
    assert code(delete(registry, reference)) == "404 MANIFEST_UNKNOWN"


def test_S29_a_deleted_blob_is_gone_from_its_repository_alone(registry):
    """G-17: also one that a manifest names; that is up to whoever asks."""
    push_manifest(registry, "demo/app")
    push_blob(registry, "demo/app", b"other")
    ask(registry, "POST", f"/v2/demo/other/blobs/uploads/?mount={NAME}")
    url = f"/v2/demo/app/blobs/{NAME}"
    assert ask(registry, "DELETE", url).status == 202
    assert ask(registry, "HEAD", url).status == 404
    assert code(ask(registry, "DELETE", url)) == "404 BLOB_UNKNOWN"
    assert ask(registry, "GET", f"/v2/demo/other/blobs/{NAME}").status == 200


def test_S16_a_cancelled_upload_is_gone(registry):
    location = open_upload(registry, "demo/app")
    ask(registry, "PATCH", location, b"half")
    assert ask(registry, "DELETE", location).status == 204
    assert code(ask(registry, "GET", location)) == "404 BLOB_UPLOAD_UNKNOWN"
    assert code(ask(registry, "DELETE", location)) == "404 BLOB_UPLOAD_UNKNOWN"
