"""A listing as a value: found by position, path and pattern, counted, drawn and framed."""

from __future__ import annotations

import gzip
import io
import tarfile
import tracemalloc
from pathlib import Path

import pytest

import ocinb
from ocinb.display import faces
from ocinb.errors import DigestMismatch, InvalidReference
from ocinb.layers.entries import FileEntry
from ocinb.oci.digest import Digest
from tests.layers.archives import END, entry, gzipped, header, listed, written

PATHS = (
    "etc/passwd", "etc/ssl/cert.pem", "usr/bin/su", "usr/bin/sh", "usr/lib/libz.so",
    "usr/lib/x/libssl.so.3",
)  # fmt: skip
ARCHIVE = b"".join(
    header(path.encode(), len(path), mode=b"0004755\0" if path.endswith("su") else b"0000644\0")
    + path.encode().ljust(512, b"\0")
    for path in PATHS
)
FILES = listed(ARCHIVE + END)


def test_entries_go_by_position_path_and_slice():
    assert FILES[0].path == "etc/passwd"
    assert FILES[-1].path == PATHS[-1]
    assert FILES["etc/passwd"] == FILES["/etc/passwd"] == FILES["./etc//passwd"] == FILES[0]
    assert FILES[1:3].paths == PATHS[1:3]
    assert [each.path for each in FILES] == list(PATHS)
    assert len(FILES) == len(PATHS)
    with pytest.raises(IndexError):
        FILES[99]


def test_entries_are_values():
    assert {FILES[0], FILES["etc/passwd"]} == {FILES[0]}
    assert FILES[0] != FILES[1]


def test_the_order_is_that_of_the_archive():
    assert listed(entry(b"b") + entry(b"a") + END).paths == ("b", "a")


def test_whether_a_path_is_there_can_be_asked():
    assert "usr/bin/sh" in FILES
    assert "usr/bin" not in FILES
    assert 1 not in FILES
    assert FILES.get("nothing") is None
    assert FILES.get("usr/bin/sh") == FILES[3]
    assert "usr/bin/sh" not in FILES.glob("etc/*")


def test_a_path_that_is_not_there_names_what_is():
    with pytest.raises(InvalidReference) as missing:
        FILES["etc/passwrd"]
    assert "did you mean 'etc/passwd'" in missing.value.hints[0]
    with pytest.raises(InvalidReference) as missing:
        FILES["usr/sbin/su"]
    assert "usr/bin/su" in missing.value.hints[0]


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("etc/*", "etc/passwd"),
        ("/etc/*", "etc/passwd"),
        ("etc/**", "etc/passwd etc/ssl/cert.pem"),
        ("**/*.so*", "usr/lib/libz.so usr/lib/x/libssl.so.3"),
        ("**/su", "usr/bin/su"),
        ("usr/bin/s[hu]", "usr/bin/su usr/bin/sh"),
        ("usr/bin/s[!h]", "usr/bin/su"),
        ("usr/???/sh", "usr/bin/sh"),
        ("**", " ".join(PATHS)),
        ("*", ""),
        ("etc[/]passwd", ""),
        ("[", ""),
    ],
)
def test_a_pattern_stays_within_folders_unless_it_says_otherwise(pattern: str, found: str):
    assert " ".join(FILES.glob(pattern).paths) == found


def test_a_regular_expression_is_searched_for():
    assert FILES.search(r"\.so(\.|$)").paths == PATHS[4:]
    assert FILES.glob("usr/**").search("bin").paths == PATHS[2:4]


def test_what_is_selected_still_reads_and_knows_its_layer():
    some = FILES.glob("usr/bin/*")
    assert some["usr/bin/su"].text == "usr/bin/su"
    assert some.about is FILES.about
    assert some.size == len("usr/bin/su") + len("usr/bin/sh")
    assert "like usr/bin/*" in repr(some)


def test_totals_are_counted():
    files = listed(entry(b"a", b"12") + entry(b"d/", b"", b"5") + entry(b".wh.x") + END)
    assert files.counts == {"file": 1, "directory": 1, "whiteout": 1}
    assert files.size == 2
    assert FILES.setuid.paths == ("usr/bin/su",)
    assert FILES.setuid[0].setuid
    assert len(FILES.odd) == 0
    assert listed(entry(b"/abs") + entry(b"x") + END).odd.paths == ("/abs",)


def test_a_layer_comes_as_bytes_path_blob_or_content_of_a_layout(tmp_path: Path):
    packed = gzipped(ARCHIVE + END)
    (tmp_path / "layer.tar.gz").write_bytes(packed)
    digest = Digest.of(packed)
    blob = ocinb.Blob.of(packed, "application/octet-stream")
    layout = ocinb.Layout(tmp_path / "layout")
    with layout.ingest() as ingest:
        ingest.write(packed)
        ingest.commit(digest)
    stored = layout.content(digest)
    assert stored is not None
    assert ocinb.list_layer(layout, digest=digest).paths == PATHS
    with pytest.raises(InvalidReference, match="has not got it"):
        ocinb.list_layer(layout, digest=Digest.of(b"other"))
    with pytest.raises(TypeError, match="say which"):
        ocinb.list_layer(layout)
    for layer in (packed, tmp_path / "layer.tar.gz", str(tmp_path / "layer.tar.gz"), blob, stored,
                  lambda: packed):  # fmt: skip
        files = ocinb.list_layer(layer, digest=digest)
        assert files.paths == PATHS
        assert files["etc/passwd"].text == "etc/passwd"
    with pytest.raises(TypeError, match="only once"):
        ocinb.list_layer(iter([packed]))


