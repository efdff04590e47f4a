"""Drawing an index of 50 platforms: under 10 ms, and under 60 kB of HTML."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from statistics import median

import ocinb
from benchmarks.ground import Ground
from benchmarks.results import Line, Scenario, Target
from ocinb.client.remote import RemoteIndex
from ocinb.oci import media_types

PLATFORMS = 50
MILLISECONDS, KILOBYTES = 10, 60


def run(ground: Ground) -> Iterator[Scenario]:
    """Before and after its manifests are known; and its frame."""
    scenario = Scenario(f"Drawing an index of {PLATFORMS} platforms", ("ms", "kB of HTML"))
    with ocinb.LocalRegistry() as school:
        repository = ocinb.Repository("bench/many", registry=school)
        repository.push(_content(), "v1", progress=False)
        index = repository["v1"]
        assert isinstance(index, RemoteIndex)
        _draw(scenario, index, "not loaded")
        _draw(scenario, index.load(), "loaded")
        scenario.lines.append(Line("its frame", (milliseconds(index.to_frame, rounds=20), None)))
    yield scenario


def _draw(scenario: Scenario, index: RemoteIndex, state: str) -> None:
    took = milliseconds(index._repr_html_, rounds=50)
    size = len((index._repr_html_() or "").encode()) / 1_000
    scenario.lines.append(Line(state, (took, size)))
    scenario.targets += [
        Target(f"{state}: under {MILLISECONDS} ms", took, took < MILLISECONDS),
        Target(f"{state}: under {KILOBYTES} kB of HTML", size, size < KILOBYTES),
    ]


def milliseconds(call: Callable[[], object], rounds: int) -> float:
    """The median time of `call` after one call to warm up."""
    call()
    times = []
    for _ in range(rounds):
        started = time.perf_counter()
        call()
        times.append(time.perf_counter() - started)
    return median(times) * 1_000


def _content() -> ocinb.ImageIndex:
    """An index of images for 50 platforms, each with attestations."""
    images = [
        (ocinb.Platform("linux", "arm64", f"v{8 + number // 10}.{number % 10}"), _image(number))
        for number in range(PLATFORMS)
    ]
    return ocinb.ImageIndex.of(images, attestations=[(image, image) for _, image in images])


def _image(number: int) -> ocinb.Image:
    history = b",".join(b'{"created_by":"RUN step %d"}' % step for step in range(7))
    config = b'{"architecture":"arm64","os":"linux","created":"2026-03-01T09:30:00Z",'
    config += b'"variant":"v8.%d","history":[%s]}' % (number, history)
    layers = [
        ocinb.Blob.of(b"%d %d" % (number, layer), media_types.LAYER_GZIP) for layer in range(7)
    ]
    return ocinb.Image.of(ocinb.Blob.of(config, media_types.CONFIG), layers)
