from __future__ import annotations

import json
import time

import pytest

from ocinb.client.repository import Repository
from ocinb.oci import media_types
from ocinb.oci.descriptor import Descriptor
from ocinb.oci.digest import Digest
from ocinb.oci.index import Index
from ocinb.oci.manifest import Manifest
from ocinb.registry.app import LocalRegistry
from ocinb.storage import store as stores
from ocinb.storage.layout import Layout
from tests.registry.asking import CONFIG, MANIFEST, ask, code, push_blob, put_manifest

CONFIG_DESCRIPTOR = Descriptor.of(CONFIG, media_types.CONFIG)
SBOM = Manifest.of(
    CONFIG_DESCRIPTOR,
    [],
    subject=MANIFEST.descriptor,
    artifact_type="application/spdx+json",
    annotations={"made.by": "hand"},
)
PLAIN = Manifest.of(CONFIG_DESCRIPTOR, [], subject=MANIFEST.descriptor)


SUBJECT = f"/v2/demo/app/referrers/{MANIFEST.digest}"


def listed(registry, query="", digest=MANIFEST.digest):
    response = ask(registry, "GET", f"/v2/demo/app/referrers/{digest}{query}")
    assert response.status == 200
    assert response.headers["content-type"] == media_types.INDEX
    document = json.loads(response.body)
    assert document["mediaType"] == media_types.INDEX
    return document["manifests"], response.headers.get("oci-filters-applied")


def push(registry, *manifests):
    push_blob(registry, "demo/app", CONFIG)
    for manifest in manifests:
        assert put_manifest(registry, "demo/app", manifest.digest, manifest.raw).status == 201


def test_S25_nobody_refers_to_what_is_not_there(registry):
    """G-16"""
    assert listed(registry) == ([], None)
    push(registry)
    assert listed(registry) == ([], None)


@pytest.mark.parametrize("digest", ["sha256:baddigeststring", "v1"])
def test_S25_a_digest_that_is_none_is_refused(registry, digest):
    """G-16"""
    url = f"/v2/demo/app/referrers/{digest}"
    assert code(ask(registry, "GET", url)) == "400 DIGEST_INVALID"


def test_S26_referrers_are_listed_with_their_type_and_annotations(registry):
    push(registry, SBOM, PLAIN)
    by_digest = {entry["digest"]: entry for entry in listed(registry)[0]}
    assert by_digest[SBOM.digest] == {
        "mediaType": media_types.MANIFEST,
        "digest": SBOM.digest,
        "size": SBOM.size,
        "artifactType": "application/spdx+json",
        "annotations": {"made.by": "hand"},
    }
    assert by_digest[PLAIN.digest]["artifactType"] == media_types.CONFIG


def test_S26_an_index_without_a_type_has_none_in_the_listing(registry):
    document = {**json.loads(Index.of([]).raw), "subject": MANIFEST.descriptor.to_json()}
    raw = json.dumps(document).encode()
    response = put_manifest(registry, "demo/app", Digest.of(raw), raw, media_types.INDEX)
    assert response.headers["oci-subject"] == MANIFEST.digest
    (entry,) = listed(registry)[0]
    assert "artifactType" not in entry


def test_S27_the_listing_is_filtered_and_says_so(registry):
    push(registry, SBOM, PLAIN)
    entries, applied = listed(registry, "?artifactType=application/spdx%2Bjson")
    assert [entry["digest"] for entry in entries] == [SBOM.digest]
    assert applied == "artifactType"
    assert listed(registry, "?artifactType=application/x-none") == ([], "artifactType")


def test_S29_a_deleted_referrer_is_not_listed(registry):
    push(registry, SBOM)
    ask(registry, "DELETE", f"/v2/demo/app/manifests/{SBOM.digest}")
    assert listed(registry)[0] == []
    push(registry, SBOM)
    assert len(listed(registry)[0]) == 1


def test_S28_referrers_that_only_a_fallback_tag_names_are_listed(tmp_path):
    layout = Layout(tmp_path / "demo/app")
    stores.put(layout, CONFIG)
    stores.put(layout, SBOM.raw)
    fallback = Index.of([SBOM.descriptor])
    tag = MANIFEST.digest.replace(":", "-")
    layout.put_manifest(fallback.raw, fallback.descriptor, [tag])
    assert [entry["digest"] for entry in listed(LocalRegistry(tmp_path))[0]] == [SBOM.digest]


