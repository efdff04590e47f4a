"""Writing archives and layouts: whole, the same each time, and nothing when something is wrong."""

from __future__ import annotations

import errno
import json
import os
import tarfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ocinb.errors import (
    DigestMismatch,
    DiskFull,
    InvalidContent,
    InvalidReference,
    NotSupported,
    OcinbError,
)
from ocinb.layers.build import Image
from ocinb.oci.digest import Digest
from ocinb.oci.image import Blob, ImageIndex
from ocinb.oci.image import Image as Any_
from ocinb.registry import sample
from ocinb.storage import files
from ocinb.storage.archive.archive import Archive
from ocinb.storage.archive.saving import save
from ocinb.storage.layout import Layout
from ocinb.storage.store import read
from tests.storage.archive.making import members_of

APP = sample.app()
IMAGE = Image.scratch().add_layer([("/a", b"hello", 0o644)], mtime=0)


def everything(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def spoiled(content: bytes) -> Any_:
    """An image whose layer is not what its descriptor says."""
    blob = IMAGE.blobs[1]
    wrong = Blob(blob.descriptor, lambda: [content])
    return Any_(IMAGE.manifest, (IMAGE.blobs[0], wrong))


# The same each time


@pytest.mark.parametrize("name", ["x.tar", "x.tar.gz", "x.tgz", "x.tar.zst"])
def test_the_same_content_gives_the_same_bytes(name: str, tmp_path: Path):
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        save(tmp_path / folder / name, [(APP, ("v1",)), (sample.chart(), ("chart",))])
    assert everything(tmp_path / "a") == everything(tmp_path / "b")


def test_members_belong_to_nobody_and_have_one_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    for epoch, mtime in (("", 0), ("1700000000", 1_700_000_000)):
        monkeypatch.setenv("SOURCE_DATE_EPOCH", epoch)
        save(tmp_path / "x.tar", [(IMAGE, ("v1",))])
        with tarfile.open(tmp_path / "x.tar") as tar:
            said = {(each.uid, each.gid, each.uname, each.gname, each.mtime) for each in tar}
        assert said == {(0, 0, "", "", mtime)}


def test_all_that_is_named_is_there_and_once(tmp_path: Path):
    save(tmp_path / "x.tar", [(APP, ("v1",)), (APP, ("again",)), (sample.sbom(APP), ())])
    names = [name for name, _ in members_of(tmp_path / "x.tar")]
    assert len(names) == len(set(names))
    found = Archive(tmp_path / "x.tar")
    assert found.tags() == ("again", "v1")
    assert len(found.manifests()) == 8
    wanted = {blob.digest for child in APP.children for blob in child.blobs}  # type: ignore[union-attr]
    assert all(found.content(digest) for digest in wanted)


def test_a_full_name_is_a_tag_and_a_name_as_docker_and_containerd_read_it(tmp_path: Path):
    save(tmp_path / "x.tar", [(IMAGE, ("ghcr.io/owner/app:v1", "app:2"))])
    entries = json.loads(dict(members_of(tmp_path / "x.tar"))["index.json"])["manifests"]
    assert [each["annotations"] for each in entries] == [
        {
            "io.containerd.image.name": name,
            "org.opencontainers.image.ref.name": name.rpartition(":")[2],
        }
        for name in ("ghcr.io/owner/app:v1", "docker.io/library/app:2")
    ]


def test_a_long_digest_has_its_whole_name(tmp_path: Path):
    """128 digits are more than the name field of a header holds."""
    content = b"x" * 5
    layer = Blob.of(content, "text/plain")
    long = replace(layer.descriptor, digest=Digest.of(content, "sha512"))
    image = Any_.of(IMAGE.blobs[0], [Blob(long, lambda: [content])])
    save(tmp_path / "x.tar", [(image, ("v1",))])
    assert read(Archive(tmp_path / "x.tar"), long.digest) == content


# docker-archives


def test_an_archive_of_dockers_keeps_its_manifest_and_lists_what_docker_wants(tmp_path: Path):
    save(tmp_path / "x.tar", [(IMAGE, ("app:v1",))], format="docker-archive")
    members = dict(members_of(tmp_path / "x.tar"))
    (listed,) = json.loads(members["manifest.json"])
    assert listed["RepoTags"] == ["app:v1"]
    assert Digest.of(members[listed["Config"]]) == IMAGE.manifest.config.digest  # type: ignore[union-attr]
    assert [Digest.of(members[name]) for name in listed["Layers"]] == [IMAGE.blobs[1].digest]
    assert Archive(tmp_path / "x.tar").resolve("app:v1").digest == IMAGE.digest  # type: ignore[union-attr]


def test_one_image_of_an_index_goes_into_an_archive_of_dockers(tmp_path: Path):
    path = tmp_path / "x.tar"
    save(path, [(APP, ("app:v1",))], format="docker-archive", platform="linux/arm64")
    assert Archive(path).resolve("v1").digest == APP.children[1].digest  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("content", "names", "said"),
    [
        (APP, ("app:v1",), "not an index of several"),
        (sample.chart(), ("chart:v1",), "is none"),
        (APP.children[3], ("app:v1",), "is none"),
        (IMAGE, ("v1",), "names images in full"),
    ],
    ids=["index", "artifact", "attestation", "tag alone"],
)
def test_what_an_archive_of_dockers_cannot_hold_is_refused(
    content: Any, names: tuple[str, ...], said: str, tmp_path: Path
):
    with pytest.raises(OcinbError, match=said) as caught:
        save(tmp_path / "x.tar", [(content, names)], format="docker-archive")
    assert caught.value.hints
    assert list(tmp_path.iterdir()) == []


