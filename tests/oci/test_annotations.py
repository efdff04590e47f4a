"""Annotations: keys that specs define, and where they are specified."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest

from ocinb.oci import annotations as keys


@pytest.mark.parametrize(
    "key",
    [
        keys.TITLE, keys.REFERENCE_TYPE, keys.PREDICATE_TYPE,
        "dev.cosignproject.cosign/signature", "dev.sigstore.cosign/bundle",
        "io.cncf.notary.x509chain.thumbprint#S256", "org.label-schema.name",
    ],
)  # fmt: skip
def test_known_annotations_lead_to_their_specification(key):
    assert urlsplit(keys.link(key)).scheme == "https"


@pytest.mark.parametrize("key", ["", "x", "org.opencontainers", "javascript:alert(1)", "<script>"])
def test_other_annotations_lead_nowhere(key):
    assert keys.link(key) == ""


def test_keys_are_those_of_the_specs():
    assert keys.TITLE == "org.opencontainers.image.title"
    assert keys.REF_NAME == "org.opencontainers.image.ref.name"
    assert keys.REFERENCE_DIGEST == "vnd.docker.reference.digest"
    assert keys.PREDICATE_TYPE == "in-toto.io/predicate-type"
