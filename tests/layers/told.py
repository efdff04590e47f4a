"""What GNU tar lists, and the same of ours, line by line."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from ocinb.layers.entries import FileEntry
from ocinb.layers.files import FileList
from ocinb.layers.unpacking import names

_LINE = re.compile(
    r"(?P<permissions>\S{10})\+? (?P<owner>\d+/\d+) +(?P<size>\S+) "
    r"(?P<time>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)(?:\.\d+)? +(?P<name>\S.*)"
)
_ARROWS = {"symlink": " -> ", "hardlink": " link to "}


def by_tar(archive: Path) -> list[tuple[str, ...]]:
    """Permissions, owner, size or device, time and name of each entry, as tar tells them.

    It complains of archives without an end, and lists them all the same.
    """
    options = ("--utc", "--full-time", "--numeric-owner", "-P", "--quoting-style=literal")
    command: list[str | Path] = ["tar", "-tvf", archive, *options]
    environment = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    found = [_LINE.fullmatch(line) for line in done.stdout.splitlines()]
    return [
        (each["permissions"], each["owner"], each["size"], each["time"], _name(each["name"]))
        for each in found
        if each is not None
    ]


def by_us(files: FileList) -> list[tuple[str, ...]]:
    """The same of a listing."""
    return [_told(each) for each in files]


def _told(entry: FileEntry) -> tuple[str, ...]:
    size = f"{entry.device[0]},{entry.device[1]}" if entry.device else str(entry.size)
    arrow = _ARROWS.get(entry.type, "")
    permissions = f"h{entry.permissions[1:]}" if entry.type == "hardlink" else entry.permissions
    assert entry.mtime is not None
    time = entry.mtime.replace(microsecond=0).isoformat(" ")[:19]
    return permissions, f"{entry.uid}/{entry.gid}", size, time, f"{entry.path}{arrow}{entry.target}"


def _name(said: str) -> str:
    for arrow in _ARROWS.values():
        name, found, target = said.partition(arrow)
        if found:
            return f"{names.clean(name)}{arrow}{target}"
    return names.clean(said) or "."
