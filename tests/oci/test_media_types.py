"""The table of media types, and what is done with a type that is not in it."""

from __future__ import annotations

from typing import get_args
from urllib.parse import urlsplit

import pytest

from ocinb.errors import InvalidContent
from ocinb.oci import media_types
from ocinb.oci.media_types import (
    KNOWN,
    PREDICATES,
    Kind,
    check,
    kind,
    link,
    meaning,
)


@pytest.mark.parametrize("row", KNOWN.values(), ids=KNOWN)
def test_every_row_has_a_meaning_a_known_kind_and_a_link_to_a_spec(row):
    assert KNOWN[row.name] is row
    assert check(row.name, "the row") == row.name
    assert row.kind in get_args(Kind)
    assert row.meaning == row.meaning.strip() != ""
    parts = urlsplit(row.link)
    assert parts.scheme in ("http", "https")
    assert "." in parts.netloc
    assert (meaning(row.name), kind(row.name), link(row.name)) == (row.meaning, row.kind, row.link)


NAMED = """
application/vnd.oci.image.index.v1+json index
application/vnd.oci.image.manifest.v1+json manifest
application/vnd.oci.artifact.manifest.v1+json manifest
application/vnd.oci.image.config.v1+json config
application/vnd.oci.image.layer.v1.tar layer
application/vnd.oci.image.layer.v1.tar+gzip layer
application/vnd.oci.image.layer.v1.tar+zstd layer
application/vnd.oci.image.layer.nondistributable.v1.tar layer
application/vnd.oci.image.layer.nondistributable.v1.tar+gzip layer
application/vnd.oci.image.layer.nondistributable.v1.tar+zstd layer
application/vnd.oci.empty.v1+json empty
application/vnd.oci.descriptor.v1+json descriptor
application/vnd.docker.distribution.manifest.v2+json manifest
application/vnd.docker.distribution.manifest.list.v2+json index
application/vnd.docker.distribution.manifest.v1+json obsolete
application/vnd.docker.distribution.manifest.v1+prettyjws obsolete
application/vnd.docker.container.image.v1+json config
application/vnd.docker.plugin.v1+json config
application/vnd.docker.image.rootfs.diff.tar layer
application/vnd.docker.image.rootfs.diff.tar.gzip layer
application/vnd.docker.image.rootfs.diff.tar.zstd layer
application/vnd.docker.image.rootfs.foreign.diff.tar layer
application/vnd.docker.image.rootfs.foreign.diff.tar.gzip layer
application/vnd.cncf.helm.config.v1+json chart
application/vnd.cncf.helm.chart.content.v1.tar+gzip chart
application/vnd.cncf.helm.chart.provenance.v1.prov chart
application/vnd.wasm.config.v1+json wasm
application/vnd.wasm.content.layer.v1+wasm wasm
application/wasm wasm
application/vnd.in-toto+json attestation
application/vnd.dsse.envelope.v1+json attestation
application/vnd.docker.attestation.manifest.v1+json attestation
application/vnd.dev.cosign.simplesigning.v1+json signature
application/vnd.dev.sigstore.bundle.v0.3+json signature
application/vnd.cncf.notary.signature signature
application/jose+json signature
application/cose signature
text/spdx sbom
text/spdx+json sbom
application/spdx+json sbom
application/vnd.cyclonedx+json sbom
application/vnd.cyclonedx+xml sbom
application/vnd.syft+json sbom
application/vnd.buildkit.cacheconfig.v0 cache
"""


@pytest.mark.parametrize(("name", "called"), [line.split() for line in NAMED.split("\n") if line])
def test_the_types_of_the_specs_are_known(name, called):
    assert kind(name) == called


@pytest.mark.parametrize(
    "name", ["application/x", "", "text/html", "application/vnd.oci.image.layer.v1.tar+encrypted"]
)
def test_an_unknown_type_is_shown_as_it_stands_and_raises_nowhere(name):
    assert (meaning(name), kind(name), link(name)) == (name, "other", "")


def test_a_hostile_type_is_shown_harmlessly():
    """K-18."""
    assert "\x1b" not in meaning("\x1b]0;x\x07")
    assert len(meaning("x" * 10_000)) < 300


def test_a_client_says_it_understands_every_manifest_in_one_header():
    """C1, M-1, M-2."""
    assert media_types.ACCEPT.split(", ") == list(media_types.READABLE)
    assert set(media_types.READABLE) >= {*media_types.INDEXES, *media_types.MANIFESTS}
    assert not set(media_types.READABLE) & set(media_types.SCHEMA_1)
    assert {kind(name) for name in media_types.READABLE} == {"index", "manifest"}


@pytest.mark.parametrize(
    "odd",
    [
        None, 5, [], "", "application", "application/", "/json", "a b/c", "a/b c", "a/b\n",
        "a/b;charset=utf-8", "a/b\r\nX: y", "a/b,c/d", "a/é", "а/b", "a/" + "b" * 128, "a/b/c",
        "a/b&n=1", "a/*",
    ],
)  # fmt: skip
def test_what_could_not_travel_in_a_header_is_no_media_type(odd):
    """K-14: RFC 6838."""
    with pytest.raises(InvalidContent, match="the layer has no valid media type"):
        check(odd, "the layer")


def test_predicates_are_named_for_people():
    assert all(urlsplit(uri).scheme == "https" and name for uri, name in PREDICATES.items())


@pytest.mark.parametrize(
    ("media_type", "foreign"),
    [
        ("application/vnd.oci.image.layer.nondistributable.v1.tar+gzip", True),
        ("application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", True),
        (media_types.LAYER_GZIP, False),
        ("application/vnd.docker.image.rootfs.diff.tar.gzip", False),
        ("application/foreign", False),
    ],
)
def test_layers_that_are_not_pushed_are_told_by_their_type(media_type: str, foreign: bool):
    assert media_types.is_foreign(media_type) is foreign
