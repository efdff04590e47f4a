"""Blobs that stay where they are: mounted by the same registry, streamed to another one."""

from __future__ import annotations

import itertools
import tempfile
import tracemalloc
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import ocinb
from ocinb import faults
from ocinb.client.registry import Registry
from ocinb.client.repository import Repository
from ocinb.errors import Cancelled, DigestMismatch, NotFound
from ocinb.layers.build import Image
from ocinb.oci import annotations as keys
from ocinb.oci.image import Blob
from ocinb.protocol import endpoints
from ocinb.protocol.events import Event, RequestStarted
from ocinb.protocol.fields.headers import Headers
from ocinb.protocol.messages import Request, Response
from ocinb.protocol.progress.progress_info import ProgressInfo
from ocinb.registry.app import LocalRegistry
from ocinb.registry.faults import When
from tests.client.together import no_thread_left

LARGE = bytes(range(256)) * 4_096 * 8  # 8 MiB
GET_BLOB = When(endpoints.GET_BLOB)


@pytest.fixture(autouse=True)
def nobody_stays() -> Iterator[None]:
    with no_thread_left():
        yield


@pytest.fixture
def school() -> Iterator[LocalRegistry]:
    """A registry with an image of one large layer, `base:v1`."""
    with LocalRegistry() as school:
        base = Image.scratch().add_layer([("/large", LARGE)], compression="none")
        Repository("base", registry=school).push(base, "v1", progress=False)
        yield school


@pytest.fixture
def target() -> Repository:
    return Repository("app", registry=LocalRegistry())


def built(registry: Any) -> Image:
    """An image on the base that is there, with a layer of its own."""
    return Image.from_(Repository("base", registry=registry)["v1"]).add_layer([("/a", b"hello")])


def outcomes(repository: Repository, made: Image) -> list[str]:
    """What became of its config, the base's layer and its own."""
    return [outcome for _, outcome in repository.push(made, "v1", progress=False).blobs]


def layer(repository: Repository) -> bytes:
    """The base's layer, as it is there now."""
    return repository["v1"].layers[0].read()  # type: ignore[union-attr]  # it is an image


class Repeated:
    """The same piece again and again."""

    def __init__(self, piece: bytes, times: int) -> None:
        self._piece, self._times = piece, times

    def __iter__(self) -> Iterator[bytes]:
        return itertools.repeat(self._piece, self._times)


class WithoutParts:
    """A registry that knows no `Range`."""

    repositories = ()

    def __init__(self, school: Any) -> None:
        self._school = school

    def handle(self, request: Request) -> Response:
        kept = {name: value for name, value in request.headers.items() if name != "range"}
        answer: Response = self._school.handle(replace(request, headers=Headers(kept)))
        return answer


# Where it goes


def test_a_base_s_layer_is_mounted_where_the_registry_is_the_same(school: LocalRegistry):
    asked: list[Event] = []
    registry = Registry(school)
    with registry.watched_by(asked.append):
        made = built(school)
        assert outcomes(registry["app"], made) == ["uploaded", "mounted", "uploaded"]
    assert layer(registry["app"]) == b"".join(made.layers[0])


def test_it_is_the_same_registry_by_its_address_whoever_asks(school: LocalRegistry):
    with school.serve() as server, Registry(server.host) as one, Registry(server.host) as other:
        made = Image.from_(one["base"]["v1"]).label("a", "b")
        assert outcomes(other["app"], made) == ["uploaded", "mounted"]


def test_it_is_not_mounted_from_the_repository_it_goes_to(school: LocalRegistry):
    repository = Repository("base", registry=school)
    asked: list[str] = []

    def note(event: Event) -> None:
        if isinstance(event, RequestStarted):
            asked.append(event.url)

    with repository.registry.watched_by(note):
        steps = repository.push_steps(built(school), "v2")
        steps.finish()
    assert not [url for url in asked if "mount=" in url]


