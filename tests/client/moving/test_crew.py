"""Side by side: several blobs at a time, one thread that tells, and nothing left when it ends."""

from __future__ import annotations

import threading
import time
import traceback
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from ocinb.client.moving.crew import GRACE, Crew
from ocinb.client.moving.turns import turn
from ocinb.client.registry import Registry
from ocinb.client.repository import Repository
from ocinb.client.wire.observers import Observers, listening
from ocinb.client.wire.stopping import Stop
from ocinb.errors import Cancelled, Denied, NotFound
from ocinb.oci.digest import Digest
from ocinb.oci.image import Blob, Image
from ocinb.oci.media_types import LAYER
from ocinb.protocol.events import BytesMoved, Event, Finished, Planned, RequestStarted
from ocinb.protocol.fetch import blob_question, get_blob_bytes
from ocinb.protocol.messages import Conversation, Request, Response, Step
from ocinb.protocol.progress.progress_info import ProgressInfo
from ocinb.protocol.stepper import Stepper
from ocinb.registry import lessons, sample
from ocinb.registry.app import LocalRegistry
from ocinb.storage.layout import Layout
from tests.client.asking import (
    Counted,
    Pieces,
    an_index,
    image,
    in_a_hurry,
    instead,
    opened,
    refusal,
)
from tests.client.scripted import Pause, ScriptedServer, answer
from tests.client.together import Company, Crowd, interrupted, no_thread_left

MANY = tuple(bytes([number]) * 3_000 for number in range(12))


@pytest.fixture
def full() -> Iterator[LocalRegistry]:
    """A registry with an image of twelve layers."""
    with LocalRegistry() as school:
        Repository("demo/app", registry=school).push(image(*MANY), "v1", progress=False)
        yield school


def names(layout: Layout) -> set[str]:
    return {path.name for path in layout.path.glob("blobs/*/*")}


# Several at a time


def test_four_blobs_are_fetched_at_a_time(full: LocalRegistry, tmp_path: Path):
    """It answers only when four wait at once: thirteen blobs would never do, so one is here."""
    registry = Company(full.handle, "GET /v2/demo/app/blobs/", 4)
    layout = Layout(tmp_path)
    layout_of_config = Repository("demo/app", registry=full).pull_blob(
        image(*MANY).blobs[0].descriptor
    )
    with layout.ingest() as ingest:
        ingest.write(layout_of_config)
        ingest.commit(image(*MANY).blobs[0].digest)
    opened(registry).pull("v1", layout)
    assert len(names(layout)) == 14


def test_four_blobs_are_sent_at_a_time():
    registry = Company(LocalRegistry().handle, "PUT /v2/demo/new/blobs/", 4)
    content = image(*MANY[:11])
    assert len(opened(registry, "demo/new").push(content, "v1").blobs) == 12


def test_the_manifests_of_an_index_are_fetched_side_by_side(school: LocalRegistry):
    """Six of them, so three at a time come out even."""
    registry = Company(school.handle, "GET /v2/demo/app/manifests/sha256:", 3)
    index = an_index(opened(registry, concurrency=3))
    assert index.load() is index
    assert all(index.known(entry) for entry in index.index.manifests)


@pytest.mark.parametrize("count", [1, 2, 7])
def test_never_more_than_wanted_are_under_way(full: LocalRegistry, tmp_path: Path, count: int):
    crowd = Crowd(full.handle)
    with no_thread_left():
        opened(crowd, concurrency=count).pull("v1", tmp_path / "layout")
    assert crowd.most <= count
    assert (crowd.most > 1) == (count > 1)
    crowd.most = 0
    opened(crowd, "demo/other", concurrency=count).push(image(*MANY), "v1")
    assert crowd.most <= count


