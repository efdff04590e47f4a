"""Kept connections, and when they are not used again (F-13)."""

from __future__ import annotations

import contextlib
import gc
import os
import threading
import time
from dataclasses import replace

import pytest

from ocinb.client.addresses import split
from ocinb.client.moving import crew
from ocinb.client.wire import pools
from ocinb.client.wire.transport import Transport
from ocinb.errors import TransferError, Unreachable
from ocinb.protocol.events import RequestStarted
from ocinb.protocol.messages import Request
from tests.client.exchanges import QUICK, get, watched
from tests.client.scripted import Close, Part, Pause, Reset, ScriptedServer, answer


def test_connections_are_kept_after_get_head_and_refusals(line: Transport):
    script = answer(200, b"x"), answer(404, b"no"), answer(200, length=5), answer(204)
    with ScriptedServer(*script) as server:
        for method in ("GET", "GET", "HEAD", "GET"):
            line.exchange(Request(method, f"{server.url}/v2/"))
        assert {heard.connection for heard in server.requests} == {1}


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "PATCH"])
def test_a_connection_that_was_closed_meanwhile_is_not_used(line: Transport, method: str):
    with ScriptedServer([answer(200), Close()], answer(200, b"next")) as server:
        line.exchange(get(f"{server.url}/x"))
        time.sleep(0.1)
        line.exchange(Request(method, f"{server.url}/x", body=b"" if method == "HEAD" else b"abc"))
        assert [heard.connection for heard in server.requests] == [1, 2]


@pytest.mark.parametrize("end", [Close(), Reset()])
@pytest.mark.parametrize(("method", "again"), [("GET", True), ("DELETE", True), ("PATCH", False)])
def test_one_that_ends_as_it_is_used_is_replaced_when_that_does_no_harm(
    line: Transport, method: str, again: bool, end: Part
):
    """F-3, F-13: no answer began, so there was no second try that anybody has to wait for."""
    seen = watched(line)
    with ScriptedServer(answer(200), [end], answer(200, b"next")) as server:
        line.exchange(get(f"{server.url}/x"))
        request = Request(method, f"{server.url}/x")
        if again:
            assert line.exchange(request).body == b"next"
        else:
            with pytest.raises(TransferError):
                line.exchange(request)
        assert [heard.connection for heard in server.requests] == [1, 1, 2][: 3 if again else 2]
    assert sum(isinstance(event, RequestStarted) for event in seen) == 2


def test_a_new_connection_that_ends_is_not_replaced(line: Transport):
    with ScriptedServer([Close()]) as server:
        with pytest.raises(TransferError):
            line.exchange(get(f"{server.url}/x"))
        assert len(server.requests) == 1


def test_connections_to_one_place_are_bounded_and_waited_for(monkeypatch):
    monkeypatch.setattr(pools, "MOST", 1)
    line = Transport(timeouts=replace(QUICK, read=2, pool=0.1))
    slow: list[Part] = [Pause(0.5), answer(200)]
    with ScriptedServer(slow, answer(200)) as server:
        first = threading.Thread(target=line.exchange, args=(get(f"{server.url}/x"),))
        first.start()
        time.sleep(0.2)
        with pytest.raises(Unreachable, match="too many requests at once"):
            line.exchange(get(f"{server.url}/x"))
        first.join()
        assert line.exchange(get(f"{server.url}/x")).status == 200
        line.close()


def test_a_thousand_requests_leak_nothing(line: Transport):
    odd = answer(200, b"surplus", length=1)
    with ScriptedServer(
        answer(200, b"x"), odd, [answer(200, length=5), Close()], answer(200)
    ) as server:
        for _ in range(4):
            with contextlib.suppress(TransferError):
                line.exchange(get(f"{server.url}/x"))
        before = len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 0
        for _ in range(1_000):
            line.exchange(get(f"{server.url}/x"))
        after = len(os.listdir("/proc/self/fd")) if before else 0
        assert len({heard.connection for heard in server.requests}) < 5
    assert after <= before  # what earlier tests left may be collected meanwhile


def test_what_is_forgotten_closes_its_connections():
    line = Transport()
    with ScriptedServer(answer(200)) as server:
        line.exchange(get(f"{server.url}/x"))
        del line
        gc.collect()
        deadline = time.monotonic() + 2
        while any(thread.is_alive() for thread in server._threads[1:]):
            assert time.monotonic() < deadline
            time.sleep(0.01)


def test_idle_connections_go_when_there_are_many_origins(line: Transport, monkeypatch):
    monkeypatch.setattr(pools, "_PLACES", 2)
    one, two, three = (ScriptedServer(answer(200)) for _ in range(3))
    with one as a, two as b, three as c:
        for server in (a, b, c, a):
            line.exchange(get(f"{server.url}/x"))
        assert [heard.connection for heard in a.requests] == [1, 2]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_fork_does_not_use_its_parent_s_connections(line: Transport, monkeypatch):
    """F-13."""
    with ScriptedServer(answer(200)) as server:
        line.exchange(get(f"{server.url}/x"))
        monkeypatch.setattr(os, "getpid", lambda: -1)
        line.exchange(get(f"{server.url}/x"))
        assert [heard.connection for heard in server.requests] == [1, 2]


def test_a_closed_transport_says_so_and_closing_twice_is_fine():
    line = Transport()
    line.close()
    line.close()
    with pytest.raises(RuntimeError, match="closed"):
        line.exchange(get("http://127.0.0.1:1/"))


def test_as_many_connections_as_go_side_by_side_are_had_at_once():
    """Nobody of the largest crew has to wait for another's big blob, nor who watches them."""
    place, kept = (split("http://registry.example")[0], None), pools.Pools()
    leases = [kept.lease(place, 0.1) for _ in range(crew.MOST + 1)]
    assert len(leases) == crew.MOST + 1
