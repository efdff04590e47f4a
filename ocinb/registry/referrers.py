"""Who refers to a manifest as their subject (end-12)."""

from __future__ import annotations

from collections.abc import Iterator

from ocinb.errors import OcinbError, RegistryError
from ocinb.oci import media_types
from ocinb.oci.descriptor import Descriptor
from ocinb.oci.digest import Digest
from ocinb.oci.index import Index
from ocinb.oci.manifest import parse_manifest
from ocinb.protocol.messages import Response
from ocinb.registry.call import Call, Claim
from ocinb.storage.store import Store, read


def listing(call: Call) -> Response:
    """An index of the referrers, also when there are none, or not even the repository (S25)."""
    subject = Digest(call.places["digest"])
    wanted = call.parameter("artifactType")
    found = [each for each in _referrers(call, subject) if wanted in ("", each.artifact_type)]
    headers = {"Content-Type": media_types.INDEX}
    if wanted:
        headers["OCI-Filters-Applied"] = "artifactType"
    return Response(200, headers, Index.of(found).raw)


def _referrers(call: Call, subject: Digest) -> Iterator[Descriptor]:
    try:
        store = call.existing
    except RegistryError as error:
        if error.code != "NAME_UNKNOWN" or error.status != 404:
            raise
        return
    for manifest in store.manifests():
        claim = _claim(call.state.claims, store, manifest)
        if claim and claim.subject == subject:
            yield claim.entry


def _claim(claims: dict[Digest, Claim | None], store: Store, manifest: Descriptor) -> Claim | None:
    """What `manifest` refers to. Content never changes, so it is read once."""
    if store.content(manifest.digest) is None:
        return None
    if manifest.digest not in claims:
        claims[manifest.digest] = _read_claim(store, manifest)
    return claims[manifest.digest]


def _read_claim(store: Store, manifest: Descriptor) -> Claim | None:
    try:
        found = parse_manifest(read(store, manifest.digest) or b"", manifest.media_type)
    except OcinbError:  # whatever it is, it names no subject
        return None
    entry = Descriptor(
        found.media_type,
        manifest.digest,
        found.size,
        artifact_type=found.artifact_type,
        annotations=found.annotations,
    )
    return Claim(found.subject.digest, entry) if found.subject else None
