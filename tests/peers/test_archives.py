"""Archives and layouts: others read what ocinb writes, and ocinb reads what others write."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

import ocinb
from ocinb.client.remote import RemoteImage
from ocinb.oci.digest import Digest
from ocinb.oci.image import Content, Image
from ocinb.registry import sample
from tests.peers.clients import Clients
from tests.peers.registries import Running

pytestmark = pytest.mark.peers

APP = sample.app()
(IMAGE,) = (child for child in APP.children[1:2] if isinstance(child, Image))  # for linux/arm64
ONE = pytest.mark.parametrize("running", ["memory"], indirect=True)
CONTENT: dict[str, Content] = {"index": APP, "image": IMAGE, "artifact": sample.chart()}


def digests(path: Path) -> set[Digest]:
    """The digests of all that is in a layout or an archive, each read, and so verified."""
    images = ocinb.open(path)
    found = {each.digest for each in images.manifests()}
    for each in images.roots:
        blobs = whole(images[each.digest])
        assert all(Digest.of(images.pull_blob(blob, progress=False)) == blob for blob in blobs)
        found |= blobs
    return found


def whole(remote: object) -> set[Digest]:
    """What is named below something, blobs only."""
    children = getattr(remote, "index", None)
    if children is not None:
        return {blob for entry in children.manifests for blob in whole(remote.child(entry))}  # type: ignore[attr-defined]
    return {each.digest for each in remote.document.children}  # type: ignore[attr-defined]


def named(content: Content) -> set[Digest]:
    if isinstance(content, Image):
        return {content.digest, *(blob.digest for blob in content.blobs)}
    return {content.digest}.union(*map(named, content.children))


# Others read what we write


@pytest.mark.parametrize("what", CONTENT)
@pytest.mark.parametrize("name", ["x.tar", "x.tar.gz", "x.tar.zst"])
def test_skopeo_reads_our_archive(name: str, what: str, clients: Clients, tmp_path: Path) -> None:
    ocinb.save(CONTENT[what], tmp_path / name, "v1")
    source = f"oci-archive:{tmp_path / name}:v1"
    clients.skopeo("copy", "--all", "--preserve-digests", source, f"oci:{tmp_path / 'out'}:v1")
    assert digests(tmp_path / "out") == named(CONTENT[what])
    raw = clients.skopeo("inspect", "--raw", source)
    assert Digest.of(raw.encode()) == CONTENT[what].digest


def test_skopeo_reads_our_archive_of_dockers(clients: Clients, tmp_path: Path) -> None:
    ocinb.save(IMAGE, tmp_path / "x.tar", "example.org/app:v1", format="docker-archive")
    source = f"docker-archive:{tmp_path / 'x.tar'}:example.org/app:v1"
    config = clients.skopeo("inspect", "--raw", "--config", source)
    assert Digest.of(config.encode()) == IMAGE.blobs[0].digest
    clients.skopeo("copy", source, f"oci:{tmp_path / 'out'}:v1")
    out = ocinb.open(tmp_path / "out")["v1"]
    assert isinstance(out, RemoteImage)
    assert out.config.diff_ids == IMAGE.config.diff_ids  # type: ignore[union-attr]


@ONE
@pytest.mark.parametrize("form", ["oci-layout", "docker-archive"])
def test_crane_pushes_what_we_write(
    form: str, repository: ocinb.Repository, clients: Clients, tmp_path: Path
) -> None:
    path = tmp_path / "x"
    ocinb.save(IMAGE, path, "example.org/app:v1", format=form)  # type: ignore[arg-type]
    clients.crane("push", path, repository.at("v1"))
    found = repository["v1"]
    assert isinstance(found, RemoteImage)
    assert found.config.raw == b"".join(IMAGE.blobs[0])
    assert form == "docker-archive" or found.digest == IMAGE.digest


@ONE
@pytest.mark.parametrize("what", CONTENT)
def test_regctl_imports_our_archive(
    what: str, repository: ocinb.Repository, clients: Clients, tmp_path: Path
) -> None:
    ocinb.save(CONTENT[what], tmp_path / "x.tar", "v1")
    clients.regctl("image", "import", repository.at("v1"), tmp_path / "x.tar")
    assert repository["v1"].digest == CONTENT[what].digest


def test_umoci_reads_our_layout(clients: Clients, tmp_path: Path) -> None:
    ocinb.save(IMAGE, tmp_path / "layout", "v1")
    assert clients.umoci("list", "--layout", tmp_path / "layout").split() == ["v1"]
    said = clients.umoci("stat", "--image", f"{tmp_path / 'layout'}:v1", "--json")
    assert IMAGE.blobs[1].digest in said


def test_tar_unpacks_our_archive_to_a_layout(tmp_path: Path) -> None:
    ocinb.save(APP, tmp_path / "x.tar.gz", "v1")
    (tmp_path / "out").mkdir()
    subprocess.run(["tar", "-xzf", tmp_path / "x.tar.gz", "-C", tmp_path / "out"], check=True)
    assert ocinb.Layout(tmp_path / "out").tags() == ("v1",)
    assert digests(tmp_path / "out") == named(APP)


# We read what others write


SKOPEO: dict[str, str] = {
    "oci-archive": "x.tar:v1",
    "oci": "x:v1",
    "docker-archive": "x.tar:a/b:v1",
}


@pytest.mark.parametrize("form", SKOPEO)
def test_what_skopeo_writes_is_read(form: str, clients: Clients, tmp_path: Path) -> None:
    ocinb.save(IMAGE, tmp_path / "source", "v1")
    clients.skopeo("copy", f"oci:{tmp_path / 'source'}:v1", f"{form}:{tmp_path}/{SKOPEO[form]}")
    images = ocinb.open(tmp_path / SKOPEO[form].partition(":")[0])
    found = images["v1"]
    assert isinstance(found, RemoteImage)
    assert found.config.diff_ids == IMAGE.config.diff_ids  # type: ignore[union-attr]
    assert list(found.files) != []
    if form == "docker-archive":
        assert (images.format, images["a/b:v1"].digest) == (form, found.digest)
        assert [each.digest for each in found.layers] == list(found.config.diff_ids)
    else:
        assert digests(images.path) == named(IMAGE)


def test_an_index_that_skopeo_writes_is_read_whole(clients: Clients, tmp_path: Path) -> None:
    ocinb.save(APP, tmp_path / "source", "v1")
    clients.skopeo(
        "copy", "--all", f"oci:{tmp_path / 'source'}:v1", f"oci-archive:{tmp_path / 'x.tar'}:v1"
    )
    assert ocinb.open(tmp_path / "x.tar")["v1"].digest == APP.digest
    assert digests(tmp_path / "x.tar") == named(APP)


CRANE: dict[str, Callable[[Clients, str, Path], str]] = {
    "tarball": lambda by, ref, to: by.crane("pull", "--format", "tarball", ref, to),
    "legacy": lambda by, ref, to: by.crane("pull", "--format", "legacy", ref, to),
    "oci": lambda by, ref, to: by.crane("pull", "--format", "oci", ref, to),
}


@ONE
@pytest.mark.parametrize("form", CRANE)
def test_what_crane_pulls_is_read(
    form: str, running: Running, repository: ocinb.Repository, clients: Clients, tmp_path: Path
) -> None:
    repository.push(IMAGE, "v1", progress=False)
    CRANE[form](clients, repository.at("v1"), tmp_path / "x")
    images = ocinb.open(tmp_path / "x")
    found = images.only if form == "oci" else images[repository.at("v1")]
    assert isinstance(found, RemoteImage)
    assert found.config.raw == b"".join(IMAGE.blobs[0])
    plain = form == "legacy"
    stored = found.config.diff_ids if plain else [each.digest for each in IMAGE.layers]
    assert [each.digest for each in found.layers] == list(stored)
    assert [Digest.of(each.read()) for each in found.layers] == [e.digest for e in found.layers]
    assert form != "oci" or found.digest == IMAGE.digest


@ONE
@pytest.mark.parametrize("what", CONTENT)
def test_what_regctl_exports_is_read(
    what: str, repository: ocinb.Repository, clients: Clients, tmp_path: Path
) -> None:
    repository.push(CONTENT[what], "v1", progress=False)
    clients.regctl("image", "export", repository.at("v1"), tmp_path / "x.tar")
    images = ocinb.open(tmp_path / "x.tar")
    assert images[0].digest == CONTENT[what].digest
    assert digests(tmp_path / "x.tar") >= named(CONTENT[what])


def test_what_umoci_makes_is_read(clients: Clients, tmp_path: Path) -> None:
    layout = tmp_path / "layout"
    clients.umoci("init", "--layout", layout)
    clients.umoci("new", "--image", f"{layout}:v1")
    (tmp_path / "motd").write_text("hello\n")
    clients.umoci("insert", "--image", f"{layout}:v1", tmp_path / "motd", "/etc/motd")
    found = ocinb.open(layout)["v1"]
    assert isinstance(found, RemoteImage)
    assert found.layers[0].files["etc/motd"].text == "hello\n"
    subprocess.run(["tar", "-cf", tmp_path / "x.tar", "-C", layout, "."], check=True)
    assert ocinb.open(tmp_path / "x.tar")["v1"].digest == found.digest
