"""Layers over each other, made of little: for tests of what they come to."""

from __future__ import annotations

from collections.abc import Iterable

import ocinb
from ocinb.layers.filesystem import FileSystem
from tests.layers.archives import END, entry, header

# A path with a slash behind it is a folder, `a -> b` a symlink, `a => b` a hard link, and any
# other a file of its content.
Layer = Iterable["str | tuple[str, bytes]"]


def archive(layer: Layer) -> bytes:
    """The archive of one layer."""
    return b"".join(map(_entry, layer)) + END


def stacked(*layers: Layer) -> FileSystem:
    """The file system of layers, from the lowest up."""
    return FileSystem.of([ocinb.list_layer(archive(each)) for each in layers], name="test")


def _entry(given: str | tuple[str, bytes]) -> bytes:
    path, content = given if isinstance(given, tuple) else (given, given.encode())
    for sign, kind in ((" -> ", b"2"), (" => ", b"1")):
        if sign in path:
            name, target = path.split(sign)
            return header(name.encode(), 0, kind, link=target.encode())
    if path.endswith("/"):
        return header(path.encode(), 0, b"5")
    if path.rpartition("/")[2].startswith(".wh."):
        content = b""
    return entry(path.encode(), content)


def states(fs: FileSystem) -> dict[tuple[int, str], tuple[str, int | None]]:
    """Of each entry, by layer and path, what became of it and in which layer."""
    return {(each.layer, each.path): (each.state, each.by) for each in fs.all}
