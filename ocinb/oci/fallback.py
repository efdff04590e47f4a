"""The referrers tag: how referrers are listed on registries that have no API for it.

An index under a tag that is made from the subject's digest names every manifest that refers to the
subject; whoever pushes or deletes one keeps it (distribution-spec, spec.md#referrers-tag-schema).
"""

from __future__ import annotations

import re
from typing import Any

from ocinb.oci.descriptor import Descriptor
from ocinb.oci.digest import Digest
from ocinb.oci.document import encode
from ocinb.oci.index import Index
from ocinb.oci.manifest import AnyManifest, parse_manifest

_NOT_IN_TAGS = re.compile(r"[^A-Za-z0-9._-]", re.ASCII)
_ALGORITHM, _ENCODED = 32, 64  # characters of each that the tag keeps


def referrers_tag(subject: Digest) -> str:
    """The tag that lists the referrers of `subject`: `sha256-…`."""
    parts = subject.algorithm[:_ALGORITHM], subject.encoded[:_ENCODED]
    return "-".join(_NOT_IN_TAGS.sub("-", part) for part in parts)


def entry_of(manifest: AnyManifest) -> Descriptor:
    """What stands for a referrer in a listing: its type and all its annotations, too."""
    return Descriptor(
        manifest.media_type,
        manifest.digest,
        manifest.size,
        artifact_type=manifest.artifact_type,
        annotations=manifest.annotations,
    )


def with_entry(index: Index | None, entry: Descriptor) -> Index | None:
    """`index`, or a new one, with one more entry; None when it has that already."""
    if index is None:
        return Index.of([entry])
    if any(each.digest == entry.digest for each in index.manifests):
        return None
    return _listing(index, [*(index.json.get("manifests") or ()), entry.to_json()])


def without_entry(index: Index | None, digest: Digest) -> Index | None:
    """`index` without the entry for `digest`; None when there is none to remove."""
    if index is None or all(each.digest != digest for each in index.manifests):
        return None
    pairs = zip(index.manifests, index.json["manifests"], strict=True)
    return _listing(index, [written for each, written in pairs if each.digest != digest])


def _listing(index: Index, entries: list[Any]) -> Index:
    """`index` with other entries; whatever else it says, and they say, stays as it was written."""
    raw = encode({**index.json, "manifests": entries})
    made = parse_manifest(raw, index.media_type)
    assert isinstance(made, Index)  # it has the media type of one
    return made
