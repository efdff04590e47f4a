"""Maps of holes: whole ones are filled, anything else is no map."""

from __future__ import annotations

import pytest

from ocinb.errors import NotSupported
from ocinb.layers.entries import FileEntry
from ocinb.layers.unpacking import sparse
from tests.layers.archives import END, entry, header, listed, padded, pax


def in_front(numbers: bytes, content: bytes, size: int) -> bytes:
    """A file of format 1.0, whose map stands before its content."""
    said = {"GNU.sparse.major": b"1", "GNU.sparse.minor": b"0", "GNU.sparse.name": b"s",
            "GNU.sparse.realsize": b"%d" % size}  # fmt: skip
    return pax(**said) + entry(b"x", padded(numbers) + content)


def only(archive: bytes) -> FileEntry:
    files = listed(archive + entry(b"next", b"1") + END)
    assert files.complete
    assert files["next"].bytes == b"1"
    return files[0]


def test_holes_before_between_and_behind_are_zeros():
    found = only(in_front(b"2\n3\n2\n7\n1\n", b"abc", 10))
    assert found.bytes == b"\0\0\0ab\0\0c\0\0"
    assert [found.show(limit=each).raw for each in (0, 2, 4, 8)] == [
        b"", b"\0\0", b"\0\0\0a", b"\0\0\0ab\0\0c",
    ]  # fmt: skip


def test_a_map_may_be_longer_than_a_block_and_numbers_lie_across_its_end():
    pairs = [(each * 1_000, 1) for each in range(1_000)]
    numbers = b"".join(b"%d\n%d\n" % pair for pair in pairs)
    found = only(in_front(b"1000\n" + numbers, b"x" * 1_000, 1_000_000))
    assert found.bytes == (b"x" + bytes(999)) * 1_000


def test_a_file_of_nothing_but_a_hole_is_zeros():
    assert only(in_front(b"1\n50\n0\n", b"", 50)).bytes == bytes(50)
    said = {"GNU.sparse.size": b"50", "GNU.sparse.map": b"50,0"}
    assert only(pax(**said) + header(b"x")).bytes == bytes(50)


@pytest.mark.parametrize(
    "numbers",
    [b"", b"x", b"1\n", b"2\n0\n3\n", b"1\n-1\n3\n", b"1\n0\n4\n", b"1\n8\n3\n", b"2\n5\n2\n0\n1\n",
     b"1" * 30 + b"\n", b"99999999999999999999\n", b"1\n99999999999999999999\n3\n"],
)  # fmt: skip
def test_what_is_no_map_leaves_the_file_listed_and_not_to_be_read(numbers: bytes):
    found = only(in_front(numbers, b"abc", 10))
    assert (found.path, found.size, found.odd) == ("s", 10, ("sparse",))
    with pytest.raises(NotSupported, match="map of them is none"):
        found.read()


def test_no_more_is_stored_than_is_needed_for_the_beginning():
    holes = sparse.settled([3, 2, 7, 1], 10, 3)
    assert holes is not None
    assert [sparse.stored_in(holes, each) for each in range(11)] == [
        0, 0, 0, 0, 1, 2, 2, 2, 3, 3, 3,
    ]  # fmt: skip
