"""Archives of strangers: each rule that can be broken, and where reading stops (K-13)."""

from __future__ import annotations

import time

import pytest

import ocinb
from ocinb.display import faces
from ocinb.errors import InvalidArchive
from ocinb.layers.entries import FileEntry
from ocinb.layers.limits import Limits
from ocinb.layers.unpacking.tar import Walker
from tests.display.reader import is_harmless, read
from tests.layers.archives import END, entry, header, listed, pax, record, summed

FIRST = entry(b"first", b"1")


def broken(archive: bytes, limits: Limits | None = None) -> InvalidArchive:
    """What is wrong with an archive after its first entry, which is kept; whole or in pieces."""
    files = listed(FIRST + archive, limits=limits)
    assert files[0].path == "first"
    assert not files.complete
    assert files.trouble is not None
    assert files.trouble.entry == len(files)
    again = listed(FIRST + archive, 100, limits)
    assert str(again.trouble) == str(files.trouble)
    assert again.paths == files.paths
    return files.trouble


def one(archive: bytes, piece: int = 0) -> FileEntry:
    """The only entry of an archive that is whole."""
    files = listed(archive + END, piece)
    assert files.complete, files.trouble
    (found,) = files
    return found


def test_the_error_says_entry_offset_and_rule():
    trouble = broken(b"x" * 512)
    assert (trouble.entry, trouble.offset) == (1, 1_024)
    assert "checksum" in trouble.rule
    assert trouble.rule in str(trouble)


@pytest.mark.parametrize("content", [b"<html>", b"x" * 512, b"PK\3\4" + bytes(600), b"{}"])
def test_what_is_no_archive_is_an_error_and_no_empty_list(content: bytes):
    with pytest.raises(InvalidArchive):
        listed(content)


@pytest.mark.parametrize("content", [b"", END, bytes(10_240)])
def test_an_empty_archive_has_no_files(content: bytes):
    files = listed(content)
    assert len(files) == 0
    assert files.complete
    assert files.to_frame().empty


@pytest.mark.parametrize("at", [0, 150, 156, 300])
def test_a_header_with_a_wrong_checksum_ends_it(at: int):
    block = bytearray(header(b"second"))
    block[at] ^= 1
    assert "checksum" in broken(bytes(block)).rule


def test_checksums_of_signed_bytes_are_taken_too():
    """Old programs summed up signed characters; GNU tar takes both."""
    block = header("é".encode())
    plain = sum(block[:148]) + sum(block[156:]) + 256
    signed = block[:148] + b"%06o\0 " % (plain - 512) + block[156:]
    assert one(signed).path == "é"


@pytest.mark.parametrize("left", [1, 511, 512, 513, 1_000, 1_111])
def test_a_truncated_archive_keeps_what_came(left: int):
    trouble = broken(entry(b"second", b"x" * 600)[:left])
    assert "cut off" in str(trouble)


@pytest.mark.parametrize("left", [513, 700, 1_024])
def test_an_end_that_is_not_marked_is_noted(left: int):
    """umoci leaves out the end, and the padding of the last file before it."""
    files = listed(FIRST[:left])
    assert files.complete
    assert files.about.notes == ("its end is not marked",)
    assert files[0].bytes == b"1"


def test_what_follows_the_end_is_noted_and_not_listed():
    files = listed(FIRST + END + entry(b"smuggled"))
    assert files.paths == ("first",)
    assert "512 bytes that are not all zero follow" in files.about.notes[0]


def test_a_lone_block_of_zeros_ends_it():
    assert "zeros" in broken(bytes(512) + entry(b"second")).rule


NEGATIVE = b"\xff" * 12
HUGE = b"\x80" + b"\x7f" + bytes(10)


@pytest.mark.parametrize(
    "field", [NEGATIVE, b"-0000000001\0", b"0x000000010\0", b"9" * 12, HUGE, b"1_000\0".ljust(12)]
)
def test_sizes_are_numbers_from_zero_up_to_two_to_the_62nd(field: bytes):
    assert "number" in (trouble := broken(header(size_field=field))).rule or (
        "not negative" in trouble.rule
    )


