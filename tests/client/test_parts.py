"""A part of a blob, by whoever asks: over a socket, of a layer, of a registry without ranges."""

from __future__ import annotations

import tracemalloc
from dataclasses import replace

import pytest

from ocinb.client.repository import Repository
from ocinb.errors import NotFound, RegistryError
from ocinb.oci.digest import Digest
from ocinb.oci.media_types import LAYER
from ocinb.protocol.fields.headers import Headers
from ocinb.protocol.messages import Request, Response
from ocinb.registry.app import LocalRegistry
from tests.client.asking import Counted, an_image, an_index, image, opened

CONTENT = bytes(range(256)) * 8_192  # 2 MiB


@pytest.fixture
def counted() -> Counted:
    return Counted(LocalRegistry().handle, "demo/app")


@pytest.fixture
def repository(counted: Counted) -> Repository:
    return opened(counted)


def test_C8_a_part_is_what_a_slice_would_be(counted: Counted, repository: Repository):
    """By descriptor and by digest, each in one request."""
    blob = repository.push_blob(CONTENT, LAYER, progress=False)
    counted.since()
    for start, stop in ((0, 10), (100, 5_000), (len(CONTENT) - 3, len(CONTENT) + 9)):
        assert repository.pull_blob_part(blob, start, stop) == CONTENT[start:stop]
        assert repository.pull_blob_part(blob.digest, start, stop) == CONTENT[start:stop]
    assert counted.since() == [f"GET /v2/demo/app/blobs/{blob.digest}"] * 6


def test_a_part_over_a_socket_keeps_its_connection(school: LocalRegistry):
    with school.serve() as server, Repository(f"{server.host}/demo/app") as repository:
        blob = repository.push_blob(CONTENT, LAYER, progress=False)
        assert repository.pull_blob_part(blob, 70_000, 70_010) == CONTENT[70_000:70_010]
        assert repository.pull_blob_part(blob, 5, 900_000) == CONTENT[5:900_000]
        with pytest.raises(RegistryError, match="416") as refused:
            repository.pull_blob_part(blob.digest, 3 * 1024**2, 3 * 1024**2 + 1)
        assert "has 2,097,152 bytes" in refused.value.hints[0]


def test_a_layer_is_read_in_part(school: LocalRegistry):
    """Where its archive ends, say, which is where some keep what is in it."""
    layer = an_image(an_index(opened(school))).layers[0]
    whole = layer.read()
    assert layer.read_part(0, 2) == whole[:2] == b"\x1f\x8b"
    assert layer.read_part(layer.size - 8, layer.size) == whole[-8:]
    with pytest.raises(ValueError, match="none from"):
        layer.read_part(layer.size, layer.size + 1)


def test_D6_of_a_registry_without_ranges_no_more_than_the_part_is_kept(repository: Repository):
    blob = repository.push_blob(bytes(64) + CONTENT * 8, LAYER, progress=False)

    def whole(request: Request) -> Response:
        return handle(replace(request, headers=Headers()))

    counted = repository.registry.embedded
    assert isinstance(counted, Counted)
    handle, counted._handle = counted._handle, whole
    tracemalloc.start()
    try:
        assert repository.pull_blob_part(blob, len(CONTENT) * 7, len(CONTENT) * 7 + 64) == bytes(
            CONTENT[-64:]
        )
        assert tracemalloc.get_traced_memory()[1] < 4 * 1024**2
    finally:
        tracemalloc.stop()


def test_it_may_be_asked_for_by_somebody_else(school: LocalRegistry):
    repository = opened(school)
    repository.push(image(b"layer"), "new", progress=False)
    assert repository.pull_blob_part(Digest.of(b"layer"), 1, 3, auth={}) == b"ay"
    with pytest.raises(NotFound):
        repository.pull_blob_part(Digest.of(b"no"), 0, 1)
