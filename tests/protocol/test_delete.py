"""Deleting: what is gone is gone, what is refused says why, and a lost answer is no error."""

from __future__ import annotations

import json

import pytest

from ocinb.errors import (
    AuthenticationError,
    DeleteDisabled,
    Denied,
    InvalidReference,
    NotFound,
    RegistryError,
    ServerFault,
    TransferError,
    UnexpectedAnswer,
)
from ocinb.oci import media_types
from ocinb.oci.descriptor import EMPTY, Descriptor
from ocinb.oci.digest import Digest
from ocinb.oci.fallback import entry_of, referrers_tag
from ocinb.oci.index import Index
from ocinb.oci.manifest import Manifest
from ocinb.protocol import endpoints
from ocinb.protocol.delete import Deleted, delete, delete_blob
from ocinb.protocol.messages import Response
from ocinb.protocol.stepper import Stepper
from tests.protocol.scripted import Line, answers, ok, refusal, run

PLAIN = Manifest.of(EMPTY, [])
SUBJECT = Descriptor.of(b"subject", media_types.MANIFEST)
SBOM = Manifest.of(EMPTY, [], subject=SUBJECT, artifact_type="a/sbom")
BLOB = Digest.of(b"blob")
THERE = ok(Docker_Content_Digest=PLAIN.digest)
TAG = "/v2/demo/manifests/v1"
BY_DIGEST = f"/v2/demo/manifests/{PLAIN.digest}"
OF_BLOB = f"/v2/demo/blobs/{BLOB}"
FALLBACK = f"/v2/demo/manifests/{referrers_tag(SUBJECT.digest)}"
GET_PLAIN = (f"GET {BY_DIGEST}", ok(PLAIN.raw, media_types.MANIFEST))


def said(status: int, code: str, message: str = "") -> Response:
    return Response(
        status, {}, json.dumps({"errors": [{"code": code, "message": message}]}).encode()
    )


def tags(*names: str) -> Line:
    return "GET /v2/demo/tags/list", ok(json.dumps({"tags": names}).encode(), "application/json")


# Tags


def test_C38_a_tag_is_deleted_and_what_it_stood_for_is_told():
    stepper = Stepper(delete("demo", "v1"), answers((f"HEAD {TAG}", THERE), (f"DELETE {TAG}", 202)))
    assert stepper.finish() == Deleted("tag", "v1", PLAIN.digest)
    assert [each.step.endpoint for each in stepper.taken] == [
        endpoints.HEAD_MANIFEST, endpoints.DELETE_MANIFEST,
    ]  # fmt: skip
    assert repr(stepper.result) == "<Deleted tag v1>"


@pytest.mark.parametrize("status", [200, 204])
def test_C38_another_yes_is_a_yes(status):
    run(delete("demo", "v1"), (f"HEAD {TAG}", THERE), (f"DELETE {TAG}", status))


@pytest.mark.parametrize("status", [400, 403, 405])
def test_D2_where_head_is_refused_it_is_simply_deleted(status):
    found = run(delete("demo", "v1"), (f"HEAD {TAG}", status), (f"DELETE {TAG}", 202))
    assert found == Deleted("tag", "v1")


def test_C38_a_tag_that_is_not_there_is_not_found_and_nothing_is_deleted():
    refusal(NotFound, delete("demo", "v1"), (f"HEAD {TAG}", 404))


def test_C38_what_nobody_could_look_at_is_not_found_either():
    refusal(NotFound, delete("demo", "v1"), (f"HEAD {TAG}", 405), (f"DELETE {TAG}", 404))


def test_F3_not_found_after_it_was_there_is_a_lost_answer():
    """Case 59."""
    lines = (f"HEAD {TAG}", THERE), (f"DELETE {TAG}", 404), (f"HEAD {TAG}", 404)
    assert run(delete("demo", "v1"), *lines) == Deleted("tag", "v1", PLAIN.digest)


