"""Several tags in one request, where the registry takes them (end-7b, C28)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ocinb.errors import DigestMismatch, InvalidContent, KindRefused, RegistryError
from ocinb.oci import media_types
from ocinb.oci.descriptor import EMPTY, Descriptor
from ocinb.oci.digest import Digest
from ocinb.oci.fallback import referrers_tag
from ocinb.oci.image import Image
from ocinb.oci.manifest import Manifest
from ocinb.oci.strict_json import MANIFEST_LIMIT
from ocinb.protocol import endpoints
from ocinb.protocol.messages import Response
from ocinb.protocol.push import push_manifests, tag
from ocinb.protocol.stepper import Stepper
from ocinb.protocol.tagging import Tagging
from tests.protocol.scripted import answers, ok, refusal, run

PLAIN = Manifest.of(EMPTY, [])
IMAGE = Image(PLAIN, ())
PATH = "PUT /v2/demo/manifests/"
SUBJECT = Descriptor.of(b"subject", media_types.MANIFEST)


def at_once(*tags: str) -> str:
    return f"{PATH}{PLAIN.digest}?{'&'.join(f'tag={each}' for each in tags)}"


def took(*tags: str) -> Response:
    """201 with a header for each of `tags`."""
    return Response(201, [("OCI-Tag", each) for each in tags])


def pushed(tagging: Tagging | None, tags: tuple[str, ...], *lines) -> None:
    run(push_manifests("demo", IMAGE, tags, tagging=tagging), *lines)


@pytest.mark.parametrize("said", [took("a", "b", "c"), took("a, b", "c"), took(" a,b,c ,d")])
def test_C28_all_tags_are_given_in_one_request(said: Response):
    tagging = Tagging()
    send = answers((at_once("a", "b", "c"), said))
    stepper = Stepper(push_manifests("demo", IMAGE, ("a", "b", "c"), tagging=tagging), send)
    stepper.finish()
    (step,) = (exchange.step for exchange in stepper.taken)
    assert step.endpoint is endpoints.PUT_MANIFEST_TAGGED
    assert b"".join(step.request.body) == PLAIN.raw
    assert step.request.headers["content-type"] == media_types.MANIFEST
    assert tagging.at_once is True


def test_C28_tags_that_are_not_acknowledged_are_pushed_one_by_one():
    tagging = Tagging()
    pushed(
        tagging, ("a", "b", "c"),
        (at_once("a", "b", "c"), took("b")), (f"{PATH}a", 201), (f"{PATH}c", 201),
    )  # fmt: skip
    assert tagging.at_once is True


@pytest.mark.parametrize("status", [201, 202, 400, 404, 405, 500])
def test_C28_a_registry_that_does_not_know_it_is_told_of_each_tag_and_that_is_noted(status: int):
    tagging = Tagging()
    pushed(tagging, ("a", "b"), (at_once("a", "b"), status), (f"{PATH}a", 201), (f"{PATH}b", 201))
    assert tagging.at_once is False


@pytest.mark.parametrize("status", [414, 431])
def test_C28_fewer_tags_are_sent_where_they_are_too_many(status: int):
    pushed(
        Tagging(), ("a", "b", "c", "d", "e"),
        (at_once("a", "b", "c", "d", "e"), status),
        (at_once("a", "b"), took("a", "b")),
        (at_once("c", "d"), took("c", "d")),
        (f"{PATH}e", 201),
    )  # fmt: skip
    lines = (at_once("a", "b"), status), (f"{PATH}a", 201), (f"{PATH}b", 201)
    pushed(Tagging(), ("a", "b"), *lines)


def test_one_tag_is_pushed_as_ever_and_so_are_several_where_nobody_wants_it():
    pushed(Tagging(), ("a",), (f"{PATH}a", 201))
    pushed(Tagging(), (), (f"{PATH}{PLAIN.digest}", 201))
    pushed(None, ("a", "b"), (f"{PATH}a", 201), (f"{PATH}b", 201))


def test_K9_a_registry_that_claims_another_digest_is_not_believed():
    lying = Response(201, {"OCI-Tag": "a, b", "Docker-Content-Digest": Digest.of(b"x")})
    refusal(
        DigestMismatch,
        push_manifests("demo", IMAGE, ("a", "b"), tagging=Tagging()),
        (at_once("a", "b"), lying),
    )


def test_what_is_wrong_is_said_to_the_usual_request():
    error = refusal(
        KindRefused,
        push_manifests("demo", IMAGE, ("a", "b"), tagging=Tagging()),
        (at_once("a", "b"), 400), (f"{PATH}a", 400),
    )  # fmt: skip
    assert error.url.endswith("/a")


def test_C30_a_referrer_that_has_all_its_tags_is_listed_by_its_subject():
    sbom = Manifest.of(EMPTY, [], subject=SUBJECT, artifact_type="a/sbom")
    listing = f"/v2/demo/manifests/{referrers_tag(SUBJECT.digest)}"
    send = answers(
        (f"{PATH}{sbom.digest}?tag=a&tag=b", took("a", "b")),
        (f"GET {listing}", 404),
        (f"PUT {listing}", 201),
        (f"GET {listing}", 500),
    )
    with pytest.raises(RegistryError):
        Stepper(
            push_manifests("demo", Image(sbom, ()), ("a", "b"), tagging=Tagging()), send
        ).finish()
    send.all_said()


def test_M4_what_is_too_large_is_not_sent():
    large = Image(replace(PLAIN, raw=b" " * (MANIFEST_LIMIT + 1)), ())
    refusal(InvalidContent, push_manifests("demo", large, ("a", "b"), tagging=Tagging()))


def test_a_manifest_that_is_there_gets_several_tags_byte_for_byte():
    raw = PLAIN.raw.replace(b'":', b'" :')
    digest = Digest.of(raw)
    send = answers(
        (f"GET /v2/demo/manifests/{digest}", ok(raw, media_types.MANIFEST)),
        (f"{PATH}{digest}?tag=a&tag=b", took("a", "b")),
    )
    found = Stepper(tag("demo", digest, "a", "b", tagging=Tagging()), send).finish()
    assert found.digest == digest
    assert b"".join(send.asked[1].body) == raw
