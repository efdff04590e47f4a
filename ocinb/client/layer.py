"""A layer where it came from: its bytes, some of them, and the files in it, when asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ocinb.client.source import MEMORY_LIMIT, Source, Target, Wanted
from ocinb.drawable import Drawable
from ocinb.oci.config import ImageConfig
from ocinb.oci.descriptor import Descriptor
from ocinb.oci.digest import Digest
from ocinb.oci.image import Blob
from ocinb.oci.manifest import Manifest

if TYPE_CHECKING:
    from ocinb.layers.files import FileList
    from ocinb.layers.limits import Limits


class RemoteLayer(Drawable):
    """One layer or blob of an image or artifact, still where that came from."""

    def __init__(
        self,
        source: Source,
        descriptor: Descriptor,
        position: int,
        image: Manifest | None = None,
    ) -> None:
        self.source = source
        self.descriptor = descriptor
        self.position = position
        self._image = image

    @property
    def digest(self) -> Digest:
        """The digest of the content as it is transferred."""
        return self.descriptor.digest

    @property
    def size(self) -> int:
        """Bytes to transfer."""
        return self.descriptor.size

    @property
    def reference(self) -> str:
        """Where it is, and its digest."""
        return self.source.at(self.digest)

    @property
    def blob(self) -> Blob:
        """The content as part of an `ocinb.Image`: fetched, and verified, whenever it is read."""
        return self.source.blob(self.descriptor)

    def read(self, limit: int = MEMORY_LIMIT) -> bytes:
        """The content, verified, in memory; raises `InvalidContent` beyond `limit` bytes."""
        return self.source.pull_blob(self.descriptor, limit=limit, progress=False)

    def read_part(self, start: int, stop: int) -> bytes:
        """The bytes from `start` up to `stop`, which cannot be verified: a digest is of the whole.

        See `Repository.pull_blob_part`.
        """
        return self.source.pull_blob_part(self.descriptor, start, stop)

    def save(self, into: Target, progress: Wanted = None) -> None:
        """Write the content to a file or sink, verified on the way."""
        self.source.pull_blob(self.descriptor, into=into, progress=progress)

    @property
    def files(self) -> FileList:
        """The files in it, when first asked for; nothing of them is written anywhere.

        A layer is fetched, verified and listed once, whichever images of its registry it is in, and
        where that has a cache, once for all kernels: what one pass came to is kept by digest. So a
        file is opened with one request for the part of the layer that it is in, which is checked
        against what was seen in that pass; `files.fetching` says what it took. Of a layer with a
        table of contents (eStargz, zstd:chunked, or a SOCI index that the image names) nothing but
        that is fetched; `files.about` says so. Raises as `list_files` does.
        """
        from ocinb.client.moving import opening  # noqa: PLC0415  # most look no further than here

        known = self.known_files
        if known is None:  # no cached_property, of which Python 3.11 lets one thread in at a time
            known = opening.opened(self.source, self.descriptor, self._diff_id, self._image)
        found: FileList = vars(self).setdefault("files", known)
        return found

    @property
    def known_files(self) -> FileList | None:
        """The same when they were listed before, else None; asks nobody."""
        known: FileList | None = vars(self).get("files")
        return known

    def list_files(self, *, limits: Limits | None = None, progress: Wanted = False) -> FileList:
        """The same anew: all of the layer is fetched, within other limits, or with progress.

        The limits are `ocinb.layers.limits.Limits`. The archive in it must hash to what the config
        of the image says, where that was fetched before. Raises `InvalidArchive` for what is no
        archive at all, `NotSupported` for a compression that cannot be undone here,
        `DigestMismatch` for another archive. One that is broken in the middle, or beyond `limits`,
        gives an incomplete list that says why.
        """
        from ocinb.client.moving import opening  # noqa: PLC0415  # most look no further than here

        return opening.anew(self.source, self.descriptor, self._diff_id, limits, progress)

    @property
    def _diff_id(self) -> Digest | None:
        """What the config says of the archive in it; asks nobody."""
        known = self.source.known(self._image.config.digest) if self._image else None
        if self._image is None or not isinstance(known, ImageConfig):
            return None
        if len(known.diff_ids) != len(self._image.layers):
            return None
        return known.diff_ids[self.position]

    def __repr__(self) -> str:
        return f"<RemoteLayer {self.position} {self.descriptor!r}>"
