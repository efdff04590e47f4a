"""Pushing images for several platforms, and images that somebody else built."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from ocinb.client.registry import Registry
from ocinb.client.remote import RemoteIndex
from ocinb.client.repository import Repository
from ocinb.errors import DigestMismatch, InvalidContent, OcinbError
from ocinb.oci import media_types
from ocinb.oci.composing import ForPlatform
from ocinb.oci.descriptor import Descriptor
from ocinb.oci.digest import Digest
from ocinb.oci.document import encode
from ocinb.oci.image import Blob, Image
from ocinb.oci.platform import Platform
from ocinb.protocol.messages import Request, Response
from ocinb.protocol.progress.progress_info import ProgressInfo
from ocinb.registry.app import LocalRegistry
from tests.client.asking import Counted, opened

AMD64, ARM64 = Platform("linux", "amd64"), Platform("linux", "arm64")


@pytest.fixture
def counted() -> Counted:
    return Counted(LocalRegistry().handle)


@pytest.fixture
def repository(counted: Counted) -> Repository:
    return opened(counted)


def image(platform: Platform, *contents: bytes) -> Image:
    config = Blob.of(encode(platform.to_json()), media_types.CONFIG)
    return Image.of(config, [Blob.of(each, media_types.LAYER) for each in contents])


def raw(
    made: Image, media_type: str = media_types.MANIFEST
) -> tuple[bytes, bytes, dict[Digest, Any]]:
    """An image as somebody may have it: two documents, and something to call for each layer."""
    written = {**made.manifest.json, "mediaType": media_type}
    assert made.config_blob
    layers = {each.digest: (lambda each=each: b"".join(each)) for each in made.layers}
    return encode(written), b"".join(made.config_blob), layers


# Several platforms


def test_images_for_several_platforms_are_one_index_under_all_tags(repository: Repository):
    """1 of ocibuild's weaknesses: it crashes."""
    images = [image(AMD64, b"common", b"amd64"), image(ARM64, b"common", b"arm64")]
    pushed = repository.push_multi(images, "v1", "latest", annotations={"a": "b"}, progress=False)
    assert pushed.tags == ("v1", "latest")
    index = repository["latest"]
    assert isinstance(index, RemoteIndex)
    assert index.digest == repository["v1"].digest == pushed.descriptor.digest
    assert index.platforms == (AMD64, ARM64)
    assert index.index.annotations == {"a": "b"}
    assert index["linux/arm64"].digest == images[1].digest
    assert [outcome for _, outcome in pushed.blobs] == ["uploaded"] * 5
    again = repository.push_multi(images, "v2", progress=False)
    assert {outcome for _, outcome in again.blobs} == {"existed"}


def test_a_platform_may_be_given_with_the_image(repository: Repository):
    images: list[ForPlatform] = [
        ("linux/arm/v6", image(Platform("linux", "arm", "v7"))),
        (Platform("linux", "arm", "v7"), image(Platform("linux", "arm"))),
    ]  # fmt: skip
    repository.push_multi(images, "v1", progress=False)
    assert list(map(str, repository["v1"].platforms)) == ["linux/arm/v6", "linux/arm/v7"]  # type: ignore[union-attr]


@pytest.mark.parametrize("images", [[], [image(AMD64), image(AMD64, b"x")]])
def test_what_makes_no_index_is_refused_before_anything_is_sent(
    counted: Counted, repository: Repository, images: list[Image]
):
    for say in (repository.push_multi, repository.push_multi_steps):
        with pytest.raises(InvalidContent):
            say(images, "v1")
    for say in (repository.push_blobs_multi, repository.push_blobs_multi_steps):  # type: ignore[assignment]
        with pytest.raises(InvalidContent):
            say(list(map(raw, images)), "v1")  # type: ignore[arg-type]
    assert counted.asked == []


@pytest.mark.parametrize("platform", ["linux/riscv64", "windows/arm64"])
def test_an_image_that_says_it_is_for_another_platform_is_refused_before_anything_is_sent(
    counted: Counted, repository: Repository, platform: str
):
    for push in (repository.push_multi, repository.push_multi_steps):
        with pytest.raises(InvalidContent, match=f"is given for {platform}, but its own config"):
            push([(platform, image(ARM64))], "v1")
    assert counted.asked == []


def test_raw_images_that_are_not_three_things_are_named_as_what_they_were_given_as(
    counted: Counted, repository: Repository
):
    wrong: Any = [(b"{}",)]
    for push in (repository.push_blobs_multi, repository.push_blobs_multi_steps):
        with pytest.raises(TypeError, match=r"^each of the images is \(manifest, .*tuple of 1"):
            push(wrong, "v1")
    assert counted.asked == []


def test_several_threads_may_do_so_at_once(repository: Repository):
    """1 of ocibuild's weaknesses."""
    failed: list[BaseException] = []

    def push(number: int) -> None:
        images = [image(each, b"common", b"%d" % number) for each in (AMD64, ARM64)]
        try:
            repository.push_multi(images, f"v{number}", progress=False)
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=push, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert failed == []
    assert sorted(repository.tags()) == ["v0", "v1", "v2", "v3"]
    assert all(repository[f"v{number}"].platforms == (AMD64, ARM64) for number in range(4))  # type: ignore[union-attr]


