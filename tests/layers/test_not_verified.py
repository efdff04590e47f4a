"""A listing without any hash: what it still knows, and what it no longer promises."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

import ocinb
from ocinb.display import faces
from ocinb.errors import InvalidArchive, InvalidContent
from ocinb.layers.files import FileList
from ocinb.layers.unpacking import reading
from ocinb.layers.unpacking.reading import MARKED
from ocinb.oci.digest import Digest
from tests.layers.archives import END, entry, gzipped, header

NAMES = ("a", "b", "c")
SIZE = MARKED // 2 + 5
ARCHIVE = b"".join(entry(name.encode(), name.encode() * SIZE) for name in NAMES) + END
FORGED = ARCHIVE.replace(b"b" * SIZE, b"f" * SIZE)


def unverified(*answers: bytes) -> FileList:
    """The listing of a layer that has another content each time it is asked for."""
    coming = list(answers)
    return ocinb.list_layer(lambda: coming.pop(0) if len(coming) > 1 else coming[0], verify=False)


@pytest.mark.parametrize("layer", [ARCHIVE, gzipped(ARCHIVE)], ids=["plain", "gzip"])
def test_it_lists_the_same_files_with_the_same_content(layer: bytes):
    files, checked = unverified(layer), ocinb.list_layer(layer)
    assert list(files) == list(checked)
    assert files["b"].bytes == checked["b"].bytes == b"b" * SIZE
    assert files["c"].show(limit=4).raw == b"cccc"
    assert (files.about.size, files.about.unpacked) == (len(layer), len(ARCHIVE))


def test_nothing_is_hashed(monkeypatch: pytest.MonkeyPatch):
    def refused(algorithm: str) -> None:
        raise AssertionError(f"it hashes with {algorithm}")

    monkeypatch.setattr(reading, "hasher", refused)
    assert unverified(ARCHIVE).paths == NAMES
    with pytest.raises(AssertionError, match="it hashes with sha256"):
        ocinb.list_layer(ARCHIVE)


def test_it_says_so_everywhere():
    files = unverified(ARCHIVE)
    assert files.complete
    assert files.diff_id is None
    assert not files.about.verified
    assert "complete, not verified" in repr(files)
    for said in (faces.text(files), faces.html(files)):
        assert "the archive was not hashed, as asked" in said
        assert "not verified, as asked" in said
    assert files.to_frame().attrs["diff_id"] == ""


def test_a_layer_that_is_another_the_second_time_goes_unnoticed_as_it_is_told():
    assert unverified(ARCHIVE, FORGED)["b"].bytes == b"f" * SIZE


def test_many_files_come_in_one_pass_too(tmp_path: Path):
    files = unverified(gzipped(ARCHIVE))
    assert files.digests([0, 2]) == {
        0: Digest(f"sha256:{hashlib.sha256(b'a' * SIZE).hexdigest()}"),
        2: Digest(f"sha256:{hashlib.sha256(b'c' * SIZE).hexdigest()}"),
    }
    assert files.extract(tmp_path / "out").files == 3
    assert (tmp_path / "out/b").read_bytes() == b"b" * SIZE
    assert files["c"].save(tmp_path / "c") == SIZE
    assert (tmp_path / "c").read_bytes() == b"c" * SIZE


def test_it_is_compared_with_others_by_content():
    assert not unverified(ARCHIVE).diff(ocinb.list_layer(gzipped(ARCHIVE)))
    assert [change.path for change in unverified(ARCHIVE).diff(unverified(FORGED))] == ["b"]


def test_a_layer_that_is_shorter_the_second_time_is_refused_all_the_same():
    with pytest.raises(InvalidContent, match="shorter"):
        unverified(ARCHIVE, ARCHIVE[: SIZE + 5_000])["b"].read()
    with pytest.raises(InvalidContent, match="shorter"):
        unverified(ARCHIVE, ARCHIVE[: SIZE + 5_000]).digests([1])


def test_what_breaks_off_gives_what_came_before_and_no_more():
    files = unverified(ARCHIVE[: SIZE + 5_000])
    assert files.paths == ("a", "b")
    assert "incomplete, not verified" in repr(files)
    assert files["a"].bytes == b"a" * SIZE
    with pytest.raises(InvalidContent, match="cut off"):
        files["b"].read()
    with pytest.raises(InvalidArchive):
        unverified(b"x" * 1_024)


def test_an_empty_layer_is_one():
    assert len(unverified(END)) == 0
    assert unverified(header(b"empty") + END)["empty"].bytes == b""


def test_digests_that_nobody_would_compare_are_refused(tmp_path: Path):
    digest = str(Digest.of(ARCHIVE))
    with pytest.raises(TypeError, match="only with verify=True"):
        ocinb.list_layer(ARCHIVE, digest=digest, verify=False)
    with pytest.raises(TypeError, match="only with verify=True"):
        ocinb.list_layer(ARCHIVE, diff_id=digest, verify=False)
    layout = ocinb.Layout(tmp_path)
    with layout.ingest() as ingest:
        ingest.write(ARCHIVE)
        ingest.commit(Digest(digest))
    assert ocinb.list_layer(layout, digest=digest, verify=False).paths == NAMES
