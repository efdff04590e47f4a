"""Indexes as bytes: they come back as they were, and what is not one of ours is none."""

from __future__ import annotations

import io
import json
import random
import zlib
from array import array
from collections.abc import Sequence
from dataclasses import replace
from hashlib import sha256
from typing import Any

import pytest

import ocinb
from ocinb.errors import InvalidContent
from ocinb.layers.entries import Columns
from ocinb.layers.lazy import packing, points, sections
from ocinb.layers.lazy.index import LayerIndex, indexed
from ocinb.layers.lazy.points import Point
from ocinb.layers.lazy.resuming import resumed
from tests.layers.archives import END, entry, gzipped, header, pax

NOISE = random.Random(3).randbytes(700_000)
ARCHIVE = (
    header(b"folder/", 0, b"5") + entry(b"folder/caf\xc3\xa9", b"text")
    + entry(b"not \xff utf-8", NOISE) + header(b"link", 0, b"2", link=b"folder")
    + pax(**{"SCHILY.xattr.user.name": b"\x00\xff"}) + entry(b"attributes", b"x")
    + header(b"device", 0, b"3", rest=b"root".ljust(32, b"\0") + b"wheel".ljust(32, b"\0")
             + b"0000005\0" + b"0000001\0")
    + entry(b"../up", b"y") + entry(b"folder/caf\xc3\xa9", b"again")
    + pax(**{"GNU.sparse.map": b"5,1", "GNU.sparse.size": b"10"}) + entry(b"holes", b"z")
    + END
)  # fmt: skip
PACKED = gzipped(ARCHIVE)
DIGEST = ocinb.Digest.of(PACKED)
COLUMNS = tuple(vars(Columns()))


class Finder:
    """Finds points in all of a layer at once."""

    def __init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        self.whole = b""

    def feed(self, piece: bytes | memoryview) -> None:
        self.whole += piece

    def finish(self) -> list[Point]:
        return list(points.find(io.BytesIO(self.whole), len(self.whole)))

    def stop(self) -> None:
        pass


@pytest.fixture
def index(monkeypatch: pytest.MonkeyPatch) -> LayerIndex:
    monkeypatch.setattr(points, "SPAN", 100_000)
    finder = Finder()
    made = indexed(lambda taker: taker.write(PACKED), DIGEST, len(PACKED), finder=finder)
    assert len(made.spans.points) > 2
    return made


def written(index: LayerIndex) -> bytes:
    content = packing.packed(index)
    assert content is not None
    return content


def sealed(body: bytes, windows: bytes = b"") -> bytes:
    """`body` and the windows as an index whose hash is right."""
    main = zlib.compress(body)
    content = len(main).to_bytes(8, "little") + main + windows
    return packing._MAGIC + sha256(content).digest() + content


def told(content: bytes) -> tuple[dict[str, object], bytes, bytes]:
    """The head of an index, what is behind it, and the windows."""
    content = content[len(packing._MAGIC) + 32 :]
    stop = 8 + int.from_bytes(content[:8], "little")
    body = zlib.decompress(content[8:stop])
    end = 8 + int.from_bytes(body[:8], "little")
    return json.loads(body[8:end]), body[end:], content[stop:]


def with_head(content: bytes, **fields: object) -> bytes:
    head, rest, windows = told(content)
    raw = json.dumps({**head, **fields}).encode()
    return sealed(len(raw).to_bytes(8, "little") + raw + rest, windows)


def bare(points: Sequence[Point]) -> list[tuple[int, int, int, bytes]]:
    """What stands in points, however their windows are kept."""
    return [(each.packed, each.unpacked, each.bits, each.before) for each in points]


def test_all_of_it_comes_back(index: LayerIndex):
    again = packing.unpacked(written(index), DIGEST)
    assert again is not None
    spans = replace(again.spans, points=index.spans.points)
    assert replace(again, found=index.found, spans=spans) == index
    assert bare(again.spans.points) == bare(index.spans.points)
    for column in COLUMNS:
        assert getattr(again.found, column) == getattr(index.found, column), column
    assert again.found.xattrs
    assert again.found.devices
    assert again.found.holes
    assert len(again.spans.points[1].before) == points.WINDOW
    assert written(again) == written(index)


