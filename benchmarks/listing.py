"""Listing a big layer, against tar, crane and Python's tarfile; and the memory that takes.

The layer is the library of the Python that runs this; with the whole size also every package that
is installed in it. Ours hashes the archive on the way, unless told not to verify; told the digests
it hashes what is compressed, too, and compares both. Nobody else hashes anything.
"""

from __future__ import annotations

import gzip
import hashlib
import subprocess
import sysconfig
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from benchmarks import peers, trees
from benchmarks.commands import crane
from benchmarks.contender import Contender, Failed, Race, Run, python
from benchmarks.contender import timed as run_once
from benchmarks.content import MIB, Image, Layer
from benchmarks.ground import Ground, Settings
from benchmarks.place import emptied
from benchmarks.results import Line, Scenario, Target, as_fast, timed
from benchmarks.server import Server

MILLION = 1_000_000
MOST, MOST_OF_A_MILLION = 64, 400  # MiB
NAME = "bench/listed"
OURS, VERIFIED, REMOTE = "ocinb", "ocinb, both digests verified", "ocinb, from the registry"
UNVERIFIED = "ocinb, not verified"
TAR, CRANE = "tar tzf", "crane export | tar t"
_TARFILE = "import sys, tarfile; print(sum(1 for _ in tarfile.open(sys.argv[1], 'r|gz')))"
_EXPORTED = 'set -e; reference=$1; shift; "$@" export "$reference" - | tar -t'


def run(ground: Ground) -> Iterator[Scenario]:
    """One layer, gzip and zstd; then the memory of it, and of a million entries."""
    layer = packed(ground.scratch / "listed.tar.gz", ground.settings)
    yield gzipped(ground, layer)
    if not peers.why_missing("zstd"):
        yield zstandard(ground, layer)
    yield memory(ground, layer)


def gzipped(ground: Ground, layer: Layer) -> Scenario:
    """The gzip layer; from a registry, too, where there is one."""
    entries = _entries(layer.path)
    racing = contenders(layer)
    if not peers.why_missing("docker-registry"):
        ground.storage.add_image(NAME, Image.of((layer,)), "v1")
        racing += from_registry(ground.plain)
    outcome = ground.race(racing, _lists(entries, ground.scratch))
    title = f"Listing a gzip layer of {layer.size >> 20:,} MiB with {entries:,} entries"
    note = "ocinb hashes the archive unless not verified; from a registry it makes an index, too."
    scenario = timed(title, outcome, OURS, layer.size, note)
    scenario.targets = targets(outcome)
    return scenario


def zstandard(ground: Ground, layer: Layer) -> Scenario:
    """The same archive packed with zstd."""
    path = ground.scratch / "listed.tar.zst"
    _shell('gzip -dc "$1" | zstd -q -3 -f -o "$2"', layer.path, path)
    same = Layer(path, _digest(path), layer.diff_id, path.stat().st_size)
    entries = _entries(layer.path)
    outcome = ground.race(
        [
            *ours(same),
            Contender(TAR, "tar", lambda _: ["tar", "-tzf", layer.path]),
            Contender("tar --zstd -tf", "zstd", lambda _: ["tar", "--zstd", "-tf", path]),
        ],
        _lists(entries, ground.scratch),
    )
    title = f"Listing a zstd layer of {same.size >> 20:,} MiB with {entries:,} entries"
    note = "tar tzf lists the same archive packed with gzip; zstd unpacks in a process beside tar."
    scenario = timed(title, outcome, OURS, same.size, note)
    scenario.targets = [as_fast(outcome, OURS, 3, TAR, "transfer")]
    return scenario


