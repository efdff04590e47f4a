"""The folder of a registry as other tools see it, while the registry is open and at work."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

import ocinb
from ocinb.protocol.messages import Request
from ocinb.registry import sample
from tests.peers.clients import Clients

pytestmark = pytest.mark.peers

# How each reads the manifest of a tag in a layout, byte for byte.
READS: dict[str, Callable[[Clients, str], str]] = {
    "oras": lambda by, tag: by.oras("manifest", "fetch", "--oci-layout", tag),
    "regctl": lambda by, tag: by.regctl("manifest", "get", "--format=raw-body", f"ocidir://{tag}"),
    "skopeo": lambda by, tag: by.skopeo("inspect", "--raw", f"oci:{tag}"),
}


@pytest.mark.parametrize("tool", READS)
def test_a_repository_is_a_layout_that_others_read_while_it_is_written_to(
    tool: str, clients: Clients, tmp_path: Path
) -> None:
    with ocinb.LocalRegistry(tmp_path) as registry:
        pushed = ocinb.Repository("demo/app", registry=registry)
        image = sample.app().children[0]
        pushed.push(image, "v1", progress=False)
        opened = registry.handle(Request("POST", "/v2/demo/app/blobs/uploads/"))
        half = Request("PATCH", opened.headers["location"], {}, b"half")
        assert registry.handle(half).status == 202
        read = READS[tool](clients, f"{tmp_path / 'demo/app'}:v1")
        assert ocinb.Digest.of(read.strip().encode()) == pushed["v1"].digest
    assert json.loads(read)["layers"]


def test_crane_pushes_a_repository_s_folder_as_it_is(clients: Clients, tmp_path: Path) -> None:
    with ocinb.LocalRegistry(tmp_path) as registry, ocinb.LocalRegistry() as target:
        image = sample.app().children[0]
        pushed = ocinb.Repository("demo/app", registry=registry)
        pushed.push(image, "v1", progress=False)
        registry.handle(Request("POST", "/v2/demo/app/blobs/uploads/"))
        clients.crane("push", tmp_path / "demo/app", f"{target.serve().host}/demo/copy:v1")
        copy = ocinb.Repository("demo/copy", registry=target)
        assert copy["v1"].digest == pushed["v1"].digest
