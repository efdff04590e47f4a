"""Where things are, and what a contender sees of them: a home of its own, no proxies."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CONTENDERS = Path(__file__).resolve().parent / "contenders"
PEERS = ROOT / ".peers" / "bin"
BUILD = ROOT / "build"
PYTHON_PEERS = BUILD / "bench-venv" / "bin" / "python"  # the Python that has oras-py and dxf
LOOPBACK = "127.0.0.1"


def environment(home: Path, ca: Path | None = None) -> dict[str, str]:
    """What a contender sees; those written in Go trust `ca` through the environment alone."""
    nobody = home / "auth.json"
    if not nobody.exists():
        nobody.write_text('{"auths": {}}')
    trusted = {"SSL_CERT_FILE": str(ca)} if ca else {}
    return trusted | {
        "HOME": str(home),
        "PATH": os.environ.get("PATH", os.defpath),
        "PYTHONPATH": str(ROOT),
        "DOCKER_CONFIG": str(home / "docker"),
        "REGCTL_CONFIG": str(home / "regctl.json"),
        "REGISTRY_AUTH_FILE": str(nobody),
        "XDG_RUNTIME_DIR": str(home),
    }


def emptied(folder: Path) -> Path:
    """`folder`, which is there and holds nothing."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder
