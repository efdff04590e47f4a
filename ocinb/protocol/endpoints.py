"""The table of endpoints that the distribution spec defines, end-1 to end-14.

Both sides read it: conversations name the endpoint of each step, the embedded registry routes by
the same paths. Source: distribution-spec, spec.md#endpoints; `since` "1.2" is what its main branch
adds to 1.1.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import quote, urlencode

from ocinb.drawable import Drawable

SPEC = "https://github.com/opencontainers/distribution-spec/blob/main/spec.md"

_PLACES = {
    "name": r"(?P<name>.+?)",
    "digest": r"(?P<digest>[^/]+)",
    "reference": r"(?P<reference>[^/]+)",
    "session": r"(?P<session>[^/]+)",
}


@dataclass(frozen=True)
class Endpoint(Drawable):
    """One row of the spec's table: what is asked, where, and which answers are defined."""

    id: str
    method: str
    template: str
    purpose: str
    success: tuple[int, ...]
    failure: tuple[int, ...]
    section: str
    query: tuple[str, ...] = ()
    since: str = "1.0"

    @property
    def link(self) -> str:
        """The address of the section of the spec, or of whatever else describes it."""
        return self.section if "://" in self.section else f"{SPEC}#{self.section}"

    @property
    def pattern(self) -> re.Pattern[str]:
        """What a request's path must match in full; groups are the places of the template."""
        pattern = re.escape(self.template)
        for place, group in _PLACES.items():
            pattern = pattern.replace(re.escape(f"<{place}>"), group)
        return re.compile(pattern, re.ASCII)

    def path(self, query: dict[str, str] | None = None, **places: str) -> str:
        """The path for these `places` (already checked values), with `query` encoded behind it."""
        path = self.template
        for place, value in places.items():
            path = path.replace(f"<{place}>", quote(value, safe="/:+"))
        return f"{path}?{urlencode(query, safe=':/')}" if query else path

    def __repr__(self) -> str:
        return f"<{self.id} {self.method} {self.template}>"


_BLOB = "/v2/<name>/blobs/<digest>"
_MANIFEST = "/v2/<name>/manifests/<reference>"
_UPLOADS = "/v2/<name>/blobs/uploads/"
_SESSION = "/v2/<name>/blobs/uploads/<session>"
_REFERRERS = "/v2/<name>/referrers/<digest>"
_TAGS = "/v2/<name>/tags/list"

