"""What a registry may be told: how many at a time, how long without a byte, how often."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ocinb.client.limits import the_timeouts
from ocinb.client.moving import crew
from ocinb.client.registry import Registry
from ocinb.client.repository import Repository
from ocinb.client.retry import Retry
from ocinb.client.wire.deadlines import Timeouts
from ocinb.errors import TransferError
from ocinb.oci.descriptor import Descriptor
from ocinb.oci.media_types import LAYER
from ocinb.registry.app import LocalRegistry
from tests.client.asking import Counted
from tests.client.scripted import Pause, ScriptedServer, answer

ONE = Descriptor.of(b"one", LAYER)


@pytest.mark.parametrize("name", ["concurrency", "attempts", "timeout"])
@pytest.mark.parametrize("value", [0, -1, 10**9, float("nan"), True, "4", None])
def test_what_cannot_be_is_refused_before_anything_is_sent(name: str, value: object):
    counted = Counted(LocalRegistry().handle)
    for make in (
        lambda: Registry(counted, **{name: value}),  # type: ignore[arg-type]
        lambda: Repository("demo/app", registry=counted, **{name: value}),  # type: ignore[arg-type]
        lambda: Repository("ghcr.io/demo/app", **{name: value}),  # type: ignore[arg-type]
    ):
        with pytest.raises((ValueError, TypeError), match=f"^{name} is"):
            make()
    assert counted.asked == []


def test_the_greatest_and_the_least_are_taken():
    for options in (
        {"concurrency": 1, "attempts": 1, "timeout": 0.1},
        {"concurrency": 64, "attempts": 100, "timeout": 86_400},
    ):
        expression = Registry("ghcr.io", **options).expression
        assert all(f"{name}={value!r}" in expression for name, value in options.items())


def test_U12_four_blobs_move_at_a_time_unless_it_is_told_otherwise():
    """Some registries hold back those who ask for more; how many really do is seen in `moving`."""
    assert Registry("ghcr.io")._crew._size == crew.USUAL == 4
    assert Registry("ghcr.io", concurrency=2)._crew._size == 2


def test_they_stand_in_the_expression_when_they_are_not_the_usual_ones():
    usual = Registry("ghcr.io", concurrency=4, timeout=30, attempts=5)
    assert usual.expression == "ocinb.Registry('ghcr.io')"
    other = Repository("ghcr.io/demo/app", concurrency=8, timeout=2.5, attempts=1)
    assert other.expression == (
        "ocinb.Repository('ghcr.io/demo/app', concurrency=8, timeout=2.5, attempts=1)"
    )


def test_the_usual_ones_are_those_of_the_wire():
    sender = Registry("ghcr.io")._sender
    assert sender._retry.attempts == Retry().attempts == 5
    assert sender._transport._timeouts == Timeouts()


def test_who_waits_longer_waits_longer_for_all_of_it():
    assert the_timeouts(300).whole == 300
    assert the_timeouts(3).whole == Timeouts().whole


def test_so_many_attempts_are_made_and_each_waits_so_long():
    with ScriptedServer([Pause(1.0), answer(200)]) as server:
        where = f"127.0.0.1:{server.port}"
        with (
            Registry(where, timeout=0.2, attempts=2, plain_http=True) as registry,
            pytest.raises(TransferError, match="no answer in time") as caught,
        ):
            registry.ping()
        (hint,) = caught.value.hints
        assert hint.startswith("it waited 0.2 seconds")
        assert "timeout=0.4" in hint
        assert len(server.requests) == 2


@pytest.mark.parametrize("size", [0, -1, 1.5, True, "10", float("nan")])
def test_a_page_of_no_size_is_refused_before_anything_is_sent(size: Any):
    counted = Counted(LocalRegistry().handle)
    registry = Registry(counted)
    for ask in (registry["demo/app"].tags, registry["demo/app"].tags_steps, registry.catalog):
        with pytest.raises((ValueError, TypeError), match=r"^page_size is"):
            ask(size)
    assert counted.asked == []


@pytest.mark.parametrize(
    "options",
    [
        {"progress": "yes"},
        {"progress": 5},
        {"into": 5},
        {"layer_index": "x"},
        {"layer_index": -1},
        {"total_layers": 1.5},
        {"layer_index": 2, "total_layers": 2},
    ],
)
def test_a_blob_is_not_asked_for_in_a_way_that_cannot_be(options: dict[str, Any]):
    counted = Counted(LocalRegistry().handle)
    repository = Repository("demo/app", registry=counted)
    with pytest.raises((ValueError, TypeError), match=f"^({'|'.join(options)}) is"):
        repository.pull_blob(ONE, **options)
    assert counted.asked == []


@pytest.mark.parametrize("limit", ["x", True, None, 1.5, -1])
def test_what_may_be_read_into_memory_is_a_number_of_bytes(limit: Any):
    counted = Counted(LocalRegistry().handle)
    repository = Repository("demo/app", registry=Registry(counted))
    for ask in (
        lambda: repository.pull_blob(ONE, limit=limit),
        lambda: repository.pull_blob_steps(ONE, limit=limit),
        lambda: repository.pull_blob_part(ONE, 0, 1, limit=limit),
        lambda: repository.pull_blob_part_steps(ONE, 0, 1, limit=limit),
    ):
        with pytest.raises((ValueError, TypeError), match=r"^limit is"):
            ask()
    assert counted.asked == []


def test_a_size_that_is_not_the_descriptor_s_is_refused_before_anything_is_sent():
    counted = Counted(LocalRegistry().handle)
    repository = Repository("demo/app", registry=Registry(counted))
    for pull in (repository.pull_blob, repository.pull_blob_steps):
        with pytest.raises(ValueError, match="size is 5, but the descriptor says 3"):
            pull(ONE, size=5)
    assert counted.asked == []


@pytest.mark.parametrize("into", ["http://x/y", "HTTPS://ada:secret@x/y"])
def test_a_url_is_no_folder(into: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    counted = Counted(LocalRegistry().handle)
    repository = Repository("demo/app", registry=Registry(counted))
    for pull in (repository.pull, repository.pull_steps):
        with pytest.raises(ValueError, match="not to a URL") as caught:
            pull("v1", into)
        assert "secret" not in str(caught.value)
    assert counted.asked == []
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("realms", ["auth.example.com", [5], ["https://auth.example.com/"]])
def test_realms_are_hosts_and_several(realms: Any):
    with pytest.raises((ValueError, TypeError), match=r"^trust_realms are hosts"):
        Registry("ghcr.io", trust_realms=realms)


@pytest.mark.parametrize(
    "who", [{"token": 5}, {"username": 1, "password": "x"}, {"username": "x", "password": b"x"}]
)
def test_credentials_are_text(who: dict[str, Any]):
    with pytest.raises(TypeError, match=r"^username, password and token are text$"):
        Registry("ghcr.io", **who)
