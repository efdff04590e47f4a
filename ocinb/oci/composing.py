"""Images made of raw bytes that somebody has, and indexes made of images."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TypeAlias

from ocinb.errors import InvalidContent
from ocinb.oci.config import parse_config
from ocinb.oci.digest import Digest
from ocinb.oci.given import Given, Layers, check, described
from ocinb.oci.image import Blob, Image, ImageIndex
from ocinb.oci.manifest import Manifest, parse_manifest
from ocinb.oci.platform import Platform
from ocinb.oci.strict_json import MANIFEST_LIMIT

# A manifest, its config, and its layers by their digests, which are read when they are needed.
Raw: TypeAlias = "tuple[bytes, bytes, Layers]"
ForPlatform: TypeAlias = "Image | tuple[str | Platform, Image]"


def raw_image(manifest: bytes, config: bytes, layers: Layers, *, media_type: str = "") -> Image:
    """The image of a manifest as it was written, its config, and its layers by digest.

    Config and layers must be what the manifest says: what is here already is checked now, and the
    rest as it is read. `media_type` is for a manifest that does not say its own. Raises
    `InvalidContent` or `DigestMismatch`.
    """
    parsed = parse_manifest(manifest, media_type)
    if not isinstance(parsed, Manifest):
        raise InvalidContent(f"{parsed!r} is no manifest with a config and layers")
    check(parsed.config, config)
    given = {Digest(digest): content for digest, content in layers.items()}
    unknown = given.keys() - {layer.digest for layer in parsed.layers}
    if unknown:
        raise InvalidContent(f"the manifest has no layer {min(unknown)}")
    blobs = {parsed.config.digest: Blob(parsed.config, lambda: [config])}
    blobs |= {layer.digest: layer for layer in _layers(parsed, given)}
    return Image(parsed, tuple(blobs.values()))


def raw_images(images: Iterable[Raw]) -> list[Image]:
    """The image of each `(manifest, config, layers)`."""
    return [raw_image(*_raw(image)) for image in images]


def _raw(given: object) -> Raw:
    if isinstance(given, tuple) and len(given) == 3:
        return given
    count = f" of {len(given)}" if isinstance(given, tuple) else ""
    raise TypeError(
        "each of the images is (manifest, config, layers), with the layers by digest, not "
        f"{type(given).__name__}{count}"
    )


def index_of(
    images: Iterable[ForPlatform], *, annotations: Mapping[str, str] | None = None
) -> ImageIndex:
    """An index of images, each for the platform it is given with, or else says it is for.

    Raises `InvalidContent` when there are none, when one does not say or says another, and when
    two say the same.
    """
    pairs = [_with_platform(each) for each in images]
    if not pairs:
        raise InvalidContent("there are no images to push: an index has at least one")
    seen: set[Platform] = set()
    for platform, _ in pairs:
        if platform.normalised in seen:
            raise InvalidContent(
                f"two of the images are for {platform}: nobody could choose between them",
                hints=["give platforms that tell them apart: [('linux/arm/v6', image), …]"],
            )
        seen.add(platform.normalised)
    return ImageIndex.of(pairs, annotations=annotations)


def _with_platform(given: ForPlatform) -> tuple[Platform, Image]:
    if isinstance(given, Image):
        return platform_of(given), given
    pair: object = given
    if not (isinstance(pair, tuple) and len(pair) == 2 and isinstance(pair[1], Image)):
        raise TypeError(
            "what an index is made of is an ocinb.Image, or a platform with one, not "
            f"{type(pair).__name__}"
        )
    platform, image = given
    if not isinstance(platform, Platform):
        platform = Platform.parse(platform)
    _refuse_another(platform, image)
    return platform, image


def _refuse_another(platform: Platform, image: Image) -> None:
    """Refuse an image whose own config is for another system or architecture.

    The variant may differ, and what is not here need not be looked at.
    """
    config = image.config_blob
    if config is None or config.origin is not None or not platform.is_known:
        return
    try:
        own = platform_of(image)
    except InvalidContent:  # it does not say
        return
    wanted, said = platform.normalised, own.normalised
    if (wanted.os, wanted.architecture) != (said.os, said.architecture):
        raise InvalidContent(
            f"{image!r} is given for {platform}, but its own config says {own}",
            hints=["give the platform that it is for, or the image alone"],
        )


def platform_of(image: Image) -> Platform:
    """What an image says it is for: all of it, with variant and version of the system."""
    config = image.config_blob
    if config is None or config.size > MANIFEST_LIMIT:
        raise _says_nothing(image)
    platform = parse_config(b"".join(config)).platform
    if not (platform.is_known and platform.architecture):
        raise _says_nothing(image)
    return platform


def _layers(manifest: Manifest, given: Mapping[Digest, Given]) -> Iterator[Blob]:
    for layer in manifest.layers:
        if layer.digest in given:
            yield described(layer, given[layer.digest])
        elif not layer.lives_elsewhere:
            raise InvalidContent(f"there is no content for the layer {layer.digest}")


def _says_nothing(image: Image) -> InvalidContent:
    return InvalidContent(
        f"{image!r} does not say which platform it is for",
        hints=["give it with the image: [('linux/amd64', image), …]"],
    )
