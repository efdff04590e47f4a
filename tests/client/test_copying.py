"""Copying between registries: with all that belongs to it, each once, byte for byte."""

from __future__ import annotations

import threading
from datetime import UTC, datetime

import pytest

from ocinb.client.remote import Remote
from ocinb.client.repository import Repository
from ocinb.errors import (
    Cancelled,
    DigestMismatch,
    InvalidContent,
    InvalidReference,
    NotFound,
    RegistryError,
    ServerFault,
)
from ocinb.oci import media_types
from ocinb.oci.descriptor import Descriptor
from ocinb.oci.digest import Digest
from ocinb.oci.document import encode
from ocinb.oci.fallback import entry_of, referrers_tag
from ocinb.oci.image import Blob, Image, ImageIndex
from ocinb.oci.index import Index
from ocinb.oci.manifest import Manifest, parse_manifest
from ocinb.oci.platform import Platform
from ocinb.oci.signature import digest_to_signature_tag
from ocinb.protocol.copying.copied import Copied
from ocinb.protocol.messages import Request, Response
from ocinb.protocol.progress.progress_info import ProgressInfo
from ocinb.registry import lessons
from ocinb.registry.app import LocalRegistry
from tests.client.asking import Counted, an_image, an_index, image, in_a_hurry, instead, opened

CREATED = datetime(2024, 2, 29, tzinfo=UTC)
SPDX = "application/spdx+json"


class Target:
    """An empty registry that keeps what it is asked, and a repository in it."""

    def __init__(self, *, old: bool = False, name: str = "copy/app") -> None:
        self.inner = LocalRegistry()
        taught = lessons.before_1_1(self.inner) if old else self.inner
        self.counted = Counted(taught.handle, name)
        self.repository = opened(self.counted, name)

    def writes(self) -> list[str]:
        """What was sent since, as method and what it was about."""
        return [each for each in self.counted.since() if each.startswith(("POST", "PUT", "PATCH"))]


@pytest.fixture(params=["with a referrers API", "before 1.1"])
def target(request: pytest.FixtureRequest) -> Target:
    return Target(old=request.param == "before 1.1")


@pytest.fixture
def source(school: LocalRegistry) -> Repository:
    return opened(school)


def attach(repository: Repository, subject: Descriptor | str, text: str) -> Descriptor:
    """Push an SBOM of `subject`."""
    return repository.push_referrer(
        text.encode(), SPDX, subject, created=CREATED, progress=False
    ).descriptor


def outcomes(copied: Copied) -> set[str]:
    return {node.outcome for node in copied}


def test_an_index_goes_along_with_all_it_names_under_its_tag(source: Repository, target: Target):
    index = an_index(source)
    done = target.repository.copy(index)
    copy = an_index(target.repository)
    assert copy.raw == index.raw
    assert done.tags == ("latest",)
    assert [node.descriptor.digest for node in done][1:] == [
        each.digest for each in index.index.manifests
    ]
    for platform in ("linux/amd64", "linux/arm64"):
        ours, theirs = an_image(copy, platform), an_image(index, platform)
        assert ours.raw == theirs.raw
        assert [each.read() for each in ours.layers] == [each.read() for each in theirs.layers]
        assert ours.config.raw == theirs.config.raw
    assert outcomes(done) == {"copied"}
    assert done.bytes_sent == sum(blob.descriptor.size for blob in done.blobs) > 1_000_000


def test_tags_that_are_given_are_all_it_gets(source: Repository, target: Target):
    target.repository.copy(source["latest"], "v1", "stable")
    assert target.repository.tags().tags == ("stable", "v1")


def test_what_was_asked_for_by_digest_is_known_by_its_digest_alone(
    source: Repository, target: Target
):
    done = target.repository.copy(source[source["latest"].digest])
    assert target.repository.tags().tags == ()
    assert target.repository[done.digest].digest == done.digest


def test_one_platform_is_one_image(source: Repository, target: Target):
    done = target.repository.copy(source["latest"], platform="linux/arm64")
    assert len(done) == 1
    assert target.repository["latest"].digest == an_image(an_index(source), "linux/arm64").digest


