"""Indexes of layers as bytes, to be kept; what is read back is believed in nothing.

An index begins with its kind and version and the hash of the rest, which is compressed: how long
its head is, the head as JSON, then the columns as numbers, the paths, hashes and windows. Nothing
in it is executed. One that is damaged, of another version or not what it should be is none.
"""

from __future__ import annotations

import json
import sys
import zlib
from array import array
from base64 import b64decode, b64encode
from collections.abc import Iterator, Sequence
from dataclasses import astuple
from hashlib import sha256
from itertools import accumulate, pairwise
from typing import Any

from ocinb.errors import InvalidArchive, OcinbError
from ocinb.layers.entries import ODD, TYPES, Columns
from ocinb.layers.lazy.blocks import BLOCK, DIGEST
from ocinb.layers.lazy.index import LayerIndex
from ocinb.layers.lazy.points import MOST, WINDOW, Point
from ocinb.layers.lazy.reach import Spans
from ocinb.layers.limits import Limits
from ocinb.layers.unpacking import sparse
from ocinb.oci.digest import Digest, hasher

_MAGIC = b"ocinb layer index 1\n"
_HEAD = 8  # bytes that say how long the head is
MOST_PACKED = 256 * 1024 * 1024  # bytes of an index on disk
_MOST_UNPACKED = 768 * 1024 * 1024
# The columns of numbers, and how each is written.
_NUMBERS = {
    "types": "B", "sizes": "q", "modes": "H", "mtimes": "d", "owners": "I", "names": "I",
    "offsets": "q", "data": "q", "odd": "H",
}  # fmt: skip
_LARGEST = 2**63 - 1


def packed(index: LayerIndex) -> bytes | None:
    """`index` as bytes, without points that end with this process; None when it is too large."""
    points = index.spans.points if index.lasting else ()
    found = index.found
    try:
        paths = [path.encode("utf-8", "surrogateescape") for path in found.paths]
        sections = [
            *(_written(code, getattr(found, name)) for name, code in _NUMBERS.items()),
            _written("I", map(len, paths)),
            b"".join(paths),
            index.spans.hashes,
            _written("q", (at for at, _ in index.marks)),
            b"".join(mark for _, mark in index.marks),
            *(_written("q", column) for column in zip(*map(_place, points), strict=True)),
            b"".join(point.window for point in points),
        ]
        head = json.dumps(_head(index, points, [len(each) for each in sections])).encode()
    except (ValueError, OverflowError):  # a name that is no text, from a table of contents
        return None
    body = b"".join((len(head).to_bytes(_HEAD, "little"), head, *sections))
    if len(body) > _MOST_UNPACKED:
        return None
    content = zlib.compress(body, 1)
    whole = b"".join((_MAGIC, sha256(content).digest(), content))
    return whole if len(whole) <= MOST_PACKED else None


def unpacked(content: bytes, digest: Digest) -> LayerIndex | None:
    """The index of `digest` that `content` is; None when it is none that we could have written."""
    try:
        return _read(_Body(_body(content)), digest)
    except (ValueError, TypeError, KeyError, IndexError, OverflowError, zlib.error, OcinbError):
        return None
    except RecursionError:
        return None


def _place(point: Point) -> tuple[int, int, int, int]:
    return (point.packed, point.unpacked, point.bits, len(point.window))


def _head(index: LayerIndex, points: Sequence[Point], lengths: list[int]) -> dict[str, Any]:
    found, spans, trouble = index.found, index.spans, index.trouble
    return {
        "digest": index.digest,
        "limits": astuple(Limits()),
        "block": BLOCK,
        "compression": spans.compression,
        "size": spans.size,
        "unpacked": spans.unpacked,
        "read": index.read,
        "algorithm": index.algorithm,
        "marks": len(index.marks),
        "diff_id": index.diff_id,
        "trouble": trouble and [str(trouble), trouble.rule, trouble.entry, trouble.offset],
        "notes": index.notes,
        "entries": len(found),
        "points": len(points),
        "known_owners": found.known_owners,
        "known_names": found.known_names,
        "targets": list(found.targets.items()),
        "devices": list(found.devices.items()),
        "holes": [[position, each.tolist()] for position, each in found.holes.items()],
        "xattrs": [
            [position, [[key, b64encode(value).decode()] for key, value in each.items()]]
            for position, each in found.xattrs.items()
        ],
        "sections": lengths,
    }


def _body(content: bytes) -> bytes:
    _check(content.startswith(_MAGIC))
    rest = memoryview(content)[len(_MAGIC) :]
    _check(sha256(rest[DIGEST:]).digest() == rest[:DIGEST])
    inflating = zlib.decompressobj()
    body = inflating.decompress(rest[DIGEST:], _MOST_UNPACKED)
    _check(inflating.eof and not inflating.unused_data)
    return body


class _Body:
    """The head, and the sections behind it one after the other."""

    def __init__(self, body: bytes) -> None:
        self._view = memoryview(body)
        self._at = _HEAD + int.from_bytes(self._view[:_HEAD], "little")
        self.head: dict[str, Any] = json.loads(bytes(self._view[_HEAD : self._at]))
        self._lengths: Iterator[int] = iter(self.head["sections"])
        _check(self._at + sum(self.head["sections"]) == len(body))

    def section(self) -> memoryview:
        """The next section."""
        length = _number(next(self._lengths, -1))
        self._at += length
        return self._view[self._at - length : self._at]

    def numbers(self, code: str, count: int, most: int = _LARGEST) -> array[Any]:
        """The next section as `count` numbers, none of which is negative or more than `most`."""
        found = array(code, bytes(self.section()))
        if sys.byteorder == "big":
            found.byteswap()
        _check(len(found) == count)
        if count and code != "d":
            _check(min(found) >= 0 and max(found) <= most)
        return found


