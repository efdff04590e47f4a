"""What content is bound to: somewhere that has it, and can be asked for more of it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from typing import IO, TYPE_CHECKING, Protocol, TypeAlias, overload, runtime_checkable

from ocinb.oci.config import ImageConfig
from ocinb.oci.descriptor import Descriptor
from ocinb.oci.document import Document
from ocinb.oci.image import Blob
from ocinb.oci.manifest import AnyManifest
from ocinb.oci.platform import Platform
from ocinb.protocol.messages import Sink

if TYPE_CHECKING:
    from ocinb.client.moving.indexes import Indexes
    from ocinb.protocol.progress.progress_info import ProgressInfo
    from ocinb.protocol.referring.referrers import ReferrerList
    from ocinb.protocol.stepper import Stepper
    from ocinb.storage.layout import Layout

MEMORY_LIMIT = 64 * 1024 * 1024  # bytes of a blob that are read into memory without being told to

Target: TypeAlias = "str | os.PathLike[str] | Sink | IO[bytes]"  # where a blob may go
Folder: TypeAlias = "str | os.PathLike[str] | Layout"  # where everything may go
Wanted: TypeAlias = (
    "bool | Callable[[ProgressInfo], object] | None"  # what there may be of progress
)


class Source(Protocol):
    """Where content came from; a `Repository` is one."""

    @property
    def expression(self) -> str:
        """The Python that makes it again."""

    @property
    def origin(self) -> Mapping[str, str]:
        """What it is, in words for the attributes of a frame."""

    def at(self, reference: str) -> str:
        """The full reference of a tag or digest in it."""

    def known(self, digest: str) -> Document | None:
        """The manifest or config of this digest when it was fetched before; asks nobody."""

    def manifest(self, reference: str, expected: Descriptor | None = None) -> AnyManifest:
        """The manifest or index known as `reference`; as `expected` says, if that is given."""

    def config(self, config: Descriptor) -> ImageConfig:
        """The image config that `config` points to."""

    def blob(self, descriptor: Descriptor) -> Blob:
        """The blob that `descriptor` says, fetched whenever it is read."""

    def load(self, entries: Iterable[Descriptor]) -> None:
        """Fetch the manifests of an index's `entries`, and the configs of those that are images."""

    def referrers(
        self, reference: str, artifact_type: str | None = None, *, confirm: bool = False
    ) -> ReferrerList:
        """What refers to a tag or digest, of one type if given, and confirmed if wanted."""

    @overload
    def pull_blob(
        self,
        blob: Descriptor | str,
        *,
        into: None = None,
        limit: int = MEMORY_LIMIT,
        progress: Wanted = None,
    ) -> bytes: ...
    @overload
    def pull_blob(
        self, blob: Descriptor | str, *, into: Target, limit: int = ..., progress: Wanted = None
    ) -> None: ...

    def pull_blob_part(
        self, blob: Descriptor | str, start: int, stop: int, *, limit: int = MEMORY_LIMIT
    ) -> bytes:
        """The bytes of a blob from `start` up to `stop`; nothing verifies them."""

    def pull_document(
        self,
        root: AnyManifest,
        asked: str,
        into: Folder,
        *,
        platform: str | Platform | None = None,
        progress: Wanted = None,
    ) -> Layout:
        """Copy `root`, which was asked for by this tag or digest, with all it names."""


@runtime_checkable
class Ranged(Protocol):
    """A source that gives parts of blobs for a request each, and remembers what layers hold."""

    @property
    def indexes(self) -> Indexes:
        """What is known about the layers in it."""

    @property
    def concurrency(self) -> int:
        """Layers that may be listed at a time."""

    def pull_blob_part_steps(
        self, blob: Descriptor | str, start: int, stop: int, *, limit: int = MEMORY_LIMIT
    ) -> Stepper[bytes]:
        """The bytes of a blob from `start` up to `stop`, one request at a time."""
