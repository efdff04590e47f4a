"""One registry at a time writes to a folder (F-14)."""

from __future__ import annotations

import errno
import gc
import multiprocessing
import os
import subprocess
import sys
from pathlib import Path

import pytest

import ocinb
from ocinb.errors import NotSupported, RegistryError
from ocinb.oci.image import Blob, Image
from ocinb.registry.app import LocalRegistry
from ocinb.registry.writing import LOCK
from tests.registry.asking import (
    BLOB,
    MANIFEST,
    NAME,
    ask,
    code,
    open_upload,
    push_blob,
    push_manifest,
    put_manifest,
)


def run(script: str, folder) -> str:
    """What a program says that was given `folder`."""
    started = "import sys; from ocinb.registry.app import LocalRegistry; folder = sys.argv[1]\n"
    done = subprocess.run(
        [sys.executable, "-c", started + script, str(folder)],
        capture_output=True,
        text=True,
        check=False,
    )
    return (done.stdout + done.stderr).strip()


def test_a_second_registry_of_this_process_is_refused_and_told_what_to_do(tmp_path):
    with LocalRegistry(tmp_path):
        with pytest.raises(NotSupported, match="another LocalRegistry of this process") as caught:
            LocalRegistry(tmp_path)
        assert any("close()" in hint for hint in caught.value.hints)
        assert any("read_only=True" in hint for hint in caught.value.hints)
    LocalRegistry(tmp_path).close()


def test_a_registry_of_another_process_is_refused_and_told_who_has_the_folder(tmp_path):
    """F-14."""
    with LocalRegistry(tmp_path):
        said = run("LocalRegistry(folder)", tmp_path)
        assert f"process {os.getpid()} has it" in said
        assert "read_only=True" in said
    assert run("LocalRegistry(folder); print('mine')", tmp_path) == "mine"


def test_a_registry_that_was_killed_holds_no_folder(tmp_path):
    run("registry = LocalRegistry(folder); import os; os.kill(os.getpid(), 9)", tmp_path)
    LocalRegistry(tmp_path).close()


def test_a_registry_that_nobody_has_any_more_holds_no_folder(tmp_path):
    registry = LocalRegistry(tmp_path)
    push_manifest(registry, "demo/app")
    del registry
    gc.collect()
    LocalRegistry(tmp_path).close()


def test_a_forked_child_that_ends_leaves_the_folder_to_its_parent(tmp_path):
    with LocalRegistry(tmp_path) as registry:
        child = multiprocessing.get_context("fork").Process(target=registry.close)
        child.start()
        child.join()
        with pytest.raises(NotSupported):
            LocalRegistry(tmp_path)
        push_blob(registry, "demo/app")


def test_reading_beside_a_writer_sees_what_it_does(tmp_path):
    with LocalRegistry(tmp_path) as writer, LocalRegistry(tmp_path, read_only=True) as reader:
        assert not reader.repositories
        push_manifest(writer, "demo/app")
        assert reader.repositories == ("demo/app",)
        assert ask(reader, "GET", "/v2/demo/app/manifests/v1").body == MANIFEST.raw
        put_manifest(writer, "demo/app", "v2", MANIFEST.raw)
        assert b'"v2"' in ask(reader, "GET", "/v2/demo/app/tags/list").body
        ask(writer, "DELETE", "/v2/demo/app/manifests/v2")
        assert ask(reader, "GET", "/v2/demo/app/manifests/v2").status == 404
        ask(writer, "DELETE", f"/v2/demo/app/blobs/{NAME}")
        assert ask(reader, "HEAD", f"/v2/demo/app/blobs/{NAME}").status == 404


def test_a_reader_writes_nothing(tmp_path):
    with LocalRegistry(tmp_path) as writer:
        push_manifest(writer, "demo/app")
        location = open_upload(writer, "demo/app")
        before = sorted(tmp_path.rglob("*"))
        with LocalRegistry(tmp_path, read_only=True) as reader:
            assert reader.read_only
            assert "read only" in repr(reader)
            for method, url in [
                ("POST", "/v2/demo/app/blobs/uploads/"),
                ("POST", f"/v2/demo/new/blobs/uploads/?digest={NAME}"),
                ("POST", f"/v2/demo/new/blobs/uploads/?mount={NAME}"),
                ("PATCH", location),
                ("PUT", f"{location}?digest={NAME}"),
                ("DELETE", location),
                ("PUT", "/v2/demo/app/manifests/v2"),
                ("DELETE", "/v2/demo/app/manifests/v1"),
                ("DELETE", f"/v2/demo/app/blobs/{NAME}"),
            ]:
                answer = ask(reader, method, url, BLOB)
                assert code(answer) == "405 UNSUPPORTED"
                assert b"reading only" in answer.body
                assert answer.headers["allow"] == "GET, HEAD"
            assert ask(reader, "GET", location).status == 404  # it is the writer's own
        assert sorted(tmp_path.rglob("*")) == before
        assert ask(writer, "PUT", f"{location}?digest={NAME}", BLOB).status == 201