def _read(body: _Body, digest: Digest) -> LayerIndex:
    head = body.head
    _check(head["digest"] == digest and head["limits"] == list(astuple(Limits())))
    _check(head["block"] == BLOCK and head["compression"] in ("", "gzip", "zstd"))
    found = _columns(body, _number(head["entries"], Limits().entries))
    hashes = bytes(body.section())
    size, unpacked_size = _number(head["size"]), _number(head["unpacked"])
    _check(len(hashes) == -(-unpacked_size // BLOCK) * DIGEST)
    marks = _marks(body, unpacked_size)
    points = _points(body, _number(head["points"], MOST), size, unpacked_size)
    diff_id, trouble = head["diff_id"], head["trouble"]
    return LayerIndex(
        digest,
        found,
        Spans(head["compression"], size, unpacked_size, points, hashes),
        _number(head["read"], size),
        head["algorithm"],
        marks,
        None if diff_id is None else Digest(diff_id),
        None if trouble is None else _trouble(*trouble),
        tuple(_text(note) for note in head["notes"]),
    )


def _columns(body: _Body, count: int) -> Columns:
    head, found = body.head, Columns()
    found.known_owners = [(int(uid), int(gid)) for uid, gid in head["known_owners"]]
    found.known_names = [(_text(user), _text(group)) for user, group in head["known_names"]]
    most = {
        "types": len(TYPES) - 1, "modes": 0o7777, "odd": 2 ** len(ODD) - 1,
        "owners": len(found.known_owners) - 1, "names": len(found.known_names) - 1,
    }  # fmt: skip
    for name, code in _NUMBERS.items():
        numbers = body.numbers(code, count, most.get(name, _LARGEST))
        setattr(found, name, bytearray(numbers) if name == "types" else numbers)
    lengths = body.numbers("I", count)
    paths = bytes(body.section())
    _check(sum(lengths) == len(paths))
    places = pairwise(accumulate(lengths, initial=0))
    found.paths = [paths[start:stop].decode("utf-8", "surrogateescape") for start, stop in places]
    last = count - 1
    found.targets = {_number(at, last): _text(target) for at, target in head["targets"]}
    found.devices = {_number(at, last): (int(one), int(two)) for at, (one, two) in head["devices"]}
    found.holes = {_number(at, last): _map(found, at, numbers) for at, numbers in head["holes"]}
    found.xattrs = {
        _number(at, last): {_text(key): b64decode(value, validate=True) for key, value in each}
        for at, each in head["xattrs"]
    }
    return found


def _map(found: Columns, position: int, numbers: Sequence[int]) -> array[int]:
    """The map of a sparse file, as it is when an archive has it."""
    settled = sparse.settled(numbers, found.sizes[position], sum(numbers[1::2]))
    _check(settled is not None)
    return settled if settled is not None else array("q")


def _marks(body: _Body, unpacked_size: int) -> tuple[tuple[int, bytes], ...]:
    """The hash of the archive up to some places, of which the last is its end."""
    width = hasher(_text(body.head["algorithm"])).digest_size
    places = body.numbers("q", _number(body.head["marks"], _LARGEST), unpacked_size)
    held = bytes(body.section())
    _check(len(held) == width * len(places) and places[-1] == unpacked_size)
    _check(all(one <= other for one, other in pairwise(places)))
    return tuple((at, held[n * width : (n + 1) * width]) for n, at in enumerate(places))


def _points(body: _Body, count: int, size: int, unpacked_size: int) -> tuple[Point, ...]:
    if not count:
        _check(not body.section())
        return ()
    places = body.numbers("q", count, size), body.numbers("q", count, unpacked_size)
    bits, windows = body.numbers("q", count, 7), body.numbers("q", count, WINDOW)
    for column in places:
        _check(all(one <= other for one, other in pairwise(column)))
    held = bytes(body.section())
    _check(sum(windows) == len(held))
    ends = pairwise(accumulate(windows, initial=0))
    return tuple(
        Point(packed, unpacked, bit, held[start:stop])
        for packed, unpacked, bit, (start, stop) in zip(*places, bits, ends, strict=True)
        if _check(packed >= bool(bit))
    )


def _trouble(message: str, rule: str, entry: int, offset: int) -> InvalidArchive:
    return InvalidArchive(
        _text(message), rule=_text(rule), entry=_number(entry), offset=_number(offset)
    )


def _written(code: str, numbers: Any) -> bytes:
    column = array(code, numbers)
    if sys.byteorder == "big":
        column.byteswap()
    return column.tobytes()


def _number(value: object, most: int = _LARGEST) -> int:
    _check(isinstance(value, int) and 0 <= value <= most)
    assert isinstance(value, int)
    return value


def _text(value: object) -> str:
    _check(isinstance(value, str))
    return str(value)


def _check(holds: bool) -> bool:
    """Raise where an index is none."""
    if not holds:
        raise ValueError("this is no index")
    return True
