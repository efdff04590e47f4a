"""Deleting, referrers and mounts, with an embedded registry at the other end."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ocinb.client.repository import Repository
from ocinb.errors import DeleteDisabled, InvalidContent, InvalidReference, NotFound, RegistryError
from ocinb.oci.digest import Digest
from ocinb.oci.fallback import referrers_tag
from ocinb.oci.image import Content, Image
from ocinb.protocol.delete import Deleted
from ocinb.protocol.events import Event, Mounted
from ocinb.protocol.fields.headers import Headers
from ocinb.protocol.messages import Handle, Request, Response
from ocinb.protocol.progress.progress_info import ProgressInfo
from ocinb.registry import sample
from ocinb.registry.app import LocalRegistry
from tests.client.asking import Counted, image, in_a_hurry, instead, refusal

APP = sample.app()
SBOM = sample.sbom(APP)


@pytest.fixture
def counted(school: LocalRegistry) -> Counted:
    return Counted(school.handle, *school.repositories)


@pytest.fixture
def repository(counted: Counted) -> Repository:
    return in_a_hurry(Repository("demo/app", registry=counted))


def before_1_1(handle: Handle) -> Handle:
    """The same registry, but it knows nothing of referrers."""

    def old(request: Request) -> Response:
        if "/referrers/" in request.url:
            return Response(404, {}, b"404 page not found\n")
        response = handle(request)
        kept = [pair for pair in response.headers.pairs() if pair[0].lower() != "oci-subject"]
        return replace(response, headers=Headers(kept))

    return old


@pytest.fixture
def old(counted: Counted) -> Repository:
    """A repository of a registry before 1.1, with the application in it."""
    repository = Repository("demo/old", registry=Counted(before_1_1(counted.handle), "demo/old"))
    repository.push(APP, "v1", progress=False)
    return repository


def signature(subject: Content, kind: str = "application/vnd.example.signature") -> Image:
    made = image(b"signed")
    return Image.of(made.blobs[0], made.blobs[1:], subject=subject.descriptor, artifact_type=kind)


# Deleting


def test_C38_a_tag_goes_and_its_manifest_stays(counted: Counted, repository: Repository):
    repository.tags()
    digest = repository["1.4"].digest
    counted.since()
    assert repository.delete("1.4") == Deleted("tag", "1.4", digest)
    path = "/v2/demo/app/manifests/1.4"
    assert counted.since() == [f"HEAD {path}", f"DELETE {path}"]
    assert repository.known_tags is None
    assert list(repository.tags()) == ["1.4.2", "latest", "sbom"]
    assert repository.head(digest)


def test_C38_a_tag_can_be_given_back(repository: Repository):
    deleted = repository.delete("sbom")
    assert deleted.digest
    repository.tag(deleted.digest, "sbom")
    assert repository["sbom"].digest == deleted.digest


def test_C38_a_manifest_goes_with_its_tags_and_is_not_remembered(repository: Repository):
    digest = repository["latest"].digest
    assert repository.known(digest)
    deleted = repository.delete(digest, verify=True)
    assert (deleted.kind, deleted.gone) == ("manifest", True)
    assert repository.known(digest) is None
    assert list(repository.tags()) == ["sbom"]
    with pytest.raises(NotFound):
        repository[digest]


def test_C40_a_blob_goes(repository: Repository):
    blob = repository["sbom"].blobs[0]  # type: ignore[union-attr]
    assert repository.delete_blob(blob.digest, verify=True).gone
    assert not repository.blob_exists(blob.digest)
    with pytest.raises(NotFound) as caught:
        repository.delete_blob(blob.digest)
    assert "is it in this one?" in caught.value.hints[0]


def test_C38_a_wrong_tag_brings_up_the_nearest_ones(repository: Repository):
    with pytest.raises(NotFound) as caught:
        repository.delete("lates")
    (hint,) = caught.value.hints
    assert "did you mean 'latest'?" in hint
    with pytest.raises(NotFound) as caught:
        repository.delete(Digest.of(b"nowhere"))
    assert "may be in another repository" in caught.value.hints[0]


@pytest.mark.parametrize("wrong", ["", "-x", "a b", "sha256:abc", None, 7])
def test_K14_what_is_neither_tag_nor_digest_is_refused_first(
    counted: Counted, repository: Repository, wrong: str
):
    for ask in (
        repository.delete, repository.delete_steps, repository.delete_blob,
        repository.delete_blob_steps, repository.referrers, repository.referrers_steps,
    ):  # fmt: skip
        with pytest.raises(InvalidReference):
            ask(wrong)
    assert counted.asked == []


@pytest.mark.parametrize("kind", [DeleteDisabled, RegistryError])
def test_X1_a_registry_that_does_not_delete_says_so(school: LocalRegistry, kind: type[Exception]):
    no = refusal(405, "UNSUPPORTED", "the operation is unsupported")
    repository = Repository(
        "demo/app", registry=Counted(instead("DELETE ", no, school.handle), "demo/app")
    )
    for refused in (
        lambda: repository.delete("latest"),
        lambda: repository.delete(repository["latest"].digest),
        lambda: repository.delete_blob(SBOM.blobs[0].digest),
    ):
        with pytest.raises(kind, match="405 UNSUPPORTED"):
            refused()
    assert repository["latest"]


def test_F3_when_the_answer_was_lost_it_is_deleted_all_the_same(school: LocalRegistry):
    """F-X1: case 59: the first DELETE arrives, and its answer does not."""

    def lost(request: Request) -> Response:
        school.handle(request)
        return Response(502)

    handle = instead("DELETE ", lost, school.handle, times=1)
    repository = in_a_hurry(Repository("demo/app", registry=Counted(handle, "demo/app")))
    assert repository.delete("latest").kind == "tag"
    assert "latest" not in repository.tags()


def test_deleting_can_be_walked(counted: Counted, repository: Repository):
    steps = repository.delete_steps("latest")
    assert counted.asked == []
    steps.step(expect=200)
    assert steps.waiting
    assert steps.waiting.title == "Delete the tag latest"
    assert "latest" in repository.tags()
    assert steps.step(expect=202).as_expected
    assert steps.result.reference == "latest"
    assert "latest" not in repository.tags()


# Referrers


def test_end12a_the_registry_says_what_refers_to_a_tag(counted: Counted, repository: Repository):
    counted.since()
    found = repository.referrers("latest")
    assert counted.since() == [
        "HEAD /v2/demo/app/manifests/latest", f"GET /v2/demo/app/referrers/{APP.digest}",
    ]  # fmt: skip
    assert [each.digest for each in found] == [SBOM.digest]
    assert (found.source, found.complete, found.pages) == ("api", True, 1)
    row = found.records()[0]
    assert (row["subject"], row["artifact_type"]) == (APP.digest, "application/spdx+json")
    assert row["found_by"] == "api"
    assert row["created"]


def test_end12b_of_one_type(repository: Repository):
    repository.push(signature(APP), progress=False)
    assert len(repository.referrers(APP.digest)) == 2
    found = repository.referrers(APP.digest, "application/spdx+json")
    assert [each.digest for each in found] == [SBOM.digest]
    assert not repository.referrers(APP.digest, "a/b")
    with pytest.raises(InvalidContent):
        repository.referrers(APP.digest, "no type")


def test_nobody_refers_to_what_is_not_there_but_a_tag_must_be(repository: Repository):
    assert len(repository.referrers(Digest.of(b"nowhere"))) == 0
    with pytest.raises(NotFound) as caught:
        repository.referrers("lates")
    assert "did you mean 'latest'?" in caught.value.hints[0]


def test_C30_on_an_old_registry_the_tag_is_kept_and_read(old: Repository):
    assert old.referrers("v1").source == "none"
    other = signature(APP)
    for content in (SBOM, other, SBOM):
        old.push(content, progress=False)
    found = old.referrers("v1")
    assert [each.digest for each in found] == [SBOM.digest, other.digest]
    assert (found.source, found.complete) == ("tag", True)
    assert found[0].annotations == SBOM.manifest.annotations
    assert referrers_tag(APP.digest) in old.tags()
    assert [each.digest for each in old.referrers("v1", "application/spdx+json")] == [SBOM.digest]


def test_C39_what_is_deleted_is_taken_off_the_tag(old: Repository):
    other = signature(APP)
    for content in (SBOM, other):
        old.push(content, progress=False)
    assert old.delete(SBOM.digest).note == ""
    assert [each.digest for each in old.referrers("v1")] == [other.digest]
    old.delete(other.digest)
    assert (len(old.referrers("v1")), old.referrers("v1").source) == (0, "tag")


def test_C30_a_tag_that_is_something_else_is_not_overwritten(old: Repository):
    """Case 43."""
    tag = referrers_tag(APP.digest)
    old.push(image(b"mine"), tag, progress=False)
    with pytest.raises(InvalidContent, match="is no index"):
        old.push(SBOM, "sbom", progress=False)
    assert old[tag].digest == image(b"mine").digest
    assert old["sbom"].digest == SBOM.digest


def test_referrers_can_be_walked(repository: Repository):
    steps = repository.referrers_steps(APP.digest)
    assert steps.step(expect=200).as_expected
    assert len(steps.result) == 1


# Mounts


def test_C25_blobs_are_taken_over_from_another_repository(counted: Counted):
    target = Repository("demo/copy", registry=counted)
    heard: list[Event] = []
    counted.since()
    with target.registry.watched_by(heard.append):
        pushed = target.push(APP, "v1", mount_from="demo/app", progress=False)
    assert {outcome for _, outcome in pushed.blobs} == {"mounted"}
    assert {each.source for each in heard if isinstance(each, Mounted)} == {"demo/app"}
    asked = counted.since()
    assert [line for line in asked if "/blobs/uploads/" in line and "mount=" not in line] == []
    assert target["v1"].digest == APP.digest
    assert "taken over" in (pushed._repr_html_() or "")


@pytest.mark.parametrize("by_steps", [True, False])
def test_C25_a_registry_may_find_by_itself_where_a_blob_is(counted: Counted, by_steps: bool):
    target = Repository("demo/copy", registry=counted)
    counted.since()
    if by_steps:
        pushed = target.push_steps(APP, "v1", mount_from="*").finish()
    else:
        pushed = target.push(APP, "v1", mount_from="*", progress=True)
    assert {outcome for _, outcome in pushed.blobs} == {"mounted"}
    asked = [line for line in counted.since() if "mount=" in line]
    assert asked
    assert not [line for line in asked if "from=" in line]


def test_C25_what_is_nowhere_is_sent(counted: Counted):
    target = Repository("demo/copy", registry=counted)
    pushed = target.push(image(b"new"), "v1", mount_from="*", progress=False)
    assert {outcome for _, outcome in pushed.blobs} == {"uploaded"}


def test_C25_what_is_not_there_is_sent(counted: Counted):
    target = Repository("demo/copy", registry=counted)
    pushed = target.push(image(b"new"), "v1", mount_from="demo/app", progress=False)
    assert {outcome for _, outcome in pushed.blobs} == {"uploaded"}


def test_U8_a_registry_that_cannot_mount_is_sent_the_blobs(school: LocalRegistry):
    handle = instead("?mount=", refusal(400, "UNSUPPORTED"), school.handle)
    target = Repository("demo/copy", registry=Counted(handle, "demo/copy"))
    told: list[ProgressInfo] = []
    pushed = target.push(SBOM, "v1", mount_from="demo/app", progress=told.append)
    assert {outcome for _, outcome in pushed.blobs} == {"uploaded"}
    assert told


@pytest.mark.parametrize("wrong", ["", "UPPER", "a//b", "a:v1", "https://ghcr.io/a/b"])
def test_K14_what_is_no_repository_is_not_asked_for(counted: Counted, wrong: str):
    target = Repository("demo/copy", registry=counted)
    counted.since()
    with pytest.raises(InvalidReference):
        target.push(APP, "v1", mount_from=wrong, progress=False)
    assert counted.asked == []
