"""`import ocinb` against an empty interpreter: at most 20 ms more."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks.contender import Contender, race
from benchmarks.ground import Ground
from benchmarks.results import Line, Scenario, Target

MOST = 20  # ms
ROUNDS = 15
EMPTY = "an empty interpreter"
CODES = {
    EMPTY: "pass",
    "import ocinb": "import ocinb",
    "ocinb.Repository": "import ocinb; ocinb.Repository",
    "import httpx alone": "import httpx",
}


def run(ground: Ground) -> Iterator[Scenario]:
    """Each in an interpreter of its own."""
    outcome = race(
        [Contender(name, "ocinb", _running(code)) for name, code in CODES.items()],
        ROUNDS,
        ground.scratch,
    )
    scenario = Scenario("Imports", ("process ms", "ms over empty"), missing=outcome.missing)
    empty = outcome.seconds(EMPTY) or 0.0
    over = {}
    for name in outcome.runs:
        took = outcome.seconds(name) or 0.0
        over[name] = (took - empty) * 1_000
        scenario.lines.append(Line(name, (took * 1_000, over[name])))
    text = f"import ocinb at most {MOST} ms over {EMPTY}"
    scenario.targets = [Target.at_most(text, over.get("import ocinb"), MOST)]
    yield scenario


def _running(code: str) -> Callable[[Path], list[object]]:
    return lambda folder: [sys.executable, "-c", code]
