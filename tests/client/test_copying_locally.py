"""Copies into layouts, out of layouts and archives, and into new archives."""

from __future__ import annotations

from pathlib import Path

import pytest

from ocinb.client.local import LocalRepository, open_
from ocinb.client.remote import Remote
from ocinb.client.repository import Repository
from ocinb.errors import DigestMismatch, NotFound, NotSupported
from ocinb.oci.digest import Digest
from ocinb.oci.signature import digest_to_signature_tag
from ocinb.registry.app import LocalRegistry
from tests.client.asking import an_image, an_index, image, opened
from tests.client.test_copying import Target, attach, foreign, nested, outcomes, sign
from tests.client.test_twins import contents


@pytest.fixture
def source(school: LocalRegistry) -> Repository:
    """The sample, with an SBOM, one of that, and cosign's signature."""
    repository = opened(school)
    attach(repository, attach(repository, "latest", "x"), "y")
    sign(repository, b"one")
    return repository


@pytest.fixture
def layout(source: Repository, tmp_path: Path) -> LocalRepository:
    """A layout that holds another image."""
    other = opened(LocalRegistry(), "a/b")
    other.push(image(b"other"), "other")
    other.pull("other", tmp_path / "layout")
    return open_(tmp_path / "layout")


def everything(remote: Remote) -> set[Digest]:
    """All manifests and blobs that belong to it, as a copy to nowhere would have them."""
    plan = Target().repository.plan_copy(remote, recursive=True)
    manifests = {node.descriptor.digest for node in plan}
    return manifests | {blob.descriptor.digest for blob in plan.blobs}


def test_a_layout_gets_all_that_belongs_to_it(source: Repository, layout: LocalRepository):
    done = layout.copy(source["latest"], recursive=True)
    assert outcomes(done) == {"copied"}
    assert layout["latest"].raw == source["latest"].raw
    assert everything(layout["latest"]) == everything(source["latest"])
    tag = digest_to_signature_tag(source["latest"].digest)
    assert layout[tag].raw == source[tag].raw
    assert set(layout) == {"latest", "other", tag}
    found = layout.referrers("latest")
    assert {each.digest for each in found} == {each.digest for each in source.referrers("latest")}
    assert an_image(layout["latest"]).layers[0].read()  # type: ignore[arg-type]


def test_copied_again_nothing_changes_in_a_layout(source: Repository, layout: LocalRepository):
    layout.copy(source["latest"], recursive=True)
    before = contents(layout.store)  # type: ignore[arg-type]
    again = layout.copy(source["latest"], recursive=True)
    assert contents(layout.store) == before  # type: ignore[arg-type]
    assert outcomes(again) == {"existed"}
    assert again.bytes_sent == 0


def test_the_plan_for_a_layout_writes_nothing(source: Repository, layout: LocalRepository):
    before = contents(layout.store)  # type: ignore[arg-type]
    plan = layout.plan_copy(source["latest"], recursive=True)
    assert contents(layout.store) == before  # type: ignore[arg-type]
    done = layout.copy(source["latest"], recursive=True)
    assert plan.nodes == done.nodes
    assert layout.plan_copy_steps(source["latest"], "new").finish()[0].note == "now under new"


def test_walked_into_a_layout_it_comes_to_the_same(source: Repository, layout: LocalRepository):
    steps = layout.copy_steps(source["latest"], recursive=True)
    assert set(layout) == {"other"}
    while steps.waiting is not None:
        steps.step()
    assert outcomes(steps.result) == {"copied"}
    assert outcomes(layout.copy(source["latest"], recursive=True)) == {"existed"}


def test_from_a_layout_to_a_registry_and_to_another_layout(
    source: Repository, layout: LocalRepository, tmp_path: Path
):
    layout.copy(source["latest"], recursive=True)
    target = Target(old=True)
    done = target.repository.copy(layout["latest"], recursive=True)
    assert {node.descriptor for node in done} == {
        node.descriptor for node in Target().repository.copy(source["latest"], recursive=True)
    }
    assert everything(target.repository["latest"]) == everything(source["latest"])
    layout["other"].save(tmp_path / "second")
    second = open_(tmp_path / "second")
    second.copy(layout["latest"], "v1", recursive=True)
    assert everything(second["v1"]) == everything(source["latest"])


