"""The suite's branch on blobs, once for each algorithm; tests have the names that it prints."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace

import pytest

from ocinb.oci.digest import Digest
from tests.registry.asking import Streamed
from tests.registry.conformance import steps
from tests.registry.conformance.asking import Asker
from tests.registry.conformance.data import Blob

SIZE = 2048
# What is asked for, and the bytes that come; none when it is refused.
RANGES = {
    "500-1499": (500, 1500),
    "500-": (500, SIZE),
    "-500": (SIZE - 500, SIZE),
    "2000-5000": (2000, SIZE),
    "500-0": (0, 0),
    "5000-10000": (0, 0),
}


def blob(algorithm: str, content: bytes) -> Blob:
    return Blob(Digest(f"{algorithm}:{hashlib.new(algorithm, content).hexdigest()}"), content)


def elsewhere(ask: Asker) -> Asker:
    """Another repository of the same registry, which nobody used."""
    return replace(ask, name=f"{ask.name}-other")


def mount(ask: Asker, it: Blob) -> None:
    source = elsewhere(ask)
    steps.blob_post_put(source, it)
    steps.blob_mount(ask, it, source.name, there=True)
    steps.blob_head(source, it)


def mount_anonymous(ask: Asker, it: Blob) -> None:
    steps.blob_post_put(elsewhere(ask), it)
    steps.blob_mount(ask, it, "", there=True)


def mount_missing(ask: Asker, it: Blob) -> None:
    steps.blob_mount(ask, it, elsewhere(ask).name, there=False)


PUSHES: dict[str, Callable[[Asker, Blob], None]] = {
    "post only": steps.blob_post_only,
    "post+put": steps.blob_post_put,
    "chunked single": steps.blob_patch_chunked,
    "chunked multi": lambda ask, it: steps.blob_patch_chunked(ask, it, 3),
    "chunked multi and put chunk": lambda ask, it: steps.blob_patch_chunked(
        ask, it, 3, with_put=True
    ),
    "chunked out-of-order": lambda ask, it: steps.blob_patch_chunked(ask, it, 3, astray=True),
    "chunked out-of-order and put chunk": lambda ask, it: steps.blob_patch_chunked(
        ask, it, 3, with_put=True, astray=True
    ),
    "stream": steps.blob_patch_stream,
    "mount": mount,
    "mount anonymous": mount_anonymous,
    "mount missing": mount_missing,
}


@pytest.fixture(params=["sha256", "sha512"])
def algorithm(request):
    return request.param


@pytest.fixture
def it(algorithm: str, ask: Asker) -> Blob:
    """A blob that is in no other repository."""
    return blob(algorithm, ask.name.encode().ljust(SIZE, b"."))


@pytest.mark.parametrize("row", PUSHES)
def test_a_blob_is_pushed_read_and_deleted(ask, it, row):
    PUSHES[row](ask, it)
    steps.blob_head(ask, it)
    steps.blob_get(ask, it)
    steps.blob_delete(ask, it)


@pytest.mark.parametrize("content", [b"", b"{}"], ids=["empty", "emptyJSON"])
def test_a_small_blob_is_pushed_read_and_deleted(ask, algorithm, content):
    small = blob(algorithm, content)
    steps.blob_post_put(ask, small)
    steps.blob_head(ask, small)
    steps.blob_get(ask, small)
    steps.blob_delete(ask, small)


def test_get_missing(ask, it):
    assert ask("GET", f"blobs/{it.digest}").status == 404
    assert ask("HEAD", f"blobs/{it.digest}").status == 404


def test_post_cancel(ask, it):
    steps.blob_post_cancel(ask)
    assert ask("HEAD", f"blobs/{it.digest}").status == 404


def test_range_requests(ask, it):
    steps.blob_post_put(ask, it)
    for asked, (start, stop) in RANGES.items():
        steps.blob_range(ask, it, asked, start, stop)


@pytest.mark.parametrize(
    "row", ["post only", "post+put", "chunked", "chunked and put chunk", "stream"]
)
def test_bad_digest(ask, it, row):
    """Content of another digest is refused, and is there under neither."""
    other = it.content[::-1] + b"!"
    if row == "post only":
        answer = ask("POST", f"{steps.UPLOADS}?digest={it.digest}", other)
    else:
        location, half = steps.opened(ask("POST", steps.UPLOADS)), len(other) // 2
        rest = b""
        if row == "stream":
            ask("PATCH", location, Streamed(other))
        elif row == "post+put":
            rest = other
        else:
            assert ask("PATCH", location, other[:half]).status == 202
            rest = other[half:]
        if row == "chunked":
            assert ask("PATCH", location, rest).status == 202
            rest = b""
        answer = ask("PUT", f"{location}?digest={it.digest}", rest)
    assert answer.status == 400
    assert b"DIGEST_INVALID" in answer.body
    for digest in (it.digest, blob(it.digest.algorithm, other).digest):
        assert ask("HEAD", f"blobs/{digest}").status == 404
