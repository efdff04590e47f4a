"""How far an upload has come (`Content-Range` and `Range` of end-5, 13), and which part of a blob
an answer is (`Content-Range` of end-2)."""

from __future__ import annotations

import re
from typing import NamedTuple

from ocinb.protocol.fields.headers import Headers

# The spec's form is `0-<end>`. Some say `bytes=`, some add the total, and one says `0--1` for
# nothing at all (U-7).
_RANGE = re.compile(
    r"(?:bytes[ =])?([0-9]{1,18})-(-1|[0-9]{1,18})(?:/(?:[0-9]{1,18}|\*))?", re.ASCII
)

# What a part is, in the one form that can be gone on with: no other unit, no unknown total (D-7).
_PART = re.compile(r"bytes ([0-9]{1,18})-([0-9]{1,18})/([0-9]{1,18})", re.ASCII)


class Part(NamedTuple):
    """The bytes from `start` up to `stop`, which is left out, of `total`."""

    start: int
    stop: int
    total: int


def content_range(headers: Headers) -> Part | None:
    """Which part of a blob a 206 says it is; None where that is not exactly said."""
    match = _PART.fullmatch(headers.get("content-range", "").strip())
    return Part(int(match[1]), int(match[2]) + 1, int(match[3])) if match else None


def format_content_range(start: int, end: int) -> str:
    """The `Content-Range` of the bytes from `start` to `end`, both included (C18).

    It has no unit and no total, unlike everywhere else. Raises `ValueError` for no byte at all.
    """
    if not 0 <= start <= end:
        raise ValueError(f"there are no bytes from {start} to {end}")
    return f"{start}-{end}"


def parse_range_header(text: str) -> int | None:
    """How many bytes a registry has, by the `Range` of its answer; None where it does not tell.

    `0-0` counts as one byte; many registries say so of nothing, too (U-7).
    """
    match = _RANGE.fullmatch(text.strip(" \t"))
    if match is None:
        return None
    start, count = int(match[1]), int(match[2]) + 1
    return count if start < count or (start, count) == (0, 0) else None