def test_without_recursive_nothing_that_refers_to_it_is_asked_for(school: LocalRegistry):
    counted = Counted(school.handle, "demo/app")
    Target().repository.copy(opened(counted)["latest"])
    assert not [line for line in counted.since() if "/referrers/" in line or "/tags/" in line]


def test_referrers_of_it_and_of_those_and_of_its_children_go_along(
    source: Repository, target: Target
):
    index = an_index(source)
    first = attach(source, index.digest, "of the index")
    second = attach(source, first, "of what refers to it")
    third = attach(source, second, "of that")
    of_child = attach(source, index.index.manifests[0].digest, "of an image in it")
    done = target.repository.copy(index, recursive=True)
    for subject, referrer in (
        (index.digest, first),
        (first.digest, second),
        (second.digest, third),
        (index.index.manifests[0].digest, of_child),
    ):
        found = target.repository.referrers(subject, confirm=True)
        assert referrer.digest in {each.digest for each in found}
        assert target.repository[referrer.digest].raw == source[referrer.digest].raw
    why = {node.descriptor.digest: (node.why, node.of) for node in done}
    assert why[third.digest] == ("refers", second.digest)
    assert why[of_child.digest] == ("refers", index.index.manifests[0].digest)


def test_its_tags_are_given_when_all_that_refers_to_it_is_there(source: Repository):
    target = Target()
    sbom = attach(source, "latest", "x")
    target.repository.copy(source["latest"], recursive=True)
    puts = [line for line in target.writes() if "/manifests/" in line]
    assert puts[-1].endswith("/manifests/latest")
    digest = source["latest"].digest
    of_index, of_sbom = (puts.index(f"PUT /v2/copy/app/manifests/{each}")
                         for each in (digest, sbom.digest))  # fmt: skip
    assert of_index < of_sbom < len(puts) - 1


def test_copying_again_sends_nothing(source: Repository, target: Target):
    attach(source, "latest", "x")
    source.push_signature(b"{}", b"s", "latest", layout="cosign", created=CREATED)
    first = target.repository.copy(source["latest"], recursive=True)
    target.writes()
    again = target.repository.copy(source["latest"], recursive=True)
    assert target.writes() == []
    assert outcomes(again) == {"existed"}
    assert {blob.outcome for blob in again.blobs} == {"existed"}
    assert again.bytes_sent == 0
    assert [node.descriptor for node in again] == [node.descriptor for node in first]


def test_blobs_that_are_there_are_not_read_at_the_source(school: LocalRegistry):
    counted, target = Counted(school.handle, "demo/app"), Target()
    repository = opened(counted)
    target.repository.copy(repository["latest"])
    counted.since()
    target.repository.copy(repository["latest"], "again")
    assert [line for line in counted.since() if "/blobs/" in line] == []


def test_on_the_same_registry_blobs_are_mounted(school: LocalRegistry):
    counted = Counted(school.handle, "demo/app", "demo/copy")
    done = opened(counted, "demo/copy").copy("demo/app:latest")
    assert {(blob.outcome, blob.source) for blob in done.blobs} == {("mounted", "demo/app")}
    asked = counted.since()
    assert not [line for line in asked if "/blobs/uploads/" in line and "mount=" not in line]
    assert not [line for line in asked if line.startswith("GET") and "/blobs/" in line]


def test_within_a_repository_it_only_gets_another_tag(source: Repository):
    done = source.copy(source["latest"], "same")
    assert source["same"].digest == source["latest"].digest
    assert done[0].outcome == "existed"
    assert "same" in done[0].note


@pytest.mark.parametrize("text", ["demo/app:latest", "local/demo/app:latest"])
def test_a_reference_in_the_same_registry_can_be_given_as_text(school: LocalRegistry, text: str):
    assert opened(school, "demo/b").copy(text).source == "local/demo/app:latest"
    assert opened(school, "demo/b")["latest"]


def test_text_that_names_no_tag_or_what_is_not_there_says_what_to_write(school: LocalRegistry):
    with pytest.raises(InvalidReference, match="names no tag") as named:
        opened(school, "demo/b").copy("demo/app")
    assert "'demo/app:latest'" in named.value.hints[0]
    with pytest.raises(NotFound) as missed:
        opened(school, "demo/b").copy("demo/app:latst")
    assert "did you mean 'latest'" in missed.value.hints[0]


