"""What ocinb pushes to any registry, others read back, byte for byte."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

import ocinb
from ocinb.oci import media_types
from ocinb.oci.image import Blob, Content, Image, ImageIndex
from tests.peers.clients import Clients
from tests.peers.registries import Running

pytestmark = pytest.mark.peers

WITH_REFERRERS_API = pytest.mark.parametrize("running", ["olareg", "memory", "disk"], indirect=True)


@pytest.fixture(scope="module")
def pushed(running: Running, contents: dict[str, Content]) -> Iterator[ocinb.Repository]:
    """A repository with everything in it, each tagged by its name, and one of them twice."""
    with ocinb.Registry(running.host) as registry:
        repository = registry["demo/pushed"]
        for name, content in contents.items():
            assert repository.push(content, name, progress=False).descriptor == content.descriptor
        repository.push(contents["app"], "latest", progress=False)
        yield repository


@pytest.fixture(params=["app", "chart", "sbom"])
def name(request: pytest.FixtureRequest, registry: Running) -> str:
    """The tag of each content in turn."""
    return str(request.param)


@pytest.fixture
def content(name: str, contents: dict[str, Content]) -> Content:
    return contents[name]


@pytest.fixture
def reference(name: str, pushed: ocinb.Repository) -> str:
    return pushed.at(name)


def test_crane_reads_it_back(
    reference: str, content: Content, clients: Clients, tmp_path: Path
) -> None:
    assert clients.crane("digest", reference).strip() == content.digest
    assert clients.crane("manifest", reference).encode() == raw(content)
    clients.crane("pull", "--format=oci", reference, tmp_path / "layout")
    assert_holds(tmp_path / "layout", content)


def test_oras_reads_it_back(
    reference: str, content: Content, clients: Clients, tmp_path: Path
) -> None:
    said = json.loads(clients.oras("manifest", "fetch", "--descriptor", reference))
    assert (said["mediaType"], said["digest"], said["size"]) == (
        content.descriptor.media_type,
        content.digest,
        len(raw(content)),
    )
    assert clients.oras("manifest", "fetch", reference).encode() == raw(content)
    clients.oras("cp", "--to-oci-layout", reference, f"{tmp_path / 'layout'}:v1")
    assert_holds(tmp_path / "layout", content)


def test_oras_fetches_a_blob(
    pushed: ocinb.Repository, contents: dict[str, Content], clients: Clients, tmp_path: Path
) -> None:
    chart = contents["chart"]
    assert isinstance(chart, Image)
    layer = chart.blobs[-1]
    clients.oras("blob", "fetch", f"--output={tmp_path / 'layer'}", pushed.at(layer.digest))
    assert (tmp_path / "layer").read_bytes() == b"".join(layer)


def test_oras_pulls_the_files_of_an_artifact(
    repository: ocinb.Repository, clients: Clients, tmp_path: Path
) -> None:
    title = {"org.opencontainers.image.title": "hello.txt"}
    artifact = Image.of(
        Blob.of(b"{}", media_types.EMPTY),
        [Blob.of(b"Hello!\n", "text/plain", annotations=title)],
        artifact_type="application/vnd.example.greeting",
    )
    repository.push(artifact, "hello", progress=False)
    clients.oras("pull", f"--output={tmp_path}", repository.at("hello"))
    assert (tmp_path / "hello.txt").read_text() == "Hello!\n"


def test_regctl_reads_it_back(
    reference: str, content: Content, clients: Clients, tmp_path: Path
) -> None:
    assert clients.regctl("manifest", "head", reference).strip() == content.digest
    assert clients.regctl("image", "digest", reference).strip() == content.digest
    body = clients.regctl("manifest", "get", "--format=raw-body", reference)
    assert body.encode() == raw(content)
    clients.regctl("image", "copy", reference, f"ocidir://{tmp_path / 'layout'}:v1")
    assert_holds(tmp_path / "layout", content)


def test_skopeo_reads_it_back(
    reference: str, content: Content, clients: Clients, tmp_path: Path
) -> None:
    assert clients.skopeo("inspect", "--raw", f"docker://{reference}").encode() == raw(content)
    target = f"oci:{tmp_path / 'layout'}:v1"
    clients.skopeo("copy", "--all", "--preserve-digests", f"docker://{reference}", target)
    assert_holds(tmp_path / "layout", content)


def test_everybody_lists_the_same_tags(
    registry: Running, pushed: ocinb.Repository, clients: Clients
) -> None:
    listed = [
        clients.crane("ls", pushed.full_name).split(),
        clients.oras("repo", "tags", pushed.full_name).split(),
        clients.regctl("tag", "ls", pushed.full_name).split(),
        json.loads(clients.skopeo("list-tags", f"docker://{pushed.full_name}"))["Tags"],
    ]
    assert {*pushed.tags()} >= {"app", "chart", "latest", "sbom"}
    assert [sorted(tags) for tags in listed] == [[*pushed.tags()]] * 4  # not all registries sort


@WITH_REFERRERS_API
def test_oras_discovers_what_refers_to_it(
    registry: Running, pushed: ocinb.Repository, contents: dict[str, Content], clients: Clients
) -> None:
    found = json.loads(clients.oras("discover", "--format=json", pushed.at("app")))
    (referrer,) = found["referrers"]
    assert referrer["digest"] == contents["sbom"].digest
    assert referrer["artifactType"] == "application/spdx+json"


def test_crane_finds_an_image_well_formed(
    pushed: ocinb.Repository, registry: Running, clients: Clients
) -> None:
    image = pushed["app"].image("linux/arm64")  # type: ignore[union-attr]
    clients.crane("validate", f"--remote={image.pinned}")


def test_what_is_there_is_not_sent_again(
    registry: Running, pushed: ocinb.Repository, contents: dict[str, Content]
) -> None:
    again = pushed.push(contents["app"], "app", progress=False)
    assert {outcome for _, outcome in again.blobs} == {"existed"}


def raw(content: Content) -> bytes:
    return content.index.raw if isinstance(content, ImageIndex) else content.manifest.raw


def assert_holds(layout: Path, content: Content) -> None:
    """`layout` holds `content` and everything under it, byte for byte."""
    blobs = layout / "blobs" / "sha256"
    assert (blobs / content.digest.encoded).read_bytes() == raw(content)
    if isinstance(content, ImageIndex):
        for child in content.children:
            assert_holds(layout, child)
    else:
        for blob in content.blobs:
            assert (blobs / blob.digest.encoded).read_bytes() == b"".join(blob)
