"""Moving many blobs: what a pull or push is made of, and where it goes."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

from ocinb.errors import InvalidContent, NotSupported
from ocinb.oci import media_types
from ocinb.oci.descriptor import Descriptor
from ocinb.oci.digest import Digest
from ocinb.oci.image import Content, Image, ImageIndex
from ocinb.oci.index import Index
from ocinb.oci.manifest import AnyManifest, Manifest
from ocinb.oci.platform import Platform
from ocinb.oci.reference import check_tag
from ocinb.protocol import pull as pulling
from ocinb.protocol import push as pushing
from ocinb.protocol.events import Skipped, Verified
from ocinb.protocol.messages import Conversation, Sink
from ocinb.storage.files import replacing
from ocinb.storage.layout import Layout
from ocinb.storage.store import put
from ocinb.text import human_size

if TYPE_CHECKING:
    from ocinb.client.repository import Repository, Target

DEEPEST = 8  # indexes within indexes
MOST_MANIFEST_BYTES = 128 * 1024 * 1024  # of one pull: they are held in memory meanwhile


@dataclass(frozen=True)
class Plan:
    """What a pull will move: manifests, the root last, and blobs, each once."""

    manifests: tuple[AnyManifest, ...]
    blobs: tuple[Descriptor, ...]
    tag: str | None


def opened(into: str | os.PathLike[str] | Layout) -> Layout:
    """`into` as a layout; raises `InvalidContent` for a folder that holds something else."""
    return into if isinstance(into, Layout) else Layout(into)


def plan_pull(
    repository: Repository, root: AnyManifest, asked: str, platform: str | Platform | None
) -> Plan:
    """Fetch the manifests under `root`, and say what else there is to fetch."""
    if isinstance(root, Index) and platform is not None:
        entry = root.for_platform(platform, same_architecture=True)
        root = repository.manifest(entry.digest, entry)
    manifests = _closure(repository, root)
    blobs = {blob.digest: blob for each in manifests for blob in _blobs(each)}
    return Plan(manifests, tuple(blobs.values()), None if ":" in asked else asked)


def pull(repository: Repository, plan: Plan, layout: Layout) -> None:
    """Fetch what `layout` lacks of `plan`; the root and its tag appear last."""
    for blob in plan.blobs:
        known = layout.content(blob.digest)
        if known is not None and known.size == blob.size:
            repository.registry.emit(Skipped(blob.digest, blob.size))
            continue
        with layout.ingest(blob.digest.algorithm) as ingest:
            fetch(repository, blob, ingest)
            ingest.commit(blob.digest)
    *children, root = plan.manifests
    for child in children:  # known through the root: index.json need not list them
        put(layout, child.raw, child.digest)
    layout.put_manifest(root.raw, root.descriptor, (plan.tag,) if plan.tag else ())


def describe(name: str, digest: Digest) -> Conversation[Descriptor]:
    """Ask for the size of a blob of which only the digest is known."""
    response = (yield pulling.blob_question(name, digest)).expect(200)
    size = pulling.content_length(response)
    if not size and digest != Digest.of(b"", digest.algorithm):
        raise response.unexpected("it does not say how long the blob is; a descriptor would")
    return Descriptor(media_types.OCTET_STREAM, digest, size)


def fetch(repository: Repository, blob: Descriptor, sink: Sink) -> None:
    """Fetch one blob into `sink`, verified."""
    repository.converse(pulling.get_blob(repository.name, blob, sink)).finish()
    repository.registry.emit(Verified(blob.digest, blob.size))


def save(repository: Repository, blob: Descriptor, into: Target) -> None:
    """Fetch one blob into a sink, or into a file that appears only when it is whole."""
    if not isinstance(into, (str, os.PathLike)):
        fetch(repository, blob, into if hasattr(into, "restart") else OpenFile(into))
        return
    target = Path(into)
    if target.is_dir():
        raise IsADirectoryError(f"{target} is a folder: name a file in it")
    if not target.parent.is_dir():
        raise FileNotFoundError(f"there is no folder {target.parent} to write {target.name} to")
    with replacing(target) as sink:
        fetch(repository, blob, sink)


class OpenFile:
    """A file that somebody opened for writing, as a sink."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self._begun = file, False
        self._start = file.tell() if file.seekable() else None

    def restart(self) -> None:
        """Go back to where the content began."""
        if self._start is not None:
            self._file.seek(self._start)
            self._file.truncate()
        elif self._begun:
            raise NotSupported("the content must be written anew, but this file cannot go back")

    def write(self, piece: bytes | memoryview) -> None:
        """Take the next piece."""
        self._begun = True
        self._file.write(piece)


def pushable(content: Content, tags: tuple[str, ...]) -> tuple[str, ...]:
    """`tags`, each once; raises for tags that are none, and for what is no content."""
    if not isinstance(content, (Image, ImageIndex)):
        raise TypeError(
            f"what is pushed is an ocinb.Image or ocinb.ImageIndex, not {type(content).__name__}"
        )
    for tag in tags:
        if not isinstance(tag, str):
            raise TypeError("tags are given one by one: push(image, 'v1', 'latest')")
        check_tag(tag)
    return tuple(dict.fromkeys(tags))


def push(repository: Repository, content: Content, tags: tuple[str, ...]) -> pushing.Pushed:
    """Push every blob, then the manifests, then the tags."""
    blobs: list[tuple[Descriptor, pushing.Outcome]] = []
    for blob in pushing.all_blobs(content):
        outcome = repository.converse(pushing.push_blob(repository.name, blob)).finish()
        happened = Skipped if outcome == "existed" else Verified
        repository.registry.emit(happened(blob.digest, blob.size))
        blobs.append((blob.descriptor, outcome))
    repository.converse(pushing.push_manifests(repository.name, content, tags)).finish()
    return pushing.Pushed(content.descriptor, tags, tuple(blobs))


def _closure(repository: Repository, root: AnyManifest) -> tuple[AnyManifest, ...]:
    """Every manifest under `root`, each once, children before parents; within bounds (K-6)."""
    levels: list[dict[Digest, AnyManifest]] = [{root.digest: root}]
    room = MOST_MANIFEST_BYTES
    while below := _entries(levels[-1].values()):
        room -= sum(entry.size for entry in below)
        if room < 0 or len(levels) > DEEPEST:
            raise InvalidContent(
                f"{root.digest.short} has indexes within indexes more than {DEEPEST} deep, or "
                f"manifests of more than {human_size(MOST_MANIFEST_BYTES)} in all"
            )
        found = [repository.manifest(entry.digest, entry) for entry in below]
        levels.append({manifest.digest: manifest for manifest in found})
    deepest_first = [each for level in reversed(levels) for each in level.items()]
    return tuple(dict(deepest_first).values())


def _entries(manifests: Iterable[AnyManifest]) -> tuple[Descriptor, ...]:
    """What the indexes among `manifests` name, each once."""
    indexes = (each for each in manifests if isinstance(each, Index))
    return tuple({entry.digest: entry for each in indexes for entry in each.manifests}.values())


def _blobs(manifest: AnyManifest) -> tuple[Descriptor, ...]:
    if isinstance(manifest, Manifest):
        return (manifest.config, *manifest.layers)
    return () if isinstance(manifest, Index) else manifest.blobs
