"""Kept connections, and when they are not used again (F-13)."""

from __future__ import annotations

import os

import pytest

from ocinb.client.wire import pools
from ocinb.client.wire.transport import Transport
from ocinb.protocol.messages import Request
from tests.client.exchanges import get
from tests.client.scripted import ScriptedServer, answer


def test_connections_are_kept_after_get_head_and_refusals(line: Transport):
    script = answer(200, b"x"), answer(404, b"no"), answer(200, length=5), answer(204)
    with ScriptedServer(*script) as server:
        for method in ("GET", "GET", "HEAD", "GET"):
            line.exchange(Request(method, f"{server.url}/v2/"))
        assert {heard.connection for heard in server.requests} == {1}


def test_idle_connections_go_when_there_are_many_origins(line: Transport, monkeypatch):
    monkeypatch.setattr(pools, "MOST", 2)
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
        parent = line._connections._pools._pools
        monkeypatch.setattr(os, "getpid", lambda: -1)
        line.exchange(get(f"{server.url}/x"))
        assert [heard.connection for heard in server.requests] == [1, 2]
        for pool in parent.values():
            pool.close()


def test_a_closed_transport_says_so_and_closing_twice_is_fine():
    line = Transport()
    line.close()
    line.close()
    with pytest.raises(RuntimeError, match="closed"):
        line.exchange(get("http://127.0.0.1:1/"))
