"""Links followed, within what they are in: none of them leads out of its root."""

from __future__ import annotations

from collections.abc import Callable

from ocinb.errors import InvalidReference

MOST = 40  # that lead to one file, as in Linux


def followed(path: str, target_of: Callable[[str], str | None], asked: str) -> str:
    """`path` with the symlinks in it followed, the last one, too.

    `target_of` says where a path leads that is a symlink, and None for any other. Raises
    `InvalidReference`, naming what was `asked` for, when they go round in a circle.
    """
    done: list[str] = []
    left, links = path.split("/")[::-1], 0
    while left:
        part = left.pop()
        if part == "..":
            done[-1:] = []
        elif part not in ("", "."):
            done.append(part)
            target = target_of("/".join(done))
            if target is None:
                continue
            links += 1
            if links > MOST:
                raise InvalidReference(asked, "file here", "its links go round in a circle")
            done = [] if target.startswith("/") else done[:-1]
            left += target.split("/")[::-1]
    return "/".join(done)
