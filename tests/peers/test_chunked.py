"""Uploads in chunks, as they are read, and gone on with elsewhere, at real registries."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

import pytest

import ocinb
from ocinb.errors import TransferError
from ocinb.oci import media_types
from ocinb.oci.image import Blob, Image
from ocinb.protocol.messages import Response, Step
from ocinb.protocol.push import push_blob
from ocinb.protocol.stepper import Stepper
from ocinb.protocol.uploads.commit import forgotten
from ocinb.protocol.uploads.session import UploadSession
from ocinb.protocol.uploads.upload import post_blob, stream_blob
from tests.peers.clients import Clients
from tests.peers.registries import Running

pytestmark = pytest.mark.peers

MIB = 1024 * 1024


@pytest.fixture
def content() -> bytes:
    """Three mebibytes and a bit that nobody has seen before."""
    return random.randbytes(3 * MIB + 12_345)


@pytest.fixture
def blob(content: bytes) -> Blob:
    return Blob.of(content, media_types.LAYER)


def send_of(repository: ocinb.Repository) -> Callable[[Step], Response]:
    return repository.registry._sent


@pytest.mark.parametrize("chunk_size", [MIB, 4 * MIB, 100_003])
def test_what_is_pushed_in_chunks_is_read_back_by_others(
    repository: ocinb.Repository, blob: Blob, clients: Clients, chunk_size: int
) -> None:
    config = Blob.of(b'{"os":"linux","architecture":"amd64"}', media_types.CONFIG)
    pushed = repository.push(Image.of(config, [blob]), "v1", chunk_size=chunk_size, progress=False)
    assert {outcome for _, outcome in pushed.blobs} == {"uploaded"}
    assert clients.crane("digest", repository.at("v1")).strip() == pushed.descriptor.digest
    assert repository.pull_blob(blob.descriptor, progress=False) == b"".join(blob)


def test_chunks_are_what_is_sent(repository: ocinb.Repository, blob: Blob) -> None:
    """And nothing goes another way because a registry refused it."""
    image = Image.of(blob, [])
    steps = repository.push_steps(image, chunk_size=MIB)
    while steps.waiting and "/manifests/" not in steps.waiting.request.url:
        steps.step()
    methods = [each.step.request.method for each in steps.taken]
    assert methods == ["HEAD", "POST", "PATCH", "PATCH", "PATCH", "PATCH", "PUT"]
    assert repository.blob_exists(blob.digest)


def test_content_that_is_read_for_the_first_time_is_uploaded_in_one_go(
    repository: ocinb.Repository, content: bytes, blob: Blob
) -> None:
    def read() -> Iterator[bytes]:
        for at in range(0, len(content), 100_000):
            yield content[at : at + 100_000]

    for size in (None, len(content)):
        steps = Stepper(
            stream_blob(repository.name, read, media_types.LAYER, size), send_of(repository)
        )
        assert steps.finish() == blob.descriptor
        assert [each.step.request.method for each in steps.taken] == ["POST", "PATCH", "PUT"]
    assert repository.pull_blob(blob.descriptor, progress=False) == content


def test_a_blob_in_one_post_arrives(repository: ocinb.Repository, blob: Blob) -> None:
    """C16: at once, or in two steps."""
    Stepper(post_blob(repository.name, blob), send_of(repository)).finish()
    assert repository.blob_exists(blob.digest)


def test_an_upload_is_gone_on_with_by_another_kernel(
    registry: Running, repository: ocinb.Repository, blob: Blob
) -> None:
    steps = repository.push_steps(Image.of(blob, []), chunk_size=MIB)
    while not (steps.session and steps.session.offset):
        steps.step()
    kept = steps.session.to_json()
    with ocinb.Registry(registry.host) as elsewhere:
        there = elsewhere[repository.name]
        going_on = there.resume_upload_steps(UploadSession.from_json(kept), blob)
        assert going_on.finish() == blob.descriptor
        assert [each.step.request.method for each in going_on.taken] == ["GET", "PATCH", "PUT"]
        assert there.pull_blob(blob.descriptor, progress=False) == b"".join(blob)


@pytest.mark.parametrize("lost", [0, 1, 2, 3])
def test_an_answer_that_is_lost_is_asked_about(
    repository: ocinb.Repository, blob: Blob, lost: int
) -> None:
    """C22, F-3: the first chunk's, a later one's, and that to the end."""
    ways, send = iter(range(100)), send_of(repository)

    def losing(step: Step) -> Response:
        response = send(step)
        if step.request.method in ("PATCH", "PUT") and next(ways) == lost:
            raise TransferError("the answer was lost")
        return response

    steps = Stepper(push_blob(repository.name, blob, chunk_size=2 * MIB), losing)
    assert steps.finish() == "uploaded"
    assert repository.pull_blob(blob.descriptor, progress=False) == b"".join(blob)


def test_an_upload_that_is_given_up_is_gone(repository: ocinb.Repository, blob: Blob) -> None:
    """C24."""
    steps = repository.push_steps(Image.of(blob, []), chunk_size=MIB)
    while not (steps.session and steps.session.offset):
        steps.step()
    session = steps.session
    steps.close()
    assert forgotten(send_of(repository)(session.status_step()))
