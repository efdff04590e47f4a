"""Layers are unpacked within bounds, whatever they are compressed with (K-12)."""

from __future__ import annotations

import bz2
import lzma
import random
import sys
import tracemalloc
import types
import zlib

import pytest

from ocinb.errors import InvalidArchive, NotSupported
from ocinb.layers.limits import Limits
from ocinb.layers.unpacking import compression
from tests.layers.archives import END, entry, gzipped, header, listed, written, zeros

FILES = written(("etc/passwd", b"root"), ("bin/sh", b"x" * 5_000))
PATHS = ("etc/passwd", "bin/sh")


@pytest.mark.parametrize("piece", [0, 1, 7, 512])
@pytest.mark.parametrize("pack", [bytes, gzipped], ids=["plain", "gzip"])
def test_what_it_is_compressed_with_is_seen_in_whatever_pieces_it_comes(pack, piece: int):
    files = listed(pack(FILES), piece)
    assert files.paths == PATHS
    assert files.complete
    assert files.about.compression == ("gzip" if pack is gzipped else "")
    assert files.about.unpacked == len(FILES)
    assert files["bin/sh"].bytes == b"x" * 5_000


@pytest.mark.parametrize("cut", [1, 100, 700, 5_000])
def test_gzip_may_have_many_members(cut: int):
    """RFC 1952, 2.2; eStargz has one for each file."""
    members = [gzipped(FILES[at : at + cut]) for at in range(0, len(FILES), cut)]
    for piece in (0, 3):
        assert listed(b"".join(members), piece).paths == PATHS


def test_zeros_may_follow_a_gzip_stream_and_nothing_else():
    whole = gzipped(FILES)
    for piece in (0, 1):
        assert listed(whole + bytes(1_000), piece).complete
        for rubbish in (b"rubbish", bytes(10) + b"x", bytes(10) + whole):
            files = listed(whole + rubbish, piece)
            assert files.paths == PATHS
            assert not files.complete
            assert "follows the" in str(files.trouble)
            assert files.diff_id is None


@pytest.mark.parametrize("left", [20, 60, -1, -8])
def test_a_truncated_stream_keeps_what_came_and_says_so(left: int):
    packed = gzipped(entry(b"a", b"1") + entry(b"b", bytes(range(256)) * 100) + END)
    files = listed(packed[:left] if left < 0 else packed[: len(packed) - left])
    assert files.paths[0] == "a"
    assert not files.complete
    assert "ends too early" in str(files.trouble)


def test_a_damaged_stream_is_told_from_a_short_one():
    noise = random.Random(1).randbytes(200_000)
    packed = bytearray(gzipped(FILES[:-1_024] + entry(b"noise", noise) + END))
    packed[-6] ^= 1  # of the checksum at the end
    files = listed(bytes(packed))
    assert files.paths[:2] == PATHS
    assert "damaged" in str(files.trouble)


def test_a_bomb_is_stopped_by_its_ratio():
    """K-12: 1 MiB that unpacks to 1 GiB."""
    bomb = gzipped(entry(b"a", b"1") + header(b"zeros", 2**30)) + zeros(2**30)
    tracemalloc.start()
    try:
        files = listed(bomb, 64 * 1024)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert files.paths == ("a", "zeros")
    assert isinstance(files.trouble, InvalidArchive)
    assert "1,000 times" in files.trouble.rule
    assert files.about.unpacked < 80 * 2**20
    assert most < 24 * 2**20


def test_what_is_small_may_unpack_to_much_more():
    assert listed(gzipped(entry(b"zeros", bytes(5 * 2**20)) + END)).complete


def test_no_more_is_unpacked_than_the_limit():
    limits = Limits(unpacked=10_000)
    for pack in (bytes, gzipped):
        files = listed(pack(entry(b"a") + entry(b"b", b"x" * 20_000) + END), limits=limits)
        assert files.paths == ("a",)
        assert "at most 10,000 bytes" in str(files.trouble)
        files = listed(pack(entry(b"a") + END + bytes(20_000)), limits=limits)
        assert "at most 10,000 bytes" in str(files.trouble)