def test_a_window_is_unpacked_when_it_is_used_and_not_before(
    index: LayerIndex, monkeypatch: pytest.MonkeyPatch
):
    content = written(index)
    used: list[int] = []
    decompressobj = zlib.decompressobj

    def counting(*args: Any) -> object:
        used.append(1)
        return decompressobj(*args)

    monkeypatch.setattr(zlib, "decompressobj", counting)
    again = packing.unpacked(content, DIGEST)
    assert again is not None
    assert len(used) == 1
    assert again.spans.points[2].before == index.spans.points[2].window
    assert len(used) == 2


@pytest.mark.parametrize(
    "deflated",
    [b"nonsense", zlib.compress(bytes(40_000)), zlib.compress(bytes(9))[:-1]],
    ids=["damaged", "too large", "cut off"],
)
def test_a_window_that_somebody_made_up_is_refused_when_it_is_used(deflated: bytes):
    point = Point(5, 5, deflated=deflated)
    with pytest.raises(zlib.error):
        point.before  # noqa: B018
    with pytest.raises(InvalidContent, match="damaged"):
        list(resumed("gzip", point, b"\x01\x00\x00\xff\xff", 9))


def test_windows_that_are_not_those_of_the_points_are_none(index: LayerIndex):
    head, rest, windows = told(written(index))
    raw = json.dumps(head).encode()
    body = len(raw).to_bytes(8, "little") + raw + rest
    assert packing.unpacked(sealed(body, windows), DIGEST) is not None
    assert packing.unpacked(sealed(body, windows[:-1]), DIGEST) is None
    assert packing.unpacked(sealed(body, windows + b"x"), DIGEST) is None


def test_paths_come_back_whatever_characters_are_in_them(index: LayerIndex):
    """What stands between them is what none of them has."""
    paths = [*map(chr, range(31)), "\udcff", "\U0001f600", "/absolute"]
    count = len(index.found)
    assert count < len(paths)
    for names in (paths[:count], paths[-count:], [chr(0)] * count, [""] * count):
        index.found.paths[:] = names
        again = packing.unpacked(written(index), DIGEST)
        assert again is not None
        assert again.found.paths == names


def test_where_every_character_is_in_use_it_is_kept_in_memory_only(index: LayerIndex):
    index.found.paths[0] = "".join(map(chr, range(32)))
    assert packing.packed(index) is None


@pytest.mark.parametrize(("code", "most"), [
    ("B", 9), ("H", 0o7777), ("H", 2**14 - 1), ("I", 300), ("q", 2**63 - 1), ("q", 2**40),
])  # fmt: skip
def test_numbers_are_refused_from_the_first_that_is_too_large(
    index: LayerIndex, code: str, most: int
):
    def read(*numbers: int) -> array[int]:
        raw = sections.written(code, numbers)
        head = json.dumps({"sections": [len(raw)]}).encode()
        body = sections.Body(len(head).to_bytes(8, "little") + head + raw, memoryview(b""))
        return body.numbers(code, len(numbers), most)

    assert read(0, most, 1).tolist() == [0, most, 1]
    assert read().tolist() == []
    for wrong in (most + 1, -1, -(2**63)):
        with pytest.raises((ValueError, OverflowError)):
            read(0, wrong, 1)


