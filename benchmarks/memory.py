"""Pulling a blob of 1 GiB, verified and with a progress bar: memory grows by less than 32 MiB."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.measure import Row
from benchmarks.pull import SIZE, served

_PULL = """
import re, sys
import ocinb

def peak():  # getrusage would count what the parent process had, too
    return int(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1])

repository = ocinb.Repository(sys.argv[1])
image = repository["v1"]
image.manifest, image.layers[0].descriptor, repository.tags()
before = peak()
image.layers[0].save(sys.argv[2], progress=True)
print((peak() - before) / 1024)
"""


def run() -> Iterator[Row]:
    with served() as (reference, _), tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [sys.executable, "-c", _PULL, reference, str(Path(folder) / "blob")],
            check=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        what = f"growth while a blob of {SIZE >> 20:,} MiB is pulled"
        yield Row(what, float(done.stdout), "MiB", "under 32")
