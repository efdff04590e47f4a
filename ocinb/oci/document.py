"""JSON documents that are known by the digest of their bytes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from ocinb.drawable import Drawable
from ocinb.oci.descriptor import Descriptor
from ocinb.oci.digest import Digest
from ocinb.text import human_size


@dataclass(frozen=True)
class Document(Drawable):
    """Bytes as they came, their media type, and their digest; what they say stands beside them."""

    raw: bytes = field(repr=False)
    media_type: str
    digest: Digest
    json: Mapping[str, Any] = field(repr=False, hash=False, compare=False)

    @property
    def size(self) -> int:
        """Bytes of the document itself, not of what it points to."""
        return len(self.raw)

    @cached_property
    def descriptor(self) -> Descriptor:
        """What points to this document."""
        return Descriptor(self.media_type, self.digest, self.size)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.digest.short} {human_size(self.size)}>"


def encode(document: Mapping[str, Any]) -> bytes:
    """The bytes of a document we write: compact UTF-8 JSON, names in the order given."""
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode()


def encode_sorted(document: Mapping[str, Any]) -> bytes:
    """The same with names in their own order, whatever order they are given in."""
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return text.encode()
