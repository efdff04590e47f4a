"""Pushing one blob, whatever it is given as, and pulling one with what is known of it."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from ocinb.client.repository import Repository
from ocinb.client.verbs.uploading import Single
from ocinb.errors import InvalidContent, InvalidReference, NotSupported
from ocinb.oci.descriptor import Descriptor
from ocinb.oci.digest import Digest
from ocinb.oci.image import Blob
from ocinb.oci.media_types import LAYER, OCTET_STREAM
from ocinb.protocol.messages import Response
from ocinb.protocol.progress.progress_info import ProgressInfo, placed
from ocinb.registry.app import LocalRegistry
from tests.client.asking import Counted, instead, opened

CONTENT = bytes(range(256)) * 40
SAID = Descriptor.of(CONTENT, LAYER)


@pytest.fixture
def counted() -> Counted:
    return Counted(LocalRegistry().handle)


@pytest.fixture
def repository(counted: Counted) -> Repository:
    return opened(counted)


def methods(counted: Counted) -> list[str]:
    return [line.partition(" ")[0] for line in counted.since()]


def file(folder: Path) -> Path:
    path = folder / "blob"
    path.write_bytes(CONTENT)
    return path


NAMED: dict[str, Callable[[Path], Single]] = {
    "bytes": lambda folder: CONTENT,
    "path": file,
    "path as text": lambda folder: str(file(folder)),
    "blob": lambda folder: Blob.of(CONTENT, LAYER),
}
ONCE: dict[str, Callable[[Path], Single]] = {
    "file": lambda folder: io.BytesIO(CONTENT),
    "generator": lambda folder: (CONTENT[at : at + 999] for at in range(0, len(CONTENT), 999)),
    "list": lambda folder: [CONTENT[:5], CONTENT[5:]],
}


@pytest.mark.parametrize("given", NAMED)
def test_what_can_be_named_first_is_sent_only_when_it_is_not_there(
    given: str, counted: Counted, repository: Repository, tmp_path: Path
):
    content = NAMED[given](tmp_path)
    assert repository.push_blob(content, LAYER, progress=False) == SAID
    assert methods(counted) == ["HEAD", "POST", "PUT"]
    assert repository.push_blob(content, LAYER, progress=False) == SAID
    assert methods(counted) == ["HEAD"]
    assert repository.pull_blob(SAID.digest, progress=False) == CONTENT


@pytest.mark.parametrize("size", [None, len(CONTENT)])
@pytest.mark.parametrize("given", ONCE)
def test_what_can_be_read_only_once_is_named_on_its_way(
    given: str, size: int | None, counted: Counted, repository: Repository, tmp_path: Path
):
    content = ONCE[given](tmp_path)
    assert repository.push_blob(content, LAYER, size=size, progress=False) == SAID
    assert methods(counted) == ["POST", "PATCH", "PUT"]
    assert repository.pull_blob(SAID, progress=False) == CONTENT


def test_a_small_one_goes_in_one_request(counted: Counted, repository: Repository):
    """C16, end-4b."""
    assert repository.push_blob(b"hello", at_once=True, progress=False).media_type == OCTET_STREAM
    assert methods(counted) == ["POST"]


def test_a_large_one_goes_in_chunks(counted: Counted, repository: Repository):
    repository.push_blob(CONTENT, chunk_size=4_096, progress=False)
    assert methods(counted) == ["HEAD", "POST", *["PATCH"] * 3, "PUT"]


def test_what_can_be_read_only_once_and_is_refused_says_what_to_do(counted: Counted):
    handle = instead("PATCH ", Response(405), LocalRegistry().handle)
    repository = opened(Counted(handle))
    with pytest.raises(NotSupported, match="only once") as caught:
        repository.push_blob(iter([CONTENT]), progress=False)
    assert "write it to a file first" in caught.value.hints[0]


@pytest.mark.parametrize("wrong", [7, None, object()])
def test_what_is_no_content_is_refused_first(counted: Counted, repository: Repository, wrong):
    with pytest.raises(TypeError, match="a blob is given as"):
        repository.push_blob(wrong)
    with pytest.raises(InvalidContent):
        repository.push_blob(CONTENT, "no type")
    with pytest.raises(InvalidReference):
        repository.push_blob(iter([CONTENT]), size=-1)
    assert counted.asked == []


def test_it_can_be_walked(counted: Counted, repository: Repository):
    steps = repository.push_blob_steps(CONTENT)
    assert counted.since() == []
    while steps.waiting:
        steps.step()
    assert steps.result.digest == SAID.digest


def test_a_callback_is_told_the_place_that_was_given(repository: Repository):
    """The options of ocibuild: `layer_index`, `total_layers`."""
    sent: list[ProgressInfo] = []
    repository.push_blob(CONTENT, progress=sent.append, layer_index=3, total_layers=7)
    assert sent[-1] == ProgressInfo("uploading", 3, 7, 0, len(CONTENT), len(CONTENT))
    fetched: list[ProgressInfo] = []
    repository.pull_blob(
        SAID.digest, size=SAID.size, progress=fetched.append, layer_index=3, total_layers=7
    )
    assert fetched[-1] == ProgressInfo("layer", 3, 7, len(CONTENT), 0, len(CONTENT))


def test_only_what_was_given_is_told_and_never_of_a_manifest():
    told: list[ProgressInfo] = []
    info = ProgressInfo("layer", 0, 1, 5, 0, 9)
    manifest = ProgressInfo("manifest", None, 0, 5, 0, 9)
    call = placed(told.append, 2, None)
    call(info)
    call(manifest)
    placed(told.append, None, 4)(info)
    placed(told.append, None, None)(info)
    assert told == [
        ProgressInfo("layer", 2, 1, 5, 0, 9), manifest, ProgressInfo("layer", 0, 4, 5, 0, 9), info,
    ]  # fmt: skip
    assert placed(True, 1, 2) is True
    assert placed(None, 1, 2) is None


# What is known of a blob that is pulled


def test_a_size_that_is_known_need_not_be_asked_for(counted: Counted, repository: Repository):
    repository.push_blob(CONTENT, progress=False)
    counted.since()
    assert repository.pull_blob(SAID.digest, size=SAID.size, progress=False) == CONTENT
    assert methods(counted) == ["GET"]
    assert repository.pull_blob(SAID.digest, progress=False) == CONTENT
    assert methods(counted) == ["HEAD", "GET"]


def test_a_size_that_is_wrong_is_found_out(repository: Repository):
    repository.push_blob(CONTENT, progress=False)
    for size in (len(CONTENT) - 1, len(CONTENT) + 1):
        with pytest.raises(Exception, match=r"bytes"):
            repository.pull_blob(SAID.digest, size=size, progress=False)
    with pytest.raises(InvalidReference):
        repository.pull_blob(Digest.of(b"x"), size=-1)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes")
def test_a_device_or_a_pipe_is_not_replaced_by_a_file(repository: Repository, tmp_path: Path):
    """Whoever pulls into /dev/null, and may, must not take it from everybody."""
    there = repository.push_blob(CONTENT)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(FileExistsError, match="device or a pipe"):
        repository.pull_blob(there, into=tmp_path / "pipe")
    assert (tmp_path / "pipe").is_fifo()
    assert [each.name for each in tmp_path.iterdir()] == ["pipe"]


def test_a_file_that_is_opened_as_text_is_refused_before_anything_is_sent(tmp_path: Path):
    (tmp_path / "blob").write_text("text")
    counted = Counted(LocalRegistry().handle)
    with (tmp_path / "blob").open() as file, pytest.raises(TypeError, match="'rb'"):
        Repository("demo/app", registry=counted).push_blob(file)  # type: ignore[arg-type]
    assert counted.asked == []
