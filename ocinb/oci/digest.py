"""Digests: the names that content gives itself.

Grammar and registered algorithms: image-spec, descriptor.md#digests.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from ocinb.errors import InvalidReference, NotSupported

if TYPE_CHECKING:
    from hashlib import _Hash as Hash

# algorithm ::= component (separator component)*   encoded ::= [a-zA-Z0-9=_-]+
_GRAMMAR = re.compile(r"[a-z0-9]+(?:[.+_-][a-z0-9]+)*:[a-zA-Z0-9=_-]+", re.ASCII)
# Registered algorithms and the hex digits each has. blake3 is registered but not in hashlib: such
# digests can be read and shown, not computed.
REGISTERED = {"sha256": 64, "sha512": 128, "blake3": 64}
_ENCODED = {name: re.compile(rf"[a-f0-9]{{{digits}}}") for name, digits in REGISTERED.items()}
_HASHERS: dict[str, Callable[[], Hash]] = {"sha256": hashlib.sha256, "sha512": hashlib.sha512}
_LONGEST = 1_024


class Digest(str):
    """A content digest, `algorithm:encoded`, checked when made.

    A registered algorithm (sha256, sha512, blake3) must have exactly its number of lower-case hex
    digits. An algorithm that is only well-formed is accepted to be shown; hashing with it raises
    `NotSupported`. Raises `InvalidReference` for everything else.
    """

    __slots__ = ()

    def __new__(cls, text: object) -> Digest:
        if type(text) is cls:
            return text
        if not isinstance(text, str) or len(text) > _LONGEST or not _GRAMMAR.fullmatch(text):
            raise InvalidReference(text, "digest", "it must read algorithm:encoded")
        algorithm, _, encoded = text.partition(":")
        registered = _ENCODED.get(algorithm)
        if registered and not registered.fullmatch(encoded):
            digits = REGISTERED[algorithm]
            raise InvalidReference(
                text, "digest", f"{algorithm} has exactly {digits} lower-case hex digits"
            )
        if registered is None and algorithm in ("md5", "sha1"):
            raise InvalidReference(text, "digest", f"{algorithm} is not an OCI digest algorithm")
        return super().__new__(cls, text)

    @classmethod
    def of(cls, content: bytes | memoryview, algorithm: str = "sha256") -> Digest:
        """The digest of `content`."""
        return cls.from_hash(algorithm, hasher(algorithm, content))

    @classmethod
    def from_hash(cls, algorithm: str, hashed: Hash) -> Digest:
        """The digest that a finished hash of `algorithm` stands for."""
        return cls(f"{algorithm}:{hashed.hexdigest()}")

    @property
    def algorithm(self) -> str:
        """The part before the colon."""
        return self.partition(":")[0]

    @property
    def encoded(self) -> str:
        """The part after the colon: hex for the registered algorithms."""
        return self.partition(":")[2]

    @property
    def short(self) -> str:
        """Twelve digits with the algorithm, enough for a person to tell two apart."""
        return f"{self.algorithm}:{self.encoded[:12]}"

    def hasher(self) -> Hash:
        """A fresh hash of this digest's algorithm."""
        return hasher(self.algorithm)


def looks_like_digest(text: str) -> bool:
    """Whether `text` begins as a digest of a registered algorithm does, whole or not."""
    algorithm, colon, _ = text.partition(":")
    return bool(colon) and algorithm in REGISTERED


def hasher(algorithm: str, content: bytes | memoryview = b"") -> Hash:
    """A hash of `algorithm`, already fed with `content`; raises `NotSupported` if unknown."""
    try:
        hashed = _HASHERS[algorithm]()
    except KeyError:
        raise NotSupported(
            f"cannot compute {algorithm} digests",
            hints=[f"content can be verified with {' and '.join(_HASHERS)}"],
        ) from None
    hashed.update(content)
    return hashed
