"""The header of an RPM package, as its database keeps it: an index of tags, and a store of values.

RPM's manual, "RPM V4 Package format", "Header format". Numbers are big endian.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping

from ocinb.layers.inspecting.packages.found import Package
from ocinb.layers.inspecting.packages.stanzas import text
from ocinb.layers.limits import Broken
from ocinb.layers.unpacking.fields import LARGEST

NAME, VERSION, RELEASE, EPOCH, SUMMARY = 1000, 1001, 1002, 1003, 1004
SIZE, LICENSE, ARCH, SOURCE_RPM, LONG_SIZE = 1009, 1014, 1022, 1044, 5009
_TEXTS = (NAME, VERSION, RELEASE, SUMMARY, LICENSE, ARCH, SOURCE_RPM)
_NUMBERS = {4: ">I", 5: ">Q"}  # INT32 and INT64, by the number of the type
_STRINGS = (6, 8, 9)  # a string, some, and some in several languages, the first of which is plain
_START, _ENTRY = struct.Struct(">II"), struct.Struct(">IIII")
_MOST_ENTRIES = 65_535  # as rpm has it
_RULE = "a header is an index and the values it points to"

Value = str | int


def package(blob: bytes) -> Package:
    """The package whose header this is; raises `Broken` where it is none."""
    found = tags(blob)
    if not found.get(NAME):
        raise Broken("each package has a name", "one has none")
    version = f"{_text(found, VERSION)}-{_text(found, RELEASE)}"
    epoch = found.get(EPOCH)
    source, source_version = _source(_text(found, SOURCE_RPM))
    size = found.get(LONG_SIZE, found.get(SIZE))
    return Package(
        _text(found, NAME),
        version if epoch is None else f"{epoch}:{version}",
        _text(found, ARCH),
        "rpm",
        source or _text(found, NAME),
        source_version or version,
        size if isinstance(size, int) and size < LARGEST else None,
        _text(found, LICENSE),
        _text(found, SUMMARY).partition("\n")[0],
    )


def tags(blob: bytes) -> dict[int, Value]:
    """The values of those tags that a `Package` is made of."""
    if len(blob) < _START.size:
        raise Broken(_RULE, f"one has {len(blob)} bytes")
    entries, length = _START.unpack_from(blob)
    store = _START.size + entries * _ENTRY.size
    if not 0 < entries <= _MOST_ENTRIES or store + length != len(blob):
        raise Broken(_RULE, f"one of {len(blob):,} bytes says it has {entries:,} entries")
    found: dict[int, Value] = {}
    for tag, kind, offset, count in _ENTRY.iter_unpack(blob[_START.size : store]):
        if tag in _WANTED and tag not in found and count:
            value = _value(blob, store, tag, kind, offset)
            if value is not None:
                found[tag] = value
    return found


_WANTED = frozenset({*_TEXTS, EPOCH, SIZE, LONG_SIZE})


def _value(blob: bytes, store: int, tag: int, kind: int, offset: int) -> Value | None:
    """The first value of a tag; None for one of a type that this tag cannot have."""
    start = store + offset
    if tag not in _TEXTS:
        form = _NUMBERS.get(kind)
        if form is None:
            return None
        if start + struct.calcsize(form) > len(blob):
            raise Broken(_RULE, f"tag {tag} points beyond its end")
        number: int = struct.unpack_from(form, blob, start)[0]
        return number
    if kind not in _STRINGS:
        return None
    stop = blob.find(b"\0", start)
    if stop < 0:
        raise Broken(_RULE, f"the text of tag {tag} has no end")
    return text(blob[start:stop])


def _text(found: Mapping[int, Value], tag: int) -> str:
    value = found.get(tag, "")
    return value if isinstance(value, str) else ""


def _source(name: str) -> tuple[str, str]:
    """Name and version of the source package, from `openssl-3.0.1-2.src.rpm`."""
    parts = name.removesuffix(".rpm").removesuffix(".src").removesuffix(".nosrc").rsplit("-", 2)
    return (parts[0], f"{parts[1]}-{parts[2]}") if len(parts) == 3 else ("", "")