# Layouts


def test_a_layout_appears_whole_and_gets_more_later(tmp_path: Path):
    folder = tmp_path / "layout"
    save(folder, [(APP, ("v1",))])
    save(folder, [(sample.chart(), ("chart",))])
    layout = Layout(folder)
    assert layout.tags() == ("chart", "v1")
    assert read(layout, APP.digest) == APP.index.raw
    assert len(layout.manifests()) == 8
    assert [each.name for each in tmp_path.iterdir()] == ["layout"]


def test_a_tampered_blob_in_a_layout_is_written_anew(tmp_path: Path):
    folder, blob = tmp_path / "layout", IMAGE.blobs[1]
    save(folder, [(IMAGE, ("v1",))])
    file = folder / "blobs" / "sha256" / blob.digest.encoded
    right = file.read_bytes()
    file.chmod(0o600)
    file.write_bytes(bytes(len(right)))
    save(folder, [(IMAGE, ("v1",))])
    assert file.read_bytes() == right


# Nothing when something is wrong


@pytest.mark.parametrize("name", ["x.tar", "x.tar.gz", "layout"])
@pytest.mark.parametrize("change", ["other", "shorter", "longer"])
def test_a_blob_that_is_another_is_named_and_nothing_stays(name: str, change: str, tmp_path: Path):
    right = b"".join(IMAGE.blobs[1])
    wrong = {"other": bytes(len(right)), "shorter": right[:-1], "longer": right + b"x"}[change]
    with pytest.raises((DigestMismatch, InvalidContent)) as caught:
        save(tmp_path / name, [(spoiled(wrong), ("v1",))])
    told = "\n".join([str(caught.value), *caught.value.hints])
    assert IMAGE.blobs[1].digest in told
    assert change == "longer" or Digest.of(wrong) in told
    assert change != "shorter" or f"{len(right):,} bytes, and has {len(wrong):,}" in told
    assert list(tmp_path.iterdir()) == []


def test_what_was_there_before_stays_when_saving_fails(tmp_path: Path):
    def broken() -> Iterator[bytes]:
        yield b"x"
        raise OSError("the disk is gone")

    path = tmp_path / "x.tar"
    save(path, [(IMAGE, ("v1",))])
    before = path.read_bytes()
    blob = Blob(IMAGE.blobs[1].descriptor, broken)
    with pytest.raises(OSError, match="the disk is gone"):
        save(path, [(Any_(IMAGE.manifest, (IMAGE.blobs[0], blob)), ("v1",))])
    assert (path.read_bytes(), list(tmp_path.iterdir())) == (before, [path])


