"""Listing referrers: by API, else by tag, within bounds, and honest about what is missing."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ocinb.errors import (
    AuthenticationError,
    Denied,
    DigestMismatch,
    InvalidContent,
    InvalidReference,
    NotFound,
    RateLimited,
    RegistryError,
    ServerFault,
    UnexpectedAnswer,
)
from ocinb.oci import media_types
from ocinb.oci.descriptor import EMPTY, Descriptor
from ocinb.oci.digest import Digest
from ocinb.oci.fallback import entry_of, referrers_tag
from ocinb.oci.index import Index
from ocinb.oci.manifest import Manifest
from ocinb.protocol import endpoints, pages
from ocinb.protocol.messages import Response
from ocinb.protocol.referring import listing as reading
from ocinb.protocol.referring.referrers import ReferrerList, list_referrers
from ocinb.protocol.referring.referrers_api import ReferrersApi
from ocinb.protocol.stepper import Stepper
from tests.protocol.scripted import HOME, answers, ok, refusal, run

SUBJECT = Descriptor.of(b"subject", media_types.MANIFEST)
DIGEST = SUBJECT.digest
LIST = f"/v2/demo/referrers/{DIGEST}"
FIRST = f"GET {LIST}"
SBOMS = f"GET {LIST}?artifactType=a/sbom"
TAG = f"GET /v2/demo/manifests/{referrers_tag(DIGEST)}"


def referrer(number: int, artifact_type: str = "a/sbom") -> Manifest:
    return Manifest.of(EMPTY, [], subject=SUBJECT, artifact_type=artifact_type,
                       annotations={"n": f"{number}"})  # fmt: skip


A, B, C = (entry_of(referrer(number)) for number in range(3))
SIGNATURE = entry_of(referrer(9, "a/signature"))


def page(*entries: Descriptor, link: str = "", filters: str = "", media_type: str = "") -> Response:
    headers = {"Link": f'<{link}>; rel="next"'} if link else {}
    if filters:
        headers["OCI-Filters-Applied"] = filters
    return ok(Index.of(entries).raw, media_type or media_types.INDEX, **headers)


def at(query: str) -> str:
    return f"GET {HOME}{LIST}?{query}"


def said(status: int, code: str) -> Response:
    return Response(status, {}, json.dumps({"errors": [{"code": code}]}).encode())


# The API


def test_end12a_one_page_is_the_whole_list():
    stepper = Stepper(list_referrers("demo", DIGEST), answers((FIRST, page(A, SIGNATURE))))
    assert stepper.finish() == ReferrerList(DIGEST, (A, SIGNATURE), 1, source="api")
    assert stepper.taken[0].step.endpoint is endpoints.LIST_REFERRERS
    assert list(stepper.result) == [A, SIGNATURE]
    assert (len(stepper.result), stepper.result[0]) == (2, A)
    assert repr(stepper.result) == f"<ReferrerList {DIGEST.short}: 2 found by api, complete>"


def test_end12a_nobody_is_an_answer_too():
    assert run(list_referrers("demo", DIGEST), (FIRST, page())).source == "api"


def test_of_a_tag_it_is_asked_what_it_points_to():
    lines = (
        ("HEAD /v2/demo/manifests/v1", ok(
            media_type=SUBJECT.media_type, Docker_Content_Digest=DIGEST, Content_Length="7")),
        (FIRST, page(A)),
    )  # fmt: skip
    assert run(list_referrers("demo", "v1"), *lines).subject == DIGEST


def test_a_tag_that_is_not_there_is_not_found():
    lines = ("HEAD /v2/demo/manifests/v1", 404), ("GET /v2/demo/manifests/v1", 404)
    refusal(NotFound, list_referrers("demo", "v1"), *lines)


def test_C36_the_link_leads_from_page_to_page():
    lines = (
        (FIRST, page(A, link=f"{LIST}?p=2")),
        (at("p=2"), page(B, link="?p=3")),
        (at("p=3"), page(A, C)),
    )
    stepper = Stepper(list_referrers("demo", DIGEST), answers(*lines))
    assert stepper.finish() == ReferrerList(DIGEST, (A, B, C), 3, source="api")
    assert stepper.taken[1].step.title == f"List what refers to {DIGEST.short}, page 2"


@pytest.mark.parametrize("colon", ["%3A", "%3a"])
def test_C36_a_digest_may_be_written_with_its_colon_encoded(colon):
    path = LIST.replace(":", colon)
    lines = (FIRST, page(A, link=f"{path}?p=2")), (f"GET {HOME}{path}?p=2", page(B))
    assert run(list_referrers("demo", DIGEST), *lines).complete


@pytest.mark.parametrize(
    "link",
    [
        f"https://evil.example{LIST}?p=2", f"http://registry.example{LIST}?p=2",
        "/v2/demo/referrers/sha256:0", "/v2/_catalog", "https://[::1", "javascript:alert(1)",
    ],
)  # fmt: skip
def test_K6_a_link_to_somewhere_else_is_not_followed_and_the_list_incomplete(link):
    found = run(list_referrers("demo", DIGEST), (FIRST, page(A, link=link)))
    assert (found.descriptors, found.pages, found.complete) == ((A,), 1, False)
    assert found.note


def test_K6_a_circle_of_pages_is_left():
    """R-4."""
    lines = (FIRST, page(A, link="?p=2")), (at("p=2"), page(B, link="?p=2"))
    found = run(list_referrers("demo", DIGEST), *lines)
    assert (found.descriptors, found.complete) == ((A, B), False)
    assert "circle" in found.note
    assert "incomplete" in repr(found)


def test_K6_at_most_a_thousand_pages_are_asked_for():
    """R-4."""
    pages = [(at(f"p={n}"), page(A, link=f"?p={n + 1}")) for n in range(1, 1_000)]
    found = run(list_referrers("demo", DIGEST), (FIRST, page(A, link="?p=1")), *pages)
    assert (found.pages, found.complete, found.note) == (
        1_000, False, "there are more than 1,000 pages",
    )  # fmt: skip


def test_K6_empty_pages_are_followed_three_times():
    """R-4."""
    lines = (
        (FIRST, page(A, link="?p=1")),
        *((at(f"p={n}"), page(link=f"?p={n + 1}")) for n in range(1, 4)),
    )
    assert "empty page" in run(list_referrers("demo", DIGEST), *lines).note


@pytest.mark.parametrize(
    ("where", "name", "most", "words"),
    [
        (reading, "MOST_REFERRERS", 2, "2 referrers"),
        (pages, "MOST_BYTES", 500, "500 B"),
    ],
)
def test_K6_what_is_kept_is_bounded(monkeypatch: pytest.MonkeyPatch, where, name, most, words):
    monkeypatch.setattr(where, name, most)
    lines = (FIRST, page(A, link="?p=1")), (at("p=1"), page(B, link="?p=2"))
    found = run(list_referrers("demo", DIGEST), *lines)
    assert (found.complete, found.descriptors) == (False, (A, B))
    assert words in found.note


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (404, "no such thing"), (429, "too many"), (500, "in trouble"),
        (ok(b"<html>", "text/html"), "cannot be read"), (ok(b"{", media_types.INDEX), "not JSON"),
        (ok(referrer(1).raw, media_types.MANIFEST), "cannot be read"),
    ],
)  # fmt: skip
def test_a_later_page_that_is_refused_leaves_what_there_is(answer, words):
    lines = (FIRST, page(A, link="?p=1")), (at("p=1"), answer)
    found = run(list_referrers("demo", DIGEST), *lines)
    assert (found.descriptors, found.complete, found.source) == ((A,), False, "api")
    assert words in found.note


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (401, AuthenticationError), (403, Denied), (429, RateLimited), (500, ServerFault),
        (503, ServerFault), (204, UnexpectedAnswer), (302, UnexpectedAnswer),
        (410, RegistryError),
    ],
)  # fmt: skip
def test_K24_a_first_page_that_is_refused_is_an_error_and_never_nobody(answer, kind):
    refusal(kind, list_referrers("demo", DIGEST), (FIRST, answer))


def test_R1_a_repository_that_is_not_there_says_nothing_of_the_api():
    refusal(NotFound, list_referrers("demo", DIGEST), (FIRST, said(404, "NAME_UNKNOWN")))


# The tag


@pytest.mark.parametrize(
    "answer",
    [
        400, 404, 405, 406, 501, said(404, "MANIFEST_UNKNOWN"), ok(b"<html>", "text/html"),
        ok(Index.of([]).raw, "text/plain"), ok(Index.of([]).raw),
        ok(Index.of([A]).raw, media_types.MANIFEST),
    ],
)  # fmt: skip
def test_R1_without_an_api_the_tag_is_read(answer):
    """F-R1, C34, L-7, case 41."""
    found = run(list_referrers("demo", DIGEST), (FIRST, answer), (TAG, page(A)))
    assert (found.descriptors, found.source, found.complete) == ((A,), "tag", True)
    assert "no referrers API" in found.note


@pytest.mark.parametrize(
    "body", [b"{", b"[]", b"{}", b'{"schemaVersion":2,"manifests":5}', b'{"schemaVersion":1}',
             referrer(1).raw],
)  # fmt: skip
def test_D9_an_api_that_cannot_be_understood_may_have_more_than_the_tag(body):
    """Case 41."""
    lines = (FIRST, ok(body, "application/json")), (TAG, page(A))
    found = run(list_referrers("demo", DIGEST), *lines)
    assert (found.descriptors, found.source, found.complete) == ((A,), "tag", False)
    assert "not usable" in found.note


def test_D9_json_that_is_an_index_is_one():
    answer = page(A, media_type="application/json; charset=utf-8")
    assert run(list_referrers("demo", DIGEST), (FIRST, answer)).source == "api"


def test_C34_without_api_and_tag_there_is_nobody():
    found = run(list_referrers("demo", DIGEST), (FIRST, 404), (TAG, 404))
    assert (found.descriptors, found.source, found.complete) == ((), "none", True)


@pytest.mark.parametrize(
    "answer",
    [ok(referrer(1).raw, media_types.MANIFEST), ok(b"{", media_types.INDEX),
     ok(b'{"schemaVersion":1}')],
)  # fmt: skip
def test_C34_a_tag_that_is_no_index_lists_nobody(answer):
    found = run(list_referrers("demo", DIGEST), (FIRST, 404), (TAG, answer))
    assert (found.descriptors, found.source) == ((), "none")
    assert ";" in found.note


@pytest.mark.parametrize(("answer", "kind"), [(403, Denied), (500, ServerFault)])
def test_K24_a_tag_that_is_refused_is_an_error_and_never_nobody(answer, kind):
    refusal(kind, list_referrers("demo", DIGEST), (FIRST, 404), (TAG, answer))


def test_C5_a_tag_that_is_not_what_the_registry_says_is_found_out():
    answer = ok(Index.of([A]).raw, media_types.INDEX, Docker_Content_Digest=B.digest)
    refusal(DigestMismatch, list_referrers("demo", DIGEST), (FIRST, 404), (TAG, answer))


def test_the_tag_of_a_longer_digest_is_cut():
    digest = Digest.of(b"subject", "sha512")
    lines = (
        (f"GET /v2/demo/referrers/{digest}", 404),
        (f"GET /v2/demo/manifests/sha512-{digest.encoded[:64]}", page(A)),
    )
    assert run(list_referrers("demo", digest), *lines).descriptors == (A,)


# One type only


@pytest.mark.parametrize("filters", ["artifactType", "x, artifactType", "ARTIFACTTYPE ,y"])
def test_C35_a_filter_that_was_applied_is_trusted(filters):
    """end-12b."""
    untyped = Descriptor(A.media_type, A.digest, A.size)
    lines = (SBOMS, page(untyped, B, filters=filters))
    stepper = Stepper(list_referrers("demo", DIGEST, "a/sbom"), answers(lines))
    assert stepper.finish() == ReferrerList(
        DIGEST, (untyped, B), 1, source="api", artifact_type="a/sbom"
    )
    assert stepper.taken[0].step.endpoint is endpoints.LIST_REFERRERS_OF_TYPE
    assert "of type a/sbom" in repr(stepper.result)


def test_C35_repeated_headers_are_one_list():
    answer = page(A)
    headers = [*answer.headers.pairs(), ("OCI-Filters-Applied", "x"),
               ("OCI-Filters-Applied", "artifactType")]  # fmt: skip
    lines = (SBOMS, Response(200, headers, answer.body))
    assert run(list_referrers("demo", DIGEST, "a/sbom"), lines).descriptors == (A,)


def test_C35_else_it_is_filtered_here():
    lines = (SBOMS, page(A, SIGNATURE, B, link="?p=2")), (at("p=2"), page(SIGNATURE, C))
    assert run(list_referrers("demo", DIGEST, "a/sbom"), *lines).descriptors == (A, B, C)


def test_C35_the_tag_never_is_filtered():
    lines = (SBOMS, 404), (TAG, page(SIGNATURE, A, filters="artifactType"))
    assert run(list_referrers("demo", DIGEST, "a/sbom"), *lines).descriptors == (A,)


def untyped(manifest: Manifest) -> tuple[Descriptor, str]:
    entry = Descriptor(manifest.media_type, manifest.digest, manifest.size)
    return entry, f"GET /v2/demo/manifests/{manifest.digest}"


def test_R5_what_does_not_say_its_type_is_looked_into():
    sbom, fetch_sbom = untyped(referrer(1))
    other, fetch_other = untyped(referrer(1, "a/other"))
    lines = (
        (SBOMS, page(sbom, other)),
        (fetch_sbom, ok(referrer(1).raw, media_types.MANIFEST)),
        (fetch_other, ok(referrer(1, "a/other").raw, media_types.MANIFEST)),
    )
    found = run(list_referrers("demo", DIGEST, "a/sbom"), *lines)
    assert [(each.digest, each.artifact_type) for each in found] == [(sbom.digest, "a/sbom")]
    assert found.complete


@pytest.mark.parametrize("answer", [404, 403, ok(b"{}", media_types.MANIFEST), ok(b"x")])
def test_R5_what_cannot_be_looked_into_makes_the_list_incomplete(answer):
    sbom, fetch = untyped(referrer(1))
    again = [(fetch, answer)] * (2 if isinstance(answer, Response) else 1)
    found = run(list_referrers("demo", DIGEST, "a/sbom"), (SBOMS, page(sbom, A)), *again)
    assert (found.descriptors, found.complete) == ((A,), False)
    assert "1 do not say their type" in found.note


def test_R5_only_so_many_are_looked_into(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(reading, "MOST_LOOKED_INTO", 1)
    one, fetch = untyped(referrer(1))
    two, _ = untyped(referrer(2))
    lines = (SBOMS, page(one, two)), (fetch, ok(referrer(1).raw, media_types.MANIFEST))
    found = run(list_referrers("demo", DIGEST, "a/sbom"), *lines)
    assert (len(found), found.complete) == (1, False)


@pytest.mark.parametrize("artifact_type", ["x", "a/b\r\nX: y", "a/b&n=1", "/", "a/" + "b" * 200])
def test_K14_what_is_no_type_is_not_asked_for(artifact_type):
    with pytest.raises(InvalidContent):
        Stepper(list_referrers("demo", DIGEST, artifact_type), answers())


def test_K14_a_type_is_encoded():
    url = f"GET {LIST}?artifactType=application/spdx%2Bjson"
    run(list_referrers("demo", DIGEST, "application/spdx+json"), (url, page()))


@pytest.mark.parametrize("reference", ["", "-x", "a/b", "sha256:x", "..%2f"])
def test_K14_what_is_neither_tag_nor_digest_is_not_asked_for(reference: Any):
    with pytest.raises(InvalidReference):
        Stepper(list_referrers("demo", reference), answers())


# What is known of the API


def test_R3_a_registry_without_the_api_is_asked_for_it_once():
    api = ReferrersApi()
    run(list_referrers("demo", DIGEST, api=api), (FIRST, 404), (TAG, 404))
    found = run(list_referrers("demo", DIGEST, api=api), (TAG, page(A)))
    assert (found.source, found.descriptors, found.complete) == ("tag", (A,), True)
    assert "as it said before" in found.note


def test_R3_another_repository_is_asked_for_itself():
    api = ReferrersApi()
    run(list_referrers("demo", DIGEST, api=api), (FIRST, 404), (TAG, 404))
    other = f"GET /v2/other/referrers/{DIGEST}"
    assert run(list_referrers("other", DIGEST, api=api), (other, page(A))).source == "api"
    assert (api.usable("demo"), api.usable("other"), api.usable("third")) == (False, True, None)


def test_R3_a_404_after_a_200_does_not_flip_it():
    """And since there is an API, the tag need not have all."""
    api = ReferrersApi()
    run(list_referrers("demo", DIGEST, api=api), (FIRST, page(A)))
    found = run(list_referrers("demo", DIGEST, api=api), (FIRST, 404), (TAG, 404))
    assert not found.complete
    assert api.usable("demo") is True
    assert run(list_referrers("demo", DIGEST, api=api), (FIRST, page(A))).complete


@pytest.mark.parametrize("code", ["NOT_FOUND", "MANIFEST_UNKNOWN", "PROJECT_UNKNOWN"])
def test_R2_that_something_is_not_there_teaches_nothing_either(code):
    """Harbor says so of a missing project; the tag is looked at all the same."""
    api = ReferrersApi()
    run(list_referrers("demo", DIGEST, api=api), (FIRST, said(404, code)), (TAG, 404))
    assert api.usable("demo") is None


def test_R1_R3_a_repository_that_is_not_there_teaches_nothing():
    api = ReferrersApi()
    refusal(NotFound, list_referrers("demo", DIGEST, api=api), (FIRST, said(404, "NAME_UNKNOWN")))
    assert api.usable("demo") is None


@pytest.mark.parametrize("answer", [401, 403, 429, 500])
def test_R3_nor_does_a_no_of_another_kind(answer):
    api = ReferrersApi()
    with pytest.raises(RegistryError):
        run(list_referrers("demo", DIGEST, api=api), (FIRST, answer))
    assert api.usable("demo") is None


# Claims, and what the manifests say themselves (C37)


def fetched(document: Manifest) -> tuple[str, Response]:
    return f"GET /v2/demo/manifests/{document.digest}", ok(document.raw, document.media_type)


def test_C37_a_list_is_of_claims_unless_each_is_fetched():
    claimed = run(list_referrers("demo", DIGEST), (FIRST, page(A)))
    assert not claimed.confirmed
    lines = (FIRST, page(A, B)), fetched(referrer(0)), fetched(referrer(1))
    found = run(list_referrers("demo", DIGEST, confirm=True), *lines)
    assert (found.descriptors, found.confirmed, found.complete) == ((A, B), True, True)
    assert repr(found).endswith("2 found by api, confirmed, complete>")


def test_C37_what_names_another_subject_is_refuted_and_not_in_the_list():
    other = Manifest.of(EMPTY, [], subject=EMPTY, artifact_type="a/sbom")
    none = Manifest.of(EMPTY, [], artifact_type="a/sbom")
    lies = entry_of(other), entry_of(none)
    lines = (FIRST, page(A, *lies)), fetched(referrer(0)), fetched(other), fetched(none)
    found = run(list_referrers("demo", DIGEST, confirm=True), *lines)
    assert (found.descriptors, found.refuted, found.complete) == ((A,), lies, True)


@pytest.mark.parametrize("answer", [404, 403, 500, ok(b"other", media_types.MANIFEST)])
def test_C37_what_cannot_be_fetched_is_not_confirmed(answer):
    asked, _ = fetched(referrer(0))
    again = [(asked, answer)] if isinstance(answer, Response) else []
    lines = (FIRST, page(A, B)), (asked, answer), *again, fetched(referrer(1))
    found = run(list_referrers("demo", DIGEST, confirm=True), *lines)
    assert (found.descriptors, found.refuted, found.complete) == ((B,), (), False)
    assert "1 could not be fetched, so nothing confirms them" in found.note


def test_C37_only_so_many_are_fetched(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(reading, "MOST_LOOKED_INTO", 1)
    lines = (FIRST, page(A, B)), fetched(referrer(0))
    found = run(list_referrers("demo", DIGEST, confirm=True), *lines)
    assert (found.descriptors, found.complete) == ((A,), False)


def test_C37_those_under_the_tag_are_claims_too():
    lines = (FIRST, 404), (TAG, page(A)), fetched(referrer(0))
    assert run(list_referrers("demo", DIGEST, confirm=True), *lines).confirmed