def test_a_size_in_base_256_is_read():
    files = listed(header(size_field=b"\x80" + (600).to_bytes(11, "big")) + bytes(1_024) + END)
    assert files[0].size == 600
    assert files.complete


def test_old_fields_with_rubbish_behind_them_are_read():
    assert one(header(mode=b" 755 \0ab")).mode == 0o755
    assert one(header(mode=b"\0" * 8)).mode == 0


def test_times_before_1970_and_out_of_any_calendar_are_no_trouble():
    before = one(header(mtime=(-86_400).to_bytes(12, "big", signed=True)))
    assert str(before.mtime) == "1969-12-31 00:00:00+00:00"
    never = one(header(mtime=b"\x80\0\0\0\x0f" + b"\xff" * 7))
    assert never.mtime is None
    assert never.to_frame()["modified"].isna().all()


@pytest.mark.parametrize(
    ("name", "path", "odd"),
    [
        (b"/etc/passwd", "/etc/passwd", "absolute path"),
        (b"../../etc/passwd", "../../etc/passwd", "path with .."),
        (b"a/../../b", "a/../../b", "path with .."),
        (b"./..", "..", "path with .."),
        (b"a//b/./c/", "a/b/c", ""),
        (b"./", ".", ""),
        (b"..data/x", "..data/x", ""),
        (b"", "", "no name"),
        (b"\xff\xfe", "\udcff\udcfe", "not UTF-8"),
        (b"\x1b]0;pwn\x07", "\x1b]0;pwn\x07", "unprintable name"),
        ("exe.\u202etxt".encode(), "exe.\u202etxt", "unprintable name"),
        (b".wh.", ".wh.", "whiteout of nothing"),
        (b".wh..wh.plnk", ".wh..wh.plnk", "AUFS leftover"),
    ],
)
def test_names_are_shown_as_they_are_and_flagged(name: bytes, path: str, odd: str):
    """K-13: nothing is ever written under such a name."""
    found = one(header(name))
    assert found.path == path
    assert found.odd == ((odd,) if odd else ())


def test_control_characters_in_names_are_made_visible_when_drawn():
    files = listed(entry(b"\x1b[2J\x07.txt") + entry("\u202eexe".encode()) + END)
    for value in (files, files[0], files[1], files[0].show()):
        assert is_harmless(faces.text(value))
        assert is_harmless(read(faces.html(value)).all)
        assert is_harmless(repr(value))
    assert is_harmless(" ".join(files.to_frame()["path"]))


def test_nul_in_a_pax_path_is_flagged():
    found = one(pax(path=b"etc/passwd\0.txt") + header(b"x"))
    assert found.path == "etc/passwd\0.txt"
    assert "NUL in its name" in found.odd


def test_a_name_ends_at_its_nul():
    assert one(header(b"name\0rubbish")).path == "name"


@pytest.mark.parametrize(
    ("kind", "name", "target", "odd"),
    [
        (b"2", b"a", b"/etc/passwd", ()),
        (b"2", b"usr/bin/x", b"../lib/x", ()),
        (b"2", b"a", b"../etc/passwd", ("leads outside",)),
        (b"2", b"a/b", b"c/../../../d", ("leads outside",)),
        (b"2", b"a", b"/../etc/passwd", ("leads outside",)),
        (b"1", b"a/b", b"../c", ("leads outside",)),
        (b"1", b"a", b"/etc/passwd", ("leads outside",)),
        (b"1", b"a", b"./c", ()),
    ],
)
def test_links_to_outside_are_flagged(kind: bytes, name: bytes, target: bytes, odd):
    found = one(header(name, 0, kind, link=target))
    assert found.target == target.decode()
    assert found.type == ("symlink" if kind == b"2" else "hardlink")
    assert found.odd == odd


