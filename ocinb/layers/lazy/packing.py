"""Indexes of layers as bytes, to be kept; what is read back is believed in nothing.

An index begins with its kind and version and the hash of the rest. That is what is compressed at
once (how long its head is, the head as JSON, the columns as numbers, the paths and hashes), and the
windows behind it, each compressed apart, since one file takes one of them. Nothing in it is
executed. One that is damaged, of another version or not what it should be is none.
"""

from __future__ import annotations

import json
import zlib
from array import array
from base64 import b64decode, b64encode
from collections.abc import Sequence
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
from ocinb.layers.lazy.sections import HEAD, LARGEST, Body, check, number, text, written
from ocinb.layers.limits import Limits
from ocinb.layers.unpacking import sparse
from ocinb.oci.digest import Digest, hasher

_MAGIC = b"ocinb layer index 2\n"
_BEGIN = len(_MAGIC) + DIGEST
MOST_PACKED = 256 * 1024 * 1024  # bytes of an index on disk
_MOST_UNPACKED = 768 * 1024 * 1024
# The columns of numbers, and how each is written.
_NUMBERS = {
    "types": "B", "sizes": "q", "modes": "H", "mtimes": "d", "owners": "I", "names": "I",
    "offsets": "q", "data": "q", "odd": "H",
}  # fmt: skip
_DEFLATED = WINDOW + 1024  # bytes that a window may take when it does not get smaller
_APART = [chr(each) for each in range(32)]  # what may stand between paths: what none of them has


def packed(index: LayerIndex) -> bytes | None:
    """`index` as bytes, without points that end with this process; None when it is too large."""
    points = index.spans.points if index.lasting else ()
    found = index.found
    try:
        apart = next((each for each in _APART if _parts(each, found.paths)), None)
        if apart is None:
            return None
        windows = [point.deflated or zlib.compress(point.window, 1) for point in points]
        sections = [
            *(written(code, getattr(found, name)) for name, code in _NUMBERS.items()),
            apart.join(found.paths).encode("utf-8", "surrogateescape"),
            index.spans.hashes,
            written("q", (at for at, _ in index.marks)),
            b"".join(mark for _, mark in index.marks),
            written("q", (point.packed for point in points)),
            written("q", (point.unpacked for point in points)),
            written("q", (point.bits for point in points)),
            written("q", map(len, windows)),
        ]
        head = json.dumps(_head(index, apart, list(map(len, sections)))).encode()
    except (ValueError, OverflowError):  # a name that is no text, from a table of contents
        return None
    body = b"".join((len(head).to_bytes(HEAD, "little"), head, *sections))
    if len(body) > _MOST_UNPACKED:
        return None
    main = zlib.compress(body, 1)
    content = b"".join((len(main).to_bytes(HEAD, "little"), main, *windows))
    whole = b"".join((_MAGIC, sha256(content).digest(), content))
    return whole if len(whole) <= MOST_PACKED else None


def unpacked(content: bytes, digest: Digest) -> LayerIndex | None:
    """The index of `digest` that `content` is; None when it is none that we could have written."""
    try:
        return _read(Body(*_opened(content)), digest)
    except (ValueError, TypeError, KeyError, IndexError, OverflowError, zlib.error, OcinbError):
        return None
    except RecursionError:
        return None


def _parts(apart: str, paths: Sequence[str]) -> bool:
    """Whether `apart` tells all of the paths apart: none of them has it."""
    return apart.join(paths).count(apart) == max(len(paths) - 1, 0)


def _head(index: LayerIndex, apart: str, lengths: list[int]) -> dict[str, Any]:
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
        "apart": apart,
        "points": len(spans.points) if index.lasting else 0,
        "known_owners": found.known_owners,
        "known_names": found.known_names,
        "targets": [list(found.targets), list(found.targets.values())],
        "devices": list(found.devices.items()),
        "holes": [[position, each.tolist()] for position, each in found.holes.items()],
        "xattrs": [
            [position, [[key, b64encode(value).decode()] for key, value in each.items()]]
            for position, each in found.xattrs.items()
        ],
        "sections": lengths,
    }


def _opened(content: bytes) -> tuple[bytes, memoryview]:
    """What was compressed at once, and the windows."""
    check(content.startswith(_MAGIC))
    told, rest = memoryview(content)[len(_MAGIC) :][:DIGEST], memoryview(content)[_BEGIN:]
    check(sha256(rest).digest() == told)
    stop = HEAD + int.from_bytes(rest[:HEAD], "little")
    inflating = zlib.decompressobj()
    body = inflating.decompress(rest[HEAD:stop], _MOST_UNPACKED)
    check(inflating.eof and not inflating.unused_data)
    return body, rest[stop:]


