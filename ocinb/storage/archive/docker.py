"""What `docker save` and others write: images by their configs and layers, without manifests.

The manifests are composed, as OCI's: such an archive names no media types, and only OCI has names
for layers that are plain or packed with zstd; its layers often are plain. Configs and layers stay
as they are in the archive, byte for byte, so the same archive always gives the same digests. They
are not those that a registry gave the image: docker's format forgets them.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ocinb.errors import DigestMismatch, InvalidContent, InvalidReference, NotSupported
from ocinb.layers.limits import Broken, Limits
from ocinb.layers.making.members import shown
from ocinb.layers.unpacking.compression import MAGIC, sniffed
from ocinb.layers.unpacking.reading import Unpacked
from ocinb.oci import annotations as keys
from ocinb.oci import media_types, strict_json
from ocinb.oci.config import ImageConfig, parse_config
from ocinb.oci.descriptor import Descriptor
from ocinb.oci.digest import Digest, hasher
from ocinb.oci.manifest import MOST_LAYERS, Manifest
from ocinb.oci.reference import Reference
from ocinb.storage.archive.members import Member, Members
from ocinb.storage.catalogue import Catalogue
from ocinb.storage.memory import MemoryContent
from ocinb.storage.store import Stored

LISTING = "manifest.json"  # what an archive of docker's lists its images in
_MOST_IMAGES = 10_000
_LAYERS = {
    "": media_types.LAYER,
    "gzip": media_types.LAYER_GZIP,
    "zstd": media_types.LAYER_ZSTD,
}


@dataclass(frozen=True)
class Listed:
    """One image as `manifest.json` lists it: names of members, and what the image is called."""

    config: str
    layers: tuple[str, ...]
    names: tuple[str, ...]


class Composed:
    """The images of an archive of docker's, with manifests."""

    format = "docker-archive"

    def __init__(self, members: Members) -> None:
        self._members = members
        self._content: dict[Digest, Stored] = {}
        self._layers: dict[tuple[str, Digest], Descriptor] = {}
        self._configs: dict[int, ImageConfig] = {}  # by where they begin

    @cached_property
    def catalogue(self) -> Catalogue:
        """The manifests, composed when they are first asked for."""
        entries = [
            named.to_json()
            for each in listed(self._members)
            for named in _named(self._manifest(each), each.names)
        ]
        return Catalogue.from_json({"manifests": entries})

    def find(self, digest: Digest) -> Stored | None:
        """The bytes that claim to be `digest`."""
        _ = self.catalogue  # what is there is known once it was composed
        return self._content.get(digest)

    def _manifest(self, image: Listed) -> Descriptor:
        config = self._parsed(image.config)
        if len(config.diff_ids) != len(image.layers):
            raise InvalidContent(
                f"{LISTING} gives the image of {shown(image.config)} {len(image.layers)} layers, "
                f"its config {len(config.diff_ids)}"
            )
        layers = list(map(self._layer, image.layers, config.diff_ids))
        manifest = Manifest.of(self._config(image, config), layers)
        self._content[manifest.digest] = MemoryContent(memoryview(manifest.raw))
        return manifest.descriptor

    def _parsed(self, name: str) -> ImageConfig:
        """A config, read once, however many images and names of it there are."""
        start = _member(self._members, name).start
        if start not in self._configs:
            self._configs[start] = parse_config(_small(self._members, name))
        return self._configs[start]

    def _config(self, image: Listed, config: ImageConfig) -> Descriptor:
        self._content[config.digest] = _member(self._members, image.config)
        return Descriptor(media_types.CONFIG, config.digest, config.size)

    def _layer(self, name: str, diff_id: Digest) -> Descriptor:
        """A layer as it is there. Of a plain one the config says the digest, which is checked
        whenever it is read; one that is packed is read once to learn it."""
        if (name, diff_id) not in self._layers:
            member = _member(self._members, name)
            packed = sniffed(b"".join(member.part(0, MAGIC)))
            if packed not in _LAYERS:
                raise NotSupported(f"the layer {shown(name)} is packed with {packed}")
            digest = _digest(member, diff_id) if packed else diff_id
            self._content.setdefault(digest, member)
            found = Descriptor(_LAYERS[packed], digest, member.size)
            self._layers[name, diff_id] = found
        return self._layers[name, diff_id]


def listed(members: Members) -> tuple[Listed, ...]:
    """What `manifest.json` says; raises `InvalidContent` when it is no list of images."""
    found = strict_json.parse(_small(members, LISTING), LISTING)
    if not isinstance(found, list) or len(found) > _MOST_IMAGES:
        raise InvalidContent(f"{LISTING} is no list of at most {_MOST_IMAGES:,} images")
    return tuple(map(_listed, found))


def _listed(value: Any) -> Listed:
    value = value if isinstance(value, dict) else {}
    config, layers, names = value.get("Config"), value.get("Layers"), value.get("RepoTags")
    if not isinstance(config, str) or not _texts(layers) or not _texts(names):
        raise InvalidContent(f"{LISTING} lists something that has no Config, Layers and RepoTags")
    if len(layers or ()) > MOST_LAYERS:
        raise InvalidContent(f"{LISTING} gives an image more than {MOST_LAYERS:,} layers")
    return Listed(config, tuple(layers or ()), tuple(names or ()))


def _texts(value: Any) -> bool:
    texts = value is None or isinstance(value, list)
    return texts and all(isinstance(each, str) for each in value or ())


def _named(manifest: Descriptor, names: tuple[str, ...]) -> list[Descriptor]:
    """An entry for each of its names, or one without: the tag and the full name, as docker does."""
    if not names:
        return [manifest]
    return [
        Descriptor(
            manifest.media_type,
            manifest.digest,
            manifest.size,
            {keys.CONTAINERD_NAME: name, keys.REF_NAME: _tag(name)},
        )
        for name in names
    ]


def _tag(name: str) -> str:
    try:
        return Reference.parse(name).tag or name
    except InvalidReference:  # whatever it is, it is what the image is called there
        return name


def _small(members: Members, name: str) -> bytes:
    member, limit = _member(members, name), strict_json.MANIFEST_LIMIT
    if member.size > limit:
        raise InvalidContent(f"{shown(name)} has {member.size:,} bytes; at most {limit:,} are read")
    return b"".join(member)


def _member(members: Members, name: str) -> Member:
    found = members.find(_plain(name))
    if found is None:
        raise InvalidContent(f"{LISTING} names {shown(name)}, which is no file in the archive")
    return found


def _plain(name: str) -> str:
    return name.removeprefix("./")


def _digest(member: Member, diff_id: Digest) -> Digest:
    """The digest of a packed layer; raises `DigestMismatch` when it unpacks to another archive."""
    unpacked, packed, plain = Unpacked(Limits()), hasher("sha256"), diff_id.hasher()
    try:
        for piece in member:
            packed.update(piece)
            for found in unpacked.feed(piece):
                plain.update(found)
        for found in unpacked.finish():
            plain.update(found)
    except Broken as error:
        raise InvalidContent(f"the layer {shown(member.name)} is damaged: {error}") from None
    actual = Digest.from_hash(diff_id.algorithm, plain)
    if actual != diff_id:
        raise DigestMismatch(diff_id, actual, source=f"what {shown(member.name)} unpacks to")
    return Digest.from_hash("sha256", packed)
