"""What it costs to be told of progress: the same blob, unwatched and watched, in one process."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median

from benchmarks.contender import Contender, Failed, python, timed
from benchmarks.ground import Ground
from benchmarks.place import emptied
from benchmarks.results import Line, Scenario, Target

MOST = 3  # per cent
NAMES = {
    "nobody": "ocinb, nobody watches",
    "observer": "ocinb, an observer",
    "callback": "ocinb, progress=callback",
}


def run(ground: Ground) -> Iterator[Scenario]:
    """Twice the rounds of the others: what is looked for is small."""
    (layer,) = ground.big.layers
    asked = ("events", ground.plain.host, "bench/big", layer.digest)
    rounds = 2 * ground.settings.rounds

    def command(folder: Path) -> list[object]:
        return python("ocinb", "with_ocinb", *asked, rounds)

    scenario = Scenario(
        f"Progress events of a blob of {layer.size >> 20:,} MiB",
        ("transfer s", "% of throughput"),
    )
    times: dict[str, list[float]] = {}
    try:
        contender = Contender("ocinb", "ocinb", command, tells=True)
        told = timed(contender, emptied(ground.scratch / "run"), ground.scratch).told
        times = told["times"]
    except Failed as failure:
        scenario.missing = {"ocinb": str(failure)}
    for way, name in NAMES.items():
        lost = cost(times.get("nobody", ()), times.get(way, ()))
        if way in times:
            scenario.lines.append(Line(name, (median(times[way]), lost)))
        if way != "nobody":
            text = f"{name}: less than {MOST} % of throughput"
            scenario.targets.append(Target(text, lost, None if lost is None else lost < MOST))
    yield scenario


def cost(without: Sequence[float], watched: Sequence[float]) -> float | None:
    """Per cent of throughput that is lost by being watched: the median over the rounds."""
    lost = [100 * (1 - plain / told) for plain, told in zip(without, watched, strict=False)]
    return median(lost) if lost else None
