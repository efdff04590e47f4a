"""Pushing what is made of several things: images of raw bytes, and indexes of images."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ocinb.client.access.account import Account
from ocinb.client.source import Wanted
from ocinb.client.verbs.asking import as_somebody
from ocinb.client.verbs.pushing import Pushing
from ocinb.oci.composing import ForPlatform, Raw, index_of, raw_image, raw_images
from ocinb.oci.given import Layers
from ocinb.protocol.push import Pushed
from ocinb.protocol.stepper import Stepper


class Composing(Pushing):
    """Images for several platforms under one name, and images that somebody else built."""

    @as_somebody
    def push_multi(
        self,
        images: Iterable[ForPlatform],
        *tags: str,
        annotations: Mapping[str, str] | None = None,
        mount_from: str | None = None,
        chunk_size: int | None = None,
        progress: Wanted = None,
        auth: Account | None = None,
    ) -> Pushed:
        """Push images for several platforms and an index of them, which gets the `tags`.

        Each is an `ocinb.Image`, which says itself what it is for, or `(platform, image)`.
        `annotations` are the index's; all else is as with `push`. Raises `InvalidContent`, before
        anything is sent, when there are no images, when two are for the same platform, and when
        one says itself that it is for another system or architecture.
        """
        index = index_of(images, annotations=annotations)
        return self.push(
            index, *tags, mount_from=mount_from, chunk_size=chunk_size, progress=progress
        )

    def push_multi_steps(
        self,
        images: Iterable[ForPlatform],
        *tags: str,
        annotations: Mapping[str, str] | None = None,
        mount_from: str | None = None,
        chunk_size: int | None = None,
    ) -> Stepper[Pushed]:
        """The same, one request at a time."""
        index = index_of(images, annotations=annotations)
        return self.push_steps(index, *tags, mount_from=mount_from, chunk_size=chunk_size)

    @as_somebody
    def push_blobs(
        self,
        manifest: bytes,
        config: bytes,
        layers: Layers,
        *tags: str,
        mount_from: str | None = None,
        chunk_size: int | None = None,
        progress: Wanted = None,
        auth: Account | None = None,
    ) -> Pushed:
        """Push an image that somebody built: its manifest byte for byte, under its own media type.

        `layers` has the content of each by its digest: bytes, a path, or something to call that
        returns bytes or pieces of them, which is called only when the registry needs the layer.
        All of it must be what the manifest says: raises `InvalidContent` or `DigestMismatch`,
        before anything is sent as far as it can be known then. All else is as with `push`.
        """
        image = raw_image(manifest, config, layers)
        return self.push(
            image, *tags, mount_from=mount_from, chunk_size=chunk_size, progress=progress
        )

    def push_blobs_steps(
        self,
        manifest: bytes,
        config: bytes,
        layers: Layers,
        *tags: str,
        mount_from: str | None = None,
        chunk_size: int | None = None,
    ) -> Stepper[Pushed]:
        """The same, one request at a time."""
        image = raw_image(manifest, config, layers)
        return self.push_steps(image, *tags, mount_from=mount_from, chunk_size=chunk_size)

    @as_somebody
    def push_blobs_multi(
        self,
        images: Iterable[Raw],
        *tags: str,
        annotations: Mapping[str, str] | None = None,
        mount_from: str | None = None,
        chunk_size: int | None = None,
        progress: Wanted = None,
        auth: Account | None = None,
    ) -> Pushed:
        """Push several images that somebody built, each `(manifest, config, layers)` as with
        `push_blobs`, and an index of them as with `push_multi`; configs say their platforms."""
        return self.push_multi(
            raw_images(images),
            *tags,
            annotations=annotations,
            mount_from=mount_from,
            chunk_size=chunk_size,
            progress=progress,
        )

    def push_blobs_multi_steps(
        self,
        images: Iterable[Raw],
        *tags: str,
        annotations: Mapping[str, str] | None = None,
        mount_from: str | None = None,
        chunk_size: int | None = None,
    ) -> Stepper[Pushed]:
        """The same, one request at a time."""
        return self.push_multi_steps(
            raw_images(images),
            *tags,
            annotations=annotations,
            mount_from=mount_from,
            chunk_size=chunk_size,
        )