def test_our_own_client_says_that_a_registry_is_read_only(tmp_path):
    with LocalRegistry(tmp_path) as writer, LocalRegistry(tmp_path, read_only=True) as reader:
        push_manifest(writer, "demo/app")
        repository = ocinb.Repository("demo/app", registry=reader)
        assert repository["v1"].digest == MANIFEST.digest
        with pytest.raises(RegistryError, match="reading only") as caught:
            repository.push(Image.of(Blob.of(b"{}", "a/b"), []), "v2", progress=False)
        assert caught.value.status == 405


def test_where_the_file_system_knows_no_locks_nobody_is_kept_out(tmp_path, monkeypatch):
    def unknown(*_):
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr("ocinb.registry.writing.fcntl.flock", unknown)
    with LocalRegistry(tmp_path) as registry:
        assert not registry.read_only


def test_many_may_read_and_a_writer_may_come_later(tmp_path):
    place = tmp_path / "later"
    place.mkdir()
    with LocalRegistry(place, read_only=True), LocalRegistry(place, read_only=True) as reader:
        assert not list(place.iterdir())
        with LocalRegistry(place) as writer:
            push_blob(writer, "demo/app")
            assert ask(reader, "GET", f"/v2/demo/app/blobs/{NAME}").body == BLOB


def test_a_folder_that_is_not_there_cannot_be_read_and_is_not_made(tmp_path):
    with pytest.raises(NotSupported, match=r"there is no folder .*typo to read from") as caught:
        LocalRegistry(tmp_path / "typo", read_only=True)
    assert "how it is spelled" in caught.value.hints[0]
    assert not (tmp_path / "typo").exists()
    (tmp_path / "file").touch()
    with pytest.raises(NotSupported, match="is no folder"):
        LocalRegistry(tmp_path / "file", read_only=True)


def test_a_closed_registry_can_be_read_and_leaves_writing_to_the_next(tmp_path):
    first = LocalRegistry(tmp_path)
    push_manifest(first, "demo/app")
    first.close()
    first.close()
    with LocalRegistry(tmp_path) as second:
        answer = ask(first, "POST", "/v2/demo/app/blobs/uploads/")
        assert code(answer) == "405 UNSUPPORTED"
        assert b"closed" in answer.body
        put_manifest(second, "demo/app", "v2", MANIFEST.raw)
        assert ask(first, "GET", "/v2/demo/app/manifests/v2").status == 200


def test_a_closed_registry_in_memory_goes_on():
    registry = LocalRegistry()
    registry.close()
    push_manifest(registry, "demo/app")
    assert not registry.read_only


@pytest.mark.parametrize("number", [errno.EACCES, errno.EROFS])
def test_a_folder_that_cannot_be_written_to_says_how_to_read_it(tmp_path, monkeypatch, number):
    def denied(*_, **__):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(Path, "mkdir", denied)
    with pytest.raises(NotSupported, match="cannot be written to") as caught:
        LocalRegistry(tmp_path)
    assert "read_only=True" in caught.value.hints[0]


def test_the_lock_is_no_link_somebody_laid(tmp_path):
    victim = tmp_path / "victim"
    victim.write_text("precious")
    (tmp_path / "registry").mkdir()
    (tmp_path / "registry" / LOCK).symlink_to(victim)
    with pytest.raises(NotSupported, match="symbolic links"):
        LocalRegistry(tmp_path / "registry")
    assert victim.read_text() == "precious"


@pytest.mark.parametrize("lay", [os.link, lambda _, lock: os.mkfifo(lock)])
def test_the_lock_is_no_other_file_by_another_name(tmp_path, lay):
    victim = tmp_path / "victim"
    victim.write_text("precious")
    (tmp_path / "registry").mkdir()
    lay(victim, tmp_path / "registry" / LOCK)
    with pytest.raises(NotSupported, match="something else"):
        LocalRegistry(tmp_path / "registry")
    assert victim.read_text() == "precious"


def test_a_file_is_no_folder_and_nobody_is_told_to_read_from_it(tmp_path):
    (tmp_path / "notes").write_text("mine")
    with pytest.raises(NotSupported, match="is no folder") as refused:
        ocinb.LocalRegistry(tmp_path / "notes")
    assert refused.value.hints == ()
