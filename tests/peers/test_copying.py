"""Copies between real registries, with all that refers to it, as other clients see them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import ocinb
from ocinb.oci.image import Content
from ocinb.oci.signature import digest_to_signature_tag
from tests.peers.clients import Clients
from tests.peers.conftest import KINDS
from tests.peers.registries import Running

pytestmark = pytest.mark.peers

SPDX = "application/spdx+json"


@pytest.fixture(scope="module", params=["distribution", "olareg", "memory"])
def other(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Running]:
    """Another registry, of each kind, to copy to."""
    folder = tmp_path_factory.mktemp(f"other-{request.param}")
    with KINDS[request.param](folder) as registry:
        yield registry
    shutil.rmtree(folder)


@pytest.fixture
def target(other: Running, repository: ocinb.Repository) -> Iterator[ocinb.Repository]:
    """A repository there that nobody has used before."""
    with ocinb.Registry(other.host) as connected:
        yield connected[f"copy/{repository.name}-of-{repository.registry.name.rpartition(':')[2]}"]


@pytest.fixture
def original(repository: ocinb.Repository, contents: dict[str, Content]) -> ocinb.RemoteIndex:
    """An index with an SBOM of it, one of that, one of an image in it, and cosign's signature."""
    repository.push(contents["app"], "v1", progress=False)
    subject = repository["v1"].digest
    for text in (b'{"a":1}', b'{"b":1}'):
        attached = repository.push_referrer(text, SPDX, subject, progress=False)
        subject = attached.descriptor.digest
    image = contents["app"].children[0].digest  # type: ignore[union-attr]
    repository.push_referrer(b'{"c":1}', SPDX, image, progress=False)
    repository.push_signature(b"{}", b"x", "v1", layout="cosign", progress=False)
    return repository["v1"]


def listed_by_regctl(clients: Clients, reference: str) -> set[str]:
    said = clients.regctl("artifact", "list", "--format={{json .Descriptors}}", reference)
    return {each["digest"] for each in json.loads(said)}


def discovered_by_oras(clients: Clients, *reference: str) -> list[str]:
    """The digests of what refers to it, and to that, in the order of the bytes."""

    def digests(node: dict[str, Any]) -> list[str]:
        below = node.get("referrers") or ()
        return [each["digest"] for each in below] + [d for each in below for d in digests(each)]

    said = clients.oras("discover", "--format=json", *reference)
    return sorted(digests(json.loads(said)))


def test_other_clients_find_in_the_copy_what_they_find_in_the_original(
    repository: ocinb.Repository, target: ocinb.Repository, original, clients: Clients
) -> None:
    plan = target.plan_copy(original, recursive=True)
    done = target.copy(original, recursive=True, progress=False)
    assert {node.outcome for node in done} == {node.outcome for node in plan} == {"copied"}
    assert done.bytes_sent == plan.bytes_sent
    image = original.index.images[0].digest
    for reference in ("v1", image):
        here, there = target.at(reference), repository.at(reference)
        assert clients.crane("digest", here) == clients.crane("digest", there)
        assert clients.regctl("image", "digest", here) == clients.regctl("image", "digest", there)
        found = listed_by_regctl(clients, here)
        assert found == listed_by_regctl(clients, there)
        assert len(found) == 1
        assert discovered_by_oras(clients, here) == discovered_by_oras(clients, there)
    assert len(discovered_by_oras(clients, target.at("v1"))) == 2
    clients.crane("validate", f"--remote={target.at(image)}")
    tag = digest_to_signature_tag(original.digest)
    assert target[tag].raw == repository[tag].raw


def test_copying_again_sends_nothing_to_a_real_registry(target: ocinb.Repository, original) -> None:
    target.copy(original, recursive=True, progress=False)
    methods: list[str] = []

    def watch(event: object) -> None:
        methods.append(getattr(event, "method", ""))

    with target.registry.watched_by(watch):
        again = target.copy(original, recursive=True, progress=False)
    assert {node.outcome for node in again} == {"existed"}
    assert set(methods) <= {"", "GET", "HEAD"}


def test_regctl_copies_the_same_and_finds_ours_to_be_the_same(
    registry: Running,
    repository: ocinb.Repository,
    target: ocinb.Repository,
    original,
    clients: Clients,
) -> None:
    target.copy(original, recursive=True, progress=False)
    theirs = target.registry[f"{target.name}-regctl"]
    clients.regctl(
        "image", "copy", "--referrers", "--digest-tags", repository.at("v1"), theirs.at("v1")
    )
    for each in target.plan_copy(original, recursive=True):
        digest = each.descriptor.digest
        assert theirs[digest].raw == target[digest].raw
    assert {each.outcome for each in theirs.copy(original, recursive=True)} == {"existed"}


def test_oras_copies_the_same_of_an_image_and_what_refers_to_it(
    repository: ocinb.Repository, target: ocinb.Repository, original, clients: Clients
) -> None:
    image = original[original.index.images[0].digest]
    theirs = target.registry[f"{target.name}-oras"]
    clients.oras("cp", "--recursive", repository.at(image.digest), theirs.at("v1"))
    again = theirs.copy(image, "v1", recursive=True, progress=False)
    assert {node.outcome for node in again} == {"existed"}
    assert len(again) == 2


def test_on_one_registry_all_blobs_are_mounted(repository: ocinb.Repository, original) -> None:
    beside = repository.registry[f"{repository.name}-beside"]
    done = beside.copy(f"{repository.name}:v1", recursive=True, progress=False)
    assert {blob.outcome for blob in done.blobs} == {"mounted"}
    assert beside["v1"].raw == original.raw


def test_what_a_tag_stands_for_is_pushed_to_another_registry(
    target: ocinb.Repository, original, clients: Clients
) -> None:
    target.push(original, "pushed", progress=False)
    assert clients.crane("digest", target.at("pushed")).strip() == original.digest
    assert listed_by_regctl(clients, target.at("pushed")) == set()


def test_a_layout_that_was_copied_into_is_read_by_others_with_what_refers_to_it(
    repository: ocinb.Repository, original, clients: Clients, tmp_path: Path
) -> None:
    repository["v1"].save(tmp_path / "saved", platform="linux/amd64")
    layout = ocinb.open(tmp_path / "saved")
    layout.copy(original, "all", recursive=True, progress=False)
    found = discovered_by_oras(clients, "--oci-layout", f"{layout.path}:all")
    assert found == discovered_by_oras(clients, repository.at("v1"))
    assert len(found) == 2
    digest = clients.regctl("image", "digest", f"ocidir://{layout.path}:all").strip()
    assert digest == original.digest
    clients.skopeo("copy", "--all", f"oci:{layout.path}:all", f"oci-archive:{tmp_path / 'x.tar'}")
    assert ocinb.open(tmp_path / "x.tar").only.digest == original.digest


def test_an_archive_with_what_refers_to_it_is_read_by_oras_and_copied_on(
    repository: ocinb.Repository,
    target: ocinb.Repository,
    original,
    clients: Clients,
    tmp_path: Path,
) -> None:
    original.save(tmp_path / "all.tar", recursive=True, progress=False)
    found = discovered_by_oras(clients, "--oci-layout", f"{tmp_path / 'all.tar'}:v1")
    assert found == discovered_by_oras(clients, repository.at("v1"))
    target.copy(ocinb.open(tmp_path / "all.tar")["v1"], recursive=True, progress=False)
    assert {each.outcome for each in target.copy(original, recursive=True)} == {"existed"}
    assert listed_by_regctl(clients, target.at("v1")) == listed_by_regctl(
        clients, repository.at("v1")
    )
