"""Listing tags in pages, and asking for what is not there."""

from __future__ import annotations

import pytest

import ocinb
from ocinb.errors import NotFound
from ocinb.oci.image import Content
from tests.peers.clients import Clients
from tests.peers.registries import Running

pytestmark = pytest.mark.peers

MANY = [f"v{number:02}" for number in range(25)]


def test_a_listing_in_pages_is_complete(
    registry: Running, repository: ocinb.Repository, contents: dict[str, Content]
) -> None:
    repository.push(contents["chart"], *MANY, progress=False)
    tags = repository.tags(page_size=10)
    assert (list(tags), tags.complete, tags.odd) == (MANY, True, ())
    if registry.kind == "distribution":
        assert tags.pages == 1  # this version does not know pages
    else:
        assert tags.pages >= 3


@pytest.mark.parametrize("page_size", [24, 25, 26])
def test_a_last_page_that_is_just_full_ends_the_listing(
    page_size: int, repository: ocinb.Repository, contents: dict[str, Content]
) -> None:
    repository.push(contents["chart"], *MANY, progress=False)
    tags = repository.tags(page_size=page_size)
    assert (list(tags), tags.complete, tags.note) == (MANY, True, "")


def test_one_more_tag_is_seen_by_others(
    repository: ocinb.Repository, contents: dict[str, Content], clients: Clients
) -> None:
    repository.push(contents["chart"], "0.3.0", progress=False)
    repository.tag("0.3.0", "stable")
    assert clients.crane("digest", repository.at("stable")).strip() == contents["chart"].digest
    assert sorted(clients.crane("ls", repository.full_name).split()) == ["0.3.0", "stable"]


def test_a_wrong_tag_brings_up_the_nearest_ones(
    repository: ocinb.Repository, contents: dict[str, Content]
) -> None:
    repository.push(contents["chart"], "latest", "stable", progress=False)
    with pytest.raises(NotFound, match=r"404.*MANIFEST_UNKNOWN") as caught:
        repository["lates"]
    (hint,) = caught.value.hints
    assert "did you mean 'latest'?" in hint
    assert "latest, stable" in hint
    assert repository.head("lates") is None


def test_a_digest_that_is_not_there_is_not_found(
    repository: ocinb.Repository, contents: dict[str, Content]
) -> None:
    repository.push(contents["chart"], "latest", progress=False)
    with pytest.raises(NotFound, match="404"):
        repository[ocinb.Digest.of(b"somewhere else")]


def test_a_repository_that_is_not_there_is_not_found(repository: ocinb.Repository) -> None:
    with pytest.raises(NotFound, match="404") as caught:
        repository["latest"]
    (hint,) = caught.value.hints
    assert repository.full_name in hint
    assert "check how it is spelled" in hint
    assert repository.head("latest") is None