def test_what_is_no_content_of_elsewhere_is_refused_before_anything_is_asked():
    target = Target()
    for wrong, said in ((image(b"x"), "is pushed"), (b"x", "not bytes")):
        for verb in (target.repository.copy, target.repository.plan_copy):
            with pytest.raises(TypeError, match=said):
                verb(wrong)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="one by one"):
        target.repository.copy("copy/app:v1", ["v1"])  # type: ignore[arg-type]
    assert target.counted.asked == []


def test_pushing_what_is_somewhere_else_is_the_copy_of_it(source: Repository, target: Target):
    attach(source, "latest", "x")
    pushed = target.repository.push(source["latest"], "v1")
    assert target.repository["v1"].raw == source["latest"].raw
    assert pushed.tags == ("v1",)
    assert {outcome for _, outcome in pushed.blobs} == {"uploaded"}
    assert len(target.repository.referrers("v1")) == 0
    assert target.repository.push(source["latest"]).descriptor == pushed.descriptor


def test_walked_step_by_step_it_sends_the_same_and_comes_to_the_same(school: LocalRegistry):
    attach(opened(school), "latest", "x")
    asked, results = [], []
    for walked in (False, True):
        counted, target = Counted(school.handle, "demo/app"), Target()
        target.repository = opened(target.counted, "copy/app", concurrency=1)
        there = opened(counted, concurrency=1)["latest"]
        counted.since()
        if walked:
            steps = target.repository.copy_steps(there, recursive=True)
            assert counted.since() + target.counted.since() == []
            results.append(steps.finish())
            elsewhere = [each for each in steps.taken if each.step.sent_by]
            assert len(elsewhere) == len([a for a in counted.asked if "/blobs/" not in a.url])
        else:
            results.append(target.repository.copy(there, recursive=True))
        asked.append([line.partition("/uploads/")[0] for line in target.counted.since()])
        asked.append(counted.since())
    assert asked[:2] == asked[2:]
    assert results[0] == results[1]


def test_the_plan_says_what_will_be_moved_and_writes_nothing(source: Repository, target: Target):
    sbom = attach(source, "latest", "x")
    image_of_it = an_image(an_index(source))
    target.repository.push(image_of_it)
    target.writes()
    plan = target.repository.plan_copy(source["latest"], recursive=True)
    assert target.writes() == []
    became = {node.descriptor.digest: node.outcome for node in plan}
    assert became[image_of_it.digest] == "existed"
    assert became[source["latest"].digest] == became[sbom.digest] == "copied"
    done = target.repository.copy(source["latest"], recursive=True)
    assert [(node.outcome, node.blobs) for node in plan] == [
        (node.outcome, node.blobs) for node in done
    ]
    assert plan.bytes_sent == done.bytes_sent > 0
    after = target.repository.plan_copy(source["latest"], "new", recursive=True)
    assert {node.outcome for node in after} == {"existed"}
    assert "new" in after[0].note


def test_the_plan_says_what_will_be_mounted(school: LocalRegistry):
    plan = opened(school, "demo/copy").plan_copy("demo/app:latest")
    assert {(blob.outcome, blob.source) for blob in plan.blobs} == {("mounted", "demo/app")}


# Nested indexes, circles, and what is not there.


def nested(repository: Repository) -> Remote:
    """An index in an index, with an artifact that refers to an image in the inner one."""
    platform = Platform.parse("linux/amd64")
    inner = ImageIndex.of([(platform, image(b"one")), (Platform.parse("linux/arm64"), image(b"2"))])
    outer = ImageIndex(
        Index.of([inner.descriptor, image(b"three").descriptor]), (inner, image(b"three"))
    )
    repository.push(outer, "nested")
    return repository["nested"]


