"""Pulling over loopback to files on disk: one big blob, then an image of many layers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks import commands
from benchmarks.contender import Contender, Run, python
from benchmarks.content import digests_in
from benchmarks.ground import Ground
from benchmarks.results import Scenario, as_fast, timed

THREADS = 4


def run(ground: Ground) -> Iterator[Scenario]:
    """Both."""
    yield one_blob(ground)
    yield many_layers(ground)


def one_blob(ground: Ground) -> Scenario:
    """One blob, by everybody who can pull one; skopeo pulls the image it is the layer of."""
    (layer,), server = ground.big.layers, ground.plain
    path = f"/v2/bench/big/blobs/{layer.digest}"
    asked = (server.host, "bench/big", layer.digest)
    raw = (server.host, path, layer.digest)

    def script(
        name: str, needs: str, file: str, arguments: tuple[str, ...], *more: str
    ) -> Contender:
        def command(folder: Path) -> list[object]:
            return python(needs, file, "blob", *arguments, folder / "blob", *more)

        return Contender(name, needs, command, tells=True)

    outcome = ground.race(
        [
            script("ocinb", "ocinb", "with_ocinb", asked),
            script("raw sockets", "raw sockets", "with_sockets", raw),
            script("raw sockets, fsync", "raw sockets", "with_sockets", raw, "", "fsync"),
            Contender("curl, unverified", "curl", commands.curl(server, path)),
            *commands.blobs(server, "bench/big", layer.digest),
            *(each for each in commands.images(server, "bench/big") if each.name == "skopeo"),
            script("dxf", "dxf", "with_dxf", asked),
            script("oras-py, unverified", "oras-py", "with_oras", asked),
        ],
        holds({layer.digest}),
    )
    title = f"Pull of one blob of {layer.size >> 20:,} MiB"
    note = "ocinb waits until the file is on the disk (fsync); the limit is shown without and with."
    scenario = timed(title, outcome, "ocinb", layer.size, note)
    scenario.targets = [
        as_fast(outcome, "ocinb", 0.95, "raw sockets", "transfer"),
        as_fast(outcome, "ocinb", 1.2, "crane"),
    ]
    return scenario


def many_layers(ground: Ground) -> Scenario:
    """An image to an OCI image layout; oras-py writes plain files."""
    image, server = ground.many, ground.plain

    def ocinb(threads: int) -> Callable[[Path], list[object]]:
        asked = ("image", server.host, "bench/many", "v1")
        return lambda folder: python("ocinb", "with_ocinb", *asked, folder / "layout", threads)

    def oras_py(folder: Path) -> list[object]:
        return python("oras-py", "with_oras", "image", server.host, "bench/many", "v1", folder)

    outcome = ground.race(
        [
            Contender("ocinb", "ocinb", ocinb(THREADS), tells=True),
            Contender("ocinb, one at a time", "ocinb", ocinb(1), tells=True),
            *commands.images(server, "bench/many"),
            Contender("oras-py, unverified", "oras-py", oras_py, tells=True),
        ],
        holds({layer.digest for layer in image.layers}),
    )
    count, size = len(image.layers), ground.settings.layer_size >> 20
    title = f"Pull of an image of {count} × {size} MiB"
    scenario = timed(title, outcome, "ocinb", image.size, f"ocinb pulls {THREADS} at a time.")
    scenario.targets = [as_fast(outcome, "ocinb", 1.1, "crane")]
    return scenario


def holds(digests: set[str]) -> Callable[[Path, Run], str]:
    """A check that these are among the files a contender wrote."""

    def check(folder: Path, run: Run) -> str:
        absent = digests - digests_in(folder)
        return f"{min(absent)} and {len(absent) - 1} more are not there" if absent else ""

    return check
