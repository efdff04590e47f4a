"""Moving content: whole or not at all, what is there is left alone, what breaks off goes on."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ocinb.client.registry import Registry
from ocinb.client.repository import Repository
from ocinb.errors import (
    Cancelled,
    DigestMismatch,
    InvalidContent,
    InvalidReference,
    NotFound,
    NotSupported,
    OcinbError,
    ServerFault,
    TruncatedBody,
)
from ocinb.oci import media_types
from ocinb.oci.descriptor import Descriptor
from ocinb.oci.digest import Digest
from ocinb.oci.image import Image, ImageIndex
from ocinb.oci.index import Index
from ocinb.oci.platform import Platform
from ocinb.protocol import pull
from ocinb.protocol.events import (
    BytesMoved,
    Event,
    Finished,
    Planned,
    RequestStarted,
    Skipped,
    Verified,
)
from ocinb.protocol.messages import Request, Response
from ocinb.protocol.progress.progress_info import ProgressInfo
from ocinb.registry import sample
from ocinb.registry.app import LocalRegistry
from ocinb.storage.layout import Layout
from tests.client.asking import (
    Counted,
    Pieces,
    an_image,
    an_index,
    image,
    in_a_hurry,
    instead,
    opened,
    refusal,
    scripted,
)

CONTENT = bytes(range(256)) * 4_096
BLOB = Descriptor.of(CONTENT, media_types.LAYER)


@pytest.fixture
def counted(school) -> Counted:
    return Counted(school.handle, *school.repositories)


@pytest.fixture
def repository(counted: Counted) -> Repository:
    return Repository("demo/app", registry=counted)


def serving(*pieces: bytes | BaseException, size: int = len(CONTENT)) -> Repository:
    """A repository that holds one blob, and sends these pieces for it."""

    def handle(request: Request) -> Response:
        return Response(200, {"Content-Length": str(size)}, stream=Pieces(*pieces, size=size))

    return in_a_hurry(opened(Counted(handle, "demo/app")))


def files(folder: Path) -> list[str]:
    return sorted(str(each.relative_to(folder)) for each in folder.rglob("*") if each.is_file())


def blobs(layout: Layout) -> set[str]:
    return {path.name for path in layout.path.glob("blobs/*/*")}


def methods(lines: list[str]) -> list[str]:
    return [line.split()[0] for line in lines]


def check(layout: Layout) -> None:
    """Everything in `layout` is its digest, and all that its manifests name is there."""
    assert not list(layout.path.rglob(".ingest-*"))
    for name in blobs(layout):
        content = layout.content(Digest(f"sha256:{name}"))
        assert content is not None
        assert Digest.of(b"".join(content)).encoded == name
    if not layout.empty:
        assert json.loads((layout.path / "index.json").read_bytes())["schemaVersion"] == 2
    for each in layout.manifests():
        assert layout.content(each.digest) is not None


# One blob into a file


def test_a_blob_becomes_a_file(tmp_path: Path):
    target = tmp_path / "blob"
    for blob in (BLOB, str(BLOB.digest)):
        for into in (target, str(target)):
            assert serving(CONTENT).pull_blob(blob, into=into) is None
            assert target.read_bytes() == CONTENT
            target.unlink()
    assert files(tmp_path) == []


def test_the_file_is_not_there_before_it_is_whole(tmp_path: Path):
    target, seen = tmp_path / "blob", list[bool]()

    def handle(request: Request) -> Response:
        class Watching(Pieces):
            def __iter__(self):
                for piece in super().__iter__():
                    seen.append(target.exists())
                    yield piece

        return Response(200, stream=Watching(CONTENT[:1000], CONTENT[1000:]))

    opened(Counted(handle)).pull_blob(BLOB, into=target)
    assert seen == [False, False]
    assert files(tmp_path) == ["blob"]


@pytest.mark.parametrize(
    "failure",
    [KeyboardInterrupt(), MemoryError(), ValueError("the registry's own bug"), Cancelled("enough")],
)
def test_whatever_stops_it_midway_leaves_no_file_and_the_client_usable(tmp_path: Path, failure):
    repository = serving(CONTENT[:500_000], failure)
    with pytest.raises(type(failure)):
        repository.pull_blob(BLOB, into=tmp_path / "blob")
    assert files(tmp_path) == []
    assert serving(CONTENT).pull_blob(BLOB) == CONTENT


@pytest.mark.parametrize(
    ("pieces", "size", "kind"),
    [
        ((CONTENT[:-1], b"\x01"), len(CONTENT), DigestMismatch),
        ((CONTENT[:-1],), len(CONTENT), TruncatedBody),
        ((CONTENT[:-1],), len(CONTENT) - 1, TruncatedBody),
        ((CONTENT, b"more"), len(CONTENT) + 4, OcinbError),
    ],
)
def test_what_is_not_the_content_leaves_the_old_file_as_it_was(tmp_path, pieces, size, kind):
    target = tmp_path / "blob"
    target.write_bytes(b"old")
    with pytest.raises(kind):
        serving(*pieces, size=size).pull_blob(BLOB, into=target)
    assert target.read_bytes() == b"old"
    assert [name for name in files(tmp_path) if not name.startswith(".partial-")] == ["blob"]


def test_a_place_that_cannot_be_written_to_is_refused_before_anything_is_fetched(
    tmp_path: Path, counted: Counted, repository: Repository
):
    with pytest.raises(IsADirectoryError, match="is a folder"):
        repository.pull_blob(BLOB, into=tmp_path)
    with pytest.raises(FileNotFoundError, match="no folder"):
        repository.pull_blob(BLOB, into=tmp_path / "nowhere" / "blob")
    assert counted.asked == []


class Sink:
    def __init__(self, fail_at: int = 10**9) -> None:
        self.content, self.restarted, self._fail_at = b"", 0, fail_at

    def restart(self) -> None:
        self.content, self.restarted = b"", self.restarted + 1

    def write(self, piece: bytes | memoryview) -> None:
        self.content += bytes(piece)
        if len(self.content) > self._fail_at:
            raise OSError("the disk is full")


def test_a_sink_gets_the_pieces_and_is_told_when_they_begin_again():
    sink = Sink()
    serving(CONTENT).pull_blob(BLOB, into=sink)
    assert (sink.content, sink.restarted) == (CONTENT, 1)
    sink = Sink()
    with pytest.raises(DigestMismatch):
        serving(CONTENT[:-1], b"\x01").pull_blob(BLOB, into=sink)
    assert sink.restarted == 2


def test_a_sink_that_fails_says_so_itself():
    repository = serving(CONTENT[:600_000], CONTENT[600_000:])
    with pytest.raises(OSError, match="disk is full"):
        repository.pull_blob(BLOB, into=Sink(fail_at=500_000))
    assert repository.pull_blob(BLOB) == CONTENT


def test_a_file_that_somebody_opened_is_written_to_where_it_stands(school):
    wrong = Response(200, stream=Pieces(CONTENT[:-1], b"\x01"))
    good = Response(200, stream=Pieces(CONTENT))
    file = io.BytesIO(b"head")
    file.seek(4)
    scripted(wrong, good).pull_blob(BLOB, into=file)
    assert file.getvalue() == b"head" + CONTENT


def test_a_pipe_takes_content_that_comes_right_the_first_time():
    class Pipe(io.BytesIO):
        def seekable(self) -> bool:
            return False

    wrong = Response(200, stream=Pieces(CONTENT[:-1], b"\x01"))
    good = Response(200, stream=Pieces(CONTENT))
    pipe = Pipe()
    scripted(good).pull_blob(BLOB, into=pipe)
    assert pipe.getvalue() == CONTENT
    with pytest.raises(NotSupported, match="cannot go back"):
        scripted(wrong, good).pull_blob(BLOB, into=Pipe())


# Pulling


def test_a_pull_brings_everything_into_a_layout_of_its_own(
    tmp_path: Path, counted: Counted, repository: Repository, school
):
    layout = repository.pull("latest", tmp_path / "new" / "layout")
    assert layout.tags() == ("latest",)
    assert layout.resolve("latest").digest == sample.app().digest  # type: ignore[union-attr]
    store, names = school.store("demo/app"), blobs(layout)
    assert len(names) == 1 + 6 + 6 + 7 + 6  # index, manifests, configs, layers, statements
    assert all(store.content(Digest(f"sha256:{name}")) for name in names)
    check(layout)
    assert len(counted.since()) == len(names)  # each once
    assert Layout(tmp_path / "new" / "layout").tags() == ("latest",)


def test_C44_no_registry_is_asked_as_a_proxy_for_another(tmp_path, counted, repository):
    """Only a proxy may be told a namespace (`ns=`), and nobody asks a proxy here."""
    repository.pull("latest", tmp_path)
    repository.push(sample.app(), "new", "newer", mount_from="demo/tools")
    repository.referrers("latest")
    repository.tags()
    assert [line for line in counted.since() if "ns=" in line] == []


def test_a_pull_again_asks_for_manifests_alone(tmp_path, counted, repository):
    layout = repository.pull("latest", tmp_path)
    counted.since()
    assert repository.pull("latest", layout) is layout
    assert counted.since() == ["GET /v2/demo/app/manifests/latest"]
    events = list[Event]()
    with repository.registry.watched_by(events.append):
        repository.pull("1.4", str(tmp_path))
    assert sum(isinstance(event, Skipped) for event in events) == 19
    assert Layout(tmp_path).tags() == ("1.4", "latest")


def test_a_blob_of_the_wrong_size_is_not_taken_for_there(tmp_path, counted, repository):
    layout = repository.pull("sbom", tmp_path)
    blob = repository["sbom"].blobs[0]
    path = layout.path / "blobs" / "sha256" / blob.digest.encoded
    path.write_bytes(b"cut short")
    repository.pull("sbom", tmp_path)
    check(layout)


def test_of_an_index_one_platform_may_be_pulled(tmp_path, counted, repository):
    layout = repository.pull("latest", tmp_path, platform="linux/arm64")
    child = an_image(an_index(repository), "linux/arm64")
    assert [each.digest for each in layout.manifests()] == [child.digest]
    assert layout.tags() == ("latest",)
    assert len(blobs(layout)) == 1 + 1 + 3
    check(layout)
    with pytest.raises(InvalidReference, match="no image is for it"):
        repository.pull("latest", tmp_path / "x", platform="linux/s390x")
    assert not (tmp_path / "x").exists()


def test_an_artifact_and_a_digest_are_pulled_likewise(tmp_path, repository, school):
    chart = Repository("demo/chart", registry=school).pull("0.3.0", tmp_path / "chart")
    check(chart)
    assert chart.tags() == ("0.3.0",)
    digest = repository["sbom"].digest
    layout = repository.pull(digest, tmp_path / "sbom")
    assert layout.tags() == ()
    assert [each.digest for each in layout.manifests()] == [digest]
    check(layout)


def test_a_wrong_tag_leaves_no_folder_and_a_foreign_folder_is_refused_before_anything_is_sent(
    tmp_path: Path, counted: Counted, repository: Repository
):
    with pytest.raises(NotFound):
        repository.pull("nothing", tmp_path / "layout")
    assert not (tmp_path / "layout").exists()
    counted.since()
    (tmp_path / "thesis.tex").write_text("mine")
    with pytest.raises(InvalidContent, match="no oci-layout"):
        repository.pull("latest", tmp_path)
    assert counted.asked == []


@pytest.mark.parametrize("failure", [KeyboardInterrupt(), Cancelled("enough"), None])
def test_a_pull_that_stops_midway_leaves_a_valid_layout_and_goes_on_from_there(
    tmp_path: Path, school, failure: BaseException | None
):
    def broken(request: Request) -> Response:
        if failure is None:
            return refusal(400, "UNKNOWN", "no more")
        return Response(200, stream=Pieces(b"x", failure, size=10**6))

    layers = sample.app().children[0].manifest.layers  # type: ignore[union-attr]
    handle = instead(f"GET /v2/demo/app/blobs/{layers[1].digest}", broken, school.handle, 1)
    counted = Counted(handle, "demo/app")
    repository = opened(counted, concurrency=1)
    with pytest.raises(type(failure) if failure else OcinbError):
        repository.pull("latest", tmp_path)
    layout = Layout(tmp_path)
    check(layout)
    assert (layout.tags(), layout.manifests()) == ((), ())
    before = blobs(layout)
    assert len(before) == 2
    counted.since()
    repository.pull("latest", tmp_path)
    check(layout)
    asked = [line.rpartition(":")[2] for line in counted.since() if "/blobs/" in line]
    assert not before & set(asked)
    assert layout.tags() == ("latest",)


def test_the_tag_appears_last(tmp_path: Path, school):
    layout, seen = Layout(tmp_path), list[tuple[str, ...]]()
    repository = Repository("demo/app", registry=school)
    with repository.registry.watched_by(lambda event: seen.append(layout.tags())):
        repository.pull("latest", layout)
    assert set(seen) == {()}
    assert layout.tags() == ("latest",)


def test_a_pull_may_be_taken_one_request_at_a_time_and_comes_to_the_same(
    tmp_path: Path, counted: Counted, repository: Repository
):
    steps = repository.pull_steps("latest", tmp_path / "steps", platform="linux/arm64")
    assert counted.asked == []
    assert not (tmp_path / "steps").exists()
    steps.step(expect=200)
    assert counted.since() == ["GET /v2/demo/app/manifests/latest"]
    while steps.waiting:
        steps.step(expect=200)
    asked = [f"{each.step.request.method} {each.step.request.url}" for each in steps.taken]
    assert counted.since() == asked[1:]
    layout = steps.result
    check(layout)
    other = Repository("demo/app", registry=counted)
    again = other.pull("latest", tmp_path / "whole", platform="linux/arm64")
    assert sorted(counted.since()) == sorted(asked)
    assert (layout.tags(), blobs(layout)) == (again.tags(), blobs(again))


def test_a_pull_by_steps_that_is_given_up_leaves_no_half_file(tmp_path: Path, repository):
    steps = repository.pull_steps("sbom", tmp_path)
    steps.step()
    steps.close()
    check(Layout(tmp_path))
    steps = repository.pull_steps("sbom", tmp_path)
    with pytest.raises(NotFound):
        steps.step(edit=lambda request: Request("GET", f"{request.url}x"))
    assert repository.pull("sbom", tmp_path).tags() == ("sbom",)


def test_two_threads_may_pull_at_once_from_one_repository(tmp_path: Path, repository: Repository):
    failures = list[BaseException]()

    def pull(folder: str) -> None:
        try:
            repository.pull("latest", tmp_path / folder)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=pull, args=(name,)) for name in ("a", "b", "same", "same")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    for name in ("a", "b", "same"):
        check(Layout(tmp_path / name))
        assert Layout(tmp_path / name).tags() == ("latest",)


def nested(repository: Repository, depth: int) -> Index:
    """An index in an index in an index …, each twice."""
    child: Any = image(b"deep").manifest
    repository.push(image(b"deep"))
    for _ in range(depth):
        entry = replace(child.descriptor, platform=Platform("linux", "amd64"))
        other = replace(entry, annotations={"twice": "yes"})
        child = Index.of([entry, other])
        repository.push(ImageIndex(child, ()))
    assert isinstance(child, Index)
    return child


def test_indexes_within_indexes_are_followed_so_far_and_each_is_asked_for_once(tmp_path: Path):
    school = LocalRegistry()
    counted = Counted(school.handle)
    repository = Repository("demo/deep", registry=counted)
    root = nested(repository, 8)
    counted.since()
    layout = Repository("demo/deep", registry=counted).pull(root.digest, tmp_path / "deep")
    assert len(counted.since()) == 9 + 2
    assert layout.manifest(image(b"deep").digest)
    deeper = nested(repository, 9)
    with pytest.raises(InvalidContent, match="more than 8 deep"):
        repository.pull(deeper.digest, tmp_path / "deeper")


def test_more_manifests_than_memory_holds_are_refused_before_they_are_fetched(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(pull, "MOST_MANIFEST_BYTES", 3_000)
    counted = Counted(sample.school().handle)
    repository = Repository("demo/app", registry=counted)
    with pytest.raises(InvalidContent, match="manifests of more than"):
        repository.pull("latest", tmp_path / "x")
    assert len(counted.asked) == 1


# Pushing


@pytest.fixture
def empty() -> Counted:
    return Counted(LocalRegistry().handle)


@pytest.mark.parametrize(
    ("content", "tags"),
    [
        (image(b"one", b"two", b"one"), ("v1",)),
        (image(b"one"), ("v1", "latest", "1.0")),
        (image(b"one"), ()),
        (sample.chart(), ("0.3.0",)),
        (sample.app(), ("latest", "1.4")),
        (sample.app(), ()),
        (ImageIndex.of([(Platform("linux", "amd64"), image(b"x"))]), ("v1",)),
    ],
)
def test_what_was_pushed_is_there_under_its_tags_and_digest(empty: Counted, content, tags):
    repository = Repository("demo/new", registry=empty)
    pushed = repository.push(content, *tags)
    assert (pushed.descriptor, pushed.tags) == (content.descriptor, tags)
    assert {outcome for _, outcome in pushed.blobs} == {"uploaded"}
    for reference in (*tags, content.digest):
        assert repository.head(reference) == content.descriptor
    if tags:
        assert list(repository.tags()) == sorted(tags)


def test_pushing_again_sends_no_blob(empty: Counted):
    repository = Repository("demo/new", registry=empty)
    repository.push(image(b"one"), "v1")
    empty.since()
    pushed = repository.push(image(b"one", b"two"), "v2", "v2")
    assert pushed.tags == ("v2",)
    assert [outcome for _, outcome in pushed.blobs] == ["existed", "existed", "uploaded"]
    assert methods(empty.since()) == ["HEAD", "HEAD", "HEAD", "POST", "PUT", "PUT"]


def test_bad_tags_and_what_is_no_content_are_refused_before_anything_is_sent(empty: Counted):
    repository = Repository("demo/new", registry=empty)
    for push in (repository.push, repository.push_steps):
        for bad in ("", "a b", "sha256:" + "0" * 64, "ü"):
            with pytest.raises(InvalidReference):
                push(image(b"x"), "good", bad)
        with pytest.raises(TypeError, match="one by one"):
            push(image(b"x"), ["v1", "v2"])  # type: ignore[arg-type]
        for content in (b"bytes", image(b"x").manifest, "v1", None):
            with pytest.raises(TypeError, match=r"ocinb\.Image"):
                push(content, "v1")  # type: ignore[arg-type]
    assert empty.asked == []


def test_a_manifest_that_no_registry_takes_is_refused_before_anything_is_sent(empty: Counted):
    good = image(b"x")
    large = replace(good.manifest, raw=good.manifest.raw + b" " * 4_194_304)
    padded = Image(large, good.blobs)
    repository = Repository("demo/new", registry=empty)
    index = ImageIndex.of([(Platform("linux", "amd64"), padded)])
    for push in (repository.push, repository.push_steps):
        for content in (padded, index):
            with pytest.raises(InvalidContent, match="registries take 4,194,304"):
                push(content, "v1")
    assert empty.asked == []


def test_steps_send_nothing_at_first_and_come_to_the_same(empty: Counted):
    steps = Repository("demo/steps", registry=empty).push_steps(image(b"one", b"two"), "v1")
    assert empty.asked == []
    pushed = steps.finish()
    by_steps = methods(empty.since())
    whole = Repository("demo/whole", registry=empty).push(image(b"one", b"two"), "v1")
    assert (whole, sorted(methods(empty.since()))) == (pushed, sorted(by_steps))


@pytest.mark.parametrize("failure", [KeyboardInterrupt(), None])
def test_a_push_that_stops_midway_shows_nothing_and_goes_on_from_there(failure):
    school = LocalRegistry()

    def broken(request: Request) -> Response:
        if failure is None:
            return refusal(403, "DENIED")
        raise failure

    content = image(b"one", b"two", b"three")
    handle = instead(f"digest={content.blobs[2].digest}", broken, school.handle, 1)
    counted = Counted(handle)
    repository = opened(counted, "demo/new", concurrency=1)
    with pytest.raises(type(failure) if failure else OcinbError):
        repository.push(content, "v1")
    assert repository.head("v1") is None
    assert repository.head(content.digest) is None
    pushed = repository.push(content, "v1")
    assert [outcome for _, outcome in pushed.blobs] == [
        "existed",
        "existed",
        "uploaded",
        "uploaded",
    ]
    assert repository.head("v1") == content.descriptor


def test_a_registry_that_fails_all_along_is_an_error_and_nothing_is_tagged(empty: Counted):
    broken = in_a_hurry(opened(Counted(instead("PUT", refusal(500, "X"), LocalRegistry().handle))))
    with pytest.raises(ServerFault):
        broken.push(image(b"x"), "v1")


def test_what_is_in_a_registry_is_pushed_from_where_it_is(empty: Counted, school):
    there = Repository("demo/app", registry=school)
    index = an_index(there)
    repository = Repository("demo/new", registry=empty)
    for number, remote in enumerate((index, index["linux/amd64"], there["sbom"])):
        pushed = repository.push(remote, f"v{number}")
        assert repository[f"v{number}"].raw == remote.raw
        assert repository.push_steps(remote, "again").finish().descriptor == pushed.descriptor


def test_what_was_pulled_and_what_was_pushed_are_the_same_bytes(tmp_path: Path, empty: Counted):
    repository = Repository("demo/app", registry=empty)
    repository.push(sample.app(), "v1")
    layout = repository.pull("v1", tmp_path)
    for child in sample.app().children:
        content = layout.content(child.digest)
        assert content is not None
        assert b"".join(content) == child.manifest.raw  # type: ignore[union-attr]


# Who watches


def test_events_come_in_the_order_that_things_happen(tmp_path, repository):
    chart = opened(repository.registry.embedded, "demo/chart", concurrency=1)
    events = list[Event]()
    with chart.registry.watched_by(events.append):
        chart.pull("0.3.0", tmp_path)
        first, events[:] = tuple(events), []
        chart.pull("0.3.0", tmp_path)
    kinds = [type(event) for event in first]
    assert kinds.count(RequestStarted) == kinds.count(Finished) == 3
    assert kinds.count(Verified) == 2
    config, layer = chart["0.3.0"].document.config, chart["0.3.0"].document.layers[0]  # type: ignore[union-attr]
    assert [event.digest for event in first if isinstance(event, Verified)] == [
        config.digest, layer.digest]  # fmt: skip
    moved = [event for event in first if isinstance(event, BytesMoved)]
    assert moved[-1].done == moved[-1].total == layer.size
    assert kinds[-2:] == [Finished, Verified]
    assert [event for event in events if isinstance(event, Skipped)] == [
        Skipped(config.digest, config.size), Skipped(layer.digest, layer.size)]  # fmt: skip
    for told in (first, tuple(events)):
        assert [event for event in told if isinstance(event, Planned)] == [
            Planned((config, layer))]  # fmt: skip


def test_whoever_sends_the_steps_the_same_is_told(tmp_path: Path, empty: Counted, school):
    def told() -> set[Event]:  # in which order, depends on which blob is there first
        return {each for each in events if isinstance(each, (Planned, Skipped, Verified))}

    events = list[Event]()
    pulling = Repository("demo/app", registry=school)
    with pulling.registry.watched_by(events.append):
        pulling.pull("sbom", tmp_path / "whole")
        whole, events[:] = told(), []
        pulling.pull_steps("sbom", tmp_path / "steps").finish()
        assert told() == whole != set()
    pushing = [Repository(name, registry=Registry(empty)) for name in ("demo/a", "demo/b")]
    for repository in pushing:
        repository.registry._sender.observers.append(events.append)
    events.clear()
    pushing[0].push(image(b"one"), "v1")
    whole, events[:] = told(), []
    pushing[1].push_steps(image(b"one"), "v1").finish()
    assert told() == whole != set()


def test_one_blob_is_a_plan_of_one(tmp_path: Path):
    for into in (None, tmp_path / "blob"):
        events, repository = list[Event](), serving(CONTENT)
        with repository.registry.watched_by(events.append):
            repository.pull_blob(BLOB, into=into)
        assert [each for each in events if isinstance(each, (Planned, Verified))] == [
            Planned((BLOB,)), Verified(BLOB.digest, BLOB.size)]  # fmt: skip


def test_a_push_tells_what_was_there_and_what_was_sent(empty: Counted):
    repository = Repository("demo/new", registry=empty)
    repository.push(image(b"one"), "v1")
    events = list[Event]()
    with repository.registry.watched_by(events.append):
        repository.push(image(b"one", b"two"), "v2")
    told = [type(event) for event in events if isinstance(event, (Skipped, Verified))]
    assert told == [Skipped, Skipped, Verified]


@pytest.mark.parametrize("silent", [False, None])
def test_who_wants_no_progress_gets_none(tmp_path, repository, capsys, silent):
    layout = repository.pull("sbom", tmp_path / "layout", progress=silent)
    repository.push(sample.chart(), "chart", progress=silent)
    blob = repository["sbom"].blobs[0].descriptor
    repository.pull_blob(blob, into=tmp_path / "blob", progress=silent)
    assert repository.pull_blob(blob, progress=silent)
    assert capsys.readouterr() == ("", "")
    assert layout.tags() == ("sbom",)


def test_who_wants_progress_on_a_terminal_gets_lines(tmp_path, repository, capsys):
    repository.pull("sbom", tmp_path / "layout", progress=True)
    said = capsys.readouterr()
    assert said.out == ""
    assert "local/demo/app:sbom" in said.err
    assert "done" in said.err.splitlines()[-1]


def test_a_callback_hears_how_far_each_blob_has_come(tmp_path, repository, capsys):
    heard = list[ProgressInfo]()
    repository.pull("1.4", tmp_path, platform="linux/amd64", progress=heard.append)
    assert capsys.readouterr() == ("", "")
    blobs = [each for each in heard if each.phase != "manifest"]
    assert {each.total_layers for each in blobs} == {4}
    for place in range(4):
        of_it = [each for each in blobs if each.layer_index == place]
        assert {each.phase for each in of_it} == {"layer" if place else "config"}
        received = [each.bytes_received for each in of_it]
        assert received == sorted(received)
        assert received[-1] == of_it[-1].total_bytes
    assert heard[0].phase == "manifest"
    assert heard[-1].bytes_received == heard[-1].total_bytes
    heard.clear()
    repository.push(image(b"one"), "v1", progress=heard.append)
    assert {each.phase for each in heard} == {"uploading"}
    assert any(each.bytes_sent == each.total_bytes == 3 for each in heard)


def test_a_callback_may_cancel(tmp_path: Path, repository: Repository):
    def enough(told: ProgressInfo) -> None:
        if told.layer_index == 2:
            raise Cancelled("enough")

    with pytest.raises(Cancelled):
        repository.pull("latest", tmp_path, progress=enough)
    check(Layout(tmp_path))
    assert repository.pull("latest", tmp_path).tags() == ("latest",)


# What it costs


LARGE = """
import hashlib, re, sys
import ocinb
from ocinb.oci.descriptor import Descriptor
from ocinb.protocol.messages import Response

