"""Something to move: layers, and the manifests that name them, made without ocinb."""

from __future__ import annotations

import hashlib
import json
import os
import random
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MIB = 1 << 20
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
_PIECES = 8


@dataclass(frozen=True)
class Layer:
    """A file that is a gzip stream, so that no tool packs it again on the way."""

    path: Path
    digest: str
    diff_id: str
    size: int

    @property
    def descriptor(self) -> dict[str, Any]:
        """What names it in a manifest."""
        return {"mediaType": LAYER, "digest": self.digest, "size": self.size}


@dataclass(frozen=True)
class Image:
    """A manifest, the config and the layers it names; all but the layers are small."""

    manifest: bytes
    config: bytes
    layers: tuple[Layer, ...]

    @classmethod
    def of(cls, layers: tuple[Layer, ...], architecture: str = "amd64") -> Image:
        """The image of `layers`."""
        config = encoded(
            {
                "architecture": architecture,
                "os": "linux",
                "rootfs": {"type": "layers", "diff_ids": [each.diff_id for each in layers]},
            }
        )
        named = {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": described(config, CONFIG),
            "layers": [each.descriptor for each in layers],
        }
        return cls(encoded(named), config, layers)

    @property
    def size(self) -> int:
        """Bytes of all layers."""
        return sum(layer.size for layer in self.layers)

    @property
    def digests(self) -> set[str]:
        """What is there when all its blobs are."""
        return {digest_of(self.config)} | {layer.digest for layer in self.layers}


def layer(path: Path, size: int, seed: int = 0) -> Layer:
    """Make a layer that unpacks to `size` bytes and does not get smaller when it is packed."""
    noise = random.Random(seed)
    pieces = [noise.randbytes(MIB - 8) for _ in range(_PIECES)]
    packer = zlib.compressobj(0, wbits=31)
    inner, outer = hashlib.sha256(), hashlib.sha256()
    with path.open("wb") as file:
        for at in range(0, size, MIB):
            piece = at.to_bytes(8, "big") + pieces[at // MIB % _PIECES]
            piece = piece[: size - at]
            inner.update(piece)
            for packed in (packer.compress(piece), packer.flush(zlib.Z_SYNC_FLUSH)):
                outer.update(packed)
                file.write(packed)
        end = packer.flush()
        outer.update(end)
        file.write(end)
    digest, diff_id = (f"sha256:{each.hexdigest()}" for each in (outer, inner))
    return Layer(path, digest, diff_id, path.stat().st_size)


def layout(folder: Path, image: Image, tag: str) -> Path:
    """An OCI image layout of `image`, its layers as hard links."""
    blobs = folder / "blobs" / "sha256"
    blobs.mkdir(parents=True)
    for content in (image.manifest, image.config):
        (blobs / digest_of(content)[7:]).write_bytes(content)
    for each in image.layers:
        os.link(each.path, blobs / each.digest[7:])
    named = {"annotations": {"org.opencontainers.image.ref.name": tag}}
    manifests = [described(image.manifest, MANIFEST) | named]
    index = {"schemaVersion": 2, "mediaType": INDEX, "manifests": manifests}
    (folder / "index.json").write_bytes(encoded(index))
    (folder / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')
    return folder


def described(content: bytes, media_type: str) -> dict[str, Any]:
    """What names `content`."""
    return {"mediaType": media_type, "digest": digest_of(content), "size": len(content)}


def digest_of(content: bytes) -> str:
    """The digest of `content`."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def digests_in(folder: Path) -> set[str]:
    """The digest of each file below `folder`."""
    found = set()
    for path in folder.rglob("*"):
        if path.is_file():
            with path.open("rb") as file:
                found.add(f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}")
    return found


def encoded(value: object) -> bytes:
    """JSON, always the same for the same value."""
    return json.dumps(value, separators=(",", ":")).encode()
