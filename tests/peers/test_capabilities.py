"""What is found out about other people's registries is what is known of them."""

from __future__ import annotations

import pytest

import ocinb
from ocinb.errors import ListingDisabled
from ocinb.oci.image import Content
from tests.peers.clients import Clients
from tests.peers.registries import Running

pytestmark = pytest.mark.peers

# What each cannot do, in the versions we test with; everything else it can.
CANNOT = {
    "distribution": {
        "tag_paging", "referrers", "referrers_filter", "referrers_tag", "chunk_minimum",
        "gap_refused", "single_post", "anonymous_mount", "several_tags", "if_match", "subject",
        "delete_tag", "delete_manifest", "delete_blob",
    },
    "olareg": {
        "catalog", "etag", "referrers_filter", "referrers_tag", "chunk_minimum",
        "anonymous_mount", "if_match", "delete_tag", "delete_manifest", "delete_blob",
    },
    "memory": {"etag", "referrers_tag", "chunk_minimum", "if_match"},
    "disk": {"etag", "referrers_tag", "chunk_minimum", "if_match"},
}  # fmt: skip


def test_what_a_registry_can_do_is_found_out(
    registry: Running, repository: ocinb.Repository, contents: dict[str, Content]
) -> None:
    repository.push(contents["app"], "v1", "v2", progress=False)
    scratch = f"{repository.name}-scratch"
    found = repository.registry.capabilities(repository.name, scratch=scratch)
    cannot = {each.name for each in found if each.verdict != "yes"}
    if registry.kind in ("memory", "disk"):  # ours, which may learn more
        assert cannot <= CANNOT[registry.kind]
        assert found.left == ()
    else:
        assert cannot == CANNOT[registry.kind]
        assert set(found.left) == set(found.made)
    assert {each.verdict for each in found if each.name in cannot} == {"no"}


def test_the_catalog_is_the_one_that_crane_sees(
    registry: Running,
    repository: ocinb.Repository,
    contents: dict[str, Content],
    clients: Clients,
) -> None:
    repository.push(contents["chart"], "v1", progress=False)
    if registry.kind == "olareg":
        with pytest.raises(ListingDisabled):
            repository.registry.catalog()
        return
    found = repository.registry.catalog(page_size=2)
    assert found.complete
    assert repository.name in found
    assert sorted(clients.crane("catalog", "--insecure", registry.host).split()) == list(found)