def test_an_index_in_an_index_goes_along_whole(source: Repository, target: Target):
    there = nested(source)
    of_inner = attach(source, image(b"2").digest, "of an image in the inner index")
    done = target.repository.copy(there, recursive=True)
    inner = target.repository[an_index(source, "nested").index.manifests[0].digest]
    assert target.repository["nested"].raw == there.raw
    assert inner[0].layers[0].read() == b"one"  # type: ignore[index, union-attr]
    assert of_inner.digest in {node.descriptor.digest for node in done}


def test_a_circle_of_names_and_subjects_ends(source: Repository, target: Target):
    """An index that refers to an image, and names it as well."""
    app = image(b"app")
    subject = source.push(app, "app").descriptor
    raw = encode(
        {
            "schemaVersion": 2,
            "mediaType": media_types.INDEX,
            "artifactType": "application/x-bundle",
            "manifests": [subject.to_json()],
            "subject": subject.to_json(),
        }
    )
    index = parse_manifest(raw)
    assert isinstance(index, Index)
    source.push(ImageIndex(index, (app,)))
    done = target.repository.copy(source["app"], recursive=True)
    assert [node.why for node in done] == ["asked for", "refers"]
    around = target.repository.copy(source[index.digest], "bundle", recursive=True)
    assert [node.why for node in around] == ["asked for", "named"]
    assert target.repository["bundle"].raw == raw


def without(registry: LocalRegistry, digest: str) -> Repository:
    """The sample in a registry that has lost one manifest."""
    lost = Response(404, {}, b'{"errors":[{"code":"MANIFEST_UNKNOWN"}]}')
    answer = instead(f"GET /v2/demo/app/manifests/{digest}", lost, registry.handle)
    return opened(Counted(answer, "demo/app"))


def test_a_child_that_the_source_lacks_is_an_error_that_names_the_way_out(
    school: LocalRegistry, source: Repository
):
    child, target = an_index(source).index.manifests[1].digest, Target()
    with pytest.raises(NotFound) as missing:
        target.repository.copy(without(school, child)["latest"])
    assert any("sparse=True" in hint for hint in missing.value.hints)
    assert target.writes() == []


def test_a_sparse_copy_leaves_out_what_is_not_there_and_names_it(
    school: LocalRegistry, source: Repository
):
    child, target = an_index(source).index.manifests[1].digest, Target()
    there = without(school, child)["latest"]
    plan = target.repository.plan_copy(there, sparse=True)
    assert [node.descriptor.digest for node in plan.left_out] == [child]
    with pytest.raises(RegistryError, match="MANIFEST_BLOB_UNKNOWN"):  # most take no such index
        target.repository.copy(there, sparse=True)
    done = opened(LocalRegistry(sparse=True), "copy/app").copy(there, sparse=True)
    assert done.digest == there.digest
    assert [node.descriptor.digest for node in done.left_out] == [child]


def test_a_referrer_that_does_not_say_so_itself_is_left_out(source: Repository):
    """C37: a registry lists somebody else's artifact as speaking of this image."""
    target = Target()
    stranger = attach(source, image(b"other").descriptor, "of something else")
    digest = source["latest"].digest
    page = encode(
        {
            "schemaVersion": 2,
            "mediaType": media_types.INDEX,
            "manifests": [entry_of(source.manifest(stranger.digest)).to_json()],
        }
    )
    lie = Response(200, {"Content-Type": media_types.INDEX}, page)
    lying = instead(
        f"/referrers/{digest}",
        lie,
        source.registry.embedded.handle,  # type: ignore[union-attr]
    )
    done = target.repository.copy(opened(Counted(lying, "demo/app"))["latest"], recursive=True)
    left = {node.descriptor.digest: node for node in done.left_out}
    assert "does not say so" in left[stranger.digest].note
    assert target.repository.head(stranger.digest) is None


def test_a_referrer_that_is_listed_and_gone_is_left_out(school: LocalRegistry, source: Repository):
    target = Target()
    gone = attach(source, "latest", "x").digest
    done = target.repository.copy(without(school, gone)["latest"], recursive=True)
    assert [node.descriptor.digest for node in done.left_out] == [gone]
    assert "404" in done.left_out[0].note
    assert target.repository["latest"].raw == source["latest"].raw


