"""Content as people give it, checked against what a manifest says of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from ocinb.errors import DigestMismatch, InvalidContent
from ocinb.oci.descriptor import Descriptor
from ocinb.oci.digest import Digest
from ocinb.oci.file_part import PIECE
from ocinb.oci.given import Given, blob_of, described
from ocinb.oci.media_types import LAYER

CONTENT = bytes(range(256)) * 3_000  # three pieces
SAID = Descriptor.of(CONTENT, LAYER)


def file(folder: Path, content: bytes = CONTENT) -> Path:
    path = folder / "layer"
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    "give",
    [
        lambda folder: CONTENT,
        file,
        lambda folder: str(file(folder)),
        lambda folder: lambda: CONTENT,
        lambda folder: lambda: (CONTENT[at : at + 7_777] for at in range(0, len(CONTENT), 7_777)),
        lambda folder: file(folder).read_bytes,
    ],
    ids=["bytes", "path", "path as text", "function", "pieces", "method"],
)
def test_content_is_given_in_many_ways_and_read_again_and_again(
    tmp_path: Path, give: Callable[[Path], Given]
):
    blob = described(SAID, give(tmp_path))
    assert blob.descriptor == SAID
    assert b"".join(blob) == b"".join(blob) == CONTENT
    assert max(map(len, blob)) <= len(CONTENT)


def test_it_is_not_opened_before_it_is_read(tmp_path: Path):
    called = []

    def get() -> bytes:
        called.append(1)
        return CONTENT

    blob = described(SAID, get)
    assert called == []
    assert b"".join(blob) == CONTENT
    assert called == [1]


@pytest.mark.parametrize("wrong", [CONTENT[:-1], CONTENT + b"x"])
def test_another_size_is_refused_at_once_where_it_is_known(tmp_path: Path, wrong: bytes):
    for given in (wrong, file(tmp_path, wrong)):
        with pytest.raises(InvalidContent, match="should have 768,000 bytes"):
            described(SAID, given)


def test_other_bytes_are_refused_at_once():
    with pytest.raises(DigestMismatch) as caught:
        described(SAID, b"x" + CONTENT[1:])
    assert (caught.value.expected, caught.value.source) == (SAID.digest, "here")


def test_a_file_that_is_not_there_is_missed_at_once(tmp_path: Path):
    with pytest.raises(FileNotFoundError):
        described(SAID, tmp_path / "none")


@pytest.mark.parametrize("wrong", [CONTENT[:-1] + b"x", CONTENT[:-1], CONTENT + b"x", b""])
@pytest.mark.parametrize("step", [1_000, PIECE, 10_000_000])
def test_other_content_never_comes_to_its_end(wrong: bytes, step: int):
    """So that no registry ever gets all of it."""
    pieces = [wrong[at : at + step] for at in range(0, len(wrong), step)]
    seen: list[bytes] = []
    with pytest.raises((DigestMismatch, InvalidContent)):
        seen.extend(described(SAID, lambda: pieces))
    assert sum(map(len, seen)) < len(CONTENT)


def test_nothing_at_all_is_content_too():
    assert list(described(Descriptor.of(b"", LAYER), lambda: b"")) == []


def test_another_algorithm_is_checked_with_it():
    said = Descriptor(LAYER, Digest.of(CONTENT, "sha512"), len(CONTENT))
    assert b"".join(described(said, lambda: CONTENT)) == CONTENT
    with pytest.raises(DigestMismatch):
        list(described(said, lambda: b"x" + CONTENT[1:]))


def test_what_is_no_content_says_so():
    with pytest.raises(TypeError, match="not as int"):
        described(SAID, 7)  # type: ignore[arg-type]


def test_bytes_and_files_get_their_names(tmp_path: Path):
    for given in (CONTENT, file(tmp_path), str(file(tmp_path))):
        blob = blob_of(given, LAYER)
        assert blob.descriptor == SAID
        assert b"".join(blob) == b"".join(blob) == CONTENT
