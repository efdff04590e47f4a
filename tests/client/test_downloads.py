"""Downloads lose nothing: within a call, from one kernel to the next, and to a cache."""

from __future__ import annotations

import gzip
import io
import json
import logging
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

import ocinb
from ocinb.client.moving.shelves import FileShelf, LayoutShelf, through
from ocinb.client.registry import Registry
from ocinb.client.repository import Repository
from ocinb.client.wire.stopping import Stop
from ocinb.errors import (
    Cancelled,
    DigestMismatch,
    DiskFull,
    NotSupported,
    TransferStalled,
    TruncatedBody,
    UnexpectedAnswer,
)
from ocinb.oci import media_types
from ocinb.oci.descriptor import Descriptor
from ocinb.oci.digest import Digest
from ocinb.oci.image import Blob, Image
from ocinb.protocol.events import BytesMoved, Event, Retrying, Skipped, Verified
from ocinb.protocol.messages import Body, Request, Response
from ocinb.protocol.pull import BlobShelf, pull_blob
from ocinb.protocol.sinks import Hashing
from ocinb.registry import lessons
from ocinb.registry.app import LocalRegistry
from ocinb.registry.lessons import Lesson
from ocinb.storage import files, partial
from ocinb.storage.cache import Cache
from ocinb.storage.layout import Layout
from tests.client.asking import Counted, Pieces, in_a_hurry, instead, opened
from tests.client.scripted import Close, Part, Reset, ScriptedServer, answer

CONTENT = bytes(range(256)) * 16_384  # 4 MiB
SIZE, HALF = len(CONTENT), len(CONTENT) // 2
BLOB = Descriptor.of(CONTENT, media_types.LAYER)
GET = f"/v2/demo/app/blobs/{BLOB.digest}"


@pytest.fixture
def registry() -> LocalRegistry:
    """A registry with one image, `big`, of one layer: the blob."""
    config = Blob.of(b'{"os":"linux","architecture":"amd64"}', media_types.CONFIG)
    registry = LocalRegistry()
    image = Image.of(config, [Blob.of(CONTENT, media_types.LAYER)])
    opened(registry).push(image, "big")
    return registry


class Watched(Counted):
    """A registry in this process of which one sees what was asked of the blob."""

    def __init__(self, registry: LocalRegistry, handle=None) -> None:
        super().__init__(handle or registry.handle, *registry.repositories)

    def ranges(self) -> list[str | None]:
        """The `Range` of each request for the blob since this was called last."""
        asked, self.asked = self.asked, []
        return [each.headers.get("range") for each in asked if each.url.endswith(BLOB.digest)]


def breaking(registry: LocalRegistry, *failures: BaseException, at: int = HALF) -> Watched:
    """`registry`, whose answers for the blob break off one after the other, at this many bytes."""
    left = list(failures)

    def broken(request: Request) -> Response:
        response = registry.handle(request)
        content = b"".join(response.stream or ())
        return replace(response, stream=Pieces(content[:at], left.pop(0), size=len(content)))

    return Watched(registry, instead(f"GET {GET}", broken, registry.handle, len(failures)))


def begun(folder: Path, content: bytes) -> Path:
    """What a process left of the blob in `folder`."""
    place = partial.place(folder, BLOB.digest)
    place.write_bytes(content)
    place.chmod(0o600)
    return place


def hash_what_is_there(shelf: BlobShelf) -> None:
    with shelf.place(BLOB) as sink:
        assert isinstance(sink, Hashing)
        sink.mark()


def hidden(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.name.startswith("."))


def heard(repository: Repository) -> list[Event]:
    events = list[Event]()
    repository.registry._sender.observers.append(events.append)
    return events


def at(server: ScriptedServer) -> Repository:
    return in_a_hurry(Repository(f"127.0.0.1:{server.port}/demo/app"))


def head(status: int, *headers: str) -> bytes:
    return "\r\n".join([f"HTTP/1.1 {status} Whatever", *headers, "", ""]).encode()


def rest(start: int) -> bytes:
    return answer(206, CONTENT[start:], f"Content-Range: bytes {start}-{SIZE - 1}/{SIZE}")


