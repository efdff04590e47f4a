"""Sizes over tags: what there is to transfer, what is shared, and what could not be looked at."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from ocinb.errors import InvalidContent, NotFound
from ocinb.oci import annotations as keys
from ocinb.oci import media_types
from ocinb.oci.config import parse_config
from ocinb.oci.descriptor import EMPTY, Descriptor
from ocinb.oci.digest import Digest
from ocinb.oci.document import encode
from ocinb.oci.index import Index
from ocinb.oci.manifest import Manifest
from ocinb.oci.platform import Platform
from ocinb.protocol.sizes import TagSizes, latest, sizes
from ocinb.protocol.stepper import Stepper
from ocinb.protocol.together import one_by_one
from tests.protocol.scripted import answers
from tests.protocol.test_select import Shop

AMD64, ARM64 = Platform("linux", "amd64"), Platform("linux", "arm64")
BASE, APP, NEW = (
    Descriptor(media_types.LAYER, Digest.of(b"%d" % size), size) for size in (1_000, 200, 300)
)


class Tags(Shop):
    """A shop of images with layers, under tags."""

    def layered(self, *layers: Descriptor, platform: Platform = AMD64, **said: str) -> Descriptor:
        told = {"os": platform.os, "architecture": platform.architecture, **said}
        config = parse_config(encode(told))
        manifest = Manifest.of(config.descriptor, layers, annotations={"n": str(len(self.here))})
        self.here |= {config.digest: config, manifest.digest: manifest}
        return Descriptor(manifest.media_type, manifest.digest, manifest.size, platform=platform)

    def tag(self, tag: str, what: Descriptor) -> None:
        self.here[tag] = self.here[what.digest]


def looked(shop: Shop, *tags: str, **options: object) -> TagSizes:
    conversation = sizes("demo", tags, shop.get, shop.config, one_by_one, **options)  # type: ignore[arg-type]
    return Stepper(conversation, answers()).finish()


def test_each_tag_has_its_bytes_layers_and_time_and_what_the_one_before_has_too():
    shop = Tags()
    shop.tag("v1", shop.layered(BASE, APP, created="2024-01-02T03:04:05Z"))
    shop.tag("v2", shop.layered(BASE, NEW, APP, created="2024-02-02T03:04:05Z"))
    one, two = looked(shop, "v1", "v2")
    assert (one.tag, one.platform, one.layers, one.shared) == ("v1", AMD64, 2, None)
    assert one.created == datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC)
    manifest = shop.here["v1"]
    assert isinstance(manifest, Manifest)
    assert one.size == manifest.total_size
    assert (two.layers, two.shared) == (3, 1_200)


def test_each_platform_is_compared_with_its_own():
    shop = Tags()
    for tag, layer in (("v1", APP), ("v2", NEW)):
        entries = [shop.layered(BASE, layer), shop.layered(layer, platform=ARM64, variant=tag)]
        shop.tag(tag, shop.index(*entries))
    found = looked(shop, "v1", "v2")
    assert [(each.tag, each.platform) for each in found] == [
        ("v1", AMD64), ("v1", ARM64), ("v2", AMD64), ("v2", ARM64),
    ]  # fmt: skip
    assert found[2].shared is not None
    assert found[2].shared >= 1_000
    assert found[3].shared == 0


def test_what_two_tags_share_whole_is_looked_at_once_and_shared_whole():
    shop = Tags()
    index = shop.index(shop.layered(BASE), shop.layered(APP, platform=ARM64))
    shop.tag("v1", index)
    shop.tag("latest", index)
    found = looked(shop, "v1", "latest")
    assert [each.shared for each in found] == [None, None, found[0].size, found[1].size]
    assert len(shop.asked) == len(set(shop.asked))


def test_one_platform_can_be_asked_for_and_the_others_are_not_fetched():
    shop = Tags()
    shop.tag("v1", shop.index(shop.layered(BASE), arm := shop.layered(APP, platform=ARM64)))
    shop.tag("v2", shop.layered(BASE))
    (found,) = looked(shop, "v1", "v2", platform=ARM64)
    assert (found.tag, found.digest) == ("v1", arm.digest)


def test_a_config_is_not_asked_for_where_the_manifest_says_the_time():
    shop = Tags()
    said = {keys.CREATED: "2024-03-04T05:06:07Z"}
    manifest = Manifest.of(EMPTY, [BASE], annotations=said)
    shop.here[manifest.digest] = manifest
    entry = Descriptor(manifest.media_type, manifest.digest, manifest.size, platform=AMD64)
    shop.tag("v1", shop.index(entry))
    (found,) = looked(shop, "v1")
    assert found.created == datetime(2024, 3, 4, 5, 6, 7, tzinfo=UTC)
    assert shop.asked == ["v1", manifest.digest]


def test_a_layer_that_comes_twice_is_transferred_once():
    shop = Tags()
    shop.tag("v1", shop.layered(BASE, BASE))
    shop.tag("v2", shop.layered(BASE))
    one, two = looked(shop, "v1", "v2")
    assert (one.layers, two.layers) == (2, 1)
    assert 1_000 < one.size < 2_000


def test_listed_tags_that_cannot_be_read_are_named_and_the_others_are_there():
    shop = Tags()
    shop.tag("v1", shop.layered(BASE))
    shop.here["gone"] = NotFound(404, "MANIFEST_UNKNOWN", "no such tag")
    shop.here["odd"] = InvalidContent("no manifest at all")
    found = looked(shop, "gone", "odd", "v1", strictly=False, left_out=7)
    assert [each.tag for each in found] == ["v1"]
    assert [tag for tag, _ in found.troubles] == ["gone", "odd"]
    assert "no such tag" in found.troubles[0][1]
    assert repr(found) == "<TagSizes demo: 1 tags, 7 tags left out>"


def test_a_tag_that_was_asked_for_by_name_must_be_there():
    shop = Tags()
    shop.here["gone"] = NotFound(404, "MANIFEST_UNKNOWN", "no such tag")
    with pytest.raises(NotFound, match="no such tag"):
        looked(shop, "gone")


def test_an_index_in_an_index_is_left_aside():
    shop = Tags()
    inner = shop.index(shop.layered(BASE))
    shop.tag("v1", shop.index(inner, listed=None))
    assert len(looked(shop, "v1")) == 0
    assert isinstance(shop.here["v1"], Index)


def test_the_latest_tags_are_those_that_people_count_last():
    tags = ["v1.10", "v1.9", "v1.2", "latest", "2024", "10", "9"]
    assert latest(tags, 3) == ["v1.2", "v1.9", "v1.10"]
    assert latest(tags, 100) == ["9", "10", "2024", "latest", "v1.2", "v1.9", "v1.10"]


def test_tags_that_are_made_from_digests_are_nobodys_versions():
    digest = Digest.of(b"x")
    kept = f"sha256-{digest.encoded}"
    assert latest([kept, f"{kept}.sig", "v1", "sha256-of-what"], 9) == ["sha256-of-what", "v1"]
