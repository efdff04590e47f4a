"""How a registry that other programs reach looks: where it is, and how to get there."""

from __future__ import annotations

from ocinb.display import frames, parts
from ocinb.display.frames import Rows, rows
from ocinb.display.parts import code
from ocinb.display.view import Facts, View, Word, view
from ocinb.registry.server import Server


@view.register
def _server(value: Server) -> View:
    state = Word("· closed", tone="dim") if value.closed else Word("✓ serving", tone="good")
    facts = Facts(
        [("host, for clients of registries", code(value.host)), ("URL", parts.value(value.url))]
    )
    python = ("Python", f"ocinb.Registry({value.host!r})")
    ways = parts.commands(
        python, parts.crane("catalog", value.host), parts.oras("repo ls", value.host)
    )
    return View("Server", code(value.host), state, (facts, *(() if value.closed else ways)))


@rows.register
def _server_rows(value: Server) -> Rows:
    row = {name: getattr(value, name) for name in frames.SERVER}
    return Rows(frames.SERVER, [row])