WHOLE_LENGTH = f"Content-Length: {SIZE}"
BREAKS = {
    "FD1 closed half way": [head(200, WHOLE_LENGTH), CONTENT[:HALF], Close()],
    "FD2 closed half way, of no length": [
        head(200, "Connection: close"), CONTENT[:HALF], Close()
    ],
    "FD2 chunked, without its end": [
        head(200, "Transfer-Encoding: chunked"),
        b"%x\r\n%b\r\n" % (HALF, CONTENT[:HALF]), Close(),
    ],
}  # fmt: skip


# Within a call, over sockets


@pytest.mark.parametrize("first", BREAKS.values(), ids=BREAKS)
def test_a_body_that_breaks_off_on_the_wire_is_gone_on_with(first):
    """F-D1, F-D2."""
    with ScriptedServer(first, rest(HALF)) as server:
        assert at(server).pull_blob(BLOB) == CONTENT
    assert [each.headers.get("range") for each in server.requests] == [
        None, f"bytes={HALF}-{SIZE - 1}",
    ]  # fmt: skip


@pytest.mark.parametrize("sent", [0, 65_536])
def test_FD14_a_reset_is_gone_on_with_from_wherever_it_came_to(sent: int):
    """How much of it arrived before is up to the system."""
    first: list[Part] = [head(200, WHOLE_LENGTH), CONTENT[:sent], Reset()]
    with ScriptedServer(first, answer(200, CONTENT)) as server:
        assert at(server).pull_blob(BLOB) == CONTENT
    assert len(server.requests) == 2


def test_FD4_a_download_that_gets_nowhere_says_how_far_it_came(tmp_path: Path):
    first: list[Part] = [head(200, WHOLE_LENGTH), CONTENT[:HALF], Close()]
    nothing: list[Part] = [
        head(206, f"Content-Length: {HALF}", f"Content-Range: bytes {HALF}-{SIZE - 1}/{SIZE}"),
        Close(),
    ]
    with ScriptedServer(first, nothing) as server, pytest.raises(TransferStalled) as stalled:
        at(server).pull_blob(BLOB, into=tmp_path / "blob")
    assert len(server.requests) == 3
    assert (stalled.value.received, stalled.value.expected) == (HALF, SIZE)
    assert f"stays at {HALF:,} of {SIZE:,} bytes after 3 attempts" in str(stalled.value)
    assert hidden(tmp_path) == [partial.place(tmp_path, BLOB.digest).name]
    assert not (tmp_path / "blob").exists()


def test_FD7_a_part_that_is_not_taken_costs_its_connection_and_not_its_bytes():
    first: list[Part] = [head(200, WHOLE_LENGTH), CONTENT[:HALF], Close()]
    wrong = answer(206, CONTENT[HALF:], f"Content-Range: bytes {HALF}-{SIZE - 1}/{SIZE + 1}")
    with ScriptedServer(first, wrong, answer(200, CONTENT)) as server:
        repository = at(server)
        events = heard(repository)
        assert repository.pull_blob(BLOB) == CONTENT
    moved = [each for each in events if isinstance(each, BytesMoved) and each.direction == "down"]
    assert len({each.exchange for each in moved}) == 2
    assert len({each.connection for each in server.requests}) == 3


def test_L6_it_goes_on_at_the_registry_when_it_was_sent_elsewhere():
    """A signed address is good for minutes; the registry gives another."""
    first: list[Part] = [head(200, WHOLE_LENGTH), CONTENT[:HALF], Close()]
    with ScriptedServer(first, rest(HALF)) as store:
        away = answer(307, b"", f"Location: {store.url}/signed")
        with ScriptedServer(away) as server:
            assert at(server).pull_blob(BLOB) == CONTENT
    assert [each.headers.get("range") for each in server.requests] == [
        None, f"bytes={HALF}-{SIZE - 1}",
    ]  # fmt: skip
    assert len(store.requests) == 2


