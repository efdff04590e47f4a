"""Files written to disk: what goes where, what never does, and nothing left behind (K-13)."""

from __future__ import annotations

import errno
import os
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

import ocinb
from ocinb.display import faces
from ocinb.errors import DigestMismatch, DiskFull, InvalidContent, InvalidReference, NotSupported
from ocinb.layers.entries import FileEntry
from ocinb.layers.extraction import folder as folders
from ocinb.layers.extraction.extracted import Extracted
from ocinb.layers.extraction.extracting import extract
from ocinb.layers.extraction.plan import within
from ocinb.layers.limits import Quota
from ocinb.layers.unpacking.reading import MARKED, Taker
from tests.layers.archives import END, entry, gzipped, header, listed, padded, pax

TREE = (
    header(b"etc/", 0, b"5", mode=b"0000750\0", mtime=b"14523770000\0")
    + header(b"etc/motd", 6, mtime=b"14523770000\0") + padded(b"hello\n")
    + header(b"etc/hard", 0, b"1", link=b"./etc/motd")
    + header(b"etc/link", 0, b"2", link=b"motd", mtime=b"14523770000\0")
    + header(b"etc/absolute", 0, b"2", link=b"/etc/motd")
    + entry(b"usr/bin/deep/file", b"deep")
    + entry(b"empty")
    + END
)  # fmt: skip


@pytest.fixture(autouse=True)
def umask() -> Iterator[None]:
    """The usual one, whatever it is here."""
    before = os.umask(0o022)
    yield
    os.umask(before)


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out"


def tree(folder: Path) -> set[str]:
    """The paths of all there is below a folder, links not followed."""
    return {str(each.relative_to(folder)) for each in folder.rglob("*")}


def reasons(result: Extracted) -> dict[str, str]:
    return {each.path: each.why for each in result.left_out}


def test_files_folders_and_links_are_written_as_the_archive_has_them(out: Path):
    result = listed(gzipped(TREE), 50).extract(out)
    assert (out / "etc/motd").read_text() == "hello\n"
    assert (out / "usr/bin/deep/file").read_text() == "deep"
    assert (out / "empty").read_bytes() == b""
    assert (out / "etc/hard").samefile(out / "etc/motd")
    assert (out / "etc/link").readlink() == Path("motd")
    assert (out / "etc/absolute").read_text() == "hello\n"
    assert stat.S_IMODE((out / "etc").stat().st_mode) == 0o750
    for path in ("etc", "etc/motd", "etc/link"):
        assert (out / path).lstat().st_mtime == 0o14523770000
    assert result.complete
    counted = (result.files, result.folders, result.links, result.hard_links, result.bytes)
    assert counted == (3, 4, 2, 1, 10)
    assert result.adapted == {"absolute link made relative": 1}


def test_only_what_was_selected_is_written(out: Path):
    result = listed(TREE).glob("usr/**").extract(out)
    assert tree(out) == {"usr", "usr/bin", "usr/bin/deep", "usr/bin/deep/file"}
    assert result.files == 1


def test_a_hard_link_without_its_file_is_a_copy_of_it(out: Path):
    result = listed(TREE).glob("etc/hard").extract(out)
    assert (out / "etc/hard").read_text() == "hello\n"
    assert tree(out) == {"etc", "etc/hard"}
    assert (result.files, result.hard_links, result.bytes) == (1, 0, 6)


def test_the_layer_is_read_once_for_all_its_files(out: Path):
    asked: list[int] = []

    def layer() -> bytes:
        asked.append(1)
        return TREE

    files = ocinb.list_layer(layer)
    files.extract(out)
    assert len(asked) == 2


def test_a_hard_link_is_copied_where_there_are_none(out: Path, monkeypatch: pytest.MonkeyPatch):
    def none(*_: object, **__: object) -> None:
        raise OSError(errno.EPERM, "no hard links here")

    monkeypatch.setattr(os, "link", none)
    result = listed(TREE).extract(out)
    assert (out / "etc/hard").read_text() == "hello\n"
    assert not (out / "etc/hard").samefile(out / "etc/motd")
    assert (result.files, result.hard_links, result.bytes) == (4, 0, 16)


# What never leads outside.


