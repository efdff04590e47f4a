"""Attaching artifacts and signatures, and what others find of them."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from ocinb.client.repository import Repository
from ocinb.errors import InvalidContent, InvalidReference, KindRefused, NotFound
from ocinb.oci import annotations as keys
from ocinb.oci import media_types
from ocinb.oci.descriptor import Descriptor
from ocinb.oci.digest import Digest
from ocinb.oci.fallback import referrers_tag
from ocinb.oci.manifest import Manifest
from ocinb.oci.signature import SIGNATURE, SIMPLE_SIGNING, digest_to_signature_tag
from ocinb.registry import lessons
from ocinb.registry.app import LocalRegistry
from tests.client.asking import Counted, image, instead, opened, refusal

SPDX = "application/spdx+json"
NOW = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def counted(school: LocalRegistry) -> Counted:
    return Counted(school.handle, *school.repositories)


@pytest.fixture
def repository(counted: Counted) -> Repository:
    return opened(counted)


def manifest(repository: Repository, reference: str) -> Manifest:
    found = repository.manifest(reference)
    assert isinstance(found, Manifest)
    return found


def signatures(repository: Repository, digest: str) -> list[str]:
    layers = manifest(repository, digest_to_signature_tag(digest)).layers
    return [layer.annotations[SIGNATURE] for layer in layers]


# Referrers


def test_an_artifact_is_attached_and_found(repository: Repository):
    pushed = repository.push_referrer(
        b"{}", "application/vnd.example.report", "latest",
        media_type="application/json", title="report.json", annotations={"a": "b"}, created=NOW,
        progress=False,
    )  # fmt: skip
    (found,) = repository.referrers("latest", "application/vnd.example.report")
    assert (found.digest, found.annotations["a"]) == (pushed.descriptor.digest, "b")
    made = manifest(repository, found.digest)
    assert made.subject == repository["latest"].document.descriptor
    assert made.subject.media_type == media_types.INDEX
    assert made.annotations[keys.CREATED] == "2026-03-01T00:00:00Z"
    (layer,) = made.layers
    assert (layer.media_type, layer.annotations) == (
        "application/json", {keys.TITLE: "report.json"},
    )  # fmt: skip
    assert repository.pull_blob(layer) == b"{}"


def test_a_file_is_attached_by_its_path(repository: Repository, tmp_path: Path):
    (tmp_path / "sbom").write_bytes(b'{"spdxVersion":"SPDX-2.3"}')
    for path in (tmp_path / "sbom", str(tmp_path / "sbom")):
        pushed = repository.push_referrer(path, SPDX, "latest", created=NOW, progress=False)
    (layer,) = manifest(repository, pushed.descriptor.digest).layers
    assert layer.annotations == {keys.TITLE: "sbom.spdx.json"}
    assert layer.media_type == SPDX


def test_a_build_that_can_be_repeated_has_its_moment(repository: Repository, monkeypatch):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    pushed = repository.push_referrer(b"{}", SPDX, "latest", progress=False)
    made = manifest(repository, pushed.descriptor.digest)
    assert made.annotations[keys.CREATED] == "2023-11-14T22:13:20Z"
    again = repository.push_referrer(b"{}", SPDX, "latest", progress=False)
    assert again.descriptor == pushed.descriptor


@pytest.mark.parametrize("odd", ["", "soon", "-1", "9" * 20])
def test_what_is_no_moment_is_now(repository: Repository, monkeypatch, odd: str):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", odd)
    before = datetime.now(UTC).replace(microsecond=0)
    pushed = repository.push_referrer(b"{}", SPDX, "latest", progress=False)
    made = manifest(repository, pushed.descriptor.digest)
    assert before <= datetime.fromisoformat(made.annotations[keys.CREATED]) <= datetime.now(UTC)


def test_the_subject_may_come_later(repository: Repository):
    """C31."""
    later = image(b"later")
    for subject in (later.descriptor, later.digest):
        repository.push_referrer(
            b"{}", SPDX, subject, subject_size=later.descriptor.size, progress=False
        )
    repository.push(later, "later", progress=False)
    assert {each.artifact_type for each in repository.referrers("later")} == {SPDX}


def test_where_there_is_no_referrers_api_the_tag_is_kept(school: LocalRegistry):
    """C30; 15 of ocibuild's weaknesses: nobody finds it."""
    old = opened(lessons.before_1_1(school))
    subject = old["latest"].digest
    pushed = old.push_referrer(b"{}", SPDX, "latest", progress=False)
    again = old.push_signature(b"{}", b"1", "latest", layout="referrer", progress=False)
    listed = [each.digest for each in old.referrers("latest")]
    assert {pushed.descriptor.digest, again.descriptor.digest} <= set(listed)
    assert referrers_tag(subject) in old.tags()


def test_a_subject_that_is_not_there_brings_up_the_nearest_tags(repository: Repository):
    for attach in (
        lambda: repository.push_referrer(b"{}", SPDX, "lates", progress=False),
        lambda: repository.push_signature(b"{}", b"x", "lates", layout="cosign", progress=False),
    ):
        with pytest.raises(NotFound) as caught:
            attach()
        assert "did you mean 'latest'?" in caught.value.hints[0]


