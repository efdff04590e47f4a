"""Many small requests: manifests by digest, whether they are there, and a cold pull of an index."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks import commands
from benchmarks.contender import Contender, Failed, Race, Run, python, timed
from benchmarks.content import digest_of
from benchmarks.ground import Ground
from benchmarks.peers import why_missing
from benchmarks.place import emptied
from benchmarks.pull import holds
from benchmarks.results import Line, Scenario, Target, as_fast, as_long
from benchmarks.results import timed as told

NAME = "bench/manifests"
THREADS = 4


def run(ground: Ground) -> Iterator[Scenario]:
    """All three."""
    yield small_requests(ground, "GET", "manifests by digest, verified")
    yield small_requests(ground, "HEAD", "HEADs of manifests")
    yield cold_pull(ground)


def small_requests(ground: Ground, method: str, what: str) -> Scenario:
    """The same requests one after the other, and by several threads."""
    listed, host = ground.manifests, ground.plain.host

    def script(needs: str, file: str, *more: object) -> Callable[[Path], list[object]]:
        return lambda folder: python(needs, file, "requests", method, *more)

    prefix = f"/v2/{NAME}/manifests/"
    contenders = []
    for threads, suffix in ((1, ""), (THREADS, f", {THREADS} threads")):
        ours = script("ocinb", "with_ocinb", host, NAME, listed, threads)
        raw = script("raw sockets", "with_sockets", host, prefix, listed, threads)
        contenders.append(Contender(f"ocinb{suffix}", "ocinb", ours, tells=True))
        contenders.append(Contender(f"raw sockets{suffix}", "raw sockets", raw, tells=True))
    for peer, file in (("dxf", "with_dxf"), ("oras-py", "with_oras")):
        command = script(peer, file, host, NAME, listed)
        contenders.append(Contender(peer, peer, command, tells=True))

    def all_of_them(folder: Path, run: Run) -> str:
        got = run.told["got"]
        return "" if got == ground.settings.requests else f"it got {got} answers"

    outcome = ground.race(contenders, all_of_them)
    note = "oras-py and dxf ask for one after the other; oras-py does not verify."
    scenario = told(f"{ground.settings.requests:,} {what}", outcome, "ocinb", 0, note)
    scenario.targets = _targets(outcome)
    return scenario


def _targets(outcome: Race) -> list[Target]:
    several = f", {THREADS} threads"
    return [
        *(as_fast(outcome, f"ocinb{several}", 2, peer, "transfer") for peer in ("oras-py", "dxf")),
        as_long(outcome, "ocinb", 2, "raw sockets", "transfer"),
        as_long(outcome, f"ocinb{several}", 2, f"raw sockets{several}", "transfer"),
    ]


def cold_pull(ground: Ground) -> Scenario:
    """How many requests the registry sees when an index is pulled with all its images.

    The protocol needs one for the index, and one for each manifest, config and layer.
    """
    index, images = ground.family
    manifests = {digest_of(index), *(digest_of(image.manifest) for image in images)}
    needed = manifests | {digest for image in images for digest in image.digests}
    scenario = Scenario(
        f"Requests of a cold pull of an index of {len(images)} images", ("requests",)
    )
    scenario.missing = missing = {}
    host = ground.plain.host

    def ocinb(folder: Path) -> list[object]:
        asked = ("image", host, "bench/family", "v1", folder / "layout", THREADS)
        return python("ocinb", "with_ocinb", *asked)

    ours = Contender("ocinb", "ocinb", ocinb, tells=True)
    for contender in (ours, *commands.images(ground.plain, "bench/family")):
        try:
            count = _requests(ground, contender, needed)
        except Failed as failure:
            missing[contender.name] = str(failure)
            continue
        scenario.lines.append(Line(contender.name, (count,)))
    counts = {line.name: line.figures[0] for line in scenario.lines}
    text = f"ocinb at most {len(needed)} requests, which is what the protocol needs"
    scenario.targets = [Target.at_most(text, counts.get("ocinb"), len(needed))]
    return scenario


def _requests(ground: Ground, contender: Contender, needed: set[str]) -> int:
    reason = why_missing(contender.needs)
    if reason:
        raise Failed(reason)
    folder, before = emptied(ground.scratch / "run"), ground.plain.requests()
    run = timed(contender, folder, ground.scratch)
    time.sleep(0.2)  # the registry logs a request when it is over
    wrong = holds(needed)(folder, run)
    if wrong:
        raise Failed(f"its output is wrong: {wrong}")
    return ground.plain.requests() - before
