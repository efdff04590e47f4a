"""Registries to talk to, each on a free port of this machine: two of other people, and ours."""

from __future__ import annotations

import json
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ocinb
from tests.peers.clients import environment, path_of

LOOPBACK = "127.0.0.1"
SECONDS = 20  # that a registry may take to answer
TRIES = 3  # somebody else may take the port between asking for it and using it


@dataclass(frozen=True)
class Running:
    """A registry that answers at `host`, and keeps what it holds and what it logs in `folder`."""

    kind: str
    host: str
    folder: Path

    @property
    def log(self) -> Path:
        """What it says about itself; ours says nothing."""
        return self.folder / "log"


@contextmanager
def distribution(folder: Path, **settings: Any) -> Iterator[Running]:
    """The registry of the distribution project; `settings` are further parts of its config."""

    def command(port: int) -> list[str]:
        config = {
            "version": "0.1",
            "storage": {"filesystem": {"rootdirectory": str(folder / "storage")}},
            "http": {"addr": f"{LOOPBACK}:{port}", "secret": "not one"},
            **settings,
        }
        file = folder / "config.yml"
        file.write_text(json.dumps(config))  # JSON is YAML, too
        return [path_of("docker-registry"), "serve", str(file)]

    with _started("distribution", command, folder) as running:
        yield running


@contextmanager
def olareg(folder: Path, *options: Callable[[int], str]) -> Iterator[Running]:
    """A small registry with the Referrers API; `options` make further ones, given the port."""

    def command(port: int) -> list[str]:
        place = [f"--addr={LOOPBACK}", f"--port={port}", f"--dir={folder / 'storage'}"]
        return [path_of("olareg"), "serve", *place, *(option(port) for option in options)]

    with _started("olareg", command, folder) as running:
        yield running


@contextmanager
def memory(folder: Path) -> Iterator[Running]:
    """Our own, in memory."""
    with ocinb.LocalRegistry() as registry:
        yield Running("memory", registry.serve().host, folder)


@contextmanager
def disk(folder: Path) -> Iterator[Running]:
    """Our own, in a folder."""
    with ocinb.LocalRegistry(folder) as registry:
        yield Running("disk", registry.serve().host, folder)


@contextmanager
def _started(kind: str, command: Callable[[int], list[str]], folder: Path) -> Iterator[Running]:
    (folder / "storage").mkdir()
    for _ in range(TRIES):
        port = _free_port()
        running = Running(kind, f"{LOOPBACK}:{port}", folder)
        with running.log.open("wb") as log:
            process = subprocess.Popen(
                command(port),
                env=environment(folder),
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        try:
            if _answers(port, process):
                yield running
                return
        finally:
            _stop(process)
    raise RuntimeError(f"{kind} does not answer:\n{running.log.read_text(errors='replace')}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port


def _answers(port: int, process: subprocess.Popen[bytes]) -> bool:
    """Whether `process` comes to answer at `/v2/`."""
    end = time.monotonic() + SECONDS
    while process.poll() is None and time.monotonic() < end:
        try:
            with socket.create_connection((LOOPBACK, port), timeout=SECONDS) as connection:
                connection.sendall(b"GET /v2/ HTTP/1.0\r\nHost: localhost\r\n\r\n")
                if connection.recv(64).startswith(b"HTTP/"):
                    return process.poll() is None
        except OSError:
            time.sleep(0.02)
    return False


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(timeout=5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
