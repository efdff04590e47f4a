"""Offering content: blobs first, then manifests; a registry is believed only so far."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from ocinb.errors import (
    AuthenticationError,
    Denied,
    DigestMismatch,
    InvalidContent,
    InvalidReference,
    KindRefused,
    NotFound,
    RegistryError,
    ServerFault,
    UnexpectedAnswer,
)
from ocinb.oci.descriptor import EMPTY, Descriptor
from ocinb.oci.digest import Digest
from ocinb.oci.image import Blob, Image, ImageIndex
from ocinb.oci.index import Index
from ocinb.oci.manifest import Manifest
from ocinb.oci.media_types import (
    CONFIG,
    DOCKER_INDEX,
    DOCKER_MANIFEST,
    INDEX,
    LAYER,
    MANIFEST,
)
from ocinb.oci.platform import Platform
from ocinb.protocol import endpoints
from ocinb.protocol.events import Event, Planned, Skipped, Verified
from ocinb.protocol.messages import Conversation, Request, Response, T
from ocinb.protocol.push import (
    Pushed,
    all_blobs,
    all_manifests,
    push,
    push_blob,
    push_manifests,
    put_manifest,
    tag,
)
from ocinb.protocol.stepper import Stepper
from ocinb.protocol.together import one_by_one
from ocinb.protocol.uploads.session import upload_location, with_query
from tests.protocol.scripted import HOME, answers, ok, refusal, run

CONFIG_BLOB, LAYER_BLOB = Blob.of(b"{}", CONFIG), Blob.of(b"layer", LAYER)
IMAGE = Image.of(CONFIG_BLOB, [LAYER_BLOB])
UPLOADS = "POST /v2/demo/blobs/uploads/"
OPENED = Response(202, {"Location": "/v2/demo/blobs/uploads/1"})


def head(blob: Blob) -> str:
    return f"HEAD /v2/demo/blobs/{blob.digest}"


def put(blob: Blob, session: str = f"{HOME}/v2/demo/blobs/uploads/1") -> str:
    return f"PUT {session}?digest={blob.digest}"


def manifest(reference: str) -> str:
    return f"PUT /v2/demo/manifests/{reference}"


def sending(blob: Blob, committed: Response | int = 201):
    """The lines of one upload."""
    return (head(blob), 404), (UPLOADS, OPENED), (put(blob), committed)


# Blobs


def test_a_blob_the_registry_has_is_not_sent_again():
    assert run(push_blob("demo", LAYER_BLOB), (head(LAYER_BLOB), 200)) == "existed"


def test_a_blob_is_sent_whole_to_where_the_registry_says():
    """C13, C14, C15, U-1."""
    send = answers(*sending(LAYER_BLOB))
    assert Stepper(push_blob("demo", LAYER_BLOB), send).finish() == "uploaded"
    _, opened, sent = send.asked
    assert opened.body.size == 0
    assert sent.headers["content-type"] == "application/octet-stream"
    assert (sent.body.size, b"".join(sent.body)) == (5, b"layer")
    assert b"".join(sent.body) == b"layer"  # a retry reads it again


@pytest.mark.parametrize("status", [400, 403, 405])
def test_where_head_is_refused_the_blob_is_simply_sent(status):
    """D-2."""
    lines = ((head(LAYER_BLOB), status), *sending(LAYER_BLOB)[1:])
    assert run(push_blob("demo", LAYER_BLOB), *lines) == "uploaded"


@pytest.mark.parametrize(("status", "kind"), [(401, AuthenticationError), (503, ServerFault)])
def test_where_nothing_is_known_nothing_is_sent(status, kind):
    """A-13."""
    refusal(kind, push_blob("demo", LAYER_BLOB), (head(LAYER_BLOB), status))


def test_a_registry_is_told_of_another_algorithm_before_the_upload():
    """C17: end-4c; registries that do not know it ignore it."""
    descriptor = Descriptor(LAYER, Digest.of(b"layer", "sha512"), 5)
    blob = Blob(descriptor, lambda: [b"layer"])
    lines = (
        (head(blob), 404),
        (f"{UPLOADS}?digest-algorithm=sha512", OPENED),
        (put(blob), 201),
    )
    send = answers(*lines)
    stepper = Stepper(push_blob("demo", blob), send)
    assert stepper.finish() == "uploaded"
    assert stepper.taken[1].step.endpoint is endpoints.OPEN_UPLOAD_FOR


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (403, Denied),
        (404, NotFound),
        (405, RegistryError),
        (200, UnexpectedAnswer),
        (500, ServerFault),
    ],
)
def test_an_upload_that_cannot_be_opened_is_an_error(status, kind):
    lines = (head(LAYER_BLOB), 404), (UPLOADS, status)
    assert refusal(kind, push_blob("demo", LAYER_BLOB), *lines).method == "POST"


@pytest.mark.parametrize(
    ("status", "kind"), [(401, AuthenticationError), (403, Denied), (422, RegistryError)]
)
def test_an_upload_that_is_not_accepted_is_an_error_that_hides_the_session(status, kind):
    """K-20."""
    opened = Response(202, {"Location": "/v2/demo/blobs/uploads/1?_state=hunter2"})
    asked = f"PUT {HOME}/v2/demo/blobs/uploads/1?_state=hunter2&digest={LAYER_BLOB.digest}"
    lines = (head(LAYER_BLOB), 404), (UPLOADS, opened), (asked, status)
    error = refusal(kind, push_blob("demo", LAYER_BLOB), *lines)
    assert error.method == "PUT"
    assert "hunter2" not in str(error)


@pytest.mark.parametrize("status", [200, 202, 204])
def test_another_yes_than_201_is_believed_once_the_blob_is_seen(status):
    """U-6."""
    lines = (*sending(LAYER_BLOB, status), (head(LAYER_BLOB), 200))
    assert run(push_blob("demo", LAYER_BLOB), *lines) == "uploaded"


def test_a_blob_that_was_taken_and_is_not_there_is_an_error():
    """U-6."""
    lines = (*sending(LAYER_BLOB, 202), (head(LAYER_BLOB), 404))
    error = refusal(UnexpectedAnswer, push_blob("demo", LAYER_BLOB), *lines)
    assert "it took the blob, but does not have it" in str(error)


def test_where_head_is_refused_the_registry_must_be_believed():
    """D-2 and U-6 at once."""
    lines = ((head(LAYER_BLOB), 405), *sending(LAYER_BLOB, 202)[1:], (head(LAYER_BLOB), 405))
    assert run(push_blob("demo", LAYER_BLOB), *lines) == "uploaded"


def test_a_registry_that_names_another_digest_for_the_blob_is_not_believed():
    """C5."""
    wrong = Response(201, {"Docker-Content-Digest": str(Digest.of(b"other"))})
    error = refusal(DigestMismatch, push_blob("demo", LAYER_BLOB), *sending(LAYER_BLOB, wrong))
    assert error.expected == LAYER_BLOB.digest


def test_a_registry_that_names_another_digest_of_another_algorithm_is_not_believed_either():
    """C5, D-4."""
    wrong = Response(201, {"Docker-Content-Digest": str(Digest.of(b"other", "sha512"))})
    error = refusal(DigestMismatch, push_blob("demo", LAYER_BLOB), *sending(LAYER_BLOB, wrong))
    assert error.expected == Digest.of(b"layer", "sha512")


@pytest.mark.parametrize("claim", [str(Digest.of(b"layer", "sha512")), "nonsense", ""])
def test_a_digest_that_is_right_or_cannot_be_computed_does_not_matter(claim):
    """C5, D-4."""
    committed = Response(201, {"Docker-Content-Digest": claim})
    assert run(push_blob("demo", LAYER_BLOB), *sending(LAYER_BLOB, committed)) == "uploaded"


# Where an upload goes

STATE = "_state=a%2Fb%2fc==&sig=x+y%20z;~!$'()*,:@/?"


@pytest.mark.parametrize(
    ("location", "target"),
    [
        ("/v2/demo/blobs/uploads/1", f"{HOME}/v2/demo/blobs/uploads/1"),
        ("1", f"{HOME}/v2/demo/blobs/uploads/1"),
        (f"/v2/demo/blobs/uploads/1?{STATE}", f"{HOME}/v2/demo/blobs/uploads/1?{STATE}"),
        (f"?{STATE}", f"{HOME}/v2/demo/blobs/uploads/?{STATE}"),
        (f"{HOME}/other/path?{STATE}", f"{HOME}/other/path?{STATE}"),
        ("https://cdn.example:8443/x%2Fy?s=1", "https://cdn.example:8443/x%2Fy?s=1"),
        ("//cdn.example/x", "https://cdn.example/x"),
        (f"{HOME}/a/../b/./c;p?", f"{HOME}/a/../b/./c;p?"),
        ("HTTPS://Registry.example/x?s#", "HTTPS://Registry.example/x?s#"),
        ("http://registry.example/x?s=1", "http://registry.example/x?s=1"),  # the sender: L-4
        ("http://other.example/x", "http://other.example/x"),  # refused by the sender: K-4
        ("/v2/demo/blobs/uploads/a;b=c", f"{HOME}/v2/demo/blobs/uploads/a;b=c"),
    ],
)
def test_a_location_is_made_absolute_and_kept_byte_for_byte(location, target):
    """C14, L-5."""
    request = Request("POST", f"{HOME}/v2/demo/blobs/uploads/")
    assert upload_location(Response(202, {"location": location}, request=request)) == target


def test_a_query_is_extended_and_never_rewritten():
    """C14, L-5."""
    assert with_query("https://a/x", "digest=d") == "https://a/x?digest=d"
    assert with_query(f"https://a/x?{STATE}", "digest=d") == f"https://a/x?{STATE}&digest=d"


@pytest.mark.parametrize("headers", [{}, {"Location": ""}])
def test_an_upload_opened_nowhere_is_an_error(headers):
    """C13."""
    lines = (head(LAYER_BLOB), 404), (UPLOADS, Response(202, headers))
    assert "no Location" in str(refusal(UnexpectedAnswer, push_blob("demo", LAYER_BLOB), *lines))


@pytest.mark.parametrize("location", ["https://[::1", "//[evil", "https://[\x1b[2J]/"])
def test_an_upload_opened_at_what_is_no_url_is_an_error(location):
    """K-14."""
    lines = (head(LAYER_BLOB), 404), (UPLOADS, Response(202, {"Location": location}))
    error = refusal(UnexpectedAnswer, push_blob("demo", LAYER_BLOB), *lines)
    assert "no URL" in str(error)
    assert "\x1b" not in str(error)


# Manifests


def test_a_manifest_is_put_under_its_own_media_type():
    """C26, C27."""
    send = answers((manifest("v1"), 201))
    assert Stepper(put_manifest("demo", IMAGE.manifest, "v1"), send).finish() == IMAGE.descriptor
    assert send.asked[0].headers.pairs() == (("Content-Type", MANIFEST),)
    assert b"".join(send.asked[0].body) == IMAGE.manifest.raw


def test_a_manifest_may_be_put_under_its_digest():
    lines = (manifest(str(IMAGE.digest)), 201)
    assert run(put_manifest("demo", IMAGE.manifest, IMAGE.digest), lines) == IMAGE.descriptor


@pytest.mark.parametrize("status", [200, 202])
def test_another_yes_to_a_manifest_is_verified_by_its_digest(status):
    """F-U14, M-5, case 58."""
    fetch = (f"GET /v2/demo/manifests/{IMAGE.digest}", ok(IMAGE.manifest.raw, MANIFEST))
    run(put_manifest("demo", IMAGE.manifest, "v1"), (manifest("v1"), status), fetch)
    told = Response(status, {"Docker-Content-Digest": str(IMAGE.digest)})
    run(put_manifest("demo", IMAGE.manifest, "v1"), (manifest("v1"), told))


def test_another_yes_to_a_manifest_that_is_not_there_is_an_error():
    """M-5, case 58."""
    lines = (manifest("v1"), 202), (f"GET /v2/demo/manifests/{IMAGE.digest}", 404)
    refusal(NotFound, put_manifest("demo", IMAGE.manifest, "v1"), *lines)


@pytest.mark.parametrize("status", [200, 201, 202])
@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
def test_a_registry_that_changed_the_manifest_is_found_out(status, algorithm):
    """F-U14, C27, M-6, D-4, case 58."""
    claim = str(Digest.of(b"reformatted", algorithm))
    wrong = Response(status, {"Docker-Content-Digest": claim})
    error = refusal(
        DigestMismatch, put_manifest("demo", IMAGE.manifest, "v1"), (manifest("v1"), wrong)
    )
    assert "changed the manifest" in str(error)


@pytest.mark.parametrize(
    ("status", "kind"),
    [(400, RegistryError), (404, NotFound), (413, RegistryError), (204, UnexpectedAnswer)],
)
def test_a_manifest_that_is_not_accepted_is_an_error(status, kind):
    refusal(kind, put_manifest("demo", IMAGE.manifest, "v1"), (manifest("v1"), status))


@pytest.mark.parametrize("reference", ["", "-x", "a/b", "a\r\nX: y", "sha256:x", "..%2f"])
def test_what_is_no_tag_is_not_put(reference):
    """K-14: nothing is sent."""
    with pytest.raises(InvalidReference):
        Stepper(put_manifest("demo", IMAGE.manifest, reference), answers())


def too_large() -> Manifest:
    """One that cannot be made, only forged."""
    made = Manifest.of(CONFIG_BLOB.descriptor, [LAYER_BLOB.descriptor])
    return replace(made, raw=made.raw + b" " * 4_194_304)


def test_a_manifest_no_registry_takes_is_refused_before_anything_is_sent():
    """M-4: not even its blobs."""
    image = Image(too_large(), IMAGE.blobs)
    index = ImageIndex(ImageIndex.of([]).index, (image,))
    for conversation in (
        push("demo", image, ["v1"]),
        push("demo", index, ["v1"]),
        put_manifest("demo", too_large(), "v1"),
    ):
        with pytest.raises(InvalidContent, match="registries take 4,194,304"):
            Stepper(conversation, answers())


@pytest.mark.parametrize(
    ("media_type", "title"),
    [(INDEX, "Put the index as v1"), (DOCKER_INDEX, "Put the index as v1"),
     (MANIFEST, "Put the manifest as v1"), (DOCKER_MANIFEST, "Put the manifest as v1")],
)  # fmt: skip
def test_what_is_put_is_called_by_what_it_is(media_type, title):
    """Docker calls its index a manifest list."""
    made = Index.of([]) if "ndex" in title else IMAGE.manifest
    document = replace(made, media_type=media_type)
    waiting = Stepper(put_manifest("demo", document, "v1"), answers()).waiting
    assert waiting is not None
    assert waiting.title == title


# Images and indexes


def test_blobs_go_before_the_manifest_that_names_them():
    """C31."""
    lines = (*sending(CONFIG_BLOB), (head(LAYER_BLOB), 200), (manifest("v1"), 201))
    pushed = run(push("demo", IMAGE, ["v1"]), *lines)
    assert pushed == Pushed(
        IMAGE.descriptor,
        ("v1",),
        ((CONFIG_BLOB.descriptor, "uploaded"), (LAYER_BLOB.descriptor, "existed")),
    )
    assert repr(pushed) == f"<Pushed {IMAGE.digest.short} as v1: 1 of 2 blobs sent>"


def test_a_push_announces_its_plan_and_what_became_of_each_blob():
    heard = list[Event]()
    send = answers((head(CONFIG_BLOB), 200), *sending(LAYER_BLOB), (manifest("v1"), 201))
    steps = Stepper(push("demo", IMAGE, ["v1"], heard.append), send)
    assert heard == [Planned((CONFIG_BLOB.descriptor, LAYER_BLOB.descriptor))]
    steps.finish()
    assert heard[1:] == [Skipped(CONFIG_BLOB.digest, 2), Verified(LAYER_BLOB.digest, 5)]


def test_a_blob_that_was_not_taken_is_not_announced():
    heard = list[Event]()
    conversation = push_blob("demo", LAYER_BLOB, heard.append)
    refusal(Denied, conversation, *sending(LAYER_BLOB, 403))
    assert heard == []


def test_each_blob_goes_once_however_often_it_is_named():
    image = Image.of(CONFIG_BLOB, [LAYER_BLOB, LAYER_BLOB])
    lines = (head(CONFIG_BLOB), 200), (head(LAYER_BLOB), 200), (manifest("v1"), 201)
    assert len(run(push("demo", image, ["v1"]), *lines).blobs) == 2


def test_without_tags_a_manifest_is_known_by_its_digest():
    lines = (head(CONFIG_BLOB), 200), (head(LAYER_BLOB), 200), (manifest(IMAGE.digest), 201)
    pushed = run(push("demo", IMAGE, ()), *lines)
    assert pushed.tags == ()
    assert "as digest" in repr(pushed)


def test_every_tag_gets_the_manifest():
    lines = (manifest("v1"), 201), (manifest("latest"), 201)
    assert run(push_manifests("demo", IMAGE, ("v1", "latest")), *lines) == IMAGE.descriptor


def index_of_two() -> tuple[ImageIndex, Image, Image]:
    other = Image.of(CONFIG_BLOB, [Blob.of(b"other", LAYER), LAYER_BLOB])
    amd64, arm64 = Platform.parse("linux/amd64"), Platform.parse("linux/arm64")
    return ImageIndex.of([(amd64, IMAGE), (arm64, other)]), IMAGE, other


def test_children_go_before_the_index_that_names_them():
    """C31."""
    index, one, two = index_of_two()
    lines = (
        *((head(blob), 200) for blob in (CONFIG_BLOB, LAYER_BLOB, two.blobs[1])),
        (manifest(one.digest), 201),
        (manifest(two.digest), 201),
        (manifest("v1"), 201),
    )
    send = answers(*lines)
    assert Stepper(push("demo", index, ["v1"]), send).finish().descriptor == index.descriptor
    assert send.asked[-1].headers["content-type"] == INDEX
    assert send.asked[-2].headers["content-type"] == MANIFEST
    send.all_said()


def test_an_index_of_indexes_goes_from_the_inside_out_and_each_child_once():
    """C31."""
    inner, one, two = index_of_two()
    outer = ImageIndex(ImageIndex.of([]).index, (inner, one, inner))
    assert [each.digest for each in all_manifests(outer)] == [
        one.digest, two.digest, inner.digest, outer.digest,
    ]  # fmt: skip
    assert all_blobs(outer) == (CONFIG_BLOB, LAYER_BLOB, two.blobs[1])
    lines = [(manifest(each.digest), 201) for each in all_manifests(outer)]
    assert run(push_manifests("demo", outer, ()), *lines) == outer.descriptor


def test_nothing_more_is_sent_after_a_refusal():
    """C31: above all no manifest."""
    lines = (head(CONFIG_BLOB), 200), (head(LAYER_BLOB), 404), (UPLOADS, 403)
    refusal(Denied, push("demo", IMAGE, ["v1"]), *lines)


def test_a_tag_is_the_same_bytes_put_again():
    raw = IMAGE.manifest.raw.replace(b",", b", ")
    fetch = ("GET /v2/demo/manifests/v1", ok(raw, MANIFEST))
    send = answers(fetch, (manifest("v2"), 201))
    assert Stepper(tag("demo", "v1", "v2"), send).finish().digest == Digest.of(raw)
    assert b"".join(send.asked[1].body) == raw


def test_what_is_not_there_cannot_be_tagged():
    refusal(NotFound, tag("demo", "v1", "v2"), ("GET /v2/demo/manifests/v1", 404))


def test_F10_a_blob_is_asked_about_once_it_is_its_turn_and_has_it_until_it_is_there():
    said = list[str]()

    @contextmanager
    def turn(digest: Digest) -> Iterator[None]:
        said.append(f"in {digest.short}")
        yield
        said.append(f"out {digest.short}")

    steps = Stepper(
        push_blob("demo", LAYER_BLOB, turn=turn),
        answers((head(LAYER_BLOB), 404), *sending(LAYER_BLOB)[1:]),
    )
    assert said == [f"in {LAYER_BLOB.digest.short}"]
    steps.finish()
    assert said[-1] == f"out {LAYER_BLOB.digest.short}"


def test_all_blobs_are_had_together_and_then_the_manifests_of_one_depth():
    counts = list[int]()

    def together(conversations: Iterable[Conversation[T]], /) -> Conversation[list[T]]:
        given = list(conversations)
        counts.append(len(given))
        return (yield from one_by_one(given))

    index, *_ = index_of_two()
    asked = [head(blob) for blob in all_blobs(index)]
    put_there = [manifest(str(each.digest)) for each in all_manifests(index)]
    send = answers(*((line, 200) for line in asked), *((line, 201) for line in put_there))
    Stepper(push("demo", index, [], together=together), send).finish()
    send.all_said()
    assert counts == [len(all_blobs(index)), 2]


@pytest.mark.parametrize(
    ("status", "code"),
    [(400, "MANIFEST_INVALID"), (400, ""), (405, "UNSUPPORTED"), (415, "UNSUPPORTED")],
)
def test_M3_a_registry_that_takes_only_some_kinds_is_explained(status, code):
    """Quay, GitLab and ECR have lists of their own."""
    sbom = Manifest.of(EMPTY, [], artifact_type="application/spdx+json")
    no = Response(status, {}, json.dumps({"errors": [{"code": code}]}).encode())
    lines = (f"PUT /v2/demo/manifests/{sbom.digest}", no)
    error = refusal(KindRefused, put_manifest("demo", sbom, sbom.digest), lines)
    assert error.code == code
    (hint,) = error.hints
    assert sbom.media_type in hint
    assert "application/spdx+json" in hint


@pytest.mark.parametrize(
    ("allowed", "kind"), [("GET, HEAD", RegistryError), ("get, PUT", KindRefused)]
)
def test_M3_a_registry_that_is_open_for_reading_only_is_not_taken_for_it(allowed, kind):
    no = Response(405, {"Allow": allowed}, b'{"errors": [{"code": "UNSUPPORTED"}]}')
    index = Index.of([])
    lines = (f"PUT /v2/demo/manifests/{index.digest}", no)
    error = refusal(kind, put_manifest("demo", index, index.digest), lines)
    assert len(error.hints) == (kind is KindRefused)


def test_M3_another_reason_is_not_taken_for_it():
    no = Response(400, {}, b'{"errors": [{"code": "MANIFEST_BLOB_UNKNOWN"}]}')
    lines = ("PUT /v2/demo/manifests/v1", no)
    document = Manifest.of(EMPTY, [])
    assert refusal(RegistryError, put_manifest("demo", document, "v1"), lines).hints == ()


def test_C29_a_registry_that_takes_only_small_manifests_is_explained():
    document = Manifest.of(EMPTY, [])
    lines = ("PUT /v2/demo/manifests/v1", 413)
    (hint,) = refusal(RegistryError, put_manifest("demo", document, "v1"), lines).hints
    assert f"{document.size:,} bytes" in hint
