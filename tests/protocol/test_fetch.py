"""Asking for one piece of content: what is believed, what is asked for again, what is refused."""

from __future__ import annotations

import gzip
import json

import pytest

from ocinb.errors import (
    AuthenticationError,
    Denied,
    DigestMismatch,
    InvalidContent,
    InvalidReference,
    NotARegistry,
    NotFound,
    NotSupported,
    RateLimited,
    ServerFault,
    UnexpectedAnswer,
)
from ocinb.oci import media_types
from ocinb.oci.descriptor import EMPTY, Descriptor
from ocinb.oci.digest import Digest
from ocinb.oci.index import Index
from ocinb.oci.manifest import Manifest
from ocinb.oci.media_types import CONFIG, DOCKER_MANIFEST, INDEX, LAYER, MANIFEST, OCTET_STREAM
from ocinb.oci.strict_json import MANIFEST_LIMIT
from ocinb.protocol.download import get_blob
from ocinb.protocol.events import Event, Skipped, Verified
from ocinb.protocol.fetch import (
    describe_blob,
    get_blob_bytes,
    get_config,
    get_manifest,
    has_blob,
    head_manifest,
)
from ocinb.protocol.messages import Response
from ocinb.protocol.sinks import Memory
from ocinb.protocol.stepper import Stepper
from tests.protocol.scripted import answers, ok, refusal, run

IMAGE = Manifest.of(Descriptor.of(b"{}", CONFIG), [Descriptor.of(b"layer", LAYER)])
OTHER = Manifest.of(Descriptor.of(b"{ }", CONFIG), [])
BY_TAG, BY_DIGEST = "GET /v2/demo/app/manifests/v1", f"GET /v2/demo/app/manifests/{IMAGE.digest}"
HEAD_TAG, HEAD_DIGEST = BY_TAG.replace("GET", "HEAD"), BY_DIGEST.replace("GET", "HEAD")
SHA_512 = Digest.of(IMAGE.raw, "sha512")
BLOB = Descriptor.of(b"layer", LAYER)
GET_BLOB = f"GET /v2/demo/app/blobs/{BLOB.digest}"
STATUSES = [
    (401, AuthenticationError), (403, Denied), (404, NotFound), (429, RateLimited),
    (503, ServerFault), (206, UnexpectedAnswer), (302, UnexpectedAnswer),
]  # fmt: skip


def tagged(expected: Descriptor | None = None):
    return get_manifest("demo/app", "v1", expected)


def pinned(expected: Descriptor | None = None):
    return get_manifest("demo/app", IMAGE.digest, expected)


def image(media_type: str = MANIFEST, content: bytes = IMAGE.raw, **headers: str) -> Response:
    return ok(content, media_type, **headers)


# Manifests


def test_every_manifest_we_can_read_is_asked_for():
    """C1, M-1, M-2: one header."""
    send = answers((BY_TAG, image()))
    assert Stepper(tagged(), send).finish() == IMAGE
    assert send.asked[0].headers.get_all("accept") == [media_types.ACCEPT]
    assert send.asked[0].limit == MANIFEST_LIMIT


@pytest.mark.parametrize(
    "said",
    [
        {"media_type": f"{MANIFEST}; charset=utf-8"},  # C2
        {"Docker_Content_Digest": str(IMAGE.digest)},  # C5
        {"Docker_Content_Digest": "not a digest"},
        {"Docker_Content_Digest": "unheard+of:digest"},
        {"Docker_Content_Digest": f"blake3:{'a' * 64}"},
        {"media_type": "text/plain"}, {"media_type": OCTET_STREAM}, {"media_type": ""},  # D-9
    ],
)  # fmt: skip
@pytest.mark.parametrize(("asked", "conversation"), [(BY_TAG, tagged), (BY_DIGEST, pinned)])
def test_a_manifest_is_believed_when_its_bytes_are_right(said, asked, conversation):
    """D-1, D-9, F-M3: missing and odd headers are no reason to refuse it."""
    assert run(conversation(), (asked, image(**said))) == IMAGE


def test_a_digest_of_another_algorithm_is_verified_too():
    """C5, F-M2: the header may use another algorithm than the one asked for."""
    answer = image(Docker_Content_Digest=str(SHA_512))
    found = run(tagged(), (BY_TAG, answer))
    assert (found.digest, found.raw) == (SHA_512, IMAGE.raw)
    assert run(pinned(), (BY_DIGEST, answer)).digest == IMAGE.digest


