"""Finding out what a registry can do: by reading, by writing on request, and never by believing."""

from __future__ import annotations

import json
import pickle

import pytest

from ocinb.errors import AuthenticationError, InvalidReference, NotARegistry, TransferError
from ocinb.oci import annotations as keys
from ocinb.oci import media_types
from ocinb.oci.descriptor import Descriptor
from ocinb.oci.digest import Digest
from ocinb.oci.fallback import entry_of, referrers_tag
from ocinb.oci.index import Index
from ocinb.oci.manifest import Manifest
from ocinb.protocol import endpoints
from ocinb.protocol.capabilities import NAMES, Capabilities, capabilities
from ocinb.protocol.messages import Response
from ocinb.protocol.probes import manifests, uploads
from ocinb.protocol.probes.findings import READING, WRITING
from ocinb.protocol.referring.referrers_api import ReferrersApi
from ocinb.protocol.stepper import Stepper
from tests.protocol.scripted import HOME, Answer, Line, answers, ok, refusal, run

CONFIG = Descriptor.of(b"{}" * 4, media_types.CONFIG)
LAYER = Descriptor.of(b"layer" * 9, media_types.LAYER)
IMAGE = Manifest.of(CONFIG, [LAYER])
NOBODY = f"sha256:{'0' * 64}"
DIGEST_512 = Digest.of(IMAGE.raw, "sha512")
LOST = TransferError("the connection broke")
NO_TOKEN = AuthenticationError(401, "", "no token from auth.example")


def listed(name: str, *names: str, link: str = "") -> Response:
    headers = {"Link": f'<{link}>; rel="next"'} if link else {}
    return ok(json.dumps({name: names}).encode(), "application/json", **headers)


def refused(status: int, code: str) -> Response:
    return Response(status, {}, json.dumps({"errors": [{"code": code}]}).encode())


def referrers(*entries: Descriptor, filters: str = "") -> Response:
    headers = {"OCI_Filters_Applied": filters} if filters else {}
    return ok(Index.of(entries).raw, media_types.INDEX, **headers)


# What is asked of a repository, in order, with the answers of a registry that can do everything.
READS: dict[str, Line] = {
    "door": ("GET /v2/", ok(Docker_Distribution_API_Version="registry/2.0")),
    "catalog": ("GET /v2/_catalog?n=10", listed("repositories", "demo")),
    "tags": (
        "GET /v2/demo/tags/list?n=1",
        listed("tags", "v1", link="/v2/demo/tags/list?n=1&last=v1"),
    ),
    "head": (
        "HEAD /v2/demo/manifests/v1",
        ok(b"", IMAGE.media_type, Docker_Content_Digest=IMAGE.digest, ETag='"1"',
           Content_Length=str(IMAGE.size)),
    ),
    "manifest": ("GET /v2/demo/manifests/v1", ok(IMAGE.raw, IMAGE.media_type)),
    "head_blob": (f"HEAD /v2/demo/blobs/{CONFIG.digest}", ok(Content_Length=str(CONFIG.size))),
    "ranges": (
        f"GET /v2/demo/blobs/{CONFIG.digest}",
        Response(206, {"Content-Range": "bytes 0-0/8", "Accept-Ranges": "bytes"}, b"{"),
    ),
    "referrers": (f"GET /v2/demo/referrers/{IMAGE.digest}", referrers()),
    "nobody": (f"GET /v2/demo/referrers/{NOBODY}", referrers()),
    "tag": (f"GET /v2/demo/manifests/{referrers_tag(IMAGE.digest)}", 404),
    "filter": (
        f"GET /v2/demo/referrers/{IMAGE.digest}?artifactType=example/nothing",
        referrers(filters="artifactType"),
    ),
    "sha512": (f"HEAD /v2/demo/manifests/{DIGEST_512}", ok()),
}  # fmt: skip


def reading(**answered: Answer | None) -> list[Line]:
    """The script of reading, some of it answered otherwise; None is never asked."""
    assert answered.keys() <= READS.keys()
    lines = {name: (asked, answered.get(name, told)) for name, (asked, told) in READS.items()}
    return [(asked, told) for asked, told in lines.values() if told is not None]


