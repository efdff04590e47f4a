"""What a benchmark comes to: lines of figures, and targets that are met or missed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from benchmarks.contender import By, Race

CLOCKS: dict[By, str] = {"process": "whole process", "transfer": "transfer time"}


@dataclass(frozen=True)
class Target:
    """What was to be reached, and what was; `met` is None for what could not be measured."""

    text: str
    value: float | None
    met: bool | None

    @classmethod
    def at_least(cls, text: str, value: float | None, least: float) -> Target:
        """Met when `value` is not below `least`."""
        return cls(text, value, None if value is None else value >= least)

    @classmethod
    def at_most(cls, text: str, value: float | None, most: float) -> Target:
        """Met when `value` is not above `most`."""
        return cls(text, value, None if value is None else value <= most)

    def __str__(self) -> str:
        if self.value is None:
            return f"{self.text}: not measured"
        return f"{self.text}: {self.value:.3g} {'✓' if self.met else '✗'}"


@dataclass(frozen=True)
class Line:
    """The figures of one contender, or of one thing measured, in the order of the columns."""

    name: str
    figures: tuple[float | None, ...]


@dataclass
class Scenario:
    """One subject: a table with a column to draw, targets, and who could not take part."""

    title: str
    columns: tuple[str, ...]
    lines: list[Line] = field(default_factory=list)
    targets: list[Target] = field(default_factory=list)
    missing: Mapping[str, str] = field(default_factory=dict)
    note: str = ""


def timed(title: str, outcome: Race, lead: str, moved: int, note: str = "") -> Scenario:
    """A race as a table, in which `lead` is held against each; `moved` is in bytes, 0 for none."""
    speed = ("MB/s",) if moved else ()
    columns = (
        "process s",
        "transfer s",
        *speed,
        "CPU s",
        f"÷ {lead}, process",
        f"÷ {lead}, transfer",
    )
    lines = []
    for name in outcome.runs:
        process, transfer = outcome.seconds(name), outcome.seconds(name, "transfer")
        rate = (moved / process / 1e6,) if moved and process else ()
        against = (
            outcome.ratio(name, lead),
            outcome.ratio(name, lead, "transfer") if transfer else None,
        )
        lines.append(Line(name, (process, transfer, *rate, outcome.cpu(name), *against)))
    return Scenario(title, columns, lines, [], outcome.missing, note)


def as_fast(outcome: Race, who: str, least: float, than: str, by: By = "process") -> Target:
    """`who` is at least `least` times as fast as `than`."""
    text = f"{who} at least {least:g} × the speed of {than}, {CLOCKS[by]}"
    return Target.at_least(text, outcome.ratio(than, who, by), least)


def as_long(outcome: Race, who: str, most: float, than: str, by: By = "process") -> Target:
    """`who` takes at most `most` times as long as `than`."""
    text = f"{who} at most {most:g} × the time of {than}, {CLOCKS[by]}"
    return Target.at_most(text, outcome.ratio(who, than, by), most)


def missed(scenarios: Sequence[Scenario]) -> list[tuple[Scenario, Target]]:
    """The targets that were measured and not met."""
    found = [(each, target) for each in scenarios for target in each.targets]
    return [(each, target) for each, target in found if target.met is False]
