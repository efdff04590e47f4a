"""Tables of contents in JSON, as eStargz and zstd:chunked have them.

Both come from CRFS and differ little: containerd/stargz-snapshotter, docs/estargz.md, and
containers/storage, pkg/chunked. One entry per file, and one more per chunk of it behind the first.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from ocinb.errors import InvalidReference
from ocinb.layers.lazy.contents_table import KINDS, TABLE_LIMIT, Row, Table, refused
from ocinb.layers.limits import Broken, Limits
from ocinb.layers.unpacking.fields import LARGEST
from ocinb.oci.digest import Digest
from ocinb.oci.strict_json import parse_object

_TIME = re.compile(
    r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d{1,9})?(Z|[+-]\d\d:\d\d)", re.ASCII | re.IGNORECASE
)
_NEVER = "0001-01-01T00:00:00Z"  # what Go writes for no time
_NUMBERS = "numbers in a table of contents are whole, not negative, and below 2 to the 62nd"
_TEXTS = "names, targets and digests in a table of contents are strings"
_FIRST = "a chunk follows the file it belongs to, or another of its chunks"


def read_toc(raw: bytes, what: str, stop: int, limits: Limits) -> Table:
    """The table that `raw` spells; the layer's content ends before byte `stop` of it.

    Raises `InvalidContent` for what is no such table, or goes against a rule or a limit.
    """
    toc = parse_object(raw, what, TABLE_LIMIT)
    said = toc.get("entries")
    reader = _Reader(limits)
    try:
        if toc.get("version") != 1 or not isinstance(said, list):
            raise Broken("a table of contents has version 1 and a list of entries", "this has not")
        for entry in said:
            if not isinstance(entry, dict):
                raise Broken("entries are objects", "this is none")
            reader.take(entry)
        reader.finish(stop)
    except Broken as error:
        raise refused(error, reader.taken, what) from None
    return reader.table


class _Reader:
    """Takes entries as JSON has them."""

    def __init__(self, limits: Limits) -> None:
        self.table = Table(limits)
        self.taken = 0  # entries, chunks among them
        self._users: dict[int, str] = {}
        self._groups: dict[int, str] = {}
        self._file: Mapping[str, Any] | None = None  # that chunks may follow

    def take(self, entry: Mapping[str, Any]) -> None:
        """Take the next."""
        kind = text(entry, "type")
        if kind == "chunk":
            self._chunk(entry)
        else:
            self._entry(entry, kind)
        self.taken += 1

    def finish(self, stop: int) -> None:
        """Settle what was found."""
        self.table.whole()
        self.table.settle(stop)

    def _entry(self, entry: Mapping[str, Any], kind: str) -> None:
        self.table.whole()
        if kind not in KINDS:
            raise Broken(f"entries are of type {', '.join(KINDS)}, or chunks", f"{kind!r} is none")
        self.table.add(self._row(entry, KINDS[kind]))
        self._file = entry if kind == "reg" else None
        if kind == "reg" and self.table.found.sizes[-1]:
            self._content(entry)

    def _row(self, entry: Mapping[str, Any], kind: int) -> Row:
        uid, gid = number(entry, "uid"), number(entry, "gid")
        return Row(
            text(entry, "name"),
            kind,
            number(entry, "size"),
            number(entry, "mode"),
            uid,
            gid,
            # Names may be said only once for each number.
            _once(self._users, uid, text(entry, "userName")),
            _once(self._groups, gid, text(entry, "groupName")),
            seconds(text(entry, "modtime")),
            text(entry, "linkName"),
            _attributes(entry.get("xattrs")),
            (number(entry, "devMajor"), number(entry, "devMinor")),
        )

    def _content(self, entry: Mapping[str, Any]) -> None:
        """The first chunk of a file, or all of it."""
        size = self.table.found.sizes[-1]
        digest = text(entry, "digest")
        if digest:
            self.table.digests[len(self.table.found) - 1] = hashable(digest)
        self._place(entry, number(entry, "chunkSize") or size, 0)

    def _chunk(self, entry: Mapping[str, Any]) -> None:
        file = self._file
        if file is None or entry.get("name", file.get("name")) != file.get("name"):
            raise Broken(_FIRST, "this one does not")
        at, size = number(entry, "chunkOffset"), self.table.found.sizes[-1]
        if not at:
            raise Broken(_FIRST, "this one begins where the file does")
        self._place(entry, number(entry, "chunkSize") or size - at, at)

    def _place(self, entry: Mapping[str, Any], size: int, at: int) -> None:
        if text(entry, "chunkType") == "zeros":
            self.table.chunk(at, size, 0, 0, "")
            return
        digest = text(entry, "chunkDigest")
        if not digest and size == self.table.found.sizes[-1]:
            digest = text(entry, "digest")
        if not digest:
            raise Broken("content has a digest", "this has none, so nothing would verify it")
        inner = number(entry, "innerOffset")
        self.table.chunk(at, size, number(entry, "offset"), inner, hashable(digest))
        if self._file is not None:
            self.table.ends(number(self._file, "endOffset"))


def number(entry: Mapping[str, Any], key: str) -> int:
    """A number of an entry, 0 where it is not said."""
    value = entry.get(key, 0)
    if type(value) is not int or not 0 <= value < LARGEST:
        raise Broken(_NUMBERS, f"{key} is {str(value)[:40]!r}")
    return value


def text(entry: Mapping[str, Any], key: str) -> str:
    """A text of an entry, empty where it is not said."""
    value = entry.get(key, "")
    if not isinstance(value, str):
        raise Broken(_TEXTS, f"{key} is {str(value)[:40]!r}")
    return value


def seconds(said: str) -> float:
    """A time (RFC 3339) in seconds since 1970; 0 where none is said."""
    if said in ("", _NEVER):
        return 0.0
    match = _TIME.fullmatch(said)
    try:
        if match is None:
            raise ValueError
        whole = datetime.fromisoformat(match[1] + match[3].upper().replace("Z", "+00:00"))
        since = int((whole - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds())
    except (ValueError, OverflowError):
        rule = "times in a table of contents are RFC 3339's"
        raise Broken(rule, f"{said[:40]!r} is none") from None
    return since + float(match[2] or 0)


def hashable(said: str) -> str:
    """A digest that content can be verified with."""
    try:
        found = Digest(said)
    except InvalidReference:
        found = None
    if found is None or found.algorithm not in ("sha256", "sha512"):
        raise Broken("digests in a table of contents are of sha256 or sha512", f"{said[:80]!r}")
    return found


def _once(known: dict[int, str], key: int, said: str) -> str:
    if said:
        known[key] = said
    return known.get(key, "")


def _attributes(said: Any) -> dict[str, bytes]:
    if said is None:
        return {}
    rule = "extended attributes are names with values in base64"
    if not isinstance(said, dict) or not all(isinstance(each, str) for each in said.values()):
        raise Broken(rule, "these are not")
    try:
        return {key: base64.b64decode(value, validate=True) for key, value in said.items()}
    except (binascii.Error, ValueError):
        raise Broken(rule, "these are not") from None