def _read(body: Body, digest: Digest) -> LayerIndex:
    head = body.head
    check(head["digest"] == digest and head["limits"] == list(astuple(Limits())))
    check(head["block"] == BLOCK and head["compression"] in ("", "gzip", "zstd"))
    found = _columns(body, number(head["entries"], Limits().entries))
    hashes = bytes(body.section())
    size, unpacked_size = number(head["size"]), number(head["unpacked"])
    check(len(hashes) == -(-unpacked_size // BLOCK) * DIGEST)
    marks = _marks(body, unpacked_size)
    points = _points(body, number(head["points"], MOST), size, unpacked_size)
    diff_id, trouble = head["diff_id"], head["trouble"]
    return LayerIndex(
        digest,
        found,
        Spans(head["compression"], size, unpacked_size, points, hashes),
        number(head["read"], size),
        head["algorithm"],
        marks,
        None if diff_id is None else Digest(diff_id),
        None if trouble is None else _trouble(*trouble),
        tuple(text(note) for note in head["notes"]),
    )


def _columns(body: Body, count: int) -> Columns:
    head, found = body.head, Columns()
    found.known_owners = [(int(uid), int(gid)) for uid, gid in head["known_owners"]]
    found.known_names = [(text(user), text(group)) for user, group in head["known_names"]]
    most = {
        "types": len(TYPES) - 1, "modes": 0o7777, "odd": 2 ** len(ODD) - 1,
        "owners": len(found.known_owners) - 1, "names": len(found.known_names) - 1,
    }  # fmt: skip
    for name, code in _NUMBERS.items():
        numbers = body.numbers(code, count, most.get(name, LARGEST))
        setattr(found, name, bytearray(numbers) if name == "types" else numbers)
    paths = str(body.section(), "utf-8", "surrogateescape")
    found.paths = paths.split(text(head["apart"])) if count or paths else []
    check(len(found.paths) == count)
    last = count - 1
    places, targets = head["targets"]
    check({*map(type, places)} <= {int} and {*map(type, targets)} <= {str})
    check(not places or (min(places) >= 0 and max(places) <= last))
    found.targets = dict(zip(places, targets, strict=True))
    found.devices = {number(at, last): (int(one), int(two)) for at, (one, two) in head["devices"]}
    found.holes = {number(at, last): _map(found, at, numbers) for at, numbers in head["holes"]}
    found.xattrs = {
        number(at, last): {text(key): b64decode(value, validate=True) for key, value in each}
        for at, each in head["xattrs"]
    }
    return found


def _map(found: Columns, position: int, numbers: Sequence[int]) -> array[int]:
    """The map of a sparse file, as it is when an archive has it."""
    settled = sparse.settled(numbers, found.sizes[position], sum(numbers[1::2]))
    check(settled is not None)
    return settled if settled is not None else array("q")


def _marks(body: Body, unpacked_size: int) -> tuple[tuple[int, bytes], ...]:
    """The hash of the archive up to some places, of which the last is its end."""
    width = hasher(text(body.head["algorithm"])).digest_size
    places = body.numbers("q", number(body.head["marks"], LARGEST), unpacked_size)
    held = bytes(body.section())
    check(len(held) == width * len(places) and places[-1] == unpacked_size)
    check(all(one <= other for one, other in pairwise(places)))
    return tuple((at, held[n * width : (n + 1) * width]) for n, at in enumerate(places))


def _points(body: Body, count: int, size: int, unpacked_size: int) -> tuple[Point, ...]:
    places = body.numbers("q", count, size), body.numbers("q", count, unpacked_size)
    bits, lengths = body.numbers("q", count, 7), body.numbers("q", count, _DEFLATED)
    for column in places:
        check(sorted(column) == column.tolist())
    held = bytes(body.windows)
    check(sum(lengths) == len(held) and all(lengths))
    ends = pairwise(accumulate(lengths, initial=0))
    return tuple(
        Point(packed, unpacked, bit, deflated=held[start:stop])
        for packed, unpacked, bit, (start, stop) in zip(*places, bits, ends, strict=True)
        if check(packed >= bool(bit))
    )


def _trouble(message: str, rule: str, entry: int, offset: int) -> InvalidArchive:
    return InvalidArchive(
        text(message), rule=text(rule), entry=number(entry), offset=number(offset)
    )