def test_links_devices_and_folders_have_no_content_whatever_is_said():
    for kind in b"123456":
        found = one(header(b"x", 4_096, bytes([kind])))
        assert (found.size, found.odd) == (0, ("content ignored",))


def test_devices_fifos_and_unknown_types_are_shown():
    rest = bytes(64) + b"0000010\0" + b"0000001\0"
    device = one(header(b"dev/sda", 0, b"4", rest=rest))
    assert (device.type, device.device) == ("block device", (8, 1))
    assert device.permissions == "brw-r--r--"
    assert one(header(b"f", 0, b"6")).type == "fifo"
    strange = one(entry(b"strange", b"x", b"Z"))
    assert (strange.type, strange.odd, strange.size) == ("other", ("unknown type",), 1)


def test_setuid_setgid_and_sticky_are_told():
    found = one(header(b"su", mode=b"0007755\0"))
    assert (found.setuid, found.setgid, found.sticky) == (True, True, True)
    assert found.permissions == "-rwsr-sr-t"
    assert one(header(b"x", mode=b"\x80\0\0\0\xff\xff\1\xed")).odd == ("odd mode",)


def test_whiteouts_say_what_they_hide():
    """image-spec, layer.md#whiteouts."""
    files = listed(entry(b"etc/.wh.motd") + entry(b"./.wh.tmp") + entry(b"a/.wh..wh..opq")
                   + entry(b".wh..wh..opq") + END)  # fmt: skip
    assert [(each.type, each.hides) for each in files] == [
        ("whiteout", "etc/motd"), ("whiteout", "tmp"), ("opaque", "a"), ("opaque", "."),
    ]  # fmt: skip


def test_a_path_that_comes_again_is_flagged_and_the_last_counts():
    files = listed(entry(b"a", b"1") + entry(b"b") + entry(b"./a", b"22") + END)
    assert [each.odd for each in files] == [("path comes again",), (), ("path comes again",)]
    assert files["a"].bytes == b"22"
    assert files[0].bytes == b"1"


def test_long_names_of_gnu_and_pax_are_read():
    long = b"d/" * 500 + b"f"
    assert one(entry(b"././@LongLink", long + b"\0", b"L") + header(b"d/d")).path == long.decode()
    assert one(pax(path=long) + header(b"d/d")).path == long.decode()
    link = one(entry(b"././@LongLink", long + b"\0", b"K") + header(b"l", 0, b"2", link=b"d"))
    assert link.target == long.decode()
    assert one(header(b"name", rest=bytes(80) + b"some/prefix")).path == "some/prefix/name"


def test_an_entry_begins_where_its_description_does():
    found = one(pax(path=b"p") + header(b"x"))
    assert found.offset == 0
    assert found.position == 0


def test_pax_records_count_more_than_the_header():
    said = pax(path=b"p", size=b"3", uid=b"70000", gid=b"80000", uname="ü".encode(), gname=b"g",
               mtime=b"1.5")  # fmt: skip
    found = one(said + header(b"x", 0) + b"abc".ljust(512, b"\0"))
    assert (found.path, found.size, found.uid, found.gid) == ("p", 3, 70_000, 80_000)
    assert (found.user, found.group) == ("ü", "g")
    assert str(found.mtime) == "1970-01-01 00:00:01.500000+00:00"
    assert found.bytes == b"abc"


def test_extended_attributes_are_read_as_star_and_libarchive_write_them():
    said = entry(b"x", record("SCHILY.xattr.security.capability", b"\1\0=\n\0")
                 + record("LIBARCHIVE.xattr.user.a%20b", b"aGVsbG8"), b"x")  # fmt: skip
    assert one(said + header()).xattrs == {
        "security.capability": b"\1\0=\n\0", "user.a b": b"hello",
    }  # fmt: skip


def test_global_records_hold_for_all_that_follow_and_yield_to_their_own():
    files = listed(FIRST + pax(b"g", uid=b"7", mtime=b"9") + entry(b"a") + pax(uid=b"8")
                   + entry(b"b") + entry(b"c") + END)  # fmt: skip
    assert [each.uid for each in files] == [0, 7, 8, 7]
    assert len(files) == 4


