"""Attaching artifacts and signatures to what is there, or will be."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from ocinb.errors import (
    Denied,
    InvalidContent,
    InvalidReference,
    KindRefused,
    NotFound,
    NotSupported,
    RegistryError,
    ServerFault,
    UnexpectedAnswer,
)
from ocinb.oci import media_types
from ocinb.oci.attached import artifact
from ocinb.oci.descriptor import Descriptor
from ocinb.oci.digest import Digest
from ocinb.oci.fallback import referrers_tag
from ocinb.oci.image import Blob, Image
from ocinb.oci.index import Index
from ocinb.oci.manifest import AnyManifest, Manifest
from ocinb.oci.signature import SIGNATURE, digest_to_signature_tag, signed, with_signature
from ocinb.protocol.messages import Response
from ocinb.protocol.referring.attach import check_size, push_referrer, push_signature, the_subject
from ocinb.protocol.stepper import Stepper
from tests.protocol.scripted import Answer, Line, answers, ok, refusal, run

SPDX = "application/spdx+json"
WHEN = datetime(2026, 3, 1, tzinfo=UTC)
SUBJECT = Descriptor.of(b"subject", media_types.DOCKER_INDEX)
HEAD = f"HEAD /v2/demo/manifests/{SUBJECT.digest}"
CONTENT = Blob.of(b'{"a":1}', SPDX)


def make(subject: Descriptor) -> Image:
    return artifact(CONTENT, SPDX, subject, WHEN)


def there(subject: Descriptor = SUBJECT, method: str = "HEAD") -> Line:
    found = ok(
        b"x" * subject.size if method == "GET" else b"",
        subject.media_type,
        Docker_Content_Digest=subject.digest,
        Content_Length=str(subject.size),
    )
    return f"{method} /v2/demo/manifests/{subject.digest}", found


def blobs(image: Image) -> list[Line]:
    return [(f"HEAD /v2/demo/blobs/{blob.digest}", 200) for blob in image.unique_blobs]


def put(image: Image, answer: Answer) -> Line:
    return f"PUT /v2/demo/manifests/{image.digest}", answer


LISTED = Response(201, {"OCI-Subject": SUBJECT.digest})

# Referrers


def test_an_artifact_refers_to_its_subject_by_the_media_type_that_it_has():
    """15 of ocibuild's weaknesses: it says OCI image of everything."""
    image = make(SUBJECT)
    pushed = run(
        push_referrer("demo", SUBJECT.digest, make), there(), *blobs(image), put(image, LISTED)
    )
    assert pushed.descriptor == image.descriptor
    assert pushed.tags == ()
    assert image.manifest.subject == SUBJECT


def test_a_tag_is_what_it_points_to_now():
    image = make(SUBJECT)
    line = "HEAD /v2/demo/manifests/v1", there()[1]
    run(push_referrer("demo", "v1", make), line, *blobs(image), put(image, LISTED))


def test_a_descriptor_is_believed_and_need_not_be_there():
    """C31."""
    image = make(SUBJECT)
    run(push_referrer("demo", SUBJECT, make), *blobs(image), put(image, LISTED))


def test_a_digest_with_a_size_need_not_be_there_either():
    """C31."""
    assumed = Descriptor(media_types.MANIFEST, SUBJECT.digest, 7)
    assert run(the_subject("demo", SUBJECT.digest, 7), (HEAD, 404)) == assumed
    assert run(the_subject("demo", SUBJECT.digest, 7), there()) == SUBJECT
    with pytest.raises(InvalidContent, match="has 7 bytes, not 8"):
        run(the_subject("demo", SUBJECT.digest, 8), there())


def test_a_subject_that_is_not_there_is_not_found():
    lines = (HEAD, 404), (HEAD.replace("HEAD", "GET"), 404)
    refusal(NotFound, push_referrer("demo", SUBJECT.digest, make), *lines)
    tagged = ("HEAD /v2/demo/manifests/v1", 404), ("GET /v2/demo/manifests/v1", 404)
    refusal(NotFound, push_referrer("demo", "v1", make, subject_size=7), *tagged)


def test_C30_where_the_registry_keeps_no_list_the_referrers_tag_is_kept():
    image = make(SUBJECT)
    listing = f"/v2/demo/manifests/{referrers_tag(SUBJECT.digest)}"
    lines = (
        *blobs(image), put(image, 201), (f"GET {listing}", 404), (f"PUT {listing}", 500),
    )  # fmt: skip
    error = refusal(ServerFault, push_referrer("demo", SUBJECT, make), *lines)
    assert "the manifest itself was pushed" in error.hints[0]


@pytest.mark.parametrize("status", [400, 404, 405, 415, 422])
def test_M3_a_registry_that_does_not_take_such_artifacts_is_understood(status: int):
    image = make(SUBJECT)
    no = Response(status, {}, b'{"errors":[{"code":"UNSUPPORTED","message":"unknown type"}]}')
    lines = (*blobs(image), put(image, no))
    error = refusal(KindRefused, push_referrer("demo", SUBJECT, make), *lines)
    assert (error.status, error.code, error.message) == (status, "UNSUPPORTED", "unknown type")
    assert SPDX in error.hints[0]
    assert media_types.MANIFEST in error.hints[0]


