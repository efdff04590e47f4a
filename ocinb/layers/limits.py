"""How much of an archive is read: a layer is written by strangers (K-12, K-13)."""

from __future__ import annotations

from dataclasses import dataclass

_MIB = 1024 * 1024


@dataclass(frozen=True)
class Limits:
    """What may come out of one layer; the first thing beyond it ends the listing.

    `unpacked`, `name`, `block` and `text` are bytes: of the whole archive, of one name or link
    target, of what one entry may say of itself beside its header, and of all names together.
    `ratio` is how many times its own size a layer may unpack to, once that is more than 10 MiB.
    """

    unpacked: int = 16 * 1024 * _MIB
    ratio: int = 1_000
    entries: int = 1_000_000
    name: int = 4_096
    block: int = _MIB
    text: int = 256 * _MIB


@dataclass(frozen=True)
class Quota:
    """How much may be written when files are extracted: bytes, and entries of any type."""

    bytes: int = 16 * 1024 * _MIB
    entries: int = 1_000_000


RATIO_FROM = 10 * _MIB  # bytes: what unpacks to less harms nobody
VALUE = 64 * 1024  # bytes of one value of a PAX record, which is what Linux allows attributes


class Broken(Exception):
    """An archive goes against `rule`; where it does is known to whoever reads it."""

    def __init__(self, rule: str, why: str) -> None:
        self.rule, self.why = rule, why
        super().__init__(f"{why} ({rule})")


def too_large(limits: Limits) -> Broken:
    """Why an archive is not read to its end."""
    rule = f"at most {limits.unpacked:,} bytes of a layer are read"
    return Broken(rule, "it unpacks to more")