def found_by(*lines: Line, repository: str = "demo", scratch: str = "") -> Capabilities:
    return run(capabilities("r.example", repository, scratch), *lines)


def read(**answered: Answer | None) -> Capabilities:
    return found_by(*reading(**answered))


# Reading


def test_everything_that_reading_shows_is_asked_once_and_nothing_is_written():
    send = answers(*reading())
    found = Stepper(capabilities("r.example", "demo"), send).finish()
    send.all_said()
    assert {request.method for request in send.asked} == {"GET", "HEAD"}
    assert {each.name: each.verdict for each in found if not each.writes} == {
        **{each.name: "yes" for each in READING}, "referrers_tag": "no",
    }  # fmt: skip
    assert {each.verdict for each in found if each.writes} == {"not asked"}
    assert found["upload"].evidence == "it takes a scratch repository to write into"
    assert (found.registry, found.repository, found.scratch) == ("r.example", "demo", "")
    assert repr(found) == ("<Capabilities of r.example: 11 yes, 1 no, 0 unknown, 17 not asked>")


def test_each_verdict_says_the_request_and_the_answer():
    found = read()
    assert {each.name: each.evidence for each in found if not each.writes} == {
        "api": "GET /v2/ → 200, registry/2.0",
        "catalog": "GET _catalog?n=10 → 200, 1 listed",
        "tags": "GET tags/list?n=1 → 200",
        "tag_paging": "GET tags/list?n=1 → 200, one tag, and a Link to the next",
        "head_manifest": "HEAD manifests/v1 → 200, with digest, type and size",
        "etag": "HEAD manifests/v1 → 200, with an ETag",
        "head_blob": f"HEAD blobs/{CONFIG.digest.short}… → 200, with its size",
        "ranges": f"GET blobs/{CONFIG.digest.short}… → 206, content-range: bytes 0-0/8; "
        "accept-ranges: bytes",
        "referrers": f"GET referrers/{IMAGE.digest.short}… → 200, 0 listed",
        "referrers_filter": f"GET referrers/{IMAGE.digest.short}…?artifactType=example/nothing → "
        "200, OCI-Filters-Applied",
        "referrers_tag": "GET manifests/<referrers tag> → 404",
        "sha512": f"HEAD manifests/{DIGEST_512.short}… → 200",
    }


def test_verdicts_are_attributes_and_a_wrong_name_says_what_there_is():
    found = read()
    assert found.referrers == "yes"
    assert found["referrers"].endpoint is endpoints.LIST_REFERRERS
    assert "referrers" in dir(found)
    assert found._ipython_key_completions_() == list(NAMES)
    with pytest.raises(AttributeError):
        found.teleport  # noqa: B018
    with pytest.raises(InvalidReference) as wrong:
        found["referrer"]
    assert "did you mean 'referrers'?" in wrong.value.hints[0]


def test_it_can_be_kept():
    found = read()
    assert pickle.loads(pickle.dumps(found)) == found
    assert len(found) == len(NAMES) == len(READING) + len(WRITING)


