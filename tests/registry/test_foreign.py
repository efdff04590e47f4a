"""Layouts that others wrote, opened as a registry: G-25, K-23, S28."""

from __future__ import annotations

import json
import os

import pytest

from ocinb.oci import media_types
from ocinb.oci.descriptor import Descriptor
from ocinb.oci.digest import Digest
from ocinb.oci.index import Index
from ocinb.oci.manifest import Manifest
from ocinb.registry.app import LocalRegistry
from tests.registry.asking import BLOB, CONFIG, MANIFEST, NAME, ask, code, put_manifest

EMPTY = Descriptor.of(CONFIG, media_types.CONFIG)
SIGNATURE = Manifest.of(EMPTY, [], subject=MANIFEST.descriptor, artifact_type="a/signature")
STRANGER = Manifest.of(EMPTY, [], artifact_type="a/stranger")
OF_ANOTHER = Manifest.of(EMPTY, [], subject=STRANGER.descriptor, artifact_type="a/other")


REF_NAME = "org.opencontainers.image.ref.name"
UNKNOWN = "application/vnd.example.unknown+json"


class Odd:
    """A document of a type that nobody knows."""

    def __init__(self, raw: bytes) -> None:
        self.raw, self.descriptor = raw, Descriptor.of(raw, UNKNOWN)


