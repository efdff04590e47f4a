"""eStargz: a layer listed from its table of contents, and files read chunk by chunk."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from unittest.mock import Mock

import pytest

import ocinb
from ocinb.errors import DigestMismatch, InvalidArchive, InvalidContent, InvalidReference
from ocinb.layers.files import FileList
from ocinb.layers.lazy import chunks
from ocinb.layers.limits import Limits
from ocinb.layers.unpacking.compression import unpacker
from tests.layers.lazy.tables_read import ESTARGZ, Here, by_table, compared
from tests.layers.lazy.tocs import BIG, Made, estargz_footer, gzipped, made, member, members


def listed(layer: tuple[bytes, str], limits: Limits | None = None) -> FileList:
    return by_table(layer[0], {ESTARGZ: layer[1]}, limits)


@pytest.fixture
def layer() -> Made:
    return made(members(), gzipped, 4_000)


def test_a_table_says_what_the_archive_does(layer: Made):
    blob, digest = layer.estargz()
    files, whole = listed((blob, digest)), ocinb.list_layer(blob)
    assert compared(files) == compared(whole)
    for each in whole:
        if each.type in ("file", "hardlink", "symlink") and each.path != "stargz.index.json":
            assert files[each.path].bytes == whole[each.path].bytes


def test_it_says_that_it_is_from_a_table_and_what_that_is_worth(layer: Made):
    files = listed(layer.estargz())
    assert files.about.table == "eStargz"
    assert not files.about.verified
    assert files.diff_id is None
    assert "which the manifest names" in files.about.notes[0]


def test_only_footer_and_table_are_fetched_and_of_a_file_its_chunks(layer: Made):
    blob, digest = layer.estargz()
    here = Here(blob)
    files = by_table(blob, {ESTARGZ: digest}, here=here)
    size = len(blob)
    assert here.parts == [(size - 51, size), (len(layer.payload), size - 51)]
    assert files.fetching is not None
    assert files.fetching.listing == size - len(layer.payload)
    assert files["big"].bytes == BIG
    chunks = [each for each in layer.entries if each["name"] == "big"]
    assert here.parts[2][0] == chunks[0]["offset"]
    assert len(here.parts) == 3
    assert files.requests == 1
    assert files.fetched == here.parts[2][1] - here.parts[2][0]
    assert files["big"].show(10).raw == BIG[:10]


def test_several_files_in_one_member():
    content = b"first second"
    layer = Made(gzipped, bytearray(b"?" + gzipped(content)))
    layer.entries = [
        {"name": "a", "type": "reg", "size": 5, "offset": 1, "chunkDigest": _sha(b"first")},
        {"name": "b", "type": "reg", "size": 6, "offset": 1, "innerOffset": 6,
         "chunkDigest": _sha(b"second")},
    ]  # fmt: skip
    files = listed(layer.estargz())
    assert (files["b"].text, files["a"].text) == ("second", "first")


def test_many_chunks_in_one_member_are_unpacked_once(monkeypatch: pytest.MonkeyPatch):
    """K-12: each may lie behind 64 MiB, and a table may have half a million of them."""
    content = b"???" + bytes(range(256)) * 2
    size = len(content) - 3
    layer = Made(gzipped, bytearray(b"?" + gzipped(content)))
    layer.entries = [
        {"name": "a", "type": "reg" if not at else "chunk", "size": size if not at else 0,
         "offset": 1, "innerOffset": 3 + at, "chunkOffset": at, "chunkSize": 1,
         "chunkDigest": _sha(content[3 + at : 4 + at])}
        for at in range(size)
    ]  # fmt: skip
    files = listed(layer.estargz())
    begun, looked = Mock(wraps=unpacker), Mock(wraps=chunks._run)
    monkeypatch.setattr(chunks, "unpacker", begun)
    monkeypatch.setattr(chunks, "_run", looked)
    assert files["a"].bytes == content[3:]
    assert (begun.call_count, looked.call_count) == (1, 1)


def test_names_of_owners_are_said_once(layer: Made):
    layer.entries[0] |= {"userName": "root", "groupName": "wheel"}
    files = listed(layer.estargz())
    assert (files["bin/su"].user, files["bin/su"].group) == ("root", "wheel")
    assert files["etc/os-release"].user == ""


def test_a_table_of_another_digest_is_refused(layer: Made):
    blob, _ = layer.estargz()
    with pytest.raises(DigestMismatch):
        listed((blob, _sha(b"another")))


def test_a_chunk_that_is_another_is_refused(layer: Made):
    blob, digest = layer.estargz()
    chunk = gzipped(b"ID=demo\n")
    other = gzipped(b"ID=dome\n")
    assert chunk in blob
    assert len(other) == len(chunk)
    files = listed((blob.replace(chunk, other), digest))
    with pytest.raises(DigestMismatch, match="chunk at byte"):
        files["etc/os-release"].bytes  # noqa: B018
    assert files["big"].bytes == BIG


def test_a_chunk_that_is_no_gzip_is_refused(layer: Made):
    blob, digest = layer.estargz()
    chunk = gzipped(b"ID=demo\n")
    files = listed((blob.replace(chunk, b"?" * len(chunk)), digest))
    with pytest.raises(InvalidContent, match="the chunk at byte"):
        files["etc/os-release"].bytes  # noqa: B018


@pytest.mark.parametrize("offset", [0, 10**9, 2**64 - 1])
def test_a_footer_that_points_outside_is_refused(layer: Made, offset: int):
    with pytest.raises(InvalidArchive, match="points to byte") as error:
        listed(layer.estargz(footer=estargz_footer(offset)))
    assert "footer" in error.value.rule


def test_a_layer_without_a_footer_is_refused(layer: Made):
    with pytest.raises(InvalidArchive, match="no such footer"):
        listed(layer.estargz(footer=bytes(51)))
    with pytest.raises(InvalidArchive, match="no such footer"):
        listed((b"short", _sha(b"")))


def test_a_table_that_unpacks_to_too_much_is_refused():
    """K-12: a bomb in place of the table."""
    bomb = gzipped(bytes(80 * 1024 * 1024))
    blob = b"?" + bomb + estargz_footer(1)
    with pytest.raises(InvalidArchive, match="unpack"):
        listed((blob, _sha(b"")))


def test_a_member_without_the_table_is_refused():
    for packed in (gzipped(b"no tar"), gzipped(bytes(1024))):
        with pytest.raises(InvalidArchive, match="there is none"):
            listed((b"?" + packed + estargz_footer(1), _sha(b"")))


Change = Callable[[dict[str, Any]], object]
WRONG: dict[str, tuple[Change, str]] = {
    "no place": (lambda each: each.update(offset=0), "within the layer"),
    "a negative place": (lambda each: each.update(offset=-1), "not negative"),
    "a negative size": (lambda each: each.update(size=-1), "not negative"),
    "an enormous size": (lambda each: each.update(size=2**62 - 1), "of a layer are read"),
    "a size that is none": (lambda each: each.update(size="9"), "not negative"),
    "a size that is true": (lambda each: each.update(size=True), "not negative"),
    "a gap between chunks": (lambda each: each.update(chunkSize=3_999), "without gaps"),
    "shorter than its chunks": (lambda each: each.update(size=5_000), "without gaps"),
    "overlapping chunks": (lambda each: each.update(chunkSize=4_001), "without gaps"),
    "far into a member": (lambda each: each.update(innerOffset=2**40), "within the layer"),
    "no digest": (lambda each: each.update(chunkDigest=""), "has a digest"),
    "another digest": (lambda each: each.update(chunkDigest="md5:0"), "sha256"),
    "a name that is none": (lambda each: each.update(name=7), "are strings"),
    "a long name": (lambda each: each.update(name="n" * 5_000), "names have at most"),
    "a type that is none": (lambda each: each.update(type="door"), "are of type"),
    "a time that is none": (lambda each: each.update(modtime="noon"), "RFC 3339"),
    "attributes that are none": (lambda each: each.update(xattrs={"a": "!"}), "base64"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_table_that_goes_against_a_rule_is_refused_with_it(layer: Made, wrong: str):
    change, rule = WRONG[wrong]
    change(layer.named("big"))
    with pytest.raises(InvalidArchive) as error:
        listed(layer.estargz())
    assert rule in error.value.rule
    assert rule in str(error.value)


def test_a_chunk_beyond_the_content_is_refused(layer: Made):
    layer.named("etc/os-release")["offset"] = len(layer.payload)
    with pytest.raises(InvalidArchive, match="within the layer"):
        listed(layer.estargz())


def test_a_file_without_all_of_its_chunks_is_refused(layer: Made):
    layer.entries = [each for each in layer.entries if each.get("chunkOffset") != 8_000]
    with pytest.raises(InvalidArchive, match="2,240 bytes of one file are in no chunk"):
        listed(layer.estargz())


def test_chunks_out_of_order_are_refused(layer: Made):
    chunks = [each for each in layer.entries if each["name"] == "big"]
    chunks[2]["offset"] = chunks[0]["offset"]
    with pytest.raises(InvalidArchive, match="in their order"):
        listed(layer.estargz())


def test_a_chunk_of_no_file_is_refused(layer: Made):
    layer.entries.append({"name": "?", "type": "chunk", "chunkOffset": 1, "offset": 1})
    with pytest.raises(InvalidArchive, match="this one does not"):
        listed(layer.estargz())


def test_another_version_and_what_is_no_table_are_refused(layer: Made):
    with pytest.raises(InvalidArchive, match="version 1"):
        listed(layer.estargz(version=2))
    layer.entries = [7]  # type: ignore[list-item]
    with pytest.raises(InvalidArchive, match="objects"):
        listed(layer.estargz())


def test_limits_hold_for_tables_too(layer: Made):
    with pytest.raises(InvalidArchive, match="at most 3 entries"):
        listed(layer.estargz(), Limits(entries=3))


def test_odd_names_are_told_and_flagged_as_in_any_listing(layer: Made):
    layer.entries[0]["name"] = "a\0b/"
    layer.entries[1]["name"] = "/etc/passwd"
    files = listed(layer.estargz())
    assert "NUL in its name" in files[0].odd
    assert "absolute path" in files[1].odd
    assert "path with .." in files["../out"].odd
    assert "path comes again" in files["empty"].odd
    assert files["empty"].text == "again"


def test_links_round_in_circles_are_an_error():
    content = [
        member("a", type=b"2", linkname="b"),
        member("b", type=b"2", linkname="a"),
        member("c", type=b"1", linkname="c"),
    ]
    files = listed(made(content, gzipped).estargz())
    for name in "ac":
        with pytest.raises(InvalidReference):
            files[name].bytes  # noqa: B018


def test_an_annotation_that_is_no_digest_is_refused(layer: Made):
    with pytest.raises(InvalidContent, match="annotation"):
        listed((layer.estargz()[0], "nonsense"))


def _sha(content: bytes) -> str:
    return str(ocinb.Digest.of(content))