@pytest.mark.parametrize(
    ("probe", "answer", "name", "verdict", "words"),
    [
        ("catalog", refused(401, "UNAUTHORIZED"), "catalog", "no", "401 UNAUTHORIZED"),
        ("catalog", 404, "catalog", "no", "→ 404"),
        ("catalog", ok(b"<html>", "text/html"), "catalog", "unknown", "200"),
        ("catalog", LOST, "catalog", "unknown", "the connection broke"),
        ("catalog", NO_TOKEN, "catalog", "unknown", "401 no token from auth.example"),
        ("tags", listed("tags", "v1", "v2"), "tag_paging", "no", "2 tags all the same"),
        ("head", ok(), "head_manifest", "no", "without digest and type and size"),
        ("head", ok(), "etag", "no", "without an ETag"),
        ("head", 405, "head_manifest", "no", "→ 405"),
        ("head", 500, "head_manifest", "unknown", "→ 500"),
        ("head", LOST, "head_manifest", "unknown", "the connection broke"),
        ("head_blob", ok(), "head_blob", "no", "without its size"),
        ("head_blob", NO_TOKEN, "head_blob", "unknown", "no token"),
        ("ranges", ok(b"{}" * 4, Accept_Ranges="none"), "ranges", "no", "200, accept-ranges: none"),
        ("ranges", 416, "ranges", "no", "→ 416"),
        ("ranges", 403, "ranges", "unknown", "→ 403"),
        ("tag", referrers(CONFIG), "referrers_tag", "yes", "1 listed"),
        ("tag", 500, "referrers_tag", "unknown", "→ 500"),
        ("tag", ok(IMAGE.raw, IMAGE.media_type), "referrers_tag", "unknown", "is no index"),
        ("filter", referrers(CONFIG), "referrers_filter", "no", "filtered here"),
        ("filter", LOST, "referrers_filter", "unknown", "the connection broke"),
        ("nobody", 404, "referrers", "yes", "but 404 for a digest nobody has"),
        ("nobody", LOST, "referrers", "yes", "but the connection broke for a digest"),
        ("sha512", 404, "sha512", "unknown", "only pushing some shows"),
        ("sha512", refused(400, "DIGEST_INVALID"), "sha512", "no", "400"),
        ("sha512", LOST, "sha512", "unknown", "the connection broke"),
    ],
)  # fmt: skip
def test_whatever_a_probe_hears_is_told_and_the_others_go_on(probe, answer, name, verdict, words):
    found = read(**{probe: answer})
    assert found[name].verdict == verdict
    assert words in found[name].evidence


@pytest.mark.parametrize("status", [400, 404, 405, 406, 501])
def test_R1_without_a_referrers_api_the_tag_is_used(status):
    found = read(referrers=status, nobody=None, filter=None)
    assert (found.referrers, found.referrers_filter) == ("no", "no")
    assert "the referrers tag is used instead" in found["referrers"].evidence


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (ok(b"<html>", "text/html"), "200, text/html, which is no list"),
        (ok(b"{}"), "200, no type, which is no list"),
        (ok(b"[]", media_types.INDEX), "which is no list: it only looks like a yes"),
    ],
)
def test_R1_an_api_that_only_looks_like_one_is_lying(answer, words):
    found = read(referrers=answer, nobody=None, filter=None)
    assert found.referrers == "no"
    assert words in found["referrers"].evidence


@pytest.mark.parametrize("answer", [refused(404, "NAME_UNKNOWN"), 401, 500, LOST, NO_TOKEN])
def test_R1_a_no_of_another_kind_says_nothing_of_the_api(answer):
    api = ReferrersApi()
    lines = reading(referrers=answer, nobody=None, filter=None)
    found = run(capabilities("r", "demo", api=api), *lines)
    assert (found.referrers, found.referrers_filter) == ("unknown", "unknown")
    assert api.usable("demo") is None


def test_R3_what_was_learnt_of_the_api_is_kept():
    api = ReferrersApi()
    run(capabilities("r", "demo", api=api), *reading())
    assert api.usable("demo") is True
    other = ReferrersApi()
    lines = reading(referrers=404, nobody=None, filter=None)
    run(capabilities("r", "demo", api=other), *lines)
    assert other.usable("demo") is False


def test_a_page_without_a_link_is_asked_for_the_next_one():
    """C33: some page and do not say so; others have but one tag."""
    page = READS["tags"][0], listed("tags", "v1")
    more = f"{READS['tags'][0]}&last=v1"
    rest = reading()[3:]
    before = reading()[:2]
    found = found_by(*before, page, (more, listed("tags", "v2")), *rest)
    assert found["tag_paging"].verdict == "no"
    assert "without a Link" in found["tag_paging"].evidence
    found = found_by(*before, page, (more, listed("tags")), *rest)
    assert found["tag_paging"].verdict == "unknown"


NO_TAG = dict.fromkeys(("head", "manifest", "head_blob", "ranges", "tag", "sha512"))


