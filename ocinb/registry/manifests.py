"""Manifests in, out and away, by tag and by digest (end-3, end-7, end-9)."""

from __future__ import annotations

from collections.abc import Sequence

from ocinb.oci.descriptor import Descriptor
from ocinb.oci.digest import Digest
from ocinb.oci.manifest import AnyManifest, parse_manifest
from ocinb.oci.reference import check_tag, identifier
from ocinb.oci.strict_json import MANIFEST_LIMIT
from ocinb.protocol import endpoints
from ocinb.protocol.messages import Body, Response
from ocinb.registry.call import Call, check_deletes, created, verifiable
from ocinb.registry.refusals import refuse
from ocinb.storage.store import Store, read_intact

MOST_TAGS = 100  # in one request (end-7b); the spec asks for ten


def get(call: Call) -> Response:
    """A manifest, byte for byte as it was pushed and under the media type it was pushed with.

    One that was damaged on disk is not there, so that it is pushed again (K-23).
    """
    wanted = identifier(call.places["reference"])
    store = call.existing
    known = store.manifest(wanted) if isinstance(wanted, Digest) else store.resolve(wanted)
    if known is None or store.content(known.digest) is None:
        raise refuse("MANIFEST_UNKNOWN", f"there is no manifest {wanted}")
    raw = read_intact(store, known.digest)
    if raw is None:
        raise refuse("MANIFEST_UNKNOWN", f"what is kept as {known.digest} is something else")
    headers = {
        "Content-Type": known.media_type,
        "Content-Length": str(len(raw)),
        "Docker-Content-Digest": known.digest,
    }
    return Response(200, headers, raw)


def put(call: Call) -> Response:
    """A manifest under a digest, a tag, or several tags; all of them, or none."""
    wanted = identifier(call.places["reference"])
    extra = _extra_tags(call.query.get("tag", ()))
    raw = _bounded(call.request.body)
    digest = verifiable(wanted) if isinstance(wanted, Digest) else Digest.of(raw)
    tags = extra if isinstance(wanted, Digest) else (wanted, *extra)
    manifest = _parsed(raw, call.request.headers.get("content-type", ""))
    store = call.store
    with call.state.lock, call.state.quota.changing():
        call.state.quota.check(len(raw))
        if not call.state.sparse:
            _check_children(manifest, store)
        store.put_manifest(raw, Descriptor(manifest.media_type, digest, len(raw)), tags)
    return created(
        endpoints.GET_MANIFEST.path(name=call.name, reference=wanted),
        digest,
        OCI_Subject=manifest.subject.digest if manifest.subject else "",
        OCI_Tag=", ".join(extra),
    )


def delete(call: Call) -> Response:
    """Remove a tag; or a manifest, and with it every tag that points to it."""
    check_deletes(call.state)
    wanted = identifier(call.places["reference"])
    store = call.existing
    with call.state.lock, call.state.quota.changing():
        gone = store.remove_manifest(wanted) if isinstance(wanted, Digest) else store.untag(wanted)
    if isinstance(wanted, Digest):
        call.state.claims.pop(wanted, None)
    if not gone:
        raise refuse("MANIFEST_UNKNOWN", f"there is no manifest {wanted}")
    return Response(202)


def _extra_tags(tags: Sequence[str]) -> tuple[str, ...]:
    if len(tags) > MOST_TAGS:
        raise refuse("MANIFEST_INVALID", f"at most {MOST_TAGS} tags in one request", status=414)
    return tuple(dict.fromkeys(map(check_tag, tags)))


def _bounded(body: Body) -> bytes:
    """The whole of `body`, counted while it is read: it need not say how long it is (S20)."""
    kept = bytearray()
    for piece in body if (body.size or 0) <= MANIFEST_LIMIT else ():
        kept += piece
        if len(kept) > MANIFEST_LIMIT:
            break
    if max(len(kept), body.size or 0) > MANIFEST_LIMIT:
        message = f"a manifest has at most {MANIFEST_LIMIT} bytes"
        raise refuse("SIZE_INVALID", message, status=413)
    return bytes(kept)


def _parsed(raw: bytes, content_type: str) -> AnyManifest:
    manifest = parse_manifest(raw, content_type)
    said = content_type.partition(";")[0].strip()
    if said and said != manifest.media_type:
        message = f"the manifest is {manifest.media_type}, but came as {said}"
        raise refuse("MANIFEST_INVALID", message)
    return manifest


def _check_children(manifest: AnyManifest, store: Store) -> None:
    """Refuse a manifest that names content which is not there. A subject may come later (S19)."""
    missing = [
        {"digest": child.digest, "mediaType": child.media_type}
        for child in manifest.children
        if store.content(child.digest) is None and not child.lives_elsewhere
    ]
    if missing:
        message = f"{len(missing)} of the manifest's blobs or manifests are not here"
        raise refuse("MANIFEST_BLOB_UNKNOWN", message, detail=missing[:20])
