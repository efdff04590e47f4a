"""What the tests with real peers share: the registries, the clients, and something to push."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from itertools import count
from pathlib import Path

import pytest

import ocinb
from ocinb.oci.image import Content
from ocinb.registry import sample
from tests.peers import registries, rootfs
from tests.peers.clients import Clients
from tests.peers.registries import Running

KINDS: dict[str, Callable[[Path], AbstractContextManager[Running]]] = {
    "distribution": registries.distribution,
    "olareg": registries.olareg,
    "memory": registries.memory,
    "disk": registries.disk,
}
LINES = 40  # of a log that are shown
_numbers = count(1)


@pytest.fixture(scope="session", params=KINDS)
def running(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Running]:
    """Each registry in turn, for as long as tests want it."""
    folder = tmp_path_factory.mktemp(request.param)
    with KINDS[request.param](folder) as registry:
        yield registry
    shutil.rmtree(folder)


@pytest.fixture
def registry(running: Running) -> Iterator[Running]:
    """The same; what it logs during a test is shown when the test fails."""
    before = running.log.stat().st_size if running.log.exists() else 0
    yield running
    if running.log.exists():
        logged = running.log.read_bytes()[before:].decode(errors="replace")
        print("\n".join(logged.splitlines()[-LINES:]))


@pytest.fixture
def repository(registry: Running) -> Iterator[ocinb.Repository]:
    """A repository that nobody has used before."""
    with ocinb.Registry(registry.host) as connected:
        yield connected[f"demo/repository-{next(_numbers)}"]


@pytest.fixture(scope="session")
def clients(tmp_path_factory: pytest.TempPathFactory) -> Clients:
    """crane, oras, regctl, skopeo and umoci."""
    return Clients(tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="session")
def contents() -> dict[str, Content]:
    """An index with attestations, an artifact, and an artifact that refers to the index."""
    app = sample.app()
    return {"app": app, "chart": sample.chart(), "sbom": sample.sbom(app)}


@pytest.fixture(scope="session")
def packed(clients: Clients) -> rootfs.Packed:
    """A real root filesystem as an image."""
    return rootfs.packed(clients)


@pytest.fixture(scope="session")
def layouts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Image layouts of one thing each, tagged `v1`: an index, one image of it, an artifact, and an
    artifact that refers to the image."""
    folder = tmp_path_factory.mktemp("layouts")
    wanted = (
        ("index", sample.app(), None),
        ("image", sample.app(), "linux/arm64"),
        ("artifact", sample.chart(), None),
        ("referrer", sample.sbom(sample.app().children[1]), None),
    )
    for name, content, platform in wanted:
        repository = ocinb.Repository("demo/source", registry=ocinb.LocalRegistry())
        repository.push(content, "v1", progress=False)
        repository.pull("v1", folder / name, platform=platform, progress=False)
    # oras goes up to what a manifest refers to: it must be there, but not in index.json.
    blobs = Path("blobs", "sha256")
    shutil.copytree(folder / "image" / blobs, folder / "referrer" / blobs, dirs_exist_ok=True)
    return {name: folder / name for name, _, _ in wanted}