def test_a_manifest_can_be_asked_for_by_sha512():
    found = run(
        get_manifest("demo/app", SHA_512), (f"GET /v2/demo/app/manifests/{SHA_512}", image())
    )
    assert found.digest == SHA_512


@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
def test_a_tag_whose_digest_is_not_of_its_bytes_is_refused(algorithm):
    """C5, D-4, F-M2."""
    claim = Digest.of(OTHER.raw, algorithm)
    error = refusal(DigestMismatch, tagged(), (BY_TAG, image(Docker_Content_Digest=str(claim))))
    assert (error.expected, error.actual) == (claim, Digest.of(IMAGE.raw, algorithm))


@pytest.mark.parametrize("claim", [OTHER.digest, Digest.of(OTHER.raw, "sha512")])
def test_the_digest_asked_for_decides_not_the_one_in_the_header(claim, caplog):
    """C4, D-4, F-M2: the bytes are what was asked for; that the header lies is told in the log."""
    assert run(pinned(), (BY_DIGEST, image(Docker_Content_Digest=str(claim)))) == IMAGE
    assert [(each.name, each.levelname) for each in caplog.records] == [("ocinb", "WARNING")]
    assert claim in caplog.text
    assert IMAGE.digest in caplog.text


@pytest.mark.parametrize("claim", [IMAGE.digest, SHA_512, "sha256:short", f"blake3:{'a' * 64}"])
def test_a_claim_that_is_right_or_cannot_be_checked_is_nothing_to_warn_of(claim, caplog):
    """D-4."""
    run(pinned(), (BY_DIGEST, image(Docker_Content_Digest=str(claim))))
    assert caplog.records == []


def test_other_bytes_are_asked_for_once_more_past_any_cache():
    """C4, F-7."""
    send = answers((BY_DIGEST, image(content=OTHER.raw)), (BY_DIGEST, image()))
    assert Stepper(pinned(), send).finish() == IMAGE
    first, again = send.asked
    assert "cache-control" not in first.headers
    assert again.headers["cache-control"] == "no-cache"
    assert again.headers["accept"] == media_types.ACCEPT
    assert again.limit == first.limit


def test_other_bytes_twice_are_a_mismatch():
    """C4, F-7, F-M2: even when the header agrees with what was asked for."""
    lie = image(content=OTHER.raw, Docker_Content_Digest=str(IMAGE.digest))
    error = refusal(DigestMismatch, pinned(), (BY_DIGEST, lie), (BY_DIGEST, lie))
    assert (error.expected, error.actual) == (IMAGE.digest, OTHER.digest)
    assert error.source == "https://registry.example/v2/demo/app/manifests/" + IMAGE.digest


def test_where_it_came_from_is_told_without_a_signature():
    """K-20: a redirect may have led to a presigned address."""
    signed = "https://cdn.example/x?X-Amz-Signature=hunter2"

    def away(step):
        answer = answers((BY_DIGEST, image(content=OTHER.raw)))(step)
        request = type(step.request)("GET", signed)
        return Response(200, answer.headers, answer.body, request=request)

    with pytest.raises(DigestMismatch) as refused:
        Stepper(pinned(), away).finish()
    assert "https://cdn.example/x" in str(refused.value)
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize("reference", ["a:b", f"blake3:{'a' * 64}"])
def test_what_cannot_be_verified_is_not_asked_for(reference):
    """K-10: nothing is sent."""
    with pytest.raises(NotSupported, match="cannot compute"):
        Stepper(get_manifest("demo/app", reference), answers())


@pytest.mark.parametrize(
    "reference",
    ["", "-x", "a/../../v2/_catalog", "a?x", "a\r\nX: y", "sha256:x", "x" * 129, "%2e%2e"],
)
@pytest.mark.parametrize("conversation", [get_manifest, head_manifest])
def test_what_is_neither_tag_nor_digest_is_not_asked_for(conversation, reference):
    """K-14: nothing is sent."""
    with pytest.raises(InvalidReference):
        Stepper(conversation("demo/app", reference), answers())


