"""zstd:chunked: a layer listed from its table of contents, and files read frame by frame."""

from __future__ import annotations

import pytest

import ocinb
from ocinb.errors import DigestMismatch, InvalidArchive, NotSupported
from ocinb.layers.files import FileList
from tests.layers.lazy.tables_read import CHUNKED, Here, by_table, compared
from tests.layers.lazy.tocs import (
    BIG,
    Made,
    made,
    member,
    members,
    skippable,
    without_zstd,
    zstandard,
)

pytest.importorskip("backports.zstd")


def listed(blob: bytes, checksum: str, position: str = "", here: Here | None = None) -> FileList:
    said = {f"{CHUNKED}checksum": checksum}
    if position:
        said[f"{CHUNKED}position"] = position
    return by_table(blob, said, here=here)


@pytest.fixture
def layer() -> Made:
    return made(members(), zstandard, 4_000)


def test_a_table_says_what_the_archive_does(layer: Made):
    blob, checksum, position = layer.zstd()
    files, whole = listed(blob, checksum, position), ocinb.list_layer(blob)
    assert compared(files) == compared(whole)
    for each in whole:
        if each.type in ("file", "hardlink", "symlink"):
            assert files[each.path].bytes == whole[each.path].bytes
    assert files.about.table == "zstd:chunked"


def test_the_footer_says_where_the_table_is_when_the_manifest_does_not(layer: Made):
    blob, checksum, position = layer.zstd()
    assert compared(listed(blob, checksum)) == compared(listed(blob, checksum, position))
    old = blob[: -64 - 8] + skippable(blob[-64:][:32] + b"GnUlInUx")
    assert compared(listed(old, checksum)) == compared(listed(blob, checksum))


def test_the_older_names_of_the_annotations_are_known(layer: Made):
    blob, checksum, position = layer.zstd()
    old = CHUNKED.removeprefix("io.github.")
    said = {f"io.{old}checksum": checksum, f"io.{old}position": position}
    assert len(by_table(blob, said)) == len(members())


def test_only_the_table_is_fetched_and_of_a_file_its_frames(layer: Made):
    blob, checksum, position = layer.zstd()
    here = Here(blob)
    files = listed(blob, checksum, position, here)
    assert len(here.parts) == 1
    assert files["big"].bytes == BIG
    assert len(here.parts) == 2
    assert files.fetched < len(blob) / 2


def test_zeros_are_stored_nowhere():
    layer = made([member("holes", b"begin")], zstandard)
    layer.entries[0] |= {"size": 105, "chunkSize": 5, "digest": ""}
    layer.entries.append({
        "name": "holes", "type": "chunk", "chunkOffset": 5, "chunkSize": 100, "chunkType": "zeros",
    })  # fmt: skip
    blob, checksum, position = layer.zstd()
    here = Here(blob)
    files = listed(blob, checksum, position, here)
    assert files["holes"].bytes == b"begin" + bytes(100)


def test_a_table_of_another_digest_is_refused(layer: Made):
    blob, _, position = layer.zstd()
    with pytest.raises(DigestMismatch):
        listed(blob, str(ocinb.Digest.of(b"another")), position)


def test_a_frame_that_is_another_is_refused(layer: Made):
    blob, checksum, position = layer.zstd()
    frame = zstandard(b"ID=demo\n")
    assert frame in blob
    files = listed(blob.replace(frame, zstandard(b"ID=dome\n")), checksum, position)
    with pytest.raises(DigestMismatch):
        files["etc/os-release"].bytes  # noqa: B018


WRONG = {
    "no place": ("nonsense", "no such place"),
    "outside": ("9:999999:9:1", "not within"),
    "at the front": ("0:9:9:1", "not within"),
    "empty": ("9:0:9:1", "not within"),
    "another type": ("9:9:9:2", "type 2"),
    "enormous": ("9:9:99999999999:1", "at most"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_place_that_cannot_be_is_refused(layer: Made, wrong: str):
    blob, checksum, _ = layer.zstd()
    position, why = WRONG[wrong]
    with pytest.raises(InvalidArchive, match=why):
        listed(blob, checksum, position)


def test_a_layer_without_a_footer_is_refused(layer: Made):
    blob, checksum, _ = layer.zstd()
    with pytest.raises(InvalidArchive, match="no such footer"):
        listed(blob[:-1], checksum)


def test_a_table_unpacks_to_what_is_said_and_no_further(layer: Made):
    """K-12: a bomb is stopped where the manifest says that it ends."""
    bomb = zstandard(bytes(50 * 1024 * 1024))
    blob = bytes(20) + skippable(bomb)
    with pytest.raises(InvalidArchive, match="does not unpack to"):
        listed(blob, str(ocinb.Digest.of(bomb)), f"28:{len(bomb)}:1000:1")


def test_without_zstd_the_extra_is_named(layer: Made, monkeypatch: pytest.MonkeyPatch):
    blob, checksum, position = layer.zstd()
    without_zstd(monkeypatch)
    with pytest.raises(NotSupported) as error:
        listed(blob, checksum, position)
    assert "ocinb[zstd]" in "".join(error.value.hints)