def memory(ground: Ground, layer: Layer) -> Scenario:
    """Growth over idle, pandas included where a frame is made."""
    million = trees.many(ground.scratch / "million.tar.gz", MILLION)
    scenario = Scenario("Growth of memory over idle when listing", ("MiB",))
    scenario.missing = missing = {}
    for what, most, *asked in (
        ("the gzip layer", MOST, "listing", layer.path, layer.digest, layer.diff_id),
        (f"{MILLION:,} entries", MOST_OF_A_MILLION, "listing", million),
        (f"{MILLION:,} entries with their frame", MOST_OF_A_MILLION, "framed", million),
    ):
        grown = None
        try:
            grown = _grown(ground, asked)
            scenario.lines.append(Line(what, (grown,)))
        except Failed as failure:
            missing[what] = str(failure)
        met = None if grown is None else grown < most
        scenario.targets.append(Target(f"{what}: under {most} MiB", grown, met))
    return scenario


def ours(layer: Layer) -> list[Contender]:
    """Ours, without digests to hold it against, with both, and without hashing anything."""

    def contender(name: str, *digests: str) -> Contender:
        asked = ("listing", layer.path, *digests)
        return Contender(name, "ocinb", lambda _: python("ocinb", "with_ocinb", *asked), tells=True)

    return [
        contender(OURS),
        contender(VERIFIED, layer.digest, layer.diff_id),
        contender(UNVERIFIED, "unverified"),
    ]


def contenders(layer: Layer) -> list[Contender]:
    """Who lists a gzip layer that is here."""
    return [
        *ours(layer),
        Contender(TAR, "tar", lambda _: ["tar", "-tzf", layer.path]),
        Contender(
            "tarfile", "ocinb", lambda _: [*python("ocinb", "")[:1], "-c", _TARFILE, layer.path]
        ),
    ]


def from_registry(server: Server) -> list[Contender]:
    """Who lists one that is in a registry."""
    full = f"{server.host}/{NAME}:v1"
    asked = ("remote_listing", server.host, NAME, "v1")
    return [
        Contender(REMOTE, "ocinb", lambda _: python("ocinb", "with_ocinb", *asked), tells=True),
        Contender(CRANE, "crane", lambda _: ["sh", "-c", _EXPORTED, "it", full, *crane(server)]),
    ]


def targets(outcome: Race) -> list[Target]:
    """Both digests verified, it is still faster than tar."""
    return [
        as_fast(outcome, OURS, 2, TAR, "transfer"),
        as_fast(outcome, OURS, 4, CRANE, "transfer"),
        as_fast(outcome, VERIFIED, 1, TAR, "transfer"),
    ]


def packed(archive: Path, settings: Settings) -> Layer:
    """A layer of some 60 MiB, or of some 200 where nothing is in a hurry."""
    source = Path(sysconfig.get_path("stdlib"))
    small = ["--exclude=site-packages"] if settings.size < Settings().size else []
    _shell('tar -czf "$@"', archive, "--sort=name", *small, "-C", source.parent, source.name)
    with gzip.open(archive) as unpacked:
        diff_id = f"sha256:{hashlib.file_digest(unpacked, 'sha256').hexdigest()}"
    return Layer(archive, _digest(archive), diff_id, archive.stat().st_size)


def _lists(entries: int, scratch: Path) -> Callable[[Path, Run], str]:
    """A check that all of them were listed: ours tells how many, others write a line for each."""

    def check(folder: Path, run: Run) -> str:
        said = (scratch / "stdout").read_bytes()
        listed = run.told.get("entries")
        if listed is None:
            lines = said.count(b"\n")
            listed = lines if lines > 1 else int(said)
        return "" if listed == entries else f"it lists {listed} entries, not {entries}"

    return check


def _entries(layer: Path) -> int:
    said = subprocess.run(["tar", "-tzf", layer], capture_output=True, check=True)
    return said.stdout.count(b"\n")


def _grown(ground: Ground, asked: Sequence[object]) -> float:
    """MiB of growth in a process of its own."""
    contender = Contender(
        OURS, "ocinb", lambda _: python("ocinb", "with_ocinb", "growth", *asked), tells=True
    )
    grown: int = run_once(contender, emptied(ground.scratch / "run"), ground.scratch).told["grown"]
    return grown / MIB


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"


def _shell(script: str, *arguments: str | Path) -> None:
    subprocess.run(["sh", "-ec", script, "it", *map(str, arguments)], check=True)