def test_F3_not_found_and_still_there_is_a_refusal():
    lines = (f"HEAD {TAG}", THERE), (f"DELETE {TAG}", 404), (f"HEAD {TAG}", THERE)
    assert refusal(DeleteDisabled, delete("demo", "v1"), *lines).status == 404


def test_X1_a_registry_that_does_not_delete_says_so():
    """F-X1, C38, case 59."""
    lines = (f"HEAD {TAG}", THERE), (f"DELETE {TAG}", said(405, "UNSUPPORTED", "no"))
    error = refusal(DeleteDisabled, delete("demo", "v1"), *lines, tags("v1"))
    assert isinstance(error, RegistryError)
    assert (error.status, error.code, error.message) == (405, "UNSUPPORTED", "no")
    assert (error.method, error.url) == ("DELETE", "https://registry.example/v2/demo/manifests/v1")
    assert "does not delete this" in str(error)


def test_X2_a_registry_that_deletes_by_digest_only_is_not_tricked_and_the_digest_is_told():
    """F-X1, case 59."""
    lines = (f"HEAD {TAG}", THERE), (f"DELETE {TAG}", said(400, "DIGEST_INVALID"))
    (hint,) = refusal(DeleteDisabled, delete("demo", "v1"), *lines, tags("v1")).hints
    assert "by digest only" in hint
    assert PLAIN.digest in hint
    assert hint.endswith("it has no other tag")
    assert "every other" not in hint


def test_X2_the_tags_that_share_the_digest_are_named():
    """Deleting by digest, which is for the user to ask for, would take them along."""
    lines = (
        (f"HEAD {TAG}", THERE),
        (f"DELETE {TAG}", said(400, "UNSUPPORTED")),
        tags("latest", "old", "odd", "v1", "v1.2"),
        ("HEAD /v2/demo/manifests/latest", THERE),
        ("HEAD /v2/demo/manifests/odd", 404),
        ("HEAD /v2/demo/manifests/old", ok(Docker_Content_Digest=BLOB)),
        ("HEAD /v2/demo/manifests/v1.2", THERE),
    )
    (hint,) = refusal(DeleteDisabled, delete("demo", "v1"), *lines).hints
    assert hint.endswith("every other tag it has: latest, v1.2")


@pytest.mark.parametrize("answer", [404, 500, TransferError("lost"), Denied(403)])
def test_X2_what_cannot_be_found_out_does_not_hide_the_refusal(answer):
    lines = (f"HEAD {TAG}", THERE), (f"DELETE {TAG}", 400), ("GET /v2/demo/tags/list", answer)
    (hint,) = refusal(DeleteDisabled, delete("demo", "v1"), *lines).hints
    assert "which ones is not known" in hint