PIECE, COUNT = bytes(range(256)) * 4096, int(sys.argv[1])

class Body:
    size = len(PIECE) * COUNT
    def __iter__(self):
        return (PIECE for _ in range(COUNT))

class Registry:
    repositories = ("demo/app",)
    def handle(self, request):
        return Response(200, {"Content-Length": str(Body.size)}, stream=Body())

def peak():  # getrusage would count what the parent process had, too
    return int(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1]) * 1024

hashed = hashlib.sha256()
for piece in Body():
    hashed.update(piece)
digest = ocinb.Digest("sha256:" + hashed.hexdigest())
blob = Descriptor("application/octet-stream", digest, Body.size)
repository = ocinb.Repository("demo/app", registry=Registry())
repository.pull_blob(Descriptor.of(b"warm", "x/y", data=b"warm"))
before = peak()
repository.pull_blob(blob, into=sys.argv[2], progress=True)
print(peak() - before)
"""


def test_a_large_blob_is_never_whole_in_memory(tmp_path: Path):
    """Progress included: 256 MiB make the process grow by less than 32."""
    if not Path("/proc/self/status").exists():
        pytest.skip("this system does not tell how much memory a process had at most")
    done = subprocess.run(
        [sys.executable, "-c", LARGE, "256", str(tmp_path / "large")],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert (tmp_path / "large").stat().st_size == 256 * 1024 * 1024
    assert int(done.stdout) < 32 * 1024 * 1024


def test_a_served_registry_is_pulled_from_and_pushed_to_like_any_other(tmp_path: Path, school):
    with school.serve() as server, Repository(f"{server.host}/demo/app") as repository:
        layout = repository.pull("latest", tmp_path)
        check(layout)
        repository.push(image(b"new"), "new")
        assert repository.head("new") == image(b"new").descriptor
        with Registry(server.host) as registry:
            assert registry["demo/app"].head("new") == image(b"new").descriptor
