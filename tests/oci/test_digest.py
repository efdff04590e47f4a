"""Digests: the grammar, the registered algorithms, and what cannot be one (K-10)."""

from __future__ import annotations

import copy
import hashlib
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocinb.errors import InvalidReference, NotSupported
from ocinb.oci.digest import REGISTERED, Digest, hasher, looks_like_digest

HEX = "a" * 64


@pytest.mark.parametrize(("algorithm", "digits"), REGISTERED.items())
def test_a_registered_algorithm_has_exactly_its_number_of_lower_case_hex_digits(algorithm, digits):
    digest = Digest(f"{algorithm}:{'0f' * (digits // 2)}")
    assert (digest.algorithm, digest.encoded) == (algorithm, "0f" * (digits // 2))
    for encoded in ("a" * (digits - 1), "a" * (digits + 1), "A" * digits, "g" * digits, ""):
        with pytest.raises(InvalidReference):
            Digest(f"{algorithm}:{encoded}")


@pytest.mark.parametrize(
    "text",
    [
        "", ":", "sha256", "sha256:", f":{HEX}", HEX,
        "sha256:../../../etc/passwd", f"sha256:{HEX}/../x",
        f"SHA256:{HEX}", f"Sha256:{HEX}", f"sha256:{HEX.upper()}",
        f"sha256:{HEX}\n", f"\nsha256:{HEX}", f" sha256:{HEX}", f"sha256:{HEX} ", f"sha256:{HEX}\0",
        f"sha256:{HEX[:63]}", f"sha256:{HEX}a", f"sha256:sha256:{HEX}",
        "sha256:" + "１" * 64, "sha256:" + "а" * 64, "ѕha256:" + HEX,
        "md5:" + "a" * 32, "sha1:" + "a" * 40,
        "a..b:c", "a+:c", "+a:c", "a:b c", "a:b%41", "x:" + "a" * 1_024,
        None, 5, b"sha256:" + b"a" * 64, ["sha256"],
    ],
)  # fmt: skip
def test_what_is_no_digest_is_refused_with_its_rule(text):
    """K-10."""
    with pytest.raises(InvalidReference, match="is not a valid digest") as refused:
        Digest(text)
    assert refused.value.part == "digest"
    assert refused.value.rule


@pytest.mark.parametrize(
    "text", ["a:b", "multihash+base58:QmRZxt2b1FVZPNqd8hsiykDL3TdBDeTSPX9Kv46HmX4Gx8", "a.b_c-d:e="]
)
def test_an_unknown_algorithm_can_be_shown_but_not_computed(text):
    """K-10: never consumed."""
    digest = Digest(text)
    assert str(digest) == text
    with pytest.raises(NotSupported, match="cannot compute") as refused:
        digest.hasher()
    assert "sha256 and sha512" in refused.value.hints[0]


def test_what_begins_as_a_digest_is_told_from_names():
    assert all(looks_like_digest(f"{algorithm}:{HEX}") for algorithm in REGISTERED)
    named = ("v1", "sha256", "app:v1", "ghcr.io/owner/sha256:v1", "localhost:5000/app", "")
    assert not any(map(looks_like_digest, named))


def test_blake3_can_be_read_but_not_computed():
    with pytest.raises(NotSupported):
        Digest.of(b"", "blake3")
    assert Digest(f"blake3:{HEX}").algorithm == "blake3"


@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
def test_the_digest_of_content_is_its_hash(algorithm):
    digest = Digest.of(b"hello", algorithm)
    assert digest == f"{algorithm}:{hashlib.new(algorithm, b'hello').hexdigest()}"
    assert Digest.of(memoryview(b"hello"), algorithm) == digest


def test_content_may_be_hashed_in_pieces():
    hashed = Digest.of(b"hello").hasher()
    hashed.update(b"hel")
    hashed.update(b"lo")
    assert Digest.from_hash("sha256", hashed) == Digest.of(b"hello")
    assert hasher("sha256", b"hello").digest() == hashed.digest()


def test_a_digest_is_text_that_survives_copying_and_pickling():
    digest = Digest.of(b"")
    assert Digest(digest) is digest
    assert digest.short == "sha256:e3b0c44298fc"
    for twin in (copy.deepcopy(digest), pickle.loads(pickle.dumps(digest))):
        assert (twin, type(twin)) == (digest, Digest)


@given(st.text(max_size=80) | st.from_regex(r"[a-z0-9+._-]{0,12}:[a-zA-Z0-9=_-]{0,140}"))
def test_any_text_is_a_digest_as_it_stands_or_refused(text):
    try:
        digest = Digest(text)
    except InvalidReference:
        return
    assert str(digest) == text == f"{digest.algorithm}:{digest.encoded}"
    assert text.isascii()
    assert "/" not in text
