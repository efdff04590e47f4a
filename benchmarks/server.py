"""Distribution's registry on loopback, plain or with TLS, over a folder that several may share."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks import peers
from benchmarks.place import LOOPBACK
from benchmarks.storage import Storage

SECONDS = 20  # that it may take to answer


@dataclass(frozen=True)
class Server:
    """A registry that answers at `host`; with TLS, `ca` is whom to trust."""

    host: str
    storage: Storage
    log: Path
    ca: Path | None = None

    @property
    def url(self) -> str:
        """What its addresses begin with."""
        return f"{'https' if self.ca else 'http'}://{self.host}"

    def requests(self) -> int:
        """How many requests it has logged so far."""
        log = self.log.read_text(errors="replace")
        return len(re.findall(r'"(?:GET|HEAD|POST|PUT|PATCH|DELETE) /v2/', log))


@contextmanager
def serving(folder: Path, storage: Storage, *, tls: bool = False) -> Iterator[Server]:
    """The registry, for as long as this lasts; its own files are in `folder`."""
    folder.mkdir()
    ca, key = certificate(folder) if tls else (None, None)
    host = f"{LOOPBACK}:{_free_port()}"
    http: dict[str, Any] = {"addr": host, "secret": "not one"}
    if tls:
        http["tls"] = {"certificate": str(ca), "key": str(key)}
    config = {
        "version": "0.1",
        "storage": {"filesystem": {"rootdirectory": str(storage.folder)}},
        "http": http,
    }
    (folder / "config.yml").write_text(json.dumps(config))  # JSON is YAML, too
    server = Server(host, storage, folder / "log", ca)
    with server.log.open("wb") as log:
        process = subprocess.Popen(
            [peers.path_of("docker-registry"), "serve", str(folder / "config.yml")],
            env={"HOME": str(folder)},  # it would take REGISTRY_AUTH_FILE for a setting
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        _await(server, process)
        yield server
    finally:
        process.terminate()
        process.wait()


def certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate for loopback that trusts itself, and its key."""
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-nodes", "-days", "2", "-subj", "/CN=benchmarks"),
            *("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"),
            *("-addext", f"subjectAltName=IP:{LOOPBACK}"),
            *("-keyout", str(key), "-out", str(certificate)),
        ],
        check=True,
        capture_output=True,
    )
    return certificate, key


def _await(server: Server, process: subprocess.Popen[bytes]) -> None:
    host, _, port = server.host.partition(":")
    end = time.monotonic() + SECONDS
    while process.poll() is None and time.monotonic() < end:
        with suppress(OSError), socket.create_connection((host, int(port)), timeout=SECONDS):
            return
        time.sleep(0.02)
    raise RuntimeError(f"the registry does not answer:\n{server.log.read_text(errors='replace')}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port
