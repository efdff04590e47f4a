"""Layers as they are written: the bytes are known, and everything else is refused."""

from __future__ import annotations

import gc
import gzip
import io
import os
import pickle
import re
import sys
import tarfile
import zlib

import pytest

from ocinb.errors import DiskFull, InvalidContent, NotSupported
from ocinb.layers.making import writing
from ocinb.layers.making.headers import header
from ocinb.layers.making.members import Member, complete
from ocinb.layers.making.spool import Spool
from ocinb.layers.making.writing import Written, write
from ocinb.oci import media_types

WHEN = 1_700_000_000
APP = [("/app/bin/run", b"#!/bin/sh\necho hi\n", 0o755), ("/app/etc/c.json", b"{}", 0o644)]
LONG, SPLIT = "/" + "a" * 120, f"/{'d' * 60}/{'e' * 60}"
STOCK = not zlib.ZLIB_RUNTIME_VERSION.endswith("zlib-ng")


def layer(*files: tuple[str, bytes, int], **options) -> Written:
    return write([Member.of(*each) for each in files], mtime=WHEN, **options)


def plain(*members: Member) -> bytes:
    return b"".join(write(members, mtime=WHEN, compression="none").blob)


def archive(*members: Member) -> tarfile.TarFile:
    return tarfile.open(fileobj=io.BytesIO(plain(*members)))


# The bytes that ocibuild writes: seed-behaviour, 6


@pytest.mark.parametrize(
    ("files", "size", "digest"),
    [
        ([], 1024, "5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef"),
        (
            [("/a", b"hello", 0o644)],
            2048,
            "952090bf24b12ec1a44c2ae1c17975a349008ac72e4a7a12ec0ce0bfe808f77e",
        ),
        (APP, 4608, "4f13e4776ff852b97af5975f60e02162cba48648f633ad6da2615ca0fe13ace2"),
        (
            [(LONG, b"z", 0o644)],
            3072,
            "9022eb73ac25798b65ff9849b62d9420131a891c634418e394c272d8babf307f",
        ),
        (
            [(SPLIT, b"z", 0o644)],
            2560,
            "3125814fc789de678c4ee0b3816255c866ec608ef084abedfd53d24b269408ed",
        ),
    ],
    ids=["nothing", "one file", "two files", "a PAX path", "a path in two fields"],
)
def test_archives_have_the_bytes_that_ocibuild_writes(files, size, digest):
    made = layer(*files, compression="none")
    assert (made.blob.size, made.blob.digest) == (size, f"sha256:{digest}")
    assert made.diff_id == made.blob.digest
    assert made.blob.descriptor.media_type == media_types.LAYER


@pytest.mark.skipif(not STOCK, reason="another zlib compresses to other bytes")
@pytest.mark.parametrize(
    ("files", "size", "digest"),
    [
        (
            [("/a", b"hello", 0o644)],
            101,
            "92f00274fc48b93e976b2a736994ebd015b1deef84f923e6349609c5f75df7b0",
        ),
        (APP, 205, "3f993a3ce1d8b9c92d0e236291604fd8f6736d00477cd95eb14b1f4a100b0bd8"),
    ],
)
def test_gzip_has_the_bytes_that_stock_zlib_makes(files, size, digest):
    made = layer(*files)
    assert (made.blob.size, made.blob.digest) == (size, f"sha256:{digest}")
    assert made.blob.descriptor.media_type == media_types.LAYER_GZIP
    assert b"".join(made.blob)[:10].hex() == "1f8b0800000000000003"


# What others read in it


def test_folders_come_first_and_everything_is_sorted_by_its_bytes():
    made = layer(("/b/x", b"", 0o644), ("/a-b", b"", 0o644), ("/a/y", b"", 0o644), ("/ä", b"", 0))
    with tarfile.open(fileobj=io.BytesIO(b"".join(made.blob))) as read:
        found = [each.name for each in read]
    assert found == ["./a", "./b", "./a-b", "./a/y", "./b/x", "./ä"]


def test_the_order_in_which_files_are_given_changes_nothing():
    assert layer(*APP).blob.digest == layer(*reversed(APP)).blob.digest