def test_trouble_comes_back_too():
    cut = PACKED[: len(PACKED) // 2]
    digest = ocinb.Digest.of(cut)
    made = indexed(lambda taker: taker.write(cut), digest, len(cut), "sha512", finder=Finder())
    again = packing.unpacked(written(made), digest)
    assert again is not None
    assert again.trouble is not None
    assert made.trouble is not None
    assert (str(again.trouble), again.trouble.offset) == (str(made.trouble), made.trouble.offset)
    assert (again.algorithm, again.marks, again.diff_id) == ("sha512", made.marks, None)


def test_states_of_zlib_are_left_out():
    made = indexed(lambda taker: taker.write(PACKED), DIGEST, len(PACKED))
    assert made.spans.points
    assert not made.lasting
    again = packing.unpacked(written(made), DIGEST)
    assert again is not None
    assert again.spans.points == ()
    assert again.spans.hashes == made.spans.hashes


def test_no_byte_of_it_can_be_changed(index: LayerIndex):
    content = written(index)
    for at in (*range(60), *random.Random(1).sample(range(len(content)), 100)):
        damaged = content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]
        assert packing.unpacked(damaged, DIGEST) is None
    for end in (0, 10, 40, len(content) // 2, len(content) - 1):
        assert packing.unpacked(content[:end], DIGEST) is None


def test_that_of_another_layer_is_none(index: LayerIndex):
    assert packing.unpacked(written(index), ocinb.Digest.of(b"another")) is None


@pytest.mark.parametrize(
    "fields",
    [
        {"compression": "xz"}, {"size": -1}, {"size": 10}, {"unpacked": 2**70},
        {"unpacked": 5}, {"entries": 10**9}, {"entries": 3}, {"entries": True},
        {"points": 10**9}, {"points": 1}, {"points": 0}, {"sections": []},
        {"sections": [2**62] * 20}, {"sections": [-1, 1]}, {"known_owners": []},
        {"known_names": []}, {"known_names": [[1, 2]]}, {"targets": [[10**6], ["x"]]},
        {"targets": [[-1], ["x"]]}, {"targets": [[0], [5]]}, {"targets": [[0, 1], ["x"]]},
        {"targets": [[True], ["x"]]}, {"targets": [[0]]}, {"xattrs": [[0, [["x", "!"]]]]},
        {"apart": ""}, {"apart": "/"}, {"apart": 5}, {"apart": None}, {"apart": "\1"},
        {"devices": [[0, ["a", "b"]]]}, {"holes": [[0, [5, -1]]]}, {"holes": [[99, []]]},
        {"diff_id": "sha256:short"}, {"diff_id": 5}, {"trouble": []}, {"notes": [5]},
        {"trouble": ["a", "b", "c", "d"]}, {"read": 10**12}, {"block": 1}, {"limits": []},
        {"algorithm": "md5"}, {"algorithm": 5}, {"marks": 0}, {"marks": 10**12},
    ],
    ids=str,
)  # fmt: skip
def test_one_that_says_what_cannot_be_is_none(index: LayerIndex, fields: dict[str, object]):
    content = written(index)
    assert packing.unpacked(with_head(content), DIGEST) is not None
    assert packing.unpacked(with_head(content, **fields), DIGEST) is None


@pytest.mark.parametrize(
    "body",
    [
        b"", bytes(8), b"\xff" * 8, bytes(7) + b"\x7f", (2).to_bytes(8, "little") + b"{}",
        (100_000).to_bytes(8, "little") + b"[" * 100_000, (4).to_bytes(8, "little") + b"null",
    ],
    ids=["nothing", "no head", "long", "huge", "empty", "deep", "null"],
)  # fmt: skip
def test_nonsense_is_none(body: bytes):
    assert packing.unpacked(sealed(body), DIGEST) is None


def test_no_more_is_unpacked_than_an_index_may_have(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(packing, "_MOST_UNPACKED", 1_000_000)
    assert packing.unpacked(sealed(bytes(1_000_001)), DIGEST) is None


@pytest.mark.parametrize("seed", range(20))
def test_whatever_stands_in_its_numbers_it_is_none_or_harmless(index: LayerIndex, seed: int):
    """What is believed of a file that somebody made up is checked again when files are read."""
    head, rest, windows = told(written(index))
    chance = random.Random(seed)
    at = chance.randrange(2_000)
    rest = rest[:at] + chance.randbytes(4) + rest[at + 4 :]
    raw = json.dumps(head).encode()
    made_up = packing.unpacked(sealed(len(raw).to_bytes(8, "little") + raw + rest, windows), DIGEST)
    if made_up is not None:
        assert len(made_up.found) == len(index.found)
        assert all(repr(made_up.found.entry(n)) for n in range(len(made_up.found)))


def test_names_that_are_no_text_are_kept_in_memory_only(index: LayerIndex):
    index.found.paths[0] = "\ud800"
    assert packing.packed(index) is None
