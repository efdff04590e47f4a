"""dxf: a Python client for blobs. It is given pieces of 1 MiB; by default it takes 8 KiB.

with_dxf.py blob HOST NAME DIGEST TARGET [CA]
with_dxf.py push HOST NAME FILE
with_dxf.py requests METHOD HOST NAME FILE    (FILE lists digests, one a line)
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from dxf import DXF  # type: ignore[import-not-found]  # it is in build/bench-venv

PIECE = 1 << 20


def blob(host: str, name: str, digest: str, target: str, ca: str = "") -> None:
    with _client(host, name, ca) as client, open(target, "wb", buffering=0) as file:
        file.writelines(client.pull_blob(digest, chunk_size=PIECE))


def push(host: str, name: str, file: str) -> None:
    with _client(host, name) as client:
        client.push_blob(file)


def requests(method: str, host: str, name: str, file: str) -> int:
    got = 0
    with _client(host, name) as client:
        ask = (
            client.get_manifest_and_response
            if method == "GET"
            else client.head_manifest_and_response
        )
        for digest in Path(file).read_text().split():
            ask(digest)
            got += 1
    return got


def _client(host: str, name: str, ca: str = "") -> Any:
    return DXF(host, name, insecure=not ca, tlsverify=ca or True)


WAYS: dict[str, Callable[..., object]] = {"blob": blob, "push": push, "requests": requests}

if __name__ == "__main__":
    started = time.perf_counter()
    got = WAYS[sys.argv[1]](*sys.argv[2:])
    print(json.dumps({"seconds": time.perf_counter() - started, "got": got}))
