"""Contenders: programs that do the same thing, each run in turn and timed as a whole and inside."""

from __future__ import annotations

import json
import resource
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any, Literal

from benchmarks import peers
from benchmarks.place import CONTENDERS, emptied, environment

By = Literal["process", "transfer"]
SECONDS = 300  # that one run may take


class Failed(Exception):
    """A contender that did not do what it was asked to."""


@dataclass(frozen=True)
class Contender:
    """A program that works in a folder of its own; `needs` is the peer it is made of.

    `into` is the file of the folder that its standard output goes to. One that `tells` prints a
    JSON object at the end, with the `seconds` that the transfer alone took.
    """

    name: str
    needs: str
    command: Callable[[Path], Sequence[object]]
    into: str = ""
    tells: bool = False


@dataclass(frozen=True)
class Run:
    """One run: seconds of the whole process, of its CPU, and what the program told itself."""

    process: float
    cpu: float = 0.0
    told: Mapping[str, Any] = field(default_factory=dict)

    def seconds(self, by: By) -> float | None:
        """The time by one of the two clocks; only some contenders have the inner one."""
        return self.process if by == "process" else self.told.get("seconds")


@dataclass
class Race:
    """What came of it: the runs of each contender, round by round, and why others have none."""

    runs: dict[str, list[Run]] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)

    def seconds(self, name: str, by: By = "process") -> float | None:
        """The median time of `name`, or None when it has none by this clock."""
        times = [run.seconds(by) for run in self.runs.get(name, ())]
        known = [each for each in times if each is not None]
        return median(known) if known else None

    def cpu(self, name: str) -> float:
        """The median CPU time of `name`, in seconds; of those that have run only."""
        return median(run.cpu for run in self.runs[name])

    def ratio(self, over: str, under: str, by: By = "process") -> float | None:
        """The time of `over` by that of `under`: the median of what it was in each round.

        Of a contender that does not tell, the whole process stands in for the transfer.
        """
        rounds = zip(self.runs.get(over, ()), self.runs.get(under, ()), strict=False)
        ratios = [_clocked(one, by) / _clocked(other, by) for one, other in rounds]
        return median(ratios) if ratios else None


def python(needs: str, script: str, *arguments: object) -> list[object]:
    """The command that runs one of the scripts in `contenders`."""
    return [peers.path_of(needs), CONTENDERS / f"{script}.py", *arguments]


def race(
    contenders: Sequence[Contender],
    rounds: int,
    scratch: Path,
    *,
    ca: Path | None = None,
    before: Callable[[], object] = lambda: None,
    check: Callable[[Path, Run], str] = lambda folder, run: "",
) -> Race:
    """Run all of them `rounds` times, in turn, after a round to warm up that does not count.

    Each round begins with another one, so that nobody always comes after the same.
    `before` each run something is put back; `check` says what is wrong with what a contender made
    in that first round. Who is missing or fails then does not take part.
    """
    outcome = Race({contender.name: [] for contender in contenders})
    taking_part = list(contenders)
    for number in range(rounds + 1):
        begin = number % len(taking_part) if taking_part else 0
        for contender in taking_part[begin:] + taking_part[:begin]:
            before()
            try:
                run = _checked(contender, scratch, ca, check if number == 0 else None)
            except Failed as failure:
                outcome.missing[contender.name] = str(failure)
                del outcome.runs[contender.name]
                taking_part.remove(contender)
                continue
            if number:
                outcome.runs[contender.name].append(run)
    return outcome


def _checked(
    contender: Contender,
    scratch: Path,
    ca: Path | None,
    check: Callable[[Path, Run], str] | None,
) -> Run:
    reason = peers.why_missing(contender.needs)
    if reason:
        raise Failed(reason)
    folder = emptied(scratch / "run")
    run = timed(contender, folder, scratch, ca)
    wrong = check(folder, run) if check else ""
    emptied(folder)
    if wrong:
        raise Failed(f"its output is wrong: {wrong}")
    return run


def timed(contender: Contender, folder: Path, home: Path, ca: Path | None = None) -> Run:
    """Run it once in `folder`; raises `Failed` with the last line it said when it fails."""
    command = [str(part) for part in contender.command(folder)]
    said = folder.parent / "stdout"
    with (folder / contender.into if contender.into else said).open("wb") as output:
        started, used = time.perf_counter(), _cpu_of_children()
        try:
            done = subprocess.run(
                command,
                env=environment(home, ca),
                cwd=home,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.PIPE,
                timeout=SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise Failed(f"it took more than {SECONDS} s") from None
        took, used = time.perf_counter() - started, _cpu_of_children() - used
    if done.returncode:
        lines = done.stderr.decode(errors="replace").strip().splitlines()
        raise Failed(f"it failed: {lines[-1][:300] if lines else f'exit {done.returncode}'}")
    return Run(took, used, _told(said) if contender.tells else {})


def _cpu_of_children() -> float:
    """Seconds of CPU that all programs run so far have used."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _told(said: Path) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(said.read_text().splitlines()[-1])
    return told


def _clocked(run: Run, by: By) -> float:
    seconds = run.seconds(by)
    return run.process if seconds is None else seconds