class Folder:
    """A layout in the making, by hand: nothing of ours writes it."""

    def __init__(self, path):
        self.path, self.entries = path, []
        (path / "blobs/sha256").mkdir(parents=True)
        (path / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')
        for content in (BLOB, CONFIG):
            self.blob(content)

    def place(self, digest: Digest):
        return self.path / "blobs" / digest.algorithm / digest.encoded

    def blob(self, content: bytes) -> None:
        self.place(Digest.of(content)).write_bytes(content)

    def manifest(self, manifest, tag: str = "") -> None:
        """A manifest with its content; without a tag, only content: somebody else may name it."""
        self.blob(manifest.raw)
        if tag:
            entry = manifest.descriptor.to_json()
            entry["annotations"] = {REF_NAME: tag}
            self.entries.append(entry)
            index = {"schemaVersion": 2, "manifests": self.entries}
            (self.path / "index.json").write_text(json.dumps(index))


@pytest.fixture
def folder(tmp_path):
    return Folder(tmp_path / "registry/demo/app")


@pytest.fixture
def opened(tmp_path, folder):
    """The registry that the folder is opened as; the folder may change while it is open."""
    folder.manifest(MANIFEST, "v1")
    with LocalRegistry(tmp_path / "registry") as registry:
        yield registry


def get(registry, what: str, method: str = "GET"):
    return ask(registry, method, f"/v2/demo/app/{what}")


def referrers(registry, subject: Digest):
    answer = get(registry, f"referrers/{subject}")
    assert answer.status == 200
    return {entry["digest"] for entry in json.loads(answer.body)["manifests"]}


def fallback(subject: Digest) -> str:
    """The referrers tag of the spec."""
    return str(subject).replace(":", "-")


def test_what_another_tool_wrote_is_served_and_added_to(opened, folder):
    assert get(opened, "manifests/v1").body == MANIFEST.raw
    assert put_manifest(opened, "demo/app", "v2", MANIFEST.raw).status == 201
    index = json.loads((folder.path / "index.json").read_text())
    names = [
        each["annotations"]["org.opencontainers.image.ref.name"] for each in index["manifests"]
    ]
    assert sorted(names) == ["v1", "v2"]


@pytest.mark.parametrize("kind", ["link", "hard way round", "pipe", "folder"])
def test_G25_what_is_no_file_is_no_blob(opened, folder, tmp_path, kind):
    """A link could lead to any file of this machine."""
    secret = tmp_path / "secret"
    secret.write_bytes(BLOB)
    path = folder.place(NAME)
    path.unlink()
    {
        "link": lambda: path.symlink_to(secret),
        "hard way round": lambda: path.symlink_to("../../../../../secret"),
        "pipe": lambda: os.mkfifo(path),
        "folder": path.mkdir,
    }[kind]()
    for method in ("GET", "HEAD", "DELETE"):
        assert get(opened, f"blobs/{NAME}", method).status == 404
    mount = ask(opened, "POST", f"/v2/demo/other/blobs/uploads/?mount={NAME}&from=demo/app")
    assert mount.status == 202
    assert secret.read_bytes() == BLOB


def test_G25_a_manifest_that_is_not_what_its_name_says_is_not_there_until_pushed_again(
    opened, folder
):
    folder.place(MANIFEST.digest).write_bytes(STRANGER.raw)
    for reference in ("v1", MANIFEST.digest):
        answer = get(opened, f"manifests/{reference}")
        assert code(answer) == "404 MANIFEST_UNKNOWN"
        assert b"something else" in answer.body
    assert put_manifest(opened, "demo/app", MANIFEST.digest, MANIFEST.raw).status == 201
    assert get(opened, "manifests/v1").body == MANIFEST.raw


def test_G25_a_damaged_blob_is_found_out_when_it_is_mounted_elsewhere_by_copy(opened, folder):
    """Whoever pulls it checks it; what is copied here is checked here."""
    folder.place(NAME).write_bytes(BLOB[:-1] + b"?")
    memory = LocalRegistry()
    assert get(opened, f"blobs/{NAME}").body != BLOB
    url = f"/v2/demo/app/blobs/uploads/?digest={NAME}"
    answer = ask(memory, "POST", url, get(opened, f"blobs/{NAME}").body)
    assert code(answer) == "400 DIGEST_INVALID"


@pytest.mark.parametrize(
    "index",
    [b"", b"{", b"[]", b'{"manifests":{}}', b"\xff\xfe", b'{"manifests":[],"manifests":[]}'],
)
def test_G25_a_bad_index_is_the_registry_s_own_trouble(opened, folder, index):
    (folder.path / "index.json").write_bytes(index)
    for what in ("manifests/v1", "tags/list", f"blobs/{NAME}", f"referrers/{MANIFEST.digest}"):
        answer = get(opened, what)
        assert answer.status == 500
        assert b"index.json" in answer.body
    assert put_manifest(opened, "demo/app", "v2", MANIFEST.raw).status == 500
    assert (folder.path / "index.json").read_bytes() == index


def test_G25_what_stands_in_nested_indexes_is_served(opened, folder):
    inner = Index.of([SIGNATURE.descriptor])
    outer = Index.of([inner.descriptor, MANIFEST.descriptor])
    folder.manifest(SIGNATURE)
    folder.manifest(inner)
    folder.manifest(outer, "all")
    for manifest in (outer, inner, SIGNATURE):
        answer = get(opened, f"manifests/{manifest.digest}")
        assert answer.body == manifest.raw
        assert answer.headers["content-type"] == manifest.media_type
    assert referrers(opened, MANIFEST.digest) == {SIGNATURE.digest}


def test_G25_unknown_media_types_are_served_as_they_are_and_refer_to_nothing(opened, folder):
    raw = json.dumps({"mediaType": UNKNOWN, "subject": MANIFEST.descriptor.to_json()}).encode()
    folder.manifest(Odd(raw), "odd")
    for reference in ("odd", Digest.of(raw)):
        answer = get(opened, f"manifests/{reference}")
        assert answer.headers["content-type"] == UNKNOWN
        assert answer.body == raw
    assert referrers(opened, MANIFEST.digest) == set()


def test_G25_entries_that_nobody_understands_are_kept(opened, folder):
    index = json.loads((folder.path / "index.json").read_text())
    odd = [7, {"mediaType": "x/y"}, {"mediaType": "x/y", "digest": "md5:0", "size": 1}]
    index["manifests"] += odd
    (folder.path / "index.json").write_text(json.dumps(index))
    assert put_manifest(opened, "demo/app", "v2", MANIFEST.raw).status == 201
    assert json.loads((folder.path / "index.json").read_text())["manifests"][-3:] == odd


def test_S28_entries_of_a_referrers_tag_are_listed_if_their_manifests_name_the_subject(
    opened, folder
):
    listed = Index.of([SIGNATURE.descriptor, STRANGER.descriptor, OF_ANOTHER.descriptor])
    for manifest in (SIGNATURE, STRANGER, OF_ANOTHER):
        folder.manifest(manifest)
    folder.manifest(listed, fallback(MANIFEST.digest))
    assert referrers(opened, MANIFEST.digest) == {SIGNATURE.digest}
    assert referrers(opened, STRANGER.digest) == {OF_ANOTHER.digest}


def test_S28_an_entry_says_what_its_manifest_says_and_not_what_the_tag_did(opened, folder):
    lie = Descriptor(
        SIGNATURE.media_type, SIGNATURE.digest, len(SIGNATURE.raw), artifact_type="a/lie"
    )
    folder.manifest(SIGNATURE)
    folder.manifest(Index.of([lie]), fallback(MANIFEST.digest))
    (entry,) = json.loads(get(opened, f"referrers/{MANIFEST.digest}").body)["manifests"]
    assert entry["artifactType"] == "a/signature"
    url = f"referrers/{MANIFEST.digest}?artifactType=a/lie"
    assert json.loads(get(opened, url).body)["manifests"] == []


def test_S28_an_entry_whose_manifest_is_missing_or_damaged_is_not_listed(opened, folder):
    folder.manifest(Index.of([SIGNATURE.descriptor]), fallback(MANIFEST.digest))
    assert referrers(opened, MANIFEST.digest) == set()
    folder.place(SIGNATURE.digest).write_bytes(STRANGER.raw)
    assert referrers(opened, MANIFEST.digest) == set()
    folder.manifest(SIGNATURE)
    assert referrers(opened, MANIFEST.digest) == {SIGNATURE.digest}


def test_S28_a_referrers_tag_that_is_no_index_lists_nothing(opened, folder):
    folder.manifest(STRANGER, fallback(MANIFEST.digest))
    assert referrers(opened, MANIFEST.digest) == set()


@pytest.mark.parametrize("place", ["memory", "disk"])
def test_S28_a_referrers_tag_that_an_old_client_pushes_is_no_second_entry(place, tmp_path):
    with LocalRegistry(tmp_path if place == "disk" else None, sparse=True) as registry:
        put_manifest(registry, "demo/app", SIGNATURE.digest, SIGNATURE.raw)
        listed = Index.of([SIGNATURE.descriptor])
        tag = fallback(MANIFEST.digest)
        put_manifest(registry, "demo/app", tag, listed.raw, media_types.INDEX)
        answer = get(registry, f"referrers/{MANIFEST.digest}")
        assert len(json.loads(answer.body)["manifests"]) == 1