@pytest.mark.parametrize(
    "wrong",
    [
        {"artifact_type": "none"},
        {"media_type": "none"},
        {"subject": "a b"},
        {"subject": 7},
        {"subject_size": -1},
    ],
)
def test_what_is_wrong_is_said_before_anything_is_sent(
    counted: Counted, repository: Repository, wrong: dict[str, object]
):
    for say in (repository.push_referrer, repository.push_referrer_steps):
        with pytest.raises((InvalidContent, InvalidReference)):
            say(**{"data": b"{}", "artifact_type": SPDX, "subject": "latest", **wrong})  # type: ignore[arg-type]
    assert counted.asked == []


def test_M3_a_registry_that_takes_no_such_artifacts_says_which(school: LocalRegistry):
    no = refusal(400, "MANIFEST_INVALID", "unknown media type")
    repository = opened(Counted(instead("PUT /v2/demo/app/manifests/", no, school.handle)))
    with pytest.raises(KindRefused, match="400 MANIFEST_INVALID: unknown media type") as caught:
        repository.push_referrer(b"{}", SPDX, "latest", progress=False)
    assert SPDX in caught.value.hints[0]
    with pytest.raises(KindRefused):
        repository.push_signature(b"{}", b"x", "latest", layout="referrer", progress=False)


def test_attaching_can_be_walked(counted: Counted, repository: Repository):
    steps = repository.push_referrer_steps(b"{}", SPDX, "latest", created=NOW)
    assert counted.since() == []
    steps.step()
    assert counted.since() == ["HEAD /v2/demo/app/manifests/latest"]
    assert steps.finish().descriptor.digest in {
        each.digest for each in repository.referrers("latest")
    }


# Signatures


def test_a_signature_is_attached_as_ocibuild_documents_it(repository: Repository):
    pushed = repository.push_signature(
        b'{"p":1}', b"\1\2\3", "latest", layout="referrer", created=NOW, progress=False
    )
    (found,) = repository.referrers("latest", SIMPLE_SIGNING)
    assert found.digest == pushed.descriptor.digest
    made = manifest(repository, found.digest)
    assert made.config == Descriptor.of(b'{"p":1}', SIMPLE_SIGNING)
    assert made.layers[0].annotations == {SIGNATURE: "AQID"}
    assert repository.pull_blob(made.config) == b'{"p":1}'
    other = repository.push_signature(
        b'{"p":1}', b"\4", "latest", layout="referrer", created=NOW, progress=False
    )
    assert len(repository.referrers("latest", SIMPLE_SIGNING)) == 2
    assert other.descriptor != pushed.descriptor


def test_a_signature_is_put_behind_those_that_are_there(repository: Repository):
    """16 of ocibuild's weaknesses: it overwrites them."""
    digest = repository["latest"].digest
    for signature in (b"\1", b"\2", b"\1", b"\3"):
        pushed = repository.push_signature(
            b'{"p":1}', signature, "latest", layout="cosign", progress=False
        )
        assert pushed.tags == (digest_to_signature_tag(digest),)
    assert signatures(repository, digest) == ["AQ==", "Ag==", "Aw=="]
    config = manifest(repository, digest_to_signature_tag(digest)).config
    assert repository.config(config).diff_ids == (Digest.of(b'{"p":1}'),) * 3
    assert len(repository.referrers(digest, SIMPLE_SIGNING)) == 0


def test_two_who_sign_at_once_are_both_kept(school: LocalRegistry):
    """R-6: the other one writes just before us."""
    other = opened(school)
    digest = other["latest"].digest
    tag = digest_to_signature_tag(digest)
    late: list[bytes] = [b"\2"]

    def handle(request):
        if request.method == "PUT" and request.url.endswith(tag) and late:
            response = school.handle(request)
            late.pop()
            other.delete(tag)
            other.push_signature(b"{}", b"\2", digest, layout="cosign", progress=False)
            return response
        return school.handle(request)

    ours = opened(Counted(handle))
    ours.push_signature(b"{}", b"\1", digest, layout="cosign", progress=False)
    assert signatures(ours, digest) == ["Ag==", "AQ=="]


def test_images_of_an_index_are_signed_by_their_digests(repository: Repository):
    for child in repository["latest"].index.images:  # type: ignore[union-attr]
        pushed = repository.push_signature(
            b"{}", b"x", child.digest, layout="cosign", progress=False
        )
        assert pushed.tags == (digest_to_signature_tag(child.digest),)


def test_a_layout_is_one_of_two_and_always_said(counted: Counted, repository: Repository):
    with pytest.raises(InvalidReference, match="'referrer' or 'cosign'"):
        repository.push_signature(b"{}", b"x", "latest", layout="tag")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="layout"):
        repository.push_signature(b"{}", b"x", "latest")  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="bytes, not str"):
        repository.push_signature(b"{}", "AQID", "latest", layout="cosign")  # type: ignore[arg-type]
    assert counted.asked == []


@pytest.mark.parametrize("layout", ["referrer", "cosign"])
def test_signing_can_be_walked(counted: Counted, repository: Repository, layout):
    steps = repository.push_signature_steps(b"{}", b"x", "latest", layout=layout)
    assert counted.since() == []
    while steps.waiting:
        assert steps.waiting.why
        steps.step()
    assert steps.result.descriptor.digest
