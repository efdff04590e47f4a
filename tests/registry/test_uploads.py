from __future__ import annotations

import threading

import pytest

from ocinb.errors import Cancelled, TruncatedBody
from ocinb.oci.digest import Digest
from ocinb.protocol.fields.headers import Headers
from ocinb.protocol.messages import Request
from ocinb.registry import sessions
from ocinb.registry.app import LocalRegistry
from tests.registry.asking import (
    BLOB,
    NAME,
    NAME_512,
    Streamed,
    ask,
    code,
    open_upload,
    push_blob,
)


def fetched(registry, digest=NAME, name="demo/app"):
    response = ask(registry, "GET", f"/v2/{name}/blobs/{digest}")
    return response.body if response.status == 200 else None


def test_S8_a_session_has_an_address_nobody_can_guess(registry):
    first, second = open_upload(registry, "demo/app"), open_upload(registry, "demo/app")
    assert first != second
    assert first.startswith("/v2/demo/app/blobs/uploads/")
    assert len(first.rpartition("/")[2]) >= 32


def test_post_then_put_stores_the_blob(registry):
    location = open_upload(registry, "demo/app")
    response = ask(registry, "PUT", f"{location}?digest={NAME}", BLOB)
    assert response.status == 201
    assert response.headers["location"] == f"/v2/demo/app/blobs/{NAME}"
    assert response.headers["docker-content-digest"] == NAME
    assert fetched(registry) == BLOB
    assert ask(registry, "GET", location).status == 404


def test_the_slash_at_the_end_may_be_missing(registry):
    assert ask(registry, "POST", "/v2/demo/app/blobs/uploads").status == 202


def test_S9_one_post_stores_the_blob(registry):
    response = ask(registry, "POST", f"/v2/demo/app/blobs/uploads/?digest={NAME}", BLOB)
    assert response.status == 201
    assert fetched(registry) == BLOB


def test_S12_chunks_are_acknowledged_as_they_come(registry):
    location = open_upload(registry, "demo/app")
    first = ask(registry, "PATCH", location, BLOB[:1000], Content_Range="0-999")
    assert (first.status, first.headers["range"]) == (202, "0-999")
    assert first.headers["location"] == location
    second = ask(registry, "PATCH", location, BLOB[1000:], Content_Range="1000-2047")
    assert second.headers["range"] == "0-2047"
    assert ask(registry, "PUT", f"{location}?digest={NAME}").status == 201
    assert fetched(registry) == BLOB


def test_the_last_chunk_may_come_with_the_put(registry):
    location = open_upload(registry, "demo/app")
    ask(registry, "PATCH", location, BLOB[:1000], Content_Range="0-999")
    url = f"{location}?digest={NAME}"
    assert ask(registry, "PUT", url, BLOB[1000:], Content_Range="1000-2047").status == 201
    assert fetched(registry) == BLOB


@pytest.mark.parametrize("method", ["PATCH", "PUT"])
@pytest.mark.parametrize("stated", ["1500-1999", "500-999", "0-499"])
def test_S12_S13_a_chunk_out_of_order_is_416_and_the_session_lives(registry, method, stated):
    """G-2: a gap, an overlap, a repetition."""
    location = open_upload(registry, "demo/app")
    ask(registry, "PATCH", location, BLOB[:1000], Content_Range="0-999")
    response = ask(registry, method, f"{location}?digest={NAME}", bytes(500), Content_Range=stated)
    assert response.status == 416
    assert response.headers["range"] == "0-999"
    status = ask(registry, "GET", location)
    assert (status.status, status.headers["range"]) == (204, "0-999")
    assert ask(registry, "PUT", f"{location}?digest={NAME}", BLOB[1000:]).status == 201


@pytest.mark.parametrize(
    "stated", ["bytes 0-9/2048", "bytes=0-9", "9-0", "0", "-9", "0-", "٠-٩", "0-9\n", "a-b"]
)
def test_a_content_range_of_another_form_is_refused_and_the_session_lives(registry, stated):
    """G-2"""
    location = open_upload(registry, "demo/app")
    response = ask(registry, "PATCH", location, bytes(10), Content_Range=stated)
    assert code(response) == "400 BLOB_UPLOAD_INVALID"
    assert ask(registry, "PUT", f"{location}?digest={NAME}", BLOB).status == 201