def test_one_at_a_time_is_done_in_the_caller_s_thread_and_comes_to_the_same(full, tmp_path):
    crowd, counted = Crowd(full.handle, 0), Counted(full.handle)
    one = opened(crowd, concurrency=1).pull("v1", tmp_path / "one")
    many = opened(counted).pull("v1", tmp_path / "many")
    assert crowd.threads == {threading.get_ident()}
    assert names(one) == names(many)
    assert one.tags() == many.tags() == ("v1",)
    pushed = [opened(full, f"demo/{n}", concurrency=n).push(image(*MANY), "v1") for n in (1, 4)]
    assert pushed[0] == pushed[1]


def test_where_no_thread_can_be_started_it_is_done_all_the_same(full, tmp_path, monkeypatch):
    started, begin = list[threading.Thread](), threading.Thread.start

    def start(thread: threading.Thread) -> None:
        if len(started) >= possible:
            raise RuntimeError("can't start new thread")
        started.append(thread)
        begin(thread)

    monkeypatch.setattr(threading.Thread, "start", start)
    for possible in (0, 2):
        started.clear()
        assert len(names(opened(full).pull("v1", tmp_path / str(possible)))) == 14
        assert len(started) == possible


def test_nothing_is_asked_twice_when_everything_is_new(school: LocalRegistry, tmp_path: Path):
    """One index, its manifests, and each blob once, however many of them name it."""
    counted = Counted(school.handle, *school.repositories)
    opened(counted).pull("latest", tmp_path)
    asked = counted.since()
    assert sorted(asked) == sorted(set(asked))
    children = sample.app().children
    blobs = {blob.digest for child in children for blob in child.blobs}  # type: ignore[union-attr]
    assert sum("/manifests/" in line for line in asked) == 1 + len(children)
    assert sum("/blobs/" in line for line in asked) == len(blobs)
    assert len(asked) == 1 + len(children) + len(blobs)


def test_an_index_loads_what_nobody_knows_and_asks_once(school: LocalRegistry):
    counted = Counted(school.handle, *school.repositories)
    index = an_index(opened(counted))
    counted.since()
    index.load()
    asked = counted.since()
    assert len(asked) == len(set(asked)) == 6 + 3  # the manifests of all, the configs of images
    index.load()
    assert counted.since() == []


def test_a_token_is_asked_for_once(full: LocalRegistry, tmp_path: Path):
    counted = Counted(lessons.locked(full, public=True).handle)
    opened(counted).pull("v1", tmp_path)
    assert sum("/token" in line for line in counted.since()) == 1


def test_a_registry_that_stumbles_is_asked_again(full: LocalRegistry, tmp_path: Path):
    repository = in_a_hurry(opened(lessons.flaky(full, every=5)))
    assert len(names(repository.pull("v1", tmp_path))) == 14


# Who is told, and where


def test_a_callback_is_called_in_the_thread_that_asked_one_call_at_a_time(full, tmp_path):
    threads, inside, most = set[int](), 0, 0

    def told(info: ProgressInfo) -> None:
        nonlocal inside, most
        inside += 1
        most = max(most, inside)
        threads.add(threading.get_ident())
        inside -= 1

    repository = opened(Crowd(full.handle, 0.002))
    repository.pull("v1", tmp_path, progress=told)
    repository.push(image(b"new", *MANY), "v2", progress=told)
    assert threads == {threading.get_ident()}
    assert most == 1


def test_the_events_of_an_exchange_stay_in_order_and_none_is_lost(full, tmp_path):
    events, threads = list[Event](), set[int]()

    def watch(event: Event) -> None:
        events.append(event)
        threads.add(threading.get_ident())

    repository = opened(full)
    with repository.registry.watched_by(watch):
        repository.pull("v1", tmp_path)
    assert threads == {threading.get_ident()}
    started = [each.exchange for each in events if isinstance(each, RequestStarted)]
    assert len(started) == 14
    for number in started:
        of_it = [each for each in events if getattr(each, "exchange", 0) == number]
        assert isinstance(of_it[0], RequestStarted)
        assert isinstance(of_it[-1], Finished)
    moved = [each for each in events if isinstance(each, BytesMoved)]
    assert sum(each.done == each.total for each in moved) == 14
    planned = next(at for at, each in enumerate(events) if isinstance(each, Planned))
    assert planned < min(at for at, each in enumerate(events) if isinstance(each, BytesMoved)
                         and each.exchange != started[0])  # fmt: skip


