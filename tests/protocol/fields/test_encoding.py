"""Encodings are undone piece by piece, and never beyond a bound (D-3, K-12)."""

from __future__ import annotations

import gzip
import time
import zlib
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocinb.errors import UnexpectedAnswer
from ocinb.oci.digest import Digest
from ocinb.protocol.fields.encoding import (
    PIECE,
    Decoder,
    Undecodable,
    as_named,
    coding,
    decodable,
    decoded,
    plain,
)
from ocinb.protocol.fields.headers import Headers
from ocinb.protocol.messages import Response

BIG = bytes(range(256)) * 8_192  # 2 MiB


def bare(content: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(content) + packer.flush()


WAYS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "x-gzip": gzip.compress,
    "deflate": zlib.compress,
    "bare": bare,
}


@pytest.mark.parametrize(
    ("said", "name"),
    [("", ""), ("identity", ""), (" GZIP ", "gzip"), ("gzip, gzip", "gzip, gzip"), ("br", "br")],
)
def test_what_an_answer_says_is_read_without_regard_to_case(said: str, name: str):
    assert coding(Headers({"Content-Encoding": said})) == name
    assert decodable(name) == (name == "gzip")


def test_without_the_header_nothing_is_encoded():
    assert coding(Headers()) == ""


@given(
    content=st.binary(max_size=3_000), way=st.sampled_from(list(WAYS)),
    step=st.integers(1, 200),
)  # fmt: skip
def test_whatever_the_pieces_are_what_comes_out_is_what_went_in(content, way, step):
    body = WAYS[way](content)
    decoder = Decoder("deflate" if way == "bare" else way, len(content))
    found = b"".join(
        part for at in range(0, len(body), step) for part in decoder.feed(body[at : at + step])
    )
    assert found == content
    assert decoder.whole


@given(body=st.binary(max_size=300), name=st.sampled_from(["gzip", "deflate"]))
def test_bytes_that_are_encoded_no_way_are_undecodable_and_nothing_else(body, name):
    try:
        found = decoded(body, name, 10_000)
    except Undecodable:
        return
    assert len(found) <= 10_000


def test_what_is_decoded_comes_in_pieces_of_a_bounded_size():
    pieces = list(Decoder("gzip", len(BIG)).feed(gzip.compress(BIG)))
    assert b"".join(pieces) == BIG
    assert max(map(len, pieces)) <= PIECE


@pytest.mark.parametrize("limit", [0, 1, len(BIG) - 1])
def test_K12_nothing_is_decoded_beyond_the_limit(limit: int):
    given_out = list[bytes]()
    with pytest.raises(Undecodable, match="more than"):
        given_out.extend(Decoder("gzip", limit).feed(gzip.compress(BIG)))
    assert sum(map(len, given_out)) <= limit


@pytest.mark.parametrize("name", ["br", "zstd", "gzip, gzip", ""])
def test_an_encoding_nobody_knows_is_not_guessed(name: str):
    with pytest.raises(Undecodable):
        decoded(b"x", name, 10)


@pytest.mark.parametrize(
    "body", [gzip.compress(b"x")[:-1], b"", gzip.compress(b"x") + b"rest", b"\x1f\x8b"]
)
def test_what_is_cut_short_or_followed_by_anything_is_undecodable(body: bytes):
    with pytest.raises(Undecodable):
        decoded(body, "gzip", 10)


def test_a_plain_answer_stays_as_it_is_and_an_encoded_one_says_so_no_more():
    as_it_is = Response(200, {"Content-Type": "x/y"}, b"x")
    assert plain(as_it_is) is as_it_is
    packed = Response(200, {"Content-Type": "x/y", "Content-Encoding": "gzip"}, gzip.compress(b"x"))
    assert plain(packed) == as_it_is
    with pytest.raises(UnexpectedAnswer, match=r"encoded \(br\)"):
        plain(Response(200, {"Content-Encoding": "br"}, b"x"))


@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
def test_a_digest_decides_which_bytes_are_meant(algorithm: str):
    packed = gzip.compress(b"x")
    answer = Response(200, {"Content-Encoding": "gzip"}, packed)
    assert as_named(answer, Digest.of(packed, algorithm)).body == packed
    for other in (Digest.of(b"x", algorithm), None, Digest(f"blake3:{'a' * 64}")):
        assert as_named(answer, other).body == b"x"


@pytest.mark.parametrize("content", [b"", b"x"])
def test_K12_streams_without_number_take_no_more_time_than_their_bytes(content: bytes):
    """What follows the end of a stream is copied by zlib: 4 MiB of empty ones took a minute."""
    streams = gzip.compress(content) * (2**22 // len(gzip.compress(content)))
    began = time.perf_counter()
    found = decoded(streams, "gzip", 2**22)
    assert time.perf_counter() - began < 5
    assert set(found) == set(content)
