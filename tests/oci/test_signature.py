"""Signatures: the tag they are found by, and the manifests they are in, as cosign writes them."""

from __future__ import annotations

import base64
from datetime import UTC, datetime

import pytest

from ocinb.errors import InvalidContent, InvalidReference, NotSupported
from ocinb.oci import media_types
from ocinb.oci.attached import made
from ocinb.oci.descriptor import Descriptor
from ocinb.oci.digest import Digest
from ocinb.oci.document import encode
from ocinb.oci.image import Blob, Image
from ocinb.oci.index import Index
from ocinb.oci.manifest import AnyManifest, parse_manifest
from ocinb.oci.reference import check_tag
from ocinb.oci.signature import (
    MOST_SIGNATURES,
    SIGNATURE,
    SIMPLE_SIGNING,
    digest_to_signature_tag,
    referring,
    signed,
    with_signature,
)

WHEN = datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)
SUBJECT = Descriptor.of(b"subject", media_types.INDEX)
ONE, TWO = signed(b'{"p":1}', b"\1\2\3"), signed(b'{"p":1}', b"\4")


def added(found: AnyManifest | None, layer: Blob) -> Image:
    image = with_signature(found, layer)
    assert image is not None
    return image


# The tag


def test_the_tag_is_made_of_the_digest():
    digest = "sha256:" + 64 * "a"
    assert digest_to_signature_tag(digest) == f"sha256-{64 * 'a'}.sig"
    assert check_tag(digest_to_signature_tag(digest))


@pytest.mark.parametrize("wrong", ["", "latest", "sha256:abc", "sha256-abc.sig"])
def test_what_is_no_digest_has_none(wrong: str):
    """ocibuild makes a tag of anything."""
    with pytest.raises(InvalidReference):
        digest_to_signature_tag(wrong)


def test_a_digest_that_is_too_long_for_a_tag_has_none():
    """ocibuild makes one that no registry takes."""
    with pytest.raises(NotSupported, match="sha512") as caught:
        digest_to_signature_tag(Digest.of(b"", "sha512"))
    assert "layout='referrer'" in caught.value.hints[0]


# As a referrer


def test_a_signature_as_a_referrer_is_as_ocibuild_documents_it():
    image = referring(ONE, SUBJECT, WHEN)
    manifest = image.manifest
    assert manifest.artifact_type == SIMPLE_SIGNING
    assert manifest.subject == SUBJECT
    assert manifest.annotations == {"org.opencontainers.image.created": "2023-11-14T22:13:20Z"}
    assert manifest.children[0] == Descriptor(SIMPLE_SIGNING, ONE.digest, 7)
    assert manifest.layers[0].annotations == {SIGNATURE: base64.b64encode(b"\1\2\3").decode()}
    assert [b"".join(blob) for blob in image.unique_blobs] == [b'{"p":1}']


def test_without_what_makes_it_a_referrer_it_is_byte_for_byte_that_of_ocibuild():
    """The golden vector of ocibuild 0.10.4, which writes it under a tag and without a subject."""
    said = referring(ONE, SUBJECT, WHEN).manifest.json
    bare = made(config=said["config"], layers=said["layers"])
    assert bare.size == 470
    assert bare.digest == "sha256:aa4109421a9ebf750f2e130c13eac512f54299613de26fd7271b492011f06620"


# As cosign has it


def test_the_first_signature_is_byte_for_byte_that_of_cosign():
    """The golden vector of cosign 2.6.4, signed with a key."""
    payload = (
        b'{"critical":{"identity":{"docker-reference":"127.0.0.1:5001/kt/p256-tag"},"image":'
        b'{"docker-manifest-digest":"sha256:8dc8004ccc77ec3da0212ff5b8f9ed397e6e1b892301971001d9d'
        b'78b2437d30c"},"type":"cosign container image signature"},"optional":null}'
    )
    signature = base64.b64decode(
        "MEUCIQCGIAayQy9LtVjq6E56ErcVoUkfj1ySbY8sTNTLKRRPVQIgSiJQ62PUhmq9a+gQjsMuJLfSOOjfmOlkLs/S6dR"
        "P3Ws="
    )
    image = added(None, signed(payload, signature))
    assert image.digest == "sha256:54bbf55e9123f1c7d430b804f6ee1d383461abeeaa4a222b7214fd021199cb34"
    assert image.config_blob
    assert image.config_blob.descriptor.media_type == media_types.CONFIG
    assert image.config_blob.size == 233


def test_one_more_signature_is_put_behind_the_others_which_stay_as_they_are():
    first = added(None, ONE).manifest
    second = added(first, TWO).manifest
    assert second.json["layers"][:1] == first.json["layers"]
    assert [each.annotations[SIGNATURE] for each in second.layers] == ["AQID", "BA=="]


def test_what_is_said_there_besides_stays():
    written = {**added(None, ONE).manifest.json, "annotations": {"a": "b"}, "odd": [1]}
    written["layers"][0]["annotations"]["dev.sigstore.cosign/bundle"] = "{}"
    found = parse_manifest(encode(written), media_types.MANIFEST)
    after = added(found, TWO).manifest
    assert (after.annotations, after.json["odd"]) == ({"a": "b"}, [1])
    assert after.layers[0].annotations["dev.sigstore.cosign/bundle"] == "{}"


def test_the_same_signature_is_not_there_twice_whatever_else_is_said_of_it():
    first = added(None, ONE).manifest
    assert with_signature(first, signed(b'{"p":1}', b"\1\2\3")) is None
    more = Blob.of(b'{"p":1}', SIMPLE_SIGNING, annotations={**ONE.descriptor.annotations, "a": "b"})
    assert with_signature(first, more) is None
    assert with_signature(first, signed(b'{"p":2}', b"\1\2\3"))


def test_a_signature_of_ocibuild_stays_and_the_config_becomes_that_of_an_image():
    payload = Descriptor(SIMPLE_SIGNING, ONE.digest, ONE.size)
    theirs = made(config=payload.to_json(), layers=[ONE.descriptor.to_json()])
    ours = added(theirs, TWO)
    assert ours.manifest.layers[0] == ONE.descriptor
    assert ours.config
    assert ours.config.descriptor.media_type == media_types.CONFIG


def test_what_is_no_list_of_signatures_is_left_alone():
    with pytest.raises(InvalidContent, match=r"index\.v1"):
        with_signature(Index.of([]), ONE)


def test_no_signature_is_added_where_cosign_would_read_none():
    layers = [signed(b"x", b"%d" % number).descriptor for number in range(MOST_SIGNATURES)]
    full = made(config=ONE.descriptor.to_json(), layers=[each.to_json() for each in layers])
    with pytest.raises(InvalidContent, match="1,000 signatures"):
        with_signature(full, ONE)
