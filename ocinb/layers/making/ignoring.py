"""Patterns of what is not copied, as in a `.gitignore`.

A pattern without a slash names something at any depth, one with a slash is a path from the folder
that is copied. `*` and `?` stop at slashes, `**` does not; a slash at the end means folders only;
`!` takes back what a pattern before it said. What is in an ignored folder is ignored with it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import TypeAlias

# A path in the folder that is copied, and whether it is a folder → whether it is left out.
Ignores: TypeAlias = Callable[[str, bool], bool]


def ignoring(patterns: Iterable[str]) -> Ignores:
    """What tells which paths the patterns leave out; raises `ValueError` for a broken one."""
    if isinstance(patterns, (str, bytes)):
        raise TypeError("ignore is a list of patterns, such as ['*.pyc', '.git/']")
    rules = [_rule(each) for each in patterns if each.strip() and not each.startswith("#")]

    def ignored(path: str, folder: bool) -> bool:
        said = False
        for regex, takes_back, folders_only in rules:
            if said == takes_back and (folder or not folders_only) and regex.fullmatch(path):
                said = not takes_back
        return said

    return ignored


def matching(pattern: str) -> re.Pattern[str]:
    """The regular expression for a path that a pattern with `*`, `?`, `[…]` and `**` names."""
    parts, at = [], 0
    while at < len(pattern):
        part, at = _part(pattern, at)
        parts.append(part)
    try:
        return re.compile("".join(parts), re.DOTALL)
    except re.error:
        raise ValueError(f"{pattern!r} is no pattern") from None


def _rule(pattern: str) -> tuple[re.Pattern[str], bool, bool]:
    takes_back, folders_only = pattern.startswith("!"), pattern.endswith("/")
    pattern = pattern.removeprefix("!").rstrip("/")
    if pattern.startswith("\\") and pattern[1:2] in ("!", "#"):
        pattern = pattern[1:]
    anchored = "/" in pattern
    pattern = pattern.removeprefix("/")
    return matching(pattern if anchored else f"**/{pattern}"), takes_back, folders_only


def _part(pattern: str, at: int) -> tuple[str, int]:
    """What stands for the next sign of a pattern, and where the one after it begins."""
    if pattern.startswith("**/", at) and (at == 0 or pattern[at - 1] == "/"):
        return "(?:.*/)?", at + 3
    if pattern.startswith("**", at):
        return ".*", at + 2
    sign = pattern[at]
    if sign == "[" and (end := pattern.find("]", at + 2)) > 0:
        inner = pattern[at + 1 : end].replace("\\", "\\\\").replace("[", "\\[")
        inner = f"^/{inner[1:]}" if inner[0] in "!^" else inner
        return f"(?!/)[{inner}]", end + 1
    if sign == "\\" and at + 1 < len(pattern):
        return re.escape(pattern[at + 1]), at + 2
    return {"*": "[^/]*", "?": "[^/]"}.get(sign, re.escape(sign)), at + 1
