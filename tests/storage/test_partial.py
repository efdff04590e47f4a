"""What was fetched before it broke off: kept for the next process, and for nobody else."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
import time
from collections import namedtuple
from pathlib import Path
from typing import BinaryIO

import pytest

from ocinb.errors import DigestMismatch, DiskFull, NotSupported
from ocinb.oci.digest import Digest
from ocinb.storage import files, partial
from ocinb.storage.layout import Layout
from ocinb.storage.partial import KEPT_FOR, WORTH_KEEPING, arriving, clear_old, place

CONTENT = bytes(range(256)) * 8_192  # 2 MiB
DIGEST, SIZE = Digest.of(CONTENT), len(CONTENT)
HALF = SIZE // 2
Usage = namedtuple("Usage", "total used free")


def opened(folder: Path, digest: Digest = DIGEST, size: int = SIZE):
    return arriving(folder, digest, size, lambda _: folder / "blob")


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def write(folder: Path, *pieces: bytes, then: type[BaseException] | None = None) -> None:
    """Write these, and then commit, or be stopped."""
    with opened(folder) as ingest:
        for piece in pieces:
            ingest.write(piece)
        if then is not None:
            raise then
        ingest.commit(DIGEST)


def leave(folder: Path, content: bytes = CONTENT[:HALF]) -> Path:
    with opened(folder) as ingest:
        ingest.write(content)
    return place(folder, DIGEST)


def test_what_is_not_committed_is_there_for_the_next_one(tmp_path: Path):
    path = leave(tmp_path)
    assert names(tmp_path) == [f".partial-sha256-{DIGEST.encoded}"]
    assert os.stat(path).st_mode & 0o777 == 0o600
    with opened(tmp_path) as ingest:
        assert ingest.mark()[0] == HALF
        ingest.write(CONTENT[HALF:])
        ingest.commit(DIGEST)
    assert (tmp_path / "blob").read_bytes() == CONTENT
    assert names(tmp_path) == ["blob"]


@pytest.mark.parametrize("stop", [KeyboardInterrupt, GeneratorExit, ValueError])
def test_whatever_stops_it_what_came_is_kept(tmp_path: Path, stop):
    with pytest.raises(stop):
        write(tmp_path, CONTENT[:HALF], then=stop)
    assert place(tmp_path, DIGEST).stat().st_size == HALF


def test_too_little_to_be_worth_it_leaves_nothing(tmp_path: Path):
    leave(tmp_path, CONTENT[: WORTH_KEEPING - 1])
    assert names(tmp_path) == []


def test_what_proved_wrong_leaves_nothing(tmp_path: Path):
    """F-7."""
    with pytest.raises(DigestMismatch):
        write(tmp_path, CONTENT[:-1], b"!")
    assert names(tmp_path) == []


def test_more_than_there_can_be_is_forgotten(tmp_path: Path):
    """D-8."""
    path = leave(tmp_path)
    path.write_bytes(CONTENT + b"!")
    with opened(tmp_path) as ingest:
        assert ingest.mark()[0] == 0


def test_two_writers_at_once_never_mix(tmp_path: Path):
    """The second has a temporary file of its own."""
    leave(tmp_path)
    with opened(tmp_path) as first, opened(tmp_path) as second:
        assert (first.mark()[0], second.mark()[0]) == (HALF, 0)
        second.write(CONTENT)
        second.commit(DIGEST)
        first.write(CONTENT[HALF:])
        first.commit(DIGEST)
    assert names(tmp_path) == ["blob"]
    assert (tmp_path / "blob").read_bytes() == CONTENT


def test_the_name_is_let_go_with_the_lock(tmp_path: Path):
    """Who has committed must not remove what somebody else has begun under that name since."""
    with opened(tmp_path) as first:
        first.write(CONTENT)
        first.commit(DIGEST)
        later = opened(tmp_path)
        later.write(CONTENT[:HALF])
    assert place(tmp_path, DIGEST).stat().st_size == HALF
    later.abort()


def test_FD29_a_process_that_is_killed_leaves_its_bytes_and_no_lock(tmp_path: Path):
    script = (
        "import os, sys; from pathlib import Path; from ocinb.oci.digest import Digest;"
        "from ocinb.storage.partial import arriving;"
        "ingest = arriving(Path(sys.argv[1]), Digest(sys.argv[2]), 100, lambda _: Path('x'));"
        "ingest.write(b'half'); os.kill(os.getpid(), 9)"
    )
    killed = subprocess.run([sys.executable, "-c", script, tmp_path, DIGEST], check=False)
    assert killed.returncode == -9
    with opened(tmp_path) as ingest:
        assert b"".join(ingest._written()) == b"half"


@pytest.mark.parametrize("kind", ["link", "readable", "hard link", "folder", "pipe"])
def test_what_is_not_ours_alone_is_not_written_to(tmp_path: Path, kind: str):
    """K-23: whoever could still write to it could change it after it was verified."""
    path, other = place(tmp_path, DIGEST), tmp_path / "other"
    other.write_bytes(b"theirs")
    match kind:
        case "link":
            path.symlink_to(other)
        case "readable":
            path.write_bytes(CONTENT[:HALF])
            path.chmod(0o666)
        case "hard link":
            os.link(other, path)
        case "folder":
            path.mkdir()
        case "pipe":
            os.mkfifo(path)
    with opened(tmp_path) as ingest:
        assert ingest.mark()[0] == 0
        ingest.write(CONTENT)
        ingest.commit(DIGEST)
    assert (tmp_path / "blob").read_bytes() == CONTENT
    assert other.read_bytes() == b"theirs"


def test_what_cannot_be_verified_is_not_begun(tmp_path: Path):
    with pytest.raises(NotSupported):
        opened(tmp_path, Digest("a:b"))
    assert names(tmp_path) == []


def test_what_nobody_went_on_with_for_a_week_is_cleared_away(tmp_path: Path):
    path = leave(tmp_path)
    mine = tmp_path / ".partial-sha256-mine"
    mine.write_text("another tool's")
    os.utime(mine, (0, 0))
    clear_old(tmp_path, time.time() + KEPT_FOR - 60)
    assert path.exists()
    with opened(tmp_path):
        clear_old(tmp_path, time.time() + KEPT_FOR + 60)
        assert path.exists()  # somebody is writing to it
    clear_old(tmp_path, time.time() + KEPT_FOR + 60)
    assert names(tmp_path) == [mine.name]


def test_where_there_are_no_locks_nothing_is_kept(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(files, "LOCKS", False)
    leave(tmp_path)
    assert names(tmp_path) == []


# A disk that is full


def failing(number: int, after: int = 0):
    """`files.write_all`, which fails with this error once it was called so often."""
    write_all, calls = files.write_all, iter(range(after))

    def write(file: BinaryIO, piece: bytes | memoryview) -> None:
        if next(calls, None) is None:
            raise OSError(number, os.strerror(number))
        write_all(file, piece)

    return write


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_FD25_a_disk_that_fills_up_says_where_and_what_is_needed(tmp_path, monkeypatch, number):
    """F-11: and nothing is left of it."""
    monkeypatch.setattr(files, "write_all", failing(number, after=1))
    with pytest.raises(DiskFull, match="no room for the") as refused:
        write(tmp_path, CONTENT[:HALF], CONTENT[HALF:])
    assert (refused.value.path, refused.value.needed) == (str(tmp_path), SIZE - HALF)
    assert os.strerror(number) in str(refused.value)
    assert names(tmp_path) == []


def test_FD25_a_disk_that_is_full_only_when_all_is_synced(tmp_path: Path, monkeypatch):
    def full(*anything: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(files, "settle", full)
    with pytest.raises(DiskFull):
        write(tmp_path, CONTENT)
    assert names(tmp_path) == []


def test_any_other_trouble_with_a_disk_is_told_as_it_is(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(files, "write_all", failing(errno.EIO))
    with pytest.raises(OSError, match=os.strerror(errno.EIO)):
        write(tmp_path, CONTENT)


def test_F11_too_little_room_is_found_out_before_anything_is_fetched(tmp_path, monkeypatch):
    leave(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(10 * SIZE, 9 * SIZE, HALF - 1))
    with pytest.raises(DiskFull, match="are free") as refused:
        opened(tmp_path)
    assert refused.value.needed == HALF
    assert place(tmp_path, DIGEST).stat().st_size == HALF  # to go on with, once there is room
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(10 * SIZE, 9 * SIZE, HALF))
    opened(tmp_path).abort()
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(0, 0, 0))  # does not tell
    opened(tmp_path).abort()


def test_FD25_a_full_disk_is_a_full_disk(tmp_path: Path, monkeypatch):
    """A real one, of a megabyte; it lies about how much is free."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "none", str(disk)]
    if os.geteuid() or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("no file system can be mounted here")
    try:
        monkeypatch.setattr(partial, "check_room", lambda folder, needed: None)
        with pytest.raises(DiskFull, match="No space left"):
            write(disk, *(CONTENT[at : at + 65_536] for at in range(0, SIZE, 65_536)))
        assert names(disk) == []
    finally:
        subprocess.run(["umount", str(disk)], check=True)


# In a layout


def test_a_layout_keeps_it_at_its_root_where_other_tools_do_not_look(tmp_path: Path):
    layout = Layout(tmp_path / "layout")
    with layout.arriving(DIGEST, SIZE) as ingest:
        ingest.write(CONTENT[:HALF])
    assert names(layout.path) == [place(layout.path, DIGEST).name]
    assert layout.content(DIGEST) is None
    with Layout(layout.path).arriving(DIGEST, SIZE) as ingest:
        ingest.write(CONTENT[HALF:])
        ingest.commit(DIGEST)
    assert names(layout.path) == ["blobs", "index.json", "oci-layout"]
    assert b"".join(layout.content(DIGEST) or ()) == CONTENT
