"""A home directory with the files of podman and docker, and their helpers."""

from __future__ import annotations

import base64
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from ocinb.client.access.keychain import Keychain

CANARY = "canary-3f9"
DOCKER = ".docker/config.json"
PODMAN = ".config/containers/auth.json"
posix = pytest.mark.skipif(sys.platform == "win32", reason="the helpers here are scripts")
SAYS = 'host = sys.stdin.read(); print(\'{"Username": "\'+host+\'", "Secret": "s"}\')'


def auth(username: str = "ada", password: str = CANARY) -> str:
    return base64.b64encode(f"{username}:{password}".encode()).decode()


class Home:
    """A home directory with podman's and docker's files, and an environment to match."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.environ = folder, {"HOME": str(folder), "PATH": str(folder / "bin")}
        (folder / "bin").mkdir()

    def write(self, path: str, document: object) -> Path:
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(document if isinstance(document, str) else json.dumps(document))
        file.chmod(0o600)
        return file

    def helper(self, name: str, script: str) -> None:
        file = self.folder / "bin" / f"docker-credential-{name}"
        file.write_text(f"#!{sys.executable}\nimport sys, time, os\n{script}\n")
        file.chmod(0o755)

    def find(self, host: str, repository: str = "", **given: str) -> Any:
        return Keychain(host, environ=self.environ, home=self.folder, **given)(repository)