def test_who_is_slow_to_hear_slows_the_transfer_down_and_memory_does_not_grow():
    contents = {str(Digest.of(byte * 2_000)): byte for byte in (b"x", b"y", b"z")}
    read, heard, furthest = 0, 0, 0

    def handle(request: Request) -> Response:
        byte = contents[request.url.rpartition("/")[2]]

        class Counting(Pieces):
            def __iter__(self) -> Iterator[bytes]:
                nonlocal read
                for piece in super().__iter__():
                    read += 1
                    yield piece

        return Response(200, stream=Counting(*[byte] * 2_000))

    def told(event: Event) -> None:
        nonlocal heard, furthest
        heard += isinstance(event, BytesMoved)
        furthest = max(furthest, read - heard)
        time.sleep(0.0001)

    repository = opened(Counted(handle))
    blobs = [Blob.of(byte * 2_000, LAYER).descriptor for byte in contents.values()]
    with listening(told):
        found = repository.run(
            repository.registry.together(get_blob_bytes("demo/app", blob) for blob in blobs)
        )
    assert found == [byte * 2_000 for byte in contents.values()]
    assert heard == read == 6_000
    assert furthest < 300


def test_an_observer_that_fails_is_reported_once_and_stops_nothing(full, tmp_path, caplog):
    def told(info: ProgressInfo) -> None:
        raise ValueError("a bug of the one who watches")

    assert opened(full).pull("v1", tmp_path, progress=told).tags() == ("v1",)
    assert len([each for each in caplog.records if "an observer failed" in each.message]) == 1


def test_who_listens_hears_that_time_passes_while_nothing_happens():
    class Clock:
        ticks = 0

        def __call__(self, event: Event) -> None: ...

        def tick(self) -> None:
            self.ticks += 1

    def send(step: Step) -> Response:
        time.sleep(0.3)
        return Response(200)

    clock = Clock()
    with listening(clock):
        run(send, asking(), asking())
    assert 2 <= clock.ticks <= 20


def test_two_callers_of_one_registry_hear_of_their_own_alone(full, tmp_path):
    other = image(b"a", b"b", b"c")
    Repository("demo/other", registry=full).push(other, "v1", progress=False)
    registry = Registry(Crowd(full.handle, 0.005))
    heard: dict[str, list[tuple[int, int]]] = {"demo/app": [], "demo/other": []}
    threads: dict[str, int] = {}

    def pull(name: str) -> None:
        threads[name] = threading.get_ident()

        def told(info: ProgressInfo) -> None:
            heard[name].append((threading.get_ident(), info.total_layers))

        registry[name].pull("v1", tmp_path / name, progress=told)

    both = [threading.Thread(target=pull, args=(name,)) for name in heard]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join()
    for name, blobs in (("demo/app", 13), ("demo/other", 4)):
        assert {thread for thread, _ in heard[name]} == {threads[name]}
        assert {total for _, total in heard[name]} <= {0, blobs}
        assert len(heard[name]) >= 2 * blobs


# What goes wrong


def test_the_first_failure_stops_the_others_and_says_what_is_there(full, tmp_path):
    content = image(*MANY)
    lost = content.blobs[4].digest
    slow = Crowd(
        instead(f"GET /v2/demo/app/blobs/{lost}", refusal(403, "DENIED"), full.handle), 0.02
    )
    counted = Counted(slow.handle)
    repository = opened(counted)
    with no_thread_left(), pytest.raises(Denied) as refused:
        repository.pull("v1", tmp_path)
    hint = refused.value.hints[-1]
    there = len(names(Layout(tmp_path)))
    assert hint == f"{there} of 13 blobs are there; pull again: nothing is fetched twice"
    assert "it was asked without credentials" in refused.value.hints[0]
    assert len(counted.since()) < 14
    assert Layout(tmp_path).tags() == ()
    assert not list(tmp_path.rglob(".ingest-*"))
    opened(full).pull("v1", tmp_path)
    assert len(names(Layout(tmp_path))) == 14


@pytest.mark.parametrize("count", [1, 4])
def test_a_push_that_fails_says_what_is_there_and_again_goes_on(count: int):
    school, content = LocalRegistry(), image(*MANY)
    refused_one = instead(
        f"digest={content.blobs[6].digest}", refusal(403, "DENIED"), school.handle, 1
    )
    repository = opened(Counted(refused_one), "demo/new", concurrency=count)
    with no_thread_left(), pytest.raises(Denied) as refused:
        repository.push(content, "v1")
    hint = refused.value.hints[-1]
    there = sum(repository.blob_exists(blob.digest) for blob in content.blobs)
    assert 1 < there < 13
    assert hint == f"{there} of 13 blobs are there; push again: nothing is sent twice"
    assert len(school._state.sessions) == 0
    outcomes = [outcome for _, outcome in repository.push(content, "v1").blobs]
    assert outcomes.count("existed") == there


def test_what_fails_in_the_end_says_that_all_blobs_are_there():
    school = LocalRegistry()
    handle = instead("/manifests/v1", refusal(403, "DENIED"), school.handle)
    with pytest.raises(Denied) as refused:
        opened(Counted(handle), "demo/new").push(image(b"one"), "v1")
    assert refused.value.hints[-1].startswith("all blobs are there; push again")


def test_an_error_keeps_its_class_its_notes_and_where_it_came_from(tmp_path: Path, full):
    class Strange(Exception):
        pass

    error = Strange("of the registry itself")
    error.add_note("mine")

    def broken(request: Request) -> Response:
        raise error

    repository = opened(Counted(instead("/blobs/", broken, full.handle)))
    with pytest.raises(Strange) as caught:
        repository.pull("v1", tmp_path)
    assert caught.value is error
    assert error.__notes__[0] == "mine"
    frames = [frame.f_code.co_name for frame, _ in traceback.walk_tb(error.__traceback__)]
    assert frames[-1] == "broken"


def test_a_callback_may_cancel_and_no_upload_stays_open():
    school = LocalRegistry()
    repository = opened(Crowd(school.handle, 0.01), "demo/new")

    def enough(info: ProgressInfo) -> None:
        if info.bytes_sent:
            raise Cancelled("enough")

    with no_thread_left(), pytest.raises(Cancelled, match="enough"):
        repository.push(image(*MANY), "v1", chunk_size=1_000, progress=enough)
    assert len(school._state.sessions) == 0
    assert repository.head("v1") is None
    assert len(repository.push(image(*MANY), "v1").blobs) == 13


def test_who_asks_for_a_stop_from_outside_is_heard(full: LocalRegistry, tmp_path: Path):
    stop = Stop()
    repository = opened(lessons.slow(full, 0.05))
    timer = threading.Timer(0.15, stop.set)
    timer.start()
    with no_thread_left(), pytest.raises(Cancelled), stop.heard():
        repository.pull("v1", tmp_path)
    timer.join()
    assert not list(tmp_path.rglob(".ingest-*"))


def test_a_traceback_goes_from_the_caller_to_the_message(full: LocalRegistry, tmp_path: Path):
    """As notebooks show it, without what is inside and without the threads."""
    repository = opened(Counted(instead("/blobs/", refusal(403, "DENIED"), full.handle)))
    with pytest.raises(Denied) as refused:
        repository.pull("v1", tmp_path)
    inner = assert_only_own_frames_are_shown(refused.value)
    assert {"_work", "together", "pull"} <= {each.f_code.co_name for each in inner}