def crowd(registry, size, count):
    """So many referrers, put into the store as they would be by pushing them."""
    push(registry)
    store = registry.store("demo/app")
    made = [
        Manifest.of(
            CONFIG_DESCRIPTOR,
            [],
            subject=MANIFEST.descriptor,
            artifact_type=f"application/vnd.example.kind{number % 2}",
            annotations={"number": str(number), "text": "x" * size},
        )
        for number in range(count)
    ]
    for each in made:
        store.put_manifest(each.raw, each.descriptor)
    return {each.digest for each in made}


def pages(registry, url):
    """The entries of each page from `url` on, as its link leads to the next; bounded."""
    for _ in range(20):
        response = ask(registry, "GET", url)
        assert response.status == 200
        assert len(response.body) <= 4 * 1024 * 1024
        yield response, json.loads(response.body)["manifests"]
        link = response.headers.get("link", "")
        if not link:
            return
        assert link.startswith("</v2/demo/app/referrers/sha256:")
        assert link.endswith('>; rel="next"')
        url = link[1:].partition(">")[0]
    raise AssertionError("it never ends")


def test_S24_referrers_that_do_not_fit_come_in_pages():
    """G-16"""
    registry = LocalRegistry()
    everybody = crowd(registry, 100_000, 100)
    found = [each for _, page in pages(registry, SUBJECT) for each in page]
    assert len(found) == 100
    assert {each["digest"] for each in found} == everybody
    assert len(list(pages(registry, SUBJECT))) == 3


def test_S27_the_filter_is_kept_from_page_to_page():
    registry = LocalRegistry()
    crowd(registry, 100_000, 100)
    url = f"{SUBJECT}?artifactType=application/vnd.example.kind1"
    answers = list(pages(registry, url))
    assert len(answers) == 2
    assert all(answer.headers["oci-filters-applied"] == "artifactType" for answer, _ in answers)
    kinds = [each["artifactType"] for _, page in answers for each in page]
    assert kinds == ["application/vnd.example.kind1"] * 50


def test_what_comes_and_goes_meanwhile_shifts_no_page():
    registry = LocalRegistry()
    everybody = crowd(registry, 100_000, 100)
    answers = pages(registry, SUBJECT)
    _, first = next(answers)
    for each in first[:10]:
        ask(registry, "DELETE", f"/v2/demo/app/manifests/{each['digest']}")
    push(registry, SBOM)
    rest = {each["digest"] for _, page in answers for each in page}
    assert rest - {SBOM.digest} == everybody - {each["digest"] for each in first}


def test_G16_five_thousand_referrers_are_listed_within_a_second():
    registry = LocalRegistry()
    everybody = crowd(registry, 10, 5_000)
    list(pages(registry, SUBJECT))
    started = time.process_time()
    answers = list(pages(registry, SUBJECT))
    assert time.process_time() - started < 1
    assert {each["digest"] for _, page in answers for each in page} == everybody


def test_no_page_has_more_entries_than_clients_parse(monkeypatch):
    monkeypatch.setattr("ocinb.registry.referrers.LONGEST_PAGE", 7)
    registry = LocalRegistry()
    crowd(registry, 1, 15)
    assert [len(page) for _, page in pages(registry, SUBJECT)] == [7, 7, 1]


def test_our_own_client_reads_all_pages():
    registry = LocalRegistry()
    everybody = crowd(registry, 100_000, 100)
    push_blob(registry, "demo/app")
    put_manifest(registry, "demo/app", "v1", MANIFEST.raw)
    found = Repository("demo/app", registry=registry).referrers("v1")
    assert {each.digest for each in found} == everybody


def test_a_damaged_referrer_that_is_pushed_again_is_read_again(tmp_path):
    """K-23: a damaged manifest refers to nothing; pushed again, it does."""
    with LocalRegistry(tmp_path) as registry:
        push(registry, SBOM)
        path = tmp_path / "demo/app/blobs/sha256" / SBOM.digest.encoded
        path.write_bytes(PLAIN.raw)
        assert listed(registry)[0] == []
        push(registry, SBOM)
        assert [entry["digest"] for entry in listed(registry)[0]] == [SBOM.digest]
