"""The merged file system of an image of ten layers, against nothing but unpacking them.

What is unpacked alone is unpacked by the same library, piece by piece, and let go. Ours verifies
the layers and the archives in them, too: a line shows what unpacking and these two hashes take.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from benchmarks import peers, trees
from benchmarks.contender import Contender, Run, python
from benchmarks.content import Image, Layer, layout
from benchmarks.ground import Ground
from benchmarks.results import Scenario, as_long, timed

NAME = "bench/merged"
LAYERS = 10
OURS, REMOTE = "ocinb", "ocinb, from a registry"
ALONE, HASHED = "unpacking alone", "unpacking and hashing"
MOST = 1.5
_AGAIN = 20  # one in so many paths is of the layer below, and one in so many deletes something


def run(ground: Ground) -> Iterator[Scenario]:
    """From a layout, and from a registry where there is one."""
    image = made(ground)
    folder = layout(ground.scratch / "merged-layout", image, "v1")
    ways: dict[str, tuple[object, ...]] = {
        OURS: ("merged", folder, "v1"),
        ALONE: ("unpacking", folder),
        HASHED: ("unpacking", folder, "hashed"),
    }
    if not peers.why_missing("docker-registry"):
        ground.storage.add_image(NAME, image, "v1")
        ways[REMOTE] = ("merged", f"{ground.plain.host}/{NAME}", "v1")

    def all_of_it(folder: Path, run: Run) -> str:
        entries = run.told.get("entries", ground.settings.paths)
        return "" if entries == ground.settings.paths else f"it has {entries} entries"

    outcome = ground.race([_contender(*way) for way in ways.items()], all_of_it)
    unpacked = outcome.runs[ALONE][0].told["unpacked"] if outcome.runs.get(ALONE) else 0
    title = f"Merged view of {LAYERS} layers with {ground.settings.paths:,} paths"
    note = (
        f"{image.size >> 20:,} MiB that unpack to {unpacked >> 20:,}. From a registry, they are "
        "fetched, and indexed for reading."
    )
    scenario = timed(title, outcome, OURS, image.size, note)
    scenario.targets = [as_long(outcome, OURS, MOST, ALONE, "transfer")]
    yield scenario


def made(ground: Ground) -> Image:
    """The image: some paths come again in the next layer, and some are deleted there."""
    each = ground.settings.paths // LAYERS
    below: list[tuple[str, Path]] = []
    names = trees.over_and_over(whole=True)
    layers: list[Layer] = []
    for number in range(LAYERS):
        archive = trees.Archive(ground.scratch / f"merged-{number}.tar.gz")
        again = below[: len(below) // _AGAIN]
        gone = below[len(again) : 2 * len(again)]
        new = list(islice(names, each - len(again) - len(gone)))
        for name, source in (*again, *new):
            archive.add(name, source)
        for name, _ in gone:
            at = Path(name)
            archive.empty(str(at.with_name(f".wh.{at.name}")))
        layers.append(archive.finish())
        below = [pair for pair in new if pair[1].is_file()]
    return Image.of(tuple(layers))


def _contender(name: str, asked: tuple[object, ...]) -> Contender:
    return Contender(name, "ocinb", lambda _: python("ocinb", "with_ocinb", *asked), tells=True)
