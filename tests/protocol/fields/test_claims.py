"""`Docker-Content-Digest`: believed only as far as it can be computed (C5, D-4)."""

from __future__ import annotations

import pytest

from ocinb.errors import DigestMismatch
from ocinb.oci.digest import Digest
from ocinb.protocol.fields.claims import claimed_digest, confirms
from ocinb.protocol.messages import Response

CONTENT = [b"lay", b"er"]
SHA256, SHA512 = Digest.of(b"layer"), Digest.of(b"layer", "sha512")


def saying(claim: str) -> Response:
    return Response(201, {"Docker-Content-Digest": claim})


@pytest.mark.parametrize("claim", [SHA256, SHA512])
@pytest.mark.parametrize("known", [SHA256, SHA512])
def test_the_right_digest_confirms_whatever_its_algorithm(claim, known):
    assert confirms(saying(claim), known, CONTENT, "the registry")


@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
def test_a_wrong_digest_is_found_out_whatever_its_algorithm(algorithm):
    wrong = Digest.of(b"other", algorithm)
    with pytest.raises(DigestMismatch, match="from the registry") as refused:
        confirms(saying(wrong), SHA256, CONTENT, "the registry")
    assert refused.value.actual == wrong
    assert refused.value.expected == Digest.of(b"layer", algorithm)


@pytest.mark.parametrize("claim", ["", "nonsense", f"blake3:{'0' * 64}", "multihash+base58:Qm"])
def test_what_cannot_be_computed_confirms_nothing(claim):
    assert not confirms(saying(claim), SHA256, CONTENT, "the registry")


def test_content_is_read_only_when_it_must_be():
    unread = iter(CONTENT)
    assert confirms(saying(SHA256), SHA256, unread, "the registry")
    assert list(unread) == CONTENT


def test_a_claim_is_a_digest_or_none():
    assert claimed_digest(saying(SHA256)) == SHA256
    assert claimed_digest(saying("nonsense")) is None
    assert claimed_digest(Response(200)) is None