@pytest.mark.parametrize("answer", [listed("tags"), 404, 401, LOST, ok(b"{"), NO_TOKEN])
def test_without_a_tag_only_the_digest_that_nobody_has_is_asked_for(answer):
    lines = reading(tags=answer, referrers=None, filter=None, **NO_TAG)
    filtered = f"GET /v2/demo/referrers/{NOBODY}?artifactType=example/nothing"
    found = found_by(*lines, (filtered, referrers()))
    assert found.referrers == "yes"
    assert found.head_manifest == found.ranges == found.sha512 == "unknown"


def test_of_an_index_the_first_manifest_has_the_blobs():
    index = Index.of([IMAGE.descriptor])
    by_digest = f"GET /v2/demo/manifests/{IMAGE.digest}", ok(IMAGE.raw, IMAGE.media_type)
    lines = reading(manifest=ok(index.raw, index.media_type))
    at = [asked for asked, _ in lines].index(READS["manifest"][0])
    of_index = str(index.digest)
    changed = [
        (
            asked.replace(str(IMAGE.digest), of_index)
            .replace(referrers_tag(IMAGE.digest), referrers_tag(index.digest))
            .replace(DIGEST_512, Digest.of(index.raw, "sha512")),
            told,
        )
        for asked, told in lines
    ]
    assert found_by(*changed[: at + 1], by_digest, *changed[at + 1 :]).ranges == "yes"


def test_a_large_blob_is_not_risked():
    """A registry without ranges would send all of it."""
    large = Descriptor(media_types.LAYER, LAYER.digest, 2**30)
    image = Manifest.of(large, [large])
    lines = reading(manifest=ok(image.raw, image.media_type), ranges=None)
    changed = [
        (
            asked.replace(IMAGE.digest, image.digest)
            .replace(referrers_tag(IMAGE.digest), referrers_tag(image.digest))
            .replace(CONFIG.digest, large.digest)
            .replace(DIGEST_512, Digest.of(image.raw, "sha512")),
            told,
        )
        for asked, told in lines
    ]
    found = found_by(*changed)
    assert found.ranges == "unknown"
    assert "1.0 GiB" in found["ranges"].evidence


def test_without_a_name_the_first_of_the_catalog_is_asked():
    assert found_by(*reading(), repository="").repository == "demo"


@pytest.mark.parametrize("answer", [listed("repositories"), 404, LOST])
def test_without_any_repository_only_the_registry_is_asked(answer):
    found = found_by(READS["door"], (READS["catalog"][0], answer), repository="")
    assert {found[each.name].verdict for each in READING[2:]} == {"not asked"}
    assert "name one" in found["tags"].evidence


@pytest.mark.parametrize("door", [404, ok(b"<html>", "text/html")])
def test_what_is_no_registry_is_an_error(door):
    refusal(NotARegistry, capabilities("r", "demo"), (READS["door"][0], door))


@pytest.mark.parametrize("door", [LOST, NO_TOKEN])
def test_who_does_not_even_open_the_door_is_an_error(door):
    with pytest.raises(type(door)):
        run(capabilities("r", "demo"), (READS["door"][0], door))


def test_a_door_with_a_guard_is_a_registry():
    guarded = Response(401, {"WWW-Authenticate": 'Bearer realm="https://auth.example/token"'})
    assert read(door=guarded)["api"].evidence == "GET /v2/ → 401, asks for bearer"


# Writing

OPEN = "POST /v2/scratch/blobs/uploads/"
CHUNKS, ONCE = uploads.IN_CHUNKS.digest, uploads.AT_ONCE.digest
LONG = uploads.BY_SHA512.digest
MADE, REFERRER, SETTINGS = (
    manifests.IMAGE.digest, manifests.REFERRER.digest, manifests.CONFIG.digest,
)  # fmt: skip
PUT = "PUT /v2/scratch/manifests"
DELETE = "DELETE /v2/scratch"
SIZE = uploads.IN_CHUNKS.size


def at(number: int) -> str:
    return f"{HOME}/v2/scratch/blobs/uploads/{number}"


def opened(number: int, **headers: str) -> Response:
    said = {name.replace("_", "-"): value for name, value in headers.items()}
    return Response(202, {"Location": f"/v2/scratch/blobs/uploads/{number}?state=s3cret", **said})