@pytest.mark.parametrize(("asked", "conversation"), [(BY_TAG, tagged), (BY_DIGEST, pinned)])
def test_a_web_page_is_no_manifest(asked, conversation):
    """D-10, L-7, F-M3."""
    page = ok(b"<html>Log in, please", "text/html; charset=utf-8")
    assert "Log in, please" in str(refusal(NotARegistry, conversation(), (asked, page)))


@pytest.mark.parametrize(
    ("content", "media_type", "said"),
    [
        (IMAGE.raw, INDEX, "came as"),  # C3
        (IMAGE.raw, DOCKER_MANIFEST, "came as"),
        (b"<html>", OCTET_STREAM, "not JSON"),
        (b"{}", OCTET_STREAM, "no manifest"),
        (b"", MANIFEST, "not JSON"),
        (IMAGE.raw[:-1] + b',"manifests":[]}', MANIFEST, "read as something else"),  # K-9
        (IMAGE.raw[:-1] + b',"config":{}}', MANIFEST, "twice"),  # K-8
    ],
)
def test_what_is_no_manifest_is_refused(content, media_type, said):
    error = refusal(InvalidContent, tagged(), (BY_TAG, image(media_type, content)))
    assert said in str(error)


def test_bytes_are_verified_before_they_are_parsed():
    """K-11."""
    bad = image(content=b"[" * 1_000)
    refusal(DigestMismatch, pinned(), (BY_DIGEST, bad), (BY_DIGEST, bad))


def test_schema_1_is_refused_as_obsolete():
    """M-1, F-M6."""
    old = image(media_types.SCHEMA_1[1], json.dumps({"schemaVersion": 1, "fsLayers": []}).encode())
    assert "schema 1" in str(refusal(NotSupported, tagged(), (BY_TAG, old)))


@pytest.mark.parametrize(("status", "kind"), STATUSES)
def test_a_refused_manifest_is_the_error_of_its_status(status, kind):
    """Only 200 carries a manifest."""
    error = refusal(kind, tagged(), (BY_TAG, status))
    assert (error.method, error.url) == ("GET", "https://registry.example/v2/demo/app/manifests/v1")


def test_a_manifest_longer_than_its_limit_is_not_read_to_its_end():
    """K-7."""
    error = refusal(UnexpectedAnswer, tagged(), (BY_TAG, image(content=bytes(MANIFEST_LIMIT + 1))))
    assert "4,194,304" in str(error)


def test_what_was_announced_binds_size_and_type():
    """K-9, K-11: a parent's descriptor."""
    assert run(pinned(IMAGE.descriptor), (BY_DIGEST, image())) == IMAGE
    as_index = Descriptor(INDEX, IMAGE.digest, IMAGE.size)
    error = refusal(InvalidContent, pinned(as_index), (BY_DIGEST, image()))
    assert f"announced as {INDEX}, but is {MANIFEST}" in str(error)
    longer = Descriptor(MANIFEST, IMAGE.digest, IMAGE.size + 1)
    assert "should have" in str(refusal(InvalidContent, pinned(longer), (BY_DIGEST, image())))


def test_no_more_is_read_than_was_announced():
    """K-7, K-11."""
    shorter = Descriptor(MANIFEST, IMAGE.digest, IMAGE.size - 1)
    send = answers((BY_DIGEST, image()))
    with pytest.raises(UnexpectedAnswer, match="longer than"):
        Stepper(pinned(shorter), send).finish()
    assert send.asked[0].limit == IMAGE.size - 1


@pytest.mark.parametrize(("asked", "conversation"), [(BY_TAG, tagged), (BY_DIGEST, pinned)])
@pytest.mark.parametrize("claim", ["", str(IMAGE.digest)])
def test_a_manifest_that_a_proxy_compressed_is_decoded(asked, conversation, claim):
    """D-3, F-D20."""
    packed = gzip.compress(IMAGE.raw)
    answer = image(content=packed, Content_Encoding="gzip", Docker_Content_Digest=claim)
    assert run(conversation(), (asked, answer)) == IMAGE


@pytest.mark.parametrize(("asked", "conversation"), [(BY_TAG, tagged), (BY_DIGEST, pinned)])
def test_a_manifest_that_only_says_it_is_encoded_is_taken_as_it_is(asked, conversation):
    """D-3: its own bytes are what the digest says."""
    answer = image(Content_Encoding="gzip", Docker_Content_Digest=str(IMAGE.digest))
    assert run(conversation(), (asked, answer)) == IMAGE


