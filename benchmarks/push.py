"""Pushing an image of one big layer that the registry does not have.

Who is given an image layout knows the digest already (and crane and oras send the file without
looking at it); who is given a file must hash it first, which is part of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks import commands
from benchmarks.contender import Contender, Run, python
from benchmarks.content import MIB, digests_in
from benchmarks.ground import Ground
from benchmarks.results import Scenario, as_fast, timed

NAME = "bench/pushed"
CHUNK = 16 * MIB
LIMIT = "openssl, then curl -T"
HASHED, CHUNKED, KNOWN = "ocinb", "ocinb, chunks of 16 MiB", "ocinb, digest known"


def run(ground: Ground) -> Iterator[Scenario]:
    """In one piece, and in chunks."""
    (layer,), server = ground.big.layers, ground.plain
    ways = {HASHED: (0,), CHUNKED: (CHUNK,), KNOWN: (0, layer.digest)}

    def script(needs: str, file: str, *more: object) -> Callable[[Path], list[object]]:
        return lambda folder: python(needs, file, "push", server.host, NAME, layer.path, *more)

    def forget() -> None:
        server.storage.forget(NAME, layer.digest)

    def arrived(folder: Path, run: Run) -> str:
        if not server.storage.has(NAME, layer.digest):
            return f"{layer.digest} is not in the registry"
        found = digests_in(server.storage.data(layer.digest).parent)
        return "" if found == {layer.digest} else "the registry holds something else"

    outcome = ground.race(
        [
            *(
                Contender(name, "ocinb", script("ocinb", "with_ocinb", *how), tells=True)
                for name, how in ways.items()
            ),
            *commands.pushes(server, NAME, ground.big_layout, layer.path),
            Contender("dxf", "dxf", script("dxf", "with_dxf"), tells=True),
            Contender("oras-py", "oras-py", script("oras-py", "with_oras"), tells=True),
        ],
        arrived,
        before=forget,
    )
    forget()
    server.storage.add_image("bench/big", ground.big, "v1")
    note = "openssl, dxf, oras-py and ocinb hash the blob first, unless its digest is known."
    title = f"Push of one blob of {layer.size >> 20:,} MiB"
    scenario = timed(title, outcome, HASHED, layer.size, note)
    scenario.targets = [
        *(as_fast(outcome, who, 0.9, LIMIT) for who in (HASHED, CHUNKED)),
        as_fast(outcome, KNOWN, 1.0, "crane"),
    ]
    yield scenario
