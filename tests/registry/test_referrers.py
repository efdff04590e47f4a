from __future__ import annotations

import json

import pytest

from ocinb.oci import media_types
from ocinb.oci.descriptor import Descriptor
from ocinb.oci.digest import Digest
from ocinb.oci.index import Index
from ocinb.oci.manifest import Manifest
from ocinb.registry.app import LocalRegistry
from ocinb.storage import store as stores
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
    assert listed(registry) == ([], None)
    push(registry)
    assert listed(registry) == ([], None)


@pytest.mark.parametrize("digest", ["sha256:baddigeststring", "v1"])
def test_S25_a_digest_that_is_none_is_refused(registry, digest):
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
    registry = LocalRegistry(tmp_path)
    push(registry)
    layout = registry.store("demo/app")
    stores.put(layout, SBOM.raw)
    fallback = Index.of([SBOM.descriptor])
    tag = MANIFEST.digest.replace(":", "-")
    layout.put_manifest(fallback.raw, fallback.descriptor, [tag])
    assert [entry["digest"] for entry in listed(LocalRegistry(tmp_path))[0]] == [SBOM.digest]
