"""`ocinb.open` and `ocinb.save`: what lies on this machine is what a registry gives."""

from __future__ import annotations

import io
import os
import tarfile
from pathlib import Path

import pytest

import ocinb
from ocinb.client.local import LocalRepository
from ocinb.client.remote import RemoteArtifact, RemoteImage, RemoteIndex
from ocinb.display.faces import text
from ocinb.errors import (
    DigestMismatch,
    InvalidArchive,
    InvalidContent,
    InvalidReference,
    NotFound,
    NotHere,
)
from ocinb.oci import media_types
from ocinb.oci.descriptor import Descriptor
from ocinb.oci.digest import Digest
from ocinb.protocol.progress.progress_info import ProgressInfo
from ocinb.registry import sample
from ocinb.storage.archive.saving import save

APP = sample.app()
SBOM = sample.sbom(APP)


@pytest.fixture(params=["app.tar", "app.tar.zst", "app"])
def images(request: pytest.FixtureRequest, tmp_path: Path) -> LocalRepository:
    """The sample, tagged, in archives and a layout, with an SBOM that refers to it."""
    path = tmp_path / request.param
    save(path, [(APP, ("v1", "latest")), (SBOM, ())])
    return ocinb.open(path)


def an_image(images: LocalRepository) -> RemoteImage:
    index = images["v1"]
    assert isinstance(index, RemoteIndex)
    found = index["linux/amd64"]
    assert isinstance(found, RemoteImage)
    return found


def test_a_tag_stands_for_the_same_as_in_a_registry(images: LocalRepository):
    index = images["v1"]
    assert isinstance(index, RemoteIndex)
    assert (index.digest, index.raw) == (APP.digest, APP.index.raw)
    image = an_image(images)
    assert image.known_config is not None  # what lies here is read at once
    assert "etc/os-release" in [each.path for layer in image.layers for each in layer.files]
    assert b"".join(image.layers[0].blob) == b"".join(APP.children[0].layers[0])  # type: ignore[union-attr]


@pytest.mark.parametrize("digest", [APP.digest, f"blake3:{'a' * 64}"])
def test_a_full_reference_tells_a_digest_from_a_name(images: LocalRepository, digest: str):
    assert images.at("v1") == f"{images.location}:v1"
    assert images.at(digest) == f"{images.location}@{digest}"


def test_names_are_listed_completed_and_asked_for(images: LocalRepository):
    assert list(images) == list(images.tags()) == images._ipython_key_completions_()
    assert list(images) == ["latest", "v1"]
    assert ("v1" in images, APP.digest in images, "v2" in images, "?" in images) == (
        True, True, False, False,
    )  # fmt: skip
    assert len(images) == 2
    assert "latest, v1" in repr(images)
    assert images[APP.digest].digest == images[0].digest == APP.digest


def test_what_is_not_there_is_told_with_what_is(images: LocalRepository):
    with pytest.raises(NotHere, match="no manifest called 'v2'") as caught:
        images["v2"]
    assert "v1" in caught.value.hints[0]
    assert isinstance(caught.value, NotFound)
    with pytest.raises(NotHere):
        images[Digest.of(b"x")]
    with pytest.raises(IndexError, match="it has 2"):
        images[2]


def test_who_refers_to_something_is_found_among_all_manifests(images: LocalRepository):
    found = images["v1"].referrers()
    assert [each.digest for each in found] == [SBOM.digest]
    assert (found.complete, found.confirmed, found.source) == (True, True, "looking")
    assert found[0].artifact_type == SBOM.manifest.artifact_type
    assert len(images["v1"].referrers("application/other")) == 0
    assert isinstance(images[SBOM.digest], RemoteArtifact)
    assert "every manifest" in text(found)


def test_all_of_it_is_pulled_into_a_layout(images: LocalRepository, tmp_path: Path):
    told: list[ProgressInfo] = []
    layout = images["v1"].pull(tmp_path / "pulled", progress=told.append)
    assert layout.resolve("v1").digest == APP.digest  # type: ignore[union-attr]
    whole = {each.digest: each.size for child in APP.children for each in child.blobs}  # type: ignore[union-attr]
    assert all(layout.content(digest).size == size for digest, size in whole.items())  # type: ignore[union-attr]
    assert told[-1].bytes_received == told[-1].total_bytes
    one = images["v1"].pull(tmp_path / "one", platform="linux/arm64", progress=False)
    assert one.resolve("v1").digest == APP.children[1].digest  # type: ignore[union-attr]