def test_X2_only_some_tags_are_compared(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("ocinb.protocol.delete._MOST_COMPARED", 1)
    lines = (
        (f"HEAD {TAG}", THERE), (f"DELETE {TAG}", 400), tags("a", "b", "v1"),
        ("HEAD /v2/demo/manifests/a", THERE),
    )  # fmt: skip
    (hint,) = refusal(DeleteDisabled, delete("demo", "v1"), *lines).hints
    assert hint.endswith("a, and perhaps more")


@pytest.mark.parametrize(
    ("status", "kind"),
    [(401, AuthenticationError), (403, Denied), (500, ServerFault), (201, UnexpectedAnswer)],
)
def test_any_other_answer_is_an_error(status, kind):
    lines = (f"HEAD {TAG}", THERE), (f"DELETE {TAG}", status)
    assert refusal(kind, delete("demo", "v1"), *lines).method == "DELETE"


@pytest.mark.parametrize("status", [401, 429, 500])
def test_where_nothing_is_known_nothing_is_deleted(status):
    with pytest.raises(RegistryError):
        run(delete("demo", "v1"), (f"HEAD {TAG}", status))


@pytest.mark.parametrize("reference", ["", "-x", "a/b", "a\r\nX: y", "sha256:x", "..%2f"])
def test_K14_what_is_neither_tag_nor_digest_is_not_deleted(reference):
    with pytest.raises(InvalidReference):
        Stepper(delete("demo", reference), answers())


# Looking whether it is gone


def test_X3_it_is_seen_gone():
    lines = (
        (f"HEAD {TAG}", THERE),
        (f"DELETE {TAG}", 202),
        (f"HEAD {TAG}", THERE),
        (f"HEAD {TAG}", 404),
    )
    send = answers(*lines)
    found = Stepper(delete("demo", "v1", verify=True), send).finish()
    assert found == Deleted("tag", "v1", PLAIN.digest, True)
    assert repr(found) == "<Deleted tag v1, seen gone>"
    assert send.asked[-1].headers["cache-control"] == "no-cache"


def test_X3_after_three_looks_it_is_still_there():
    look = (f"HEAD {TAG}", THERE)
    lines = look, (f"DELETE {TAG}", 202), look, look, look
    found = run(delete("demo", "v1", verify=True), *lines)
    assert found.gone is False
    assert "still has it" in found.note
    assert repr(found) == "<Deleted tag v1, still there>"


def test_X3_who_does_not_say_leaves_it_open():
    lines = (f"HEAD {TAG}", THERE), (f"DELETE {TAG}", 202), (f"HEAD {TAG}", 403)
    assert run(delete("demo", "v1", verify=True), *lines).gone is None


# Manifests


def test_C38_a_manifest_is_deleted_by_its_digest():
    lines = GET_PLAIN, (f"DELETE {BY_DIGEST}", 202), (f"HEAD {BY_DIGEST}", 404)
    found = run(delete("demo", PLAIN.digest, verify=True), *lines)
    assert found == Deleted("manifest", PLAIN.digest, PLAIN.digest, True)


@pytest.mark.parametrize(
    "there",
    [
        ok(PLAIN.raw + b" ", media_types.MANIFEST),
        ok(b"{", media_types.MANIFEST),
    ],
)
def test_what_is_broken_may_go_too(there):
    line = (f"GET {BY_DIGEST}", there)
    run(delete("demo", PLAIN.digest), line, line, (f"DELETE {BY_DIGEST}", 202))


def test_what_nobody_here_can_read_may_go_too():
    schema_1 = b'{"schemaVersion":1}'
    url = f"/v2/demo/manifests/{Digest.of(schema_1)}"
    run(delete("demo", Digest.of(schema_1)), (f"GET {url}", ok(schema_1)), (f"DELETE {url}", 202))
    blake3 = f"blake3:{'0' * 64}"
    run(delete("demo", blake3), (f"DELETE /v2/demo/manifests/{blake3}", 202))
    lines = (f"DELETE /v2/demo/manifests/{blake3}", 404)
    refusal(NotFound, delete("demo", blake3), lines)


def test_C38_a_manifest_that_is_not_there_is_not_found():
    refusal(NotFound, delete("demo", PLAIN.digest), (f"GET {BY_DIGEST}", 404))


def test_F3_a_manifest_may_be_gone_already():
    lines = GET_PLAIN, (f"DELETE {BY_DIGEST}", 404), (f"HEAD {BY_DIGEST}", 404)
    run(delete("demo", PLAIN.digest), *lines)


@pytest.mark.parametrize("status", [400, 405])
def test_X1_a_registry_that_does_not_delete_manifests_says_so(status):
    (hint,) = refusal(
        DeleteDisabled, delete("demo", PLAIN.digest), GET_PLAIN, (f"DELETE {BY_DIGEST}", status)
    ).hints
    assert "switched off" in hint


# Manifests with a subject

REFERRER = f"/v2/demo/manifests/{SBOM.digest}"
GONE = (f"GET {REFERRER}", ok(SBOM.raw, media_types.MANIFEST)), (f"DELETE {REFERRER}", 202)
API = f"GET /v2/demo/referrers/{SUBJECT.digest}"
OTHER = entry_of(Manifest.of(EMPTY, [], subject=SUBJECT, artifact_type="a/other"))
BOTH = Index.of([OTHER, entry_of(SBOM)])


def test_C39_where_there_is_an_api_that_is_all():
    lines = (*GONE, (API, ok(Index.of([]).raw, media_types.INDEX)))
    assert run(delete("demo", SBOM.digest), *lines).note == ""


def test_C39_else_it_is_taken_off_the_referrers_tag():
    send = answers(
        *GONE, (API, 404),
        (f"GET {FALLBACK}", ok(BOTH.raw, media_types.INDEX, ETag='"1"')),
        (f"PUT {FALLBACK}", 201),
        (f"GET {FALLBACK}", ok(Index.of([OTHER]).raw, media_types.INDEX)),
    )  # fmt: skip
    assert Stepper(delete("demo", SBOM.digest), send).finish().note == ""
    send.all_said()
    assert b"".join(send.asked[4].body) == Index.of([OTHER]).raw
    assert send.asked[4].headers["if-match"] == '"1"'


@pytest.mark.parametrize("there", [404, ok(Index.of([OTHER]).raw, media_types.INDEX)])
def test_C39_what_is_not_on_it_need_not_be_taken_off(there):
    run(delete("demo", SBOM.digest), *GONE, (API, 404), (f"GET {FALLBACK}", there))


@pytest.mark.parametrize(
    "lines",
    [
        [(API, 403)],
        [(API, 404), (f"GET {FALLBACK}", 500)],
        [(API, 404), (f"GET {FALLBACK}", ok(PLAIN.raw, media_types.MANIFEST))],
        [(API, 404), (f"GET {FALLBACK}", ok(BOTH.raw)), (f"PUT {FALLBACK}", 403)],
    ],
)
def test_C39_where_that_fails_the_manifest_is_gone_all_the_same(lines):
    found = run(delete("demo", SBOM.digest), *GONE, *lines)
    assert found.kind == "manifest"
    assert "may still be listed" in found.note


def test_C39_nothing_is_taken_off_when_nothing_was_deleted():
    refusal(DeleteDisabled, delete("demo", SBOM.digest), GONE[0], (GONE[1][0], 405))


def test_C39_the_list_of_what_refers_to_it_stays():
    """Its signatures are there without it, and count again for who pushes it again."""
    run(delete("demo", PLAIN.digest), GET_PLAIN, (f"DELETE {BY_DIGEST}", 202))


# Blobs


def test_C40_a_blob_is_deleted():
    lines = (f"HEAD {OF_BLOB}", 200), (f"DELETE {OF_BLOB}", 202), (f"HEAD {OF_BLOB}", 404)
    stepper = Stepper(delete_blob("demo", BLOB, verify=True), answers(*lines))
    assert stepper.finish() == Deleted("blob", BLOB, BLOB, True)
    assert stepper.taken[1].step.endpoint is endpoints.DELETE_BLOB


def test_C40_a_blob_that_is_not_there_is_not_found():
    refusal(NotFound, delete_blob("demo", BLOB), (f"HEAD {OF_BLOB}", 404))


def test_F3_a_blob_may_be_gone_already():
    lines = (f"HEAD {OF_BLOB}", 200), (f"DELETE {OF_BLOB}", 404), (f"HEAD {OF_BLOB}", 404)
    assert run(delete_blob("demo", BLOB), *lines).kind == "blob"


@pytest.mark.parametrize("status", [400, 405])
def test_C40_a_registry_that_does_not_delete_blobs_says_so(status):
    lines = (f"HEAD {OF_BLOB}", 405), (f"DELETE {OF_BLOB}", status)
    (hint,) = refusal(DeleteDisabled, delete_blob("demo", BLOB), *lines).hints
    assert "by themselves" in hint