def assert_only_own_frames_are_shown(error: BaseException) -> list[FrameType]:
    """All frames on the way to `error` but those of this file, which notebooks do not show."""
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    inner = [each for each in frames if each.f_code.co_filename != __file__]
    assert inner
    assert all(each.f_locals.get("__tracebackhide__") for each in inner)
    return inner


# Interrupted


def test_F12_an_interrupted_pull_leaves_nothing_behind_within_two_seconds(tmp_path: Path):
    """Over sockets: a registry that stops in the middle of every blob."""
    content = image(*MANY[:4])
    head = answer(200, content.manifest.raw, f"Content-Type: {content.manifest.media_type}")
    with ScriptedServer(head, [answer(200, b"x", length=3_000), Pause(2.5)]) as server:
        repository = Repository(f"127.0.0.1:{server.port}/demo/app", plain_http=True)
        started = time.monotonic()
        with (
            no_thread_left(),
            pytest.raises(KeyboardInterrupt) as stopped,
            interrupted(lambda: len(server.requests) == 5),
        ):
            repository.pull("v1", tmp_path)
        assert time.monotonic() - started < GRACE
        assert_only_own_frames_are_shown(stopped.value)
    assert not list(tmp_path.rglob("blobs/*/*"))
    assert not list(tmp_path.rglob(".ingest-*"))


def test_F12_an_interrupted_push_cancels_its_uploads_and_the_client_works_afterwards(tmp_path):
    school = LocalRegistry()
    begun = threading.Semaphore(0)

    def stuck() -> Iterator[bytes]:
        begun.release()
        yield b"x" * 1_000
        for _ in range(200):
            time.sleep(0.05)
            yield b""
        yield b"x" * 2_000

    descriptors = [Blob.of(content, LAYER).descriptor for content in MANY]
    stalled = [Blob(each, stuck) for each in descriptors]
    content = Image(image(*MANY).manifest, (image(*MANY).blobs[0], *stalled))
    with school.serve() as server, Repository(f"{server.host}/demo/new") as repository:
        started = time.monotonic()
        with (
            no_thread_left(),
            pytest.raises(KeyboardInterrupt),
            interrupted(lambda: len(school._state.sessions) >= 4),
        ):
            repository.push(content, "v1")
        assert time.monotonic() - started < 2 * GRACE
        assert len(school._state.sessions) == 0
        assert len(repository.push(image(*MANY), "v1", progress=False).blobs) == 13


def test_F12_a_second_interrupt_waits_for_nobody(tmp_path: Path, full: LocalRegistry):
    """A registry in this process that hangs cannot be left; its threads hold nothing up."""
    let_go, hanging = threading.Event(), 0

    def hang(request: Request) -> Response:
        nonlocal hanging
        hanging += 1
        let_go.wait(10)
        return Response(404)

    repository = opened(Counted(instead("/blobs/", hang, full.handle)))
    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt), interrupted(lambda: hanging == 4, times=2):
        repository.pull("v1", tmp_path)
    assert time.monotonic() - started < GRACE
    left = [each for each in threading.enumerate() if each.name.startswith("ocinb ")]
    assert len(left) == 4
    assert all(each.daemon for each in left)
    let_go.set()
    for thread in left:
        thread.join(5)
        assert not thread.is_alive()
    assert len(names(opened(full).pull("v1", tmp_path))) == 14


# Within each other, and at the same time


def asking(digest: str = "sha256:" + "0" * 64) -> Conversation[int]:
    return (yield blob_question("demo/app", Digest(digest))).status


def run(send: Any, *conversations: Conversation[Any], size: int = 4) -> list[Any]:
    """What they come to, side by side."""
    crew = Crew(size, lambda conversation: Stepper(conversation, send))
    return Stepper(crew.together(conversations), send).result


