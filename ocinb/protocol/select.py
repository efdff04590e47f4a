"""Fetching the image for a platform: its manifest and its config."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import NamedTuple, TypeAlias

from ocinb.errors import InvalidContent, InvalidReference, NotSupported, OcinbError, TransferError
from ocinb.oci.config import ImageConfig
from ocinb.oci.descriptor import Descriptor
from ocinb.oci.index import Index
from ocinb.oci.manifest import AnyManifest, Manifest
from ocinb.oci.platform import Platform, choose
from ocinb.protocol.messages import Conversation
from ocinb.protocol.pull import DEEPEST, GetManifest
from ocinb.text import nearest

GetConfig: TypeAlias = Callable[[Descriptor], Conversation[ImageConfig]]


class PulledManifest(NamedTuple):
    """A manifest and the config it names."""

    manifest: Manifest
    config: ImageConfig


class PulledPlatform(NamedTuple):
    """The platform that was asked for, and the manifest and config there are for it."""

    platform: Platform
    manifest: Manifest
    config: ImageConfig


def pull_manifest(
    reference: str, platform: Platform | None, get: GetManifest, get_config: GetConfig
) -> Conversation[PulledManifest]:
    """The image that a tag or digest stands for, by `get` and `get_config`.

    Of an index, a `platform` must be there as `index[platform]` finds it; without one, it is what
    a container engine would run on this machine. Raises `InvalidReference`, naming what there is,
    when no image is for it; there is no falling back to another one.
    """
    root = yield from get(reference, None)
    return (yield from _image(root, platform, get, get_config))


def pull_manifests_for_platforms(
    reference: str, platforms: Sequence[Platform], get: GetManifest, get_config: GetConfig
) -> Conversation[list[PulledPlatform]]:
    """The image for each of `platforms`, in their order; the index is asked for once.

    Each is tried, and the error for the first that cannot be had tells of the others, too.
    """
    if not platforms:
        return []
    root = yield from get(reference, None)
    _refuse_missing(root, platforms)
    found: list[PulledPlatform] = []
    failed: list[tuple[Platform, OcinbError]] = []
    for platform in platforms:
        try:
            image = yield from _image(root, platform, get, get_config)
            found.append(PulledPlatform(platform, *image))
        except TransferError:  # the way there, and not the image: the next would fare no better
            raise
        except OcinbError as error:
            failed.append((platform, error))
    for platform, other in failed[1:]:
        failed[0][1].hint(f"nor could {platform} be had: {other}")
    for _, first in failed:
        raise first
    return found


def _image(
    root: AnyManifest, platform: Platform | None, get: GetManifest, get_config: GetConfig
) -> Conversation[PulledManifest]:
    found, depth = root, 0
    while isinstance(found, Index):
        if depth == DEEPEST:
            raise InvalidContent(f"{root.digest.short} has indexes within indexes, {depth} deep")
        wanted = platform or Platform.host()
        entry = found.for_platform(wanted, same_architecture=platform is not None)
        found, depth = (yield from get(entry.digest, entry)), depth + 1
    if not isinstance(found, Manifest):
        raise NotSupported(f"{found!r} has no config, and is no image")
    config = yield from get_config(found.config)
    if platform is not None:
        _refuse_other_platform(platform, config.platform)
    return PulledManifest(found, config)


def _refuse_missing(root: AnyManifest, platforms: Sequence[Platform]) -> None:
    """Say of all platforms together which of them an index does not have."""
    if not isinstance(root, Index):
        return
    there = [each.platform for each in root.images]
    missing = [
        str(platform)
        for platform in platforms
        if choose(platform, there, same_architecture=True) is None
    ]
    if missing:
        hint = nearest(missing[0], map(str, root.platforms))
        raise InvalidReference(
            ", ".join(missing), "platform of this index", "no image is for it", hints=[hint]
        )


def _refuse_other_platform(wanted: Platform, found: Platform) -> None:
    """What an image says itself decides, as far as it does; many leave the variant out."""
    if not (found.os or found.architecture):
        return
    asked = wanted if found.variant else replace(wanted, variant="")
    if choose(asked, [found], same_architecture=True) is None:
        raise InvalidReference(str(wanted), "platform of this image", f"the image is for {found}")