def test_any_other_no_is_what_it_is():
    image = make(SUBJECT)
    refusal(Denied, push_referrer("demo", SUBJECT, make), *blobs(image), put(image, 403))
    missing = (f"HEAD /v2/demo/blobs/{image.blobs[0].digest}", 404)
    opening = ("POST /v2/demo/blobs/uploads/", 404)
    refusal(NotFound, push_referrer("demo", SUBJECT, make), missing, opening)


@pytest.mark.parametrize("wrong", [-1, 1.5, True, "7"])
def test_a_size_is_a_number_of_bytes(wrong: object):
    with pytest.raises(InvalidReference):
        check_size(wrong)  # type: ignore[arg-type]
    assert (check_size(0), check_size(None)) == (0, None)


# Signatures under cosign's tag

ONE, TWO, THREE = (signed(b'{"p":1}', bytes([number])) for number in (1, 2, 3))
TAG = digest_to_signature_tag(SUBJECT.digest)
AT = f"/v2/demo/manifests/{TAG}"


def of(*layers: Blob) -> Image:
    """These signatures, one added after the other."""
    image: Image | None = None
    for layer in layers:
        image = with_signature(image.manifest if image else None, layer)
    assert image
    return image


def read(found: AnyManifest | None, **headers: str) -> Line:
    return f"GET {AT}", ok(found.raw, found.media_type, **headers) if found else 404


def signatures(manifest: AnyManifest) -> list[str]:
    assert isinstance(manifest, Manifest)
    return [layer.annotations[SIGNATURE] for layer in manifest.layers]


def test_the_first_signature_is_written_and_seen_there():
    image = of(ONE)
    lines = read(None), *blobs(image), (f"PUT {AT}", 201), read(image.manifest)
    pushed = run(push_signature("demo", SUBJECT, ONE), *lines)
    assert (pushed.descriptor, pushed.tags) == (image.descriptor, (TAG,))
    assert [blob.digest for blob, _ in pushed.blobs] == [blob.digest for blob in image.blobs]


def test_one_more_is_put_behind_the_others_if_nobody_else_wrote_meanwhile():
    """16 of ocibuild's weaknesses: it forgets the others."""
    image = of(ONE, TWO)
    send = answers(
        read(of(ONE).manifest, ETag='"1"'), *blobs(image), (f"PUT {AT}", 201), read(image.manifest)
    )
    Stepper(push_signature("demo", SUBJECT, TWO), send).finish()
    (written,) = (asked for asked in send.asked if asked.method == "PUT")
    assert written.headers["if-match"] == '"1"'
    assert b"".join(written.body) == image.manifest.raw
    send.all_said()


def test_one_that_is_there_is_not_written_again():
    image = of(ONE, TWO)
    pushed = run(push_signature("demo", SUBJECT, ONE), read(image.manifest))
    assert (pushed.descriptor, pushed.blobs) == (image.descriptor, ())


@pytest.mark.parametrize("answer", [412, 409, 201])
def test_somebody_who_was_faster_is_kept_too(answer: int):
    """R-6: told by the registry, or seen when it is read again."""
    theirs, both = of(TWO), of(TWO, ONE)
    config = (f"HEAD /v2/demo/blobs/{both.blobs[0].digest}", 200)
    lines = (
        read(None), *blobs(of(ONE)), (f"PUT {AT}", answer), read(theirs.manifest),
        config, (f"PUT {AT}", 201), read(both.manifest),
    )  # fmt: skip
    pushed = run(push_signature("demo", SUBJECT, ONE), *lines)
    assert pushed.descriptor == both.descriptor
    assert signatures(both.manifest) == ["Ag==", "AQ=="]


@pytest.mark.parametrize(("answer", "kind"), [(201, UnexpectedAnswer), (412, RegistryError)])
def test_it_is_given_up_after_three_times(answer: int, kind: type[RegistryError]):
    lines: list[Line] = [read(None), *blobs(of(ONE)), (f"PUT {AT}", answer)]
    lines += [read(None), (f"PUT {AT}", answer)] * 2
    refusal(kind, push_signature("demo", SUBJECT, ONE), *lines, read(None))


def test_what_is_no_list_of_signatures_is_left_alone():
    refusal(InvalidContent, push_signature("demo", SUBJECT, ONE), read(Index.of([])))


def test_a_registry_that_takes_no_signatures_is_understood():
    image = of(ONE)
    lines = read(None), *blobs(image), (f"PUT {AT}", 405)
    error = refusal(RegistryError, push_signature("demo", SUBJECT, ONE), *lines)
    assert media_types.CONFIG in error.hints[0]  # it looks like an image, so as to be taken


def test_the_digest_of_a_tag_is_asked_for():
    image = of(ONE)
    lines = read(None), *blobs(image), (f"PUT {AT}", 201), read(image.manifest)
    asked = ("HEAD /v2/demo/manifests/v1", there()[1])
    run(push_signature("demo", "v1", ONE), asked, *lines)


def test_a_digest_that_is_too_long_for_a_tag_is_refused_before_anything_is_asked():
    long = Descriptor(media_types.MANIFEST, Digest.of(b"x", "sha512"), 1)
    with pytest.raises(NotSupported, match="longer than a tag"):
        Stepper(push_signature("demo", long, ONE), answers())