@pytest.mark.parametrize(
    ("content", "encoding", "said"),
    [
        (gzip.compress(bytes(MANIFEST_LIMIT + 1)), "gzip", "more than 4,194,304 bytes"),  # K-12
        (gzip.compress(IMAGE.raw)[:-9], "gzip", "too early"),
        (b"no gzip", "gzip", "incorrect header"),
        (IMAGE.raw, "br", "nobody here knows"),
    ],
)
def test_what_cannot_be_decoded_within_bounds_is_refused(content, encoding, said):
    """D-3, K-12."""
    answer = image(content=content, Content_Encoding=encoding)
    assert said in str(refusal(UnexpectedAnswer, tagged(), (BY_TAG, answer)))


def test_an_index_is_a_manifest_to_ask_for():
    index = Index.of([IMAGE.descriptor])
    assert run(tagged(), (BY_TAG, image(INDEX, index.raw))) == index


# HEAD


def there(**headers: str) -> Response:
    said = {"Content_Length": str(IMAGE.size), "Docker_Content_Digest": str(IMAGE.digest)}
    return ok(b"", headers.pop("media_type", MANIFEST), **{**said, **headers})


def test_head_tells_the_descriptor_without_the_manifest():
    """C7."""
    send = answers((HEAD_TAG, there()))
    assert Stepper(head_manifest("demo/app", "v1"), send).finish() == IMAGE.descriptor
    assert send.asked[0].headers["accept"] == media_types.ACCEPT


def test_head_of_what_is_not_there_is_none():
    assert run(head_manifest("demo/app", "v1"), (HEAD_TAG, 404)) is None


def test_head_by_digest_needs_no_digest_in_the_answer():
    """C7, D-1: older servers omit it."""
    answer = ok(b"", MANIFEST, Content_Length=str(IMAGE.size))
    found = run(head_manifest("demo/app", IMAGE.digest), (HEAD_DIGEST, answer))
    assert found == IMAGE.descriptor


@pytest.mark.parametrize(
    "answer",
    [
        ok(b"", MANIFEST, Content_Length=str(IMAGE.size)),  # D-1
        there(Docker_Content_Digest="sha256:short"),
        there(Content_Length=""), there(Content_Length="x"), there(Content_Length="-5"),  # D-2
        there(Content_Length="9" * 20), there(Content_Length="0"),
        there(media_type=OCTET_STREAM), there(media_type=""),  # D-2
        there(Content_Encoding="gzip"),  # D-3: of another length than GET
        400, 405,  # D-2
    ],
)  # fmt: skip
def test_where_head_does_not_tell_enough_the_manifest_is_asked_for(answer):
    """C7, D-1, D-2."""
    found = run(head_manifest("demo/app", "v1"), (HEAD_TAG, answer), (BY_TAG, image()))
    assert found == IMAGE.descriptor


def test_head_that_names_another_digest_than_the_one_asked_for_is_not_believed():
    """C4, F-M2."""
    lie = there(Docker_Content_Digest=str(OTHER.digest))
    found = run(head_manifest("demo/app", IMAGE.digest), (HEAD_DIGEST, lie), (BY_DIGEST, image()))
    assert found == IMAGE.descriptor


def test_head_of_a_web_page_is_found_out():
    """D-10."""
    answer = there(media_type="text/html")
    page = ok(b"<html>", "text/html")
    refusal(NotARegistry, head_manifest("demo/app", "v1"), (HEAD_TAG, answer), (BY_TAG, page))


@pytest.mark.parametrize(
    ("status", "kind"),
    [(401, AuthenticationError), (403, Denied), (429, RateLimited), (500, ServerFault)],
)
def test_head_that_is_refused_does_not_mean_that_there_is_nothing(status, kind):
    """A-13."""
    refusal(kind, head_manifest("demo/app", "v1"), (HEAD_TAG, status))


# Blobs


def blob(sink: Memory, descriptor: Descriptor = BLOB):
    return get_blob("demo/app", descriptor, sink)