def test_every_field_is_read_back_as_it_was_given():
    members = [
        Member("app", "folder", 0o1777, 5, 6),
        Member("app/tool", "file", 0o4755, 1000, 1001, 3, open=lambda: (b"ab", b"c")),
        Member("app/again", "hardlink", target="app/tool"),
        Member("app/link", "symlink", 0o777, target="../etc/x"),
    ]
    with archive(*members) as read:
        folder, again, link, tool = read.getmembers()
        assert (folder.name, folder.isdir(), folder.mode) == ("./app", True, 0o1777)
        assert (folder.uid, folder.gid, folder.uname, folder.mtime) == (5, 6, "", WHEN)
        assert (again.isreg(), again.mode, again.size) == (True, 0o4755, 3)  # the first name has it
        assert (tool.islnk(), tool.linkname, tool.uid) == (True, "./app/again", 1000)
        assert (link.issym(), link.linkname) == (True, "../etc/x")
        content = read.extractfile(again)
        assert content is not None
        assert content.read() == b"abc"


@pytest.mark.parametrize(
    "path",
    ["a" * 255, "/".join(["d" * 200] * 9), "d" * 155 + "/" + "f" * 100, "d" * 99, "ö" * 127],
)
def test_long_names_are_written_whole(path: str):
    target = "t" * 300
    with archive(Member(path), Member("link", "symlink", target=target)) as read:
        assert f"./{path}" in read.getnames()
        assert read.getmember("./link").linkname == target


def test_numbers_that_do_not_fit_their_fields_are_written_whole():
    member = Member("a", uid=2**21, gid=2**31, size=8**11)
    raw = header(member, 8**11)
    read = tarfile.TarInfo.frombuf(raw[-512:], "utf-8", "strict")
    assert (read.uid, read.gid, read.size, read.mtime) == (0, 0, 0, 0)
    for record in (b"uid=2097152\n", b"gid=2147483648\n", b"size=8589934592\n", b"mtime=85899345"):
        assert record in raw
    assert b"PaxHeaders" not in header(Member("a", uid=2**21 - 1, size=8**11 - 1), 8**11 - 1)


def test_a_file_capability_is_a_record_of_its_own():
    capability = bytes(range(20))
    member = Member("ping", extended={"security.capability": capability})
    with archive(member) as read:
        found = read.getmember("./ping").pax_headers["SCHILY.xattr.security.capability"]
    assert found.encode("utf-8", "surrogateescape") == capability


@pytest.mark.parametrize("size", [9_999 - 20, 99 - 8, 100 - 8, 1000 - 9])
def test_a_record_counts_the_digits_of_its_own_length(size: int):
    with archive(Member("a", extended={"user.x": b"v" * size})) as read:
        assert read.getmember("./a").pax_headers["SCHILY.xattr.user.x"] == "v" * size


def test_a_path_with_a_slash_behind_it_is_an_empty_folder():
    with archive(Member.of("/data/", b"", 0o700)) as read:
        (folder,) = read.getmembers()
    assert (folder.isdir(), folder.mode) == (True, 0o700)


# What is refused


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ([("/a", b"1", 0o644), ("a", b"2", 0o644), ("./a", b"3", 0)], "'a'"),
        ([("a/b", b"", 0o644), ("a//b/", b"", 0o755)], "given more than once: 'a/b'"),
        ([("/a", b"", 0o10000)], "cannot have the mode 0o10000"),
        ([("/a", b"", -1)], "cannot have the mode -0o1"),
        ([("/a\0b", b"", 0o644)], "has a NUL in it"),
        ([("/a/../b", b"", 0o644)], "leads out by '..'"),
        ([("", b"", 0o644)], "names no file"),
        ([("/./", b"", 0o644)], "names no file"),
        ([("/" + "n" * 256, b"", 0o644)], "a name of 256 bytes; at most 255"),
        ([("/" + "ö" * 128, b"", 0o644)], "a name of 256 bytes"),
        ([("/" + "d/" * 2_050, b"", 0o755)], "at most 4,095 are taken"),
        ([("/a", b"", 0o644), ("/a/b", b"", 0o644)], "'a' is a file and cannot hold 'a/b'"),
        ([("/a/", b"x", 0o644)], "names a folder, which has no content"),
        ([("/\ud800", b"", 0o644)], "characters that no name can have"),
    ],
)
def test_what_could_not_be_unpacked_as_it_was_meant_is_refused(files, said):
    with pytest.raises(InvalidContent, match=re.escape(said)):
        layer(*files)