WRITES: dict[str, Line] = {
    "open": (OPEN, opened(1)),
    "chunk": (f"PATCH {at(1)}?state=s3cret", Response(202, {"Range": f"0-{SIZE - 1}"})),
    "status": (f"GET {at(1)}?state=s3cret", Response(204, {"Range": f"0-{SIZE - 1}"})),
    "close": (f"PUT {at(1)}?state=s3cret&digest={CHUNKS}", 201),
    "open_to_cancel": (OPEN, opened(2)),
    "gap": (f"PATCH {at(2)}?state=s3cret", 416),
    "cancel": (f"DELETE {at(2)}?state=s3cret", 204),
    "cancelled": (f"GET {at(2)}?state=s3cret", 404),
    "post": (f"{OPEN}?digest={ONCE}", 201),
    "open_512": (f"{OPEN}?digest-algorithm=sha512", opened(3)),
    "close_512": (f"PUT {at(3)}?state=s3cret&digest={LONG}", 201),
    "here": (f"HEAD /v2/scratch/blobs/{CONFIG.digest}", 404),
    "mount": (f"{OPEN}?mount={CONFIG.digest}&from=demo", 201),
    "here_too": (f"HEAD /v2/scratch/blobs/{LAYER.digest}", 404),
    "mount_any": (f"{OPEN}?mount={LAYER.digest}", 201),
    "config": (f"HEAD /v2/scratch/blobs/{SETTINGS}", 200),
    "layer": (f"HEAD /v2/scratch/blobs/{ONCE}", 200),
    "by_digest": (f"{PUT}/{MADE}", 201),
    "by_tag": (f"{PUT}/ocinb-probe", 201),
    "several": (
        f"{PUT}/{MADE}?tag=ocinb-probe-1&tag=ocinb-probe-2",
        Response(201, {"OCI-Tag": "ocinb-probe-1, ocinb-probe-2"}),
    ),
    "over": (f"{PUT}/ocinb-probe", 412),
    "referrer": (f"{PUT}/{REFERRER}", Response(201, {"OCI-Subject": MADE})),
    "relisted": (f"GET /v2/scratch/referrers/{MADE}", referrers(entry_of(manifests.REFERRER))),
    "del_tag": (f"{DELETE}/manifests/ocinb-probe", 202),
    "del_tag_1": (f"{DELETE}/manifests/ocinb-probe-1", 202),
    "del_tag_2": (f"{DELETE}/manifests/ocinb-probe-2", 202),
    "del_referrer": (f"{DELETE}/manifests/{REFERRER}", 202),
    "del_manifest": (f"{DELETE}/manifests/{MADE}", 202),
    "del_chunks": (f"{DELETE}/blobs/{CHUNKS}", 202),
    "del_once": (f"{DELETE}/blobs/{ONCE}", 202),
    "del_512": (f"{DELETE}/blobs/{LONG}", 202),
    "del_mounted": (f"{DELETE}/blobs/{CONFIG.digest}", 202),
    "del_any": (f"{DELETE}/blobs/{LAYER.digest}", 202),
    "del_config": (f"{DELETE}/blobs/{SETTINGS}", 202),
}


def script(*after: tuple[str, Line], **answered: Answer | None) -> list[Line]:
    """The whole script, some of it answered otherwise, with further lines `after` named ones."""
    assert answered.keys() <= WRITES.keys()
    lines = reading()
    more = dict(after)
    for name, (asked, told) in WRITES.items():
        answer = answered.get(name, told)
        lines += [(asked, answer)] if answer is not None else []
        lines += [more[name]] if name in more else []
    return lines


def wrote(*after: tuple[str, Line], **answered: Answer | None) -> Capabilities:
    return found_by(*script(*after, **answered), scratch="scratch")


def test_everything_that_writing_shows_is_found_and_cleaned_up():
    found = wrote()
    assert {each.name: each.verdict for each in found if each.writes} == {
        **{each.name: "yes" for each in WRITING}, "chunk_minimum": "no",
    }  # fmt: skip
    assert found.left == ()
    assert found.made[0] == "tag ocinb-probe"
    assert len(found.made) == 3 + 2 + 6
    assert "a list which has what was just pushed" in found["referrers"].evidence