@pytest.mark.parametrize("said", ["uname", "gname"])
def test_names_of_owners_count_with_all_names(said: str):
    """K-13: of 16 GiB of PAX, which a few MB unpack to, nearly all would be kept in memory."""
    entries = [pax(**{said: b"u" * 60_000 + str(n).encode()}) + entry(b"f") for n in range(10)]
    assert "names have at most" in broken(b"".join(entries), Limits(text=300_000)).rule


def test_many_attributes_of_an_entry_count_for_more_than_their_text():
    """K-13: each of two letters takes some two hundred bytes of memory."""
    many = b"".join(record(f"SCHILY.xattr.{n}", b"") for n in range(5_000))
    entries = (entry(b"x", many, b"x") + entry(b"f")) * 3 + END
    assert "names have at most" in broken(entries, Limits(text=1_000_000)).rule
    one_each = (pax(**{"SCHILY.xattr.security.selinux": b"x" * 40}) + entry(b"f")) * 3
    assert listed(one_each + END, limits=Limits(text=300)).complete


def test_global_records_that_nothing_is_made_of_are_not_kept():
    """K-13: their keys count, and every entry would be looked up in all of them."""
    walker = Walker(Limits())
    for n in range(100):
        walker.feed(entry(b"x", record("k" * 60_000 + str(n), b"") + record("uid", b"7"), b"g"))
    assert walker._globals == {"uid": b"7"}
    keys = [entry(b"x", record(f"SCHILY.xattr.{'k' * 60_000}{n}", b""), b"g") for n in range(20)]
    assert "global records" in broken(b"".join(keys)).rule


def test_a_long_description_that_comes_byte_by_byte_is_put_together_once():
    """K-13: gzip members of one byte each give such pieces, and a description has up to a MiB."""
    said = entry(b"x", b"".join(record(f"c{n}", b"v" * 60_000) for n in range(16)), b"x")
    walker, copied = Walker(Limits()), 0
    for at in range(0, len(said), 64):
        before = walker._held
        walker.feed(said[at : at + 64])
        copied += bool(walker._held) and walker._held is not before
    assert copied < 10


@pytest.mark.parametrize(
    "records",
    [
        b"5 a=b\n", b"99 a=b\n", b"a=b\n", b"0 a=b\n", b"-6 a=b\n", b"7 ab\n\n\n", b"5 =b\n",
        b"99999999999 a=b\n", b"6 a=bx", b"\n",
    ],
)  # fmt: skip
def test_bad_pax_records_end_it(records: bytes):
    assert "PAX" in broken(entry(b"x", records, b"x") + entry(b"second")).rule


@pytest.mark.parametrize("size", [b"-1", b"1e9", b"0x10", b"9" * 30, str(2**62).encode(), b" 1"])
def test_bad_sizes_in_pax_end_it(size: bytes):
    assert "PAX" in broken(pax(size=size) + entry(b"second")).rule


@pytest.mark.parametrize(
    "archive",
    [
        header(b"x", 200 * 2**20, b"x"),
        header(b"x", 200 * 2**20, b"g"),
        header(b"x", 2**20, b"L"),
        header(b"x", 2**20, b"K"),
        pax(comment=b"x" * 70_000),
        pax(**{f"k{number}": b"x" * 60_000 for number in range(20)}),
        pax(path=b"x" * 5_000) + header(),
        entry(b"x", b"n" * 5_000, b"L") + header(),
        entry(b"x", b"n" * 5_000, b"K") + header(b"l", 0, b"2"),
        pax(a=b"b") * 100,
        entry(b"x", b"n" * 100, b"L") * 100,
        b"".join(pax(b"g", **{f"SCHILY.xattr.{number}": b"x" * 60_000}) for number in range(30)),
        entry(b"x", b"".join(record(f"k{number}", b"") for number in range(20_000)), b"x"),
    ],
)
def test_what_describes_an_entry_is_bounded(archive: bytes):
    """K-13."""
    begun = time.perf_counter()
    trouble = broken(archive + entry(b"second"))
    assert "at most" in trouble.rule or "may describe" in trouble.rule
    assert time.perf_counter() - begun < 5


