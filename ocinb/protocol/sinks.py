"""Sinks that count, check or keep what flows through them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

from ocinb.errors import DigestMismatch, TruncatedBody, UnexpectedAnswer
from ocinb.oci.digest import Digest
from ocinb.protocol.fields.encoding import Decoder, Undecodable, coding, decodable
from ocinb.protocol.fields.headers import Headers
from ocinb.protocol.fields.ranges import Part, content_range
from ocinb.protocol.messages import Enough, Response, Sink

if TYPE_CHECKING:
    from hashlib import _Hash as Hash


@runtime_checkable
class Hashing(Sink, Protocol):
    """A sink that hashes what it is given, and may have the beginning of it from before."""

    @property
    def algorithm(self) -> str:
        """What it hashes with."""

    def mark(self) -> tuple[int, Hash]:
        """How many bytes it has, and a copy of their hash."""


class Memory:
    """Keeps a body in memory, up to `limit` bytes."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._kept = bytearray()

    def restart(self) -> None:
        """Forget what was written."""
        self._kept.clear()

    def write(self, piece: bytes | memoryview) -> None:
        """Keep one more piece; raises `UnexpectedAnswer` past the limit."""
        if len(self._kept) + len(piece) > self.limit:
            raise UnexpectedAnswer(None, "", f"the answer is longer than {self.limit:,} bytes")
        self._kept += piece

    @property
    def content(self) -> bytes:
        """What was written so far."""
        return bytes(self._kept)


class Counter:
    """Counts what it is given, and keeps none of it."""

    def __init__(self) -> None:
        self.received = 0

    def restart(self) -> None:
        """Begin again from the first byte."""
        self.received = 0

    def write(self, piece: bytes | memoryview) -> None:
        """Count one more piece."""
        self.received += len(piece)


class Verifier:
    """Counts and hashes what it passes on to `sink`, and stops at the first byte too many.

    It takes all of an answer, or the part of it that goes on where `received` ends; it sees that in
    the head and takes no byte of any other (D-6, D-7). A sink that is `Hashing` is not hashed once
    more, and what it has from before counts. What comes encoded is passed on as it is or decoded,
    by a guess that `guess_again` turns round (D-3).
    """

    def __init__(self, sink: Sink, digest: Digest, size: int | None) -> None:
        self._sink, self._digest, self._size = sink, digest, size
        self._hash: Hash | None = digest.hasher()
        self.received = 0
        self.encoding = ""  # of the answer that is being taken
        self.accepted = False
        self._decoder: Decoder | None = None
        self._contrary = False
        if isinstance(sink, Hashing) and sink.algorithm == digest.algorithm:
            self._hash, self.received = None, sink.mark()[0]

    def accepts(self, head: Response) -> bool:
        """Whether the body is all of the blob, or goes on where we are."""
        encoding = coding(head.headers)
        if head.status == 206:
            part = not encoding and self._goes_on(head.headers)
            self.accepted = part
            return part
        self.accepted = head.status == 200
        if self.accepted:
            self.restart()
            self.encoding = encoding
            if encoding and self._to_decode(head.headers):
                self._decoder = Decoder(encoding, self._size or 0)
        return self.accepted

    def restart(self) -> None:
        """Begin again from the first byte."""
        self.forget()
        self._sink.restart()

    def forget(self) -> None:
        """Take all of the next answer, whatever is there; the sink has it until that comes."""
        self.received, self.encoding, self._decoder = 0, "", None
        if self._hash is not None:
            self._hash = self._digest.hasher()

    def guess_again(self) -> None:
        """Of what comes encoded, take the bytes as they are where they were decoded, or decode."""
        self._contrary = not self._contrary

    def write(self, piece: bytes | memoryview) -> None:
        """Hash one more piece and pass it on."""
        if self._decoder is None:
            self._take(piece)
            return
        try:
            for part in self._decoder.feed(piece):
                self._take(part)
        except Undecodable:
            raise Enough from None  # it does not match: the one who asks will see

    def _take(self, piece: bytes | memoryview) -> None:
        self.received += len(piece)
        if self._size is not None and self.received > self._size:
            if self.encoding:
                raise Enough
            raise UnexpectedAnswer(
                None, "", f"more than the {self._size:,} bytes of {self._digest.short} came"
            )
        if self._hash is not None:
            self._hash.update(piece)
        self._sink.write(piece)

    @property
    def actual(self) -> Digest:
        """The digest of what came so far."""
        hashed = self._hash
        if hashed is None:
            assert isinstance(self._sink, Hashing)
            hashed = self._sink.mark()[1]
        return Digest.from_hash(self._digest.algorithm, hashed)

    @property
    def matches(self) -> bool:
        """Whether everything came, and hashes to its name."""
        whole = self._size is None or self.received == self._size
        return whole and self.actual == self._digest

    def short(self) -> TruncatedBody | None:
        """The error for the bytes that are missing, if some are."""
        if self._size is None or self.received >= self._size:
            return None
        return TruncatedBody(
            f"only {self.received:,} of {self._size:,} bytes of {self._digest.short} came",
            received=self.received,
            expected=self._size,
        )

    def check(self, source: str = "") -> None:
        """Raises `TruncatedBody` when bytes are missing, `DigestMismatch` when they are others."""
        if (short := self.short()) is not None:
            raise short
        if self.actual != self._digest:
            raise DigestMismatch(
                self._digest,
                self.actual,
                source=source,
                hints=["something between you and the registry changed the content: do not use it"],
            )

    def _goes_on(self, headers: Headers) -> bool:
        """Whether a part begins at the next byte and ends with the last; all three must be so."""
        if self._size is None or not self.received:
            return False
        return content_range(headers) == Part(self.received, self._size, self._size)

    def _to_decode(self, headers: Headers) -> bool:
        """What is as long as the blob is taken for the blob, anything else for an encoded one."""
        as_it_is = headers.content_length() == self._size
        return decodable(self.encoding) and as_it_is == self._contrary
