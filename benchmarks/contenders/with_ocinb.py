"""ocinb, through its public API; the transfer begins when everything is imported.

with_ocinb.py blob HOST NAME DIGEST TARGET [CA]
with_ocinb.py image HOST NAME TAG FOLDER CONCURRENCY
with_ocinb.py push HOST NAME FILE CHUNK [DIGEST]     (CHUNK is bytes, or 0 for one piece)
with_ocinb.py requests METHOD HOST NAME FILE THREADS (FILE lists digests, one a line)
with_ocinb.py events HOST NAME DIGEST ROUNDS
with_ocinb.py blobs HOST NAME DIGEST FOLDER COUNT
with_ocinb.py listing FILE [DIGEST DIFF_ID]          (or `unverified` for the digests)
with_ocinb.py remote_listing HOST NAME TAG           (of an image of one layer)
with_ocinb.py framed FILE
with_ocinb.py opening HOST NAME TAG CACHE PATH [OTHER]
                                                     (a file of such an image, after another)
with_ocinb.py merged WHERE TAG                       (WHERE is a layout, or HOST/NAME)
with_ocinb.py unpacking LAYOUT [hashed]              (all that is gzip in it)
with_ocinb.py build HOST NAME FOLDER LEVEL           (of gzip; empty for zstd)
with_ocinb.py memory HOST NAME TAG WAY REST…         (WAY and REST are one of the above)
with_ocinb.py growth WAY REST…                       (the same without a request before it)
"""

from __future__ import annotations

import hashlib
import inspect
import json
import re
import shutil
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import ocinb
from ocinb.layers.limits import Limits
from ocinb.layers.unpacking.reading import Unpacked
from ocinb.oci import media_types
from ocinb.oci.descriptor import Descriptor
from ocinb.oci.file_part import FilePart

Told = dict[str, Any]


def blob(host: str, name: str, digest: str, target: str, ca: str = "") -> Told:
    """One blob to a file."""
    with ocinb.Repository(f"{host}/{name}", ca=ca or None, plain_http=not ca) as repository:
        started = time.perf_counter()
        repository.pull_blob(digest, into=target, progress=False)
    return {"seconds": time.perf_counter() - started}


def image(host: str, name: str, tag: str, folder: str, concurrency: str) -> Told:
    """An image to an OCI image layout."""
    with registry(host, int(concurrency)) as connected:
        started = time.perf_counter()
        connected[name].pull(tag, folder, progress=False)
    return {"seconds": time.perf_counter() - started}


def push(host: str, name: str, file: str, chunk: str, digest: str = "") -> Told:
    """A file as a blob, hashed first; with its digest known, an image of that one layer."""
    with registry(host, 1) as connected:
        started = time.perf_counter()
        if digest:
            connected[name].push(image_of(file, digest), "v1", progress=False)
        else:
            connected[name].push_blob(file, chunk_size=int(chunk) or None, progress=False)
    return {"seconds": time.perf_counter() - started}


def requests(method: str, host: str, name: str, file: str, threads: str) -> Told:
    """Manifests by digest, or whether they are there."""
    digests = Path(file).read_text().split()
    with registry(host, int(threads)) as connected:
        repository = connected[name]
        ask = repository.manifest if method == "GET" else repository.head
        started = time.perf_counter()
        if threads == "1":
            got = [ask(digest) for digest in digests]
        else:
            with ThreadPoolExecutor(int(threads)) as pool:
                got = list(pool.map(ask, digests))
        took = time.perf_counter() - started
    return {"seconds": took, "got": sum(each is not None for each in got)}


def events(host: str, name: str, digest: str, rounds: str) -> Told:
    """One blob again and again: unwatched, watched, and with a callback, in turn.

    It is verified and goes nowhere, since a disk takes now this long and now that.
    """
    times: dict[str, list[float]] = {"nobody": [], "observer": [], "callback": []}
    ways = list(times)
    with registry(host, 1) as connected:
        for number in range(int(rounds) + 1):
            for way in ways[number % 3 :] + ways[: number % 3]:
                took = watched(connected, name, digest, way)
                if number:
                    times[way].append(took)
    return {"times": times}


def watched(connected: ocinb.Registry, name: str, digest: str, way: str) -> float:
    """Seconds that one pull of a blob takes, watched in this way."""
    with ExitStack() as watching:
        if way == "observer":
            watching.enter_context(connected.watched_by(lambda event: None))
        progress: Any = (lambda info: None) if way == "callback" else False
        started = time.perf_counter()
        connected[name].pull_blob(digest, into=Nowhere(), progress=progress)
        return time.perf_counter() - started


class Nowhere:
    """A sink that keeps nothing."""

    def restart(self) -> None:
        """There is nothing to forget."""

    def write(self, piece: bytes | memoryview) -> None:
        """Let it go."""


def memory(host: str, name: str, tag: str, way: str, *rest: str) -> Told:
    """How many bytes more it takes at most than when idle, after a first small request."""
    with registry(host, 1) as connected:
        connected[name].head(tag)
    return growth(way, *rest)


def growth(way: str, *rest: str) -> Told:
    """How many bytes more it takes at most than when idle."""
    forget_peak()
    before = resident("VmRSS")
    WAYS[way](*rest)
    return {"grown": resident("VmHWM") - before}


def blobs(host: str, name: str, digest: str, folder: str, count: str) -> Told:
    """The same blob to several files at the same time."""
    with registry(host, int(count)) as connected, ThreadPoolExecutor(int(count)) as pool:
        pull = partial(connected[name].pull_blob, digest, progress=False)
        targets = [Path(folder) / str(number) for number in range(int(count))]
        list(pool.map(lambda target: pull(into=target), targets))
    return {}


