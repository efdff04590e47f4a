"""Run the benchmarks, or some: python -m benchmarks --only pull,push --size 1GiB --rounds 5."""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from benchmarks import (
    building,
    display,
    events,
    import_time,
    lazily,
    listing,
    memory,
    merging,
    peers,
    pull,
    push,
    report,
    small,
    tls,
)
from benchmarks.ground import Ground, Settings, laid_out
from benchmarks.place import BUILD
from benchmarks.results import Scenario, missed

SUBJECTS: dict[str, Callable[[Ground], Iterator[Scenario]]] = {
    "import": import_time.run,
    "display": display.run,
    "listing": listing.run,
    "merging": merging.run,
    "pull": pull.run,
    "tls": tls.run,
    "push": push.run,
    "small": small.run,
    "memory": memory.run,
    "events": events.run,
    "lazily": lazily.run,
    "building": building.run,
}
ALONE = ("import", "display", "listing", "merging")  # without a registry
UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30}


def main(arguments: Sequence[str]) -> int:
    """0, or with --strict 1 when a target was missed."""
    options = parser().parse_args(arguments)
    settings = settings_of(options)
    wanted = list(options.only or SUBJECTS)
    around = report.facts(settings)
    print("\n".join(f"{name}: {value}" for name, value in around.items()))
    reason = peers.why_missing("docker-registry")
    if reason and set(wanted) - set(ALONE):
        print(f"\nWithout a registry, only what needs none is measured. {reason}")
        wanted = [name for name in wanted if name in ALONE]
    scenarios = []
    options.scratch.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory(dir=options.scratch, prefix="ocinb-bench-") as scratch,
        laid_out(settings, Path(scratch)) as ground,
    ):
        for name in wanted:
            for scenario in SUBJECTS[name](ground):
                print(report.plain(scenario), flush=True)
                scenarios.append(scenario)
    report.kept(scenarios, around, options.output)
    print(report.ending(scenarios))
    print(f"{options.output}/bench.md, bench.json, bench.svg")
    return 1 if options.strict and missed(scenarios) else 0


def parser() -> argparse.ArgumentParser:
    """What can be said on the command line."""
    usual = Settings()
    made = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    made.add_argument("--only", type=subjects, help=f"some of {','.join(SUBJECTS)}")
    made.add_argument("--quick", action="store_true", help="less of everything, for a look")
    made.add_argument("--strict", action="store_true", help="exit 1 when a target is missed")
    made.add_argument("--rounds", type=int, default=usual.rounds)
    made.add_argument("--size", type=size, help="of the one big blob, such as 1GiB")
    made.add_argument("--layers", type=int, help="of the image of many layers")
    made.add_argument("--layer-size", type=size, help="of each of them")
    made.add_argument("--requests", type=int, help="how many small ones")
    made.add_argument("--folder", type=size, help="of the folder that is built")
    made.add_argument("--paths", type=int, help="of the image that is merged")
    made.add_argument("--scratch", type=Path, default=BUILD, help="on a real disk, for 8 GiB")
    made.add_argument("--output", type=Path, default=BUILD, help="where the report goes")
    return made


def settings_of(options: argparse.Namespace) -> Settings:
    """The settings that were asked for; what is named counts also with --quick."""
    settings = Settings(rounds=options.rounds)
    settings = settings.quick() if options.quick else settings
    named = ("size", "layers", "layer_size", "requests", "folder", "paths")
    given = {name: getattr(options, name) for name in named}
    return replace(settings, **{name: each for name, each in given.items() if each is not None})


def size(text: str) -> int:
    """Bytes, as in `1GiB` or `64M`."""
    found = re.fullmatch(r"(\d+)([KMG]?)(?:iB|B)?", text)
    if not found:
        raise argparse.ArgumentTypeError(f"{text!r} is no size; one is 64MiB")
    return int(found[1]) * UNITS[found[2]]


def subjects(text: str) -> list[str]:
    """Names of benchmarks, between commas."""
    unknown = set(text.split(",")) - set(SUBJECTS)
    if unknown:
        raise argparse.ArgumentTypeError(
            f"unknown: {', '.join(sorted(unknown))}; there are {', '.join(SUBJECTS)}"
        )
    return text.split(",")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
