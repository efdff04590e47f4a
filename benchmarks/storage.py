"""What distribution's registry keeps on disk, written and emptied without asking it.

It keeps nothing in memory (no cache is configured), so a blob that is linked into its folder can
be pulled at once, and one that is removed must be pushed again.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from benchmarks.content import Image, Layer, digest_of


class Storage:
    """The folder of a registry with the filesystem driver."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._root = folder / "docker" / "registry" / "v2"

    def add_image(self, name: str, image: Image, tag: str = "") -> None:
        """Have `image` in the repository `name`."""
        for each in image.layers:
            self.add_layer(name, each)
        self._add_bytes(name, image.config, "_layers")
        self.add_manifest(name, image.manifest, tag)

    def add_layer(self, name: str, layer: Layer) -> None:
        """Have a layer in it, as a hard link."""
        data = self.data(layer.digest)
        if not data.exists():
            data.parent.mkdir(parents=True)
            os.link(layer.path, data)
        self._link(self._repository(name) / "_layers", layer.digest)

    def add_manifest(self, name: str, content: bytes, tag: str = "") -> None:
        """Have a manifest or index in it, with a tag if given."""
        digest = self._add_bytes(name, content, "_manifests/revisions")
        if tag:
            tagged = self._repository(name) / "_manifests" / "tags" / tag
            self._link(tagged / "index", digest)
            (tagged / "current").mkdir(exist_ok=True)
            (tagged / "current" / "link").write_text(digest)

    def forget(self, name: str, *digests: str) -> None:
        """Have neither the repository `name` nor these blobs any more."""
        shutil.rmtree(self._repository(name), ignore_errors=True)
        for digest in digests:
            shutil.rmtree(self.data(digest).parent, ignore_errors=True)

    def data(self, digest: str) -> Path:
        """The file of a blob or manifest."""
        return self._root / "blobs" / "sha256" / digest[7:9] / digest[7:] / "data"

    def blobs(self, name: str) -> list[str]:
        """The digests of what was pushed to the repository `name`, without manifests."""
        links = (self._repository(name) / "_layers" / "sha256").glob("*/link")
        return [f"sha256:{each.parent.name}" for each in links]

    def has(self, name: str, digest: str) -> bool:
        """Whether the blob is in that repository."""
        link = self._repository(name) / "_layers" / "sha256" / digest[7:] / "link"
        return link.exists() and self.data(digest).exists()

    def _add_bytes(self, name: str, content: bytes, kind: str) -> str:
        digest = digest_of(content)
        data = self.data(digest)
        data.parent.mkdir(parents=True, exist_ok=True)
        data.write_bytes(content)
        self._link(self._repository(name) / kind, digest)
        return digest

    def _repository(self, name: str) -> Path:
        return self._root / "repositories" / name

    def _link(self, folder: Path, digest: str) -> None:
        place = folder / "sha256" / digest[7:]
        place.mkdir(parents=True, exist_ok=True)
        (place / "link").write_text(digest)
