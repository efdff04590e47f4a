"""Keeping the referrers tag: by whoever pushes, and with others doing so at the same time."""

from __future__ import annotations

import pytest

from ocinb.errors import (
    Denied,
    DigestMismatch,
    InvalidContent,
    NotSupported,
    OcinbError,
    RegistryError,
    ServerFault,
    UnexpectedAnswer,
)
from ocinb.oci import media_types
from ocinb.oci.descriptor import EMPTY, Descriptor
from ocinb.oci.document import encode
from ocinb.oci.fallback import entry_of, referrers_tag
from ocinb.oci.image import Image
from ocinb.oci.index import Index
from ocinb.oci.manifest import Manifest, parse_manifest
from ocinb.protocol.messages import Response
from ocinb.protocol.push import push_manifests, put_manifest
from ocinb.protocol.stepper import Stepper
from tests.protocol.scripted import answers, ok, refusal, run

SUBJECT = Descriptor.of(b"subject", media_types.MANIFEST)
SBOM = Manifest.of(EMPTY, [], subject=SUBJECT, artifact_type="a/sbom", annotations={"k": "v"})
MINE = entry_of(SBOM)
THEIRS = entry_of(Manifest.of(EMPTY, [], subject=SUBJECT, artifact_type="a/theirs"))
LATER = entry_of(Manifest.of(EMPTY, [], subject=SUBJECT, artifact_type="a/later"))
PUT = f"PUT /v2/demo/manifests/{SBOM.digest}"
TAG = f"/v2/demo/manifests/{referrers_tag(SUBJECT.digest)}"
READ, WRITE = f"GET {TAG}", f"PUT {TAG}"


def listing(*entries: Descriptor, etag: str = "") -> Response:
    named = {"ETag": etag} if etag else {}
    return ok(Index.of(entries).raw, media_types.INDEX, **named)


def putting():
    return put_manifest("demo", SBOM, SBOM.digest)


def sent(*lines, kind: type[OcinbError] | None = None):
    """The requests of putting it, when the registry does not say that it keeps the list."""
    send = answers((PUT, 201), *lines)
    stepper = Stepper(putting(), send)
    if kind:
        with pytest.raises(kind):
            stepper.finish()
    else:
        assert stepper.finish() == SBOM.descriptor
    send.all_said()
    return send.asked[1:]


def test_C30_who_says_that_it_keeps_the_list_is_believed():
    run(putting(), (PUT, Response(201, {"OCI-Subject": SUBJECT.digest})))


def test_C30_without_a_subject_there_is_nothing_to_keep():
    for document in (Manifest.of(EMPTY, []), Index.of([])):
        line = (f"PUT /v2/demo/manifests/{document.digest}", 201)
        run(put_manifest("demo", document, document.digest), line)


def test_C30_the_first_referrer_makes_the_tag():
    read, written, _ = sent((READ, 404), (WRITE, 201), (READ, listing(MINE)))
    assert read.headers["cache-control"] == "no-cache"
    assert b"".join(written.body) == Index.of([MINE]).raw
    assert written.headers.pairs() == (("Content-Type", media_types.INDEX),)


@pytest.mark.parametrize("said", [THEIRS.digest, "", "nonsense"])
def test_M7_another_subject_is_none(said):
    lines = (
        (PUT, Response(201, {"OCI-Subject": said})),
        (READ, listing(THEIRS, MINE)),
    )
    run(putting(), *lines)


def test_C30_another_referrer_is_appended():
    _, written, _ = sent((READ, listing(THEIRS)), (WRITE, 201), (READ, listing(THEIRS, MINE)))
    assert b"".join(written.body) == Index.of([THEIRS, MINE]).raw


def test_C30_what_stands_there_is_not_written_again():
    sent((READ, listing(MINE, THEIRS)))


def test_C30_a_docker_index_stays_one():
    raw = encode(
        {"schemaVersion": 2, "mediaType": media_types.DOCKER_INDEX, "manifests": [THEIRS.to_json()]}
    )
    there = ok(raw, media_types.DOCKER_INDEX)
    _, written, _ = sent((READ, there), (WRITE, 201), (READ, listing(MINE)))
    assert written.headers["content-type"] == media_types.DOCKER_INDEX


