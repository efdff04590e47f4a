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
# One row per manifest, and per blob it is the first to name; `of` is what it belongs to and `why`
# says how, `source` the repository that a blob is mounted from.
COPY: Schema = {
    "role": TEXT, "outcome": TEXT, "why": TEXT, "digest": TEXT, "media_type": TEXT,
    "meaning": TEXT, "artifact_type": TEXT, "size_bytes": BYTES, "of": TEXT, "tags": TEXT,
    "source": TEXT, "note": TEXT,
}  # fmt: skip
# One row per image or artifact behind a tag; `shared_bytes` are those of blobs that the row before
# of the same platform has, too, and missing for the first.
SIZE: Schema = {
    "tag": TEXT, "platform": TEXT, "digest": TEXT, "size_bytes": BYTES,
    "shared_bytes": MAYBE_NUMBER, "layers": COUNT, "created": TIME,
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
# The same for the layers of an image over each other. `layer` counts from 0, `state` is one of
# `ocinb.layers.merged.merging.STATES`, `by_layer` took the entry away; `live_bytes` are seen by
# this name, once for all hard links, and `wasted_bytes` are in the layer and not seen.
LAYERED: Schema = {
    **FILE, "layer": COUNT, "state": TEXT, "by_layer": MAYBE_NUMBER, "live_bytes": BYTES,
    "wasted_bytes": BYTES,
}  # fmt: skip
# One row per layer; `took_bytes` it took away from those below, `wasted_compressed_bytes` is an
# estimate, and `dive_efficiency` of the frame's attributes is dive's.
LAYER: Schema = {
    "layer": COUNT, "name": TEXT, "created_by": TEXT, "size_bytes": BYTES,
    "unpacked_bytes": BYTES, "entries": COUNT, "live_bytes": BYTES, "wasted_bytes": BYTES,
    "wasted_compressed_bytes": BYTES, "took_bytes": BYTES, "complete": "bool",
}  # fmt: skip
# `copies` counts the one that is seen, too; `layers` and `by_layers` are lists with commas.
WASTE: Schema = {
    "path": TEXT, "copies": COUNT, "wasted_bytes": BYTES, "layers": TEXT, "by_layers": TEXT,
}  # fmt: skip
# One row per box that is drawn; `kind` is "file", "folder" or "rest", `group` the layer, state or
# folder that most of its bytes are of, `share` a part of 1.
TREEMAP: Schema = {
    "path": TEXT, "kind": TEXT, "size_bytes": BYTES, "files": COUNT, "share": SECONDS,
    "group": TEXT, "group_bytes": BYTES,
}  # fmt: skip
# One row per entry that was left out; what was written is in the frame's attributes.
EXTRACTED: Schema = {"path": TEXT, "type": TEXT, "why": TEXT}
# `text` is empty for what is none, `complete` whether it is the whole file.
CONTENT: Schema = {"path": TEXT, "size_bytes": BYTES, "complete": "bool", "text": TEXT}
# One row per installed package; `manager` is dpkg, apk or rpm, `layer` counts from 0 and is missing
# where nobody knows it, `installed_bytes` where the database does not say it.
PACKAGE: Schema = {
    "name": TEXT, "version": TEXT, "architecture": TEXT, "manager": TEXT, "source": TEXT,
    "source_version": TEXT, "installed_bytes": MAYBE_NUMBER, "license": TEXT, "description": TEXT,
    "database": TEXT, "layer": MAYBE_NUMBER,
}  # fmt: skip
OS_RELEASE: Schema = {"name": TEXT, "value": TEXT}
# One row per reason to look at a file; `kind` is one of
# `ocinb.layers.inspecting.permissions.KINDS`; `user` and `group` are empty
# where `etc/passwd` and `etc/group` know none.
FINDING: Schema = {
    "path": TEXT, "kind": TEXT, "type": TEXT, "permissions": TEXT, "mode": COUNT, "uid": COUNT,
    "gid": COUNT, "user": TEXT, "group": TEXT, "why": TEXT,
}  # fmt: skip
# One row per file found in an image; `layer` counts from 0 in that image, `state` and `by_layer`
# are as in LAYERED and missing where nobody knows, `also_in` is a list with commas of the other
# images that have this layer.
FOUND: Schema = {
    "reference": TEXT, "platform": TEXT, "layer": COUNT, "digest": TEXT, "path": TEXT,
    "type": TEXT, "size_bytes": BYTES, "state": TEXT, "by_layer": MAYBE_NUMBER, "also_in": TEXT,
}  # fmt: skip
SEARCHED: Schema = {
    "reference": TEXT, "platform": TEXT, "digest": TEXT, "layers": COUNT, "found": COUNT,
    "seen": COUNT, "complete": "bool",
}  # fmt: skip
# `layer` is missing where it is the image itself that could not be read.
FAILURE: Schema = {
    "reference": TEXT, "platform": TEXT, "layer": MAYBE_NUMBER, "error": TEXT, "message": TEXT,
}  # fmt: skip
# One row per image; the frame of several goes on with a column of bytes for each, by its name.
SHARING: Schema = {
    "image": TEXT, "platform": TEXT, "digest": TEXT, "own_bytes": BYTES, "unique_bytes": BYTES,
}  # fmt: skip
SHARING_IMAGE: Schema = {
    "image": TEXT, "reference": TEXT, "platform": TEXT, "digest": TEXT, "layers": COUNT,
}  # fmt: skip
# One row per distinct layer; `images` is a list with commas.
SHARED_LAYER: Schema = {
    "digest": TEXT, "media_type": TEXT, "meaning": TEXT, "size_bytes": BYTES, "count": COUNT,
    "images": TEXT,
}  # fmt: skip
# One row per field of two documents that differs; values that are no text are JSON.
FIELD_DIFF: Schema = {"what": TEXT, "field": TEXT, "kind": TEXT, "before": TEXT, "after": TEXT}
# One row per step of either history; `status` is "same", "changed", "only in a" or "only in b".
HISTORY_DIFF: Schema = {
    "status": TEXT, "before_layer": MAYBE_NUMBER, "after_layer": MAYBE_NUMBER, "before": TEXT,
    "after": TEXT, "before_created": TIME, "after_created": TIME, "aspects": TEXT,
}  # fmt: skip
# One row per layer of either image; `status` may also be "same archive". `elsewhere` is whether a
# layer is in the other image, too, in another place.
LAYER_DIFF: Schema = {
    "status": TEXT, "before_position": MAYBE_NUMBER, "after_position": MAYBE_NUMBER,
    "before_digest": TEXT, "after_digest": TEXT, "before_bytes": MAYBE_NUMBER,
    "after_bytes": MAYBE_NUMBER, "before_diff_id": TEXT, "after_diff_id": TEXT, "elsewhere": "bool",
}  # fmt: skip
# One row per platform of either index; `attestations` is a status, too, or empty.
PLATFORM_DIFF: Schema = {
    "platform": TEXT, "status": TEXT, "before_digest": TEXT, "after_digest": TEXT,
    "before_bytes": MAYBE_NUMBER, "after_bytes": MAYBE_NUMBER, "attestations": TEXT,
    "before_attestations": COUNT, "after_attestations": COUNT,
}  # fmt: skip
# One row per path that differs; `kind` is "added", "removed", "changed" or "moved", `aspects` a
# list with commas.
FILE_DIFF: Schema = {
    "path": TEXT, "kind": TEXT, "aspects": TEXT, "moved_from": TEXT, "grown_bytes": BYTES,
    "before_type": TEXT, "after_type": TEXT, "before_bytes": MAYBE_NUMBER,
    "after_bytes": MAYBE_NUMBER, "before_permissions": TEXT, "after_permissions": TEXT,
    "before_owner": TEXT, "after_owner": TEXT, "before_modified": TIME, "after_modified": TIME,
    "before_target": TEXT, "after_target": TEXT, "before_digest": TEXT, "after_digest": TEXT,
}  # fmt: skip
# One row per line of either side.
CONTENT_DIFF: Schema = {
    "kind": TEXT, "before_line": MAYBE_NUMBER, "after_line": MAYBE_NUMBER, "before": TEXT,
    "after": TEXT,
}  # fmt: skip
# One row per package that differs; versions are lists with commas.
PACKAGE_DIFF: Schema = {
    "package": TEXT, "architecture": TEXT, "manager": TEXT, "kind": TEXT, "before": TEXT,
    "after": TEXT,
}  # fmt: skip
# One row per part of two images; the last two are missing for what nobody looked at yet.
IMAGE_DIFF: Schema = {"part": TEXT, "same": MAYBE_TRUE, "differences": MAYBE_NUMBER}
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
