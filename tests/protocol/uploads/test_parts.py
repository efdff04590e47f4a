"""A blob cut into bodies, and content that is hashed as it is sent."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocinb.errors import NotSupported
from ocinb.oci.digest import Digest
from ocinb.protocol.uploads.parts import Hashed, Once, Parts


class Counted:
    """Pieces that count how often, and how far, they are read."""

    def __init__(self, *pieces: bytes) -> None:
        self.pieces, self.opened, self.read = pieces, 0, 0

    def __iter__(self) -> Iterator[bytes]:
        self.opened += 1
        for piece in self.pieces:
            self.read += 1
            yield piece


@given(
    st.lists(st.binary(max_size=9), max_size=9),
    st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), max_size=9),
)
def test_a_part_is_what_it_says_whatever_was_read_before(pieces, wanted):
    parts, whole = Parts(pieces), b"".join(pieces)
    for one, other in wanted:
        start, stop = sorted((one, other))
        part = parts.part(start, stop)
        assert part.size == stop - start
        assert b"".join(part) == whole[start:stop] == b"".join(part)


def test_one_part_after_the_other_is_one_reading():
    content = Counted(b"abcd", b"efgh", b"ijkl")
    parts = Parts(content)
    assert [b"".join(parts.part(at, at + 3)) for at in range(0, 12, 3)] == [
        b"abc", b"def", b"ghi", b"jkl",
    ]  # fmt: skip
    assert (content.opened, content.read) == (1, 3)


def test_a_part_that_broke_off_is_read_again_from_the_beginning():
    content = Counted(b"abcd", b"efgh", b"ijkl")
    parts = Parts(content)
    assert next(iter(parts.part(2, 10))) == b"cd"
    assert b"".join(parts.part(2, 10)) == b"cdefghij"
    assert b"".join(parts.part(10, 12)) == b"kl"
    assert content.opened == 2


def test_no_more_than_a_piece_is_read_ahead():
    content = Counted(*[b"abcd"] * 100)
    list(Parts(content).part(0, 6))
    assert content.read == 2


def test_what_ends_too_early_gives_what_there_is():
    assert b"".join(Parts([b"abc"]).part(1, 10)) == b"bc"
    assert b"".join(Parts([b"abc"]).part(5, 10)) == b""


def test_content_is_hashed_as_it_is_read_each_time_anew():
    body = Hashed(lambda: [b"ab", b"", b"c"])
    assert (body.size, body.whole) == (None, False)
    for _ in range(2):
        assert b"".join(body) == b"abc"
        assert (body.digest, body.count, body.whole) == (Digest.of(b"abc"), 3, True)
    next(iter(body))
    assert not body.whole
    assert repr(body) == "<Hashed 2 bytes so far>"


def test_what_can_be_read_once_says_so_the_second_time():
    once = Once(iter([b"ab"]))
    assert list(once()) == [b"ab"]
    with pytest.raises(NotSupported, match="only once"):
        once()
