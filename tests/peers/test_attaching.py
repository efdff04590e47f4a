"""Artifacts and signatures on real registries, as the clients of other people find them."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from pathlib import Path

import pytest

import ocinb
from ocinb.oci.image import Content
from ocinb.oci.manifest import Manifest
from ocinb.oci.signature import SIGNATURE, SIMPLE_SIGNING, digest_to_signature_tag
from tests.peers.clients import Clients, Failed
from tests.peers.registries import Running

pytestmark = pytest.mark.peers

SPDX = "application/spdx+json"
# In cosign's own way of tags, without its transparency log.
BY_TAG = ("--new-bundle-format=false", "--use-signing-config=false", "--tlog-upload=false", "-y")


@dataclass(frozen=True)
class Keys:
    """A pair of keys in files."""

    private: Path
    public: Path


@pytest.fixture(scope="module")
def keys(clients: Clients, tmp_path_factory: pytest.TempPathFactory) -> Keys:
    folder = tmp_path_factory.mktemp("keys")
    clients._run("cosign", "generate-key-pair", f"--output-key-prefix={folder / 'pair'}")
    return Keys(folder / "pair.key", folder / "pair.pub")


def sign(clients: Clients, keys: Keys, repository: ocinb.Repository, digest: str) -> None:
    clients.cosign("sign", f"--key={keys.private}", *BY_TAG, repository.at(digest))


def verify(clients: Clients, keys: Keys, repository: ocinb.Repository, digest: str) -> str:
    return clients.cosign(
        "verify", f"--key={keys.public}", "--insecure-ignore-tlog", repository.at(digest)
    )


def signatures(repository: ocinb.Repository, digest: str) -> list[tuple[bytes, bytes]]:
    """Payloads and signatures under cosign's tag."""
    found = repository.manifest(digest_to_signature_tag(digest))
    assert isinstance(found, Manifest)
    return [
        (repository.pull_blob(each), base64.b64decode(each.annotations[SIGNATURE]))
        for each in found.layers
    ]


def test_an_sbom_is_found_and_fetched_by_others(
    registry: Running,
    repository: ocinb.Repository,
    contents: dict[str, Content],
    clients: Clients,
    tmp_path: Path,
) -> None:
    """C30, C34: through the API, or the referrers tag of distribution."""
    repository.push(contents["app"], "v1", progress=False)
    pushed = repository.push_referrer(b'{"a":1}', SPDX, "v1", progress=False)
    found = repository.referrers("v1", SPDX)
    assert [each.digest for each in found] == [pushed.descriptor.digest]
    assert found.source == ("tag" if registry.kind == "distribution" else "api")
    said = clients.oras("discover", "--format=json", f"--artifact-type={SPDX}", repository.at("v1"))
    assert pushed.descriptor.digest in said
    listed = clients.regctl(
        "artifact", "list", "--format={{json .Descriptors}}", repository.at("v1")
    )
    assert [each["digest"] for each in json.loads(listed)] == [pushed.descriptor.digest]
    clients.oras("pull", f"--output={tmp_path}", repository.at(pushed.descriptor.digest))
    assert (tmp_path / "sbom.spdx.json").read_bytes() == b'{"a":1}'


def test_a_signature_of_ocibuild_s_layout_is_a_referrer_for_others_too(
    repository: ocinb.Repository, contents: dict[str, Content], clients: Clients
) -> None:
    repository.push(contents["app"], "v1", progress=False)
    for signature in (b"\1", b"\2"):
        repository.push_signature(b"{}", signature, "v1", layout="referrer", progress=False)
    assert len(repository.referrers("v1", SIMPLE_SIGNING)) == 2
    said = clients.regctl("artifact", "list", "--format={{json .Descriptors}}", repository.at("v1"))
    assert len(json.loads(said)) == 2


def test_cosign_finds_what_we_put_there_and_keeps_it_as_we_keep_what_it_puts_there(
    repository: ocinb.Repository, contents: dict[str, Content], clients: Clients, keys: Keys
) -> None:
    """16 of ocibuild's weaknesses."""
    elsewhere = repository.registry[f"{repository.name}-signed"]
    digest = elsewhere.push(contents["app"], "v1", progress=False).descriptor.digest
    sign(clients, keys, elsewhere, digest)
    ((payload, signature),) = signatures(elsewhere, digest)

    repository.push(contents["app"], "v1", progress=False)
    with pytest.raises(Failed):
        verify(clients, keys, repository, digest)
    for each in (b"somebody else's", signature, signature):
        repository.push_signature(payload, each, "v1", layout="cosign", progress=False)
    verify(clients, keys, repository, digest)
    sign(clients, keys, repository, digest)
    kept = [each for _, each in signatures(repository, digest)]
    assert (kept[:2], len(kept)) == ([b"somebody else's", signature], 3)
    repository.push_signature(payload, b"one more", "v1", layout="cosign", progress=False)
    assert [each for _, each in signatures(repository, digest)] == [*kept, b"one more"]
    assert verify(clients, keys, repository, digest)


def test_our_first_signature_is_byte_for_byte_what_cosign_would_have_written(
    repository: ocinb.Repository, contents: dict[str, Content], clients: Clients, keys: Keys
) -> None:
    digest = repository.push(contents["app"], "v1", progress=False).descriptor.digest
    sign(clients, keys, repository, digest)
    theirs = repository.manifest(digest_to_signature_tag(digest))
    ((payload, signature),) = signatures(repository, digest)
    other = repository.registry[f"{repository.name}-other"]
    other.push(contents["app"], "v1", progress=False)
    ours = other.push_signature(payload, signature, "v1", layout="cosign", progress=False)
    assert ours.descriptor.digest == theirs.digest


def test_several_tags_at_once_are_there_whatever_the_registry_knows(
    registry: Running, repository: ocinb.Repository, contents: dict[str, Content]
) -> None:
    """C28: olareg and ours acknowledge them, distribution does not."""
    app = contents["app"]
    repository.push(app, "a", "b", "c", tags_at_once=True, progress=False)
    assert sorted(repository.tags()) == ["a", "b", "c"]
    assert {repository[tag].digest for tag in "abc"} == {app.digest}
    repository.tag_from_digest(app.digest, "d", "e")
    assert repository["e"].digest == app.digest
    assert repository.registry.tagging.at_once is (registry.kind != "distribution")
