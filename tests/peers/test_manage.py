"""Deleting, referrers and mounts, on registries that know them and on some that do not."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

import pytest

import ocinb
from ocinb.errors import DeleteDisabled, NotFound
from ocinb.oci.fallback import referrers_tag
from ocinb.oci.image import Content
from tests.peers import registries
from tests.peers.clients import Clients
from tests.peers.registries import Running

pytestmark = pytest.mark.peers

_DELETES = (lambda _: "--api-delete", lambda _: "--api-blob-delete")
BEFORE_1_1 = ("distribution", "olareg before 1.1")
DELETING: dict[str, Callable[[Path], AbstractContextManager[Running]]] = {
    "distribution": lambda folder: registries.distribution(
        folder,
        storage={
            "filesystem": {"rootdirectory": str(folder / "storage")},
            "delete": {"enabled": True},
        },
    ),
    "olareg": lambda folder: registries.olareg(folder, *_DELETES),
    "olareg before 1.1": lambda folder: registries.olareg(
        folder, *_DELETES, lambda _: "--api-referrer=false"
    ),
    "memory": registries.memory,
}


@pytest.fixture(scope="module", params=DELETING)
def running(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Running]:
    """Each registry in turn, told to delete."""
    folder = tmp_path_factory.mktemp("registry")
    with DELETING[request.param](folder) as registry:
        yield replace(registry, kind=request.param)
    shutil.rmtree(folder)


def test_what_refers_to_it_is_listed_and_others_find_it_too(
    registry: Running,
    repository: ocinb.Repository,
    contents: dict[str, Content],
    clients: Clients,
) -> None:
    """C30, C34."""
    app, sbom = contents["app"], contents["sbom"]
    repository.push(app, "app", progress=False)
    repository.push(sbom, progress=False)
    repository.push(sbom, "again", progress=False)
    found = repository.referrers("app")
    assert [(each.digest, each.artifact_type) for each in found] == [
        (sbom.digest, "application/spdx+json")
    ]
    assert found.complete
    assert found.source == ("tag" if registry.kind in BEFORE_1_1 else "api")
    assert len(repository.referrers(app.digest, "application/spdx+json")) == 1
    assert len(repository.referrers(app.digest, "application/json")) == 0
    assert others_find(repository, clients) == [sbom.digest]


def test_what_others_attach_is_listed(
    repository: ocinb.Repository, contents: dict[str, Content], clients: Clients, tmp_path: Path
) -> None:
    repository.push(contents["app"], "app", progress=False)
    (tmp_path / "note.txt").write_text("fine")
    clients.oras(
        "attach", "--disable-path-validation", "--artifact-type=text/note",
        repository.at("app"), f"{tmp_path / 'note.txt'}:text/plain",
    )  # fmt: skip
    assert [each.artifact_type for each in repository.referrers("app")] == ["text/note"]


def test_a_referrer_that_is_deleted_is_listed_no_more(
    registry: Running,
    repository: ocinb.Repository,
    contents: dict[str, Content],
    clients: Clients,
) -> None:
    """C38, C39."""
    app, sbom = contents["app"], contents["sbom"]
    repository.push(app, "app", progress=False)
    repository.push(sbom, "sbom", progress=False)
    deleted = repository.delete(sbom.digest, verify=True)
    assert (deleted.gone, deleted.note) == (True, "")
    assert len(repository.referrers("app")) == 0
    kept = [referrers_tag(app.digest)] if registry.kind in BEFORE_1_1 else []
    assert sorted(repository.tags()) == ["app", *kept]
    assert others_find(repository, clients) == []


def test_a_tag_is_deleted_and_the_manifest_stays(
    registry: Running, repository: ocinb.Repository, contents: dict[str, Content]
) -> None:
    """C38, X-2."""
    chart = contents["chart"]
    repository.push(chart, "v1", "v2", progress=False)
    if registry.kind == "distribution":  # this version deletes by digest only
        with pytest.raises(DeleteDisabled, match="400 DIGEST_INVALID") as refused:
            repository.delete("v1")
        assert chart.digest in refused.value.hints[0]
        assert sorted(repository.tags()) == ["v1", "v2"]
    else:
        assert repository.delete("v1", verify=True).gone
        assert list(repository.tags()) == ["v2"]
    assert repository.head(chart.digest)
    with pytest.raises(NotFound):
        repository.delete("v3")


def test_a_blob_is_deleted(repository: ocinb.Repository, contents: dict[str, Content]) -> None:
    """C40."""
    chart = contents["chart"]
    blob = repository.push(chart, "v1", progress=False).blobs[0][0]
    assert repository.delete_blob(blob.digest, verify=True).gone
    assert not repository.blob_exists(blob.digest)


def test_blobs_are_mounted(repository: ocinb.Repository, contents: dict[str, Content]) -> None:
    """C25."""
    chart = contents["chart"]
    repository.push(chart, "v1", progress=False)
    other = repository.registry[f"{repository.name}-copy"]
    pushed = other.push(chart, "v1", mount_from=repository.name, progress=False)
    assert {outcome for _, outcome in pushed.blobs} == {"mounted"}
    assert other["v1"].digest == chart.digest
    third = repository.registry[f"{repository.name}-third"]
    pushed = third.push(chart, "v1", mount_from="demo/nowhere", progress=False)
    assert {outcome for _, outcome in pushed.blobs} <= {"uploaded", "mounted"}
    assert third["v1"].digest == chart.digest
    fourth = repository.registry[f"{repository.name}-fourth"]
    pushed = fourth.push(chart, "v1", mount_from="*", progress=False)  # wherever it finds it
    assert {outcome for _, outcome in pushed.blobs} <= {"uploaded", "mounted"}
    assert fourth["v1"].digest == chart.digest


@pytest.mark.parametrize("reference", ["v1", "digest"])
def test_a_registry_where_deleting_is_switched_off_says_so(
    reference: str, contents: dict[str, Content], tmp_path: Path
) -> None:
    """X-1: distribution's default."""
    chart = contents["chart"]
    with registries.distribution(tmp_path) as running, ocinb.Registry(running.host) as registry:
        repository = registry["demo/app"]
        repository.push(chart, "v1", progress=False)
        with pytest.raises(DeleteDisabled, match=r"does not delete|40[05]"):
            repository.delete(chart.digest if reference == "digest" else reference)
        assert repository["v1"].digest == chart.digest


def others_find(repository: ocinb.Repository, clients: Clients) -> list[str]:
    """The digests that regctl lists as referrers of `app`."""
    said = clients.regctl(
        "artifact", "list", "--format={{json .Descriptors}}", repository.at("app")
    )
    return [each["digest"] for each in json.loads(said) or ()]
