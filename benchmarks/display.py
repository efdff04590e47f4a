"""Drawing an index of 50 platforms: under 10 ms, and under 60 kB of HTML."""

from __future__ import annotations

from collections.abc import Iterator

import ocinb
from benchmarks.measure import Row, milliseconds
from ocinb.client.remote import RemoteIndex
from ocinb.oci import media_types

PLATFORMS = 50


def run() -> Iterator[Row]:
    with ocinb.LocalRegistry() as school:
        repository = ocinb.Repository("bench/many", registry=school)
        repository.push(_content(), "v1", progress=False)
        index = repository["v1"]
        assert isinstance(index, RemoteIndex)
        yield from _drawn(index, "not loaded")
        yield from _drawn(index.load(), "loaded")
        yield Row("its frame", milliseconds(index.to_frame, rounds=20), "ms")


def _drawn(index: RemoteIndex, state: str) -> Iterator[Row]:
    html = index._repr_html_() or ""
    took = milliseconds(index._repr_html_, rounds=50)
    yield Row(f"an index of {PLATFORMS} platforms, {state}", took, "ms", "under 10")
    yield Row(f"its HTML, {state}", len(html.encode()) / 1_000, "kB", "under 60")


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
