"""Sizes over tags, asked of a registry: bounded, each manifest once, and drawn."""

from __future__ import annotations

import pytest

import ocinb
from ocinb.display import faces
from ocinb.errors import NotFound
from ocinb.oci.manifest import Manifest
from ocinb.registry import sample
from tests.client.asking import Counted, image, opened


def versions(count: int) -> ocinb.Repository:
    """A repository with versions that have a layer more each time."""
    repository = opened(ocinb.LocalRegistry())
    for number in range(1, count + 1):
        layers = [b"%d" % each * 1_000 for each in range(number)]
        repository.push(image(*layers), f"v{number}")
    return repository


def test_all_tags_are_looked_at_up_to_a_bound_and_the_others_counted():
    found = versions(12).sizes(most=4)
    assert [each.tag for each in found] == ["v9", "v10", "v11", "v12"]
    assert found.left_out == 8
    assert [each.layers for each in found] == [9, 10, 11, 12]
    assert found[0].shared is None
    assert all(each.shared is not None and each.shared > 9_000 for each in list(found)[1:])
    assert "8 left out" in faces.text(found)


def test_no_layer_is_fetched_and_each_manifest_and_config_once():
    school = sample.school()
    counted = Counted(school.handle, *school.repositories)
    repository = opened(counted)
    found = repository.sizes()
    asked = counted.since()
    manifests = [repository.manifest(each.digest) for each in found]
    layers = {
        layer.digest for each in manifests if isinstance(each, Manifest) for layer in each.layers
    }
    assert layers
    assert len(asked) == len(set(asked))
    assert not any(digest in line for line in asked for digest in layers)


def test_a_tag_that_is_not_there_is_told_with_those_that_are():
    with pytest.raises(NotFound) as caught:
        versions(2).sizes("v3")
    assert "v2" in str(caught.value.hints)


@pytest.mark.parametrize("most", [0, -1])
def test_at_least_one_tag_is_looked_at(most: int):
    with pytest.raises(ValueError, match="at least 1"):
        versions(1).sizes(most=most)


def test_what_is_new_and_what_is_shared_stand_in_one_bar():
    text = faces.text(versions(3).sizes())
    assert "░" in text
    assert "█ new" in text
    frame = versions(2).sizes().to_frame()
    assert frame["shared_bytes"].isna().tolist() == [True, False]
