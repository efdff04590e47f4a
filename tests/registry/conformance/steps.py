"""The steps that the suite's tests are made of, each for one or more of its rows on the API.

`API` says which step answers for which row; every step asserts all that the spec says of it.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TypeVar
from urllib.parse import quote

from ocinb.oci import media_types
from ocinb.oci.digest import Digest
from tests.registry.asking import Streamed
from tests.registry.conformance.asking import Answer, Asker
from tests.registry.conformance.data import Blob, Pushed

API: dict[str, Callable[..., object]] = {}
UPLOADS = "blobs/uploads/"


Step = TypeVar("Step", bound=Callable[..., object])


def rows(*names: str) -> Callable[[Step], Step]:
    """Note that a step answers for these rows of the suite."""

    def note(step: Step) -> Step:
        API.update(dict.fromkeys(names, step))
        return step

    return note


def created(ask: Asker, answer: Answer, digest: Digest, content: bytes) -> None:
    """What is said to be made is where `Location` says, under the digest that was asked for."""
    assert answer.status == 201
    assert answer.headers["docker-content-digest"] == digest
    there = ask("GET", answer.headers["location"])
    assert (there.status, there.body) == (200, content)


def opened(answer: Answer) -> str:
    """Where a new upload goes on."""
    assert answer.status == 202
    assert answer.headers["location"].startswith("/v2/")
    return answer.headers["location"]


@rows("Ping")
def ping(ask: Asker) -> None:
    assert ask("GET", "/v2/").status == 200


# Blobs in ------------------------------------------------------------------------------------


@rows("Blob post only")
def blob_post_only(ask: Asker, blob: Blob) -> None:
    created(ask, ask("POST", f"{UPLOADS}?digest={blob.digest}", blob.content), *blob)


@rows("Blob push", "Blob post put")
def blob_post_put(ask: Asker, blob: Blob) -> None:
    location = opened(ask("POST", UPLOADS))
    created(ask, ask("PUT", f"{location}?digest={blob.digest}", blob.content), *blob)


def send(ask: Asker, method: str, location: str, blob: Blob, bounds: tuple[int, int]) -> Answer:
    """The answer to one chunk, with a PATCH or, the last one, with the PUT."""
    start, stop = bounds
    url = f"{location}?digest={blob.digest}" if method == "PUT" else location
    return ask(method, url, blob.content[start:stop], Content_Range=f"{start}-{stop - 1}")


def taken(answer: Answer, stop: int) -> str:
    """Where the upload goes on after what came up to `stop` was taken."""
    assert answer.status == 202
    assert answer.headers["range"] == f"0-{stop - 1}"
    return answer.headers["location"]


def refused(ask: Asker, location: str, answer: Answer, stop: int) -> str:
    """A chunk that does not come next is refused, and the upload is where it was, at `stop`."""
    assert answer.status == 416
    status = ask("GET", location)
    assert status.status == 204
    assert status.headers["range"] == f"0-{stop - 1}"
    return status.headers["location"]


@rows("Blob chunked")
def blob_patch_chunked(
    ask: Asker, blob: Blob, chunks: int = 1, *, with_put: bool = False, astray: bool = False
) -> None:
    """In so many `chunks`, the last one `with_put`; or first `astray`, in place of the second."""
    size, method = len(blob.content), "PUT" if with_put else "PATCH"
    bounds = [(size * n // chunks, size * (n + 1) // chunks) for n in range(chunks)]
    location = opened(ask("POST", f"{UPLOADS}?digest-algorithm={blob.digest.algorithm}"))
    for start, stop in bounds[:-1]:
        if astray and start:
            early = send(ask, method, location, blob, bounds[-1])
            location = refused(ask, location, early, start)
        location = taken(send(ask, "PATCH", location, blob, (start, stop)), stop)
    answer = send(ask, method, location, blob, bounds[-1])
    if not with_put:
        answer = ask("PUT", f"{taken(answer, size)}?digest={blob.digest}")
    created(ask, answer, *blob)


@rows("Blob streaming")
def blob_patch_stream(ask: Asker, blob: Blob) -> None:
    location = opened(ask("POST", UPLOADS))
    answer = ask("PATCH", location, Streamed(blob.content[:100], blob.content[100:]))
    location = taken(answer, len(blob.content))
    created(ask, ask("PUT", f"{location}?digest={blob.digest}"), *blob)


@rows("Blob mount", "Blob anonymous mount")
def blob_mount(ask: Asker, blob: Blob, source: str, *, there: bool) -> None:
    """From the repository `source`, or from any; where nobody has it, it is an upload."""
    named = f"&from={source}" if source else ""
    answer = ask("POST", f"{UPLOADS}?mount={blob.digest}{named}")
    if not there:
        answer = ask("PUT", f"{opened(answer)}?digest={blob.digest}", blob.content)
    created(ask, answer, *blob)


@rows("Blob upload cancel")
def blob_post_cancel(ask: Asker) -> None:
    location = opened(ask("POST", UPLOADS))
    assert ask("DELETE", location).status == 204
    assert ask("GET", location).status == 404
    assert ask("DELETE", location).status == 404


# Blobs out -----------------------------------------------------------------------------------


def content(answer: Answer, digest: Digest, size: int) -> None:
    """What every answer with content says of it."""
    assert answer.status == 200
    assert answer.headers["content-length"] == str(size)
    assert answer.headers["docker-content-digest"] == digest


@rows("Blob head")
def blob_head(ask: Asker, blob: Blob) -> None:
    content(ask("HEAD", f"blobs/{blob.digest}"), blob.digest, len(blob.content))


@rows("Blob get")
def blob_get(ask: Asker, blob: Blob) -> None:
    answer = ask("GET", f"blobs/{blob.digest}")
    content(answer, blob.digest, len(blob.content))
    assert answer.body == blob.content


@rows("Blob get range")
def blob_range(ask: Asker, blob: Blob, asked: str, start: int, stop: int) -> None:
    """`asked` is answered with the bytes from `start` to `stop`; refused when there are none."""
    answer = ask("GET", f"blobs/{blob.digest}", Range=f"bytes={asked}")
    total = len(blob.content)
    if start == stop:
        assert (answer.status, answer.headers["content-range"]) == (416, f"bytes */{total}")
        return
    assert answer.status == 206
    assert answer.headers["content-range"] == f"bytes {start}-{stop - 1}/{total}"
    assert answer.body == blob.content[start:stop]


@rows("Blob delete", "Blob delete atomic")
def blob_delete(ask: Asker, blob: Blob) -> None:
    assert ask("DELETE", f"blobs/{blob.digest}").status == 202
    for method in ("HEAD", "GET", "DELETE"):
        assert ask(method, f"blobs/{blob.digest}").status == 404


# Manifests -----------------------------------------------------------------------------------


def _put(ask: Asker, reference: str, pushed: Pushed) -> Answer:
    """A manifest as the suite sends it: in chunks, without saying how long it is."""
    body = Streamed(pushed.raw[:1000], pushed.raw[1000:])
    answer = ask("PUT", f"manifests/{reference}", body, Content_Type=pushed.media_type)
    created(ask, answer, pushed.digest, pushed.raw)
    assert answer.headers.get("oci-subject", "") == pushed.subject
    return answer


@rows("Manifest put by digest", "Manifest put with subject", "Manifest put with tag params")
def manifest_by_digest(ask: Asker, pushed: Pushed) -> None:
    query = "&".join(f"tag={tag}" for tag in pushed.extra)
    answer = _put(ask, f"{pushed.digest}?{query}" if query else pushed.digest, pushed)
    assert answer.headers.get("oci-tag", "") == ", ".join(pushed.extra)


@rows("Manifest put by tag")
def manifest_by_tag(ask: Asker, pushed: Pushed, tag: str) -> None:
    _put(ask, tag, pushed)


@rows(
    "Manifest get by digest",
    "Manifest get by tag",
    "Manifest head by digest",
    "Manifest head by tag",
)
def manifest_out(ask: Asker, pushed: Pushed, method: str, reference: str) -> None:
    answer = ask(method, f"manifests/{reference}", Accept=pushed.media_type)
    content(answer, pushed.digest, len(pushed.raw))
    assert answer.headers["content-type"] == pushed.media_type
    assert method == "HEAD" or answer.body == pushed.raw


@rows("Manifest delete", "Manifest delete atomic", "Tag delete", "Tag delete atomic")
def manifest_delete(ask: Asker, reference: str) -> None:
    assert ask("DELETE", f"manifests/{reference}").status == 202
    for method in ("HEAD", "GET", "DELETE"):
        assert ask(method, f"manifests/{reference}").status == 404


# Listings ------------------------------------------------------------------------------------


@rows("Tag listing")
def tag_list(ask: Asker, tags: list[str]) -> None:
    """The whole list, and the same a page at a time."""
    answer = ask("GET", "tags/list")
    if not tags and answer.status == 404:  # nothing was pushed at all
        return
    assert json.loads(answer.body) == {"name": ask.name, "tags": tags}
    paged, url = [], "tags/list?n=1"
    while url:
        answer = ask("GET", url)
        paged += json.loads(answer.body)["tags"]
        url = answer.headers.get("link", "<>").partition("<")[2].partition(">")[0]
    assert paged == tags
    assert json.loads(ask("GET", "tags/list?n=0").body)["tags"] == []


@rows("Referrers")
def referrers(ask: Asker, subject: Digest, expected: list[dict[str, object]]) -> None:
    """All of them, and those of each artifact type."""
    assert _referrers(ask, subject, "")[0] == sorted(expected, key=_digest)
    for kind in {str(entry.get("artifactType", "")) for entry in expected} - {""}:
        entries, applied = _referrers(ask, subject, f"?artifactType={quote(kind, safe='')}")
        assert entries == sorted(
            (entry for entry in expected if entry.get("artifactType") == kind), key=_digest
        )
        assert applied == "artifactType"


def _referrers(ask: Asker, subject: Digest, query: str) -> tuple[list[dict[str, object]], str]:
    answer = ask("GET", f"referrers/{subject}{query}")
    assert answer.status == 200
    assert answer.headers["content-type"] == media_types.INDEX
    document = json.loads(answer.body)
    assert document["schemaVersion"] == 2
    assert document["mediaType"] == media_types.INDEX
    applied = answer.headers.get("oci-filters-applied", "")
    return sorted(document["manifests"], key=_digest), applied


def _digest(entry: dict[str, object]) -> str:
    return str(entry["digest"])
