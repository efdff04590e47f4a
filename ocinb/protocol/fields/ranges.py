"""How far an upload has come, as both ends write it: `Content-Range` and `Range` of end-5, 13."""

from __future__ import annotations

import re

# The spec's form is `0-<end>`. Some say `bytes=`, some add the total, and one says `0--1` for
# nothing at all (U-7).
_RANGE = re.compile(
    r"(?:bytes[ =])?([0-9]{1,18})-(-1|[0-9]{1,18})(?:/(?:[0-9]{1,18}|\*))?", re.ASCII
)


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