def test_where_an_upload_goes_on_is_never_said():
    """K-20: what stands there may be all that somebody needs to write."""
    evidence = " ".join(each.evidence for each in wrote())
    assert "s3cret" not in evidence
    assert "blobs/uploads/…" in evidence


def test_what_is_pushed_is_tiny_and_says_what_it_is():
    for blob in (uploads.AT_ONCE, uploads.IN_CHUNKS, uploads.BY_SHA512, manifests.CONFIG):
        assert blob.size < 200
        assert b"a probe of ocinb" in b"".join(blob)
    for document in (manifests.IMAGE, manifests.REFERRER):
        assert "may be deleted" in document.annotations[keys.DESCRIPTION]


@pytest.mark.parametrize("answer", [401, 403, 404, 405, 500, LOST, NO_TOKEN, Response(202)])
def test_where_no_upload_can_be_opened_nothing_is_written(answer):
    found = found_by(*reading(), (OPEN, answer), scratch="scratch")
    assert found.upload in ("no", "unknown")
    assert {found[each.name].verdict for each in WRITING[1:]} == {"unknown"}
    assert "no upload could be opened: POST blobs/uploads/ → " in found["chunks"].evidence
    assert (found.made, found.left) == ((), ())


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (opened(1), "a relative Location"),
        (Response(202, {"Location": f"{at(1)}?state=s3cret"}), "an absolute Location"),
    ],
)
def test_the_form_of_the_location_is_told(answer, words):
    assert words in wrote(open=answer)["upload"].evidence


def test_C19_a_least_chunk_is_told():
    found = wrote(open=opened(1, OCI_Chunk_Min_Length="5242880"))
    assert found.chunk_minimum == "yes"
    assert "at least 5.0 MiB" in found["chunk_minimum"].evidence


def test_U1_a_registry_without_chunks_is_one_without_chunks():
    gone = (f"DELETE {at(1)}?state=s3cret", 204)
    found = wrote(("chunk", gone), chunk=404, status=None, gap=None, close=None, del_chunks=None)
    assert (found.chunks, found.upload_status, found.gap_refused) == ("no", "unknown", "unknown")
    assert found.single_post == "yes"


def test_S12_a_gap_that_is_taken_is_told():
    """As distribution takes it."""
    found = wrote(gap=202)
    assert (found.gap_refused, found.chunks, found.cancel) == ("no", "yes", "yes")
    assert "202, with nothing before it" in found["gap_refused"].evidence


def test_chunks_that_come_to_nothing_are_not_known_to_work():
    gone = (f"DELETE {at(1)}?state=s3cret", 204)
    found = wrote(("close", gone), close=refused(400, "DIGEST_INVALID"), del_chunks=None)
    assert found.chunks == "unknown"
    assert "400 DIGEST_INVALID" in found["chunks"].evidence


@pytest.mark.parametrize("said", ["0-0", "", "bytes=0-9"])
def test_U7_a_status_that_is_not_how_far_it_is_is_no_status(said):
    assert wrote(status=Response(204, {"Range": said})).upload_status != "yes"


def test_U14_an_upload_that_cannot_be_cancelled_is_left_and_told():
    found = wrote(cancel=405, cancelled=204)
    assert found.cancel == "no"
    assert found.left == ("an open upload, which registries forget by themselves",)


def test_C16_a_post_that_only_opens_an_upload_is_given_up():
    lines = script(("post", (f"DELETE {at(9)}?state=s3cret", 204)), post=opened(9), del_once=None)
    found = found_by(*lines, WRITES["del_once"], scratch="scratch")
    assert found.single_post == "no"
    assert f"blob {ONCE}" in found.made


@pytest.mark.parametrize("answer", [refused(400, "DIGEST_INVALID"), 404])
def test_C17_a_registry_without_sha512_says_so(answer):
    found = wrote(
        ("close_512", (f"DELETE {at(3)}?state=s3cret", 404)), close_512=answer, del_512=None
    )
    assert found.sha512 == "no"


def test_C25_a_mount_that_opens_an_upload_is_none():
    found = wrote(
        ("mount", (f"DELETE {at(7)}?state=s3cret", 204)), mount=opened(7), del_mounted=None
    )
    assert found.mount == "no"
    assert "an upload was opened instead" in found["mount"].evidence
    assert found.anonymous_mount == "yes"