@pytest.mark.parametrize("name", ["all.tar", "all.tar.gz", "all"])
def test_saved_with_referrers_and_copied_back_it_is_all_there(
    source: Repository, tmp_path: Path, name: str
):
    source["latest"].save(tmp_path / name, recursive=True)
    saved = open_(tmp_path / name)
    assert everything(saved["latest"]) == everything(source["latest"])
    target = Target().repository
    target.copy(saved["latest"], recursive=True)
    assert everything(target["latest"]) == everything(source["latest"])
    assert target["latest"].raw == source["latest"].raw


def test_saved_without_it_is_what_it_names_and_saved_twice_the_same_bytes(
    source: Repository, tmp_path: Path
):
    for name in ("a.tar", "b.tar"):
        source["latest"].save(tmp_path / name, "v1")
    assert (tmp_path / "a.tar").read_bytes() == (tmp_path / "b.tar").read_bytes()
    saved = open_(tmp_path / "a.tar")
    assert list(saved) == ["v1"]
    assert len(saved.manifests()) == 1 + len(an_index(source).index.manifests)


def test_one_platform_is_saved_for_docker_under_its_full_name(source: Repository, tmp_path: Path):
    source["latest"].save(
        tmp_path / "docker.tar", "demo:v1", platform="linux/arm64", format="docker-archive"
    )
    saved = open_(tmp_path / "docker.tar")
    assert list(saved) == ["v1"]
    assert saved.only.digest == an_image(an_index(source), "linux/arm64").digest


def test_an_index_in_an_index_is_saved_whole(source: Repository, tmp_path: Path):
    nested(source).save(tmp_path / "nested.tar")
    assert everything(open_(tmp_path / "nested.tar")["nested"]) == everything(source["nested"])


def test_a_layer_that_lives_elsewhere_is_not_saved_where_the_source_has_none(tmp_path: Path):
    repository = opened(LocalRegistry(), "a/b")
    there = foreign(repository)
    there.save(tmp_path / "foreign.tar")
    saved = open_(tmp_path / "foreign.tar")
    assert saved["foreign"].raw == there.raw
    done = Target().repository.copy(saved["foreign"])
    assert [blob.outcome for blob in done.blobs] == ["sent", "left out"]


def test_nothing_is_put_into_an_archive(source: Repository, tmp_path: Path):
    source["latest"].save(tmp_path / "all.tar")
    with pytest.raises(NotSupported, match="only read") as refused:
        open_(tmp_path / "all.tar").copy(source["latest"])
    assert "save" in refused.value.hints[0]


def test_what_was_tampered_with_in_a_layout_is_not_copied(
    source: Repository, layout: LocalRepository
):
    layout.copy(source["latest"])
    layer = an_image(an_index(source)).layers[0].digest
    path = layout.path / "blobs" / "sha256" / layer.encoded
    path.write_bytes(bytes(len(path.read_bytes())))
    target = Target()
    with pytest.raises(DigestMismatch):
        target.repository.copy(open_(layout.path)["latest"])
    assert target.repository.head("latest") is None


def test_what_is_missing_in_a_layout_is_an_error_or_left_out(
    source: Repository, layout: LocalRepository
):
    layout.copy(source["latest"])
    child = an_index(source).index.manifests[0].digest
    (layout.path / "blobs" / "sha256" / child.encoded).unlink()
    there = open_(layout.path)["latest"]
    with pytest.raises(NotFound) as missing:
        Target().repository.copy(there)
    assert any("sparse=True" in hint for hint in missing.value.hints)
    plan = Target().repository.plan_copy(there, sparse=True)
    assert [node.descriptor.digest for node in plan.left_out] == [child]


def test_a_tag_of_cosign_s_that_has_something_else_in_a_layout_keeps_it(
    source: Repository, layout: LocalRepository
):
    layout.copy(source["latest"], recursive=True)
    tag = sign(source, b"two")
    before = layout[tag].raw
    done = layout.copy(source["latest"], recursive=True)
    assert [node.tags for node in done.left_out] == [(tag,)]
    assert layout[tag].raw == before


def test_progress_is_told_while_a_layout_fills(source: Repository, layout: LocalRepository):
    told: list[object] = []
    layout.copy(source["latest"], progress=told.append)
    assert told
