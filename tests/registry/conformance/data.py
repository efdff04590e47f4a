"""The data sets of the suite, each named as it names them: blobs, and the manifests that name them.

They are written as plain JSON, so that nothing of what is tested makes them.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from ocinb.oci import media_types
from ocinb.oci.digest import Digest

Json = dict[str, Any]
SBOM, SIGNATURE = "application/vnd.example.sbom", "application/vnd.example.signature"


class Blob(NamedTuple):
    """A blob, and the digest it is pushed under."""

    digest: Digest
    content: bytes


@dataclass(frozen=True)
class Pushed:
    """A manifest, the digest it is pushed under, and the tags that it gets.

    `tags` are pushed one by one, `extra` as parameters of the push by digest.
    """

    raw: bytes
    media_type: str
    digest: Digest
    tags: tuple[str, ...] = ()
    extra: tuple[str, ...] = ()

    @property
    def document(self) -> Json:
        value: Json = json.loads(self.raw)
        return value

    @property
    def subject(self) -> str:
        return str(self.document.get("subject", {}).get("digest", ""))

    @property
    def descriptor(self) -> Json:
        size = len(self.raw)
        return {"mediaType": self.media_type, "digest": str(self.digest), "size": size}

    @property
    def entry(self) -> Json:
        """How it is listed among the referrers of its subject."""
        config = self.document.get("config", {})
        kind = self.document.get("artifactType") or config.get("mediaType")
        annotations = self.document.get("annotations")
        more = {"artifactType": kind, "annotations": annotations}
        return {**self.descriptor, **{name: value for name, value in more.items() if value}}


@dataclass
class Data:
    """A data set in the making: what is pushed, in this order."""

    algorithm: str = "sha256"
    blobs: dict[Digest, bytes] = field(default_factory=dict)
    manifests: list[Pushed] = field(default_factory=list)

    def digest(self, content: bytes) -> Digest:
        return Digest(f"{self.algorithm}:{hashlib.new(self.algorithm, content).hexdigest()}")

    def blob(self, content: bytes, media_type: str, *, pushed: bool = True, **fields: Any) -> Json:
        """The descriptor of a blob, which is pushed unless told otherwise."""
        digest = self.digest(content)
        if pushed:
            self.blobs[digest] = content
        named = {"mediaType": media_type, "digest": str(digest), "size": len(content)}
        return {**named, **fields}

    def manifest(
        self, document: Json, *tags: str, pushed: bool = True, extra: Iterable[str] = ()
    ) -> Pushed:
        """A manifest or index, which is pushed unless told otherwise."""
        raw = json.dumps({"schemaVersion": 2, **document}, indent=1).encode()
        made = Pushed(raw, document["mediaType"], self.digest(raw), tags, tuple(extra))
        if pushed:
            self.manifests.append(made)
        return made

    def image(self, *tags: str, seed: str = "", **options: Any) -> Pushed:
        """An image; `fields` of its manifest and of its layers can be given."""
        layer = options.pop("layer", {})
        names = options.pop("layers", ("one", "two"))
        pushed = {key: options.pop(key) for key in ("pushed", "extra") if key in options}
        compressed = options.pop("compressed", True)
        kind = media_types.LAYER_GZIP if compressed else media_types.LAYER
        archives = [f"{seed} {name}".encode() * 50 for name in names]
        layers = [gzip.compress(each, mtime=0) if compressed else each for each in archives]
        ids = [f"sha256:{hashlib.sha256(each).hexdigest()}" for each in archives]
        config = {
            "architecture": "amd64", "os": "linux", "author": seed,
            "rootfs": {"type": "layers", "diff_ids": ids},
        }  # fmt: skip
        document = {
            "mediaType": media_types.MANIFEST,
            "config": self.blob(json.dumps(config).encode(), media_types.CONFIG),
            "layers": [self.blob(each, kind, **layer) for each in layers],
            **options,
        }
        return self.manifest(document, *tags, **pushed)

    def artifact(self, kind: str, *tags: str, layers: bool = True, **fields: Any) -> Pushed:
        """An artifact without a config, of the type `kind`."""
        empty = self.blob(b"{}", media_types.EMPTY)
        layer = self.blob(f"what {kind} says".encode(), kind) if layers else empty
        document = {
            "mediaType": media_types.MANIFEST, "artifactType": kind,
            "config": empty, "layers": [layer], **fields,
        }  # fmt: skip
        return self.manifest(document, *tags)

    def index(self, children: Iterable[Pushed], *tags: str, **fields: Any) -> Pushed:
        """An index of `children`."""
        extra = fields.pop("extra", ())
        named = [each.descriptor for each in children]
        document = {"mediaType": media_types.INDEX, "manifests": named, **fields}
        return self.manifest(document, *tags, extra=extra)

    def images(self, *seeds: str) -> list[Pushed]:
        return [self.image(seed=seed) for seed in seeds]


def image(data: Data) -> None:
    data.image("image")


def image_uncompressed(data: Data) -> None:
    data.image("image-uncompressed", compressed=False)


def large_manifest(data: Data) -> None:
    data.image("large", annotations={f"key{n}": f"{n % 10}" * 10_000 for n in range(390)})


def index(data: Data) -> None:
    data.index(data.images("amd64", "arm64"), "index")


def nested_index(data: Data) -> None:
    inner = [data.index(data.images(f"{n}-amd64", f"{n}-arm64")) for n in range(2)]
    data.index(inner, "nested-index")


def empty_index(data: Data) -> None:
    data.index([], "empty-index")


def artifact(data: Data) -> None:
    data.artifact(SBOM, "artifact")


def artifact_index(data: Data) -> None:
    data.index([data.artifact(SBOM), data.artifact(SIGNATURE)], "artifact-index", artifactType=SBOM)


def artifact_without_layers(data: Data) -> None:
    data.artifact(SBOM, "artifact-without-layers", layers=False)


def artifacts_with_subject(data: Data) -> None:
    subject = data.image("image").descriptor
    noted = {"org.opencontainers.conformance": "hello"}
    data.artifact(SBOM, "sbom", subject=subject, annotations=noted)
    data.artifact(SIGNATURE, "signature", subject=subject)
    data.image(seed="typed by its config", subject=subject)


def index_with_subject(data: Data) -> None:
    subject = data.image("image").descriptor
    noted = {"org.opencontainers.conformance": "hello"}
    data.index(data.images("a"), "typed", subject=subject, artifactType=SBOM, annotations=noted)
    data.index(data.images("b"), subject=subject)


def missing_subject(data: Data) -> None:
    subject = data.image(seed="missing", pushed=False).descriptor
    data.blobs.clear()
    data.artifact(SBOM, "missing-subject", subject=subject)


def data_field(data: Data) -> None:
    embedded = base64.b64encode(b"{}").decode()
    config = data.blob(b"{}", media_types.EMPTY, data=embedded)
    layers = [data.blob(b"small", SBOM, data=base64.b64encode(b"small").decode())]
    kind = {"mediaType": media_types.MANIFEST, "artifactType": SBOM}
    data.manifest({**kind, "config": config, "layers": layers}, "data-field")


def non_distributable_layers(data: Data) -> None:
    elsewhere = "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip"
    urls = ["https://store.example.com/blobs/1"]
    layers = [
        data.blob(b"far away", elsewhere, pushed=False, urls=urls),
        data.blob(b"here", media_types.LAYER),
    ]
    config = data.blob(b'{"architecture":"amd64","os":"linux"}', media_types.CONFIG)
    kind = {"mediaType": media_types.MANIFEST}
    data.manifest({**kind, "config": config, "layers": layers}, "non-distributable-layers")


def custom_fields(data: Data) -> None:
    odd = {"org.example.odd": {"deep": [1, None, "é"]}}
    children = [data.image(seed=seed, layer=odd, **odd) for seed in ("amd64", "arm64")]
    data.index(children, "custom-fields", **odd)


def no_layers(data: Data) -> None:
    data.image("no-layers", layers=())


def sparse(data: Data) -> None:
    absent = data.image(seed="absent", pushed=False)
    data.blobs.clear()
    data.index([data.image(seed="there"), absent], "sparse-index")
    gone = data.blob(b"gone", media_types.LAYER, pushed=False)
    config = data.blob(b'{"architecture":"arm","os":"linux"}', media_types.CONFIG)
    kind = {"mediaType": media_types.MANIFEST}
    data.manifest({**kind, "config": config, "layers": [gone]}, "sparse-image")


def algorithm(data: Data) -> None:
    data.index(data.images("amd64", "arm64"))


def tag_param(data: Data) -> None:
    extra = [f"tag{n}" for n in range(12)]
    children = [data.image(seed="amd64", extra=["amd64"]), data.image(seed="arm64")]
    data.index(children, extra=extra)


SETS: dict[str, tuple[Callable[[Data], None], str]] = {
    "image": (image, "sha256"),
    "image-uncompressed": (image_uncompressed, "sha256"),
    "large-manifest": (large_manifest, "sha256"),
    "index": (index, "sha256"),
    "nested-index": (nested_index, "sha256"),
    "empty-index": (empty_index, "sha256"),
    "artifact": (artifact, "sha256"),
    "artifact-index": (artifact_index, "sha256"),
    "artifact-without-layers": (artifact_without_layers, "sha256"),
    "artifacts-with-subject": (artifacts_with_subject, "sha256"),
    "index-with-subject": (index_with_subject, "sha256"),
    "missing-subject": (missing_subject, "sha256"),
    "data-field": (data_field, "sha256"),
    "non-distributable-layers": (non_distributable_layers, "sha256"),
    "custom-fields": (custom_fields, "sha256"),
    "no-layers": (no_layers, "sha256"),
    "sparse": (sparse, "sha256"),
    "sha512": (algorithm, "sha512"),
    "tag-param-sha256": (tag_param, "sha256"),
    "tag-param-sha512": (tag_param, "sha512"),
}


def made(name: str) -> Data:
    """The data set of this name."""
    make, hashed = SETS[name]
    data = Data(hashed)
    make(data)
    return data
