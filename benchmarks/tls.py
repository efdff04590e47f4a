"""Pulling one big blob over TLS; those who can may speak HTTP/2, as Go's and curl's clients do."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from benchmarks import commands
from benchmarks.contender import Contender, python
from benchmarks.ground import Ground
from benchmarks.pull import holds
from benchmarks.results import Scenario, as_fast, timed


def run(ground: Ground) -> Iterator[Scenario]:
    """One blob, certificates checked."""
    (layer,), server = ground.big.layers, ground.tls
    path = f"/v2/bench/big/blobs/{layer.digest}"
    asked = (server.host, "bench/big", layer.digest)

    def script(name: str, needs: str, file: str, *arguments: object) -> Contender:
        def command(folder: Path) -> list[object]:
            return python(needs, file, "blob", *arguments, folder / "blob", server.ca)

        return Contender(name, needs, command, tells=True)

    outcome = ground.race(
        [
            script("ocinb", "ocinb", "with_ocinb", *asked),
            script("raw sockets", "raw sockets", "with_sockets", server.host, path, layer.digest),
            Contender("curl, unverified", "curl", commands.curl(server, path, "--http1.1")),
            Contender("curl, HTTP/2", "curl", commands.curl(server, path, "--http2")),
            *commands.blobs(server, "bench/big", layer.digest),
            script("dxf", "dxf", "with_dxf", *asked),
        ],
        holds({layer.digest}),
        ca=server.ca,
    )
    title = f"Pull of one blob of {layer.size >> 20:,} MiB over TLS"
    scenario = timed(title, outcome, "ocinb", layer.size)
    scenario.targets = [as_fast(outcome, "ocinb", 0.75, "curl, unverified")]
    yield scenario
