"""Blobs that were fetched before: bounded, verified when read, never in anybody's way."""

from __future__ import annotations

import errno
import fcntl
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from ocinb.display import frames
from ocinb.oci.digest import Digest
from ocinb.storage import files
from ocinb.storage.cache import Cache, usual_folder

CONTENT = bytes(range(256)) * 100
DIGEST = Digest.of(CONTENT)


def fill(cache: Cache, content: bytes = CONTENT, algorithm: str = "sha256") -> Digest:
    digest = Digest.of(content, algorithm)
    filling = cache.begin(digest, len(content))
    assert filling is not None
    with filling:
        filling.write(content)
        filling.keep()
    return digest


def poured(cache: Cache, digest: Digest = DIGEST, size: int = len(CONTENT)) -> bytes | None:
    pieces = list[bytes]()
    return b"".join(pieces) if cache.pour(digest, size, pieces.append) else None


def held(cache: Cache) -> set[Digest]:
    return {entry.digest for entry in cache.entries}


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.rglob("*") if path.is_file()}


def path_of(cache: Cache, digest: Digest = DIGEST) -> Path:
    return cache.folder / "blobs" / digest.algorithm / digest.encoded


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "cache")


def test_what_is_kept_is_there_for_everybody_who_has_the_folder(cache: Cache):
    fill(cache)
    other = Cache(cache.folder)
    assert other.has(DIGEST, len(CONTENT))
    assert poured(other) == CONTENT
    assert (held(other), other.size) == ({DIGEST}, len(CONTENT))


def test_it_is_made_when_something_is_kept_and_for_its_owner_alone(cache: Cache):
    assert poured(cache) is None
    assert not cache.has(DIGEST, len(CONTENT))
    assert not cache.folder.exists()
    fill(cache)
    assert os.stat(cache.folder).st_mode & 0o777 == 0o700
    assert os.stat(path_of(cache)).st_mode & 0o777 == 0o600
    assert names(cache.folder) == {DIGEST.encoded, "CACHEDIR.TAG"}


def test_blobs_of_both_algorithms_are_kept(cache: Cache):
    longer = fill(cache, CONTENT, "sha512")
    assert poured(cache, longer) == CONTENT


@pytest.mark.parametrize("wrong", [CONTENT[:-1] + b"!", CONTENT[:-1], CONTENT + b"!", b""])
def test_FD28_what_was_changed_is_removed_and_not_given_out_as_good(cache: Cache, wrong: bytes):
    fill(cache)
    path_of(cache).write_bytes(wrong)
    assert poured(cache) is None
    assert cache.entries == ()
    fill(cache)
    assert poured(cache) == CONTENT


def test_a_link_in_place_of_a_blob_is_not_followed(cache: Cache, tmp_path: Path):
    fill(cache)
    (tmp_path / "elsewhere").write_bytes(CONTENT)
    path_of(cache).unlink()
    path_of(cache).symlink_to(tmp_path / "elsewhere")
    assert poured(cache) is None
    assert cache.entries == ()


def test_names_that_are_no_digests_are_left_alone(cache: Cache):
    fill(cache)
    odd = path_of(cache).parent / "notes.txt"
    odd.write_text("mine")
    cache.clear()
    assert odd.exists()
    assert cache.entries == ()


def test_what_is_given_up_leaves_nothing(cache: Cache):
    def stop(cache: Cache) -> None:
        filling = cache.begin(DIGEST, len(CONTENT))
        assert filling is not None
        with filling:
            filling.write(CONTENT)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stop(cache)
    assert names(cache.folder) == {"CACHEDIR.TAG"}


def test_what_is_not_as_long_as_it_should_be_is_not_kept(cache: Cache):
    filling = cache.begin(DIGEST, len(CONTENT))
    assert filling is not None
    with filling:
        filling.write(CONTENT[:-1])
        filling.keep()
    assert cache.entries == ()


def test_what_begins_again_is_kept_from_its_beginning(cache: Cache):
    filling = cache.begin(DIGEST, len(CONTENT))
    assert filling is not None
    with filling:
        filling.write(b"wrong, and " + CONTENT)
        filling.restart()
        filling.write(CONTENT)
        filling.keep()
    assert poured(cache) == CONTENT


# The limit


def sized(cache: Cache, *letters: str, used: float = 0.0) -> list[Digest]:
    """A hundred bytes of each, used one after the other."""
    found = [fill(cache, letter.encode() * 100) for letter in letters]
    for number, digest in enumerate(found):
        os.utime(path_of(cache, digest), (used + number, used + number))
    return found


def test_what_was_not_used_for_longest_goes_first(tmp_path: Path):
    cache = Cache(tmp_path, limit=300)
    a, b, c = sized(cache, "a", "b", "c")
    assert poured(cache, a, 100)
    d = fill(cache, b"d" * 100)
    assert held(cache) == {a, c, d}
    assert cache.size == 300
    assert b not in held(cache)


def test_what_somebody_reads_is_not_removed(tmp_path: Path):
    cache = Cache(tmp_path, limit=200)
    a, b = sized(cache, "a", "b")
    pieces = list[bytes]()

    def slowly(piece: bytes) -> None:
        fill(cache, b"c" * 100)  # meanwhile, somebody needs room
        pieces.append(piece)

    assert cache.pour(a, 100, slowly)
    assert a in held(cache)
    assert b not in held(cache)
    assert b"".join(pieces) == b"a" * 100


