"""ocinb, through its public API; the transfer begins when everything is imported.

with_ocinb.py blob HOST NAME DIGEST TARGET [CA]
with_ocinb.py image HOST NAME TAG FOLDER CONCURRENCY
with_ocinb.py push HOST NAME FILE CHUNK [DIGEST]     (CHUNK is bytes, or 0 for one piece)
with_ocinb.py requests METHOD HOST NAME FILE THREADS (FILE lists digests, one a line)
with_ocinb.py events HOST NAME DIGEST ROUNDS
with_ocinb.py blobs HOST NAME DIGEST FOLDER COUNT
with_ocinb.py listing FILE
with_ocinb.py memory HOST NAME TAG WAY REST…         (WAY and REST are one of the above)
"""

from __future__ import annotations

import inspect
import json
import re
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import ocinb
from ocinb.oci import media_types
from ocinb.oci.descriptor import Descriptor

PIECE = 256 * 1024
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


def listing(file: str) -> Told:
    """The files of a layer that is here, both its digests computed."""
    digest = ocinb.Digest.of(Path(file).read_bytes())
    started = time.perf_counter()
    files = ocinb.list_layer(file, digest=digest)
    return {"seconds": time.perf_counter() - started, "entries": len(files)}


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
    return ocinb.Image.of(config, [ocinb.Blob(descriptor, partial(pieces, file))])


def pieces(file: str) -> Any:
    """The content of a file."""
    with open(file, "rb", buffering=0) as content:
        while piece := content.read(PIECE):
            yield piece


def forget_peak() -> None:
    """From here on, VmHWM is the peak (proc(5), /proc/pid/clear_refs)."""
    Path("/proc/self/clear_refs").write_text("5")


def resident(which: str) -> int:
    """Bytes of this process alone: getrusage would count what its parent had, too."""
    found = re.search(rf"{which}:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert found
    return int(found[1]) * 1024


WAYS: dict[str, Any] = {
    each.__name__: each for each in (blob, blobs, image, push, requests, events, listing, memory)
}

if __name__ == "__main__":
    print(json.dumps(WAYS[sys.argv[1]](*sys.argv[2:])))