def test_what_somebody_names_is_for_the_blobs_that_come_from_nowhere(school: LocalRegistry):
    other = Repository("other", registry=school)
    made = built(school)
    other.push(made, "v1", progress=False)
    again = Repository("app", registry=school).push(made, mount_from="other", progress=False)
    assert [outcome for _, outcome in again.blobs] == ["mounted"] * 3


def test_a_base_s_layer_is_streamed_to_another_registry(school: LocalRegistry, target: Repository):
    made = built(school)
    assert outcomes(target, made) == ["uploaded"] * 3
    assert layer(target) == b"".join(made.layers[0])
    annotations = target["v1"].document.annotations
    assert annotations[keys.BASE_NAME] == "local/base:v1"


def test_over_the_network_neither_memory_nor_a_file_ever_has_all_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    times = 12
    with ExitStack() as stack:
        source, goal = (
            stack.enter_context(LocalRegistry(tmp_path / name)).serve() for name in ("a", "b")
        )
        here, there = (stack.enter_context(Registry(each.host)) for each in (source, goal))
        described = here["base"].push_blob(Repeated(LARGE, times), progress=False)
        blob = here["base"].blob(described)
        monkeypatch.setattr(tempfile, "TemporaryFile", None)
        tracemalloc.start()
        try:
            made = ocinb.Image.of(Blob.of(b"{}", "a/b"), [blob])
            pushed = there["app"].push(made, "v1", progress=False)
            most = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        assert [outcome for _, outcome in pushed.blobs] == ["uploaded"] * 2
        assert there["app"].blob_exists(described.digest)
        assert described.size == times * len(LARGE)
        assert most < 24 * 1024 * 1024


def test_it_can_be_sent_in_chunks_too(school: LocalRegistry, target: Repository):
    made = built(school)
    target.push(made, "v1", chunk_size=1024 * 1024, progress=False)
    assert layer(target) == b"".join(made.layers[0])


# What goes wrong


def test_what_breaks_off_at_the_source_goes_on_by_range(school: LocalRegistry, target: Repository):
    made = built(faults.cut(school, 3_000_000, GET_BLOB))
    outcomes(target, made)
    assert len(layer(target)) > len(LARGE)


def test_what_begins_again_at_the_source_goes_on_where_it_was(
    school: LocalRegistry, target: Repository
):
    once = When(endpoints.GET_BLOB, first=2)  # of the config, too, which is not so long
    made = built(WithoutParts(faults.cut(school, 3_000_000, once)))
    outcomes(target, made)
    assert len(layer(target)) > len(LARGE)


def test_what_is_not_what_its_digest_says_is_never_passed_on_whole(
    school: LocalRegistry, target: Repository
):
    made = built(faults.flip(school, 5_000_000, GET_BLOB))
    with pytest.raises(DigestMismatch):
        b"".join(made.layers[0])
    with pytest.raises(DigestMismatch):
        target.push(made, "v1", progress=False)
    assert not target.blob_exists(made.layers[0].digest)


def test_a_layer_that_is_gone_is_told_in_the_words_of_its_registry(
    school: LocalRegistry, target: Repository
):
    made = built(school)
    base = Repository("base", registry=school)
    base.delete("v1")
    base.delete(made.manifest.annotations[keys.BASE_DIGEST])
    base.delete_blob(made.layers[0].digest)
    with pytest.raises(NotFound, match="local/v2/base/blobs/"):
        target.push(made, "v1", progress=False)


def test_stopping_the_push_stops_the_source_too(school: LocalRegistry, target: Repository):
    def stop(info: ProgressInfo) -> None:
        if info.bytes_sent > 1_000_000:
            raise Cancelled("enough")

    with school.serve() as server, Registry(server.host) as registry:
        made = Image.from_(registry["base"]["v1"])
        with pytest.raises(Cancelled):
            target.push(made, "v1", progress=stop)
    assert target.head("v1") is None


def test_who_listens_to_a_push_hears_nothing_of_the_source(
    school: LocalRegistry, target: Repository
):
    heard: list[ProgressInfo] = []
    target.push(built(school), "v1", progress=heard.append)
    assert heard
    assert not any(info.bytes_received for info in heard)
