"""The image for a platform: what is there, what it says itself, and nothing else instead."""

from __future__ import annotations

from typing import Any

import pytest

from ocinb.errors import InvalidContent, InvalidReference, NotFound, NotSupported, TransferError
from ocinb.oci import media_types
from ocinb.oci.config import ImageConfig, parse_config
from ocinb.oci.descriptor import EMPTY, Descriptor
from ocinb.oci.document import encode
from ocinb.oci.index import Index
from ocinb.oci.manifest import AnyManifest, Manifest, parse_manifest
from ocinb.oci.platform import Platform
from ocinb.protocol.messages import Conversation, T
from ocinb.protocol.pull import DEEPEST
from ocinb.protocol.select import PulledManifest, pull_manifest, pull_manifests_for_platforms
from ocinb.protocol.stepper import Stepper
from tests.protocol.scripted import answers

AMD64, ARM64 = Platform("linux", "amd64"), Platform("linux", "arm64")


class Shop:
    """Manifests and configs by digest; `asked` is what was fetched. The root is called `v1`."""

    def __init__(self) -> None:
        self.here: dict[str, AnyManifest | ImageConfig | Exception] = {}
        self.asked: list[str] = []

    def image(self, listed: Platform | None = None, **said: Any) -> Descriptor:
        """An image whose config says this, as an index lists it for a platform."""
        config = parse_config(encode(said))
        manifest = Manifest.of(config.descriptor, [], annotations={"n": str(len(self.here))})
        self.here |= {config.digest: config, manifest.digest: manifest}
        return Descriptor(manifest.media_type, manifest.digest, manifest.size, platform=listed)

    def index(self, *entries: Descriptor, listed: Platform | None = None) -> Descriptor:
        found = Index.of(entries)
        self.here[found.digest] = found
        return Descriptor(found.media_type, found.digest, found.size, platform=listed)

    def get(self, reference: str, expected: Descriptor | None) -> Conversation[AnyManifest]:
        found = yield from self._fetch(reference)
        assert not isinstance(found, ImageConfig)
        return found

    def config(self, wanted: Descriptor) -> Conversation[ImageConfig]:
        found = yield from self._fetch(wanted.digest)
        assert isinstance(found, ImageConfig)
        return found

    def _fetch(self, reference: str) -> Conversation[AnyManifest | ImageConfig]:
        yield from ()
        self.asked.append(reference)
        found = self.here[reference]
        if isinstance(found, Exception):
            raise found
        return found


@pytest.fixture
def shop() -> Shop:
    return Shop()


def run(conversation: Conversation[T]) -> T:
    return Stepper(conversation, answers()).finish()


def pulled(shop: Shop, root: Descriptor, platform: Platform | None = None) -> PulledManifest:
    return run(pull_manifest(root.digest, platform, shop.get, shop.config))


def test_of_an_index_it_is_the_image_for_the_platform(shop: Shop):
    images = [shop.image(each, **each.to_json()) for each in (AMD64, ARM64)]
    root = shop.index(*images)
    found = pulled(shop, root, ARM64)
    assert (found.manifest.digest, found.config.platform) == (images[1].digest, ARM64)
    assert len(shop.asked) == 3


def test_without_a_platform_it_is_what_this_machine_would_run(shop: Shop, monkeypatch):
    monkeypatch.setattr(Platform, "host", lambda: ARM64)
    arm = Platform("linux", "arm", "v7")
    root = shop.index(shop.image(AMD64), shop.image(arm, os="linux", architecture="arm"))
    assert pulled(shop, root).config.platform.architecture == "arm"
    with pytest.raises(InvalidReference, match="linux/arm64"):
        pulled(shop, root, ARM64)


def test_there_is_no_falling_back_to_another_platform(shop: Shop, monkeypatch):
    """13 of ocibuild's weaknesses: it takes the first there is."""
    monkeypatch.setattr(Platform, "host", lambda: AMD64)
    root = shop.index(shop.image(Platform("linux", "s390x")))
    with pytest.raises(InvalidReference, match="no image is for it") as caught:
        pulled(shop, root)
    assert "linux/s390x" in caught.value.hints[0]


@pytest.mark.parametrize("asked", [Platform("linux", "arm64"), Platform("windows", "amd64")])
def test_a_single_image_must_be_for_the_platform_that_was_asked_for(shop: Shop, asked: Platform):
    """13 of ocibuild's weaknesses."""
    image = shop.image(os="linux", architecture="amd64")
    with pytest.raises(InvalidReference, match="the image is for linux/amd64"):
        pulled(shop, image, asked)
    assert pulled(shop, image).manifest.digest == image.digest


