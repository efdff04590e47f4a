"""A real root filesystem, packed by umoci and pushed by skopeo, seen through ocinb."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

import ocinb
from ocinb.client.remote import RemoteImage
from tests.peers.clients import Clients
from tests.peers.rootfs import TAG, Packed

pytestmark = pytest.mark.peers


@pytest.fixture
def image(repository: ocinb.Repository, packed: Packed, clients: Clients) -> RemoteImage:
    """The image, in each registry in turn."""
    clients.skopeo("copy", f"oci:{packed.layout}:{TAG}", f"docker://{repository.at(TAG)}")
    image = repository[TAG]
    assert isinstance(image, RemoteImage)
    return image


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A place for something large, which is not kept."""
    yield tmp_path
    shutil.rmtree(tmp_path)


def test_it_can_be_explored(
    image: RemoteImage, repository: ocinb.Repository, packed: Packed, clients: Clients
) -> None:
    tags = repository.tags()
    assert (list(tags), tags.complete) == ([TAG], True)

    config = image.config
    assert str(image.platform) == str(ocinb.Platform.host())
    assert (config.cmd, config.labels) == (("/bin/sh",), {"purpose": "tests"})
    assert config.problems == ()
    steps = [(entry and entry.created_by, at) for entry, at in config.steps(len(image.layers))]
    made = [packed.made_by, "umoci insert"]
    assert steps == [*zip(made, [0, 1], strict=True), *[("umoci config", None)] * (len(steps) - 2)]

    told = json.loads(clients.umoci("stat", "--json", f"--image={packed.layout}:{TAG}"))
    layers = [entry for entry in told["history"] if entry["layer"]]
    assert [(layer.digest, layer.size) for layer in image.layers] == [
        (entry["layer"]["digest"], entry["layer"]["size"]) for entry in layers
    ]
    assert list(config.diff_ids) == [entry["diff_id"] for entry in layers]
    assert image.layers[0].size > 1_000_000


def test_everybody_knows_it_by_the_same_digest(
    image: RemoteImage, packed: Packed, clients: Clients
) -> None:
    told = json.loads(clients.skopeo("inspect", f"docker://{image.reference}"))
    assert told["Digest"] == image.digest
    assert told["Layers"] == [layer.digest for layer in image.layers]
    assert clients.crane("digest", image.reference).strip() == image.digest
    assert clients.crane("config", image.reference).encode() == image.config.raw
    (entry,) = ocinb.Layout(packed.layout).manifests()
    assert entry.digest == image.digest


def test_it_is_pulled_into_a_layout_that_others_read(
    image: RemoteImage, packed: Packed, clients: Clients, folder: Path
) -> None:
    layout = image.pull(folder / "layout", progress=False)
    assert layout.tags() == (TAG,)
    assert blobs(layout.path) == blobs(packed.layout)

    told = json.loads(clients.skopeo("inspect", f"oci:{layout.path}:{TAG}"))
    assert (told["Digest"], told["Architecture"]) == (
        image.digest,
        image.config.platform.architecture,
    )
    assert clients.umoci("ls", f"--layout={layout.path}").split() == [TAG]
    clients.umoci("unpack", "--rootless", f"--image={layout.path}:{TAG}", folder / "bundle")
    root = folder / "bundle" / "rootfs"
    assert (root / "etc" / "motd").read_text() == "Made for tests.\n"
    assert (root / "usr" / "lib" / "os-release").read_text().count("=") > 3


def blobs(layout: Path) -> dict[str, int]:
    """What is in a layout: ocinb and umoci have checked that each is what its name says."""
    return {path.name: path.stat().st_size for path in (layout / "blobs" / "sha256").iterdir()}