def test_a_blob_flows_into_its_sink():
    """C6."""
    sink = Memory(100)
    assert run(blob(sink), (GET_BLOB, ok(b"layer"))) == BLOB
    assert sink.content == b"layer"


def test_a_wrong_blob_is_asked_for_once_more_past_any_cache():
    """C6, F-7, F-D10."""
    sink = Memory(100)
    send = answers((GET_BLOB, ok(b"LAYER")), (GET_BLOB, ok(b"layer")))
    assert Stepper(blob(sink), send).finish() == BLOB
    assert sink.content == b"layer"
    assert [request.headers.get("cache-control") for request in send.asked] == [None, "no-cache"]
    assert send.asked[1].sink is send.asked[0].sink


def test_a_blob_that_is_wrong_twice_is_a_mismatch():
    """C6, F-7, F-D10."""
    wrong = (GET_BLOB, ok(b"LAYER"))
    error = refusal(DigestMismatch, blob(Memory(100)), wrong, wrong)
    assert (error.expected, error.actual) == (BLOB.digest, Digest.of(b"LAYER"))
    assert "registry.example" in error.source


def test_a_blob_longer_than_announced_is_hostile_and_not_asked_for_again():
    """C6, F-6, K-11, F-D11."""
    sink = Memory(100)
    error = refusal(UnexpectedAnswer, blob(sink), (GET_BLOB, ok(b"layer!")))
    assert "more than the 5 bytes" in str(error)
    assert sink.content == b""


def test_a_blob_of_another_algorithm_is_verified_with_it():
    descriptor = Descriptor(LAYER, Digest.of(b"layer", "sha512"), 5)
    asked = f"GET /v2/demo/app/blobs/{descriptor.digest}"
    assert run(blob(Memory(100), descriptor), (asked, ok(b"layer"))) == descriptor
    with pytest.raises(NotSupported):
        Stepper(blob(Memory(100), Descriptor(LAYER, Digest("a:b"), 5)), answers())


@pytest.mark.parametrize(("status", "kind"), STATUSES)
def test_a_refused_blob_is_the_error_of_its_status(status, kind):
    sink = Memory(100)
    refusal(kind, blob(sink), (GET_BLOB, status))
    refusal(kind, blob(sink), (GET_BLOB, ok(b"LAYER")), (GET_BLOB, status))


def test_a_small_blob_may_be_kept_in_memory():
    assert run(get_blob_bytes("demo/app", BLOB), (GET_BLOB, ok(b"layer"))) == b"layer"
    with pytest.raises(InvalidContent, match="5 bytes; at most 4"):
        Stepper(get_blob_bytes("demo/app", BLOB, limit=4), answers())


def test_content_embedded_in_the_descriptor_is_not_asked_for():
    """K-11: it was checked when the descriptor was read."""
    heard = list[Event]()
    assert run(get_blob_bytes("demo/app", EMPTY, announce=heard.append)) == b"{}"
    assert heard == [Skipped(EMPTY.digest, 2)]


def test_a_blob_is_announced_once_it_is_verified():
    heard = list[Event]()
    run(get_blob("demo/app", BLOB, Memory(100), heard.append), (GET_BLOB, ok(b"layer")))
    assert heard == [Verified(BLOB.digest, 5)]
    wrong = (GET_BLOB, ok(b"LAYER"))
    refusal(DigestMismatch, get_blob("demo/app", BLOB, Memory(100), heard.append), wrong, wrong)
    assert len(heard) == 1


HEAD_BLOB = GET_BLOB.replace("GET", "HEAD")
FOUND = Descriptor(OCTET_STREAM, BLOB.digest, 5)


def test_head_of_a_blob_tells_its_size_or_that_it_is_not_there():
    """C7."""
    lines = ((HEAD_BLOB, ok(Content_Length="5")),)
    assert run(describe_blob("demo/app", BLOB.digest), *lines) == FOUND
    assert run(has_blob("demo/app", BLOB.digest), *lines)
    assert not run(has_blob("demo/app", BLOB.digest), (HEAD_BLOB, 404))


def test_whether_it_is_there_does_not_depend_on_its_size():
    assert run(has_blob("demo/app", BLOB.digest), (HEAD_BLOB, 200))


