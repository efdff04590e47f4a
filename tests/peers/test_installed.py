"""What is installed in a real root filesystem, as dpkg-query says, and who may do what in it."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

import ocinb
from ocinb.layers.filesystem import FileSystem
from ocinb.layers.listing import list_layer
from ocinb.oci.manifest import Manifest, parse_manifest
from tests.peers.clients import Clients
from tests.peers.rootfs import TAG, Packed

pytestmark = pytest.mark.peers


@pytest.fixture(scope="module")
def system(packed: Packed) -> FileSystem:
    """The file system of the image, from its layout."""
    layout = ocinb.Layout(packed.layout)
    (image,) = layout.manifests()
    manifest = parse_manifest(b"".join(layout.content(image.digest) or ()))
    assert isinstance(manifest, Manifest)
    return FileSystem.of(list_layer(layout, digest=each.digest) for each in manifest.layers)


def test_its_packages_are_those_of_dpkg_query(
    system: FileSystem, packed: Packed, clients: Clients, tmp_path: Path
) -> None:
    if packed.made_by != "debootstrap":
        pytest.skip("this root filesystem has no database of dpkg")
    clients.umoci("unpack", "--rootless", f"--image={packed.layout}:{TAG}", tmp_path / "bundle")
    database = tmp_path / "bundle" / "rootfs" / "var" / "lib" / "dpkg"
    form = "${db:Status-Status}\\t${Package}\\t${Version}\\t${Architecture}\\t${source:Package}\\t"
    form += "${source:Version}\\t${Installed-Size}\\t${binary:Summary}\\n"
    query = ["dpkg-query", f"--admindir={database}", "--show", f"--showformat={form}"]
    told = subprocess.run(query, capture_output=True, text=True, check=True).stdout
    shutil.rmtree(tmp_path / "bundle")

    found = system.packages
    assert found.complete
    assert len(found) > 50
    assert sorted(line for line in told.splitlines() if line.startswith("installed\t")) == sorted(
        f"installed\t{each.name}\t{each.version}\t{each.architecture}\t{each.source}\t"
        f"{each.source_version}\t{(each.installed_size or 0) // 1024}\t{each.description}"
        for each in found
    )
    assert {each.layer for each in found} == {0}


def test_it_is_the_debian_that_it_says(system: FileSystem, packed: Packed) -> None:
    release = system.os_release
    assert release is not None
    assert release.id == "debian"
    assert release.pretty_name.startswith("Debian GNU/Linux")


def test_its_setuid_programs_are_reported(system: FileSystem, packed: Packed) -> None:
    found = {each.path for each in system.permissions.of("setuid")}
    assert found == {each.path for each in system.setuid if each.setuid}
    if packed.made_by == "debootstrap":
        assert system["bin/su"].path in found