def test_an_index_that_lists_an_image_for_another_platform_is_not_believed(shop: Shop):
    root = shop.index(shop.image(ARM64, **AMD64.to_json()))
    with pytest.raises(InvalidReference, match="the image is for linux/amd64"):
        pulled(shop, root, ARM64)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (Platform("linux", "arm", "v6"), {"os": "linux", "architecture": "arm"}),
        (Platform("linux", "arm", "v7"), {"os": "linux", "architecture": "arm", "variant": "v6"}),
        (Platform("linux", "arm64", "v8"), {"os": "linux", "architecture": "arm64"}),
        (AMD64, {"os": "linux", "architecture": "x86_64"}),
        (AMD64, {}),
    ],
)
def test_what_a_config_leaves_out_is_not_held_against_it(
    shop: Shop, asked: Platform, said: dict[str, str]
):
    root = shop.index(shop.image(asked, **said))
    assert pulled(shop, root, asked).config.json == said


def test_an_artifact_without_a_config_is_no_image(shop: Shop):
    raw = encode({"mediaType": media_types.ARTIFACT_MANIFEST, "artifactType": "a/b", "blobs": []})
    artifact = parse_manifest(raw)
    shop.here[artifact.digest] = artifact
    with pytest.raises(NotSupported, match="is no image"):
        pulled(shop, artifact.descriptor)


def test_an_index_in_an_index_is_looked_into_within_bounds(shop: Shop):
    """K-26."""
    root = shop.image(AMD64, **AMD64.to_json())
    for _ in range(DEEPEST):
        root = shop.index(root, listed=AMD64)
    assert pulled(shop, root, AMD64).config.platform == AMD64
    with pytest.raises(InvalidContent, match="8 deep"):
        pulled(shop, shop.index(root, listed=AMD64), AMD64)


# Several


def several(shop: Shop, root: Descriptor, *platforms: Platform):
    return run(pull_manifests_for_platforms(root.digest, platforms, shop.get, shop.config))


def test_several_come_in_the_order_they_were_asked_for_and_the_index_once(shop: Shop):
    root = shop.index(*(shop.image(each, **each.to_json()) for each in (AMD64, ARM64)))
    found = several(shop, root, ARM64, AMD64)
    assert [platform for platform, _, _ in found] == [ARM64, AMD64]
    assert [each.config.platform for each in found] == [ARM64, AMD64]
    assert shop.asked.count(root.digest) == 1
    assert len(shop.asked) == 5


def test_all_that_are_missing_are_named_with_what_is_there(shop: Shop):
    root = shop.index(shop.image(AMD64))
    others = [Platform("linux", "s390x"), AMD64, Platform("plan9", "arm")]
    with pytest.raises(InvalidReference, match=r"'linux/s390x, plan9/arm'") as caught:
        several(shop, root, *others)
    assert "linux/amd64" in caught.value.hints[0]
    assert shop.asked == [root.digest]


def test_each_is_tried_and_the_first_that_cannot_be_had_tells_of_the_others(shop: Shop):
    platforms = [Platform("linux", each) for each in ("amd64", "arm64", "s390x")]
    images = [shop.image(each, **each.to_json()) for each in platforms]
    root = shop.index(*images)
    shop.here[images[0].digest] = NotFound(404, message="first")
    shop.here[images[2].digest] = NotFound(404, message="second")
    with pytest.raises(NotFound, match="first") as caught:
        several(shop, root, *platforms)
    assert any("linux/s390x" in hint and "second" in hint for hint in caught.value.hints)
    assert images[1].digest in shop.asked


def test_a_network_that_is_gone_ends_it_at_once(shop: Shop):
    images = [shop.image(each, **each.to_json()) for each in (AMD64, ARM64)]
    root = shop.index(*images)
    shop.here[images[0].digest] = TransferError("broke")
    with pytest.raises(TransferError):
        several(shop, root, AMD64, ARM64)
    assert images[1].digest not in shop.asked


def test_a_single_image_is_for_one_platform_only(shop: Shop):
    image = shop.image(**AMD64.to_json())
    assert several(shop, image, AMD64)[0].manifest.digest == image.digest
    with pytest.raises(InvalidReference, match="the image is for linux/amd64"):
        several(shop, image, AMD64, ARM64)


def test_no_platform_at_all_asks_nothing(shop: Shop):
    assert several(shop, EMPTY) == []
    assert shop.asked == []