def test_a_blob_is_read_into_memory_a_file_or_in_part(images: LocalRepository, tmp_path: Path):
    layer = an_image(images).layers[0]
    content = layer.read()
    assert Digest.of(content) == layer.digest
    layer.save(tmp_path / "layer")
    assert (tmp_path / "layer").read_bytes() == content
    sink = io.BytesIO()
    images.pull_blob(layer.digest, into=sink, progress=False)
    assert sink.getvalue() == content
    assert layer.read_part(3, 30) == content[3:30]
    with pytest.raises(InvalidContent, match="at most 10"):
        layer.read(limit=10)


def test_an_image_here_can_be_built_on_and_pushed(images: LocalRepository):
    image = ocinb.Image.from_(images["v1"], platform="linux/amd64").label("a", "b")
    assert image.manifest.annotations == {  # the path is nobody's business
        "org.opencontainers.image.base.digest": APP.digest
    }
    repository = ocinb.Repository("demo/app", registry=ocinb.LocalRegistry())
    pushed = repository.push(image, "v1", progress=False)
    assert repository["v1"].digest == pushed.descriptor.digest == image.digest


def test_an_image_without_a_name_is_opened_all_the_same(tmp_path: Path):
    chart = sample.chart()
    ocinb.save(chart, tmp_path / "x.tar")
    images = ocinb.open(tmp_path / "x.tar")
    assert images.only.digest == images[0].digest == images[-1].digest == chart.digest
    assert "1 without a name" in repr(images)
    with pytest.raises(NotHere) as caught:
        images["v1"]
    assert ".only" in caught.value.hints[0]


def test_only_is_refused_where_there_are_several(images: LocalRepository):
    with pytest.raises(NotHere, match="holds 2 things"):
        _ = images.only


def test_a_blob_that_somebody_tampered_with_is_named_with_both_digests(tmp_path: Path):
    ocinb.save(APP, tmp_path / "app", "v1")
    images = ocinb.open(tmp_path / "app")
    layer = an_image(images).layers[0]
    file = tmp_path / "app" / "blobs" / "sha256" / layer.digest.encoded
    file.chmod(0o600)
    right = file.read_bytes()
    for wrong in (right[:-1] + b"?", right[:-1]):
        file.write_bytes(wrong)
        for read in (
            layer.read,
            lambda: list(layer.blob),
            layer.list_files,
            lambda: layer.save(tmp_path / "layer"),
            lambda: images["v1"].pull(tmp_path / "pulled", progress=False),
            lambda: images["v1"].save(tmp_path / "again.tar"),
        ):
            with pytest.raises(DigestMismatch) as caught:
                read()
            assert (caught.value.expected, caught.value.actual) == (layer.digest, Digest.of(wrong))
    assert not (tmp_path / "layer").exists()
    assert not (tmp_path / "again.tar").exists()
    assert ocinb.Layout(tmp_path / "pulled").tags() == ()


def test_a_blob_that_is_missing_is_named(tmp_path: Path):
    ocinb.save(APP, tmp_path / "app", "v1")
    images = ocinb.open(tmp_path / "app")
    layer = an_image(images).layers[0]
    (tmp_path / "app" / "blobs" / "sha256" / layer.digest.encoded).unlink()
    with pytest.raises(NotHere, match=f"has no {layer.digest}"):
        layer.read()


def test_a_manifest_of_another_size_than_its_index_says_is_refused(images: LocalRepository):
    entry = Descriptor(media_types.INDEX, APP.digest, APP.index.size + 1)
    with pytest.raises(InvalidContent, match="it should have"):
        images.manifest(APP.digest, entry)


def test_what_is_written_to_a_layout_meanwhile_is_seen(tmp_path: Path):
    ocinb.save(APP, tmp_path / "app", "v1")
    images = ocinb.open(tmp_path / "app")
    ocinb.save(sample.chart(), tmp_path / "app", "chart")
    assert list(images) == ["chart", "v1"]


def test_what_is_no_place_of_images_is_refused_when_it_is_opened(tmp_path: Path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "text.tar").write_bytes(b"x" * 2_000)
    with pytest.raises(InvalidContent, match="empty"):
        ocinb.open(tmp_path / "empty")
    with pytest.raises(FileNotFoundError):
        ocinb.open(tmp_path / "nothing")
    with pytest.raises(InvalidArchive):
        ocinb.open(tmp_path / "text.tar")