@pytest.mark.parametrize(
    ("archive", "path"),
    [
        (entry(b"../../escaped", b"x"), "../../escaped"),
        (entry(b"a/../../escaped", b"x"), "a/../../escaped"),
        (entry(b"..", b"x"), ".."),
        (header(b"dev", 0, b"3"), "dev"),
        (header(b"dev", 0, b"4"), "dev"),
        (header(b"fifo", 0, b"6"), "fifo"),
        (entry(b"socket", b"", b"s"), "socket"),
        (entry(b".wh.gone"), ".wh.gone"),
        (entry(b"a/.wh..wh..opq"), "a/.wh..wh..opq"),
        (header(b"out", 0, b"2", link=b"../out"), "out"),
        (header(b"out", 0, b"2", link=b"a/../../out"), "out"),
        (header(b"a/b", 0, b"1", link=b"/etc/passwd"), "a/b"),
        (header(b"a/b", 0, b"1", link=b"../../../../etc/passwd"), "a/b"),
        (pax(path=b"a\0b") + header(), "a\0b"),
    ],
)
def test_what_may_not_be_written_is_left_out_and_named(archive: bytes, path: str, out: Path):
    result = listed(archive + entry(b"good", b"1") + END).extract(out)
    assert tree(out) == {"good"}
    assert tree(out.parent) == {"out", "out/good"}
    assert set(reasons(result)) == {path}
    assert sum(result.reasons.values()) == 1
    assert not result.complete


def test_absolute_names_begin_at_the_folder(out: Path):
    listed(entry(b"/etc/passwd", b"ours") + END).extract(out)
    assert (out / "etc/passwd").read_text() == "ours"


def test_a_link_of_the_layer_is_never_written_through(out: Path, tmp_path: Path):
    """A link to elsewhere, and a file below it: oras-go GHSA-m37j-52j7-pjw7, as many others."""
    outside = tmp_path / "outside"
    outside.mkdir()
    archive = header(b"a", 0, b"2", link=str(outside).encode()) + entry(b"a/x", b"1")
    result = listed(archive + END).extract(out)
    assert tree(outside) == set()
    assert "a/x" in reasons(result)
    assert not (out / "a").exists()  # it leads to what is in the folder, where nothing is


@pytest.mark.parametrize("kind", [b"0", b"2", b"5"])
def test_a_link_that_was_there_is_never_written_through(kind: bytes, out: Path, tmp_path: Path):
    outside = tmp_path / "outside"
    outside.mkdir()
    out.mkdir()
    (out / "a").symlink_to(outside)
    result = listed(header(b"a/b", 0, kind, link=b"c") + END).extract(out, overwrite=True)
    assert tree(outside) == set()
    assert "a/b" in reasons(result)


def test_a_file_is_not_written_into_what_a_link_leads_to(out: Path, tmp_path: Path):
    kept = tmp_path / "kept"
    kept.write_text("kept")
    out.mkdir()
    (out / "a").symlink_to(kept)
    files = listed(entry(b"a", b"new") + END)
    assert not files.extract(out).complete
    assert files.extract(out, overwrite=True).complete
    assert kept.read_text() == "kept"
    assert (out / "a").read_text() == "new"
    assert not (out / "a").is_symlink()


def test_two_links_that_are_harmless_alone_lead_nowhere_together(out: Path):
    """The chain of CVE-2025-4517: the text of each stays inside, what both mean would not."""
    archive = (
        header(b"a/b/c/up", 0, b"2", link=b"../../..")
        + header(b"a/b/c/out", 0, b"2", link=b"up/../x")
        + END
    )
    result = listed(archive).extract(out)
    assert set(reasons(result)) == {"a/b/c/out"}
    assert (out / "a/b/c/up").resolve() == out.resolve()


@pytest.mark.parametrize(
    ("path", "target", "wanted"),
    [
        ("a", "b", "b"),
        ("a/b", "../c", "../c"),
        ("a/b", "../../c", None),
        ("a/b", "c/../../..", None),
        ("a/b", "/c/d", "../c/d"),
        ("a", "/", "."),
        ("a/b", "/../../c", "../c"),
        ("a/b", "/c/../../..", None),
        ("a", "", None),
        ("a", "x\0y", None),
        ("a/b", ".", "."),
        ("a/b", "..", ".."),
    ],
)
def test_where_links_may_lead(path: str, target: str, wanted: str | None):
    assert within(path, target) == wanted


def test_what_is_below_a_file_is_left_out(out: Path):
    archive = entry(b"a", b"1") + entry(b"a/b/c", b"2") + entry(b"a/b/d", b"2")
    result = listed(archive + END).extract(out)
    assert tree(out) == {"a"}
    assert set(reasons(result)) == {"a/b/c", "a/b/d"}


# Permissions.