PING = Endpoint(
    "end-1", "GET", "/v2/", "Is this a registry?", (200,), (404, 401),
    "determining-support",
)  # fmt: skip
GET_BLOB = Endpoint(
    "end-2", "GET", _BLOB, "Fetch a blob", (200, 206), (404, 416), "pulling-blobs",
)  # fmt: skip
HEAD_BLOB = Endpoint(
    "end-2", "HEAD", _BLOB, "Is a blob there?", (200,), (404,),
    "checking-if-content-exists-in-the-registry",
)  # fmt: skip
GET_MANIFEST = Endpoint(
    "end-3", "GET", _MANIFEST, "Fetch a manifest", (200,), (404,), "pulling-manifests",
)  # fmt: skip
HEAD_MANIFEST = Endpoint(
    "end-3", "HEAD", _MANIFEST, "Is a manifest there?", (200,), (404,),
    "checking-if-content-exists-in-the-registry",
)  # fmt: skip
OPEN_UPLOAD = Endpoint(
    "end-4a", "POST", _UPLOADS, "Open an upload", (202,), (404,), "post-then-put",
)  # fmt: skip
SINGLE_POST = Endpoint(
    "end-4b", "POST", _UPLOADS, "Upload in one request", (201, 202), (404, 400), "single-post",
    ("digest",),
)  # fmt: skip
OPEN_UPLOAD_FOR = Endpoint(
    "end-4c", "POST", _UPLOADS, "Open an upload for another digest algorithm", (201, 202),
    (404, 400), "post-then-put", ("digest-algorithm",), "1.2",
)  # fmt: skip
SEND_CHUNK = Endpoint(
    "end-5", "PATCH", _SESSION, "Send a chunk", (202,), (404, 416),
    "pushing-a-blob-in-chunks",
)  # fmt: skip
CLOSE_UPLOAD = Endpoint(
    "end-6", "PUT", _SESSION, "Close an upload", (201,), (404, 400, 416), "post-then-put",
    ("digest",),
)  # fmt: skip
PUT_MANIFEST = Endpoint(
    "end-7a", "PUT", _MANIFEST, "Push a manifest", (201,), (404, 413), "pushing-manifests",
)  # fmt: skip
PUT_MANIFEST_TAGGED = Endpoint(
    "end-7b", "PUT", _MANIFEST, "Push a manifest with several tags", (201,), (404, 413),
    "pushing-manifests", ("tag",), "1.2",
)  # fmt: skip
LIST_TAGS = Endpoint(
    "end-8a", "GET", _TAGS, "List tags", (200,), (404,), "listing-tags",
)  # fmt: skip
LIST_TAGS_PAGED = Endpoint(
    "end-8b", "GET", _TAGS, "List tags, a page at a time", (200,), (404,), "listing-tags",
    ("n", "last"),
)  # fmt: skip
DELETE_MANIFEST = Endpoint(
    "end-9", "DELETE", _MANIFEST, "Delete a tag or a manifest", (202,), (404, 400, 405),
    "deleting-tags",
)  # fmt: skip
DELETE_BLOB = Endpoint(
    "end-10", "DELETE", _BLOB, "Delete a blob", (202,), (404, 400, 405), "deleting-blobs",
)  # fmt: skip
MOUNT_BLOB = Endpoint(
    "end-11", "POST", _UPLOADS, "Mount a blob from another repository", (201, 202), (404,),
    "mounting-a-blob-from-another-repository", ("mount", "from"),
)  # fmt: skip
LIST_REFERRERS = Endpoint(
    "end-12a", "GET", _REFERRERS, "List referrers", (200,), (404, 400),
    "listing-referrers", (), "1.1",
)  # fmt: skip
LIST_REFERRERS_OF_TYPE = Endpoint(
    "end-12b", "GET", _REFERRERS, "List referrers of one artifact type", (200,), (404, 400),
    "listing-referrers", ("artifactType",), "1.1",
)  # fmt: skip
UPLOAD_STATUS = Endpoint(
    "end-13", "GET", _SESSION, "How far has an upload come?", (204,), (404,),
    "pushing-a-blob-in-chunks",
)  # fmt: skip
CANCEL_UPLOAD = Endpoint(
    "end-14", "DELETE", _SESSION, "Cancel an upload", (204,), (404, 400),
    "canceling-a-blob-upload", (), "1.2",
)  # fmt: skip
# No part of the spec, which only reserves the name: what many registries have all the same.
CATALOG = Endpoint(
    "_catalog", "GET", "/v2/_catalog", "List repositories", (200,), (404, 401),
    "https://distribution.github.io/distribution/spec/api/#listing-repositories",
    ("n", "last"), "",
)  # fmt: skip

ENDPOINTS: tuple[Endpoint, ...] = (
    PING, GET_BLOB, HEAD_BLOB, GET_MANIFEST, HEAD_MANIFEST, OPEN_UPLOAD, SINGLE_POST,
    OPEN_UPLOAD_FOR, SEND_CHUNK, CLOSE_UPLOAD, PUT_MANIFEST, PUT_MANIFEST_TAGGED, LIST_TAGS,
    LIST_TAGS_PAGED, DELETE_MANIFEST, DELETE_BLOB, MOUNT_BLOB, LIST_REFERRERS,
    LIST_REFERRERS_OF_TYPE, UPLOAD_STATUS, CANCEL_UPLOAD,
)  # fmt: skip
