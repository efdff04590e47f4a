"""Signatures in cosign's simple form: a payload, and beside it, in an annotation, its signature.

They are found by a tag made of the subject's digest, which is cosign's own way (SIGNATURE_SPEC.md
of sigstore/cosign); or as referrers, as ocibuild documents it, which cosign does not look for.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any, Literal, TypeAlias

from ocinb.errors import InvalidContent, NotSupported
from ocinb.oci import annotations as keys
from ocinb.oci import media_types
from ocinb.oci.attached import made, moment, pointer
from ocinb.oci.descriptor import Descriptor
from ocinb.oci.digest import Digest
from ocinb.oci.document import encode
from ocinb.oci.image import Blob, Image
from ocinb.oci.manifest import AnyManifest, Manifest, parse_manifest

Layout: TypeAlias = Literal["referrer", "cosign"]

SIMPLE_SIGNING = "application/vnd.dev.cosign.simplesigning.v1+json"
SIGNATURE = "dev.cosignproject.cosign/signature"
MOST_SIGNATURES = 1_000  # that cosign reads of one subject
_LONG_AGO = "0001-01-01T00:00:00Z"  # what Go programs write for no time at all


def digest_to_signature_tag(digest: str) -> str:
    """The tag under which cosign keeps the signatures of what has this digest: `sha256-….sig`.

    Raises `NotSupported` for algorithms whose digests make a longer tag than there may be.
    """
    known = Digest(digest)
    tag = f"{known.algorithm}-{known.encoded}.sig"
    if len(tag) > 128:
        raise NotSupported(
            f"cosign's tag for a {known.algorithm} digest would be longer than a tag may be",
            hints=["layout='referrer' needs no tag"],
        )
    return tag


def signed(payload: bytes, signature: bytes) -> Blob:
    """The payload as a layer, with its signature in the annotation that cosign reads."""
    said = {SIGNATURE: base64.b64encode(signature).decode()}
    return Blob.of(payload, SIMPLE_SIGNING, annotations=said)


def referring(layer: Blob, subject: Descriptor, created: datetime) -> Image:
    """A signature as a referrer of `subject`, with the payload for a config, too (ocibuild's)."""
    config = Blob(Descriptor(SIMPLE_SIGNING, layer.digest, layer.size), layer.open)
    manifest = made(
        artifact_type=SIMPLE_SIGNING,
        config=config.descriptor.to_json(),
        layers=[layer.descriptor.to_json()],
        subject=pointer(subject),
        annotations={keys.CREATED: moment(created)},
    )
    return Image(manifest, (config, layer))


def with_signature(found: AnyManifest | None, layer: Blob) -> Image | None:
    """What is under a signature tag, or nothing yet, with one more signature behind all others.

    None when it has that one already. The blobs are those that are new. Raises `InvalidContent`
    when there is something else than signatures.
    """
    if found is not None and not isinstance(found, Manifest):
        raise InvalidContent(f"the tag for signatures is {found.media_type}: nothing can be added")
    layers = found.layers if found else ()
    if any(_same(each, layer.descriptor) for each in layers):
        return None
    if len(layers) >= MOST_SIGNATURES:
        raise InvalidContent(f"it has {len(layers):,} signatures, and cosign reads no more")
    config = _config(each.digest for each in (*layers, layer.descriptor))
    document: dict[str, Any] = {
        **(found.json if found else {"schemaVersion": 2, "mediaType": media_types.MANIFEST}),
        "config": _written(config.descriptor),
        "layers": [*(found.json["layers"] if found else ()), _written(layer.descriptor)],
    }
    manifest = parse_manifest(encode(document), found.media_type if found else media_types.MANIFEST)
    assert isinstance(manifest, Manifest)  # it has the media type of one
    return Image(manifest, (config, layer))


def _written(descriptor: Descriptor) -> dict[str, Any]:
    """A descriptor with its fields in cosign's order, for the same digest as cosign's."""
    fields = descriptor.to_json()
    return {"mediaType": fields.pop("mediaType"), "size": fields.pop("size"), **fields}


def _same(one: Descriptor, other: Descriptor) -> bool:
    """Whether two layers are one signature, whatever else is said about them."""
    signatures = [each.annotations.get(SIGNATURE) for each in (one, other)]
    return one.digest == other.digest and signatures[0] == signatures[1]


def _config(layers: Iterable[Digest]) -> Blob:
    """The image config that cosign writes for its signatures, so that registries see an image."""
    diff_ids = [str(each) for each in layers]
    config = {
        "architecture": "",
        "created": _LONG_AGO,
        "history": [{"created": _LONG_AGO} for _ in diff_ids],
        "os": "",
        "rootfs": {"type": "layers", "diff_ids": diff_ids},
        "config": {},
    }
    raw = json.dumps(config, separators=(",", ":")).encode()
    return Blob.of(raw, media_types.CONFIG)