@pytest.mark.parametrize("body", [bytes(9), bytes(11), Streamed(bytes(9)), Streamed(bytes(11))])
def test_a_chunk_that_is_not_as_long_as_it_says_leaves_nothing(registry, body):
    """G-2"""
    location = open_upload(registry, "demo/app")
    response = ask(registry, "PATCH", location, body, Content_Range="0-9")
    assert code(response) == "400 SIZE_INVALID"
    assert ask(registry, "PUT", f"{location}?digest={NAME}", BLOB).status == 201
    assert fetched(registry) == BLOB


def test_S12_a_stream_without_a_range_is_appended(registry):
    location = open_upload(registry, "demo/app")
    response = ask(registry, "PATCH", location, Streamed(BLOB[:7], BLOB[7:2000]))
    assert (response.status, response.headers["range"]) == (202, "0-1999")
    assert ask(registry, "PUT", f"{location}?digest={NAME}", Streamed(BLOB[2000:])).status == 201
    assert fetched(registry) == BLOB


def test_S15_a_session_without_a_byte_says_0_0(registry):
    location = open_upload(registry, "demo/app")
    status = ask(registry, "GET", location)
    assert (status.status, status.headers["range"], status.body) == (204, "0-0", b"")


def test_S14_a_session_that_is_none_is_upload_unknown(registry):
    open_upload(registry, "demo/app")
    for method in ("GET", "PATCH", "PUT"):
        url = f"/v2/demo/app/blobs/uploads/abc?digest={NAME}"
        assert code(ask(registry, method, url)) == "404 BLOB_UPLOAD_UNKNOWN"


def test_a_session_belongs_to_its_repository(registry):
    """G-7"""
    location = open_upload(registry, "demo/app")
    elsewhere = location.replace("demo/app", "demo/other")
    assert code(ask(registry, "PATCH", elsewhere, b"x")) == "404 BLOB_UPLOAD_UNKNOWN"
    assert ask(registry, "GET", location).status == 204


def test_S10_a_wrong_digest_is_refused_shows_nothing_and_ends_the_session(registry):
    """G-5"""
    location = open_upload(registry, "demo/app")
    response = ask(registry, "PUT", f"{location}?digest={NAME}", b"something else")
    assert code(response) == "400 DIGEST_INVALID"
    assert fetched(registry) is None
    assert ask(registry, "GET", location).status == 404


@pytest.mark.parametrize(
    "query", ["", "?digest=", "?digest=sha256:bad", "?digest=blake3:" + "a" * 64]
)
def test_S10_a_put_without_a_usable_digest_is_refused_and_the_session_lives(registry, query):
    location = open_upload(registry, "demo/app")
    assert code(ask(registry, "PUT", f"{location}{query}", BLOB)) == "400 DIGEST_INVALID"
    assert ask(registry, "PUT", f"{location}?digest={NAME}", BLOB).status == 201


@pytest.mark.parametrize(
    "query", [f"digest={Digest.of(b'other')}", "digest=sha256:bad", "digest=blake3:" + "a" * 64]
)
def test_S10_a_single_post_with_a_wrong_digest_is_refused(registry, query):
    response = ask(registry, "POST", f"/v2/demo/app/blobs/uploads/?{query}", BLOB)
    assert code(response) == "400 DIGEST_INVALID"


@pytest.mark.parametrize("query", ["", "?digest-algorithm=sha512", "?digest-algorithm=sha256"])
@pytest.mark.parametrize("digest", [NAME, NAME_512])
def test_S11_the_algorithm_may_be_said_before_and_may_change(registry, query, digest):
    location = open_upload(registry, "demo/app", query)
    response = ask(registry, "PUT", f"{location}?digest={digest}", BLOB)
    assert response.headers["docker-content-digest"] == digest
    assert fetched(registry, digest) == BLOB


def test_S11_an_unknown_algorithm_is_refused(registry):
    url = "/v2/demo/app/blobs/uploads/?digest-algorithm=blake3"
    assert code(ask(registry, "POST", url)) == "400 DIGEST_INVALID"


def test_S17_a_blob_is_mounted_from_the_repository_named(registry):
    push_blob(registry, "demo/base")
    response = ask(registry, "POST", f"/v2/demo/app/blobs/uploads/?mount={NAME}&from=demo/base")
    assert response.status == 201
    assert response.headers["location"] == f"/v2/demo/app/blobs/{NAME}"
    assert response.headers["docker-content-digest"] == NAME
    assert fetched(registry) == BLOB


def test_S17_a_blob_is_mounted_from_wherever_it_is(registry):
    push_blob(registry, "demo/x")
    push_blob(registry, "demo/base", b"other")
    assert ask(registry, "POST", f"/v2/demo/app/blobs/uploads/?mount={NAME}").status == 201
    assert fetched(registry) == BLOB


