"""Pulling one blob of 1 GiB to a file over loopback, verified, from the embedded registry.

crane and curl run beside ocinb where they are there; curl does not verify what it gets.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import ocinb
from benchmarks.measure import Row, interleaved
from ocinb.oci import media_types
from ocinb.oci.descriptor import Descriptor

SIZE = 1 << 30
CRANE = Path(".peers/bin/crane")
_SERVE = """
import sys, ocinb
with ocinb.LocalRegistry(sys.argv[1]).serve() as server:
    print(server.host, flush=True)
    sys.stdin.read()
"""
_PULL = """
import sys, ocinb
ocinb.Repository(sys.argv[1])["v1"].layers[0].save(sys.argv[2], progress=False)
"""


def run() -> Iterator[Row]:
    with served() as (reference, digest), tempfile.TemporaryDirectory() as folder:
        host, _, name = reference.partition("/")
        target = str(Path(folder) / "blob")
        commands = {"ocinb": [sys.executable, "-c", _PULL, reference, target]}
        if shutil.which("curl"):
            url = f"http://{host}/v2/{name}/blobs/{digest}"
            commands["curl, unverified"] = ["curl", "-sf", "-o", target, url]
        if CRANE.exists():
            crane = [str(CRANE), "--insecure", "blob", f"{reference}@{digest}"]
            commands["crane"] = ["sh", "-c", f"{' '.join(crane)} > {target}"]
        took = interleaved(commands, rounds=3)
    for name, seconds in took.items():
        yield Row(f"{name}: 1 GiB, whole process", seconds, "s")
        if name != "ocinb":
            yield Row(f"ocinb's speed as a ratio to {name}", seconds / took["ocinb"], "×")


@contextmanager
def served() -> Iterator[tuple[str, str]]:
    """A registry in another process that holds `big:v1` with one large layer, and its digest."""
    with tempfile.TemporaryDirectory() as folder:
        digest = _filled(folder)
        server = subprocess.Popen(
            [sys.executable, "-c", _SERVE, folder],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert server.stdout is not None
        assert server.stdin is not None
        try:
            yield f"{server.stdout.readline().strip()}/bench/big", digest
        finally:
            server.stdin.close()
            server.wait()
            server.stdout.close()


def _filled(folder: str) -> str:
    """Put an image with a layer of `SIZE` bytes into the registry kept in `folder`."""
    pieces = [hashlib.sha256(b"%d" % n).digest() * 32_768 for n in range(8)]
    hashed = hashlib.sha256()
    for number in range(SIZE >> 20):
        hashed.update(pieces[number % 8])
    digest = ocinb.Digest.from_hash("sha256", hashed)
    layer = ocinb.Blob(
        Descriptor(media_types.LAYER, digest, SIZE),
        lambda: (pieces[number % 8] for number in range(SIZE >> 20)),
    )
    config = ocinb.Blob.of(b'{"architecture":"amd64","os":"linux"}', media_types.CONFIG)
    with ocinb.LocalRegistry(folder) as registry:
        repository = ocinb.Repository("bench/big", registry=registry)
        repository.push(ocinb.Image.of(config, [layer]), "v1", progress=False)
    return str(digest)