def test_setuid_and_what_the_umask_takes_are_dropped_unless_they_are_kept(tmp_path: Path):
    archive = (
        header(b"su", 0, mode=b"0006777\0") + header(b"none", 0, mode=b"0000000\0")
        + header(b"tmp/", 0, b"5", mode=b"0001777\0") + header(b"tmp/in", 0) + END
    )  # fmt: skip
    files = listed(archive)

    def modes(folder: Path) -> list[int]:
        return [stat.S_IMODE((folder / name).stat().st_mode) for name in ("su", "none", "tmp")]

    result = files.extract(tmp_path / "a")
    assert modes(tmp_path / "a") == [0o755, 0o600, 0o755]
    assert result.adapted == {"setuid, setgid or sticky dropped": 2}
    assert files.extract(tmp_path / "b", keep_modes=True).adapted == {}
    assert modes(tmp_path / "b") == [0o6777, 0, 0o1777]


def test_folders_that_nobody_may_write_to_get_that_in_the_end(out: Path):
    archive = header(b"a/", 0, b"5", mode=b"0000555\0") + entry(b"a/b", b"1") + END
    listed(archive).extract(out, keep_modes=True)
    assert stat.S_IMODE((out / "a").stat().st_mode) == 0o555
    (out / "a").chmod(0o755)
    assert (out / "a/b").read_text() == "1"


def test_extended_attributes_are_not_written_and_counted(out: Path):
    archive = pax(**{"SCHILY.xattr.security.capability": b"x"}) + entry(b"a") + END
    assert listed(archive).extract(out).adapted == {"extended attributes not written": 1}


# What is there already, and what comes again.


def test_what_is_there_stays_unless_it_may_be_replaced(out: Path):
    (out / "etc").mkdir(parents=True)
    (out / "etc/motd").write_text("mine")
    files = listed(TREE)
    result = files.extract(out)
    assert (out / "etc/motd").read_text() == "mine"
    assert "overwrite=True" in reasons(result)["etc/motd"]
    assert (out / "empty").exists()
    assert files.extract(out, overwrite=True).complete
    assert (out / "etc/motd").read_text() == "hello\n"


def test_a_folder_never_gives_way_to_a_file(out: Path):
    (out / "empty/mine").mkdir(parents=True)
    result = listed(TREE).extract(out, overwrite=True)
    assert reasons(result) == {"empty": "a folder is there already"}
    assert (out / "empty/mine").is_dir()


def test_of_a_path_that_comes_again_the_last_entry_counts(out: Path):
    archive = entry(b"a", b"1") + header(b"a", 0, b"2", link=b"b") + entry(b"./a", b"3") + END
    result = listed(archive).extract(out)
    assert (out / "a").read_text() == "3"
    assert [each.type for each in result.left_out] == ["file", "symlink"]


def test_names_that_are_one_here_do_not_replace_each_other(
    out: Path, monkeypatch: pytest.MonkeyPatch
):
    """As on a file system that does not tell upper case from lower."""
    real = os.open

    def folding(path: str, flags: int, mode: int = 0o777, *, dir_fd: int | None = None) -> int:
        return real(str(path).lower(), flags, mode, dir_fd=dir_fd) if dir_fd else real(path, flags)

    found = os.stat

    def stated(path: str, **more: object) -> os.stat_result:
        return found(str(path).lower(), **more)  # type: ignore[arg-type]

    monkeypatch.setattr(os, "open", folding)
    monkeypatch.setattr(os, "stat", stated)
    files = listed(entry(b"readme", b"1") + entry(b"README", b"2") + END)
    result = files.extract(out, overwrite=True)
    assert (out / "readme").read_text() == "1"
    assert "tell its name" in reasons(result)["README"]


def test_a_name_that_no_file_can_have_here_is_left_out_alone(out: Path):
    long = b"n" * 300
    archive = pax(path=long + b"/x") + header() + pax(path=long) + header() + entry(b"good")
    result = listed(archive + END).extract(out)
    assert tree(out) == {"good"}
    assert len(result.left_out) == 2


# How much, and what is left when it fails.


def test_more_than_the_quota_is_refused_before_anything_is_written(out: Path):
    files = listed(TREE)
    with pytest.raises(InvalidContent, match="at most 9 B") as refused:
        files.extract(out, quota=Quota(bytes=9))
    assert "Quota(bytes=10)" in refused.value.hints[0]
    with pytest.raises(InvalidContent, match="at most 6 are written"):
        files.extract(out, quota=Quota(entries=6))
    assert not out.exists()
    assert files.extract(out, quota=Quota(bytes=10, entries=7)).complete