def test_what_they_come_to_is_in_their_order_however_long_each_takes():
    def one(number: int) -> Conversation[int]:
        yield blob_question("demo/app", Digest.of(b"%d" % number))
        time.sleep(0.002 * (20 - number))
        return number

    assert run(lambda step: Response(200), *map(one, range(20))) == list(range(20))
    assert run(lambda step: Response(200)) == []


def test_within_one_of_them_others_are_had_one_by_one_without_a_deadlock():
    crowd = Crowd(lambda request: Response(200), 0.001)

    def send(step: Step) -> Response:
        return crowd.handle(step.request)

    crew = Crew(2, lambda conversation: Stepper(conversation, send))

    def deep(levels: int) -> Conversation[int]:
        if not levels:
            return (yield blob_question("demo/app", Digest.of(b"x"))).status
        return sum((yield from crew.together(deep(levels - 1) for _ in range(3))))

    with no_thread_left():
        assert Stepper(deep(3), send).result == 27 * 200
    assert crowd.most == len(crowd.threads) == 2


def test_F10_who_pulls_what_is_being_pulled_waits_and_asks_for_nothing(full, tmp_path):
    counted = Counted(Crowd(full.handle, 0.02).handle)
    failures = list[BaseException]()

    def pull() -> None:
        try:
            opened(counted).pull("v1", tmp_path)
        except BaseException as error:
            failures.append(error)

    both = [threading.Thread(target=pull) for _ in range(2)]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join()
    assert failures == []
    asked = [line for line in counted.since() if "/blobs/" in line]
    assert len(asked) == len(set(asked)) == 13


def test_F10_who_pushes_what_is_being_pushed_waits_and_sends_nothing():
    school = LocalRegistry()
    counted = Counted(Crowd(school.handle, 0.02).handle)
    pushed = list[list[str]]()

    def push() -> None:
        outcomes = opened(counted, "demo/new").push(image(*MANY), "v1").blobs
        pushed.append([outcome for _, outcome in outcomes])

    both = [threading.Thread(target=push) for _ in range(2)]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join()
    assert sorted((a, b) for a, b in zip(*pushed, strict=True)) == [
        *[("existed", "uploaded")] * pushed[0].count("existed"),
        *[("uploaded", "existed")] * pushed[0].count("uploaded"),
    ]
    assert sum(line.startswith("POST") for line in counted.since()) == 13


def test_F10_who_waits_for_a_turn_may_be_stopped_and_others_get_it():
    stop, cancelled = Stop(), list[str]()

    def wait() -> None:
        with stop.heard():
            try:
                with turn("here", "sha256:x"):
                    cancelled.append("never")
            except Cancelled:
                cancelled.append("stopped")

    with turn("here", "sha256:x"), turn("there", "sha256:x"):
        waiting = threading.Thread(target=wait)
        waiting.start()
        stop.set()
        waiting.join(2)
        assert cancelled == ["stopped"]
    with turn("here", "sha256:x"):
        pass


@pytest.mark.parametrize("count", [1, 4])
def test_a_callback_may_pull_the_same_itself(full: LocalRegistry, tmp_path: Path, count: int):
    repository = opened(full, concurrency=count)
    within = list[Layout]()

    def told(info: ProgressInfo) -> None:
        if info.phase == "layer" and not within:
            within.append(repository.pull("v1", tmp_path))

    assert repository.pull("v1", tmp_path, progress=told).tags() == ("v1",)
    assert within[0].tags() == ("v1",)


def test_nobody_watches_nobody_is_told():
    assert not Observers()
    with listening(lambda event: None):
        assert Observers()
    assert not Observers()


def test_what_is_not_there_is_not_found_by_many(full: LocalRegistry, tmp_path: Path):
    with pytest.raises(NotFound) as missing:
        opened(full).pull("v2", tmp_path)
    assert "blobs" not in str(missing.value.hints)