def test_what_is_named_and_not_there_is_refused(tmp_path: Path):
    halves = (
        Any_(IMAGE.manifest, IMAGE.blobs[:1]),
        ImageIndex(APP.index, APP.children[:1]),
    )
    for half in halves:
        with pytest.raises(InvalidContent, match="which is not here"):
            save(tmp_path / "x.tar", [(half, ("v1",))])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["-v1", "", "App:v1", f"app@{APP.digest}"])
def test_names_that_are_none_are_refused(name: str, tmp_path: Path):
    with pytest.raises(InvalidReference):
        save(tmp_path / "x.tar", [(IMAGE, (name,))])
    assert list(tmp_path.iterdir()) == []


def test_one_name_is_given_to_one_thing(tmp_path: Path):
    with pytest.raises(InvalidReference, match="two different things"):
        save(tmp_path / "x.tar", [(IMAGE, ("v1",)), (APP, ("v1",))])


def test_formats_and_compressions_that_are_none_are_refused(tmp_path: Path):
    with pytest.raises(ValueError, match="format is one of"):
        save(tmp_path / "x", [], format="zip")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="compression is one of"):
        save(tmp_path / "x.tar", [], compression="xz")
    with pytest.raises(ValueError, match="no compression"):
        save(tmp_path / "x", [], compression="gzip")
    (tmp_path / "folder.tar").mkdir()
    with pytest.raises(IsADirectoryError):
        save(tmp_path / "folder.tar", [])


def test_a_compression_that_is_given_counts_more_than_the_ending(tmp_path: Path):
    save(tmp_path / "x.tar", [(IMAGE, ("v1",))], compression="zstd")
    assert Archive(tmp_path / "x.tar").compression == "zstd"


def test_whoever_watches_is_told_of_each_blob_to_its_end(tmp_path: Path):
    told: dict[str, int] = {}
    save(
        tmp_path / "x.tar", [(IMAGE, ())], watch=lambda blob, done: told.update({blob.digest: done})
    )
    assert {blob.digest: blob.size for blob in IMAGE.blobs}.items() <= told.items()


def test_what_is_missing_to_be_supported_is_told(tmp_path: Path):
    with pytest.raises(NotSupported, match="is none"):
        save(tmp_path / "x.tar", [(sample.sbom(APP), ())], format="docker-archive")


@pytest.mark.parametrize("name", ["x.zip", "x.tar.bz2", "X.TAR.XZ", "x.gz"])
def test_an_archive_of_another_kind_is_refused_and_no_folder_of_its_name(name: str, tmp_path: Path):
    with pytest.raises(NotSupported, match="are not written") as refused:
        save(tmp_path / name, [(IMAGE, ("v1",))])
    assert ".tar, .tar.gz, .tgz, .tar.zst" in refused.value.hints[0]
    assert not any(tmp_path.iterdir())
    save(tmp_path / name, [(IMAGE, ("v1",))], format="oci-layout")  # who says so means it
    save(tmp_path / name, [(IMAGE, ("v2",))])  # a folder of that name is there
    assert Layout(tmp_path / name).tags() == ("v1", "v2")


@pytest.mark.parametrize("name", ["x.tar", "x"])
def test_a_full_disk_is_told_with_the_folder_and_nothing_stays(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def full(file: object, piece: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(files, "write_all", full)
    with pytest.raises(DiskFull, match="has no room") as refused:
        save(tmp_path / name, [(IMAGE, ("v1",))])
    assert (refused.value.path, refused.value.needed) == (str(tmp_path), IMAGE.total_size)
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["x.tar", "x"])
def test_a_folder_that_takes_nothing_is_named(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def refused(path: object, *given: object, **more: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(os, "mkdir" if name == "x" else "open", refused)
    with pytest.raises(PermissionError) as caught:
        save(tmp_path / name, [(IMAGE, ("v1",))])
    assert caught.value.filename == str(tmp_path)
