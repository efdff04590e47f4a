"""How a served registry looks: where it is, and how other programs get there."""

from __future__ import annotations

import ocinb
from ocinb.display import faces
from tests.display.reader import read


def test_a_server_says_where_it_is_and_how_to_get_there_until_it_is_closed():
    with ocinb.LocalRegistry().serve() as server:
        page = read(faces.html(server))
        assert "✓ serving" in page.text
        assert server.url in page.links
        assert f"crane catalog {server.host}" in page.text
        assert f"oras repo ls --plain-http {server.host}" in page.text
        assert f"ocinb.Registry('{server.host}')" in page.text
        (row,) = faces.records(server)
        assert row == {
            "host": server.host, "port": server.port, "url": server.url, "closed": False
        }  # fmt: skip
    closed = read(faces.html(server)).text
    assert "closed" in closed
    assert "crane" not in closed
