"""Layers unpacked piece by piece, never more than a MiB at a time, within bounds (K-12).

What a layer is compressed with is seen from its first bytes: media types and names may lie. gzip
may have many members (RFC 1952), zstd many frames (RFC 8878, 3.1), and zeros may follow the last.
Of isal, zlib-ng and zlib the first that is installed inflates; zstd needs Python 3.14, or the
extra `zstd`.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from importlib import import_module
from typing import Any, Protocol

from ocinb.errors import NotSupported
from ocinb.layers.lazy.points import Held, Point
from ocinb.layers.limits import RATIO_FROM, Broken, Limits

PIECE = 1024 * 1024  # bytes that are unpacked at a time
_FED = 64 * 1024  # bytes that are given at a time: what is not used is copied
_MOST_EMPTY = 1_000  # members or frames in a row that hold nothing
_WINDOW = 27  # the largest window is 2 ** 27 bytes, as for zstd's own command
_GZIP = 31  # how zlib is told to expect gzip, whole
_STREAM = "a compressed stream is whole, and nothing but zeros follows it"
_MAGIC = {
    b"\x1f\x8b": "gzip",
    b"\x28\xb5\x2f\xfd": "zstd",
    **{bytes([0x50 + number]) + b"\x2a\x4d\x18": "zstd" for number in range(16)},
    b"\xfd7zXZ\x00": "xz",
    b"BZh": "bzip2",
}
MAGIC = 6  # bytes that show what it is


def sniffed(head: bytes) -> str:
    """What content that begins with `head` is compressed with; empty when with nothing known."""
    return next((name for magic, name in _MAGIC.items() if head.startswith(magic)), "")


def unpacker(name: str, limits: Limits, held: Held | None = None) -> Unpacker:
    """What unpacks `name`, as `sniffed` says it; raises `NotSupported` for what none here can.

    Where one could begin again is noted in `held`, if it is given; gzip is slower with it.
    """
    if name == "zstd":
        return Unpacker(name, _Zstd, limits, held)
    if name == "gzip":
        return Unpacker(name, _Gzip if held is None else _Copied, limits, held)
    raise NotSupported(
        f"this is compressed with {name}, which no layer may be",
        hints=["the image-spec knows gzip, zstd and none (layer.md)"],
    )


class _Member(Protocol):
    """One member or frame as it is unpacked; like zlib's and zstd's, which differ a little."""

    eof: bool
    unused_data: bytes

    def pieces(self, data: bytes | memoryview) -> Iterator[bytes]: ...


class Unpacker:
    """Unpacks what it is fed, and raises `Broken` where it is not what it should be, or too much.

    At the end, `finish` says whether anything is missing.
    """

    def __init__(
        self,
        name: str,
        begin: type[_Gzip] | type[_Zstd],
        limits: Limits,
        held: Held | None = None,
    ) -> None:
        self.name, self._begin, self._limits, self._held = name, begin, limits, held
        self._member: _Member = begin()
        self._fed = self._given = self._empty = 0
        self._since = 0  # where what the present member gave begins
        self.padding = 0  # zeros after the end
        self._note(0)

    def feed(self, piece: bytes | memoryview) -> Iterator[bytes]:
        """What one more piece unpacks to, in pieces of at most a MiB."""
        view = memoryview(piece)
        for start in range(0, len(view), _FED):
            data: bytes | memoryview = view[start : start + _FED]
            self._fed += len(data)
            while data:
                yield from self._some(data)
                data = self._member.unused_data if self._member.eof else b""
            if self._held is not None and isinstance(self._member, _Copied):
                self._note(0)

    def finish(self) -> None:
        """Raise `Broken` when the stream is not whole."""
        if not self._member.eof:
            raise Broken(_STREAM, f"the {self.name} stream ends too early")

    def _some(self, data: bytes | memoryview) -> Iterator[bytes]:
        """What `data` unpacks to in this member, or the next when this one is over."""
        if self._member.eof:
            data = self._after(data)
            if not data:
                return
        try:
            for found in self._member.pieces(data):
                self._given += len(found)
                yield found
                self._check()
        except _errors() as error:
            raise Broken(_STREAM, f"the {self.name} stream is damaged: {error}") from None

    def _after(self, data: bytes | memoryview) -> bytes:
        """What there is of a next member in `data`; zeros are no member."""
        rest = bytes(data).lstrip(b"\0") if self.padding or data[0] == 0 else bytes(data)
        self.padding += len(data) - len(rest)
        if rest and self.padding:
            raise Broken(_STREAM, f"something follows the zeros after the {self.name} stream")
        if rest and self.name == "gzip" and rest[0] != 0x1F:
            raise Broken(_STREAM, "something follows the gzip stream that is not gzip")
        if rest:
            self._count_empty()
            self._member = self._begin()
            self._note(len(rest))
        else:
            self._member.unused_data = b""
        return rest

    def _note(self, unused: int) -> None:
        """Here one could begin again, with the last `unused` bytes of what was fed."""
        if self._held is None or self._member.eof or not self._held.due(self._given):
            return
        copy = self._member.copy() if isinstance(self._member, _Copied) else None
        self._held.note(Point(self._fed - unused, self._given, held=copy))

    def _count_empty(self) -> None:
        self._empty = self._empty + 1 if self._given == self._since else 0
        self._since = self._given
        if self._empty > _MOST_EMPTY:
            raise Broken(
                f"at most {_MOST_EMPTY:,} parts in a row of a compressed stream are empty",
                f"{self._empty:,} are",
            )

    def _check(self) -> None:
        if self._given > RATIO_FROM and self._given > self._limits.ratio * self._fed:
            raise Broken(
                f"a layer unpacks to at most {self._limits.ratio:,} times its size",
                f"{self._fed:,} bytes unpack to more than {self._given:,}",
            )


class _Gzip:
    """A gzip member."""

    def __init__(self) -> None:
        self._inner: Any = self._inflater().decompressobj(_GZIP)
        self.eof, self.unused_data = False, b""

    @staticmethod
    def _inflater() -> Any:
        return _inflater()

    def pieces(self, data: bytes | memoryview) -> Iterator[bytes]:
        inner = self._inner
        while True:
            found = inner.decompress(data, PIECE)
            self.eof, self.unused_data = inner.eof, inner.unused_data
            if found:
                yield found
            data = inner.unconsumed_tail
            if inner.eof or (not data and len(found) < PIECE):
                return


class _Copied(_Gzip):
    """A gzip member of which copies are made on the way: of those here, only zlib can."""

    @staticmethod
    def _inflater() -> Any:
        return zlib

    def copy(self) -> Any:
        """A decompressor that goes on from here."""
        return self._inner.copy()


class _Zstd:
    """A zstd frame."""

    def __init__(self) -> None:
        module = _zstd()
        options = {module.DecompressionParameter.window_log_max: _WINDOW}
        self._inner = module.ZstdDecompressor(options=options)
        self.eof, self.unused_data = False, b""

    def pieces(self, data: bytes | memoryview) -> Iterator[bytes]:
        inner = self._inner
        while True:
            found = inner.decompress(data, PIECE)
            self.eof = inner.eof
            self.unused_data = inner.unused_data if inner.eof else b""
            if found:
                yield found
            data = b""
            if inner.eof or inner.needs_input:
                return


@cache
def _inflater() -> Any:
    """The fastest of what inflates as zlib does."""
    for name in ("isal.isal_zlib", "zlib_ng.zlib_ng"):
        try:
            return import_module(name)
        except ImportError:
            continue
    return zlib


@cache
def _zstd() -> Any:
    """What knows zstd as Python 3.14 does; raises `NotSupported` when nothing is there."""
    for name in ("compression.zstd", "backports.zstd"):
        try:
            return import_module(name)
        except ImportError:
            continue
    raise NotSupported(
        "this layer is compressed with zstd, which this Python cannot unpack",
        hints=["pip install 'ocinb[zstd]', or use Python 3.14"],
    )


@cache
def _errors() -> tuple[type[Exception], ...]:
    """What the libraries raise for damaged streams, of those that are in use."""
    found = {zlib.error, _inflater().error}
    with suppress(NotSupported):
        found.add(_zstd().ZstdError)
    return tuple(found)