def test_what_another_process_reads_is_not_removed(cache: Cache):
    fill(cache)
    with path_of(cache).open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_SH)
        cache.clear()
        assert held(cache) == {DIGEST}
    cache.clear()
    assert cache.entries == ()


def test_what_is_larger_than_all_of_it_is_not_kept(tmp_path: Path):
    cache = Cache(tmp_path, limit=99)
    assert cache.begin(DIGEST, 100) is None


def test_many_at_once_do_not_get_into_each_other_s_way(tmp_path: Path):
    cache = Cache(tmp_path, limit=1_000)
    wrong = list[bytes]()

    def work(seed: int) -> None:
        for number in range(40):
            content = bytes([(seed + number) % 16]) * 100
            digest = fill(Cache(tmp_path, limit=1_000), content)
            if (found := poured(cache, digest, 100)) not in (None, content):
                wrong.append(found or b"")

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert cache.size <= 1_000
    assert not [name for name in names(tmp_path) if name.startswith(".ingest")]


def test_FD29_what_a_killed_process_left_is_cleared_away_and_never_taken_for_a_blob(cache: Cache):
    script = (
        "import os, sys\n"
        "from ocinb.storage.cache import Cache\n"
        "from ocinb.oci.digest import Digest\n"
        "filling = Cache(sys.argv[1]).begin(Digest.of(b'x'), 10);"
        "filling.write(b'half'); os.kill(os.getpid(), 9)"
    )
    killed = subprocess.run([sys.executable, "-c", script, cache.folder], check=False)
    assert killed.returncode == -9
    assert any(name.startswith(".ingest") for name in names(cache.folder))
    assert cache.entries == ()
    fill(cache)
    assert names(cache.folder) == {DIGEST.encoded, "CACHEDIR.TAG"}


# Where it cannot be written


def test_FD28_where_nothing_can_be_written_it_is_read_all_the_same(cache, monkeypatch, caplog):
    fill(cache)

    def refuse(*anything: object, **more: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(files, "new_temporary", refuse)
    monkeypatch.setattr(os, "utime", refuse)
    assert cache.begin(Digest.of(b"other"), 5) is None
    assert cache.begin(Digest.of(b"other"), 5) is None
    assert poured(cache) == CONTENT
    assert [each.levelname for each in caplog.records] == ["WARNING"]
    assert "cannot be written to: Read-only file system" in caplog.text


def test_a_folder_that_cannot_be_made_is_told_once(tmp_path: Path, caplog):
    (tmp_path / "file").write_text("")
    cache = Cache(tmp_path / "file" / "cache")
    assert cache.begin(DIGEST, 1) is None
    assert cache.begin(DIGEST, 1) is None
    assert (cache.entries, cache.size, poured(cache)) == ((), 0, None)
    cache.clear()
    assert len(caplog.records) == 1


def test_a_disk_that_is_full_costs_the_cache_and_nobody_else(cache, monkeypatch, caplog):
    filling = cache.begin(DIGEST, len(CONTENT))
    assert filling is not None

    def full(*anything: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(files, "write_all", full)
    with filling:
        filling.write(CONTENT[:10])
        filling.write(CONTENT[10:])
        filling.restart()
        filling.keep()
    assert names(cache.folder) == {"CACHEDIR.TAG"}
    assert len(caplog.records) == 1


# Where it is


@pytest.mark.parametrize(
    ("platform", "environ", "folder"),
    [
        ("linux", {"OCINB_CACHE": "/x/y"}, "/x/y"),
        ("linux", {"OCINB_CACHE": "~/y"}, "/home/ada/y"),
        ("linux", {}, "/home/ada/.cache/ocinb"),
        ("linux", {"XDG_CACHE_HOME": "/caches"}, "/caches/ocinb"),
        ("linux", {"XDG_CACHE_HOME": "caches"}, "/home/ada/.cache/ocinb"),
        ("darwin", {"XDG_CACHE_HOME": "/caches"}, "/home/ada/Library/Caches/ocinb"),
        ("win32", {"LOCALAPPDATA": "/local"}, "/local/ocinb/Cache"),
        ("win32", {}, "/home/ada/AppData/Local/ocinb/Cache"),
    ],
)
def test_the_usual_folder_is_where_this_system_keeps_caches(monkeypatch, platform, environ, folder):
    for name in ("OCINB_CACHE", "XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {"HOME": "/home/ada", **environ}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "platform", platform)
    assert usual_folder() == Path(folder)
    assert Cache().folder == Path(folder)


@pytest.mark.parametrize(("limit", "kind"), [(-1, ValueError), ("1", TypeError), (True, TypeError)])
def test_a_limit_is_a_number_of_bytes(tmp_path: Path, limit, kind):
    with pytest.raises(kind, match="limit is"):
        Cache(tmp_path, limit)


def test_it_says_what_is_in_it(tmp_path: Path):
    cache = Cache(tmp_path / "c", limit=1_000_000)
    assert repr(cache).endswith("c: 0 blobs, 0 B of 976.6 KiB>")
    fill(cache)
    assert repr(cache).endswith("c: 1 blob, 25.0 KiB of 976.6 KiB>")
    frame = cache.to_frame()
    assert {name: str(dtype) for name, dtype in frame.dtypes.items()} == dict(frames.CACHED)
    assert list(frame["digest"]) == [DIGEST]
    assert Cache(tmp_path / "none").to_frame().dtypes.equals(frame.dtypes)
    assert DIGEST.encoded[:12] in str(cache._repr_html_())
