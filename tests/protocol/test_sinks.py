"""Sinks that keep and check what flows through them (K-7, K-11)."""

from __future__ import annotations

import pytest

from ocinb.errors import DigestMismatch, NotSupported, TruncatedBody, UnexpectedAnswer
from ocinb.oci.digest import Digest, hasher
from ocinb.protocol.messages import Response
from ocinb.protocol.sinks import Counter, Memory, Verifier


def verifier(size: int | None = 5, digest: Digest | None = None) -> tuple[Verifier, Memory]:
    memory = Memory(100)
    return Verifier(memory, digest or Digest.of(b"hello"), size), memory


def test_memory_keeps_what_fits_and_forgets_when_it_starts_again():
    memory = Memory(4)
    memory.write(b"ab")
    memory.write(memoryview(b"cd"))
    assert memory.content == b"abcd"
    with pytest.raises(UnexpectedAnswer, match="longer than 4 bytes"):
        memory.write(b"e")
    assert memory.content == b"abcd"
    memory.restart()
    assert memory.content == b""


def test_borrowed_pieces_are_copied():
    memory, buffer = Memory(4), bytearray(b"ab")
    memory.write(memoryview(buffer))
    buffer[:] = b"xx"
    assert memory.content == b"ab"


@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
@pytest.mark.parametrize("size", [5, None])
def test_what_hashes_to_its_name_matches(algorithm, size):
    check, memory = verifier(size, Digest.of(b"hello", algorithm))
    matches = []
    for piece in (b"hel", memoryview(b"lo")):
        check.write(piece)
        matches.append(check.matches)
    assert matches == [False, True]
    check.check()
    assert (memory.content, check.received) == (b"hello", 5)


def test_it_stops_at_the_first_byte_too_many_and_hands_nothing_of_it_on():
    """K-11, F-6; F-D11."""
    check, memory = verifier()
    check.write(b"hel")
    with pytest.raises(UnexpectedAnswer, match="more than the 5 bytes"):
        check.write(b"lo!" * 1_000)
    assert memory.content == b"hel"


def test_too_few_bytes_are_a_truncated_body():
    """F-6."""
    check, _ = verifier()
    check.write(b"hel")
    with pytest.raises(TruncatedBody, match="only 3 of 5 bytes") as refused:
        check.check()
    assert (refused.value.received, refused.value.expected) == (3, 5)


def test_other_bytes_are_a_mismatch_that_says_where_they_came_from():
    """C6, F-7."""
    check, _ = verifier()
    check.write(b"HELLO")
    with pytest.raises(DigestMismatch, match="from a mirror") as refused:
        check.check("a mirror")
    assert refused.value.expected == Digest.of(b"hello")
    assert refused.value.actual == Digest.of(b"HELLO") == check.actual
    assert "do not use it" in refused.value.hints[0]


def test_it_can_begin_again():
    check, memory = verifier()
    check.write(b"HELLO")
    check.restart()
    check.write(b"hello")
    check.check()
    assert memory.content == b"hello"


def part(text: str) -> Response:
    return Response(206, {"Content-Range": text})


def test_a_part_is_accepted_where_it_goes_on_and_nowhere_else():
    """D-6, D-7: and all of it at any time, from the beginning."""
    check, memory = verifier()
    assert not check.accepts(part("bytes 0-4/5"))
    assert check.accepts(Response(200))
    check.write(b"hel")
    assert not check.accepts(part("bytes 2-4/5"))
    assert memory.content == b"hel"
    assert check.accepts(part("bytes 3-4/5"))
    check.write(b"lo")
    check.check()
    assert memory.content == b"hello"
    assert check.accepts(Response(200))
    assert (memory.content, check.received) == (b"", 0)
    assert not check.accepts(Response(204))


class Sum(Memory):
    """A sink that hashes by itself."""

    algorithm = "sha256"

    def mark(self):
        return len(self.content), hasher("sha256", self.content)


def test_a_sink_that_hashes_is_gone_on_with_and_not_hashed_twice():
    sink = Sum(100)
    sink.write(b"hel")
    check = Verifier(sink, Digest.of(b"hello"), 5)
    assert check.received == 3
    check.write(b"lo")
    check.check()
    assert check._hash is None
    other = Verifier(sink, Digest.of(b"hello", "sha512"), 5)
    assert other.received == 0


def test_what_is_forgotten_stays_where_it_is_until_something_comes():
    check, memory = verifier()
    check.write(b"HELLO")
    check.forget()
    assert (check.received, memory.content) == (0, b"HELLO")
    assert check.accepts(Response(200))
    assert memory.content == b""
    check.write(b"hello")
    check.check()


def test_an_algorithm_nobody_can_compute_is_refused_before_anything_comes():
    """K-10."""
    with pytest.raises(NotSupported):
        verifier(digest=Digest("a:b"))


def test_a_counter_keeps_a_number_alone():
    counter = Counter()
    counter.write(b"123")
    counter.restart()
    counter.write(memoryview(b"12"))
    counter.write(b"345")
    assert vars(counter) == {"received": 5}
