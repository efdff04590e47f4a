"""SOCI: a gzip layer listed from the index beside it, and files read span by span."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

import ocinb
from ocinb.errors import DigestMismatch, InvalidArchive, InvalidContent
from ocinb.layers.files import FileList
from ocinb.layers.lazy.points import find
from ocinb.layers.lazy.tables import from_ztoc
from ocinb.layers.limits import Limits
from ocinb.oci.descriptor import Descriptor
from tests.layers.archives import gzipped
from tests.layers.lazy.tables_read import Here, compared
from tests.layers.lazy.tocs import BIG, member, members
from tests.layers.lazy.ztocs import MadeZtoc, described, made_ztoc


def listed(made: MadeZtoc, here: Here | None = None, limits: Limits | None = None) -> FileList:
    described = Descriptor.of(made.layer, "application/octet-stream")
    return from_ztoc(described, made.written(), here or Here(made.layer), "layer", limits)


@pytest.fixture
def made() -> MadeZtoc:
    return made_ztoc(members())


def test_an_index_says_what_the_archive_does(made: MadeZtoc):
    files, whole = listed(made), ocinb.list_layer(made.layer)
    assert compared(files) == compared(whole)
    assert [each.offset for each in files] == [each.offset for each in whole]
    for each in whole:
        if each.type in ("file", "hardlink", "symlink"):
            assert files[each.path].bytes == whole[each.path].bytes
    assert files.about.table == "SOCI"


def test_spans_that_begin_within_a_byte_are_read_too():
    pytest.importorskip("indexed_gzip")
    words = b"".join(b"%d is the number %d\n" % (each, each * each) for each in range(900_000))
    one = made_ztoc([member("first", b"1"), member("words", words)])
    layer = gzipped(one.archive)

    class Feed:
        def __init__(self) -> None:
            self.at = 0

        def read(self, count: int, /) -> bytes:
            found = layer[self.at : self.at + count]
            self.at += len(found)
            return found

    points = [
        (each.packed, each.unpacked, each.bits, each.window.rjust(32 * 1024, b"\0"))
        for each in find(Feed(), len(layer))
        if each.unpacked < len(one.archive)
    ]
    points[0] = (10, 0, 0, bytes(32 * 1024))  # behind the header of the member
    assert any(bits for _, _, bits, _ in points)
    made = MadeZtoc(layer, one.archive, points, described(one.archive))
    here = Here(layer)
    files = listed(made, here)
    assert files["words"].bytes == words
    assert len(here.parts) == len(points)


def test_of_a_file_its_spans_are_fetched_once(made: MadeZtoc):
    here = Here(made.layer)
    files = listed(made, here)
    assert here.parts == []
    assert files["etc/os-release"].text == "ID=demo\n"
    assert files["bin/su"].bytes == b"x" * 100
    assert len(here.parts) == files.requests == 1
    assert files["big"].bytes == BIG


def test_the_first_form_of_an_index_leaves_the_first_point_out(made: MadeZtoc):
    layer = gzipped(made.archive)
    one = MadeZtoc(layer, made.archive, [(10, 0, 0, bytes(32 * 1024))], made.entries)
    one.told = one.points[1:]
    assert listed(one)["big"].bytes == BIG


def test_a_span_that_is_another_is_refused(made: MadeZtoc):
    files = listed(made, Here(made.layer[:40] + b"?" + made.layer[41:]))
    with pytest.raises(DigestMismatch, match="the span at byte"):
        files["etc/os-release"].bytes  # noqa: B018


def test_a_span_that_does_not_unpack_to_what_is_said_is_refused(made: MadeZtoc):
    made.layer = made.layer[: made.points[0][0]] + b"?" * (len(made.layer) - made.points[0][0])
    files = listed(made)
    with pytest.raises(InvalidContent):
        files["etc/os-release"].bytes  # noqa: B018


def moved(made: MadeZtoc, number: int, **said: int) -> None:
    packed, unpacked, bits, window = made.points[number]
    made.points[number] = (
        said.get("packed", packed), said.get("unpacked", unpacked), said.get("bits", bits), window,
    )  # fmt: skip


Change = Callable[[MadeZtoc], object]
WRONG: dict[str, tuple[Change, str]] = {
    "another layer": (lambda made: made.said.update(packed=7), "the layer that it is of"),
    "a bomb": (lambda made: made.said.update(unpacked=2**60), "the layer that it is of"),
    "less than nothing": (lambda made: made.said.update(unpacked=-1), "the layer that it is of"),
    "no gzip": (lambda made: made.said.update(algorithm=2), "how to unpack"),
    "too few spans": (lambda made: made.said.update(last=0), "spans follow"),
    "too few points": (lambda made: made.said.update(points=9), "spans follow"),
    "a point outside": (lambda made: moved(made, 1, packed=10**9), "spans follow"),
    "a point before the layer": (lambda made: moved(made, 1, packed=-5), "spans follow"),
    "points out of order": (lambda made: moved(made, 1, unpacked=0), "spans follow"),
    "nine bits": (lambda made: moved(made, 1, bits=9), "spans follow"),
    "no beginning": (lambda made: moved(made, 0, unpacked=1), "spans follow"),
    "an enormous file": (lambda made: made.entries[1].update({3: ("long", 2**62)}), "files follow"),
    "a negative size": (lambda made: made.entries[1].update({3: ("long", -1)}), "files follow"),
    "overlapping files": (lambda made: made.entries[2].update({2: ("long", 512)}), "files follow"),
    "a type that is none": (lambda made: made.entries[1].update({1: ("text", b"x")}), "of type"),
    "a negative mode": (lambda made: made.entries[1].update({5: ("long", -1)}), "not negative"),
    "a time that is none": (lambda made: made.entries[1].update({10: ("text", b"x")}), "RFC 3339"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_an_index_that_goes_against_a_rule_is_refused_with_it(made: MadeZtoc, wrong: str):
    change, rule = WRONG[wrong]
    change(made)
    with pytest.raises(InvalidArchive) as error:
        listed(made)
    assert rule in error.value.rule


def test_limits_hold_for_indexes_too(made: MadeZtoc):
    with pytest.raises(InvalidArchive, match="at most 3 entries"):
        listed(made, limits=Limits(entries=3))


RIGHT = made_ztoc(members()[:3])


@given(st.integers(0, 2_000), st.binary(min_size=1, max_size=8))
def test_whatever_the_bytes_are_it_is_an_index_or_an_error(at: int, other: bytes):
    """K-13: nothing but `InvalidContent` comes of a damaged index."""
    raw = RIGHT.written()
    raw = raw[:at] + other + raw[at + len(other) :]
    described = Descriptor.of(RIGHT.layer, "application/octet-stream")
    try:
        files = from_ztoc(described, raw, Here(RIGHT.layer), "layer")
    except InvalidContent:
        return
    assert len(files) <= 3


@pytest.mark.parametrize("raw", [b"", b"\0", bytes(64), b"\xff" * 64])
def test_what_is_no_index_is_refused(raw: bytes):
    described = Descriptor.of(RIGHT.layer, "application/octet-stream")
    with pytest.raises(InvalidArchive):
        from_ztoc(described, raw, Here(RIGHT.layer), "layer")
