"""The layers of a real root filesystem, listed where they are, as GNU tar lists them."""

from __future__ import annotations

import pytest

import ocinb
from ocinb.client.remote import RemoteImage
from tests.layers.told import by_tar, by_us
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


def test_its_files_are_those_that_tar_lists(image: RemoteImage, packed: Packed) -> None:
    assert len(image.config.diff_ids) == len(image.layers)
    for layer in image.layers:
        files = layer.files
        assert files.complete
        assert files.about.verified
        blob = packed.layout / "blobs" / "sha256" / layer.digest.encoded
        assert by_us(files) == by_tar(blob)


def test_its_files_can_be_read_where_they_are(image: RemoteImage) -> None:
    files = image.layers[0].files
    assert "ID=" in files["etc/os-release"].text  # which is a link
    assert files["bin/bash"].read()[:4] == b"\x7fELF"
    assert len(files.glob("etc/**")) > 3
    assert len(files.to_frame()) == len(files)
