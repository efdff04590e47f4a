"""What GNU tar writes, in each of its formats, is listed as GNU tar lists it."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

import ocinb
from ocinb.layers.limits import Limits
from tests.layers.told import by_tar, by_us

HOLE = 64 * 1024 * 1024


def _is_gnu() -> bool:
    said = subprocess.run(["tar", "--version"], capture_output=True, text=True, check=False)
    return "GNU tar" in said.stdout


pytestmark = pytest.mark.skipif(
    not shutil.which("tar") or not _is_gnu(), reason="tar is not GNU's here"
)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Some of everything that can be made without being root."""
    root = tmp_path / "tree"
    deep = root / ("long-name-" * 7) / ("and-longer-" * 7)
    deep.mkdir(parents=True)
    (root / "etc").mkdir()
    (root / "etc" / "motd").write_text("hello\n")
    (root / "etc" / "ünicode and space").write_bytes(bytes(1_000))
    (deep / "file").write_text("deep\n")
    (root / "link").symlink_to("etc/motd")
    (root / "far").symlink_to(deep / "file")
    os.link(root / "etc" / "motd", root / "hard")
    os.mkfifo(root / "fifo")
    su = root / "su"
    su.write_text("x")
    su.chmod(0o4755)
    with (root / "holes").open("wb") as file:
        for number in range(30):
            file.seek(number * HOLE // 30)
            file.write(b"data")
        file.truncate(HOLE)
    for path in root.rglob("*"):
        os.utime(path, (1_700_000_000, 1_700_000_000), follow_symlinks=False)
    return root


def packed(tree: Path, *options: str) -> Path:
    archive = tree.parent / "it.tar"
    command: list[str | Path] = ["tar", "-cf", archive, "-C", tree, "--sort=name", *options, "."]
    subprocess.run(command, check=True, capture_output=True)
    return archive


@pytest.mark.parametrize(
    "options",
    [
        ["--format=gnu"],
        ["--format=gnu", "--sparse"],
        ["--format=oldgnu", "--sparse"],
        ["--format=posix"],
        ["--format=posix", "--sparse", "--sparse-version=0.0"],
        ["--format=posix", "--sparse", "--sparse-version=0.1"],
        ["--format=posix", "--sparse", "--sparse-version=1.0"],
        ["--format=posix", "--pax-option=globexthdr.name=x,comment=hello"],
        ["--format=ustar", "--exclude=far"],
        ["--format=v7", "--exclude=far", "--exclude=long*", "--exclude=fifo"],
        ["--gzip", "--exclude=holes"],
    ],
    ids=" ".join,
)
def test_every_format_is_listed_as_tar_lists_it(tree: Path, options: list[str]):
    archive = packed(tree, *options)
    files = ocinb.list_layer(archive)
    assert files.complete
    assert files.about.notes == ()
    assert by_us(files) == by_tar(archive)
    assert files["etc/motd"].text == files["hard"].text == files["link"].text == "hello\n"
    holes = files.get("holes")
    assert holes is None or holes.size == HOLE
    assert holes is None or ("sparse" in holes.odd) == ("--sparse" in options)
    assert holes is None or holes.read() == (tree / "holes").read_bytes()
    assert holes is None or holes.show(limit=100).raw == b"data" + bytes(96)


def test_a_layer_of_next_to_nothing_but_zeros_is_taken_for_a_bomb_and_can_be_had(tree: Path):
    archive = packed(tree, "--gzip")
    assert "1,000 times" in str(ocinb.list_layer(archive).trouble)
    assert ocinb.list_layer(archive, limits=Limits(ratio=2_000))["holes"].size == HOLE
