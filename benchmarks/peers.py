"""Who is measured beside ocinb: where each is, its version, or why it is not there."""

from __future__ import annotations

import platform
import re
import shutil
import subprocess
import sys
from functools import cache

from benchmarks.place import PEERS, PYTHON_PEERS

BUILT = ("crane", "docker-registry", "oras", "regctl", "skopeo")  # by `make peers`
SYSTEM = ("curl", "openssl", "tar", "zstd")
PYTHON = {"oras-py": "oras", "dxf": "python-dxf"}  # by `make bench`; with their distributions
_HERE = ("ocinb", "raw sockets")
_ASKED = {
    "crane": "version",
    "curl": "--version",
    "docker-registry": "--version",
    "openssl": "version",
    "oras": "version",
    "regctl": "version",
    "skopeo": "--version",
    "tar": "--version",
    "zstd": "--version",
}


def path_of(name: str) -> str:
    """The program that runs `name`, for which there is no reason to be missing."""
    if name in BUILT:
        return str(PEERS / name)
    if name in PYTHON:
        return str(PYTHON_PEERS)
    return sys.executable if name in _HERE else str(shutil.which(name))


@cache
def why_missing(name: str) -> str:
    """Why `name` cannot be measured and what to do about it; empty when it can."""
    if name in BUILT and not (PEERS / name).exists():
        return f"{name} is not in .peers/bin: make peers"
    if name in SYSTEM and not shutil.which(name):
        return f"{name} is not on the PATH: install it"
    if name in PYTHON and not _python_version(name):
        return f"{name} is not in build/bench-venv: make bench brings it when the network is there"
    return ""


@cache
def version(name: str) -> str:
    """What `name` says its version is; empty when it is not there."""
    if why_missing(name):
        return ""
    if name in PYTHON:
        return _python_version(name)
    if name in _HERE:
        return f"Python {platform.python_version()}"
    said = _said([path_of(name), _ASKED[name]])
    found = re.search(r"\d+\.\d+[\w.+~-]*", said)
    return found[0] if found else said.strip()


@cache
def _python_version(name: str) -> str:
    code = f"import importlib.metadata as m; print(m.version({PYTHON[name]!r}))"
    return _said([str(PYTHON_PEERS), "-c", code]).strip() if PYTHON_PEERS.exists() else ""


def _said(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return "" if done.returncode else done.stdout
