"""The suite's branch on data: each set is pushed, headed, pulled, listed and deleted.

`test_every_row_of_the_suite_is_answered_for` is the map from its rows to what is here.
"""

from __future__ import annotations

import pytest

from ocinb.oci import media_types
from ocinb.oci.digest import Digest
from tests.registry.asking import Streamed
from tests.registry.conformance import data as sets
from tests.registry.conformance import steps
from tests.registry.conformance.asking import Asker
from tests.registry.conformance.data import Blob, Data

MADE = {name: sets.made(name) for name in sets.SETS}
NOT_THERE = Digest(f"sha256:{'0' * 64}")
BAD = "sha256:baddigeststring"

# The rows of the suite's summary: on the API, and on data with the tests here that hold them.
API = """
Tag listing, Tag delete, Tag delete atomic, Blob upload cancel, Blob push, Blob post only,
Blob post put, Blob chunked, Blob streaming, Blob mount, Blob anonymous mount, Blob get,
Blob get range, Blob head, Blob delete, Blob delete atomic, Manifest put by digest,
Manifest put by tag, Manifest put with tag params, Manifest put with subject,
Manifest get by digest, Manifest get by tag, Manifest head by digest, Manifest head by tag,
Manifest delete, Manifest delete atomic, Referrers, Ping
"""
DATA = {
    "Artifact": "artifact",
    "Artifact Index": "artifact-index",
    "Artifact without Layers": "artifact-without-layers",
    "Artifacts with Subject": "artifacts-with-subject",
    "Bad Digest Image": "test_bad_digest_image",
    "Blobs sha256": "test_blobs.py",
    "Blobs sha512": "test_blobs.py",
    "Custom Fields": "custom-fields",
    "Data Field": "data-field",
    "Empty Index": "empty-index",
    "Image": "image",
    "Image Uncompressed": "image-uncompressed",
    "Image with Large Manifest": "large-manifest",
    "Index": "index",
    "Index with Subject": "index-with-subject",
    "Invalid Manifest Digest": "test_invalid_digest_format",
    "Missing Subject": "missing-subject",
    "Nested Index": "nested-index",
    "No Layers": "no-layers",
    "Non-distributable Layers": "non-distributable-layers",
    "Digest Algorithm sha512": "sha512",
    "Sparse Manifests": "sparse",
    "Tag Param": "tag-param-sha256",
    "Tag Param sha512": "tag-param-sha512",
}


def test_every_row_of_the_suite_is_answered_for():
    rows = {row.strip() for row in API.replace("\n", " ").split(",")}
    assert rows == set(steps.API)
    assert len(rows) == 28
    held = {place for place in DATA.values() if not place.startswith("test_")}
    assert held == set(sets.SETS)
    assert len(DATA) == 24


@pytest.mark.parametrize("name", sets.SETS)
def test_a_data_set_is_served_as_the_spec_says(ask, name):
    data = MADE[name]
    for manifest in data.manifests:  # nobody refers to anything yet, and asking is no mistake
        steps.referrers(ask, manifest.digest, [])
    push(ask, data)
    out(ask, data, "HEAD")
    out(ask, data, "GET")
    list_tags(ask, data)
    list_referrers(ask, data)
    delete(ask, data)


def push(ask: Asker, data: Data) -> None:
    for digest, content in data.blobs.items():
        steps.blob_post_put(ask, Blob(digest, content))
    for manifest in data.manifests:
        steps.manifest_by_digest(ask, manifest)
        for tag in manifest.tags:
            steps.manifest_by_tag(ask, manifest, tag)


def out(ask: Asker, data: Data, method: str) -> None:
    for manifest in data.manifests:
        for reference in (manifest.digest, *manifest.tags, *manifest.extra):
            steps.manifest_out(ask, manifest, method, reference)
    for digest, content in data.blobs.items():
        (steps.blob_head if method == "HEAD" else steps.blob_get)(ask, Blob(digest, content))


def list_tags(ask: Asker, data: Data) -> None:
    tags = [tag for each in data.manifests for tag in (*each.tags, *each.extra)]
    steps.tag_list(ask, sorted(tags))


def list_referrers(ask: Asker, data: Data) -> None:
    subjects = {each.subject for each in data.manifests if each.subject}
    for subject in {*subjects, *(each.digest for each in data.manifests), NOT_THERE}:
        referring = [each.entry for each in data.manifests if each.subject == subject]
        steps.referrers(ask, Digest(subject), referring)


def delete(ask: Asker, data: Data) -> None:
    for manifest in data.manifests:
        for tag in (*manifest.tags, *manifest.extra):
            steps.manifest_delete(ask, tag)
    for manifest in reversed(data.manifests):
        steps.manifest_delete(ask, manifest.digest)
    steps.tag_list(ask, [])
    for subject in {each.subject for each in data.manifests if each.subject}:
        steps.referrers(ask, Digest(subject), [])
    for digest, content in data.blobs.items():
        steps.blob_delete(ask, Blob(digest, content))


def test_ping(ask):
    steps.ping(ask)


def test_empty(ask):
    """Nothing was ever pushed there."""
    steps.tag_list(ask, [])
    steps.referrers(ask, NOT_THERE, [])


def test_bad_digest_image(ask):
    """An image that is pushed under a digest that is not its own."""
    data = MADE["image"]
    for digest, content in data.blobs.items():
        steps.blob_post_put(ask, Blob(digest, content))
    kind = {"Content_Type": media_types.MANIFEST}
    answer = ask("PUT", f"manifests/{NOT_THERE}", Streamed(data.manifests[0].raw), **kind)
    assert answer.status == 400
    assert b"DIGEST_INVALID" in answer.body
    for reference in (NOT_THERE, data.manifests[0].digest):
        assert ask("GET", f"manifests/{reference}").status == 404
    assert ask("DELETE", f"manifests/{NOT_THERE}").status == 404
    steps.tag_list(ask, [])


@pytest.mark.parametrize("pushed", [False, True])
@pytest.mark.parametrize("reference", [NOT_THERE, "missing"], ids=["by-digest", "by-tag"])
def test_missing_manifest(ask, reference, pushed):
    if pushed:
        push(ask, MADE["image"])
    for method in ("GET", "HEAD", "DELETE"):
        assert ask(method, f"manifests/{reference}").status == 404


@pytest.mark.parametrize(
    ("method", "url"),
    [
        ("PUT", f"manifests/{BAD}"),
        ("GET", f"manifests/{BAD}"),
        ("DELETE", f"manifests/{BAD}"),
        ("GET", f"blobs/{BAD}"),
        ("DELETE", f"blobs/{BAD}"),
        ("POST", f"{steps.UPLOADS}?digest={BAD}"),
        ("GET", f"referrers/{BAD}"),
    ],
)
def test_invalid_digest_format(ask, method, url):
    answer = ask(method, url, MADE["image"].manifests[0].raw if method == "PUT" else b"")
    assert answer.status == 400
    assert b"DIGEST_INVALID" in answer.body


def test_invalid_digest_format_at_the_end_of_an_upload(ask):
    location = steps.opened(ask("POST", steps.UPLOADS))
    answer = ask("PUT", f"{location}?digest={BAD}", b"content")
    assert answer.status == 400
    assert b"DIGEST_INVALID" in answer.body