def test_a_list_that_breaks_off_is_told(source: Repository):
    """A registry whose second page of referrers cannot be had."""
    for text in ("a", "b"):
        attach(source, "latest", text)
    handle = source.registry.embedded.handle  # type: ignore[union-attr]

    def paged(request: Request) -> Response:
        answer = handle(request)
        if f"/referrers/{source['latest'].digest}" in request.url:
            link = f'<{request.url}?n=2>; rel="next"'
            return Response(200, {"Content-Type": media_types.INDEX, "Link": link}, answer.body)
        return answer

    refused = instead("?n=2", Response(418), paged)
    done = Target().repository.copy(opened(Counted(refused, "demo/app"))["latest"], recursive=True)
    assert "there may be more that refers" in done.notes[0]


def test_a_chain_of_referrers_without_end_is_given_up(source: Repository):
    target = Target()
    subject: Descriptor | str = source["latest"].digest
    for number in range(17):
        subject = attach(source, subject, f"{number}")
    with pytest.raises(InvalidContent, match="more than 16 steps away"):
        target.repository.copy(source["latest"], recursive=True)
    assert target.writes() == []


# Cosign's tags.


def sign(repository: Repository, signature: bytes, subject: str = "latest") -> str:
    repository.push_signature(b"{}", signature, subject, layout="cosign", created=CREATED)
    return digest_to_signature_tag(str(repository[subject].digest))


def test_what_cosign_keeps_under_tags_goes_along_under_them(source: Repository, target: Target):
    tag = sign(source, b"one")
    of_child = sign(source, b"two", an_index(source).index.manifests[0].digest)
    done = target.repository.copy(source["latest"], recursive=True)
    for each in (tag, of_child):
        assert target.repository[each].raw == source[each].raw
    tagged = {node.tags[0]: node for node in done if node.why == "tagged"}
    assert tagged[tag].of == source["latest"].digest
    assert tagged.keys() == {tag, of_child}


def test_where_tags_are_not_listed_cosign_s_are_asked_for(school: LocalRegistry):
    tag = sign(opened(school), b"one")
    no = instead("/tags/list", Response(405), school.handle)
    target = Target()
    target.repository.copy(opened(Counted(no, "demo/app"))["latest"], recursive=True)
    assert target.repository[tag].raw == opened(school)[tag].raw


def test_signatures_that_others_put_there_are_kept(source: Repository, target: Target):
    target.repository.copy(source["latest"])
    tag = sign(target.repository, b"theirs")
    assert sign(source, b"ours") == tag
    planned = target.repository.plan_copy(source["latest"], recursive=True)
    done = target.repository.copy(source["latest"], recursive=True)
    for some in (planned, done):
        assert [node.outcome for node in some if node.tags == (tag,)] == ["merged"]
    there = target.repository.manifest(tag)
    assert isinstance(there, Manifest)
    assert len(there.layers) == 2
    target.writes()
    assert outcomes(target.repository.copy(source["latest"], recursive=True)) == {"existed"}
    assert target.writes() == []


def test_signatures_that_are_all_among_those_copied_are_replaced_byte_for_byte(
    source: Repository, target: Target
):
    sign(source, b"one")
    target.repository.copy(source["latest"], recursive=True)
    tag = sign(source, b"two")
    target.repository.copy(source["latest"], recursive=True)
    assert target.repository[tag].raw == source[tag].raw


def test_another_thing_under_cosign_s_tag_is_kept_and_ours_is_left_out(source: Repository):
    target = Target()
    digest = source["latest"].digest
    tag = referrers_tag(digest) + ".sbom"
    source.push(image(b"ours"), tag)
    target.repository.push(image(b"theirs"), tag)
    done = target.repository.copy(source["latest"], recursive=True)
    assert [node.tags for node in done.left_out] == [(tag,)]
    assert "kept" in done.left_out[0].note
    assert target.repository[tag].digest == image(b"theirs").digest


# Content that is special.


def foreign(repository: Repository) -> Remote:
    """An image with a layer that nobody pushes."""
    layer = Descriptor(
        "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
        Digest.of(b"elsewhere"),
        9,
        urls=("https://elsewhere.example/layer",),
    )
    config = Blob.of(b'{"os":"windows"}', media_types.CONFIG)
    manifest = Manifest.of(config.descriptor, [layer])
    repository.push(Image(manifest, (config,)), "foreign")
    return repository["foreign"]


