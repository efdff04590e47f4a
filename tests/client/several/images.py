"""Images that have layers in common, in two registries and a layout."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path

import ocinb
from ocinb.client.remote import Remote
from ocinb.oci import media_types
from ocinb.oci.document import encode
from ocinb.oci.image import Blob, Image, ImageIndex
from ocinb.oci.platform import Platform
from ocinb.protocol.events import Event, RequestStarted

BASE = [("/usr/lib/libssl.so.3", b"ssl"), ("/usr/lib/libc.so", b"c"), ("/etc/os-release", b"ID=x")]


@cache
def base() -> ocinb.Image:
    """What the others are built on: made once, since layers say when they were made."""
    return ocinb.Image.scratch().platform("linux/amd64").add_layer(BASE)


def web() -> ocinb.Image:
    """The base with another library, and without the one it had."""
    return base().add_layer([("/usr/lib/libssl.so.4", b"four"), ("/usr/lib/.wh.libssl.so.3", b"")])


def worker() -> ocinb.Image:
    return base().add_layer([("/usr/lib/libssl.so.3", b"patched")])


def both_platforms() -> ImageIndex:
    """The base, and for another platform an image that has nothing of it."""
    arm = ocinb.Image.scratch().platform("linux/arm64").add_layer([("/only/arm", b"")])
    return ImageIndex.of([(Platform("linux", "amd64"), base()), (Platform("linux", "arm64"), arm)])


def pushed(image: Image | ImageIndex, name: str, school: ocinb.LocalRegistry) -> Remote:
    """An image as somebody who knows nothing of it sees it."""
    ocinb.Repository(name, registry=school).push(image, "v1", progress=False)
    return ocinb.Repository(name, registry=school)["v1"]


def in_layout(image: Image, folder: Path) -> ocinb.LocalRepository:
    ocinb.save(image, folder, "v1", progress=False)
    return ocinb.open(folder)


def of_layers(layers: list[bytes]) -> Image:
    """An image of layers as they are, whatever is in them."""
    config = {"os": "linux", "architecture": "amd64", "rootfs": {"type": "layers", "diff_ids": []}}
    blobs = [Blob.of(each, media_types.LAYER) for each in layers]
    return Image.of(Blob.of(encode(config), media_types.CONFIG), blobs)


@contextmanager
def asked(*registries: ocinb.Registry) -> Iterator[list[str]]:
    """The paths that registries are asked for while this lasts."""
    seen: list[str] = []

    def see(event: Event) -> None:
        if isinstance(event, RequestStarted):
            seen.append(event.url)

    with ExitStack() as watching:
        for registry in registries:
            watching.enter_context(registry.watched_by(see))
        yield seen
