"""Pushing in chunks, going on with an upload elsewhere, and leaving none open."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace

import pytest

from ocinb.client.repository import Repository
from ocinb.client.retry import Retry
from ocinb.client.sender import Sender
from ocinb.client.wire.deadlines import Timeouts
from ocinb.errors import Cancelled, Denied, TransferError
from ocinb.oci.digest import Digest
from ocinb.oci.image import Blob
from ocinb.oci.media_types import LAYER
from ocinb.protocol.events import BytesMoved, Event, RequestStarted
from ocinb.protocol.progress.progress_info import ProgressInfo
from ocinb.protocol.uploads.session import MOST, UploadSession
from ocinb.registry.app import LocalRegistry
from tests.client.asking import Counted, image, in_a_hurry, instead, opened, refusal
from tests.client.scripted import Pause, Reset, ScriptedServer, answer

CONTENT = bytes(range(256)) * 40  # 10,240 bytes
BLOB = Blob.of(CONTENT, LAYER)


@pytest.fixture
def school() -> Iterator[LocalRegistry]:
    with LocalRegistry() as school:
        yield school


def still_open(school: LocalRegistry) -> int:
    return len(school._state.sessions)


def methods(counted: Counted) -> list[str]:
    return [line.partition(" ")[0] for line in counted.since()]


def test_a_push_in_chunks_is_there_as_any_other(school: LocalRegistry):
    counted = Counted(school.handle)
    repository = opened(counted, "demo/new", concurrency=1)
    content = image(CONTENT)
    assert repository.push(content, "v1", chunk_size=4_096).blobs[1][1] == "uploaded"
    assert methods(counted) == [
        "HEAD", "POST", "PATCH", "PUT", "HEAD", "POST", *["PATCH"] * 3, "PUT", "PUT",
    ]  # fmt: skip
    assert repository.pull_blob(content.blobs[1].descriptor) == CONTENT
    assert still_open(school) == 0


def test_a_blob_of_another_algorithm_goes_in_chunks_too(school: LocalRegistry):
    """C17."""
    repository = Repository("demo/new", registry=school)
    descriptor = replace(BLOB.descriptor, digest=Digest.of(CONTENT, "sha512"))
    blob = Blob(descriptor, BLOB.open)
    content = replace(image(b"x"), blobs=(blob,))
    repository.push_steps(content, chunk_size=1_000).step()
    with pytest.raises(Exception, match="MANIFEST_BLOB_UNKNOWN"):
        repository.push(content, chunk_size=1_000)  # the blob arrives; the manifest names others
    assert repository.pull_blob(descriptor) == CONTENT


@pytest.mark.parametrize("size", [0, -1, MOST + 1, 2**70])
def test_a_chunk_of_no_size_is_refused_before_anything_is_sent(school: LocalRegistry, size):
    counted = Counted(school.handle)
    repository = Repository("demo/new", registry=counted)
    session = UploadSession("/v2/demo/new/blobs/uploads/1", BLOB.digest, BLOB.size)
    for tried in (
        lambda: repository.push(image(b"x"), "v1", chunk_size=size),
        lambda: repository.push_steps(image(b"x"), "v1", chunk_size=size),
        lambda: repository.resume_upload(session, BLOB, chunk_size=size),
    ):
        with pytest.raises(ValueError, match="chunk_size is"):
            tried()
    assert counted.asked == []


@pytest.mark.parametrize("size", ["5", 1.5, True])
def test_a_chunk_size_is_a_number_of_bytes(school: LocalRegistry, size):
    with pytest.raises(TypeError, match="number of bytes"):
        Repository("demo/new", registry=school).push(image(b"x"), chunk_size=size)


def test_progress_of_chunks_only_ever_rises(school: LocalRegistry):
    heard = list[ProgressInfo]()
    repository = Repository("demo/new", registry=school)
    repository.push(image(CONTENT), "v1", chunk_size=1_000, progress=heard.append)
    layer = [each.bytes_sent for each in heard if each.layer_index == 1]
    assert layer == sorted(layer)
    assert layer[-1] == len(CONTENT)
    assert len(set(layer)) >= 10
    assert {each.phase for each in heard} == {"uploading"}


# Elsewhere


def test_an_upload_that_is_kept_is_gone_on_with_by_another_kernel(school: LocalRegistry):
    """C22."""
    here = Repository("demo/new", registry=school)
    content = replace(image(b"x"), blobs=(BLOB,))
    steps = here.push_steps(content, chunk_size=4_000)
    while not (steps.session and steps.session.offset):
        steps.step()
    kept = steps.session.to_json()
    counted = Counted(school.handle)
    there = opened(counted, "demo/new")
    sent = list[int]()

    def watch(event: Event) -> None:
        if isinstance(event, RequestStarted) and event.method == "PATCH":
            sent.append(event.size or 0)

    with there.registry.watched_by(watch):
        found = there.resume_upload(UploadSession.from_json(kept), BLOB, progress=False)
    assert found == BLOB.descriptor
    assert methods(counted) == ["GET", "PATCH", "PUT"]
    assert sent == [len(CONTENT) - 4_000]
    assert there.pull_blob(BLOB.descriptor) == CONTENT
    assert still_open(school) == 0


def test_an_upload_that_nobody_knows_any_more_begins_anew(school: LocalRegistry):
    session = UploadSession("/v2/demo/new/blobs/uploads/gone", BLOB.digest, BLOB.size, 5)
    repository = Repository("demo/new", registry=school)
    steps = repository.resume_upload_steps(session, BLOB, chunk_size=10_000)
    steps.finish()
    assert [each.response.status for each in steps.taken] == [404, 404, 202, 202, 202, 201]
    assert repository.blob_exists(BLOB.digest)
    repository.resume_upload(session, BLOB)  # it is there, which is all that was wanted


def test_the_upload_of_another_blob_is_not_gone_on_with(school: LocalRegistry):
    session = UploadSession("/v2/demo/new/blobs/uploads/1", Digest.of(b"other"), BLOB.size)
    with pytest.raises(ValueError, match="another blob"):
        Repository("demo/new", registry=school).resume_upload(session, BLOB)


# Given up


@pytest.mark.parametrize("chunk_size", [None, 1_000])
@pytest.mark.parametrize("failure", [KeyboardInterrupt(), Cancelled("stop")])
def test_F12_an_interrupted_push_leaves_no_upload_open(school, chunk_size, failure):
    moved = 0

    def content() -> Iterator[bytes]:
        nonlocal moved
        moved += 1
        yield CONTENT[:5_000]
        if moved == 1:
            raise failure
        yield CONTENT[5_000:]

    blob = Blob(BLOB.descriptor, content)
    repository = Repository("demo/new", registry=school)
    pushed = replace(image(b"x"), blobs=(blob,))
    with pytest.raises(type(failure)):
        repository.push(pushed, chunk_size=chunk_size, progress=False)
    assert still_open(school) == 0
    assert not repository.blob_exists(BLOB.digest)


def test_F12_whoever_watches_may_stop_the_push_but_not_its_end(school: LocalRegistry):
    def stop(info: ProgressInfo) -> None:
        if info.bytes_sent > 3_000:
            raise Cancelled("enough")

    repository = Repository("demo/new", registry=school)
    with pytest.raises(Cancelled):
        repository.push(image(CONTENT), "v1", chunk_size=1_000, progress=stop)
    assert still_open(school) == 0
    repository.push(image(CONTENT), "v1", progress=False)


def test_F12_a_refused_push_leaves_no_upload_open(school: LocalRegistry):
    handle = instead("PATCH", refusal(403, "DENIED"), school.handle)
    repository = opened(Counted(handle), "demo/new")
    with pytest.raises(Denied):
        repository.push(image(CONTENT), chunk_size=1_000)
    assert still_open(school) == 0


def test_who_walks_may_leave_it_open_or_close(school: LocalRegistry):
    repository = Repository("demo/new", registry=school)
    for close in (False, True):
        steps = repository.push_steps(image(CONTENT), chunk_size=1_000)
        for _ in range(3):
            steps.step()
        assert still_open(school) == 1
        if close:
            steps.close()
            assert still_open(school) == 0
        else:
            assert steps.session is not None
            school._state.sessions.close()


def test_C24_a_registry_that_cannot_cancel_is_not_asked_twice():
    school = LocalRegistry()
    handle = instead("DELETE", refusal(503, "X"), instead("PUT", refusal(403, "X"), school.handle))
    counted = Counted(handle)
    repository = in_a_hurry(opened(counted, "demo/new", concurrency=1))
    with pytest.raises(Denied):
        repository.push(image(CONTENT))
    assert methods(counted) == ["HEAD", "POST", "PUT", "DELETE"]


# On the wire


def sender(server: ScriptedServer) -> Sender:
    quick = Timeouts(connect=2, read=1, write=2, pool=2)
    return Sender(server.url, retry=Retry(sleep=lambda seconds: None), timeouts=quick)


def over(server: ScriptedServer, name: str = "demo") -> Repository:
    repository = Repository(f"127.0.0.1:{server.port}/{name}", plain_http=True)
    repository.registry._sender.close()
    repository.registry._sender = sender(server)
    return repository


LOCATION = "Location: /v2/demo/blobs/uploads/1?_state=canary-3f9"


def lines(server: ScriptedServer) -> list[str]:
    return [each.line.rpartition(" ")[0].partition("?")[0] for each in server.requests]


def test_case_47_a_connection_that_is_reset_in_a_chunk_goes_on_from_there():
    script = (
        answer(404),  # HEAD
        answer(202, b"", LOCATION),
        answer(202, b"", LOCATION, "Range: 0-3999"),
        [Reset()],
        answer(204, b"", LOCATION, "Range: 0-4999"),
        answer(202, b"", LOCATION, "Range: 0-8999"),
        answer(202, b"", LOCATION, "Range: 0-10239"),
        answer(201),
    )
    content = replace(image(b"x"), blobs=(BLOB,))
    with ScriptedServer(*script, answer(201)) as server, over(server) as repository:
        repository.push(content, "v1", chunk_size=4_000, progress=False)
        bodies = [each.body for each in server.requests if each.line.startswith("PATCH")]
        ranges = [each.headers.get("content-range") for each in server.requests]
    assert [len(body) for body in bodies] == [4_000, 4_000, 4_000, 1_240]
    assert bodies[0] + bodies[1][:1_000] + bodies[2] + bodies[3] == CONTENT
    assert [each for each in ranges if each] == ["0-3999", "4000-7999", "5000-8999", "9000-10239"]


def test_F3_a_put_whose_answer_never_comes_is_asked_about():
    script = answer(404), answer(202, b"", LOCATION), [Reset()], answer(200), answer(201)
    content = replace(image(b"x"), blobs=(BLOB,))
    with ScriptedServer(*script) as server, over(server) as repository:
        assert repository.push(content, "v1", progress=False).blobs[0][1] == "uploaded"
        assert [each.partition(" ")[0] for each in lines(server)] == [
            "HEAD", "POST", "PUT", "HEAD", "PUT",
        ]  # fmt: skip


def test_case_50_an_early_413_is_heard_and_the_blob_goes_in_chunks():
    script = (
        answer(404), answer(202, b"", LOCATION), answer(413, b"<html>too much</html>"), answer(405),
        answer(202, b"", LOCATION), answer(202, b"", LOCATION, "Range: 0-10239"), answer(201),
    )  # fmt: skip
    content = replace(image(b"x"), blobs=(BLOB,))
    with ScriptedServer(*script) as server, over(server) as repository:
        repository.push(content, "v1", progress=False)
        assert [each.partition(" ")[0] for each in lines(server)] == [
            "HEAD", "POST", "PUT", "DELETE", "POST", "PATCH", "PUT", "PUT",
        ]  # fmt: skip


def test_F12_giving_up_takes_no_longer_than_two_seconds():
    """The registry does not even answer."""
    script = answer(404), answer(202, b"", LOCATION), answer(403), [Pause(4.0)]
    content = replace(image(b"x"), blobs=(BLOB,))
    with ScriptedServer(*script) as server, over(server) as repository:
        started = time.monotonic()
        with pytest.raises(Denied) as refused:
            repository.push(content, "v1", progress=False)
        assert time.monotonic() - started < 2.5
        assert len(server.requests) == 4
        assert "canary" not in "".join(map(str, (refused.value, *refused.value.__notes__)))


def test_the_retries_of_the_sender_are_for_what_was_not_done_at_all():
    """F-3: 503 to a chunk is waited for, 500 is asked about."""
    cases = ((503, ["PATCH", "PATCH"]), (500, ["PATCH", "GET", "PATCH"]))
    for status, wanted in cases:
        school = LocalRegistry(sparse=True)
        counted = Counted(instead("PATCH", refusal(status, "X"), school.handle, 1))
        repository = in_a_hurry(opened(counted, "demo/new"))
        repository.push(replace(image(b"x"), blobs=(BLOB,)), chunk_size=20_000, progress=False)
        assert methods(counted)[2:-2] == wanted


def test_events_of_an_upload_show_nothing_of_its_state():
    heard = list[Event]()
    script = answer(404), answer(202, b"", LOCATION), answer(201), answer(201)
    with (
        ScriptedServer(*script) as server,
        over(server) as repository,
        repository.registry.watched_by(heard.append),
    ):
        repository.push(replace(image(b"x"), blobs=(BLOB,)), "v1", progress=False)
    assert any(isinstance(each, BytesMoved) for each in heard)
    shown = "".join(each.url for each in heard if isinstance(each, RequestStarted))
    assert "canary" not in shown + repr(heard)


def test_a_lost_chunk_over_and_over_is_the_network_s_error():
    script = answer(404), answer(202, b"", LOCATION), [Reset()]
    content = replace(image(b"x"), blobs=(BLOB,))
    with (
        ScriptedServer(*script) as server,
        over(server) as repository,
        pytest.raises(TransferError),
    ):
        repository.push(content, chunk_size=4_000, progress=False)
