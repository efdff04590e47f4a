"""One file of a big layer that is in a registry: with its index, and without.

The index is made once, in a first pass over the layer, and kept in a cache without the layer
itself; then a new process opens a file, which reads the index first. Where another file was opened
before, that is in memory. Where nothing is known, all of the layer has to come.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from statistics import median

from benchmarks import trees
from benchmarks.commands import crane
from benchmarks.contender import Contender, Failed, Race, Run, python
from benchmarks.contender import timed as run_once
from benchmarks.content import Image, Layer, digest_of, digests_in
from benchmarks.ground import Ground
from benchmarks.place import emptied
from benchmarks.results import Scenario, Target, as_long, timed

NAME = "bench/lazily"
KNOWN, NEXT, FIRST = "ocinb, index cached", "ocinb, index in memory", "ocinb, nothing known"
PULL = "ocinb, pull of the layer"
CRANE = "crane blob | tar x"
MOST_BYTES, MOST_TIME = 0.02, 0.05
_BLOB = 'set -e; reference=$1; path=$2; shift 2; "$@" blob "$reference" | tar -xzO "$path"'


def run(ground: Ground) -> Iterator[Scenario]:
    """A file in the middle."""
    layer, path, other, source = made(ground)
    ground.storage.add_image(NAME, Image.of((layer,)), "v1")
    known = ground.scratch / "index-cached"
    first = Contender(FIRST, "ocinb", lambda _: opening(ground, known, path), tells=True)
    with suppress(Failed):  # then the race tells why
        run_once(first, emptied(ground.scratch / "run"), ground.scratch)
    wanted = digest_of(source.read_bytes())

    def is_it(folder: Path, run: Run) -> str:
        found = digests_in(folder) | {run.told.get("digest")}
        return "" if found & {wanted, layer.digest} else "it is neither the file nor the layer"

    outcome = ground.race(contenders(ground, layer, known, path, other), is_it)
    size = f"{layer.size >> 20:,} MiB"
    title = f"One file of {source.stat().st_size >> 10:,} KiB from a remote layer of {size}"
    scenario = timed(title, outcome, KNOWN, 0, _told(outcome, layer))
    scenario.targets = targets(outcome, layer)
    yield scenario


def contenders(ground: Ground, layer: Layer, known: Path, path: str, other: str) -> list[Contender]:
    """Who opens it, and the pull of all of it."""
    server = ground.plain
    blob = ("blob", server.host, NAME, layer.digest)
    full = f"{server.host}/{NAME}@{layer.digest}"
    return [
        Contender(KNOWN, "ocinb", lambda _: opening(ground, known, path), tells=True),
        Contender(NEXT, "ocinb", lambda _: opening(ground, known, path, other), tells=True),
        Contender(
            PULL, "ocinb", lambda at: python("ocinb", "with_ocinb", *blob, at / "blob"), tells=True
        ),
        Contender(FIRST, "ocinb", lambda at: opening(ground, at / "cache", path), tells=True),
        Contender(
            CRANE, "crane", lambda _: ["sh", "-c", _BLOB, "it", full, path, *crane(server)], "file"
        ),
    ]


def opening(ground: Ground, cache: Path, *paths: str) -> list[object]:
    """The command that has ocinb open the file, after another one if there are two."""
    return python("ocinb", "with_ocinb", "opening", ground.plain.host, NAME, "v1", cache, *paths)


def targets(outcome: Race, layer: Layer) -> list[Target]:
    """Few bytes in little time."""
    runs = outcome.runs.get(KNOWN, ())
    share = median(run.told["fetched"] for run in runs) / layer.size if runs else None
    text = f"{KNOWN}: at most {MOST_BYTES:.0%} of the layer fetched"
    return [
        Target.at_most(text, share, MOST_BYTES),
        *(as_long(outcome, who, MOST_TIME, PULL, "transfer") for who in (KNOWN, NEXT)),
    ]


def made(ground: Ground) -> tuple[Layer, str, str, Path]:
    """The layer, the paths of two files, in its middle and at its end, and what the first holds."""
    archive = trees.Archive(ground.scratch / "lazily.tar.gz")
    half, path, other, found = ground.settings.size // 2, "", "", Path()
    for name, source in trees.over_and_over(whole=True):
        archive.add(name, source)
        if source.is_file() and not source.is_symlink():
            other = name
            if archive.size < half:
                path, found = name, source
        if archive.size >= ground.settings.size:
            break
    return archive.finish(), path, other, found


def _told(outcome: Race, layer: Layer) -> str:
    runs = outcome.runs.get(KNOWN, ())
    if not runs:
        return ""
    fetched, requests = (runs[-1].told[key] for key in ("fetched", "requests"))
    return (
        f"With the index, {fetched:,} of {layer.size:,} bytes came in {requests} request(s) "
        "for the file, after those for manifest and config."
    )
