"""Names as archives give them: where they lead, what they mean in a layer, what is odd in them."""

from __future__ import annotations

from ocinb.layers import entries
from ocinb.layers.entries import OPQ, WH

_ASKS = ("", ".", "/")  # a path that begins so is looked at closely


def read(name: str, kind: int) -> tuple[str, int, int]:
    """The path that `name` stands for, what the entry is in a layer, and what is odd about it."""
    path, odd = name.removeprefix("./"), 0
    if path[-1:] == "/":
        path = path.rstrip("/") or "/"
    if not path and name:  # "./" is the root itself
        path = "."
    plain = path.isascii() and path.isprintable() and path[:1] not in _ASKS
    if plain and "//" not in path and "/." not in path:
        return path, kind, 0  # as nearly all are
    if "//" in path or "/./" in path or path[:1] in _ASKS or path.endswith("/."):
        path, odd = _odd(path)
    if "/.." in path:
        odd |= entries.PARENT if ".." in path.split("/") else 0
    if not (path.isascii() and path.isprintable()):
        odd |= _letters(path)
    if WH in path:
        kind, more = _whiteout(path, kind)
        odd |= more
    return path, kind, odd


def clean(path: str) -> str:
    """`path` without empty parts and those that stay where they are; absolute if it was."""
    parts = [part for part in path.split("/") if part not in ("", ".")]
    return ("/" if path.startswith("/") else "") + "/".join(parts)


def outside(path: str, target: str, kind: int) -> int:
    """Whether a link at `path` leads out of the root it is in, read as its text is.

    A symlink starts where it stands, and an absolute one at the root of the container; a hard link
    starts at the root of the archive.
    """
    if kind == entries.HARDLINK and target.startswith("/"):
        return entries.OUTSIDE
    if ".." not in target:
        return 0
    from_root = kind == entries.HARDLINK or target.startswith("/")
    depth = 0 if from_root else path.strip("/").count("/")
    for part in target.split("/"):
        if part not in ("", "."):
            depth += -1 if part == ".." else 1
        if depth < 0:
            return entries.OUTSIDE
    return 0


def _odd(path: str) -> tuple[str, int]:
    """The same for a path that is not simply one part after another."""
    if not path:
        return "", entries.NO_NAME
    odd = entries.ABSOLUTE if path.startswith("/") else 0
    path = clean(path) or "."
    return path, odd | (entries.PARENT if path == ".." or path.startswith("../") else 0)


def _letters(path: str) -> int:
    odd = entries.NUL if "\0" in path else 0
    if any("\udc80" <= letter <= "\udcff" for letter in path):
        odd |= entries.NOT_UTF8
    elif not path.isprintable():
        odd |= entries.UNPRINTABLE
    return odd


def _whiteout(path: str, kind: int) -> tuple[int, int]:
    """What `.wh.` in a name means (image-spec, layer.md#whiteouts)."""
    name = path.rpartition("/")[2]
    if not name.startswith(WH):
        return kind, 0
    if name == OPQ:
        return entries.OPAQUE, 0
    if name == WH:
        return kind, entries.BARE
    if name.startswith(WH + WH):  # .wh..wh.plnk and the like: AUFS's own, which mean nothing
        return kind, entries.AUFS
    return entries.WHITEOUT, 0
