"""Answers that come encoded although they were asked for as they are (D-3).

Digests are of bytes as they are, so every request asks for `identity`. Where an answer has a
`Content-Encoding` all the same, its own bytes may be what was asked for (a registry that labels
what it stores), or what they decode to (a proxy that compresses). A digest tells which; where there
is none, it is decoded. Nothing is ever decoded beyond a bound (K-12).
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from ocinb.errors import NotSupported
from ocinb.text import visible

if TYPE_CHECKING:
    from ocinb.oci.digest import Digest
    from ocinb.protocol.fields.headers import Headers
    from ocinb.protocol.messages import Response

LIMIT = 4 * 1024 * 1024  # bytes that a small answer may decode to
PIECE = 256 * 1024  # bytes decoded at a time
_WINDOW = 16 * 1024  # bytes fed at a time: zlib copies what is left after each end of a stream
_GZIP, _ZLIB, _DEFLATE = 31, 15, -15  # how zlib is told what to expect
_CODINGS = {"gzip": "gzip", "x-gzip": "gzip", "deflate": "deflate"}


class Undecodable(ValueError):
    """The bytes are not encoded as was said, or decode to more than is wanted."""


def coding(headers: Headers) -> str:
    """What an answer says its body is encoded as; empty for bytes as they are."""
    said = headers.get("content-encoding", "").strip().lower()
    return "" if said == "identity" else said


def decodable(name: str) -> bool:
    """Whether an encoding of this `name` can be undone here."""
    return name in _CODINGS


class Decoder:
    """Undoes the encoding `name` piece by piece, for at most `limit` bytes in all.

    What it is fed is bounded, too: a stream may decode to nothing for ever.
    """

    def __init__(self, name: str, limit: int) -> None:
        self._kind, self._limit = _CODINGS[name], limit
        self._head, self._fed, self._given = b"", 0, 0
        self._inner = zlib.decompressobj(_GZIP) if self._kind == "gzip" else None

    @property
    def whole(self) -> bool:
        """Whether the encoded stream has come to its end."""
        return self._inner is not None and self._inner.eof

    def feed(self, piece: bytes | memoryview) -> Iterator[bytes]:
        """What one more piece decodes to; raises `Undecodable`."""
        self._fed += len(piece)
        if self._fed > self._limit + self._limit // 8 + PIECE:
            raise Undecodable("more came than it can decode from")
        try:
            for at in range(0, len(piece), _WINDOW):
                yield from self._decoded(self._begun(piece[at : at + _WINDOW]))
        except zlib.error as error:
            raise Undecodable(str(error)) from None

    def _begun(self, piece: bytes | memoryview) -> bytes | memoryview:
        """`piece` once it is known how it was deflated: with the header of zlib, or bare."""
        if self._inner is not None:
            return piece
        self._head += bytes(piece)
        if len(self._head) < 2:
            return b""
        first, check = self._head[0], int.from_bytes(self._head[:2], "big")
        wrapped = first & 15 == 8 and check % 31 == 0
        self._inner = zlib.decompressobj(_ZLIB if wrapped else _DEFLATE)
        return self._head

    def _decoded(self, data: bytes | memoryview) -> Iterator[bytes]:
        while data:
            inner = self._member()
            found = inner.decompress(data, PIECE)
            data = inner.unconsumed_tail or inner.unused_data
            while found:
                self._given += len(found)
                if self._given > self._limit:
                    raise Undecodable(f"it decodes to more than {self._limit:,} bytes")
                yield found
                found = inner.decompress(b"", PIECE) if len(found) == PIECE and not data else b""

    def _member(self) -> zlib._Decompress:
        """What decodes now: after the end of one gzip stream another may follow."""
        assert self._inner is not None
        if self._inner.eof:
            if self._kind != "gzip":
                raise Undecodable("something follows its end")
            self._inner = zlib.decompressobj(_GZIP)
        return self._inner


def decoded(body: bytes, name: str, limit: int) -> bytes:
    """All of `body` without the encoding `name`; raises `Undecodable` beyond `limit` bytes."""
    if not decodable(name):
        raise Undecodable("nobody here knows that encoding")
    decoder = Decoder(name, limit)
    found = b"".join(decoder.feed(body))
    if not decoder.whole:
        raise Undecodable("it ends too early")
    return found


def plain(response: Response, limit: int = LIMIT) -> Response:
    """`response` with its body decoded, when it came encoded; at most `limit` bytes of it.

    Raises `UnexpectedAnswer` for what cannot be decoded.
    """
    name = coding(response.headers)
    if not name:
        return response
    try:
        body = decoded(response.body, name, limit)
    except Undecodable as error:
        raise response.unexpected(
            f"the body is encoded ({visible(name, 32)}), which nobody asked for, and {error}"
        ) from None
    return replace(response, body=body, headers=response.headers.having(Content_Encoding=None))


def as_named(response: Response, digest: Digest | None, limit: int = LIMIT) -> Response:
    """`response` as it came when that is what `digest` names; otherwise decoded (D-3)."""
    if not coding(response.headers) or _is(digest, response.body):
        return response
    return plain(response, limit)


def _is(digest: Digest | None, body: bytes) -> bool:
    try:
        return digest is not None and type(digest).of(body, digest.algorithm) == digest
    except NotSupported:  # nobody can tell
        return False
