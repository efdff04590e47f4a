"""Uploads to a folder outlive the registry that took them."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys

import pytest

from ocinb.oci.digest import Digest
from ocinb.registry import sessions
from ocinb.registry.app import LocalRegistry
from ocinb.storage import files
from ocinb.storage.layout import Layout
from tests.registry.asking import (
    BLOB,
    NAME,
    NAME_512,
    Streamed,
    ask,
    code,
    open_upload,
    push_manifest,
)
from tests.registry.wire import ask as ask_over
from tests.registry.wire import connected, head

SERVE = """
import sys
from ocinb.registry.app import LocalRegistry
with LocalRegistry(sys.argv[1]).serve() as server:
    print(server.port, flush=True)
    sys.stdin.read()
"""


class Served:
    """A registry in another process, as far as the tests' clients look at one."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        self.process = process
        self.port = int(process.stdout.readline())
        self.host = f"127.0.0.1:{self.port}"

    def kill(self) -> None:
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait()


@contextlib.contextmanager
def served(folder):
    process = subprocess.Popen(
        [sys.executable, "-c", SERVE, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            yield Served(process)
        finally:
            process.kill()


def left_behind(folder):
    return [path for path in folder.rglob(".*") if path.name != ".ocinb-lock"]


def patched(registry, content=BLOB[:1000], query=""):
    """The location of an upload that has some content."""
    location = open_upload(registry, "demo/app", query)
    assert ask(registry, "PATCH", location, content).status == 202
    return location


def test_an_upload_goes_on_after_its_registry_was_killed(tmp_path):
    """What was acknowledged is there: kill -9 takes no byte of it."""
    with served(tmp_path) as server, connected(server) as client:
        opened, _ = ask_over(client, "POST", "/v2/demo/app/blobs/uploads/")
        location = opened.headers["location"]
        ranged = {"Content_Range": "0-999"}
        assert ask_over(client, "PATCH", location, BLOB[:1000], **ranged)[0].status == 202
        with socket.create_connection(("127.0.0.1", server.port)) as halfway:
            halfway.sendall(head(server, f"PATCH {location} HTTP/1.1", "Content-Length: 1048"))
            server.kill()
    with LocalRegistry(tmp_path) as again:
        status = ask(again, "GET", location)
        assert (status.status, status.headers["range"]) == (204, "0-999")
        stated = {"Content_Range": "1000-1999"}
        assert ask(again, "PATCH", location, BLOB[1000:2000], **stated).status == 202
        assert ask(again, "PUT", f"{location}?digest={NAME}", BLOB[2000:]).status == 201
        assert ask(again, "GET", f"/v2/demo/app/blobs/{NAME}").body == BLOB
    assert left_behind(tmp_path) == []


@pytest.mark.parametrize("begun", ["sha256", "sha512"])
@pytest.mark.parametrize("digest", [NAME, NAME_512])
def test_what_was_written_before_is_hashed_again(tmp_path, begun, digest):
    with LocalRegistry(tmp_path) as registry:
        location = patched(registry, query=f"?digest-algorithm={begun}")
    with LocalRegistry(tmp_path) as again:
        assert ask(again, "PUT", f"{location}?digest={digest}", BLOB[1000:]).status == 201
        assert ask(again, "GET", f"/v2/demo/app/blobs/{digest}").body == BLOB


def test_a_whole_upload_only_waits_for_its_digest(tmp_path):
    with LocalRegistry(tmp_path) as registry:
        location = patched(registry, BLOB)
    with LocalRegistry(tmp_path) as again:
        assert ask(again, "PUT", f"{location}?digest={NAME}").status == 201


def test_a_wrong_digest_is_found_out_also_after_a_restart(tmp_path):
    """G-5: the session ends, and nothing is shown."""
    with LocalRegistry(tmp_path) as registry:
        location = patched(registry)
    with LocalRegistry(tmp_path) as again:
        url = f"{location}?digest={NAME}"
        assert code(ask(again, "PUT", url, b"other")) == "400 DIGEST_INVALID"
        assert ask(again, "GET", location).status == 404
        assert ask(again, "GET", f"/v2/demo/app/blobs/{NAME}").status == 404
    assert left_behind(tmp_path) == []


def test_a_chunk_out_of_step_is_refused_and_taken_back_also_after_a_restart(tmp_path):
    """G-2"""
    with LocalRegistry(tmp_path) as registry:
        location = patched(registry)
    with LocalRegistry(tmp_path) as again:
        for stated, status in (("0-9", 416), ("1000-1009", 400)):
            answer = ask(again, "PATCH", location, Streamed(bytes(11)), Content_Range=stated)
            assert answer.status == status
            assert ask(again, "GET", location).headers["range"] == "0-999"
        assert ask(again, "PUT", f"{location}?digest={NAME}", BLOB[1000:]).status == 201


def test_a_session_belongs_to_its_repository_also_after_a_restart(tmp_path):
    """G-7"""
    with LocalRegistry(tmp_path) as registry:
        location = patched(registry)
    with LocalRegistry(tmp_path) as again:
        assert ask(again, "GET", location.replace("demo/app", "demo/other")).status == 404
        assert ask(again, "DELETE", location).status == 204
    assert left_behind(tmp_path) == []


def test_a_session_that_was_left_for_too_long_is_cleared(tmp_path):
    """G-8"""
    with LocalRegistry(tmp_path) as registry:
        old, fresh = patched(registry), patched(registry)
    (path,) = [path for path in left_behind(tmp_path) if path.name.endswith(old[-32:])]
    os.utime(path, (0, path.stat().st_mtime - sessions.LIFETIME - 1))
    with LocalRegistry(tmp_path) as again:
        assert ask(again, "GET", old).status == 404
        assert ask(again, "GET", fresh).status == 204
        assert len(left_behind(tmp_path)) == 1


def test_sessions_of_before_count_among_those_that_may_be_open(tmp_path, monkeypatch):
    monkeypatch.setattr(sessions, "MOST_OPEN", 1)
    with LocalRegistry(tmp_path) as registry:
        patched(registry)
    with LocalRegistry(tmp_path) as again:
        answer = ask(again, "POST", "/v2/demo/app/blobs/uploads/")
        assert code(answer) == "429 TOOMANYREQUESTS"


def test_what_nobody_can_go_on_with_is_cleared_when_the_folder_is_opened(tmp_path):
    """G-19: a blob in one request has no session; what came of it is of no use."""
    script = (
        "import os, sys; from ocinb.storage.layout import Layout; "
        "ingest = Layout(sys.argv[1]).ingest(); ingest.write(b'half'); os._exit(9)"
    )
    subprocess.run([sys.executable, "-c", script, str(tmp_path / "demo/app")], check=False)
    assert len(left_behind(tmp_path)) == 1
    LocalRegistry(tmp_path).close()
    assert left_behind(tmp_path) == []


@pytest.mark.parametrize("killed", ["settle", "sync_folder"])
def test_a_registry_killed_while_it_commits_leaves_a_valid_layout(tmp_path, killed):
    """G-19: before the blob appears, or right after; the layout is whole, and so is the upload."""
    script = f"""
import os, sys
from ocinb.registry.app import LocalRegistry
from ocinb.storage import files
from tests.registry.asking import BLOB, NAME, ask, open_upload, push_manifest
registry = LocalRegistry(sys.argv[1])
push_manifest(registry, "demo/app")
content = BLOB + b"more"
location = open_upload(registry, "demo/app")
ask(registry, "PATCH", location, content)
print(location, flush=True)
files.{killed} = lambda *_: os.kill(os.getpid(), 9)
ask(registry, "PUT", f"{{location}}?digest={{type(NAME).of(content)}}")
"""
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    location, content = done.stdout.strip(), BLOB + b"more"
    layout = Layout(tmp_path / "demo/app")
    assert layout.tags() == ("v1",)
    for path in (tmp_path / "demo/app/blobs/sha256").iterdir():
        assert Digest.of(path.read_bytes()).encoded == path.name
    with LocalRegistry(tmp_path) as again:
        appeared = ask(again, "GET", f"/v2/demo/app/blobs/{Digest.of(content)}").status == 200
        assert appeared == (killed == "sync_folder")
        assert ask(again, "GET", location).status == (404 if appeared else 204)
    assert len(left_behind(tmp_path)) == (0 if appeared else 1)


def test_a_link_or_a_folder_of_such_a_name_is_no_upload(tmp_path):
    with LocalRegistry(tmp_path / "registry") as registry:
        push_manifest(registry, "demo/app")
    outside = tmp_path / "outside"
    outside.write_bytes(b"mine")
    place = tmp_path / "registry/demo/app"
    (place / f".upload-sha256-{'a' * 32}").symlink_to(outside)
    (place / f".upload-sha256-{'b' * 32}").mkdir()
    (place / f".upload-sha256-{'c' * 5000}"[:200]).write_bytes(b"too long a name")
    os.mkfifo(place / f".upload-sha256-{'d' * 32}")
    with LocalRegistry(tmp_path / "registry") as again:
        for letter in "abd":
            url = f"/v2/demo/app/blobs/uploads/{letter * 32}"
            assert ask(again, "GET", url).status == 404
        assert again.repositories == ("demo/app",)
    assert outside.read_bytes() == b"mine"


def test_a_full_disk_takes_nothing_of_a_chunk(tmp_path, monkeypatch):
    """What was written of it before the disk was full must not stay before what comes next."""

    def full(file, piece):
        file.write(piece[:100])
        raise OSError(28, "No space left on device")

    with LocalRegistry(tmp_path) as registry:
        location = patched(registry)
        with monkeypatch.context() as short:
            short.setattr(files, "write_all", full)
            refused = ask(registry, "PATCH", location, BLOB[1000:])
        assert refused.status == 507
        assert b"the disk of the registry is full: No space left on device" in refused.body
        assert ask(registry, "GET", location).headers["range"] == "0-999"
        assert ask(registry, "PUT", f"{location}?digest={NAME}", BLOB[1000:]).status == 201
        assert ask(registry, "GET", f"/v2/demo/app/blobs/{NAME}").body == BLOB
