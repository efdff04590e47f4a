"""Changing what is under a tag that others may change, too: read, changed, written, read again.

Both lists that clients keep for registries are changed so: the referrers tag, and the signatures
that cosign finds by a tag.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from ocinb.oci import media_types
from ocinb.oci.digest import Digest
from ocinb.oci.manifest import AnyManifest, parse_manifest
from ocinb.protocol import endpoints
from ocinb.protocol.fields.claims import claimed_digest, confirms
from ocinb.protocol.fields.encoding import as_named
from ocinb.protocol.fields.headers import Headers
from ocinb.protocol.kinds import explained
from ocinb.protocol.messages import Conversation, Request, Response, Step

MOST_WRITES = 3  # when others write it, too
_TAKEN, _CONFLICTS = (200, 201, 202), (409, 412)
_ETAG = re.compile(r'"[!#-~]{0,256}"', re.ASCII)  # RFC 9110, strong; a weak one never matches


@dataclass(frozen=True)
class Kept:
    """A tag that clients keep: what it is called in titles, and why it is read and written."""

    tag: str
    title: str
    read_for: str
    written_for: str


# What is to be there instead, having seen to whatever that needs; None when it is so already.
Change: TypeAlias = Callable[[AnyManifest | None], Conversation[AnyManifest | None]]


def read(
    name: str, kept: Kept, *, fresh: bool = False
) -> Conversation[tuple[AnyManifest | None, str]]:
    """What is under the tag, if there is something, and its version, if it has one.

    `fresh` asks past caches.
    """
    headers = {"Accept": media_types.ACCEPT, **({"Cache-Control": "no-cache"} if fresh else {})}
    response = yield Step(
        f"Fetch {kept.title}",
        Request(
            "GET", endpoints.GET_MANIFEST.path(name=name, reference=kept.tag), Headers(headers)
        ),
        endpoints.GET_MANIFEST,
        why=kept.read_for,
    )
    if response.status == 404:
        return None, ""
    response = as_named(response.expect(200), claimed_digest(response))
    confirms(response, Digest.of(response.body), [response.body], f"the tag {kept.tag}")
    found = parse_manifest(response.body, response.media_type())
    version = response.headers.get("etag", "").strip()
    return found, version if _ETAG.fullmatch(version) else ""


def rewrite(name: str, kept: Kept, change: Change) -> Conversation[AnyManifest | None]:
    """Write the tag as `change` makes it of what is there; None of it leaves it so.

    Others may write it at the same time: what was written is read again, and if it is not there
    as it should be, or the version had changed, written once more (R-6). Returns what is there.
    """
    written: Response | None = None
    for left in reversed(range(MOST_WRITES + 1)):
        found, version = yield from read(name, kept, fresh=True)
        wanted = yield from change(found)
        if wanted is None:
            return found
        if left:
            written = yield _write(name, kept, wanted, version)
            if written.status not in (*_TAKEN, *_CONFLICTS):
                raise explained(written, wanted)
    assert written is not None
    if written.status in _CONFLICTS:
        raise written.refusal()
    raise written.unexpected(f"it took {kept.title}, and still has something else")


def _write(name: str, kept: Kept, wanted: AnyManifest, version: str) -> Step:
    headers = {"Content-Type": wanted.media_type, **({"If-Match": version} if version else {})}
    return Step(
        f"Put {kept.title}",
        Request(
            "PUT",
            endpoints.PUT_MANIFEST.path(name=name, reference=kept.tag),
            Headers(headers),
            wanted.raw,
        ),
        endpoints.PUT_MANIFEST,
        why=kept.written_for,
    )