BIG = b"".join(entry(b"d/%d" % each, bytes(MARKED // 2 + 5)) for each in range(3))


@pytest.mark.parametrize("there", [False, True])
def test_a_layer_that_is_another_the_second_time_leaves_nothing(there: bool, out: Path):
    forged = BIG[:-1_000] + b"e" * 1_000
    answers = [BIG + END, forged + END]
    files = ocinb.list_layer(lambda: answers.pop(0))
    if there:
        out.mkdir()
        (out / "mine").write_text("mine")
    with pytest.raises(DigestMismatch):
        files.extract(out)
    assert tree(out) == {"mine"} if there else not out.exists()


def test_an_interruption_in_the_middle_of_a_file_leaves_nothing(tmp_path: Path):
    def pieces(layer: list[bytes]) -> Iterator[bytes]:
        yield layer[0][: len(BIG) - MARKED // 4]
        if len(layer) == 1:
            raise KeyboardInterrupt
        yield layer.pop()[len(BIG) - MARKED // 4 :]

    layer = [BIG + END, BIG + END]
    files = ocinb.list_layer(lambda: pieces(layer))
    with pytest.raises(KeyboardInterrupt):
        files.extract(tmp_path / "a" / "b")
    assert tree(tmp_path) == set()
    with pytest.raises(KeyboardInterrupt):
        files["d/2"].save(tmp_path / "file")
    assert tree(tmp_path) == set()


def test_a_full_disk_is_told_and_leaves_nothing(out: Path, monkeypatch: pytest.MonkeyPatch):
    def full(file: int, data: bytes) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    files = listed(TREE)
    monkeypatch.setattr(os, "write", full)
    with pytest.raises(DiskFull, match="has no room for 10 B") as refused:
        files.extract(out)
    assert refused.value.needed == 10
    assert not out.exists()
    with pytest.raises(DiskFull):
        files["etc/motd"].save(out.parent / "motd")
    assert tree(out.parent) == set()


def test_a_disk_that_is_too_small_is_told_before_anything_is_written(
    out: Path, monkeypatch: pytest.MonkeyPatch
):
    class Small:
        total, free = 100, 9

    monkeypatch.setattr("shutil.disk_usage", lambda _: Small)
    with pytest.raises(DiskFull, match="9 B are free"):
        listed(TREE).extract(out)
    assert not out.exists()


def test_a_layer_that_begins_again_is_written_again(out: Path):
    """What came before it did was never verified."""
    files = listed(BIG + END)
    contents = files["d/0"].where
    real = contents._pour  # type: ignore[attr-defined]

    def pour(taker: Taker) -> None:
        taker.write((b"forged" + bytes(506) + BIG[512:])[: MARKED + 5_000])
        taker.restart()
        real(taker)

    contents._pour = pour  # type: ignore[attr-defined]
    result = files.extract(out)
    assert (result.files, result.bytes) == (3, 3 * (MARKED // 2 + 5))
    assert (out / "d/0").read_bytes() == bytes(MARKED // 2 + 5)
    assert files["d/2"].save(out / "saved") == MARKED // 2 + 5
    assert (out / "saved").read_bytes() == bytes(MARKED // 2 + 5)


def test_of_an_incomplete_listing_what_is_whole_is_written(out: Path):
    files = listed((entry(b"a", b"1") + entry(b"b", b"x" * 3_000))[:3_000])
    assert not files.complete
    result = files.extract(out)
    assert tree(out) == {"a"}
    assert "cut off" in reasons(result)["b"]
    with pytest.raises(InvalidContent, match="cut off"):
        files["b"].read()


def test_a_system_that_cannot_keep_links_out_is_told(out: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(folders, "SAFE", False)
    with pytest.raises(NotSupported) as refused:
        listed(TREE).extract(out)
    assert "save" in refused.value.hints[0]


# One file.


def test_one_file_is_saved_whole_and_not_over_another(tmp_path: Path):
    files = listed(gzipped(TREE), 50)
    path = tmp_path / "motd"
    assert files["etc/link"].save(path) == 6
    assert path.read_text() == "hello\n"
    with pytest.raises(FileExistsError, match="overwrite=True"):
        files["empty"].save(path)
    assert files["empty"].save(path, overwrite=True) == 0
    assert path.read_bytes() == b""
    with pytest.raises(InvalidReference, match="directory"):
        files["etc"].save(tmp_path / "etc")
    with pytest.raises(InvalidContent, match="at most 5 B"):
        files["etc/motd"].save(tmp_path / "x", quota=Quota(bytes=5))
    assert tree(tmp_path) == {"motd"}


# Entries of several layers at once.


def test_entries_of_several_layers_are_written_together_each_layer_read_once(out: Path):
    asked: list[int] = []

    def layer(number: int) -> bytes:
        asked.append(number)
        return b"".join(entry(b"%d/%d" % (number, each), b"x") for each in range(3)) + END

    lists = [ocinb.list_layer(lambda number=number: layer(number)) for number in range(2)]
    asked.clear()
    result = extract([each for files in lists for each in files], out)
    assert (result.files, sorted(asked)) == (6, [0, 1])


def test_an_entry_of_no_layer_is_left_out(out: Path):
    assert "not known" in reasons(extract([FileEntry("a", "file")], out))["a"]


def test_gnu_tar_finds_no_difference(out: Path, tmp_path: Path):
    """What is written is what the archive holds, as tar compares it."""
    source = tmp_path / "source"
    (source / "a/b").mkdir(parents=True)
    (source / "a/b/file").write_bytes(b"x" * 100_000)
    (source / "a/link").symlink_to("b/file")
    os.link(source / "a/b/file", source / "hard")
    archive = tmp_path / "it.tar"
    subprocess.run(["tar", "-cf", archive, "-C", source, "."], check=True)
    assert ocinb.list_layer(archive).extract(out, keep_modes=True).complete
    subprocess.run(["tar", "-df", archive, "-C", out], check=True, capture_output=True)


@pytest.mark.parametrize("version", ["0.0", "0.1", "1.0"])
def test_files_with_holes_are_written_with_them(version: str, out: Path, tmp_path: Path):
    source = tmp_path / "holes"
    with source.open("wb") as file:
        file.write(b"begin")
        file.seek(3_000_000)
        file.write(b"middle")
        file.truncate(8_000_000)
    archive = tmp_path / "it.tar"
    options = ["--format=posix", "--sparse", f"--sparse-version={version}"]
    subprocess.run(["tar", "-cf", archive, *options, "-C", tmp_path, "holes"], check=True)
    assert archive.stat().st_size < 100_000
    files = ocinb.list_layer(archive)
    assert files.extract(out).bytes == 8_000_000
    assert (out / "holes").read_bytes() == source.read_bytes()
    assert (out / "holes").stat().st_blocks * 512 < 1_000_000
    assert files["holes"].save(tmp_path / "saved") == 8_000_000
    assert (tmp_path / "saved").read_bytes() == source.read_bytes()


def test_what_came_of_it_is_drawn_and_a_frame(out: Path):
    result = listed(entry(b"../x<b>", b"1") + entry(b"good") + END).extract(out)
    assert "left out" in repr(result)
    assert "path with .." in faces.text(result)
    assert "x&lt;b&gt;" in faces.html(result)
    frame = faces.frame(result)
    assert list(frame["path"]) == ["../x<b>"]
    assert frame.attrs["files"] == "1"


def test_folders_without_an_entry_count_too(out: Path):
    """K-13: a name of 4 KB is two thousand folders, and a layer may have 65,000 such names."""
    archive = b"".join(entry(f"{n}/a/b/c/d/e/f".encode()) for n in range(10)) + END
    with pytest.raises(InvalidContent, match="in more than 30 folders"):
        listed(archive).extract(out, quota=Quota(entries=30))
    assert not out.exists()
    assert listed(archive).extract(out, quota=Quota(entries=60)).files == 10


def test_what_is_too_deep_is_left_out_and_all_else_is_written(out: Path):
    """K-13: each folder on the way is open, and a process has no thousand of them."""
    deep = b"d/" * 1_200 + b"f"
    archive = pax(path=deep) + entry(b"x") + entry(b"d/" * 30 + b"f") + entry(b"ok") + END
    result = listed(archive).extract(out)
    assert "folders in each other" in reasons(result)[deep.decode()]
    assert result.files == 2


def test_what_comes_from_a_layer_that_breaks_off_is_not_complete(tmp_path: Path):
    whole = listed(TREE)
    broken = listed(TREE[: TREE.index(b"deep") + 200])
    assert whole.extract(tmp_path / "whole").trouble is None
    extracted = broken.extract(tmp_path / "broken")
    assert not extracted.complete
    assert extracted.trouble is broken.trouble
    assert "incomplete" in repr(extracted)
    assert "broke off" in faces.html(extracted)
