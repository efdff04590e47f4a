"""What an image may be built on: one that is still in a registry, or one that is here.

Nothing is copied: of a base, the manifest and the config are read, and its layers stay where they
are until somebody reads them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol, TypeAlias, cast, runtime_checkable

from ocinb.errors import InvalidContent, InvalidReference, NotSupported
from ocinb.oci import annotations as keys
from ocinb.oci import image, media_types
from ocinb.oci.config import ImageConfig
from ocinb.oci.descriptor import Descriptor
from ocinb.oci.digest import Digest
from ocinb.oci.image import Blob, ImageIndex
from ocinb.oci.manifest import Manifest
from ocinb.oci.media_types import is_foreign
from ocinb.oci.platform import Platform
from ocinb.oci.reference import Reference


class RemoteLayer(Protocol):
    """A layer that is somewhere else."""

    @property
    def blob(self) -> Blob:
        """The layer, opened where it is whenever it is read."""


class Remote(Protocol):
    """Something that is somewhere else; `repository["v1"]` is. Only images can be built on."""

    @property
    def reference(self) -> str: ...
    @property
    def digest(self) -> Digest: ...


class RemoteImage(Remote, Protocol):
    """An image that is somewhere else."""

    @property
    def manifest(self) -> Manifest: ...
    @property
    def config(self) -> ImageConfig: ...
    @property
    def layers(self) -> tuple[RemoteLayer, ...]: ...


@runtime_checkable
class RemoteIndex(Remote, Protocol):
    """Images for several platforms that are somewhere else."""

    def __getitem__(self, wanted: Platform) -> object: ...
    def image(self) -> object: ...


Source: TypeAlias = "Remote | image.Image | ImageIndex"


@dataclass(frozen=True)
class Base:
    """What is taken over of an image: its config, its layers, and what it is called."""

    config: Mapping[str, Any]
    layers: tuple[Descriptor, ...]
    blobs: tuple[Blob, ...]
    annotations: Mapping[str, str]


def base_of(source: Source, platform: Platform | None) -> Base:
    """`source` as a base, or what it has for `platform`.

    The annotations name what was given, an index where that is one: `base.digest` is the digest of
    what `base.name` refers to (image-spec, annotations.md).
    """
    named = _named(source)
    found = _image(source, platform)
    if isinstance(found, image.Image):
        return _local(found, named)
    return _remote(found, named)


def _image(source: Source, platform: Platform | None) -> RemoteImage | image.Image:
    if isinstance(source, ImageIndex):
        return _child(source, platform)
    if isinstance(source, image.Image):
        _check_platform(source, platform)
        return source
    found: object = source
    if isinstance(source, RemoteIndex):
        found = source[platform] if platform is not None else source.image()
    elif platform is not None and hasattr(source, "config"):
        found = cast("Any", source)[platform]
    if not (hasattr(found, "manifest") and hasattr(found, "layers") and hasattr(found, "config")):
        raise _no_base(found)
    return cast("RemoteImage", found)


def _child(index: ImageIndex, platform: Platform | None) -> image.Image:
    """The image of an index that is here: for the platform, by default as an engine chooses."""
    wanted = platform or Platform.host()
    entry = index.index.for_platform(wanted, same_architecture=platform is not None)
    here = {each.digest: each for each in index.children}
    found = here.get(entry.digest)
    if not isinstance(found, image.Image):
        raise NotSupported(f"what {index!r} has for {wanted} is no image that is here")
    return found


def _check_platform(source: image.Image, platform: Platform | None) -> None:
    if platform is None or source.config is None:
        return
    there = source.config.platform
    if there.normalised != platform.normalised:
        raise InvalidContent(f"{source!r} is for {there}, not for {platform}")


def _remote(found: RemoteImage, named: Mapping[str, str]) -> Base:
    kept = [
        (each, layer.blob)
        for each, layer in zip(found.manifest.layers, found.layers, strict=True)
        if not _stays_elsewhere(each)
    ]
    blobs = tuple(Blob(_oci(each), blob.open, blob.origin) for each, blob in kept)
    return _base(found.manifest, found.config, blobs, named)


def _local(found: image.Image, named: Mapping[str, str]) -> Base:
    if not isinstance(found.manifest, Manifest) or found.config is None:
        raise _no_base(found)
    blobs = {each.digest: each for each in found.layers}
    missing = [
        each
        for each in found.manifest.layers
        if each.digest not in blobs and not _stays_elsewhere(each)
    ]
    if missing:
        raise InvalidContent(f"{found!r} does not have its layer {missing[0].digest}")
    own = tuple(Blob(_oci(each.descriptor), each.open, each.origin) for each in found.layers)
    return _base(found.manifest, found.config, own, named)


def _base(
    manifest: Manifest, config: ImageConfig, blobs: tuple[Blob, ...], named: Mapping[str, str]
) -> Base:
    if len(config.diff_ids) != len(manifest.layers):
        raise InvalidContent(
            f"the config of {manifest!r} names {len(config.diff_ids)} layers: nothing can be built "
            "on an image that does not agree with itself"
        )
    return Base(config.json, tuple(map(_oci, manifest.layers)), blobs, named)


def _named(source: Source) -> dict[str, str]:
    """The annotations that say what an image is built on."""
    digest = {keys.BASE_DIGEST: str(source.digest)} if hasattr(source, "digest") else {}
    reference = _in_a_registry(getattr(source, "reference", ""))
    return {**digest, **({keys.BASE_NAME: reference} if reference else {})}


def _in_a_registry(reference: str) -> str:
    """`reference`; nothing for what lies on this machine, whose paths are nobody's business."""
    try:
        Reference.parse(reference)
    except InvalidReference:
        return ""
    return reference


def _stays_elsewhere(layer: Descriptor) -> bool:
    """Whether a layer is fetched where its `urls` say, and pushed by nobody."""
    return bool(layer.urls) and is_foreign(layer.media_type)


_OCI_NAMES: Mapping[str, str] = {
    "application/vnd.docker.image.rootfs.diff.tar": media_types.LAYER,
    "application/vnd.docker.image.rootfs.diff.tar.gzip": media_types.LAYER_GZIP,
    "application/vnd.docker.image.rootfs.diff.tar.zstd": media_types.LAYER_ZSTD,
    "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip": (
        "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip"
    ),
}


def _oci(layer: Descriptor) -> Descriptor:
    """The same layer as an OCI manifest calls it: docker's names mean the same bytes."""
    name = _OCI_NAMES.get(layer.media_type, layer.media_type)
    return replace(layer, media_type=name)


def _no_base(found: object) -> TypeError | NotSupported:
    if hasattr(found, "digest"):
        return NotSupported(f"{found!r} is no image: nothing can be built on it")
    return TypeError(
        "an image is built on another one, such as ocinb.Repository('alpine')['3.20'] or an "
        f"ocinb.Image, not on {type(found).__name__}"
    )


def several(platforms: Iterable[str | Platform]) -> list[Platform]:
    """The platforms, each once; raises `TypeError` for text, which is one."""
    if isinstance(platforms, (str, Platform)):
        raise TypeError("platforms is a list: platforms=['linux/amd64', 'linux/arm64']")
    return list(dict.fromkeys(map(one, platforms)))


def one(platform: str | Platform) -> Platform:
    """A platform, as itself or as text."""
    return platform if isinstance(platform, Platform) else Platform.parse(platform)
