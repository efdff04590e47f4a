"""Clients that other people use, run by nobody: a home of their own, no credentials, no proxies."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path

import pytest

from tests.conftest import PEERS

SECONDS = 60  # that one command may take


class Failed(Exception):
    """A command that said no."""


def path_of(name: str) -> str:
    """Where the peer `name` is; skips when `make peers` did not bring it."""
    if not (PEERS / name).exists():
        pytest.skip(f"{name} is not there: make peers")
    return str(PEERS / name)


def environment(home: Path) -> dict[str, str]:
    """What a peer sees of the environment: a home where nothing is, and the way to programs."""
    return {
        "HOME": str(home),
        "PATH": "/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    }


class Clients:
    """Each method runs one command against registries on loopback and returns what it printed."""

    def __init__(self, home: Path) -> None:
        self._home = home
        nobody = home / "auth.json"
        nobody.write_text('{"auths": {}}')
        self._environment = environment(home) | {
            "COSIGN_PASSWORD": "",
            "DOCKER_CONFIG": str(home / "docker"),
            "REGCTL_CONFIG": str(home / "regctl.json"),
            "REGISTRY_AUTH_FILE": str(nobody),
            "XDG_RUNTIME_DIR": str(home),
        }

    def cosign(self, command: str, *arguments: object) -> str:
        """Of the sigstore project: with keys, and without any of its services."""
        return self._run("cosign", command, "--allow-http-registry", *arguments)

    def crane(self, *arguments: object) -> str:
        """Of go-containerregistry."""
        return self._run("crane", "--insecure", *arguments)

    def oras(self, command: str, *arguments: object) -> str:
        """Of the ORAS project."""
        sides = ("from-", "to-") if command == "cp" else ("",)
        return self._run("oras", command, *arguments, *(f"--{side}plain-http" for side in sides))

    def regctl(self, *arguments: object) -> str:
        """Of regclient."""
        hosts = re.findall(r"127\.0\.0\.1:[0-9]+", " ".join(map(str, arguments)))
        plain = [f"--host=reg={host},tls=disabled" for host in hosts]
        return self._run("regctl", *plain, *arguments)

    def skopeo(self, command: str, *arguments: object) -> str:
        """Of the containers project."""
        sides = ("src-", "dest-") if command == "copy" else ("",)
        plain = [f"--{side}tls-verify=false" for side in sides]
        return self._run("skopeo", "--insecure-policy", command, *plain, *arguments)

    def umoci(self, *arguments: object) -> str:
        """Of the Open Containers Initiative."""
        return self._run("umoci", *arguments)

    def _run(self, name: str, *arguments: object) -> str:
        command = [path_of(name), *map(str, arguments)]
        done = subprocess.run(
            command,
            env=self._environment,
            cwd=self._home,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=SECONDS,
            check=False,
        )
        if done.returncode:
            said = (done.stderr or done.stdout).decode(errors="replace")
            raise Failed(f"{shlex.join([name, *command[1:]])}\n{said}")
        return done.stdout.decode()