@pytest.mark.parametrize(
    ("there", "kind"),
    [
        (ok(SBOM.raw, media_types.MANIFEST), InvalidContent),
        (ok(b"{", media_types.INDEX), InvalidContent),
        (ok(b"<html>", "text/html"), InvalidContent),
        (ok(b'{"schemaVersion":1}'), NotSupported),
        (ok(Index.of([]).raw, media_types.INDEX, Docker_Content_Digest=MINE.digest),
         DigestMismatch),
        (403, Denied), (500, ServerFault),
    ],
)  # fmt: skip
def test_C30_a_tag_that_is_something_else_is_left_alone_and_reported(there, kind):
    """F-R3, case 43."""
    hint = refusal(kind, putting(), (PUT, 201), (READ, there)).hints[-1]
    assert "the manifest itself was pushed" in hint
    assert referrers_tag(SUBJECT.digest) in hint


# Others, at the same time


def test_R6_what_is_written_depends_on_the_version_that_was_read():
    lines = (READ, listing(THEIRS, etag='"1"')), (WRITE, 201), (READ, listing(THEIRS, MINE))
    assert sent(*lines)[1].headers["if-match"] == '"1"'


@pytest.mark.parametrize("etag", ['W/"1"', "1", "", '"a b"', '"\x7f"', '"' + "x" * 300 + '"'])
def test_R6_a_version_that_nobody_could_match_is_not_sent(etag):
    lines = (READ, listing(THEIRS, etag=etag)), (WRITE, 201), (READ, listing(THEIRS, MINE))
    assert "if-match" not in sent(*lines)[1].headers


@pytest.mark.parametrize("status", [409, 412])
def test_R6_when_somebody_was_faster_both_are_there_in_the_end(status):
    """F-R4, case 44."""
    *_, written, _ = sent(
        (READ, listing(THEIRS, etag='"1"')), (WRITE, status),
        (READ, listing(THEIRS, LATER, etag='"2"')), (WRITE, 201),
        (READ, listing(THEIRS, LATER, MINE)),
    )  # fmt: skip
    assert b"".join(written.body) == Index.of([THEIRS, LATER, MINE]).raw
    assert written.headers["if-match"] == '"2"'


def test_R6_what_somebody_wrote_over_is_written_again():
    """Case 44: on registries without versions."""
    *_, written, _ = sent(
        (READ, 404), (WRITE, 201), (READ, listing(LATER)), (WRITE, 201),
        (READ, listing(LATER, MINE)),
    )  # fmt: skip
    assert b"".join(written.body) == Index.of([LATER, MINE]).raw


@pytest.mark.parametrize(("status", "kind"), [(412, RegistryError), (201, UnexpectedAnswer)])
def test_R6_after_three_times_it_is_an_error(status, kind):
    once = (READ, listing(THEIRS)), (WRITE, status)
    sent(*once, *once, *once, (READ, listing(THEIRS)), kind=kind)


@pytest.mark.parametrize(("status", "kind"), [(403, Denied), (413, RegistryError)])
def test_a_list_that_is_not_taken_is_an_error(status, kind):
    sent((READ, 404), (WRITE, status), kind=kind)


# Whatever is put


def test_C30_it_is_done_for_indexes_and_old_artifacts_too():
    for kind in (media_types.INDEX, media_types.ARTIFACT_MANIFEST):
        said = {"schemaVersion": 2, "mediaType": kind, "subject": SUBJECT.to_json()}
        document = parse_manifest(encode(said))
        lines = (
            (f"PUT /v2/demo/manifests/{document.digest}", 201),
            (READ, listing(entry_of(document))),
        )
        run(put_manifest("demo", document, document.digest), *lines)


def test_C30_it_is_done_by_a_push():
    lines = ("PUT /v2/demo/manifests/v1", 201), (READ, listing(MINE))
    run(push_manifests("demo", Image(SBOM, ()), ("v1",)), *lines)
