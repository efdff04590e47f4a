from __future__ import annotations

import pytest

from ocinb.oci.digest import Digest
from ocinb.registry.blobs import byte_range
from tests.registry.asking import BLOB, NAME, ask, code, push_blob

URL = f"/v2/demo/app/blobs/{NAME}"


def test_S5_a_blob_of_an_unknown_repository_is_a_name_unknown(registry):
    assert code(ask(registry, "GET", URL)) == "404 NAME_UNKNOWN"


def test_S5_a_missing_blob_is_a_blob_unknown(registry):
    push_blob(registry, "demo/app", b"another")
    assert code(ask(registry, "GET", URL)) == "404 BLOB_UNKNOWN"
    response = ask(registry, "HEAD", URL)
    assert (response.status, response.body) == (404, b"")


def test_a_blob_is_there_only_in_its_repository(registry):
    push_blob(registry, "demo/app")
    push_blob(registry, "demo/other", b"another")
    assert code(ask(registry, "GET", f"/v2/demo/other/blobs/{NAME}")) == "404 BLOB_UNKNOWN"


def test_S3_a_blob_comes_with_its_digest(registry):
    push_blob(registry, "demo/app")
    response = ask(registry, "GET", URL)
    assert response.status == 200
    assert response.body == BLOB
    assert response.headers["docker-content-digest"] == NAME
    assert response.headers["content-type"] == "application/octet-stream"
    assert response.headers["accept-ranges"] == "bytes"


def test_S4_HEAD_says_the_length_and_sends_nothing(registry):
    push_blob(registry, "demo/app")
    response = ask(registry, "HEAD", URL, Range="bytes=0-1")
    assert (response.status, response.body) == (200, b"")
    assert response.headers["content-length"] == "2048"
    assert response.headers["docker-content-digest"] == NAME


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_S4_the_empty_blob_has_length_zero(registry, method):
    empty = push_blob(registry, "demo/app", b"")
    response = ask(registry, method, f"/v2/demo/app/blobs/{empty}")
    assert response.status == 200
    assert response.headers["content-length"] == "0"


@pytest.mark.parametrize(
    ("asked", "start", "stop"),
    [
        ("bytes=500-1499", 500, 1500),
        ("bytes=500-", 500, 2048),
        ("bytes=-500", 1548, 2048),
        ("bytes=2000-5000", 2000, 2048),
        ("bytes=-5000", 0, 2048),
        ("bytes=0-0", 0, 1),
    ],
)
def test_S6_a_range_is_answered_with_exactly_that(registry, asked, start, stop):
    push_blob(registry, "demo/app")
    response = ask(registry, "GET", URL, Range=asked)
    assert response.status == 206
    assert response.body == BLOB[start:stop]
    assert response.headers["content-range"] == f"bytes {start}-{stop - 1}/2048"


@pytest.mark.parametrize("asked", ["bytes=500-0", "bytes=5000-10000", "bytes=2048-", "bytes=-0"])
def test_S6_a_range_with_nothing_in_it_is_416(registry, asked):
    push_blob(registry, "demo/app")
    response = ask(registry, "GET", URL, Range=asked)
    assert response.status == 416
    assert response.headers["content-range"] == "bytes */2048"


@pytest.mark.parametrize(
    "asked", ["", "bytes=-", "bytes=a-b", "bytes=0-1,5-6", "lines=1-2", "bytes=1", "bytes=٣-٤"]
)
def test_S6_what_is_no_single_range_of_bytes_is_ignored(asked):
    assert byte_range(asked, 2048) is None


def test_S6_every_range_of_the_empty_blob_is_beyond_it(registry):
    empty = push_blob(registry, "demo/app", b"")
    response = ask(registry, "GET", f"/v2/demo/app/blobs/{empty}", Range="bytes=0-")
    assert response.status == 416


@pytest.mark.parametrize(
    "digest",
    ["sha256:baddigeststring", "sha256:..%2F..%2Fetc", f"md5:{'a' * 32}", "sha256:", "latest"],
)
def test_S10_a_digest_that_is_none_is_refused(registry, digest):
    push_blob(registry, "demo/app")
    assert ask(registry, "GET", f"/v2/demo/app/blobs/{digest}").status == 400


def test_an_algorithm_that_cannot_be_pushed_is_simply_not_there(registry):
    push_blob(registry, "demo/app")
    url = f"/v2/demo/app/blobs/blake3:{'a' * 64}"
    assert code(ask(registry, "GET", url)) == "404 BLOB_UNKNOWN"


def test_a_percent_encoded_digest_is_decoded_once(registry):
    push_blob(registry, "demo/app")
    assert ask(registry, "GET", URL.replace(":", "%3A")).status == 200
    assert ask(registry, "GET", URL.replace(":", "%253A")).status == 400


def test_S7_the_digest_in_the_answer_uses_the_algorithm_asked_for(registry):
    long = Digest.of(BLOB, "sha512")
    url = f"/v2/demo/app/blobs/uploads/?digest={long}"
    assert ask(registry, "POST", url, BLOB).headers["docker-content-digest"] == long
    response = ask(registry, "GET", f"/v2/demo/app/blobs/{long}")
    assert response.headers["docker-content-digest"] == long