def test_what_was_there_before_is_neither_mounted_nor_deleted():
    found = wrote(here=200, mount=None, del_mounted=None)
    assert found.mount == "unknown"
    assert f"blob {CONFIG.digest}" not in found.made


def test_a_mount_takes_another_repository():
    lines = reading()
    here = [(asked.replace("/scratch/", "/demo/"), told) for asked, told in script(
        here=None, mount=None, here_too=None, mount_any=None, del_mounted=None, del_any=None,
        open=Response(202, {"Location": "/v2/demo/blobs/uploads/1?state=s3cret"}),
        open_to_cancel=Response(202, {"Location": "/v2/demo/blobs/uploads/2?state=s3cret"}),
        open_512=Response(202, {"Location": "/v2/demo/blobs/uploads/3?state=s3cret"}),
    )[len(lines):]]  # fmt: skip
    found = found_by(*lines, *here, scratch="demo")
    assert found.mount == found.anonymous_mount == "unknown"
    assert "another repository" in found["mount"].evidence


def test_C28_what_is_not_acknowledged_was_not_tagged():
    found = wrote(several=201, del_tag_1=None, del_tag_2=None)
    assert found.several_tags == "no"
    assert "OCI-Tag names 0 of 2" in found["several_tags"].evidence
    assert "tag ocinb-probe-1" not in found.made


def test_a_version_that_is_ignored_is_told():
    assert "though nothing has that version" in wrote(over=201)["if_match"].evidence


@pytest.mark.parametrize("answer", [201, Response(201, {"OCI-Subject": NOBODY})])
def test_M7_a_subject_that_is_not_acknowledged_is_left_to_clients(answer):
    found = wrote(referrer=answer)
    assert found.subject == "no"
    assert "clients keep the referrers tag" in found["subject"].evidence


def test_a_list_that_lacks_what_was_just_pushed_is_a_lie():
    found = wrote(relisted=referrers())
    assert found.referrers == "no"
    assert "lacks what was just pushed" in found["referrers"].evidence


@pytest.mark.parametrize("answer", [404, 500, LOST, ok(b"<html>", "text/html")])
def test_a_list_that_cannot_be_had_leaves_what_was_known(answer):
    assert wrote(relisted=answer).referrers == "yes"


def test_X1_what_cannot_be_deleted_is_named():
    kept = {name: 405 for name in WRITES if name.startswith("del_")}
    tags = [f"HEAD /v2/scratch/manifests/ocinb-probe{n}" for n in ("", "-1", "-2")]
    lines = script(**kept)
    at_blobs = [asked for asked, _ in lines].index(WRITES["del_chunks"][0])
    lines[at_blobs:at_blobs] = [(tag, 200) for tag in tags]
    found = found_by(*lines, scratch="scratch")
    assert (found.delete_tag, found.delete_manifest, found.delete_blob) == ("no", "no", "no")
    assert sorted(found.left) == sorted(found.made)


def test_X2_where_tags_go_only_with_their_manifest_nothing_is_left():
    lines = script(del_tag=400, del_tag_1=400, del_tag_2=400)
    at_blobs = [asked for asked, _ in lines].index(WRITES["del_chunks"][0])
    lines[at_blobs:at_blobs] = [
        (f"HEAD /v2/scratch/manifests/ocinb-probe{n}", 404) for n in ("", "-1", "-2")
    ]
    found = found_by(*lines, scratch="scratch")
    assert (found.delete_tag, found.delete_manifest) == ("no", "yes")
    assert found.left == ()


def test_without_blobs_no_manifest_is_tried():
    nothing: dict[str, Answer | None] = dict.fromkeys(list(WRITES)[16:])
    made = "del_chunks", "del_once", "del_512", "del_mounted", "del_any"
    nothing |= dict.fromkeys(made, Response(202))
    found = wrote(config=500, **nothing)
    assert found.put_by_tag == found.subject == "unknown"
    assert "no blob could be pushed: 500" in found["put_by_tag"].evidence
    assert found.delete_blob == "yes"
