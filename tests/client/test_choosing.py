"""Manifests with their configs, through an embedded registry: what is asked, and how often."""

from __future__ import annotations

import pytest

from ocinb.client.repository import Repository
from ocinb.errors import InvalidReference, NotFound, NotSupported
from ocinb.oci.platform import Platform
from ocinb.protocol.progress.progress_info import ProgressInfo
from ocinb.protocol.stepper import Stepper
from ocinb.registry.app import LocalRegistry
from tests.client.asking import Counted, an_index, opened


@pytest.fixture
def counted(school: LocalRegistry) -> Counted:
    return Counted(school.handle, *school.repositories)


@pytest.fixture
def repository(counted: Counted) -> Repository:
    return opened(counted)


def test_manifest_and_config_of_an_index_are_three_requests_and_then_none(
    counted: Counted, repository: Repository
):
    """6 of ocibuild's weaknesses: it takes six, or nine."""
    manifest, config = repository.pull_manifest("latest", "linux/arm64")
    assert config.platform == Platform("linux", "arm64", "v8")
    assert manifest.config.digest == config.digest
    methods = [line.partition("/v2/demo/app/")[::2] for line in counted.since()]
    assert [(method, path.partition("/")[0]) for method, path in methods] == [
        ("GET ", "manifests"), ("GET ", "manifests"), ("GET ", "blobs"),
    ]  # fmt: skip
    again = repository.pull_manifest("latest", Platform("linux", "arm64"))
    assert (again.manifest, again.config) == (manifest, config)
    assert len(counted.since()) == 1  # the tag, which may have moved on


def test_what_a_platform_stands_for_is_the_same_as_with_a_key(repository: Repository):
    index = an_index(repository)
    for platform in index.platforms:
        assert (
            repository.pull_manifest("latest", platform).manifest.digest == index[platform].digest
        )
    assert repository.pull_manifest("latest").manifest.digest == index.image().digest


def test_it_can_be_asked_for_by_digest(repository: Repository):
    digest = an_index(repository)["linux/amd64"].digest
    assert repository.pull_manifest(digest, "linux/amd64").manifest.digest == digest
    with pytest.raises(InvalidReference, match="the image is for linux/amd64"):
        repository.pull_manifest(digest, "linux/arm64")


def test_what_is_not_there_says_what_is(repository: Repository):
    with pytest.raises(InvalidReference) as wrong:
        repository.pull_manifest("latest", "linux/s390x")
    assert "linux/arm64" in wrong.value.hints[0]
    with pytest.raises(NotFound) as missing:
        repository.pull_manifest("lates")
    assert "did you mean 'latest'?" in missing.value.hints[0]
    with pytest.raises(InvalidReference):
        repository.pull_manifest("latest", "nowhere")
    with pytest.raises(NotSupported, match="not an image config"):
        repository.pull_manifest("sbom")


def test_a_callback_hears_of_manifest_and_config(repository: Repository):
    told: list[ProgressInfo] = []
    config = repository.pull_manifest("latest", "linux/amd64", progress=told.append).config
    assert {each.phase for each in told} == {"manifest", "config"}
    last = [each for each in told if each.phase == "config"][-1]
    assert last == ProgressInfo("config", 0, 1, config.size, 0, config.size)


def test_it_can_be_walked(repository: Repository, counted: Counted):
    steps = repository.pull_manifest_steps("latest", "linux/amd64")
    assert isinstance(steps, Stepper)
    assert counted.since() == []
    steps.step()
    assert len(counted.since()) == 1
    assert steps.finish().config.platform == Platform("linux", "amd64")


def test_several_platforms_come_in_the_order_asked_for(counted: Counted, repository: Repository):
    platforms = ["linux/arm64", "linux/amd64"]
    found = repository.pull_manifests_for_platforms("latest", platforms)
    assert [str(platform) for platform, _, _ in found] == platforms
    assert [each.config.platform.architecture for each in found] == ["arm64", "amd64"]
    asked = counted.since()
    assert len(asked) == 5
    assert len([line for line in asked if line.endswith("/latest")]) == 1
    steps = repository.pull_manifests_for_platforms_steps("latest", platforms)
    assert steps.finish() == found


def test_all_platforms_that_are_missing_are_named(repository: Repository):
    with pytest.raises(InvalidReference, match="'linux/s390x, plan9/arm'"):
        repository.pull_manifests_for_platforms(
            "latest", ["linux/s390x", "linux/amd64", "plan9/arm"]
        )


def test_one_platform_is_given_in_a_list_too(repository: Repository):
    with pytest.raises(TypeError, match="in a list"):
        repository.pull_manifests_for_platforms("latest", "linux/amd64")
    assert repository.pull_manifests_for_platforms("latest", []) == []
