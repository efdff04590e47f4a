"""What is told and kept of a run: tables to read, Markdown, JSON, and the facts around them."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from benchmarks import chart, peers
from benchmarks.ground import Settings
from benchmarks.results import Line, Scenario, missed

VERSIONS = ("docker-registry", "crane", "skopeo", "oras", "regctl", "curl", "openssl")


def facts(settings: Settings) -> dict[str, str]:
    """The machine, what ran on it, and how often."""
    found = {
        "Python": f"{platform.python_version()} on {platform.system()} {platform.machine()}",
        "cores": str(os.cpu_count()),
        "rounds": f"{settings.rounds}, interleaved, after one to warm up; medians",
    }
    for name in (*VERSIONS, *peers.PYTHON):
        found[name] = peers.version(name) or peers.why_missing(name)
    return found


def plain(scenario: Scenario) -> str:
    """A scenario as text."""
    rows = [("", *scenario.columns), *(_cells(line) for line in scenario.lines)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    told = [f"\n{scenario.title}"]
    for name, *figures in rows:
        padded = (text.rjust(width) for text, width in zip(figures, widths[1:], strict=True))
        told.append("  " + "  ".join((name.ljust(widths[0]), *padded)))
    told += [f"  {scenario.note}"] * bool(scenario.note)
    told += [f"  missing: {name}: {why}" for name, why in scenario.missing.items()]
    told += [f"  {target}" for target in scenario.targets]
    return "\n".join(told)


def markdown(scenarios: Sequence[Scenario], around: Mapping[str, str]) -> str:
    """All of it, to be put into documentation."""
    told = ["# Benchmarks", "", "![Bars of every table](bench.svg)", ""]
    told += [
        "Of contenders that tell no transfer time, the whole process stands in for it. Ratios are "
        "medians of what they were in each round: more than 1 means that ocinb was faster.",
        "",
    ]
    for scenario in scenarios:
        told += [f"## {scenario.title}", "", *_table(scenario), ""]
        told += [scenario.note, ""] * bool(scenario.note)
        told += [f"- missing: {name}: {_safe(why)}" for name, why in scenario.missing.items()]
        told += [f"- {target}" for target in scenario.targets]
        told.append("")
    told += ["## Where", "", *(f"- {name}: {value}" for name, value in around.items()), ""]
    return "\n".join(told)


def ending(scenarios: Sequence[Scenario]) -> str:
    """Which targets were missed, and which could not be measured."""
    targets = [target for scenario in scenarios for target in scenario.targets]
    met = sum(target.met is True for target in targets)
    told = [f"\n{met} of {len(targets)} targets met."]
    told += [f"  missed: {each.title}: {target}" for each, target in missed(scenarios)]
    told += [f"  {target}" for target in targets if target.met is None]
    return "\n".join(told)


def kept(scenarios: Sequence[Scenario], around: Mapping[str, str], folder: Path) -> None:
    """Write `bench.json`, `bench.md` and `bench.svg` there."""
    folder.mkdir(exist_ok=True)
    whole = {"facts": dict(around), "scenarios": [asdict(each) for each in scenarios]}
    (folder / "bench.json").write_text(json.dumps(whole, indent=1, ensure_ascii=False))
    (folder / "bench.md").write_text(markdown(scenarios, around))
    (folder / "bench.svg").write_text(chart.drawn(scenarios))


def _table(scenario: Scenario) -> list[str]:
    head = ["", *scenario.columns]
    rule = ["---", *["---:"] * len(scenario.columns)]
    return [f"| {' | '.join(row)} |" for row in (head, rule, *map(_cells, scenario.lines))]


def _cells(line: Line) -> tuple[str, ...]:
    return (line.name, *("" if each is None else _figure(each) for each in line.figures))


def _figure(value: float) -> str:
    if isinstance(value, int) or abs(value) >= 1_000:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 100 else f"{value:.2f}"


def _safe(text: str) -> str:
    """What a program said, as it stands."""
    return f"`{text.replace('`', chr(39))}`"
