"""Which operating system some files are, as `etc/os-release` says (os-release(5))."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from ocinb.drawable import Drawable
from ocinb.layers.looking import tree
from ocinb.layers.looking.tree import Files
from ocinb.text import visible

_LIMIT = 256 * 1024  # bytes of the file
_PATHS = ("etc/os-release", "usr/lib/os-release")
_FIELD = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)=(.*)", re.DOTALL)
_IN_DOUBLE = re.compile(r'\\([$"`\\])')  # what a backslash takes its meaning from in there
_PLAIN = re.compile(r"\\(.)", re.DOTALL)
_MOST_PROBLEMS = 20


@dataclass(frozen=True)
class OsRelease(Drawable):
    """What an `os-release` file says. `fields` has all of it, by the names that stand there.

    Values are what a shell would make of the quotes; variables and commands in them are text.
    `problems` are lines that are no assignments, with their numbers.
    """

    path: str
    fields: Mapping[str, str] = field(default_factory=dict, hash=False)
    problems: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        """The distribution in small letters; `linux` where nothing is said."""
        return self.fields.get("ID", "linux")

    @property
    def id_like(self) -> tuple[str, ...]:
        """Distributions that this one is made from, the nearest first."""
        return tuple(self.fields.get("ID_LIKE", "").split())

    @property
    def version_id(self) -> str:
        """Its version as programs compare it; empty for those that have none."""
        return self.fields.get("VERSION_ID", "")

    @property
    def name(self) -> str:
        """Its name for people; `Linux` where nothing is said."""
        return self.fields.get("NAME", "Linux")

    @property
    def pretty_name(self) -> str:
        """Name and version for people; `Linux` where nothing is said."""
        return self.fields.get("PRETTY_NAME", "Linux")

    def __repr__(self) -> str:
        version = f" {visible(self.version_id, 60)}" if self.version_id else ""
        return f"<OsRelease {visible(self.id, 60)}{version}: {visible(self.pretty_name, 200)}>"


def os_release(files: Files) -> OsRelease | None:
    """What `etc/os-release` says, or where that is not there, `usr/lib/os-release`; else None.

    Raises `InvalidContent` for one of more than 256 KiB, and what reading a file raises.
    """
    for path in _PATHS:
        raw = tree.read(files, path, _LIMIT)
        if raw is not None:
            return parse(raw, path)
    return None


def parse(raw: bytes, path: str = "os-release") -> OsRelease:
    """What the bytes of such a file say; of a name that comes again, the last counts."""
    fields: dict[str, str] = {}
    problems: list[str] = []
    for number, line in enumerate(io.BytesIO(raw), 1):
        said = line.decode("utf-8", "replace").strip()
        if not said or said.startswith("#"):
            continue
        match = _FIELD.fullmatch(said)
        value = _value(match[2]) if match else None
        if match and value is not None:
            fields[match[1]] = value
        elif len(problems) < _MOST_PROBLEMS:
            problems.append(f"line {number}: {visible(said, 80)}")
    return OsRelease(path, fields, tuple(problems))


def _value(text: str) -> str | None:
    """What a shell would make of the right side of an assignment; None where it would complain."""
    quote = text[:1]
    if quote not in ("'", '"'):
        return _unquoted(text)
    inner = text[1:-1]
    if len(text) < 2 or text[-1] != quote:
        return None
    if quote == "'":
        return None if quote in inner else inner
    rest = _IN_DOUBLE.sub("", inner)
    return None if '"' in rest or rest.endswith("\\") else _IN_DOUBLE.sub(r"\1", inner)


def _unquoted(text: str) -> str | None:
    """A value without quotes: one word, in which a backslash gives the next letter as it is."""
    rest = _PLAIN.sub("", text)
    if rest.endswith("\\") or any(letter in rest for letter in " \t'\""):
        return None
    return _PLAIN.sub(r"\1", text)