def test_what_may_not_be_read_is_not_said_to_be_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    ocinb.save(APP, tmp_path / "app.tar", "v1")

    def refuse(*_: object, **__: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(PermissionError, match=r"app\.tar"):
        ocinb.open(tmp_path / "app.tar")


def test_a_damaged_archive_is_named(tmp_path: Path):
    (tmp_path / "text.tar").write_bytes(b"x" * 2_000)
    with pytest.raises(InvalidArchive, match=r"byte 0 of .*text\.tar"):
        ocinb.open(tmp_path / "text.tar")


def test_what_is_no_name_is_refused(images: LocalRepository):
    with pytest.raises(TypeError, match="not NoneType"):
        images[None]  # type: ignore[index]


def test_a_link_to_an_archive_is_followed(tmp_path: Path):
    ocinb.save(APP, tmp_path / "app.tar", "v1")
    os.symlink(tmp_path / "app.tar", tmp_path / "link.tar")
    assert "v1" in ocinb.open(tmp_path / "link.tar")


# Saving


def test_what_came_from_a_registry_is_saved_under_its_tag_as_it_is(tmp_path: Path):
    repository = ocinb.Repository("demo/app", registry=sample.school())
    index = repository["latest"]
    index.save(tmp_path / "x.tar")
    ocinb.save(index, tmp_path / "y.tar")
    assert (tmp_path / "x.tar").read_bytes() == (tmp_path / "y.tar").read_bytes()
    assert ocinb.open(tmp_path / "x.tar")["latest"].raw == index.raw


def test_an_archive_of_dockers_is_named_in_full(tmp_path: Path):
    repository = ocinb.Repository("demo/app", registry=sample.school())
    wanted = {"format": "docker-archive", "platform": "linux/amd64", "progress": False}
    repository["latest"].save(tmp_path / "x.tar", **wanted)  # type: ignore[arg-type]
    assert repository.at("latest") in ocinb.open(tmp_path / "x.tar")
    ocinb.save(APP, tmp_path / "y.tar", "v1")
    with pytest.raises(InvalidReference, match="names images in full"):
        ocinb.open(tmp_path / "y.tar")["v1"].save(tmp_path / "z.tar", **wanted)  # type: ignore[arg-type]


def test_what_is_saved_from_an_archive_is_the_same_archive(tmp_path: Path):
    ocinb.save(APP, tmp_path / "x.tar", "v1")
    ocinb.open(tmp_path / "x.tar")["v1"].save(tmp_path / "y.tar")
    assert (tmp_path / "x.tar").read_bytes() == (tmp_path / "y.tar").read_bytes()


def test_saving_tells_how_far_it_has_come(tmp_path: Path):
    told: list[ProgressInfo] = []
    ocinb.save(APP, tmp_path / "x.tar", "v1", progress=told.append)
    digests = {blob.digest for child in APP.children for blob in child.blobs}  # type: ignore[union-attr]
    assert {each.layer_index for each in told} == set(range(len(digests)))
    assert all(each.bytes_received == each.total_bytes for each in told[-1:])


def test_what_cannot_be_saved_is_refused(tmp_path: Path):
    with pytest.raises(TypeError, match=r"what is saved is an ocinb.Image"):
        ocinb.save("app:v1", tmp_path / "x.tar")  # type: ignore[arg-type]
    with pytest.raises(InvalidReference):
        ocinb.save(APP, tmp_path / "x.tar", "-")


def test_it_draws_itself_with_what_is_in_it_and_how_to_ask(images: LocalRepository):
    said = text(images)
    assert f"{images.expression}['latest']" in said
    assert "skopeo inspect oci" in said
    frame = images.to_frame()
    assert list(frame.tag) == ["latest", "v1", *[""] * 7]
    assert set(frame.digest) == {each.digest for each in images.manifests()}
    drawn = text(images["v1"])
    assert "crane" not in drawn
    assert "skopeo inspect --raw oci" in drawn


def test_an_archive_cut_off_between_two_entries_says_so_and_not_that_a_blob_is_not_here(tmp_path):
    path = tmp_path / "app.tar"
    ocinb.save(APP, path, "v1")
    with tarfile.open(path) as written:
        ends = [each.offset for each in written.getmembers()]
    os.truncate(path, ends[2])  # after index.json
    whole = path.stat().st_size
    with pytest.raises(InvalidArchive, match="may be cut off") as caught:
        _ = ocinb.open(path)["v1"]
    assert (caught.value.entry, caught.value.offset) == (2, whole)
    assert "two blocks of zeros" in caught.value.rule
    os.truncate(path, ends[1])
    with pytest.raises(InvalidArchive, match=r"index\.json is missing"):
        ocinb.open(path)


def test_what_refers_to_an_image_is_saved_with_it_by_the_front_door_too(tmp_path: Path):
    save(tmp_path / "app.tar", [(APP, ("v1",)), (SBOM, ())])
    there = ocinb.open(tmp_path / "app.tar")["v1"]
    ocinb.save(there, tmp_path / "alone.tar")
    ocinb.save(there, tmp_path / "all.tar", recursive=True)
    assert not ocinb.open(tmp_path / "alone.tar")["v1"].referrers()
    assert [each.digest for each in ocinb.open(tmp_path / "all.tar")["v1"].referrers()] == [
        SBOM.digest
    ]