def test_both_digests_are_checked_in_the_one_pass():
    packed = gzipped(ARCHIVE + END)
    digest, diff_id = Digest.of(packed), Digest.of(ARCHIVE + END)
    files = ocinb.list_layer(packed, digest=digest, diff_id=diff_id)
    assert files.diff_id == diff_id
    assert files.about.verified
    assert not ocinb.list_layer(packed).about.verified
    with pytest.raises(DigestMismatch) as other:
        ocinb.list_layer(packed, digest=diff_id)
    assert (other.value.expected, other.value.actual) == (diff_id, digest)
    with pytest.raises(DigestMismatch) as other:
        ocinb.list_layer(packed, diff_id=digest)
    assert (other.value.expected, other.value.actual) == (digest, diff_id)


def test_a_blob_of_a_layout_that_was_tampered_with_is_named_with_both_digests(tmp_path: Path):
    packed, other = gzipped(ARCHIVE + END), gzipped(ARCHIVE + END + bytes(512))
    layout, digest = ocinb.Layout(tmp_path / "layout"), Digest.of(packed)
    with layout.ingest() as ingest:
        ingest.write(packed)
        ingest.commit(digest)
    (layout.path / "blobs" / "sha256" / digest.encoded).write_bytes(other)
    with pytest.raises(DigestMismatch) as tampered:
        ocinb.list_layer(layout, digest=digest)
    assert (tampered.value.expected, tampered.value.actual) == (digest, Digest.of(other))


def test_a_diff_id_of_sha512_is_checked_too():
    diff_id = Digest.of(ARCHIVE + END, "sha512")
    files = ocinb.list_layer(ARCHIVE + END, diff_id=diff_id)
    assert files.about.verified
    assert files["usr/bin/su"].bytes == b"usr/bin/su"


def test_an_incomplete_list_says_so_everywhere():
    files = listed(ARCHIVE + b"x" * 512)
    assert files.paths == PATHS
    assert files.diff_id is None
    for said in (faces.text(files), faces.html(files)):
        assert "incomplete" in said
        assert "entry 6, byte 6,144" in said
    assert "incomplete" in repr(files)
    assert files.to_frame().attrs["complete"] == "False"
    assert "checksum" in files.to_frame().attrs["trouble"]
    assert files["etc/passwd"].text == "etc/passwd"


def test_what_is_drawn_is_bounded_and_counts_the_rest():
    files = listed(b"".join(entry(b"file%d" % number) for number in range(3_000)) + END)
    html, text = faces.html(files), faces.text(files)
    assert "2,950 more" in html
    assert "3,000 files" in html
    assert "2,970 more" in text
    assert len(html) < 60_000


def test_the_frame_says_the_same_as_the_records():
    files = listed(entry(b"a", b"12") + header(b"l", 0, b"2", link=b"a") + entry(b".wh.x")
                   + header(b"d", 0, b"3") + END)  # fmt: skip
    frame, records = files.to_frame(), files.records()
    assert [
        dict(zip(frame.columns, row, strict=True)) for row in frame.itertuples(index=False)
    ] == records
    row = frame.iloc[1]
    assert (row["path"], row["type"], row["target"]) == ("l", "symlink", "a")
    assert frame["hides"][2] == "x"
    assert frame["device"][3] == "0:0"
    assert frame["permissions"][0] == "-rw-r--r--"
    assert files[0].to_frame().iloc[0].equals(frame.iloc[0])


def test_an_entry_that_stands_alone_has_nothing_to_read():
    with pytest.raises(ocinb.errors.NotSupported):
        FileEntry("a", "file").read()


def test_keys_are_completed_with_names_that_can_be_typed():
    files = listed(entry(b"a") + entry(b"\x1b[2J") + END)
    assert files._ipython_key_completions_() == ["a"]


@pytest.mark.parametrize("kind", [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_a_hundred_thousand_entries_take_a_few_mebibytes(kind: int):
    """K-13 names 151 MB for 300,000 entries in tarfile; here 100,000 take a part of that."""
    block = io.BytesIO()
    with tarfile.open(fileobj=block, mode="w", format=kind) as archive:
        for number in range(1_000):
            archive.addfile(tarfile.TarInfo(f"usr/share/doc/some/folder/file-{number:04}"))
    one = block.getvalue()[: 1_000 * 512]
    packed = gzip.compress(one)
    tracemalloc.start()
    try:
        files = ocinb.list_layer(lambda: (packed for _ in range(100)))
        kept, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(files) == 100_000
    assert kept < 30 * 2**20
    assert most < 40 * 2**20


def test_tarfile_and_we_agree_on_an_archive_of_its_own():
    assert ocinb.list_layer(written(("a/b", b"1"), ("c", b"22"))).paths == ("a/b", "c")
