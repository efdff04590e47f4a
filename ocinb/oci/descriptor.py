"""Descriptors: how content points to other content (image-spec, descriptor.md)."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ocinb.drawable import Drawable
from ocinb.errors import InvalidContent, InvalidReference
from ocinb.oci import media_types
from ocinb.oci.digest import Digest
from ocinb.oci.platform import Platform
from ocinb.text import human_size, visible

_FIELDS = (
    "mediaType", "digest", "size", "urls", "annotations", "data", "artifactType", "platform",
)  # fmt: skip


@dataclass(frozen=True)
class Descriptor(Drawable):
    """Media type, digest and size (bytes) of some content, and what is said about it there.

    `data` is content embedded in the descriptor, already checked against its digest; `unknown`
    keeps fields that no spec of ours knows.
    """

    media_type: str
    digest: Digest
    size: int
    annotations: Mapping[str, str] = field(default_factory=dict, hash=False)
    platform: Platform | None = None
    artifact_type: str = ""
    urls: tuple[str, ...] = ()
    data: bytes | None = field(default=None, repr=False)
    unknown: Mapping[str, Any] = field(default_factory=dict, hash=False, repr=False)

    @classmethod
    def of(cls, content: bytes, media_type: str, **fields: Any) -> Descriptor:
        """The descriptor of `content`."""
        return cls(media_type, Digest.of(content), len(content), **fields)

    @classmethod
    def from_json(cls, value: Any, where: str) -> Descriptor:
        """The descriptor that `value` spells; `where` names it in errors.

        Raises `InvalidContent` when media type, digest or size is missing or malformed.
        """
        if not isinstance(value, dict):
            raise InvalidContent(f"{where} is not an object")
        try:
            digest = Digest(value.get("digest", ""))
        except InvalidReference as error:
            raise InvalidContent(f"{where}: {error}") from None
        size = value.get("size")
        if type(size) is not int or size < 0:  # True is an int, too
            raise InvalidContent(f"{where} has no valid size: {visible(size, 40)!r}")
        platform = value.get("platform")
        return cls(
            media_types.check(value.get("mediaType"), where),
            digest,
            size,
            string_map(value.get("annotations"), f"annotations of {where}"),
            Platform.from_json(platform) if isinstance(platform, dict) else None,
            _string(value.get("artifactType")),
            _strings(value.get("urls")),
            _embedded(value.get("data"), digest, size, where),
            {name: item for name, item in value.items() if name not in _FIELDS},
        )

    @property
    def lives_elsewhere(self) -> bool:
        """Whether it is a layer that nobody pushes, to be had where its `urls` say (K-5)."""
        return bool(self.urls) and media_types.is_foreign(self.media_type)

    def to_json(self) -> dict[str, Any]:
        """The object that stands for it in a manifest, in the order the spec lists its fields."""
        fields: dict[str, Any] = {
            "mediaType": self.media_type,
            "digest": str(self.digest),
            "size": self.size,
            "urls": list(self.urls),
            "annotations": dict(self.annotations),
            "data": base64.b64encode(self.data).decode() if self.data is not None else None,
            "artifactType": self.artifact_type,
            "platform": self.platform.to_json() if self.platform else None,
            **self.unknown,
        }
        always = ("mediaType", "digest", "size")
        return {
            name: value
            for name, value in fields.items()
            if name in always or name in self.unknown or value not in (None, "", [], {})
        }

    def __repr__(self) -> str:
        platform = f" {self.platform}" if self.platform else ""
        meaning = media_types.meaning(self.media_type)
        return f"<Descriptor {self.digest.short} {human_size(self.size)} {meaning}{platform}>"


EMPTY = Descriptor.of(b"{}", media_types.EMPTY, data=b"{}")


def string_map(value: Any, where: str) -> dict[str, str]:
    """`value` as a map of strings; missing counts as empty, anything else is refused."""
    if value is None:
        return {}
    if not isinstance(value, dict) or not all(isinstance(item, str) for item in value.values()):
        raise InvalidContent(f"{where} are not a map of strings")
    return value


def descriptors(value: Any, where: str, most: int) -> tuple[Descriptor, ...]:
    """The descriptors in the list `value`; missing counts as empty."""
    if value is None:
        return ()
    if not isinstance(value, list):
        raise InvalidContent(f"{where} is not a list")
    if len(value) > most:
        raise InvalidContent(f"{where} has {len(value):,} entries; at most {most:,} are read")
    found = tuple(Descriptor.from_json(item, f"{where}[{n}]") for n, item in enumerate(value))
    sizes: dict[Digest, int] = {}
    for each in found:
        if sizes.setdefault(each.digest, each.size) != each.size:
            raise InvalidContent(f"{where} gives {each.digest.short} two different sizes")
    return found


def _embedded(value: Any, digest: Digest, size: int, where: str) -> bytes | None:
    """Embedded content counts only when it is what the descriptor describes (K-11)."""
    if not isinstance(value, str):
        return None
    try:
        data = base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        raise InvalidContent(f"{where} embeds data that is not base64") from None
    known = digest.algorithm in ("sha256", "sha512")
    if len(data) != size or (known and Digest.of(data, digest.algorithm) != digest):
        raise InvalidContent(f"{where} embeds data that is not what its digest and size say")
    return data if known else None


def _string(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _strings(value: Any) -> tuple[str, ...]:
    return tuple(filter(None, map(_string, value))) if isinstance(value, list) else ()
