"""What the registry's tests share: asking it, and something to ask it for."""

from __future__ import annotations

import json
from collections.abc import Iterator

from ocinb.oci import media_types
from ocinb.oci.descriptor import Descriptor
from ocinb.oci.digest import Digest
from ocinb.oci.manifest import Manifest
from ocinb.protocol.fields.headers import Headers
from ocinb.protocol.messages import Body, Request, Response
from ocinb.registry.app import LocalRegistry
from ocinb.registry.refusals import CODES

BLOB = bytes(range(256)) * 8  # 2,048 bytes, as the conformance suite has
NAME = Digest.of(BLOB)
NAME_512 = Digest.of(BLOB, "sha512")
CONFIG = b"{}"
MANIFEST = Manifest.of(
    Descriptor.of(CONFIG, media_types.CONFIG), [Descriptor.of(BLOB, media_types.LAYER)]
)


class Streamed:
    """A body that does not say how long it is."""

    size = None

    def __init__(self, *pieces: bytes) -> None:
        self.pieces = pieces

    def __iter__(self) -> Iterator[bytes]:
        yield from self.pieces


def ask(
    registry: LocalRegistry, method: str, url: str, body: bytes | Body = b"", **headers: str
) -> Response:
    """The registry's answer, its content read; every refusal is checked for its form (S30)."""
    named = Headers([(name.replace("_", "-"), value) for name, value in headers.items()])
    response = registry.handle(Request(method, url, named, body))
    if response.stream is not None:
        response = Response(response.status, response.headers, b"".join(response.stream))
    if method != "HEAD" and response.status != 204:
        assert response.headers["content-length"] == str(len(response.body))
    if response.status >= 400 and method != "HEAD":
        assert response.headers["content-type"] == "application/json"
        (error,) = json.loads(response.body)["errors"]
        assert error["code"] in CODES
        assert error["message"]
    return response


def code(response: Response) -> str:
    """The code of a refusal, with its status."""
    return f"{response.status} {json.loads(response.body)['errors'][0]['code']}"


def push_blob(registry: LocalRegistry, name: str, content: bytes = BLOB) -> Digest:
    """Push a blob in one request."""
    digest = Digest.of(content)
    url = f"/v2/{name}/blobs/uploads/?digest={digest}"
    assert ask(registry, "POST", url, content).status == 201
    return digest


def push_manifest(registry: LocalRegistry, name: str, reference: str = "v1") -> Response:
    """Push the image that these tests are about, with its blobs."""
    push_blob(registry, name)
    push_blob(registry, name, CONFIG)
    return put_manifest(registry, name, reference, MANIFEST.raw)


def put_manifest(
    registry: LocalRegistry,
    name: str,
    reference: str,
    raw: bytes | Body,
    media_type: str = media_types.MANIFEST,
) -> Response:
    """Push any bytes as a manifest."""
    url = f"/v2/{name}/manifests/{reference}"
    return ask(registry, "PUT", url, raw, Content_Type=media_type)


def open_upload(registry: LocalRegistry, name: str, query: str = "") -> str:
    """The location of a new upload session."""
    response = ask(registry, "POST", f"/v2/{name}/blobs/uploads/{query}")
    assert response.status == 202
    return response.headers["location"]
