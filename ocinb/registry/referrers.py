"""Who refers to a manifest as their subject (end-12).

Found by what manifests say themselves. So the entries of referrers tags that older clients wrote
are among them, if their manifests name the subject: in a layout, what only an index names is known,
and elsewhere nobody could push a manifest without its being known (S28).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ocinb.errors import OcinbError, RegistryError
from ocinb.oci import media_types
from ocinb.oci.descriptor import Descriptor
from ocinb.oci.digest import Digest
from ocinb.oci.document import encode
from ocinb.oci.manifest import parse_manifest
from ocinb.oci.strict_json import MANIFEST_LIMIT
from ocinb.protocol import endpoints
from ocinb.protocol.messages import Response
from ocinb.registry.call import Call, Claim
from ocinb.storage.store import Store, read_intact

LONGEST_PAGE = 10_000  # entries; clients bound what they parse
_LAST = "last"  # our own word: what comes after this digest is on the page


def listing(call: Call) -> Response:
    """An index of the referrers, also when there are none, or not even the repository (S25).

    It has at most 4 MiB, as a manifest; what does not fit is on the next page (S24). Pages are in
    the order of digests, so that what comes and goes meanwhile shifts none of them.
    """
    subject = Digest(call.places["digest"])
    wanted = call.parameter("artifactType")
    found = [each for each in _referrers(call, subject) if wanted in ("", each.artifact_type)]
    page = _page(found)
    headers = {"Content-Type": media_types.INDEX}
    if wanted:
        headers["OCI-Filters-Applied"] = "artifactType"
    if len(page) < len(found) or _LAST in call.query:
        found.sort(key=lambda each: each.digest)
        found = [each for each in found if each.digest > call.parameter(_LAST)]
        page = _page(found)
    if len(page) < len(found):
        headers["Link"] = f'<{_next(call, page[-1].digest)}>; rel="next"'
    return Response(200, headers, _index(page))


def _index(entries: Sequence[Descriptor]) -> bytes:
    head = {"schemaVersion": 2, "mediaType": media_types.INDEX}
    return encode({**head, "manifests": [each.to_json() for each in entries]})


def _page(entries: Sequence[Descriptor]) -> Sequence[Descriptor]:
    """The first of `entries`, as many as fit; one at least, however long it is."""
    room = MANIFEST_LIMIT - len(_index([]))
    for number, each in enumerate(entries):
        room -= len(encode(each.to_json())) + 1
        if number and (room < 0 or number == LONGEST_PAGE):
            return entries[:number]
    return entries


def _next(call: Call, last: Digest) -> str:
    """Where the next page is, asked for as this one was."""
    kept = {name: call.parameter(name) for name in ("artifactType",) if name in call.query}
    places = {"name": call.name, "digest": call.places["digest"]}
    return endpoints.LIST_REFERRERS.path({**kept, _LAST: last}, **places)


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
        raw = read_intact(store, manifest.digest)
        if raw is None:  # damaged, and may be pushed again
            return None
        claims[manifest.digest] = _read_claim(raw, manifest)
    return claims[manifest.digest]


def _read_claim(raw: bytes, manifest: Descriptor) -> Claim | None:
    try:
        found = parse_manifest(raw, manifest.media_type)
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
