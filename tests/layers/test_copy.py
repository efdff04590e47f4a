"""Copying files, folders and bytes into an image, as they are."""

from __future__ import annotations

import io
import os
import socket
import tarfile
from pathlib import Path
from typing import Any

import pytest

from ocinb.errors import InvalidContent
from ocinb.layers.build import Image
from ocinb.layers.making import gathering
from ocinb.layers.making.ignoring import ignoring


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A folder with all that may be in one."""
    site = tmp_path / "site"
    for folder in ("bin", "src/deep", "src/__pycache__", ".git"):
        (site / folder).mkdir(parents=True)
    for path, content in {
        "bin/run": "run", "src/a.py": "a", "src/deep/b.py": "b", "src/deep/c.txt": "c",
        "src/__pycache__/a.pyc": "x", ".git/HEAD": "ref", "README": "read",
    }.items():  # fmt: skip
        (site / path).write_text(content)
    (site / "bin/run").chmod(0o4755)
    (site / "src").chmod(0o2770)
    (site / "link").symlink_to("../outside")
    (site / "loop").symlink_to(".")
    os.link(site / "bin/run", site / "bin-run")
    return site


def layer(made: Image) -> dict[str, tarfile.TarInfo]:
    """What the last layer of an image has, by path."""
    with tarfile.open(fileobj=io.BytesIO(b"".join(made.layers[-1]))) as read:
        return {each.name.removeprefix("./"): each for each in read}


def copied(*given: Any, **options: Any) -> dict[str, tarfile.TarInfo]:
    return layer(Image.scratch().copy(*given, **options))


def files(found: dict[str, tarfile.TarInfo]) -> set[str]:
    return {path for path, each in found.items() if not each.isdir()}


ALL = {
    "bin/run", "bin-run", "link", "loop", "README", "src/a.py", "src/deep/b.py", "src/deep/c.txt",
    "src/__pycache__/a.pyc", ".git/HEAD",
}  # fmt: skip


# Where things go


def test_of_a_folder_what_is_in_it_goes_there(site: Path):
    found = copied(site, "/srv/www")
    assert files(found) == {f"srv/www/{path}" for path in ALL}
    assert files(copied(f"{site}/", "/")) == ALL
    assert files(layer(Image.from_files(site))) == ALL


@pytest.mark.parametrize(
    ("to", "path"), [("/bin/app", "bin/app"), ("/bin/", "bin/run"), ("x", "x"), ("/", "run")]
)
def test_a_file_goes_to_a_name_or_with_a_slash_into_a_folder(site: Path, to: str, path: str):
    assert files(copied(site / "bin/run", to)) == {path}


def test_several_go_into_a_folder_each_by_its_name(site: Path):
    found = copied([site / "README", str(site / "src"), ("note", b"x")], "/data")
    assert files(found) == {
        "data/README", "data/note", "data/a.py", "data/deep/b.py", "data/deep/c.txt",
        "data/__pycache__/a.pyc",
    }  # fmt: skip


def test_bytes_go_to_a_name():
    found = copied(b"welcome", "/etc/motd", mode=0o600, owner="7:8")
    motd = found["etc/motd"]
    assert (motd.size, motd.mode, motd.uid, motd.gid) == (7, 0o600, 7, 8)
    with pytest.raises(InvalidContent, match="bytes need a name"):
        copied(b"welcome", "/etc/")


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("src/**/*.py", {"a.py", "deep/b.py"}),
        ("src/*.py", {"a.py"}),
        ("src/d*", {"deep/b.py", "deep/c.txt"}),
        ("**/[bc].*", {"src/deep/b.py", "src/deep/c.txt"}),
        ("bin*/r?n", {"bin/run"}),
        ("[!s]*", {"bin/run", "bin-run", "link", "loop", "README", ".git/HEAD"}),
    ],
)
def test_a_pattern_finds_files_below_its_fixed_beginning(
    site: Path, monkeypatch: pytest.MonkeyPatch, pattern: str, found: set[str]
):
    monkeypatch.chdir(site)
    assert files(copied(pattern, "/x")) == {f"x/{path}" for path in found}
    assert files(copied(str(site / pattern), "/x")) == {f"x/{path}" for path in found}


def test_a_name_that_only_looks_like_a_pattern_is_a_name(tmp_path: Path):
    (tmp_path / "a[1].txt").write_text("x")
    assert files(copied(tmp_path / "a[1].txt", "/")) == {"a[1].txt"}


def test_what_is_not_there_is_told(site: Path):
    for missing in (site / "none", site / "*.none"):
        with pytest.raises(FileNotFoundError):
            copied(missing, "/")
    with pytest.raises(NotADirectoryError):
        Image.from_files(site / "README")
    with pytest.raises(TypeError, match="what is copied is"):
        copied([1], "/")


# What is kept


def test_modes_owners_and_links_are_kept(site: Path):
    found = copied(site, "/")
    me = (os.getuid(), os.getgid())
    assert {(each.uid, each.gid) for each in found.values()} == {me}
    assert (found["src"].mode, found["src"].isdir()) == (0o2770, True)
    assert (found["link"].issym(), found["link"].linkname) == (True, "../outside")
    assert found["loop"].issym()
    first, second = found["bin-run"], found["bin/run"]
    assert (first.isreg(), first.mode, first.size) == (True, 0o4755, 3)
    assert (second.islnk(), second.linkname) == (True, "./bin-run")


def test_what_a_pattern_finds_keeps_its_hard_links(site: Path):
    found = copied(f"{site}/bi*", "/x")
    assert (found["x/bin-run"].isreg(), found["x/bin/run"].linkname) == (True, "./x/bin-run")


def test_the_folder_that_is_copied_gives_its_mode_to_the_new_one(site: Path):
    site.chmod(0o750)
    assert copied(site, "/srv")["srv"].mode == 0o750
    assert copied([site], "/srv")["srv"].mode == 0o755


def test_owner_and_mode_can_be_others(site: Path):
    found = copied(site, "/", owner=(0, 0), mode=0o644)
    assert {(each.uid, each.gid, each.uname) for each in found.values()} == {(0, 0, "root")}
    assert {each.mode for each in found.values() if each.isreg()} == {0o644}
    assert found["src"].mode == 0o2770
    for wrong in ("root", "1:2:3", ":"):
        with pytest.raises(ValueError, match="owner is given as numbers"):
            copied(site, "/", owner=wrong)


def test_a_link_that_is_named_itself_is_followed_and_none_within(site: Path, tmp_path: Path):
    (tmp_path / "current").symlink_to("site/README")
    found = copied(tmp_path / "current", "/")
    assert found["current"].isreg()
    (tmp_path / "folder").symlink_to("site")
    assert files(copied(tmp_path / "folder", "/")) == ALL


def test_all_times_are_the_moment_of_the_build(site: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    assert {each.mtime for each in copied(site, "/").values()} == {1_700_000_000}
    assert {each.mtime for each in copied(site, "/", mtime=-5).values()} == {-5}


def test_the_same_folder_gives_the_same_bytes_whatever_its_times(
    site: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    once = Image.from_files(site)
    for path in sorted(site.rglob("*"), reverse=True):
        os.utime(path, (1, 1), follow_symlinks=False)
    assert Image.from_files(site).digest == once.digest


# What is left out


@pytest.mark.parametrize(
    ("patterns", "left"),
    [
        (["*.py"], {"src/a.py", "src/deep/b.py"}),
        (["/src/*.py"], {"src/a.py"}),
        (["__pycache__/", ".git"], {"src/__pycache__/a.pyc", ".git/HEAD"}),
        (["README/"], set()),
        (["src/**", "!src/deep", "!src/deep/**"], {"src/a.py", "src/__pycache__/a.pyc"}),
        (["*.py", "!b.py"], {"src/a.py"}),
        (["src/**/*.txt"], {"src/deep/c.txt"}),
        (["# a comment", "", "\\#x"], set()),
        (["[!b]*.py"], {"src/a.py"}),
    ],
    ids=range(9),
)
def test_what_is_ignored_is_left_out(site: Path, patterns: list[str], left: set[str]):
    assert ALL - files(copied(site, "/", ignore=patterns)) == left


def test_a_pattern_alone_is_no_list_of_patterns_and_a_broken_one_is_told():
    with pytest.raises(TypeError, match="a list of patterns"):
        ignoring("*.pyc")
    with pytest.raises(ValueError, match="is no pattern"):
        ignoring(["[z-a]"])


# What is refused


def test_devices_sockets_and_pipes_are_refused_by_name(tmp_path: Path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InvalidContent, match=r"pipe' is a named pipe, which an image does not"):
        copied(tmp_path, "/")
    assert copied(tmp_path, "/x", ignore=["pipe"]).keys() == {"x"}
    with pytest.raises(InvalidContent, match="'/dev/null' is a device"):
        copied("/dev/null", "/")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "sock"))
        with pytest.raises(InvalidContent, match="is a socket"):
            copied(tmp_path / "sock", "/")


def test_a_file_that_was_replaced_or_grew_while_it_was_copied_is_refused(
    site: Path, monkeypatch: pytest.MonkeyPatch
):
    read = gathering._read

    def grown(source: str, about: os.stat_result):
        with open(source, "a") as file:
            file.write("more")
        return read(source, about)

    def replaced(source: str, about: os.stat_result):
        os.replace(site / "src/a.py", source)
        return read(source, about)

    monkeypatch.setattr(gathering, "_read", grown)
    with pytest.raises(InvalidContent, match="changed while it was read: it had 4 bytes"):
        copied(site / "README", "/")
    monkeypatch.setattr(gathering, "_read", replaced)
    with pytest.raises(InvalidContent, match="was replaced while the folder was copied"):
        copied(site / "README", "/")


def test_a_whiteout_is_not_copied_by_accident(tmp_path: Path):
    (tmp_path / ".wh.passwd").write_text("")
    with pytest.raises(InvalidContent, match="would delete a file of the layers below"):
        copied(tmp_path, "/etc")
    assert files(copied(tmp_path, "/", ignore=[".wh.*"])) == set()
    assert files(layer(Image.scratch().add_layer([("/etc/.wh.passwd", b"")]))) == {"etc/.wh.passwd"}


def test_a_big_file_is_never_whole_in_memory(tmp_path: Path):
    with (tmp_path / "big").open("wb") as file:
        file.truncate(300 * 1024 * 1024)
    before = _resident()
    made = Image.scratch().copy(tmp_path, "/")
    assert _resident() - before < 32 * 1024
    assert made.layers[0].size < 1024 * 1024


def _resident() -> int:
    """KiB of memory that this process uses."""
    return int(next(
        line.split()[1]
        for line in Path("/proc/self/status").read_text().splitlines()
        if line.startswith("VmHWM:")
    ))  # fmt: skip
