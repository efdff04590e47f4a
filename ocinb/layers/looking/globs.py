"""Patterns of paths, as shells write them."""

from __future__ import annotations

import re
from collections.abc import Callable

_PIECE = re.compile(r"\*\*/|\*\*|\*|\?|\[[!^]?\]?[^\]]*\]|.", re.DOTALL)
_MEANS = {"**/": "(?:[^/]+/)*", "**": ".*", "*": "[^/]*", "?": "[^/]"}


def matcher(pattern: str) -> Callable[[str], object]:
    """What says whether a path fits `pattern`; `*` and `?` stay within a folder, `**` does not."""
    pieces: list[str] = []
    for each in _PIECE.findall(pattern.removeprefix("./").removeprefix("/").removesuffix("/")):
        # Any number of folders twice is any number of them, and costs the square of the time.
        if each != "**/" or pieces[-1:] != ["**/"]:
            pieces.append(each)
    return re.compile("".join(map(_expression, pieces)), re.DOTALL).fullmatch


def _expression(piece: str) -> str:
    if piece in _MEANS:
        return _MEANS[piece]
    if len(piece) > 2 and piece[0] == "[":
        inner = piece[1:-1]
        no = inner[0] in "!^"
        inner = re.sub(r"([\\\[\]^&~|])", r"\\\1", inner[1:] if no else inner)
        return f"(?!/)[{'^' if no else ''}{inner}]"
    return re.escape(piece)
