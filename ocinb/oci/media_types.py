"""Media types: what a descriptor says its bytes are, in a table.

Unknown types are legal everywhere (image-spec, media-types.md) and never raise.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, TypeAlias

from ocinb.errors import InvalidContent
from ocinb.text import visible

Kind: TypeAlias = Literal[
    "index", "manifest", "config", "layer", "empty", "descriptor", "signature", "attestation",
    "sbom", "chart", "wasm", "cache", "obsolete", "other",
]  # fmt: skip

IMAGE_SPEC = "https://github.com/opencontainers/image-spec/blob/main/"
_DOCKER_SPEC = "https://github.com/distribution/distribution/blob/main/docs/content/spec/"
_HELM = "https://helm.sh/docs/topics/registries/"
_WASM = "https://github.com/opencontainers/wg-wasm"
IN_TOTO_SPEC = "https://github.com/in-toto/attestation/blob/main/spec/v1/"
COSIGN_SPEC = "https://github.com/sigstore/cosign/blob/main/specs/"
NOTARY_SPEC = "https://github.com/notaryproject/specifications/blob/main/specs/"

INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar"
LAYER_GZIP = "application/vnd.oci.image.layer.v1.tar+gzip"
LAYER_ZSTD = "application/vnd.oci.image.layer.v1.tar+zstd"
EMPTY = "application/vnd.oci.empty.v1+json"
ARTIFACT_MANIFEST = "application/vnd.oci.artifact.manifest.v1+json"
DOCKER_INDEX = "application/vnd.docker.distribution.manifest.list.v2+json"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_CONFIG = "application/vnd.docker.container.image.v1+json"
OCTET_STREAM = "application/octet-stream"
IN_TOTO = "application/vnd.in-toto+json"
BUILDKIT_ATTESTATIONS = "application/vnd.docker.attestation.manifest.v1+json"

INDEXES = (INDEX, DOCKER_INDEX)
MANIFESTS = (MANIFEST, DOCKER_MANIFEST)
IMAGE_CONFIGS = (CONFIG, DOCKER_CONFIG)
SCHEMA_1 = (
    "application/vnd.docker.distribution.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v1+prettyjws",
)
# What a client says it understands when it asks for a manifest, in one header (M-1, M-2).
READABLE = (INDEX, MANIFEST, DOCKER_INDEX, DOCKER_MANIFEST, ARTIFACT_MANIFEST)
ACCEPT = ", ".join(READABLE)

_GRAMMAR = re.compile(
    r"[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}/[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}", re.ASCII
)  # RFC 6838, section 4.2


@dataclass(frozen=True)
class MediaType:
    """A known media type: what a person calls it, what kind it is, where it is specified."""

    name: str
    meaning: str
    kind: Kind
    link: str = ""


def _rows(kind: Kind, link: str, *rows: tuple[str, str]) -> list[MediaType]:
    return [MediaType(name, meaning, kind, link) for name, meaning in rows]


_DOCKER = "application/vnd.docker."
_NONDISTRIBUTABLE = "application/vnd.oci.image.layer.nondistributable.v1.tar"

KNOWN: dict[str, MediaType] = {
    row.name: row
    for row in (
        *_rows("index", f"{IMAGE_SPEC}image-index.md", (INDEX, "image index")),
        *_rows("manifest", f"{IMAGE_SPEC}manifest.md", (MANIFEST, "image manifest")),
        *_rows("config", f"{IMAGE_SPEC}config.md", (CONFIG, "image config")),
        *_rows(
            "layer", f"{IMAGE_SPEC}layer.md",
            (LAYER, "layer, tar"), (LAYER_GZIP, "layer, tar + gzip"),
            (LAYER_ZSTD, "layer, tar + zstd"),
        ),
        *_rows(
            "layer", f"{IMAGE_SPEC}layer.md#non-distributable-layers",
            (_NONDISTRIBUTABLE, "non-distributable layer, tar"),
            (f"{_NONDISTRIBUTABLE}+gzip", "non-distributable layer, tar + gzip"),
            (f"{_NONDISTRIBUTABLE}+zstd", "non-distributable layer, tar + zstd"),
        ),
        *_rows(
            "empty", f"{IMAGE_SPEC}manifest.md#guidance-for-an-empty-descriptor",
            (EMPTY, "empty descriptor"),
        ),
        *_rows(
            "descriptor", f"{IMAGE_SPEC}descriptor.md",
            ("application/vnd.oci.descriptor.v1+json", "content descriptor"),
        ),
        *_rows(
            "manifest",
            "https://github.com/opencontainers/image-spec/blob/v1.1.0-rc2/artifact.md",
            (ARTIFACT_MANIFEST, "artifact manifest (dropped before 1.1)"),
        ),
        *_rows(
            "index", f"{_DOCKER_SPEC}manifest-v2-2.md#manifest-list",
            (DOCKER_INDEX, "manifest list (docker)"),
        ),
        *_rows(
            "manifest", f"{_DOCKER_SPEC}manifest-v2-2.md#image-manifest",
            (DOCKER_MANIFEST, "image manifest (docker)"),
        ),
        *_rows(
            "config", f"{_DOCKER_SPEC}manifest-v2-2.md", (DOCKER_CONFIG, "image config (docker)"),
            (f"{_DOCKER}plugin.v1+json", "plugin config (docker)"),
        ),
        *_rows(
            "layer", f"{_DOCKER_SPEC}manifest-v2-2.md",
            (f"{_DOCKER}image.rootfs.diff.tar", "layer, tar (docker)"),
            (f"{_DOCKER}image.rootfs.diff.tar.gzip", "layer, tar + gzip (docker)"),
            (f"{_DOCKER}image.rootfs.diff.tar.zstd", "layer, tar + zstd (docker)"),
            (f"{_DOCKER}image.rootfs.foreign.diff.tar", "foreign layer, tar (docker)"),
            (f"{_DOCKER}image.rootfs.foreign.diff.tar.gzip", "foreign layer, tar + gzip (docker)"),
        ),
        *_rows(
            "obsolete", f"{_DOCKER_SPEC}deprecated-schema-v1.md",
            *((name, "schema 1 manifest (docker, obsolete)") for name in SCHEMA_1),
        ),
        *_rows(
            "chart", _HELM,
            ("application/vnd.cncf.helm.config.v1+json", "Helm chart config"),
            ("application/vnd.cncf.helm.chart.content.v1.tar+gzip", "Helm chart"),
            ("application/vnd.cncf.helm.chart.provenance.v1.prov", "Helm chart provenance"),
        ),
        *_rows(
            "wasm", _WASM, ("application/vnd.wasm.config.v0+json", "Wasm config"),
            ("application/vnd.wasm.config.v1+json", "Wasm config"),
            ("application/vnd.wasm.content.layer.v1+wasm", "Wasm module"),
            ("application/wasm", "Wasm module"),
        ),
        *_rows("attestation", f"{IN_TOTO_SPEC}statement.md", (IN_TOTO, "in-toto statement")),
        *_rows(
            "attestation", "https://github.com/secure-systems-lab/dsse/blob/master/envelope.md",
            ("application/vnd.dsse.envelope.v1+json", "DSSE envelope"),
        ),
        *_rows(
            "attestation",
            "https://github.com/moby/buildkit/blob/master/docs/attestations/attestation-storage.md",
            (BUILDKIT_ATTESTATIONS, "BuildKit attestations"),
        ),
        *_rows(
            "signature", f"{COSIGN_SPEC}SIGNATURE_SPEC.md",
            ("application/vnd.dev.cosign.simplesigning.v1+json", "cosign signature payload"),
        ),
        *_rows(
            "signature", f"{COSIGN_SPEC}BUNDLE_SPEC.md",
            ("application/vnd.dev.sigstore.bundle.v0.1+json", "sigstore bundle"),
            ("application/vnd.dev.sigstore.bundle.v0.2+json", "sigstore bundle"),
            ("application/vnd.dev.sigstore.bundle.v0.3+json", "sigstore bundle"),
        ),
        *_rows(
            "signature", f"{NOTARY_SPEC}signature-specification.md",
            ("application/vnd.cncf.notary.signature", "Notation signature"),
            ("application/jose+json", "signature envelope, JWS"),
            ("application/cose", "signature envelope, COSE"),
        ),
        *_rows(
            "sbom", "https://spdx.dev/use/specifications/",
            ("application/spdx+json", "SBOM, SPDX"), ("text/spdx+json", "SBOM, SPDX"),
            ("text/spdx", "SBOM, SPDX tag-value"),
        ),
        *_rows(
            "sbom", "https://cyclonedx.org/specification/overview/",
            ("application/vnd.cyclonedx+json", "SBOM, CycloneDX"),
            ("application/vnd.cyclonedx+xml", "SBOM, CycloneDX XML"),
            ("application/vnd.cyclonedx", "SBOM, CycloneDX"),
        ),
        *_rows(
            "sbom", "https://github.com/anchore/syft", ("application/vnd.syft+json", "SBOM, Syft"),
        ),
        *_rows(
            "cache", "https://github.com/moby/buildkit",
            ("application/vnd.buildkit.cacheconfig.v0", "BuildKit cache config"),
        ),
    )
}  # fmt: skip

# Predicate types of in-toto statements, as a person calls them.
PREDICATES = {
    "https://spdx.dev/Document": "SBOM, SPDX",
    "https://cyclonedx.org/bom": "SBOM, CycloneDX",
    "https://slsa.dev/provenance/v0.2": "provenance, SLSA 0.2",
    "https://slsa.dev/provenance/v1": "provenance, SLSA 1",
    "https://openvex.dev/ns": "VEX",
}


def meaning(media_type: str) -> str:
    """What a person calls `media_type`; the type itself when it is not a known one."""
    known = KNOWN.get(media_type)
    return known.meaning if known else visible(media_type, 255)


def kind(media_type: str) -> Kind:
    """What kind of content `media_type` is; `other` when it is not a known one."""
    known = KNOWN.get(media_type)
    return known.kind if known else "other"


def link(media_type: str) -> str:
    """Where `media_type` is specified; empty when it is not a known one."""
    known = KNOWN.get(media_type)
    return known.link if known else ""


def is_foreign(media_type: str) -> bool:
    """Whether `media_type` is of layers that are not pushed, but fetched where their `urls` say."""
    return ".nondistributable." in media_type or ".foreign." in media_type  # OCI's, and docker's


def check(media_type: object, what: str) -> str:
    """`media_type` when it may travel in a header; raises `InvalidContent` otherwise."""
    if not isinstance(media_type, str) or not _GRAMMAR.fullmatch(media_type):
        raise InvalidContent(f"{what} has no valid media type: {visible(media_type, 100)!r}")
    return media_type
