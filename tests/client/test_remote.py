"""Content bound to where it came from: choosing, laziness, and what is known already."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import ocinb
from ocinb.client.remote import Remote, RemoteArtifact, RemoteImage, RemoteIndex, bind
from ocinb.client.repository import Repository
from ocinb.errors import InvalidContent, InvalidReference, NotFound, NotSupported
from ocinb.oci import media_types
from ocinb.oci.digest import Digest
from ocinb.oci.document import Document
from ocinb.oci.image import Blob, Image, ImageIndex
from ocinb.oci.index import Index
from ocinb.oci.platform import Platform
from ocinb.protocol.messages import Response
from ocinb.registry import sample
from tests.client.asking import Counted, an_image, an_index, image, instead, opened


@pytest.fixture
def counted(school) -> Counted:
    return Counted(school.handle, *school.repositories)


@pytest.fixture
def index(counted: Counted) -> RemoteIndex:
    found = an_index(Repository("demo/app", registry=counted))
    counted.since()
    return found


def picked(found: Remote) -> str:
    assert isinstance(found, RemoteImage)
    return str(found.platform)


# Choosing from an index


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("linux/amd64", "linux/amd64"),
        ("linux/x86_64", "linux/amd64"),
        ("amd64", "linux/amd64"),
        ("linux/amd64/v3", "linux/amd64"),
        ("linux/arm64", "linux/arm64/v8"),
        ("linux/arm64/v8", "linux/arm64/v8"),
        ("linux/aarch64", "linux/arm64/v8"),
        ("linux/arm", "linux/arm/v7"),
        ("linux/arm/v7", "linux/arm/v7"),
        (Platform("linux", "arm64"), "linux/arm64/v8"),
        (0, "linux/amd64"),
        (2, "linux/arm/v7"),
        (-1, "linux/arm/v7"),
    ],
)
def test_an_image_is_had_by_platform_or_position(index: RemoteIndex, wanted, found: str):
    assert picked(index[wanted]) == found
    assert picked(bind(index.source, index.asked, index.document)[wanted]) == found


def test_anything_in_it_is_had_by_digest_attestations_too(index: RemoteIndex):
    for entry in index.index.manifests:
        assert index[entry.digest].digest == entry.digest
        assert index[str(entry.digest)].raw == index[entry.digest].raw
    assert isinstance(index[index.index.manifests[-1].digest], RemoteArtifact)


@pytest.mark.parametrize("wanted", ["linux/s390x", "linux/arm/v5", "windows/amd64", "linux/386"])
def test_a_platform_that_is_not_there_is_answered_with_those_there_are(
    index: RemoteIndex, counted: Counted, wanted: str
):
    with pytest.raises(InvalidReference) as caught:
        index[wanted]
    assert "linux/amd64, linux/arm64/v8, linux/arm/v7" in caught.value.hints[0]
    assert counted.asked == []


def test_the_advice_for_platforms_is_bounded(school):
    one = image(b"x")
    platforms = [Platform("linux", "arm64", f"v9.{n}") for n in range(8)]
    platforms += [Platform("windows", "amd64", os_version=f"10.0.{n}") for n in range(500)]
    many = ImageIndex.of([(platform, one) for platform in platforms])
    repository = Repository("demo/many", registry=school)
    repository.push(many, "v1")
    with pytest.raises(InvalidReference) as caught:
        an_index(repository, "v1")["linux/riscv64"]
    assert "498 more" in caught.value.hints[0]
    assert len(caught.value.hints[0]) < 600


def test_a_digest_that_is_not_in_it_is_answered_with_the_nearest(index, counted):
    known = index.index.manifests[0].digest
    almost = Digest(known[:-4] + "0000")
    with pytest.raises(InvalidReference, match="digest of this index") as caught:
        index[almost]
    assert f"did you mean '{known}'" in caught.value.hints[0]
    assert counted.asked == []


@pytest.mark.parametrize("position", [3, -4, 10**30])
def test_a_position_beyond_its_end_says_how_many_there_are(index: RemoteIndex, position: int):
    with pytest.raises(IndexError, match="has 3, from 0 on"):
        index[position]


@pytest.mark.parametrize(
    "wrong", ["", "linux/", "a/b/c/d", "sha256:12", "linux amd64", None, 1.5, b"linux/amd64"]
)
def test_what_is_no_platform_is_refused_and_nobody_is_asked(index, counted, wrong):
    with pytest.raises(InvalidReference):
        index[wrong]
    assert counted.asked == []


def test_whether_something_is_in_it_is_known_without_asking(index: RemoteIndex, counted: Counted):
    assert "linux/arm64" in index
    assert Platform("linux", "amd64") in index
    assert index.index.manifests[3].digest in index
    assert "linux/s390x" not in index
    assert "nonsense/" not in index
    assert Digest.of(b"?") not in index
    assert 0 not in index
    assert counted.asked == []


def test_the_image_for_this_machine_may_be_one_that_it_can_also_run(index, monkeypatch):
    monkeypatch.setattr("platform.machine", lambda: "aarch64")
    assert picked(index.image()) == "linux/arm64/v8"
    assert picked(index.image("linux/arm/v8")) == "linux/arm/v7"
    assert picked(index.image(Platform("linux", "amd64", "v2"))) == "linux/amd64"
    with pytest.raises(InvalidReference):
        index.image("linux/riscv64")


def test_what_an_index_has_for_a_platform_may_be_no_image(school):
    repository = Repository("demo/wasm", registry=school)
    repository.push(ImageIndex.of([(Platform("wasip1", "wasm"), sample.chart())]), "v1")
    with pytest.raises(NotSupported, match="wasip1/wasm is <RemoteArtifact"):
        an_index(repository, "v1").image("wasip1/wasm")


# Laziness


def test_an_index_is_one_request_and_looking_at_it_none(index: RemoteIndex, counted: Counted):
    repr(index), index._repr_html_(), index.records(), len(index), index.platforms, index.raw
    index.reference, index.pinned, index.expression, index._ipython_key_completions_()
    assert counted.asked == []
    assert len(index) == 3
    assert list(map(str, index.platforms)) == index._ipython_key_completions_()


def test_iterating_fetches_one_image_at_a_time(index: RemoteIndex, counted: Counted):
    images = iter(index)
    assert counted.asked == []
    assert picked(next(images)) == "linux/amd64"
    assert len(counted.since()) == 1
    assert [picked(each) for each in images] == ["linux/arm64/v8", "linux/arm/v7"]
    assert len(counted.since()) == 2
    assert len(list(index)) == 3
    assert counted.asked == []


def test_load_fetches_every_manifest_and_config_once(index: RemoteIndex, counted: Counted):
    assert all(index.known(entry) is None for entry in index.index.manifests)
    assert index.load() is index
    assert len(counted.since()) == 6 + 3
    assert index.load() is index
    assert counted.asked == []
    for entry in index.index.images:
        known = index.known(entry)
        assert isinstance(known, RemoteImage)
        assert known.known_config is not None


def test_a_config_is_fetched_when_first_asked_for(index: RemoteIndex, counted: Counted):
    found = an_image(index)
    counted.since()
    repr(found), found._repr_html_(), found.records(), found.total_size, found.layers
    assert repr(found.known_config) == "None"
    assert counted.asked == []
    assert found.config.user == "app"
    assert found.known_config is found.config
    assert [line.split()[0] for line in counted.since()] == ["GET"]


def test_an_image_without_an_index_learns_its_platform_from_its_config(school):
    repository = Repository("demo/one", registry=school)
    repository.push(image(b"x"), "v1")
    one = repository["v1"]
    assert isinstance(one, RemoteImage)
    assert one.platform is None
    assert one.config.platform == one.platform == Platform("linux", "amd64")


# An image has one platform


@pytest.mark.parametrize(
    "wanted", ["linux/amd64", "amd64", "linux/amd64/v3", Platform("linux", "amd64")]
)
def test_an_image_for_the_platform_that_is_wanted_is_itself(index, counted, wanted):
    one = an_image(index)
    counted.since()
    assert one[wanted] is one
    assert counted.asked == []
    assert one._ipython_key_completions_() == ["linux/amd64"]


def test_an_image_for_another_platform_says_for_which_it_is(index: RemoteIndex):
    with pytest.raises(InvalidReference, match=r"'linux/arm64' is not .*: it is for linux/amd64"):
        an_image(index)["linux/arm64"]
    for wrong in ("", "a/b/c/d", None, 0):
        with pytest.raises(InvalidReference):
            an_image(index)[wrong]  # type: ignore[index]
    with pytest.raises(TypeError, match="not iterable"):
        list(an_image(index))  # type: ignore[call-overload]


def test_an_image_without_an_index_looks_into_its_config_for_its_platform(school):
    counted = Counted(school.handle)
    repository = Repository("demo/one", registry=counted)
    repository.push(image(b"x"), "v1")
    one = repository["v1"]
    counted.since()
    assert one._ipython_key_completions_() == []
    assert counted.asked == []
    assert one["linux/amd64"] is one
    assert [line.split()[0] for line in counted.since()] == ["GET"]
    assert one._ipython_key_completions_() == ["linux/amd64"]
    with pytest.raises(InvalidReference, match="it is for linux/amd64"):
        one["windows/amd64"]
    assert counted.asked == []


def test_an_image_that_names_no_platform_is_for_none(school):
    repository = Repository("demo/none", registry=school)
    config = Blob.of(b"{}", media_types.CONFIG)
    repository.push(Image.of(config, []), "v1")
    with pytest.raises(InvalidReference, match="it names none"):
        repository["v1"]["linux/amd64"]


def test_an_artifact_is_for_no_platform(index: RemoteIndex, counted: Counted):
    found = Repository("demo/app", registry=counted)["sbom"]
    counted.since()
    with pytest.raises(InvalidReference, match="local/demo/app:sbom is not an image"):
        found["linux/amd64"]
    assert found._ipython_key_completions_() == []
    assert counted.asked == []


# What it says of itself


def test_references_and_expressions_lead_back_to_it(index: RemoteIndex, school):
    assert index.reference == "local/demo/app:latest"
    assert index.pinned == f"local/demo/app@{index.digest}"
    assert index.expression == "ocinb.Repository('demo/app', registry=school)['latest']"
    child = index["linux/amd64"]
    assert child.reference == child.pinned == f"local/demo/app@{child.digest}"
    for each in (index, child):
        again = eval(each.expression, {"ocinb": ocinb, "school": school})
        assert (type(again), again.digest) == (type(each), each.digest)


def test_reprs_are_one_line(index: RemoteIndex):
    child = an_image(index)
    artifact = index[index.index.manifests[-1].digest]
    for each in (index, child, artifact, child.layers[0]):
        assert repr(each).startswith(f"<{type(each).__name__} ")
        assert "\n" not in repr(each)


def test_layers_are_read_and_saved_verified(index: RemoteIndex, tmp_path: Path):
    child = an_image(index)
    layer = child.layers[2]
    assert (layer.position, layer.size) == (2, layer.descriptor.size)
    assert layer.reference == f"local/demo/app@{layer.digest}"
    content = layer.read()
    assert Digest.of(content) == layer.digest
    layer.save(tmp_path / "layer.tar.gz")
    assert (tmp_path / "layer.tar.gz").read_bytes() == content
    with pytest.raises(InvalidContent, match="at most 10"):
        layer.read(limit=10)


def test_an_artifact_has_blobs_and_a_type(index: RemoteIndex, counted: Counted):
    found = Repository("demo/app", registry=counted)["sbom"]
    assert isinstance(found, RemoteArtifact)
    assert found.artifact_type == "application/spdx+json"
    assert found.manifest.subject is not None
    assert found.manifest.subject.digest == index.digest
    assert b"SPDX-2.3" in found.blobs[0].read()
    assert found.total_size > found.blobs[0].size


# What its parent says of it binds


def test_a_child_of_another_size_or_type_is_refused(school):
    child, repository = image(b"x"), Repository("demo/odd", registry=school)
    repository.push(child, "v1")
    for wrong in (
        replace(child.descriptor, size=child.descriptor.size + 1),
        replace(child.descriptor, media_type=media_types.DOCKER_MANIFEST),
    ):
        odd = Index.of([replace(wrong, platform=Platform("linux", "amd64"))])
        bound = RemoteIndex(Repository("demo/odd", registry=school), "v1", odd)
        with pytest.raises(InvalidContent, match=child.digest.short):
            bound["linux/amd64"]


def test_a_child_that_the_registry_lost_is_not_found(index: RemoteIndex, school):
    lost = index.index.images[0]
    handle = instead(str(lost.digest), Response(404), school.handle)
    repository = opened(Counted(handle))
    with pytest.raises(NotFound) as caught:
        an_index(repository)["linux/amd64"]
    assert lost.digest in str(caught.value)


def test_a_config_that_is_none_says_so(school):
    repository = Repository("demo/chart", registry=school)
    chart = repository["0.3.0"].document
    with pytest.raises(NotSupported, match="not an image config"):
        repository.config(chart.config)  # type: ignore[union-attr]


# Copying it


def test_it_copies_what_it_is_also_when_its_tag_has_moved_on(school, tmp_path: Path):
    repository = Repository("demo/moved", registry=school)
    repository.push(image(b"old"), "v1")
    old = repository["v1"]
    repository.push(image(b"new"), "v1")
    layout = old.pull(tmp_path / "old", progress=False)
    assert layout.resolve("v1").digest == old.digest  # type: ignore[union-attr]


def test_one_platform_of_it_may_be_copied(index: RemoteIndex, tmp_path: Path):
    layout = index.pull(tmp_path / "one", platform="linux/arm64")
    child = index["linux/arm64"]
    assert [each.digest for each in layout.manifests()] == [child.digest]
    assert child.pull(tmp_path / "two").tags() == ()


class Elsewhere:
    """A source that is no registry, and has just one document."""

    expression, origin = "ocinb.open('folder')", {"path": "folder"}

    def __init__(self, *documents: Document) -> None:
        self.documents = {each.digest: each for each in documents}

    def at(self, reference: str) -> str:
        return f"folder:{reference}"

    def known(self, digest: str) -> Document | None:
        return self.documents.get(Digest(digest))

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"nobody needs {name}")


def test_content_of_another_source_is_bound_and_drawn_likewise():
    manifest = image(b"x").manifest
    listing = Index.of([replace(manifest.descriptor, platform=Platform("linux", "amd64"))])
    found = RemoteIndex(Elsewhere(manifest), "v1", listing)
    child = found.known(listing.manifests[0])
    assert isinstance(child, RemoteImage)
    for each in (found, child, child.layers[0]):
        assert each.to_frame().attrs["path"] == "folder"
        assert "not be drawn" not in (each._repr_html_() or "")
    assert found.expression == "ocinb.open('folder')['v1']"
    assert found.reference == "folder:v1"


def test_binding_what_is_no_manifest_is_refused(index: RemoteIndex):
    with pytest.raises(NotSupported):
        bind(index.source, "x", an_image(index).config)  # type: ignore[arg-type]


def test_the_sample_s_values_and_what_comes_back_are_the_same(index: RemoteIndex):
    app = sample.app()
    assert index.raw == app.index.raw
    assert [each.raw for each in index] == [
        child.manifest.raw for child in app.children[:3] if isinstance(child, Image)
    ]
