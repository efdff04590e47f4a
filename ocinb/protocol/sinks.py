"""Sinks that count, check or keep what flows through them."""

from __future__ import annotations

from ocinb.errors import DigestMismatch, TruncatedBody, UnexpectedAnswer
from ocinb.oci.digest import Digest
from ocinb.protocol.messages import Sink


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
    """Hashes and counts what it passes on to `sink`, and stops at the first byte too many."""

    def __init__(self, sink: Sink, digest: Digest, size: int | None) -> None:
        self._sink, self._digest, self._size = sink, digest, size
        self._hash = digest.hasher()
        self.received = 0

    def restart(self) -> None:
        """Begin again from the first byte."""
        self._hash, self.received = self._digest.hasher(), 0
        self._sink.restart()

    def write(self, piece: bytes | memoryview) -> None:
        """Hash one more piece and pass it on."""
        self.received += len(piece)
        if self._size is not None and self.received > self._size:
            raise UnexpectedAnswer(
                None, "", f"more than the {self._size:,} bytes of {self._digest.short} came"
            )
        self._hash.update(piece)
        self._sink.write(piece)

    @property
    def actual(self) -> Digest:
        """The digest of what came so far."""
        return Digest.from_hash(self._digest.algorithm, self._hash)

    @property
    def matches(self) -> bool:
        """Whether everything came, and hashes to its name."""
        whole = self._size is None or self.received == self._size
        return whole and self.actual == self._digest

    def check(self, source: str = "") -> None:
        """Raises `TruncatedBody` when bytes are missing, `DigestMismatch` when they are others."""
        if self._size is not None and self.received < self._size:
            raise TruncatedBody(
                f"only {self.received:,} of {self._size:,} bytes of {self._digest.short} came",
                received=self.received,
                expected=self._size,
            )
        if self.actual != self._digest:
            raise DigestMismatch(
                self._digest,
                self.actual,
                source=source,
                hints=["something between you and the registry changed the content: do not use it"],
            )