def test_an_empty_blob_has_no_length_to_tell():
    empty = Digest.of(b"")
    asked = f"HEAD /v2/demo/app/blobs/{empty}"
    found = run(describe_blob("demo/app", empty), (asked, ok(Content_Length="0")))
    assert found == Descriptor(OCTET_STREAM, empty, 0)


@pytest.mark.parametrize(
    "head",
    [
        400, 403, 405, ok(), ok(Content_Length="x"),
        ok(Content_Length="9", Content_Encoding="gzip"),  # D-3
    ],
)  # fmt: skip
@pytest.mark.parametrize(
    "part",
    [
        Response(206, {"Content-Range": "bytes 0-0/5"}, b"l"),
        ok(b"layer", Content_Length="5"),  # it does not know ranges
        ok(b"layer"),
    ],
)
def test_where_head_does_not_tell_the_first_byte_does(head, part):
    """D-2: a refused HEAD proves nothing."""
    send = answers((HEAD_BLOB, head), (GET_BLOB, part))
    assert Stepper(describe_blob("demo/app", BLOB.digest), send).finish() == FOUND
    assert send.asked[1].headers["range"] == "bytes=0-0"
    assert send.asked[1].sink is not None


@pytest.mark.parametrize("head", [400, 403, 405])
@pytest.mark.parametrize(
    ("part", "there"),
    [
        (404, False),
        (Response(206, {"Content-Range": "bytes 0-0/5"}, b"l"), True),
        (Response(206, {}, b"l"), True),
        (416, True),  # it has no byte at all
    ],
)
def test_where_head_is_refused_the_first_byte_tells_whether_a_blob_is_there(head, part, there):
    """D-2."""
    lines = (HEAD_BLOB, head), (GET_BLOB, part)
    assert run(has_blob("demo/app", BLOB.digest), *lines) is there


@pytest.mark.parametrize(
    ("status", "kind"), [(401, AuthenticationError), (429, RateLimited), (503, ServerFault)]
)
def test_head_of_a_blob_that_fails_proves_nothing(status, kind):
    """A-13."""
    refusal(kind, has_blob("demo/app", BLOB.digest), (HEAD_BLOB, status))


def test_a_blob_refused_to_both_is_refused():
    """A-13, D-2."""
    lines = (HEAD_BLOB, 403), (GET_BLOB, 403)
    refusal(Denied, has_blob("demo/app", BLOB.digest), *lines)
    refusal(Denied, describe_blob("demo/app", BLOB.digest), *lines)


@pytest.mark.parametrize("part", [Response(206, {}, b"l"), ok()])
def test_a_blob_whose_size_nobody_tells_cannot_be_described(part):
    lines = (HEAD_BLOB, ok()), (GET_BLOB, part)
    error = refusal(UnexpectedAnswer, describe_blob("demo/app", BLOB.digest), *lines)
    assert "how long the blob is" in str(error)


def test_who_needs_a_blob_described_hears_that_it_is_not_there():
    refusal(NotFound, describe_blob("demo/app", BLOB.digest), (HEAD_BLOB, 404))


# Configs


def test_a_config_is_a_blob_verified_and_read():
    raw = b'{"os":"linux","architecture":"arm64"}'
    descriptor = Descriptor.of(raw, media_types.DOCKER_CONFIG)
    asked = f"GET /v2/demo/app/blobs/{descriptor.digest}"
    found = run(get_config("demo/app", descriptor), (asked, ok(raw)))
    assert (str(found.platform), found.raw, found.digest) == ("linux/arm64", raw, descriptor.digest)
    assert found.media_type == media_types.DOCKER_CONFIG


@pytest.mark.parametrize(
    "media_type", [EMPTY.media_type, "application/vnd.cncf.helm.config.v1+json"]
)
def test_the_config_of_an_artifact_is_not_asked_for(media_type):
    with pytest.raises(NotSupported, match="not an image config") as refused:
        Stepper(get_config("demo/app", Descriptor.of(b"{}", media_type)), answers())
    assert "look at its layers" in refused.value.hints[0]


def test_a_config_larger_than_anybody_has_is_not_asked_for():
    """K-7, F-M5."""
    huge = Descriptor(CONFIG, Digest.of(b""), MANIFEST_LIMIT + 1)
    with pytest.raises(InvalidContent, match="4,194,304"):
        Stepper(get_config("demo/app", huge), answers())