def test_F1_it_waits_before_it_goes_on_and_says_so(registry: LocalRegistry):
    slept = list[float]()
    gone = TruncatedBody("gone"), TruncatedBody("gone")
    repository = opened(breaking(registry, *gone, at=HALF // 2))
    sender = repository.registry._sender
    sender._retry = replace(sender._retry, sleep=slept.append, dice=lambda: 1.0)
    events = heard(repository)
    assert repository.pull_blob(BLOB) == CONTENT
    told = [each for each in events if isinstance(each, Retrying)]
    assert [(each.reason, each.attempt) for each in told] == [("gone", 1), ("gone", 1)]
    assert slept == [each.seconds for each in told] == [0.3, 0.3]  # each brought more than a MiB
    assert told[0].exchange < told[1].exchange


def test_F8_a_token_that_is_refused_half_way_costs_another_and_no_byte(registry):
    """A 401 in answer to the rest of it."""
    locked = lessons.locked(registry)
    expired = [True]

    def handle(request: Request) -> Response:
        if "range" in request.headers and expired and expired.pop():
            request = replace(request, headers=request.headers.having(Authorization=None))
        return locked.handle(request)

    cut = lessons.cut_short(Watched(registry, handle))
    watched = Watched(registry, cut.handle)
    repository = in_a_hurry(opened(watched, username="student", password="secret"))
    assert repository.pull_blob(BLOB) == CONTENT
    rest = f"bytes={HALF}-{SIZE - 1}"
    assert watched.ranges()[-3:] == [None, rest, rest]
    assert not expired


def test_a_lesson_that_breaks_off_teaches_going_on(registry: LocalRegistry):
    watched = Watched(registry, lessons.cut_short(registry).handle)
    assert in_a_hurry(opened(watched)).pull_blob(BLOB) == CONTENT
    assert watched.ranges() == [None, f"bytes={HALF}-{SIZE - 1}"]


def test_a_file_of_somebody_else_s_gets_the_bytes_once(registry: LocalRegistry):
    file = io.BytesIO()
    file.seekable = lambda: False  # type: ignore[method-assign]
    repository = in_a_hurry(opened(breaking(registry, TruncatedBody("gone"))))
    repository.pull_blob(BLOB, into=file)
    assert file.getvalue() == CONTENT


def test_a_device_that_cannot_be_cut_takes_content_all_the_same(registry: LocalRegistry):
    """It says that it can seek, and that it is no regular file when it is to be truncated."""
    with open(os.devnull, "wb") as file:
        assert opened(registry).pull_blob(BLOB, into=file) is None


def test_a_file_without_a_buffer_may_take_a_piece_bit_by_bit(registry: LocalRegistry):
    class Slow(io.BytesIO):
        def write(self, piece) -> int:
            return super().write(piece[:100_000])

    file = Slow()
    opened(registry).pull_blob(BLOB, into=file)
    assert file.getvalue() == CONTENT


def test_FD10_one_wrong_byte_costs_one_more_download(registry: LocalRegistry, tmp_path: Path):
    """F-7."""
    lie = Response(200, {}, CONTENT[:-1] + b"!")
    watched = Watched(registry, instead(f"GET {GET}", lie, registry.handle, 1))
    opened(watched).pull_blob(BLOB, into=tmp_path / "blob")
    assert (tmp_path / "blob").read_bytes() == CONTENT
    assert watched.ranges() == [None, None]


def test_FD10_always_wrong_it_is_a_mismatch_and_nothing_is_kept(registry, tmp_path):
    cache = Cache(tmp_path / "cache")
    repository = opened(lessons.lying(registry), cache=cache)
    with pytest.raises(DigestMismatch):
        repository.pull_blob(BLOB, into=tmp_path / "blob")
    assert cache.entries == ()
    assert hidden(tmp_path) == []
    assert not (tmp_path / "blob").exists()


# From one kernel to the next


@pytest.mark.parametrize("stop", [KeyboardInterrupt(), MemoryError()])
def test_FD26_what_is_interrupted_is_gone_on_with_by_the_next_call(registry, tmp_path, stop):
    """F-12: only what is missing is asked for."""
    watched = breaking(registry, stop)
    with pytest.raises(type(stop)):
        opened(watched).pull_blob(BLOB, into=tmp_path / "blob")
    assert hidden(tmp_path) == [partial.place(tmp_path, BLOB.digest).name]
    watched.ranges()
    events = heard(again := opened(watched))
    again.pull_blob(BLOB, into=tmp_path / "blob")
    assert (tmp_path / "blob").read_bytes() == CONTENT
    assert watched.ranges() == [f"bytes={HALF}-{SIZE - 1}"]
    assert sum(isinstance(each, Verified) for each in events) == 1
    assert hidden(tmp_path) == []


def test_a_part_that_was_changed_costs_a_download_and_nothing_else(registry, tmp_path: Path):
    begun(tmp_path, b"!" * HALF)
    watched = Watched(registry)
    opened(watched).pull_blob(BLOB, into=tmp_path / "blob")
    assert (tmp_path / "blob").read_bytes() == CONTENT
    assert watched.ranges() == [f"bytes={HALF}-{SIZE - 1}", None]


def test_D8_a_part_that_is_complete_is_not_asked_for(registry, tmp_path: Path):
    begun(tmp_path, CONTENT)
    watched = Watched(registry)
    opened(watched).pull_blob(BLOB, into=tmp_path / "blob")
    assert watched.ranges() == []
    assert (tmp_path / "blob").read_bytes() == CONTENT


def test_two_downloads_of_one_blob_into_one_folder_do_not_mix(registry, tmp_path: Path):
    """The second begins while the first has half of it."""
    second = opened(registry)

    class Meanwhile(Pieces):
        def __iter__(self) -> Iterator[bytes]:
            yield CONTENT[:HALF]
            second.pull_blob(BLOB, into=tmp_path / "second")
            yield CONTENT[HALF:]

    both = Response(200, stream=Meanwhile(size=SIZE))
    first = opened(Watched(registry, instead(f"GET {GET}", both, registry.handle, 1)))
    first.pull_blob(BLOB, into=tmp_path / "first")
    assert (tmp_path / "first").read_bytes() == (tmp_path / "second").read_bytes() == CONTENT
    assert sorted(path.name for path in tmp_path.iterdir()) == ["first", "second"]


class Stuck:
    """A registry that sends half of the blob, and then nothing until it is let go."""

    def __init__(self, registry: LocalRegistry) -> None:
        self.registry, self.go = registry, threading.Event()
        self.asked = list[tuple[str, str | None]]()

    def __call__(self, request: Request, handle) -> Response:
        if request.url.endswith(BLOB.digest) and request.method == "GET":
            self.asked.append((request.url, request.headers.get("range")))
        response = self.registry.handle(request)
        if not request.url.endswith(BLOB.digest) or self.go.is_set() or response.stream is None:
            return response
        return replace(response, stream=Halting(response.stream, self.go))


class Halting:
    def __init__(self, body: Body, go: threading.Event) -> None:
        self._content, self._go = b"".join(body), go
        self.size = len(self._content)

    def __iter__(self) -> Iterator[bytes]:
        yield self._content[:HALF]
        self._go.wait(60)


KILLED = {
    "file": "repository.pull_blob(sys.argv[2], into=sys.argv[3] + '/blob')",
    "layout": "repository.pull('big', sys.argv[3])",
}


@pytest.mark.parametrize("kind", KILLED)
def test_FD29_a_kernel_that_is_killed_loses_nothing(registry, tmp_path: Path, kind: str):
    """kill -9 half way; another process asks for what is missing, and for no byte twice."""
    stuck, folder = Stuck(registry), tmp_path / "folder"
    folder.mkdir()
    script = f"import ocinb, sys; repository = ocinb.Repository(sys.argv[1]); {KILLED[kind]}"
    place = partial.place(folder, BLOB.digest)
    with Lesson(registry, "stops half way", stuck).serve() as server:
        name = f"127.0.0.1:{server.port}/demo/app"
        arguments = [sys.executable, "-c", script, name, BLOB.digest, str(folder)]
        child = subprocess.Popen(arguments)
        try:
            wait_for(lambda: (files.regular_size(place) or 0) >= HALF, child)
        finally:
            child.kill()
            child.wait()
            stuck.go.set()
        assert place.stat().st_size == HALF
        assert not (folder / "blob").exists()
        stuck.asked.clear()
        subprocess.run(arguments, check=True)
    assert [asked for _, asked in stuck.asked] == [f"bytes={HALF}-{SIZE - 1}"]
    if kind == "file":
        assert (folder / "blob").read_bytes() == CONTENT
    else:
        assert b"".join(Layout(folder).content(BLOB.digest) or ()) == CONTENT
        assert Layout(folder).tags() == ("big",)
    assert hidden(folder) == []


def wait_for(done, child: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 60
    while not done():
        assert child.poll() is None, "it ended too early"
        assert time.monotonic() < until
        time.sleep(0.01)


def test_a_pull_that_was_interrupted_goes_on_within_its_blobs(registry, tmp_path: Path):
    watched = breaking(registry, KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        opened(watched, concurrency=1).pull("big", tmp_path)
    assert hidden(tmp_path) == [partial.place(tmp_path, BLOB.digest).name]
    assert Layout(tmp_path).tags() == ()
    watched.ranges()
    assert opened(watched).pull("big", tmp_path).tags() == ("big",)
    assert watched.ranges() == [f"bytes={HALF}-{SIZE - 1}"]
    assert hidden(tmp_path) == []


READERS = {
    "skopeo": ("--insecure-policy", "copy", "oci:{layout}:big", "dir:{copy}"),
    "umoci": ("stat", "--image", "{layout}:big", "--json"),
    "regctl": ("image", "digest", "ocidir://{layout}:big"),
    "oras": ("manifest", "fetch", "--oci-layout", "{layout}:big"),
}


@pytest.mark.peers
@pytest.mark.parametrize("tool", READERS)
def test_other_tools_read_a_layout_in_which_something_is_on_its_way(registry, tmp_path, peer, tool):
    layout = opened(registry).pull("big", tmp_path / "layout")
    other = Digest.of(b"on its way")
    with layout.arriving(other, SIZE) as ingest:
        ingest.write(CONTENT[:HALF])
        given = [each.format(layout=layout.path, copy=tmp_path / "copy") for each in READERS[tool]]
        subprocess.run([peer(tool), *given], check=True, capture_output=True)
    assert hidden(layout.path) == [partial.place(layout.path, other).name]


def test_steps_that_are_given_up_can_be_gone_on_with(registry, tmp_path: Path):
    watched = breaking(registry, TruncatedBody("gone"))
    with closing(opened(watched).pull_steps("big", tmp_path)) as steps:
        while not watched.asked[-1:] or not watched.asked[-1].url.endswith(BLOB.digest):
            try:
                steps.step()
            except TruncatedBody:
                break
        assert steps.waiting is not None
        assert steps.waiting.title.startswith("Go on with blob")
    assert hidden(tmp_path) == [partial.place(tmp_path, BLOB.digest).name]
    watched.ranges()
    opened(watched).pull("big", tmp_path)
    assert watched.ranges() == [f"bytes={HALF}-{SIZE - 1}"]


def test_FD25_a_full_disk_ends_a_pull_and_leaves_a_valid_layout(registry, tmp_path, monkeypatch):
    """F-11."""
    real = files.write_all

    def write_all(file, piece) -> None:
        if len(piece) > 100_000:
            raise OSError(28, "No space left on device")
        real(file, piece)

    monkeypatch.setattr(files, "write_all", write_all)
    with pytest.raises(DiskFull) as refused:
        opened(registry).pull("big", tmp_path)
    assert refused.value.needed == SIZE
    assert "make room there" in refused.value.hints[0]
    assert hidden(tmp_path) == []
    assert Layout(tmp_path).tags() == ()
    monkeypatch.undo()
    assert opened(registry).pull("big", tmp_path).tags() == ("big",)


def test_what_an_interrupted_pull_left_of_a_blob_is_told(registry, tmp_path: Path):
    watched = breaking(registry, TruncatedBody("gone"), Cancelled("enough"))
    with pytest.raises(Cancelled) as caught:
        in_a_hurry(opened(watched, concurrency=1)).pull("big", tmp_path)
    assert hidden(tmp_path) == [partial.place(tmp_path, BLOB.digest).name]
    assert caught.value.hints == (
        "1 of 2 blobs is there, and a part of one more; pull again: nothing is fetched twice",
    )


def test_F11_a_pull_that_has_no_room_for_all_of_it_fetches_none_of_it(tmp_path, monkeypatch):
    """What is needed is what is missing of all blobs: each alone would have room."""
    registry, config = LocalRegistry(), Blob.of(b"{}", media_types.CONFIG)
    layers = [Blob.of(CONTENT, media_types.LAYER), Blob.of(CONTENT[::-1], media_types.LAYER)]
    opened(registry).push(Image.of(config, layers), "two")
    watched, into = Watched(registry), tmp_path / "not" / "there"
    usage = shutil._ntuple_diskusage(100 * SIZE, 99 * SIZE, 2 * SIZE - 1)
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: usage if folder.is_dir() else None)
    with pytest.raises(DiskFull, match="are free") as refused:
        opened(watched).pull("two", into)
    assert refused.value.needed == 2 * SIZE + config.size
    assert not [each.url for each in watched.asked if "/blobs/" in each.url]
    assert not into.exists()
    steps = opened(watched).pull_steps("two", into)
    with pytest.raises(DiskFull):
        steps.finish()
    into.mkdir(parents=True)
    begun(into, CONTENT[:HALF])  # what is there need not come
    assert opened(watched).pull("two", into).tags() == ("two",)


# What is there already


def test_a_blob_of_the_right_size_and_wrong_bytes_is_fetched_again(registry, tmp_path: Path):
    """It is hashed before it counts as there, and before anybody is told so."""
    watched = Watched(registry)
    layout = opened(watched).pull("big", tmp_path)
    path = layout.path / "blobs" / "sha256" / BLOB.digest.encoded
    path.write_bytes(CONTENT[:-1] + b"!")
    watched.ranges()
    events = heard(again := opened(watched))
    again.pull("big", tmp_path)
    assert path.read_bytes() == CONTENT
    assert watched.ranges() == [None]
    assert BLOB.digest not in [each.digest for each in events if isinstance(each, Skipped)]
    again.pull("big", tmp_path)
    assert watched.ranges() == []
    assert BLOB.digest in [each.digest for each in events if isinstance(each, Skipped)]


def test_F12_hashing_what_is_there_ends_when_it_is_asked_to(registry, tmp_path: Path):
    """A large layout takes seconds; so does a cache."""
    repository = opened(registry, cache=tmp_path / "cache")
    layout = repository.pull("big", tmp_path / "layout")
    stop = Stop()
    stop.set()
    with stop.heard(), pytest.raises(Cancelled):
        LayoutShelf(layout).has(BLOB)
    empty = Layout(tmp_path / "other")
    with stop.heard(), pytest.raises(Cancelled):
        LayoutShelf(empty, repository.registry.cache).has(BLOB)
    assert list(empty.path.iterdir()) == []


@pytest.mark.parametrize("cached", [False, True])
@pytest.mark.parametrize("into", ["file", "layout"])
def test_F12_so_does_hashing_what_an_interrupted_download_left(registry, tmp_path, into, cached):
    """It is kept, and gone on with by the next call."""
    watched, layout = Watched(registry), Layout(tmp_path / "layout")
    layout.ingest().abort()
    place = begun(layout.path if into == "layout" else tmp_path, CONTENT[:HALF])
    cache = Cache(tmp_path / "cache") if cached else None
    shelf = (
        LayoutShelf(layout, cache)
        if into == "layout"
        else through(cache, FileShelf(tmp_path / "blob"))
    )
    stop = Stop()
    stop.set()
    with stop.heard(), pytest.raises(Cancelled):
        hash_what_is_there(shelf)
    assert place.read_bytes() == CONTENT[:HALF]
    opened(watched, cache=cache).run(pull_blob("demo/app", BLOB, shelf))
    assert watched.ranges() == [f"bytes={HALF}-{SIZE - 1}"]


# The cache


def test_there_is_no_cache_unless_it_is_wanted(tmp_path: Path, monkeypatch):
    monkeypatch.setenv("OCINB_CACHE", str(tmp_path / "usual"))
    assert Registry("ghcr.io").cache is None
    assert Registry("ghcr.io", cache=False).cache is None
    usual = Registry("ghcr.io", cache=True)
    assert usual.cache is not None
    assert usual.cache.folder == tmp_path / "usual"
    assert usual.expression == "ocinb.Registry('ghcr.io', cache=True)"
    mine = Cache(tmp_path / "mine")
    assert Registry("ghcr.io", cache=mine).cache is mine
    folder = str(tmp_path / "mine")
    assert Registry("ghcr.io", cache=mine).expression == (
        f"ocinb.Registry('ghcr.io', cache={folder!r})"
    )
    assert Registry("ghcr.io", cache=tmp_path / "mine").cache is not None


def test_what_was_pulled_once_comes_from_the_cache(registry, tmp_path: Path):
    """To layouts, files, sinks and memory; manifests are asked for, so rights are, too."""
    watched, cache = Watched(registry), Cache(tmp_path / "cache")
    opened(watched, cache=cache).pull("big", tmp_path / "one")
    assert {entry.digest for entry in cache.entries} >= {BLOB.digest}
    watched.ranges()
    file = io.BytesIO()
    events = heard(other := opened(watched, cache=tmp_path / "cache"))
    other.pull("big", tmp_path / "two")
    other.pull_blob(BLOB, into=tmp_path / "blob")
    other.pull_blob(BLOB, into=file)
    assert other.pull_blob(BLOB) == CONTENT
    assert watched.ranges() == []
    assert (tmp_path / "blob").read_bytes() == file.getvalue() == CONTENT
    assert sum(isinstance(each, Skipped) and each.digest == BLOB.digest for each in events) == 4
    assert b"".join(Layout(tmp_path / "two").content(BLOB.digest) or ()) == CONTENT


@pytest.mark.parametrize("into", ["memory", "file", "sink"])
def test_it_is_filled_while_a_blob_streams(registry, tmp_path: Path, into: str):
    cache = Cache(tmp_path / "cache")
    repository = in_a_hurry(opened(breaking(registry, TruncatedBody("gone")), cache=cache))
    if into == "memory":
        repository.pull_blob(BLOB)
    else:
        repository.pull_blob(BLOB, into=tmp_path / "x" if into == "file" else io.BytesIO())
    assert [(each.digest, each.size) for each in cache.entries] == [(BLOB.digest, SIZE)]


@pytest.mark.parametrize("into", ["memory", "file", "sink", "layout"])
def test_FD28_what_was_changed_in_the_cache_is_fetched_again(registry, tmp_path: Path, into: str):
    cache, watched, file = Cache(tmp_path / "cache"), Watched(registry), io.BytesIO()
    repository = opened(watched, cache=cache)
    repository.pull_blob(BLOB)
    (path,) = (cache.folder / "blobs" / "sha256").iterdir()
    path.write_bytes(CONTENT[:-1] + b"!")
    watched.ranges()
    match into:
        case "memory":
            found = repository.pull_blob(BLOB)
        case "file":
            repository.pull_blob(BLOB, into=tmp_path / "x")
            found = (tmp_path / "x").read_bytes()
        case "sink":
            repository.pull_blob(BLOB, into=file)
            found = file.getvalue()
        case _:
            layout = repository.pull("big", tmp_path / "layout")
            found = b"".join(layout.content(BLOB.digest) or ())
            assert hidden(layout.path) == []
    assert found == CONTENT
    assert watched.ranges() == [None]
    assert path.read_bytes() == CONTENT


def test_a_pipe_cannot_take_back_what_the_cache_had_wrong(registry, tmp_path: Path):
    repository = opened(registry, cache=tmp_path / "cache")
    repository.pull_blob(BLOB)
    (path,) = (tmp_path / "cache" / "blobs" / "sha256").iterdir()
    path.write_bytes(CONTENT[:-1] + b"!")
    pipe = io.BytesIO()
    pipe.seekable = lambda: False  # type: ignore[method-assign]
    with pytest.raises(NotSupported, match="cannot go back"):
        repository.pull_blob(BLOB, into=pipe)


def test_FD28_a_cache_that_cannot_be_written_to_is_warned_of_once(registry, tmp_path, caplog):
    (tmp_path / "file").write_text("")
    repository = opened(registry, cache=tmp_path / "file" / "cache")
    assert repository.pull_blob(BLOB) == repository.pull_blob(BLOB) == CONTENT
    repository.pull("big", tmp_path / "layout")
    warned = [each for each in caplog.records if each.levelno == logging.WARNING]
    assert len(warned) == 1


def test_what_was_begun_by_another_process_still_becomes_right(registry, tmp_path: Path):
    """What is read again to be hashed goes to the cache, too."""
    cache, watched = Cache(tmp_path / "cache"), Watched(registry)
    begun(tmp_path, CONTENT[:HALF])
    opened(watched, cache=cache).pull_blob(BLOB, into=tmp_path / "blob")
    assert (tmp_path / "blob").read_bytes() == CONTENT
    assert watched.ranges() == [f"bytes={HALF}-{SIZE - 1}"]
    assert [entry.digest for entry in cache.entries] == [BLOB.digest]
    assert opened(watched, cache=cache).pull_blob(BLOB) == CONTENT
    assert watched.ranges() == []


def test_what_another_process_had_wrong_does_not_get_into_the_cache(registry, tmp_path: Path):
    cache = Cache(tmp_path / "cache")
    begun(tmp_path, b"!" * HALF)
    opened(registry, cache=cache).pull_blob(BLOB, into=tmp_path / "blob")
    assert (tmp_path / "blob").read_bytes() == CONTENT
    assert opened(LocalRegistry(), cache=cache).pull_blob(BLOB) == CONTENT


# What comes compressed


def compressed(registry: LocalRegistry, coding: str = "gzip") -> Watched:
    """A proxy that compresses all that passes it, whatever was asked."""

    def handle(request: Request) -> Response:
        response = registry.handle(request)
        if request.method != "GET":
            return response
        body = b"".join(response.stream) if response.stream is not None else response.body
        headers = response.headers.having(Content_Encoding=coding, Content_Length=None)
        return Response(response.status, headers, gzip.compress(body))

    return Watched(registry, handle)


def test_D3_behind_a_proxy_that_compresses_everything_everything_works(registry, tmp_path: Path):
    repository = opened(compressed(registry))
    image = repository["big"]
    assert isinstance(image, ocinb.client.remote.RemoteImage)
    assert str(image.config.platform) == "linux/amd64"
    assert list(repository.tags()) == ["big"]
    assert repository.pull_blob(BLOB) == CONTENT
    layout = repository.pull("big", tmp_path / "layout")
    assert b"".join(layout.content(BLOB.digest) or ()) == CONTENT
    assert len(repository.referrers("big")) == 0
    with pytest.raises(ocinb.errors.NotFound, match="MANIFEST_UNKNOWN"):
        repository["nothing"]


def test_D3_what_nobody_can_decode_is_refused_by_name(registry):
    repository = opened(compressed(registry, "br"))
    with pytest.raises(UnexpectedAnswer, match=r"encoded \(br\)"):
        repository.tags()
    with pytest.raises(UnexpectedAnswer, match=r"encoded \(br\)"):
        repository["big"]


def test_D3_a_token_may_come_compressed(registry):
    locked = lessons.locked(registry)

    def handle(request: Request) -> Response:
        response = locked.handle(request)
        if "/token" not in request.url or response.status != 200:
            return response
        assert "token" in json.loads(response.body)
        headers = response.headers.having(Content_Encoding="gzip", Content_Length=None)
        return Response(200, headers, gzip.compress(response.body))

    repository = opened(Watched(registry, handle), username="student", password="secret")
    assert list(repository.tags()) == ["big"]


def test_K12_a_small_answer_is_not_decoded_beyond_its_bound(registry):
    bomb = Response(
        200, {"Content-Encoding": "gzip", "Content-Type": "application/json"},
        gzip.compress(b'{"tags":["' + b" " * 50_000_000 + b'"]}'),
    )  # fmt: skip
    handle = instead("GET /v2/demo/app/tags/list", bomb, registry.handle)
    with pytest.raises(UnexpectedAnswer, match="decodes to more than 4,194,304 bytes"):
        opened(Watched(registry, handle)).tags()


def test_the_digest_of_what_comes_decides_not_how_it_is_labelled(registry):
    """D-3: a registry that labels a compressed layer as an encoded one."""

    def labelled(request: Request) -> Response:
        response: Response = registry.handle(request)
        return replace(response, headers=response.headers.having(Content_Encoding="gzip"))

    watched = Watched(registry, instead(f"GET {GET}", labelled, registry.handle))
    found = opened(watched).pull_blob(BLOB)
    assert Digest.of(found) == BLOB.digest
    assert watched.ranges() == [None]