@pytest.mark.parametrize("source", ["", "&from=demo/base", "&from=nowhere", "&from=NOT//valid"])
def test_S17_what_cannot_be_mounted_is_an_ordinary_upload(registry, source):
    push_blob(registry, "demo/base", b"other")
    location = open_upload(registry, "demo/app", f"?mount={NAME}{source}")
    assert ask(registry, "PUT", f"{location}?digest={NAME}", BLOB).status == 201
    assert fetched(registry) == BLOB


def test_what_is_mounted_is_only_taken_from_the_repository_named(registry):
    push_blob(registry, "demo/base")
    query = f"?mount={NAME}&from=demo/other"
    assert ask(registry, "POST", f"/v2/demo/app/blobs/uploads/{query}").status == 202


def test_a_body_that_breaks_off_is_kept_as_far_as_it_came(registry):
    class Broken(Streamed):
        def __iter__(self):
            yield from super().__iter__()
            raise TruncatedBody("gone")

    location = open_upload(registry, "demo/app")
    response = ask(registry, "PATCH", location, Broken(BLOB[:500]))
    assert code(response) == "400 BLOB_UPLOAD_INVALID"
    assert ask(registry, "GET", location).headers["range"] == "0-499"
    url = f"{location}?digest={NAME}"
    assert ask(registry, "PUT", url, BLOB[500:], Content_Range="500-2047").status == 201


def test_whoever_cancels_a_body_hears_it():
    class Stopped(Streamed):
        def __iter__(self):
            raise Cancelled("by hand")

    registry = LocalRegistry()
    with pytest.raises(Cancelled):
        ask(registry, "PATCH", open_upload(registry, "demo/app"), Stopped())


def test_a_second_writer_of_a_session_is_refused(registry):
    """G-4"""
    halfway, go_on = threading.Event(), threading.Event()

    class Slow(Streamed):
        def __iter__(self):
            yield BLOB[:1000]
            halfway.set()
            go_on.wait(10)
            yield BLOB[1000:]

    location = open_upload(registry, "demo/app")
    writer = threading.Thread(target=ask, args=(registry, "PATCH", location, Slow()))
    writer.start()
    halfway.wait(10)
    assert ask(registry, "PATCH", location, b"intruder").status == 416
    go_on.set()
    writer.join()
    assert ask(registry, "PUT", f"{location}?digest={NAME}").status == 201


def test_a_forgotten_session_expires_and_one_in_use_does_not(tmp_path, request):
    """G-8"""
    now = [0.0]
    registry = LocalRegistry(tmp_path, clock=lambda: now[0])
    request.addfinalizer(registry.close)
    idle, used = open_upload(registry, "demo/app"), open_upload(registry, "demo/app")
    now[0] = sessions.LIFETIME - 1
    ask(registry, "PATCH", used, b"x")
    now[0] = sessions.LIFETIME + 1
    assert code(ask(registry, "GET", idle)) == "404 BLOB_UPLOAD_UNKNOWN"
    assert ask(registry, "GET", used).status == 204
    assert len(list((tmp_path / "demo/app").glob(".upload-*"))) == 1


def test_too_many_sessions_are_429_until_one_ends(registry, monkeypatch):
    """G-8"""
    monkeypatch.setattr(sessions, "MOST_OPEN", 2)
    location = open_upload(registry, "demo/app")
    open_upload(registry, "demo/app")
    response = ask(registry, "POST", "/v2/demo/app/blobs/uploads/")
    assert code(response) == "429 TOOMANYREQUESTS"
    assert 0 < int(response.headers["retry-after"]) <= sessions.LIFETIME
    assert ask(registry, "PUT", f"{location}?digest={NAME}", BLOB).status == 201
    open_upload(registry, "demo/app")


def test_a_large_upload_to_disk_is_never_whole_in_memory(tmp_path):
    import tracemalloc

    piece = bytes(1024 * 1024)
    with LocalRegistry(tmp_path) as registry:
        location = open_upload(registry, "demo/app")
        request = Request("PATCH", location, Headers(), Streamed(*[piece] * 64))
        tracemalloc.start()
        assert registry.handle(request).status == 202
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < 8 * len(piece)


def test_closing_a_registry_in_memory_forgets_unfinished_uploads():
    with LocalRegistry() as registry:
        location = open_upload(registry, "demo/app")
    assert ask(registry, "GET", location).status == 404
    registry.close()