@pytest.mark.parametrize(
    ("member", "said"),
    [
        (Member("a", "symlink"), "has no valid target"),
        (Member("a", "symlink", target="x\0"), "has no valid target"),
        (Member("a", "symlink", target="x" * 4096), "is too long"),
        (Member("a", "hardlink", target="b"), "needs the file 'b' beside it"),
        (Member("a", "hardlink", target="../b"), "leads out"),
        (Member("a", uid=-1), "negative owner"),
    ],
)
def test_links_that_lead_nowhere_and_owners_that_are_none_are_refused(member: Member, said: str):
    with pytest.raises(InvalidContent, match=said):
        plain(member)
    with pytest.raises(InvalidContent, match="'up' is a symlink and cannot hold 'up/x'"):
        plain(Member("up", "symlink", target="usr"), Member("up/x"))


@pytest.mark.parametrize("bad", [("/a", "text", 0o644), (b"/a", b"", 0o644), ("/a", b"", "755")])
def test_files_of_the_wrong_types_are_told_as_such(bad):
    with pytest.raises(TypeError):
        layer(bad)


@pytest.mark.parametrize("came", [(b"abc",), (b"a" * 5,), (b"a" * 300_000,), ()])
def test_a_file_that_changed_while_it_was_read_is_refused(came):
    with pytest.raises(InvalidContent, match="'a' changed while it was read: it had 4 bytes"):
        plain(Member("a", size=4, open=lambda: came))


# Compression


def test_a_level_is_the_compression_s_own():
    text = b"the quick brown fox jumps over the lazy dog, and then over the moon\n" * 10_000
    best, fast = (layer(("/a", text, 0o644), level=level) for level in (9, 1))
    assert best.blob.size < fast.blob.size
    assert best.diff_id == fast.diff_id
    assert gzip.decompress(b"".join(best.blob)) == gzip.decompress(b"".join(fast.blob))


def test_a_compression_that_is_none_of_ours_is_refused():
    with pytest.raises(ValueError, match="one of gzip, zstd, none, not 'xz'"):
        layer(compression="xz")
    with pytest.raises(ValueError, match="has no level"):
        layer(compression="none", level=1)


def test_zstd_says_what_to_install_where_it_is_not_there(monkeypatch: pytest.MonkeyPatch):
    for name in ("compression.zstd", "backports.zstd"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(NotSupported) as caught:
        layer(compression="zstd")
    assert "ocinb[zstd]" in caught.value.hints[0]


def test_zstd_is_there_by_name():
    zstd = pytest.importorskip(
        "backports.zstd" if sys.version_info < (3, 14) else "compression.zstd"
    )
    made = layer(*APP, compression="zstd")
    assert made.blob.descriptor.media_type == media_types.LAYER_ZSTD
    assert made.diff_id == layer(*APP).diff_id
    assert zstd.decompress(b"".join(made.blob)) == b"".join(layer(*APP, compression="none").blob)


# Where it is kept


def test_what_is_large_is_kept_in_a_file_without_a_name_and_read_by_many(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    content = os.urandom(3 * 1024 * 1024)
    made = layer(("/a", content, 0o644), compression="none")
    one, other = iter(made.blob), iter(made.blob)
    assert next(one) == next(other)
    rest = b"".join(one)
    assert rest == b"".join(other)
    assert content in b"".join(made.blob)
    assert list(tmp_path.iterdir()) == []


def test_the_file_is_closed_with_the_last_who_could_read_it():
    kept = Spool(in_memory=1)
    kept.write(b"ab")
    kept.finish()
    file = kept._file
    assert file is not None
    assert b"".join(kept()) == b"ab"
    del kept
    gc.collect()
    assert file.closed


def test_a_small_layer_crosses_process_boundaries_and_a_large_one_says_why_not():
    small = layer(*APP).blob
    assert b"".join(pickle.loads(pickle.dumps(small))) == b"".join(small)
    large = layer(("/a", bytes(2 * 1024 * 1024), 0o644), compression="none").blob
    with pytest.raises(TypeError, match="stays in this process: push its image"):
        pickle.dumps(large)


def test_a_full_disk_is_told_with_the_folder(monkeypatch: pytest.MonkeyPatch):
    kept = Spool(in_memory=0)

    class Full(io.BytesIO):
        def write(self, piece: object) -> int:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr("tempfile.TemporaryFile", lambda **_: Full())
    with pytest.raises(DiskFull) as caught:
        kept.write(b"x")
    assert "TMPDIR" in caught.value.hints[0]


def test_content_is_gathered_into_pieces_of_a_bounded_size():
    many = [Member.of(f"/{number}", b"x" * 100) for number in range(3_000)]
    pieces = list(writing._gathered(writing._archive(complete(many), WHEN)))
    assert sum(map(len, pieces)) == 3_000 * 1024 + 1024
    assert max(map(len, pieces)) <= writing._AT_ONCE + 512
