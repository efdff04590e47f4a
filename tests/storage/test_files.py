"""Files that others may be reading or writing at the same time."""

from __future__ import annotations

import errno
import os
import threading
from pathlib import Path

import pytest

from ocinb.storage import files


def test_a_claim_is_for_one_at_a_time(tmp_path: Path):
    path = tmp_path / "x"
    first = files.claim(path)
    assert first is not None
    assert files.claim(path) is None
    first.close()
    again = files.claim(path)
    assert again is not None
    again.close()


def test_a_claim_makes_the_file_only_if_that_is_wanted(tmp_path: Path):
    assert files.claim(tmp_path / "x", make=False) is None
    assert not (tmp_path / "x").exists()


def test_a_claim_is_for_the_file_that_has_the_name_now(tmp_path: Path, monkeypatch):
    """Whoever had it may have given it another name just before it was locked."""
    path, moved = tmp_path / "x", tmp_path / "moved"
    path.write_bytes(b"finished")
    path.chmod(0o600)
    lock = files._locked_at_once

    def late(descriptor: int, kind: int) -> bool:
        if not moved.exists():
            os.replace(path, moved)
        return lock(descriptor, kind)

    monkeypatch.setattr(files, "_locked_at_once", late)
    found = files.claim(path)
    assert found is not None
    found.write(b"new")
    found.close()
    assert (path.read_bytes(), moved.read_bytes()) == (b"new", b"finished")


def test_readers_hold_a_file_together_and_a_writer_alone(tmp_path: Path):
    path = tmp_path / "x"
    path.write_bytes(b"x")
    with path.open("rb") as one, path.open("rb") as two, path.open("rb") as three:
        assert files.hold(one)
        assert files.hold(two)
        assert not files.hold(three, alone=True)


def test_a_reader_sees_the_old_or_the_new_and_nothing_else(tmp_path: Path):
    path, seen = tmp_path / "x", set[bytes]()
    versions = [bytes([number]) * 100_000 for number in range(20)]
    files.write_whole(path, versions[0])

    def read() -> None:
        while path.read_bytes() != versions[-1]:
            seen.add(path.read_bytes())

    reader = threading.Thread(target=read)
    reader.start()
    for version in versions:
        files.write_whole(path, version)
    reader.join(10)
    assert seen <= set(versions)
    assert not list(tmp_path.glob(".*"))


@pytest.mark.parametrize("mode", [0o1777, 0o777, 0o775, 0o755, 0o700])
def test_nobody_else_may_write_to_what_is_whole(tmp_path: Path, mode: int):
    """A folder that all may write to, such as /tmp, is no reason to have them change its files."""
    folder = tmp_path / "shared"
    folder.mkdir()
    folder.chmod(mode)
    files.write_whole(folder / "x", b"content")
    found = (folder / "x").stat().st_mode & 0o777
    assert found == mode & 0o644


@pytest.mark.skipif(not files.LOCKS, reason="needs locks")
def test_who_keeps_a_folder_locked_is_not_waited_for_for_ever(tmp_path: Path):
    """Whoever may read a folder can lock it."""
    first = files.locked(tmp_path)
    with first, pytest.raises(TimeoutError, match="keeps it locked"), files.locked(tmp_path, 0.1):
        raise AssertionError("two have it")
    with files.locked(tmp_path, 0.1):
        pass


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_F13_a_child_that_was_forked_meanwhile_keeps_no_folder_locked(tmp_path: Path, monkeypatch):
    """It has whatever its parent had open; a copy of the descriptor is what it comes to."""
    opened: list[int] = []
    real = os.open

    def forked(*given, **more):
        descriptor = real(*given, **more)
        opened.append(os.dup(descriptor))
        return descriptor

    monkeypatch.setattr(os, "open", forked)
    with files.locked(tmp_path):
        pass
    monkeypatch.undo()
    with files.locked(tmp_path, 0.1):
        pass
    for descriptor in opened:
        os.close(descriptor)


def test_a_folder_that_takes_no_file_is_named_and_not_the_hidden_file(tmp_path: Path, monkeypatch):
    def refused(path, flags, mode=0o777):
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(os, "open", refused)
    with pytest.raises(PermissionError) as caught:
        files.new_temporary(tmp_path)
    assert caught.value.filename == str(tmp_path)
