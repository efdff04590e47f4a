"""The tables of files: entries of layers, of which there may be a million, and contents."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import cache
from typing import Any

from ocinb.display import frames
from ocinb.display.frames import LONGEST, Rows, rows
from ocinb.layers import entries
from ocinb.layers.entries import Columns, FileEntry, oddities, permissions
from ocinb.layers.extraction.extracted import Extracted
from ocinb.layers.files import FileList
from ocinb.layers.looking.content import Content
from ocinb.text import visible

_NUMBERS = {"size_bytes": "sizes", "mode": "modes", "offset_bytes": "offsets"}
_FIRST, _LAST = -62_135_596_800.0, 253_402_300_799.0  # seconds: the years 1 to 9999
_BITS = {"setuid": 0o4000, "setgid": 0o2000, "sticky": 0o1000}


@rows.register
def _content_rows(value: Content) -> Rows:
    row = {"path": value.path, "size_bytes": value.size, "complete": value.complete,
           "text": value.text}  # fmt: skip
    return Rows(frames.CONTENT, [row])


@rows.register
def _extracted_rows(value: Extracted) -> Rows:
    attrs = {
        "folder": value.folder, "files": value.files, "folders": value.folders,
        "links": value.links, "hard_links": value.hard_links, "bytes": value.bytes,
    }  # fmt: skip
    return Rows(frames.EXTRACTED, map(asdict, value.left_out), attrs)


@rows.register
def _entry_rows(value: FileEntry) -> Rows:
    return Rows(frames.FILE, [record(value)])


@rows.register
def _list_rows(value: FileList) -> Rows:
    about = value.about
    attrs = {
        "layer": about.name, "diff_id": about.diff_id or "", "complete": value.complete,
        "trouble": value.trouble or "",
    }  # fmt: skip
    return Rows(
        frames.FILE,
        map(record, value),
        attrs,
        lambda name: column(value.columns, value.positions, name),
    )


def record(value: FileEntry) -> dict[str, Any]:
    """The row of an entry."""
    return {
        "path": value.path, "type": value.type, "size_bytes": value.size,
        "permissions": value.permissions, "mode": value.mode, "uid": value.uid, "gid": value.gid,
        "user": value.user, "group": value.group, "modified": value.mtime, "target": value.target,
        "setuid": value.setuid, "setgid": value.setgid, "sticky": value.sticky,
        "device": _numbers(value.device), "xattrs": ", ".join(value.xattrs), "hides": value.hides,
        "odd": ", ".join(value.odd), "offset_bytes": value.offset,
    }  # fmt: skip


def column(found: Columns, at: Sequence[int], name: str) -> Sequence[Any]:
    """The same as `record`, of the entries at all these positions and for one name."""
    if name in _NUMBERS:
        numbers: array[int] = getattr(found, _NUMBERS[name])
        return numbers if at == range(len(numbers)) else [numbers[i] for i in at]
    if name in _BITS:
        return [bool(found.modes[i] & _BITS[name]) for i in at]
    if name == "modified":
        times: Sequence[Any] = _times(found, at)
        return times
    return list(map(_CELLS[name](found), at))


def _times(found: Columns, at: Sequence[int]) -> Any:
    """Times as numpy has them; those that are in no calendar of ours are missing."""
    import numpy  # noqa: PLC0415  # which pandas brings

    seconds = numpy.frombuffer(found.mtimes, "float64") if len(found) else numpy.zeros(0)
    if at != range(len(found)):
        seconds = seconds[list(at)]
    inside = (seconds >= _FIRST) & (seconds <= _LAST)
    times = numpy.rint(numpy.where(inside, seconds, 0) * 1e6).astype("int64")
    return numpy.where(inside, times.view("datetime64[us]"), numpy.datetime64("NaT", "us"))


def _permissions_at(found: Columns) -> Callable[[int], str]:
    told = cache(permissions)
    return lambda i: told(found.types[i], found.modes[i])


def _name_at(found: Columns, which: int) -> Callable[[int], str]:
    shown = [_text(pair[which]) for pair in found.known_names]
    return lambda i: shown[found.names[i]]


def _odd_at(found: Columns) -> Callable[[int], str]:
    words = cache(lambda bits: ", ".join(oddities(bits)))
    return lambda i: words(found.odd[i])


def _hides_at(found: Columns) -> Callable[[int], str]:
    return lambda i: _text(entries.hidden(entries.TYPES[found.types[i]], found.paths[i]))


# What gives the cell of a column for a position.
_CELLS: dict[str, Callable[[Columns], Callable[[int], Any]]] = {
    "path": lambda found: lambda i: _text(found.paths[i]),
    "type": lambda found: lambda i: entries.TYPES[found.types[i]],
    "permissions": _permissions_at,
    "uid": lambda found: lambda i: found.known_owners[found.owners[i]][0],
    "gid": lambda found: lambda i: found.known_owners[found.owners[i]][1],
    "user": lambda found: _name_at(found, 0),
    "group": lambda found: _name_at(found, 1),
    "target": lambda found: lambda i: _text(found.targets.get(i, "")),
    "device": lambda found: lambda i: _numbers(found.devices.get(i)),
    "xattrs": lambda found: lambda i: _text(", ".join(found.xattrs.get(i, ()))),
    "hides": _hides_at,
    "odd": _odd_at,
}


def _numbers(device: tuple[int, int] | None) -> str:
    return f"{device[0]}:{device[1]}" if device else ""


def _text(text: str) -> str:
    return visible(text, LONGEST, lines=True)