def test_it_can_be_walked(counted: Counted, repository: Repository):
    steps = repository.push_multi_steps([image(AMD64), image(ARM64)], "v1")
    assert counted.since() == []
    steps.step()
    assert len(counted.since()) == 1
    assert steps.finish().tags == ("v1",)


# Raw images


@pytest.mark.parametrize("media_type", media_types.MANIFESTS)
def test_a_raw_image_is_pushed_byte_for_byte_under_its_own_media_type(
    counted: Counted, repository: Repository, media_type: str
):
    """24 of ocibuild's weaknesses: it says OCI of docker's."""
    manifest, config, layers = raw(image(AMD64, b"one", b"two"), media_type)
    pushed = repository.push_blobs(manifest, config, layers, "v1", "v2", progress=False)
    assert pushed.descriptor == Descriptor.of(manifest, media_type)
    (put, _) = (
        each for each in counted.asked if each.method == "PUT" and "/manifests/" in each.url
    )
    assert put.headers["content-type"] == media_type
    assert repository["v2"].raw == manifest


def test_layers_are_read_only_when_the_registry_needs_them(
    counted: Counted, repository: Repository, tmp_path: Path
):
    """8 of ocibuild's weaknesses: it asks twice whether each is there."""
    made = image(AMD64, b"one", b"two", b"three")
    repository.push_blob(b"one", progress=False)
    (tmp_path / "two").write_bytes(b"two")
    called: list[str] = []

    def get() -> bytes:
        called.append("one")
        raise AssertionError("nobody needs it")

    one, two, three = (each.digest for each in made.layers)
    layers: Mapping[str, Any] = {one: get, two: tmp_path / "two", three: lambda: iter([b"three"])}
    counted.since()
    pushed = repository.push_blobs(*raw(made)[:2], layers, "v1", progress=False)
    assert called == []
    assert {layer.digest: outcome for layer, outcome in pushed.blobs}[one] == "existed"
    assert repository.pull_blob(three, progress=False) == b"three"
    asked = [line for line in counted.since() if line.startswith("HEAD") and two in line]
    assert len(asked) == 1


def test_documents_that_do_not_fit_together_are_refused_before_anything_is_sent(
    counted: Counted, repository: Repository
):
    manifest, config, layers = raw(image(AMD64, b"one"))
    for wrong in (
        (manifest, config + b" ", layers),
        (manifest, config, {}),
        (manifest, config, dict.fromkeys(layers, b"eno")),
        (b"{}", config, layers),
    ):
        for say in (repository.push_blobs, repository.push_blobs_steps):
            with pytest.raises(OcinbError):
                say(*wrong, "v1")
    assert counted.asked == []


@pytest.mark.parametrize("served", [False, True])
@pytest.mark.parametrize("chunk_size", [None, 4])
@pytest.mark.parametrize("wrong", [b"one two thre", b"one two thr33"])
def test_a_layer_that_is_another_never_arrives(
    *, wrong: bytes, chunk_size: int | None, served: bool
):
    """And it is not the registry that is blamed, even if it is in this process."""
    manifest, config, layers = raw(image(AMD64, b"one two three"))
    (digest,) = layers
    with LocalRegistry() as school, Registry(school.serve().host if served else school) as registry:
        repository = registry["demo/app"]
        with pytest.raises((DigestMismatch, InvalidContent)):
            repository.push_blobs(
                manifest, config, {digest: lambda: wrong}, "v1",
                chunk_size=chunk_size, progress=False,
            )  # fmt: skip
        assert not repository.blob_exists(digest)
        assert repository.head("v1") is None


def test_several_raw_images_are_told_apart_by_all_that_their_configs_say(repository: Repository):
    """ocibuild forgets variant and os.version."""
    platforms = [
        Platform("linux", "arm", "v6"),
        Platform("linux", "arm", "v7"),
        Platform("windows", "amd64", os_version="10.0.20348.1"),
        Platform("windows", "amd64", os_version="10.0.26100.1"),
    ]
    images = [raw(image(each, str(each).encode())) for each in platforms]
    pushed = repository.push_blobs_multi(images, "v1", progress=False)
    found = repository["v1"]
    assert isinstance(found, RemoteIndex)
    assert list(found.platforms) == platforms
    assert found.digest == pushed.descriptor.digest
    assert repository.push_blobs_multi_steps(images, "v1").finish().descriptor == pushed.descriptor


def test_a_callback_hears_of_a_raw_push(repository: Repository):
    """20 of ocibuild's weaknesses."""
    told: list[ProgressInfo] = []
    repository.push_blobs(*raw(image(AMD64, b"one")), "v1", progress=told.append)
    layers = [each for each in told if each.layer_index == 1]
    assert layers[-1] == ProgressInfo("uploading", 1, 2, 0, 3, 3)
    assert told[-1].layer_index is None  # the manifest, at last


def test_a_registry_that_refuses_the_manifest_has_the_blobs(counted: Counted):
    inner = LocalRegistry()

    def handle(request: Request) -> Response:
        refused = request.method == "PUT" and "/manifests/" in request.url
        return Response(403) if refused else inner.handle(request)

    repository = opened(Counted(handle))
    with pytest.raises(OcinbError, match="403"):
        repository.push_blobs(*raw(image(AMD64, b"one")), "v1", progress=False)
    assert repository.blob_exists(Descriptor.of(b"one", "a/b").digest)
