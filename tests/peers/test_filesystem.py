"""The file system of an image as crane exports it and umoci unpacks it."""

from __future__ import annotations

import os
import stat
import tarfile
from pathlib import Path

import pytest

import ocinb
from ocinb.client.remote import RemoteImage
from ocinb.layers.filesystem import FileSystem
from tests.peers.clients import Clients
from tests.peers.rootfs import TAG, Packed

pytestmark = pytest.mark.peers


def layered() -> ocinb.Image:
    """An image in whose layers there is everything that a layer can do to those below.

    But for a whiteout beside what takes its place: crane 0.22 leaves both out, umoci does as we do.
    """
    return (
        ocinb.Image.scratch()
        .add_layer(
            [
                ("/etc/a", b"1"), ("/etc/deep/b", b"22"), ("/gone/x", b"333"), ("/gone/y/z", b"4"),
                ("/hidden/old", b"55"), ("/hidden/d/old", b"5"), ("/file", b"6"),
                ("/folder/x", b"77"), ("/again", b"8"), ("/gone-not", b"9"), ("/empty/", b""),
            ]
        )
        .add_layer(
            [
                ("/etc/deep/b", b"new", 0o4755), ("/.wh.gone", b""), ("/hidden/.wh..wh..opq", b""),
                ("/hidden/new", b"1"), ("/.wh.file", b""),
                ("/folder", b"now a file"), ("/etc/.wh.a", b""),
            ]
        )
        .add_layer([("/gone/new", b"1"), ("/etc/a", b"back"), ("/again", b"22")])
    )  # fmt: skip


@pytest.fixture(params=["layered", "rootfs"])
def image(
    request: pytest.FixtureRequest,
    repository: ocinb.Repository,
    packed: Packed,
    clients: Clients,
) -> RemoteImage:
    """An image of our own, and a real one, in each registry in turn."""
    if request.param == "layered":
        repository.push(layered(), TAG, progress=False)
    else:
        clients.skopeo("copy", f"oci:{packed.layout}:{TAG}", f"docker://{repository.at(TAG)}")
    image = repository[TAG]
    assert isinstance(image, RemoteImage)
    return image


def test_what_is_seen_is_what_crane_exports(
    image: RemoteImage, clients: Clients, tmp_path: Path
) -> None:
    clients.crane("export", image.reference, tmp_path / "export.tar")
    exported: dict[str, tuple[str, int, str]] = {}
    with tarfile.open(tmp_path / "export.tar") as archive:
        for each in archive:
            kind = "l" if each.issym() else "h" if each.islnk() else "d" if each.isdir() else "f"
            path = each.name.removeprefix("./").strip("/")
            exported[path] = (kind, each.size if kind == "f" else 0, each.linkname)
    ours = {
        each.path.strip("/"): (_KINDS.get(each.type, "f"), each.size, each.target)
        for each in image.files
    }
    assert ours == exported
    assert image.files.size == sum(size for _, size, _ in exported.values())


_KINDS = {"symlink": "l", "hardlink": "h", "directory": "d"}


def test_what_is_seen_is_what_umoci_unpacks(
    image: RemoteImage, clients: Clients, tmp_path: Path
) -> None:
    layout = image.pull(tmp_path / "layout", progress=False)
    clients.umoci("unpack", "--rootless", f"--image={layout.path}:{TAG}", tmp_path / "bundle")
    root = tmp_path / "bundle" / "rootfs"
    unpacked = {}
    for folder, folders, files in os.walk(root):
        for name in (*folders, *files):
            path = Path(folder, name)
            said = path.lstat()
            size = said.st_size if stat.S_ISREG(said.st_mode) else 0
            unpacked[str(path.relative_to(root))] = (stat.S_IFMT(said.st_mode), size)
    assert _of_ours(image.files) == unpacked


def _of_ours(fs: FileSystem) -> dict[str, tuple[int, int]]:
    found = {}
    for each in fs:
        kind = {"directory": stat.S_IFDIR, "symlink": stat.S_IFLNK}.get(each.type, stat.S_IFREG)
        size = each.size
        if each.type == "hardlink":
            size = len(each.read())
        found[each.path.strip("/")] = (kind, size)
    found.pop("", None)
    return found