def test_a_name_of_100_kilobytes_ends_it():
    assert "at most" in broken(entry(b"x", b"n" * 100_000, b"L") + header()).rule


def test_a_description_without_an_entry_is_cut_off():
    assert "whole" in broken(pax(path=b"x")).rule
    assert "whole" in broken(pax(path=b"x") + END).rule


def test_no_more_entries_are_read_than_the_limit():
    trouble = broken(entry(b"x") * 50, Limits(entries=20))
    assert "20 entries" in trouble.rule
    assert trouble.entry == 20


def test_all_names_together_are_bounded():
    assert "in all" in broken(entry(b"n" * 90) * 20, Limits(text=1_000)).rule


def test_attributes_count_as_names_do():
    said = pax(**{"SCHILY.xattr.user.x": b"x" * 10_000})
    assert "in all" in broken((said + header()) * 20, Limits(text=50_000)).rule


def test_a_file_that_cannot_fit_ends_it_before_it_comes():
    trouble = broken(header(b"big", size_field=b"\x80\0\0\0\0\0\x10" + bytes(5)))
    assert "at most 17,179,869,184 bytes" in trouble.rule


# Sparse files: recognised in each of GNU's formats, their real size told.


def old_sparse(extended: int = 0) -> bytes:
    """GNU's first format: 8 TiB with one byte in it, and a map that goes on in more blocks."""
    rest = bytearray(512 - 265)
    rest[386 - 265 : 386 - 265 + 24] = b"00000000000\0" + b"00000001000\0"
    rest[482 - 265] = 1 if extended else 0
    rest[483 - 265 : 495 - 265] = b"\x80" + (2**43).to_bytes(11, "big")
    more = b"".join(
        bytes(504) + (b"\1" if number < extended - 1 else b"\0") + bytes(7)
        for number in range(extended)
    )
    return header(b"sparse", 512, b"S", magic=b"ustar  \0", rest=bytes(rest)) + more + b"x" * 512


@pytest.mark.parametrize("extended", [0, 1, 3])
def test_sparse_files_of_the_first_format(extended: int):
    files = listed(old_sparse(extended) + entry(b"next", b"1") + END)
    assert files.complete
    assert (files[0].size, files[0].odd) == (2**43, ("sparse",))
    assert files["next"].bytes == b"1"
    assert files[0].show(limit=600).raw == b"x" * 512 + bytes(88)
    with pytest.raises(ocinb.errors.InvalidContent, match=r"at most 64\.0 MiB"):
        files[0].read()


def test_a_map_of_holes_is_bounded():
    assert "map of holes" in broken(old_sparse(5_000)).rule


@pytest.mark.parametrize(
    "said",
    [
        {"GNU.sparse.size": b"8796093022208", "GNU.sparse.numblocks": b"1"},
        {"GNU.sparse.size": b"8796093022208", "GNU.sparse.map": b"0,1", "GNU.sparse.name": b"s"},
        {"GNU.sparse.major": b"1", "GNU.sparse.minor": b"0", "GNU.sparse.name": b"s",
         "GNU.sparse.realsize": b"8796093022208"},
    ],
    ids=["0.0", "0.1", "1.0"],
)  # fmt: skip
def test_sparse_files_in_pax(said: dict[str, bytes]):
    found = one(pax(**said) + entry(b"s", b"x" * 600))
    assert (found.path, found.size, found.odd) == ("s", 2**43, ("sparse",))
    with pytest.raises(ocinb.errors.NotSupported, match="map of them is none"):
        found.read()


def test_an_unknown_header_with_a_right_checksum_is_still_bounded():
    block = summed(bytes([7]) * 512)
    assert broken(block).rule
