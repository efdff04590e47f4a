"""What a registry may be told: how many at a time, how long without a byte, how often."""

from __future__ import annotations

import pytest

from ocinb.client.registry import Registry
from ocinb.client.repository import Repository
from ocinb.client.retry import Retry
from ocinb.client.wire.deadlines import Timeouts
from ocinb.registry.app import LocalRegistry
from tests.client.asking import Counted
from tests.client.scripted import Pause, ScriptedServer, answer


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
        Registry("ghcr.io", **options)


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


def test_so_many_attempts_are_made_and_each_waits_so_long():
    with ScriptedServer([Pause(1.0), answer(200)]) as server:
        where = f"127.0.0.1:{server.port}"
        with (
            Registry(where, timeout=0.2, attempts=2, plain_http=True) as registry,
            pytest.raises(Exception, match="no answer in time"),
        ):
            registry.ping()
        assert len(server.requests) == 2
