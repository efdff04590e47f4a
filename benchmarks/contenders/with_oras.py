"""oras-py: the ORAS project's Python library. It does not verify what it downloads.

with_oras.py blob HOST NAME DIGEST TARGET [CA]
with_oras.py image HOST NAME TAG FOLDER
with_oras.py push HOST NAME FILE
with_oras.py requests METHOD HOST NAME FILE    (FILE lists digests, one a line)
"""

from __future__ import annotations

import hashlib
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import oras.provider  # type: ignore[import-not-found]  # it is in build/bench-venv

ACCEPT = {"Accept": "application/vnd.oci.image.manifest.v1+json"}


def blob(host: str, name: str, digest: str, target: str, ca: str = "") -> None:
    _registry(host, ca).download_blob(f"{host}/{name}", digest, target)


def image(host: str, name: str, tag: str, folder: str) -> None:
    registry, where = _registry(host), f"{host}/{name}"
    for layer in registry.get_manifest(f"{where}:{tag}")["layers"]:  # its pull would unpack them
        registry.download_blob(where, layer["digest"], str(Path(folder) / layer["digest"][7:]))


def push(host: str, name: str, file: str) -> None:
    with open(file, "rb") as content:
        digest = hashlib.file_digest(content, "sha256").hexdigest()
    layer = {"digest": f"sha256:{digest}", "size": Path(file).stat().st_size}
    _registry(host).upload_blob(file, f"{host}/{name}", layer).raise_for_status()


def requests(method: str, host: str, name: str, file: str) -> int:
    registry, got = _registry(host), 0
    for digest in Path(file).read_text().split():
        if method == "GET":
            registry.get_manifest(f"{host}/{name}@{digest}")
        else:
            url = f"http://{host}/v2/{name}/manifests/{digest}"
            registry.do_request(url, "HEAD", headers=ACCEPT).raise_for_status()
        got += 1
    return got


def _registry(host: str, ca: str = "") -> Any:
    return oras.provider.Registry(host, insecure=not ca, tls_verify=ca or True)


WAYS: dict[str, Callable[..., object]] = {
    "blob": blob,
    "image": image,
    "push": push,
    "requests": requests,
}

if __name__ == "__main__":
    started = time.perf_counter()
    got = WAYS[sys.argv[1]](*sys.argv[2:])
    print(json.dumps({"seconds": time.perf_counter() - started, "got": got}))
