"""What others push, ocinb pulls and verifies; and what is in its registry's folder, others read."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

import ocinb
from ocinb.client.remote import RemoteArtifact, RemoteImage, RemoteIndex
from ocinb.oci import media_types
from ocinb.oci.index import Index
from ocinb.oci.manifest import Manifest
from tests.peers.clients import Clients, Failed
from tests.peers.registries import Running

pytestmark = pytest.mark.peers

OURS = pytest.mark.parametrize("running", ["memory", "disk"], indirect=True)
ON_DISK = pytest.mark.parametrize("running", ["disk"], indirect=True)

PUSHES: dict[str, Callable[[Clients, Path, str], str]] = {
    "crane": lambda by, layout, to: by.crane("push", layout, to),
    "oras": lambda by, layout, to: by.oras("cp", "--from-oci-layout", f"{layout}:v1", to),
    "regctl": lambda by, layout, to: by.regctl("image", "copy", f"ocidir://{layout}:v1", to),
    "skopeo": lambda by, layout, to: by.skopeo(
        "copy", "--all", "--preserve-digests", f"oci:{layout}:v1", f"docker://{to}"
    ),
}


@OURS
@pytest.mark.parametrize("what", ["image", "index", "artifact"])
@pytest.mark.parametrize("who", PUSHES)
def test_what_others_push_to_our_registry_comes_back_whole(
    who: str,
    what: str,
    repository: ocinb.Repository,
    layouts: dict[str, Path],
    clients: Clients,
    tmp_path: Path,
) -> None:
    PUSHES[who](clients, layouts[what], repository.at("v1"))
    pulled = repository.pull("v1", tmp_path / "pulled", progress=False)
    assert pulled.resolve("v1") == ocinb.Layout(layouts[what]).resolve("v1")
    assert contents(pulled.path) == contents(layouts[what])


# What others make themselves


@pytest.mark.parametrize(
    ("base", "media_type"),
    [("--oci-empty-base", media_types.MANIFEST), (None, media_types.DOCKER_MANIFEST)],
    ids=["oci", "docker"],
)
def test_an_image_made_by_crane_is_read(
    base: str | None,
    media_type: str,
    repository: ocinb.Repository,
    clients: Clients,
    tmp_path: Path,
) -> None:
    appended(clients, repository.at("v1"), tmp_path, *filter(None, [base]))
    image = repository["v1"]
    assert isinstance(image, RemoteImage)
    assert image.manifest.media_type == media_type
    assert image.digest == clients.crane("digest", repository.at("v1")).strip()
    assert image.config.raw == clients.crane("config", repository.at("v1")).encode()
    assert_pulled_whole(repository, "v1", tmp_path)


@pytest.mark.parametrize(
    "media_type", [media_types.INDEX, media_types.DOCKER_INDEX], ids=["oci", "docker"]
)
def test_an_index_made_by_regctl_is_read(
    media_type: str, repository: ocinb.Repository, clients: Clients, tmp_path: Path
) -> None:
    appended(clients, repository.at("one"), tmp_path, "--oci-empty-base")
    reference = repository.at("all")
    clients.regctl(
        "index",
        "create",
        reference,
        f"--media-type={media_type}",
        f"--ref={repository.at('one')}",
        "--desc-platform=linux/arm64",
    )
    index = repository["all"]
    assert isinstance(index, RemoteIndex)
    assert index.index.media_type == media_type
    assert index.digest == clients.regctl("manifest", "head", reference).strip()
    assert index["linux/arm64"].digest == repository["one"].digest
    assert_pulled_whole(repository, "all", tmp_path)


def test_an_index_made_by_oras_is_read(
    repository: ocinb.Repository, clients: Clients, tmp_path: Path
) -> None:
    appended(clients, repository.at("one"), tmp_path, "--oci-empty-base")
    clients.oras(
        "manifest", "index", "create", repository.at("all"), "one", "--annotation=made.by=oras"
    )
    index = repository["all"]
    assert isinstance(index, RemoteIndex)
    assert index.index.annotations == {"made.by": "oras"}
    assert [entry.digest for entry in index.index.manifests] == [repository["one"].digest]
    assert_pulled_whole(repository, "all", tmp_path)


def test_an_artifact_made_by_oras_is_read(
    repository: ocinb.Repository, clients: Clients, tmp_path: Path
) -> None:
    (tmp_path / "hello.txt").write_text("Hello!\n")
    (tmp_path / "empty.txt").write_text("")
    reference = repository.at("files")
    clients.oras(
        "push",
        "--disable-path-validation",
        "--artifact-type=application/vnd.example.files",
        "--annotation=made.by=oras",
        reference,
        f"{tmp_path / 'hello.txt'}:text/plain",
        f"{tmp_path / 'empty.txt'}:text/plain",
    )
    artifact = repository["files"]
    assert isinstance(artifact, RemoteArtifact)
    assert artifact.artifact_type == "application/vnd.example.files"
    assert artifact.manifest.annotations["made.by"] == "oras"
    assert [blob.read() for blob in artifact.blobs] == [b"Hello!\n", b""]
    assert artifact.digest == clients.oras("resolve", reference).strip()
    assert_pulled_whole(repository, "files", tmp_path)


def test_an_artifact_made_by_regctl_is_read(
    repository: ocinb.Repository, clients: Clients, tmp_path: Path
) -> None:
    appended(clients, repository.at("v1"), tmp_path, "--oci-empty-base")
    (tmp_path / "packages.json").write_text('{"packages": []}')
    reference = repository.at("sbom")
    clients.regctl(
        "artifact",
        "put",
        "--artifact-type=application/spdx+json",
        f"--file={tmp_path / 'packages.json'}",
        "--file-media-type=application/spdx+json",
        f"--subject={repository.at('v1')}",
        reference,
    )
    artifact = repository["sbom"]
    assert isinstance(artifact, RemoteArtifact)
    assert artifact.manifest.subject
    assert artifact.manifest.subject.digest == repository["v1"].digest
    assert json.loads(artifact.blobs[0].read()) == {"packages": []}
    assert artifact.digest == clients.regctl("manifest", "head", reference).strip()
    assert_pulled_whole(repository, "sbom", tmp_path)


# The folder of a registry on disk


@ON_DISK
@pytest.mark.parametrize("what", ["image", "index", "artifact"])
def test_others_read_the_folder_of_our_registry(
    what: str,
    registry: Running,
    repository: ocinb.Repository,
    layouts: dict[str, Path],
    clients: Clients,
    tmp_path: Path,
) -> None:
    PUSHES["skopeo"](clients, layouts[what], repository.at("v1"))
    folder = registry.folder / repository.name
    raw = repository["v1"].raw

    assert clients.skopeo("inspect", "--raw", f"oci:{folder}:v1").encode() == raw
    clients.skopeo("copy", "--all", f"oci:{folder}:v1", f"oci:{tmp_path / 'copy'}:v1")
    assert contents(tmp_path / "copy") == contents(layouts[what])

    assert clients.oras("manifest", "fetch", "--oci-layout", f"{folder}:v1").encode() == raw
    body = clients.regctl("manifest", "get", "--format=raw-body", f"ocidir://{folder}:v1")
    assert body.encode() == raw
    assert clients.umoci("ls", f"--layout={folder}").split() == ["v1"]

    clients.crane("push", "--index", folder, repository.at("all"))
    listed = {entry.digest for entry in ocinb.Layout(layouts[what]).manifests()}
    everything = repository["all"]
    assert isinstance(everything, RemoteIndex)
    assert listed <= {entry.digest for entry in everything.index.manifests}


# Deleting

DELETES: dict[str, Callable[[Clients, str, str], str]] = {
    "crane": lambda by, pinned, _: by.crane("delete", pinned),
    "oras": lambda by, pinned, _: by.oras("manifest", "delete", "--force", pinned),
    "regctl": lambda by, pinned, _: by.regctl("manifest", "delete", pinned),
    "skopeo": lambda by, _, tagged: by.skopeo("delete", f"docker://{tagged}"),
}


@OURS
@pytest.mark.parametrize("who", DELETES)
def test_what_others_delete_from_our_registry_is_gone_and_nothing_else(
    who: str, repository: ocinb.Repository, layouts: dict[str, Path], clients: Clients
) -> None:
    PUSHES["crane"](clients, layouts["image"], repository.at("v1"))
    PUSHES["crane"](clients, layouts["artifact"], repository.at("kept"))
    image, kept = repository["v1"], repository.head("kept")
    DELETES[who](clients, image.pinned, image.reference)
    assert repository.head(image.digest) is None
    assert [*repository.tags()] == ["kept"]

    with pytest.raises(Failed, match="MANIFEST_UNKNOWN"):
        clients.crane("delete", image.pinned)
    assert repository.head("kept") == kept


def appended(clients: Clients, reference: str, folder: Path, *options: str) -> None:
    """Let crane make an image of one file at `reference`."""
    layer = folder / "layer.tar"
    with tarfile.open(layer, "w") as tar:
        entry = tarfile.TarInfo("etc/motd")
        entry.size = len(b"Hello!\n")
        tar.addfile(entry, io.BytesIO(b"Hello!\n"))
    clients.crane("append", *options, f"--new_layer={layer}", f"--new_tag={reference}")


def assert_pulled_whole(repository: ocinb.Repository, tag: str, folder: Path) -> None:
    """A pull, which verifies, and what it pulled has all that the manifest names."""
    layout = repository.pull(tag, folder / "pulled", progress=False)
    there = contents(layout.path)
    todo = [repository.manifest(tag)]
    while todo:
        manifest = todo.pop()
        assert there.pop(manifest.digest.encoded) == manifest.raw
        if isinstance(manifest, Index):
            todo += [repository.manifest(each.digest) for each in manifest.manifests]
        else:
            assert isinstance(manifest, Manifest)
            for blob in {manifest.config, *manifest.layers}:
                assert len(there.pop(blob.digest.encoded)) == blob.size
    assert not there


def contents(layout: Path) -> dict[str, bytes]:
    """Everything in a layout by the digits of its digest."""
    return {path.name: path.read_bytes() for path in (layout / "blobs" / "sha256").iterdir()}
