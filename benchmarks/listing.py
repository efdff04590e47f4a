"""Listing a big layer that is here, against tar and Python's tarfile.

The layer is the library of the Python that runs this; with the whole size also every package that
is installed in it. Ours hashes what is compressed and what is not, too, which nobody else does.
"""

from __future__ import annotations

import subprocess
import sysconfig
from collections.abc import Iterator
from pathlib import Path

from benchmarks.contender import Contender, Race, Run, python
from benchmarks.ground import Ground, Settings
from benchmarks.results import Scenario, Target, as_fast, timed

_TARFILE = "import sys, tarfile; print(sum(1 for _ in tarfile.open(sys.argv[1], 'r|gz')))"


def run(ground: Ground) -> Iterator[Scenario]:
    """One layer, gzip."""
    layer = packed(ground.scratch / "listed.tar.gz", ground.settings)
    said = subprocess.run(["tar", "-tzf", layer], capture_output=True, check=True)
    entries = len(said.stdout.splitlines())

    def all_of_them(folder: Path, run: Run) -> str:
        listed = run.told.get("entries", entries)
        return "" if listed == entries else f"it lists {listed} entries, not {entries}"

    outcome = ground.race(contenders(layer), all_of_them)
    size = layer.stat().st_size
    title = f"Listing a gzip layer of {size >> 20:,} MiB with {entries:,} entries"
    note = "ocinb hashes the layer and the archive in it on the way; tar and tarfile hash neither."
    scenario = timed(title, outcome, "ocinb", size, note)
    scenario.targets = targets(outcome)
    yield scenario


def contenders(layer: Path) -> list[Contender]:
    """Who lists it."""
    return [
        Contender(
            "ocinb", "ocinb", lambda _: python("ocinb", "with_ocinb", "listing", layer), tells=True
        ),
        Contender("tar tzf", "tar", lambda _: ["tar", "-tzf", layer]),
        Contender("tarfile", "ocinb", lambda _: [*python("ocinb", "")[:1], "-c", _TARFILE, layer]),
    ]


def targets(outcome: Race) -> list[Target]:
    """Both digests verified, it is still faster than tar."""
    return [as_fast(outcome, "ocinb", 1, "tar tzf", "transfer")]


def packed(archive: Path, settings: Settings) -> Path:
    """A layer of some 25 MiB, or of some 200 where nothing is in a hurry."""
    source = Path(sysconfig.get_path("stdlib"))
    small = ["--exclude=site-packages"] if settings.size < Settings().size else []
    command: list[str | Path] = [
        "tar",
        "-czf",
        archive,
        "--sort=name",
        *small,
        "-C",
        source.parent,
        source.name,
    ]
    subprocess.run(command, check=True, capture_output=True)
    return archive
