"""Timing whole processes and calls: interleaved, so that a busy moment hits all alike."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from statistics import median
from typing import NamedTuple


class Row(NamedTuple):
    """One figure: what was measured, its value and unit, and what it is to be held against."""

    what: str
    value: float
    unit: str
    against: str = ""


def seconds_of(command: Sequence[str]) -> float:
    """Wall time of one run of `command`, which must succeed."""
    started = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - started


def interleaved(commands: Mapping[str, Sequence[str]], rounds: int) -> dict[str, float]:
    """The median wall time of each command, one of each per round after a round to warm up."""
    times: dict[str, list[float]] = {name: [] for name in commands}
    for number in range(rounds + 1):
        for name, command in commands.items():
            seconds = seconds_of(command)
            if number:
                times[name].append(seconds)
    return {name: median(each) for name, each in times.items()}


def milliseconds(call: Callable[[], object], rounds: int) -> float:
    """The median time of `call` after one call to warm up."""
    call()
    times = []
    for _ in range(rounds):
        started = time.perf_counter()
        call()
        times.append(time.perf_counter() - started)
    return median(times) * 1_000


def python(code: str) -> list[str]:
    """The command that runs `code` in a fresh interpreter like this one."""
    return [sys.executable, "-c", code]