def listing(file: str, digest: str = "", diff_id: str = "") -> Told:
    """The files of a layer that is here; both its digests verified, where they are given."""
    list_layer = ocinb.list_layer
    asked: dict[str, Any] = {"digest": digest or None, "diff_id": diff_id or None}
    if digest == "unverified":
        asked = {"verify": False}
    started = time.perf_counter()
    files = list_layer(file, **asked)
    return {"seconds": time.perf_counter() - started, "entries": len(files)}


def remote_listing(host: str, name: str, tag: str) -> Told:
    """The files of a layer that is in a registry, verified, and indexed for reading."""
    ready("ocinb.client.moving.opening")
    with registry(host, 1) as connected:
        started = time.perf_counter()
        (layer,) = image_at(connected[name], tag).layers
        return {"entries": len(layer.files), "seconds": time.perf_counter() - started}


def framed(file: str) -> Told:
    """The files of a layer that is here, as a frame."""
    return {"entries": len(ocinb.list_layer(file).to_frame())}


def opening(host: str, name: str, tag: str, cache: str, path: str, other: str = "") -> Told:
    """One file of a layer, by the index of it in `cache`; else that is made, and the layer let go.

    With an `other` one opened before, the index is in memory, and only what follows counts. What
    counts as fetched are bytes of the layer.
    """
    ready("ocinb.client.moving.opening", "ocinb.layers.lazy.packing")
    before = (0, 0)
    with ocinb.Registry(host, plain_http=True, cache=cache) as connected:
        repository = connected[name]
        started = time.perf_counter()
        (layer,) = image_at(repository, tag).layers
        if other:
            layer.files[other].read()
            before, started = fetched(layer), time.perf_counter()
        content = layer.files[path].bytes
        took = time.perf_counter() - started
    came, requests = (now - then for now, then in zip(fetched(layer), before, strict=True))
    shutil.rmtree(Path(cache) / "blobs", ignore_errors=True)
    digest = str(ocinb.Digest.of(content))
    return {"seconds": took, "digest": digest, "fetched": came, "requests": requests}


def fetched(layer: Any) -> tuple[int, int]:
    """The bytes of a layer that came so far, and the requests for parts of it."""
    fetching = layer.files.fetching
    return fetching.listing + fetching.opening, fetching.requests


def merged(where: str, tag: str) -> Told:
    """The file system of an image, all of its layers listed for it."""
    ready("ocinb.client.moving.opening", "ocinb.layers.merged.image_files", "ocinb.layers.listing")
    local = Path(where).is_dir()
    source = ocinb.open(where) if local else ocinb.Repository(where, plain_http=True)
    started = time.perf_counter()
    files = image_at(source, tag).files
    live = len(files)
    return {"seconds": time.perf_counter() - started, "entries": len(files.all), "live": live}


def unpacking(layout: str, hashed: str = "") -> Told:
    """All layers of a layout unpacked, as a listing does it, and nothing else but hashes."""
    started, size = time.perf_counter(), 0
    for path in sorted((Path(layout) / "blobs" / "sha256").iterdir()):
        layer, inner, outer = Unpacked(Limits()), hashlib.sha256(), hashlib.sha256()
        for piece in FilePart.whole(path):
            outer.update(piece if hashed else b"")
            for found in layer.feed(piece):
                inner.update(found if hashed else b"")
        size += layer.given if layer.compression else 0
    return {"seconds": time.perf_counter() - started, "unpacked": size}


def build(host: str, name: str, folder: str, level: str) -> Told:
    """An image of a folder, built and pushed: gzip of this level, or else zstd."""
    how: Any = {"compression": "gzip", "level": int(level)} if level else {"compression": "zstd"}
    scratch = ocinb.Image.scratch()
    with registry(host, 1) as connected:
        repository = connected[name]
        started = time.perf_counter()
        repository.push(scratch.copy(folder, "/", **how), "v1", progress=False)
    return {"seconds": time.perf_counter() - started}


def ready(*modules: str) -> None:
    """Have what is imported when it is first needed."""
    for module in modules:
        import_module(module)


def image_at(source: Any, tag: str) -> ocinb.RemoteImage:
    """What a tag stands for, which is an image."""
    found: ocinb.RemoteImage = source[tag]
    return found


def registry(host: str, concurrency: int) -> ocinb.Registry:
    """The registry on loopback, with `concurrency` where this version can."""
    known = "concurrency" in inspect.signature(ocinb.Registry).parameters
    more: dict[str, Any] = {"concurrency": concurrency} if known else {}
    return ocinb.Registry(host, plain_http=True, **more)


def image_of(file: str, digest: str) -> ocinb.Image:
    """An image of one layer."""
    size = Path(file).stat().st_size
    descriptor = Descriptor(media_types.LAYER_GZIP, ocinb.Digest(digest), size)
    config = ocinb.Blob.of(b'{"architecture":"amd64","os":"linux"}', media_types.CONFIG)
    return ocinb.Image.of(config, [ocinb.Blob.in_file(descriptor, file)])


def forget_peak() -> None:
    """From here on, VmHWM is the peak (proc(5), /proc/pid/clear_refs)."""
    Path("/proc/self/clear_refs").write_text("5")


def resident(which: str) -> int:
    """Bytes of this process alone: getrusage would count what its parent had, too."""
    found = re.search(rf"{which}:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert found
    return int(found[1]) * 1024


WAYS: dict[str, Any] = {
    each.__name__: each
    for each in (
        *(blob, blobs, image, push, requests, events, memory, growth),
        *(listing, remote_listing, framed, opening, merged, unpacking, build),
    )
}

if __name__ == "__main__":
    print(json.dumps(WAYS[sys.argv[1]](*sys.argv[2:])))
