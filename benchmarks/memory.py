"""How much memory ocinb takes over what it takes when idle, whatever the size of what it moves."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from benchmarks.contender import Contender, Failed, python, timed
from benchmarks.content import MIB
from benchmarks.ground import Ground
from benchmarks.place import emptied
from benchmarks.push import CHUNK, NAME
from benchmarks.results import Line, Scenario, Target

MOST = 32  # MiB
TOGETHER = 4


def run(ground: Ground) -> Iterator[Scenario]:
    """Blobs of two sizes, several at a time, an image, and pushes."""
    scenario = Scenario("Growth of memory over idle", ("MiB",))
    scenario.missing = missing = {}
    for what, arguments in _ways(ground).items():
        grown = None
        try:
            grown = _grown(ground, arguments) / MIB
            scenario.lines.append(Line(what, (grown,)))
        except Failed as failure:
            missing[what] = str(failure)
        met = None if grown is None else grown < MOST
        scenario.targets.append(Target(f"{what}: under {MOST} MiB", grown, met))
    yield scenario


def _ways(ground: Ground) -> dict[str, tuple[object, ...]]:
    """What is done, and how `with_ocinb` is asked for it."""
    host, folder = ground.plain.host, ground.scratch / "run"
    ways: dict[str, tuple[object, ...]] = {}
    for name, image in (("bench/small", ground.small), ("bench/big", ground.big)):
        size, (layer,) = f"{image.size >> 20:,} MiB", image.layers
        ways[f"a blob of {size}"] = ("blob", host, name, layer.digest, folder / "blob")
        together = ("blobs", host, name, layer.digest, folder, TOGETHER)
        ways[f"{TOGETHER} blobs of {size} at a time"] = together
    many = f"an image of {len(ground.many.layers)} layers, {TOGETHER} at a time"
    ways[many] = ("image", host, "bench/many", "v1", folder / "layout", TOGETHER)
    for how, chunk in (("", 0), (", in chunks of 16 MiB", CHUNK)):
        ways[f"push of {size}{how}"] = ("push", host, NAME, ground.big.layers[0].path, chunk)
    return ways


def _grown(ground: Ground, arguments: tuple[object, ...]) -> int:
    """Bytes of growth in a process of its own."""
    digest = ground.big.layers[0].digest
    if arguments[0] == "push":
        ground.storage.forget(NAME, digest)
    try:
        folder = emptied(ground.scratch / "run")
        told = timed(_contender(ground, arguments), folder, ground.scratch).told
    finally:
        emptied(ground.scratch / "run")
        if arguments[0] == "push":
            ground.storage.forget(NAME, digest)
            ground.storage.add_image("bench/big", ground.big, "v1")
    grown: int = told["grown"]
    return grown


def _contender(ground: Ground, arguments: tuple[object, ...]) -> Contender:
    first = ("memory", ground.plain.host, "bench/big", "v1")

    def command(folder: Path) -> list[object]:
        return python("ocinb", "with_ocinb", *first, *arguments)

    return Contender("ocinb", "ocinb", command, tells=True)
