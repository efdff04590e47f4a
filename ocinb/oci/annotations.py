"""Annotations: the keys that specs define, and where each is specified.

Any other key is legal everywhere (image-spec, annotations.md).
"""

from __future__ import annotations

from ocinb.oci import media_types
from ocinb.oci.media_types import COSIGN_SPEC, IMAGE_SPEC, IN_TOTO_SPEC, NOTARY_SPEC

_IMAGE = "org.opencontainers.image."
TITLE = f"{_IMAGE}title"
DESCRIPTION = f"{_IMAGE}description"
VERSION = f"{_IMAGE}version"
CREATED = f"{_IMAGE}created"
SOURCE = f"{_IMAGE}source"
LICENSES = f"{_IMAGE}licenses"
BASE_NAME = f"{_IMAGE}base.name"
BASE_DIGEST = f"{_IMAGE}base.digest"
REF_NAME = f"{_IMAGE}ref.name"  # the tag, in the index of an image layout
CONTAINERD_NAME = "io.containerd.image.name"  # the full name, there

# How BuildKit says that an entry of an index speaks of another one.
_REFERENCE = "vnd.docker.reference."
REFERENCE_TYPE = f"{_REFERENCE}type"
REFERENCE_DIGEST = f"{_REFERENCE}digest"
ATTESTATION_MANIFEST = "attestation-manifest"  # the type of such an entry

PREDICATE_TYPE = "in-toto.io/predicate-type"

# What layers say of the tables of contents in them; the second names are older.
ESTARGZ_TOC = "containerd.io/snapshot/stargz/toc.digest"
_ZSTD_CHUNKED = ("io.github.containers.zstd-chunked.", "io.containers.zstd-chunked.")
ZSTD_CHUNKED_CHECKSUMS = tuple(f"{prefix}manifest-checksum" for prefix in _ZSTD_CHUNKED)
ZSTD_CHUNKED_POSITIONS = tuple(f"{prefix}manifest-position" for prefix in _ZSTD_CHUNKED)
# How SOCI says which index belongs to an image, and which of its layers to which of the image's.
SOCI_INDEX = "com.amazon.soci.index-digest"
SOCI_LAYER = "com.amazon.soci.image-layer-digest"

_LINKS = {
    _IMAGE: f"{IMAGE_SPEC}annotations.md#pre-defined-annotation-keys",
    _REFERENCE: media_types.link(media_types.BUILDKIT_ATTESTATIONS),
    PREDICATE_TYPE: f"{IN_TOTO_SPEC}predicate.md",
    "dev.cosignproject.cosign/": f"{COSIGN_SPEC}SIGNATURE_SPEC.md",
    "dev.sigstore.": f"{COSIGN_SPEC}BUNDLE_SPEC.md",
    "io.cncf.notary.": f"{NOTARY_SPEC}signature-specification.md",
    "org.label-schema.": "https://label-schema.org/rc1/",
}


def link(key: str) -> str:
    """Where the annotation `key` is specified; empty when it is not a known one."""
    return next((url for prefix, url in _LINKS.items() if key.startswith(prefix)), "")
