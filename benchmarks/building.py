"""Building an image of a folder and pushing it, against tar and crane append.

crane packs with the fastest level of Go's gzip, as the sizes show, and has no switch for it:
`level=1` of zlib is held against it. It is given a tar through a pipe, which it packs once, and as
a file, which it packs twice, since it asks for the digest first.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from benchmarks import trees
from benchmarks.commands import crane
from benchmarks.contender import Contender, Run, python
from benchmarks.ground import Ground
from benchmarks.results import Scenario, as_fast, timed
from benchmarks.server import Server

NAME = "bench/built"
FAST, USUAL, ZSTD = "ocinb, level 1", "ocinb, level 6", "ocinb, zstd"
PIPED, FILED = "tar c | crane append", "tar c, then crane append"
_TAR = 'tar -c --sort=name --owner=0 --group=0 --numeric-owner -C "$folder"'
_BEGIN = "set -e; folder=$1; file=$2; name=$3; shift 3"
_TO = '--oci-empty-base -t "$name"'
_PIPED = f'{_BEGIN}; {_TAR} . | "$@" append -f - {_TO}'
_FILED = f'{_BEGIN}; {_TAR} -f "$file" .; "$@" append -f "$file" {_TO}'


def run(ground: Ground) -> Iterator[Scenario]:
    """A folder of sources and compiled files, which the registry does not have."""
    folder, server = trees.folder(ground.scratch / "folder", ground.settings.folder), ground.plain
    storage, sizes = server.storage, list[int]()

    def forget() -> None:
        storage.forget(NAME, *storage.blobs(NAME))

    def arrived(_: Path, run: Run) -> str:
        largest = max(
            (storage.data(each).stat().st_size for each in storage.blobs(NAME)), default=0
        )
        if largest < ground.settings.folder // 20:
            return "there is no layer of it"
        sizes.append(largest)
        return ""

    racing = contenders(server, folder)
    outcome = ground.race(racing, arrived, before=forget)
    forget()
    # Each is checked once, in the first round, in which they run as they are listed.
    told = zip((each.name for each in racing if each.name in outcome.runs), sizes, strict=False)
    note = "; ".join(f"{name}: {size / 1e6:,.1f} MB" for name, size in told)
    title = f"Build and push of a folder of {ground.settings.folder >> 20:,} MiB"
    scenario = timed(title, outcome, FAST, ground.settings.folder, f"Layers: {note}.")
    scenario.targets = [as_fast(outcome, FAST, 1, PIPED), as_fast(outcome, FAST, 1, FILED)]
    yield scenario


def contenders(server: Server, folder: Path) -> list[Contender]:
    """Who builds and pushes."""

    def appended(name: str, script: str) -> Contender:
        full = f"{server.host}/{NAME}:v1"

        def command(at: Path) -> list[object]:
            return ["sh", "-c", script, "it", folder, at / "tar", full, *crane(server)]

        return Contender(name, "crane", command)

    def ours(name: str, level: str) -> Contender:
        asked = ("build", server.host, NAME, folder, level)
        return Contender(name, "ocinb", lambda _: python("ocinb", "with_ocinb", *asked), tells=True)

    return [
        ours(FAST, "1"),
        ours(USUAL, "6"),
        ours(ZSTD, ""),
        appended(PIPED, _PIPED),
        appended(FILED, _FILED),
    ]
