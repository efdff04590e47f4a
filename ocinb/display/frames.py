"""Values as tables: rows of plain Python, and frames with documented columns and dtypes.

Every value has a frame. A thing of which there are many has the columns its plural has, in one
row. Columns and dtypes are those of the schemas below, also when there are no rows: bytes are
`int64`, times `datetime64[us, UTC]`, text `str` (empty where there is none), numbers that may be
missing `Int64`. Digests are whole. Text comes from strangers and frames draw themselves, so it is
made visible here, too, and cut at 10,000 characters.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import singledispatch
from typing import TYPE_CHECKING, Any, TypeAlias

from ocinb.text import visible

if TYPE_CHECKING:
    import pandas

LONGEST = 10_000  # characters of a text in a frame

Schema: TypeAlias = Mapping[str, str]

TEXT, BYTES, COUNT, TIME = "str", "int64", "int64", "datetime64[us, UTC]"
MAYBE_NUMBER, MAYBE_TRUE, SECONDS = "Int64", "boolean", "float64"

VALUE: Schema = {"type": TEXT, "value": TEXT}
TAG: Schema = {"tag": TEXT}
REPOSITORY: Schema = {"registry": TEXT, "repository": TEXT}
REFERENCE: Schema = {"registry": TEXT, "repository": TEXT, "tag": TEXT, "digest": TEXT}
PLATFORM: Schema = {
    "platform": TEXT, "os": TEXT, "architecture": TEXT, "variant": TEXT, "os_version": TEXT,
}  # fmt: skip
DESCRIPTOR: Schema = {
    "digest": TEXT, "media_type": TEXT, "meaning": TEXT, "size_bytes": BYTES,
    "artifact_type": TEXT, "platform": TEXT,
}  # fmt: skip
# One row per image; `size_bytes` is the manifest's, `total_bytes` what there is to transfer.
INDEX: Schema = {
    "platform": TEXT, "os": TEXT, "architecture": TEXT, "variant": TEXT, "digest": TEXT,
    "media_type": TEXT, "size_bytes": BYTES, "total_bytes": MAYBE_NUMBER, "layers": MAYBE_NUMBER,
    "created": TIME, "attestations": COUNT, "attestation_digests": TEXT, "predicates": TEXT,
}  # fmt: skip
# One row per config, layer or blob; `position` counts layers from 0.
MANIFEST: Schema = {
    "position": MAYBE_NUMBER, "role": TEXT, "media_type": TEXT, "meaning": TEXT, "digest": TEXT,
    "size_bytes": BYTES, "title": TEXT, "created": TIME, "created_by": TEXT,
}  # fmt: skip
# One row per step of the build; `layer` counts from 0 and is missing for steps that left none.
HISTORY: Schema = {
    "step": COUNT, "layer": MAYBE_NUMBER, "instruction": TEXT, "created_by": TEXT,
    "created": TIME, "author": TEXT, "comment": TEXT, "empty_layer": "bool",
}  # fmt: skip
STORED: Schema = {
    "repository": TEXT, "tag": TEXT, "digest": TEXT, "media_type": TEXT, "meaning": TEXT,
    "size_bytes": BYTES,
}  # fmt: skip
CACHED: Schema = {"digest": TEXT, "size_bytes": BYTES, "used": TIME}
PUSHED: Schema = {
    "digest": TEXT, "media_type": TEXT, "meaning": TEXT, "size_bytes": BYTES, "outcome": TEXT,
}  # fmt: skip
# One row per manifest that is said to refer to `subject`; `annotations` are JSON, `standing` is
# "claimed", "confirmed" or "refuted" by what the manifest says itself.
REFERRER: Schema = {
    "subject": TEXT, "digest": TEXT, "artifact_type": TEXT, "media_type": TEXT, "meaning": TEXT,
    "size_bytes": BYTES, "created": TIME, "annotations": TEXT, "found_by": TEXT, "standing": TEXT,
}  # fmt: skip
# `gone` is missing when nobody looked.
DELETED: Schema = {
    "kind": TEXT, "reference": TEXT, "digest": TEXT, "gone": MAYBE_TRUE, "note": TEXT,
}  # fmt: skip
PING: Schema = {
    "status": COUNT, "version": TEXT, "scheme": TEXT, "realm": TEXT, "service": TEXT,
    "server": TEXT,
}  # fmt: skip
# One row per capability; `verdict` is "yes", "no", "unknown" or "not asked", `evidence` how that is
# known, `writes` whether finding out writes.
CAPABILITY: Schema = {
    "registry": TEXT, "capability": TEXT, "title": TEXT, "verdict": TEXT, "evidence": TEXT,
    "endpoint": TEXT, "link": TEXT, "writes": "bool",
}  # fmt: skip
# `digest` and `size_bytes` are missing as long as nobody knows them.
SESSION: Schema = {
    "digest": TEXT, "size_bytes": MAYBE_NUMBER, "offset_bytes": BYTES, "minimum_bytes": BYTES,
    "place": TEXT,
}  # fmt: skip
SERVER: Schema = {"host": TEXT, "port": COUNT, "url": TEXT, "closed": "bool"}
CHALLENGE: Schema = {"scheme": TEXT, "realm": TEXT, "service": TEXT, "scope": TEXT}
ENDPOINT: Schema = {
    "endpoint": TEXT, "method": TEXT, "template": TEXT, "purpose": TEXT, "success": TEXT,
    "failure": TEXT, "since": TEXT, "link": TEXT,
}  # fmt: skip
# One row per request; answer, seconds and prediction are missing for one not sent yet.
EXCHANGE: Schema = {
    "endpoint": TEXT, "title": TEXT, "method": TEXT, "url": TEXT, "status": MAYBE_NUMBER,
    "seconds": SECONDS, "expected": MAYBE_NUMBER, "as_expected": MAYBE_TRUE,
    "sent_bytes": MAYBE_NUMBER, "received_bytes": MAYBE_NUMBER,
}  # fmt: skip
HEADER: Schema = {"name": TEXT, "value": TEXT}
# One row per entry of a layer. `mode` is a number, `permissions` the same as `ls -l` writes it;
# `device` reads major:minor, `xattrs` and `odd` are lists with commas, `hides` is what a whiteout
# deletes in lower layers, `offset_bytes` where in the unpacked archive the entry begins.
FILE: Schema = {
    "path": TEXT, "type": TEXT, "size_bytes": BYTES, "permissions": TEXT, "mode": COUNT,
    "uid": COUNT, "gid": COUNT, "user": TEXT, "group": TEXT, "modified": TIME, "target": TEXT,
    "setuid": "bool", "setgid": "bool", "sticky": "bool", "device": TEXT, "xattrs": TEXT,
    "hides": TEXT, "odd": TEXT, "offset_bytes": BYTES,
}  # fmt: skip
# `text` is empty for what is none, `complete` whether it is the whole file.
CONTENT: Schema = {"path": TEXT, "size_bytes": BYTES, "complete": "bool", "text": TEXT}
ERROR: Schema = {
    "error": TEXT, "message": TEXT, "status": MAYBE_NUMBER, "code": TEXT, "method": TEXT,
    "url": TEXT, "hints": TEXT,
}  # fmt: skip


@dataclass
class Rows:
    """A table before it is a frame: its schema, its rows, and what goes into `df.attrs`.

    What is kept in columns, because there is much of it, has one `column` after another by name.
    """

    schema: Schema
    rows: Iterable[Mapping[str, Any]]
    attrs: dict[str, Any] = field(default_factory=dict)
    column: Callable[[str], Sequence[Any]] | None = None


@singledispatch
def rows(value: Any) -> Rows:
    """The table of `value`."""
    return Rows(VALUE, [{"type": type(value).__name__, "value": repr(value)}])


def records(table: Rows) -> list[dict[str, Any]]:
    """The rows as plain dicts; a column nothing is known for holds None, or empty text."""
    return [
        {name: _plain(row.get(name), dtype) for name, dtype in table.schema.items()}
        for row in table.rows
    ]


def frame(table: Rows) -> pandas.DataFrame:
    """The rows as a frame of exactly the schema's columns and dtypes."""
    import pandas  # noqa: PLC0415  # takes longer to load than everything else together

    column = table.column or _columns(table).__getitem__
    columns = {
        name: pandas.Series(column(name), dtype=dtype) for name, dtype in table.schema.items()
    }
    made = pandas.DataFrame(columns, copy=False)  # they are nobody else's
    made.attrs.update({name: _plain(value, TEXT) for name, value in table.attrs.items()})
    return made


def _columns(table: Rows) -> Mapping[str, Sequence[Any]]:
    found = records(table)
    return {name: [row[name] for row in found] for name in table.schema}


def _plain(value: Any, dtype: str) -> Any:
    if dtype == TEXT:
        return "" if value is None else visible(value, LONGEST, lines=True)
    return value