def test_a_million_members_that_hold_nothing_are_not_waited_for():
    files = listed(gzipped(entry(b"a")) + gzipped(b"") * 2_000)
    assert "1,001 are" in str(files.trouble)
    assert files.paths == ("a",)


@pytest.mark.parametrize(("name", "pack"), [("xz", lzma.compress), ("bzip2", bz2.compress)])
def test_other_compressions_are_refused_by_name(name: str, pack):
    with pytest.raises(NotSupported, match=name):
        listed(pack(FILES))


def test_zstd_without_a_library_names_the_extra(monkeypatch: pytest.MonkeyPatch):
    for module in ("compression.zstd", "backports.zstd"):
        monkeypatch.setitem(sys.modules, module, None)  # as if it were not installed
    compression._zstd.cache_clear()
    try:
        with pytest.raises(NotSupported) as refused:
            listed(b"\x28\xb5\x2f\xfd" + bytes(100))
        assert "ocinb[zstd]" in refused.value.hints[0]
    finally:
        compression._zstd.cache_clear()


class Frame:
    """A decompressor with the manners of Python 3.14's for zstd, of a format that is easy to
    write: magic, `bytes`, and a number of repetitions to come."""

    def __init__(self, options: dict[object, int]) -> None:
        assert options == {"window_log_max": 27}
        self.inner = zlib.decompressobj()
        self.eof, self.needs_input, self.unused_data, self.head = False, True, b"", b""

    def decompress(self, data: bytes, most: int) -> bytes:
        data = bytes(data)
        missing = 4 - len(self.head)
        self.head, data = self.head + data[:missing], data[missing:]
        found = self.inner.decompress(self.inner.unconsumed_tail + data, most)
        self.eof, self.unused_data = self.inner.eof, self.inner.unused_data
        self.needs_input = len(found) < most
        return found


@pytest.fixture
def zstd(monkeypatch: pytest.MonkeyPatch):
    """How to pack for a library that speaks as the one for zstd does."""
    module = types.ModuleType("compression.zstd")
    vars(module).update(
        ZstdDecompressor=Frame,
        ZstdError=zlib.error,
        DecompressionParameter=types.SimpleNamespace(window_log_max="window_log_max"),
    )
    monkeypatch.setitem(sys.modules, "compression", types.ModuleType("compression"))
    monkeypatch.setitem(sys.modules, "compression.zstd", module)
    compression._zstd.cache_clear()
    compression._errors.cache_clear()
    yield lambda content: b"\x28\xb5\x2f\xfd" + zlib.compress(content)
    compression._zstd.cache_clear()
    compression._errors.cache_clear()


def test_zstd_is_unpacked_frame_by_frame(zstd):
    for piece in (0, 1, 100):
        files = listed(zstd(FILES[:3_000]) + zstd(FILES[3_000:]), piece)
        assert files.paths == PATHS
        assert files.about.compression == "zstd"
        assert files.complete
    assert "ends too early" in str(listed(zstd(FILES)[:-3]).trouble)


def test_a_real_zstd_library_gives_the_same():
    """Where one is installed: Python 3.14, or the extra."""
    try:
        module = compression._zstd()
    except NotSupported:
        pytest.skip("there is nothing here that knows zstd")
    packed = module.compress(FILES[:3_000]) + module.compress(FILES[3_000:])
    skippable = b"\x50\x2a\x4d\x18" + (5).to_bytes(4, "little") + b"extra"
    for piece in (0, 1):
        files = listed(skippable + packed + skippable, piece)
        assert files.paths == PATHS
        assert files.complete
        assert files["bin/sh"].bytes == b"x" * 5_000
    bomb = module.compress(header(b"zeros", 2**28) + bytes(2**26))
    assert "1,000 times" in str(listed(bomb).trouble)
    assert "ends too early" in str(listed(packed[:-2]).trouble)