def test_a_layer_that_lives_elsewhere_is_left_out_where_the_source_has_none(target: Target):
    """K-5: nobody else is asked for it."""
    there = foreign(opened(LocalRegistry(), "a/b"))
    plan = target.repository.plan_copy(there)
    done = target.repository.copy(there)
    assert [blob.outcome for blob in done.blobs] == ["sent", "left out"]
    assert plan.blobs == done.blobs
    assert target.repository["foreign"].raw == there.raw


def test_a_layer_that_lives_elsewhere_goes_along_where_the_source_has_it():
    source, target = opened(LocalRegistry(), "a/b"), Target()
    source.push_blob(b"elsewhere")
    done = target.repository.copy(foreign(source))
    assert [blob.outcome for blob in done.blobs] == ["sent", "sent"]
    assert target.repository.blob_exists(Digest.of(b"elsewhere"))


# Interruptions.


def test_what_stopped_in_the_middle_goes_on_and_says_so(source: Repository):
    target, there = Target(), source["latest"]
    failing = instead("PUT /v2/copy/app/manifests/", Response(500), target.counted.handle)
    refused = in_a_hurry(opened(Counted(failing, "copy/app"), "copy/app"))
    with pytest.raises(ServerFault) as stopped:
        refused.copy(there)
    assert "all blobs are there; copy again: nothing is sent twice" in stopped.value.hints
    target.writes()
    done = target.repository.copy(there)
    assert {blob.outcome for blob in done.blobs} == {"existed"}
    assert outcomes(done) == {"copied"}


def test_who_watches_can_stop_it_and_no_upload_stays_open(source: Repository):
    target, before = Target(), threading.active_count()

    def stop(info: ProgressInfo) -> None:
        if info.phase == "uploading" and info.bytes_sent:
            raise Cancelled("enough")

    with pytest.raises(Cancelled):
        target.repository.copy(source["latest"], progress=stop)
    assert len(target.inner._state.sessions) == 0
    assert threading.active_count() <= before
    assert target.repository.head("latest") is None
    assert target.repository.copy(source["latest"]).digest == source["latest"].digest


def test_a_referrer_that_is_there_and_that_nobody_finds_is_put_again(source: Repository):
    """The copy before stopped between the manifest and the referrers tag (R-6)."""
    target = Target(old=True)
    sbom = attach(source, "latest", "x")
    target.repository.copy(source["latest"], recursive=True)
    tag = referrers_tag(source["latest"].digest)
    target.repository.delete(tag)
    assert len(target.repository.referrers("latest")) == 0
    done = target.repository.copy(source["latest"], recursive=True)
    assert {each.digest for each in target.repository.referrers("latest")} >= {sbom.digest}
    assert next(n for n in done if n.descriptor.digest == sbom.digest).outcome == "copied"


def test_bytes_that_are_not_what_their_name_says_do_not_arrive(school: LocalRegistry):
    target = Target()
    lying = opened(lessons.lying(school))
    with pytest.raises(DigestMismatch):
        target.repository.copy(lying["latest"])
    assert target.repository.head("latest") is None


def test_progress_is_told_of_every_blob(source: Repository):
    told: list[ProgressInfo] = []
    done = Target().repository.copy(source["latest"], progress=told.append)
    places = {each.layer_index for each in told if each.layer_index is not None}
    assert places == set(range(len(done.blobs)))
    assert sum(each.size for each in done) > done.bytes_sent > 0


def test_what_came_of_it_is_a_tree_and_a_frame(source: Repository):
    target = Target()
    sbom = attach(source, "latest", "x")
    done = target.repository.copy(source["latest"], recursive=True)
    frame = done.to_frame()
    assert set(frame[frame.role == "manifest"].digest) == {n.descriptor.digest for n in done}
    assert frame[frame.role == "blob"].size_bytes.sum() == done.bytes_sent
    assert list(frame[frame.digest == sbom.digest].of) == [source["latest"].digest]
