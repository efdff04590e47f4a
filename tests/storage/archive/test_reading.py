"""Reading oci-archives and docker-archives: whoever wrote them, and whatever is wrong with them."""

from __future__ import annotations

import gzip
import json
import os
import random
import tarfile
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from ocinb.errors import DigestMismatch, InvalidArchive, InvalidContent, NotSupported, OcinbError
from ocinb.layers.limits import Limits
from ocinb.oci import media_types
from ocinb.oci.config import ImageConfig, parse_config
from ocinb.oci.digest import Digest
from ocinb.oci.manifest import Manifest, parse_manifest
from ocinb.registry import sample
from ocinb.storage.archive import docker as composing
from ocinb.storage.archive.archive import Archive
from ocinb.storage.archive.saving import save
from ocinb.storage.store import read
from tests.storage.archive.making import (
    PACKED,
    PLAIN,
    archive,
    config,
    docker,
    link,
    members_of,
    saved,
)

APP = sample.app()


def manifest_of(found: Archive, name: str) -> Manifest:
    entry = found.resolve(name)
    assert entry is not None
    manifest = parse_manifest(read(found, entry.digest) or b"", entry.media_type)
    assert isinstance(manifest, Manifest)
    return manifest


# Image layouts in a tar file


@pytest.mark.parametrize("ending", [".tar", ".tar.gz", ".tgz", ".tar.zst"])
def test_an_archive_is_read_whatever_it_is_packed_with(ending: str, tmp_path: Path):
    path = tmp_path / f"app{ending}"
    save(path, [(APP, ("v1", "latest"))])
    found = Archive(path)
    assert found.tags() == ("latest", "v1")
    assert found.resolve("v1").digest == APP.digest  # type: ignore[union-attr]
    assert read(found, APP.digest) == APP.index.raw
    assert len(found.manifests()) == 7  # the index, three images, and what attests each


def test_members_may_come_in_any_order_and_with_a_dot_before_their_names(tmp_path: Path):
    members = [(f"./{name}", content) for name, content in saved(tmp_path)]
    random.Random(1).shuffle(members)
    found = Archive(archive(tmp_path / "x.tar", *members))
    assert found.tags() == ("v1",)
    assert all(read(found, each.digest) for each in found.manifests())


def test_content_is_not_read_before_it_is_asked_for(tmp_path: Path):
    big = bytes(8 * 1024 * 1024)
    path = archive(tmp_path / "x.tar", *saved(tmp_path), ("blobs/sha256/" + "0" * 64, big))
    with path.open("r+b") as file:  # opening reads headers only, so nobody sees this
        file.seek(path.stat().st_size - 4 * 1024 * 1024)
        file.write(b"x")
    assert Archive(path).tags() == ("v1",)


def test_one_tag_of_two_images_is_found_by_their_full_names(tmp_path: Path):
    """As docker writes what it saves: the tag twice, and each full name once."""
    one, other = sample.chart(), sample.app()
    save(tmp_path / "x.tar", [(one, ("a.example/app:v1",)), (other, ("b.example/app:v1",))])
    found = Archive(tmp_path / "x.tar")
    assert found.resolve("a.example/app:v1").digest == one.digest  # type: ignore[union-attr]
    assert found.resolve("b.example/app:v1").digest == other.digest  # type: ignore[union-attr]
    assert found.names.shown() == ("a.example/app:v1", "b.example/app:v1")
    with pytest.raises(OcinbError, match="several") as caught:
        found.resolve("v1")
    assert "a.example/app:v1, b.example/app:v1" in caught.value.hints[0]


# docker-archives


def test_an_archive_of_dockers_has_a_manifest_composed_for_each_image(tmp_path: Path):
    found = Archive(archive(tmp_path / "x.tar", *docker()))
    assert found.format == "docker-archive"
    manifest = manifest_of(found, "v1")
    plain, packed = manifest.layers
    assert (plain.digest, plain.media_type) == (Digest.of(PLAIN), media_types.LAYER)
    assert packed.media_type == media_types.LAYER_GZIP
    assert packed.digest == Digest.of(gzip.compress(PACKED, mtime=0))
    assert read(found, manifest.config.digest) == config(PLAIN, PACKED)
    assert all(read(found, each.digest) is not None for each in manifest.children)


@pytest.mark.parametrize("name", ["example.org/app:v1", "app:v1", "docker.io/library/app:v1", "v1"])
def test_an_image_of_dockers_is_found_by_full_name_and_by_tag(name: str, tmp_path: Path):
    found = Archive(archive(tmp_path / "x.tar", *docker()))
    assert found.resolve(name) is not None


def test_an_image_without_names_is_listed_all_the_same(tmp_path: Path):
    found = Archive(archive(tmp_path / "x.tar", *docker(RepoTags=None)))
    assert (found.tags(), len(found.manifests())) == ((), 1)


def test_a_config_of_many_images_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    *members, (name, listing) = docker()
    (image,) = json.loads(listing)
    many = [{**image, "RepoTags": [f"app:v{n}"], "Config": f"{n}.json"} for n in range(20)]
    links = (link(f"{n}.json", "abc.json") for n in range(20))
    parsed: list[bytes] = []

    def noting(raw: bytes) -> ImageConfig:
        parsed.append(raw)
        return parse_config(raw)

    monkeypatch.setattr(composing, "parse_config", noting)
    path = archive(tmp_path / "x.tar", *members, *links, (name, json.dumps(many).encode()))
    assert len(Archive(path).tags()) == 20
    assert len(parsed) == 1


def test_a_link_in_place_of_a_layer_is_followed(tmp_path: Path):
    members = docker(Layers=["one/layer.tar", "three/layer.tar"])
    path = archive(
        tmp_path / "x.tar", *members, link("three/layer.tar", "../hard"),
        link("hard", "two/layer.tar", tarfile.LNKTYPE),
    )  # fmt: skip
    assert len(manifest_of(Archive(path), "v1").layers) == 2


def test_where_an_archive_is_of_both_kinds_the_layout_counts(tmp_path: Path):
    path = archive(tmp_path / "x.tar", *saved(tmp_path), *docker())
    assert Archive(path).format == "oci-archive"


def test_a_layer_that_unpacks_to_another_archive_is_named_with_both_digests(tmp_path: Path):
    members = [each for each in docker() if each[0] != "two/layer.tar"]
    path = archive(tmp_path / "x.tar", *members, ("two/layer.tar", gzip.compress(PLAIN)))
    with pytest.raises(DigestMismatch) as caught:
        Archive(path).tags()
    assert (caught.value.expected, caught.value.actual) == (Digest.of(PACKED), Digest.of(PLAIN))


def test_a_plain_layer_that_was_tampered_with_shows_when_it_is_read(tmp_path: Path):
    other = PLAIN.replace(b"hello", b"hullo")
    members = [each for each in docker() if each[0] != "one/layer.tar"]
    found = Archive(archive(tmp_path / "x.tar", *members, ("one/layer.tar", other)))
    with pytest.raises(DigestMismatch) as caught:
        read(found, Digest.of(PLAIN))
    assert (caught.value.expected, caught.value.actual) == (Digest.of(PLAIN), Digest.of(other))


# What is wrong with archives


def tampered(members: list[tuple[str, bytes]]) -> tuple[list[tuple[str, bytes]], Digest, Digest]:
    """The same with a bit of the largest blob turned; its name, and what it is now."""
    at = max(range(len(members)), key=lambda n: len(members[n][1]))
    name, content = members[at]
    other = content[:-1] + bytes([content[-1] ^ 1])
    expected = Digest(f"sha256:{name.rpartition('/')[2]}")
    return [*members[:at], (name, other), *members[at + 1 :]], expected, Digest.of(other)


def test_a_tampered_blob_is_named_with_both_digests(tmp_path: Path):
    members, expected, actual = tampered(saved(tmp_path))
    content = Archive(archive(tmp_path / "x.tar", *members)).content(expected)
    assert content is not None
    with pytest.raises(DigestMismatch) as caught:
        b"".join(content)
    assert (caught.value.expected, caught.value.actual) == (expected, actual)
    assert "x.tar" in str(caught.value)


def a_fifo(members: list[tuple[str, bytes]]) -> list[object]:
    return [*members, link("pipe", "", tarfile.FIFOTYPE)]


HOSTILE: dict[str, tuple[Callable[[list[tuple[str, bytes]]], list[object]], str]] = {
    "dots": (lambda m: [*m, ("../../etc/passwd", b"x")], "names are relative"),
    "absolute": (lambda m: [*m, ("/etc/passwd", b"x")], "names are relative"),
    "device": (lambda m: [*m, link("sda", "", tarfile.BLKTYPE)], "files, folders and links"),
    "fifo": (a_fifo, "files, folders and links"),
    "twice": (lambda m: [*m, ("index.json", b"{}")], "one name is one member's"),
    "circle": (
        lambda m: [x for x in m if x[0] != "index.json"]
        + [link("index.json", "a"), link("a", "index.json")],
        "at most 10 links",
    ),
    "outside": (
        lambda m: [x for x in m if x[0] != "index.json"] + [link("index.json", "../../etc/passwd")],
        "leads to something in its archive",
    ),
    "absolute link": (
        lambda m: [x for x in m if x[0] != "index.json"] + [link("index.json", "/etc/passwd")],
        "leads to something in its archive",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", HOSTILE)
def test_a_hostile_archive_is_refused_with_entry_offset_and_rule(what: str, tmp_path: Path):
    """K-13: nothing is extracted by name, and nothing is believed of a name."""
    change, rule = HOSTILE[what]
    path = archive(tmp_path / "x.tar", *change(saved(tmp_path)))  # type: ignore[arg-type]
    with pytest.raises(InvalidArchive) as caught:
        Archive(path).tags()
    assert rule in caught.value.rule
    assert f"entry {caught.value.entry:,}, byte {caught.value.offset:,}" in str(caught.value)


@pytest.mark.parametrize("ending", [".tar", ".tar.gz"])
@pytest.mark.parametrize("cut", [0.2, 0.9])
def test_a_truncated_archive_says_where_it_ends(ending: str, cut: float, tmp_path: Path):
    path = tmp_path / f"x{ending}"
    save(path, [(APP, ("v1",))])
    os.truncate(path, int(path.stat().st_size * cut))
    with pytest.raises(InvalidArchive, match=r"ends|cut off"):
        Archive(path)


def test_a_corrupt_header_is_refused(tmp_path: Path):
    path = tmp_path / "x.tar"
    save(path, [(APP, ("v1",))])
    raw = bytearray(path.read_bytes())
    raw[1024 + 20] ^= 1
    path.write_bytes(raw)
    with pytest.raises(InvalidArchive, match="checksum"):
        Archive(path)


def test_a_corrupt_stream_is_refused(tmp_path: Path):
    path = tmp_path / "x.tar.gz"
    save(path, [(APP, ("v1",))])
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2] ^= 0xFF
    path.write_bytes(raw)
    with pytest.raises(InvalidArchive):
        Archive(path)


def test_a_bomb_is_refused_and_nothing_of_it_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """K-12."""
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    plain = archive(tmp_path / "x.tar", ("zeros", bytes(40 * 1024 * 1024)))
    bomb = tmp_path / "x.tar.gz"
    bomb.write_bytes(gzip.compress(plain.read_bytes(), 9))
    with pytest.raises(InvalidArchive, match="times its size"):
        Archive(bomb, limits=Limits(ratio=100))
    with pytest.raises(InvalidArchive, match=r"at most 1,048,576 bytes"):
        Archive(bomb, limits=Limits(unpacked=1024 * 1024))
    assert list(temporary.iterdir()) == []


def test_more_entries_than_allowed_are_refused(tmp_path: Path):
    path = archive(tmp_path / "x.tar", *((str(n), b"") for n in range(20)))
    with pytest.raises(InvalidArchive, match="at most 10 entries"):
        Archive(path, limits=Limits(entries=10))


@pytest.mark.parametrize("name", ["manifest.json", "abc.json"])
def test_a_huge_document_is_refused_before_it_is_read(name: str, tmp_path: Path):
    members = [each for each in docker() if each[0] != name]
    path = archive(tmp_path / "x.tar", *members, (name, b" " * (5 * 1024 * 1024)))
    with pytest.raises(InvalidContent, match=f"{name}' has 5,242,880 bytes; at most"):
        Archive(path).tags()


@pytest.mark.parametrize(
    ("members", "said"),
    [
        ([("readme", b"x")], "no archive of images"),
        ([("layout/oci-layout", b"{}")], "neither oci-layout"),
        ([("manifest.json", b"{}")], "no list"),
        ([("manifest.json", b'[{"Config": 1}]')], "no Config, Layers and RepoTags"),
        ([("manifest.json", b'[{"Config": "x", "Layers": []}]')], "which is no file"),
        ([*docker(Layers=["one/layer.tar"])], "gives the image of 'abc.json' 1 layers"),
        ([*docker(Layers=["one/layer.tar", "no"])], "names 'no', which is no file"),
        ([("oci-layout", b'{"imageLayoutVersion":"9"}'), ("index.json", b"{}")], "version 9"),
        ([("repositories", b"{}")], "before version 1.10"),
    ],
)
def test_what_is_no_archive_of_images_says_what_it_is(
    members: list[tuple[str, bytes]], said: str, tmp_path: Path
):
    with pytest.raises((InvalidContent, NotSupported), match=said):
        Archive(archive(tmp_path / "x.tar", *members)).tags()


def test_a_layout_within_a_folder_is_told_how_to_be_packed(tmp_path: Path):
    members = [(f"layout/{name}", content) for name, content in saved(tmp_path)]
    with pytest.raises(InvalidContent) as caught:
        Archive(archive(tmp_path / "x.tar", *members))
    assert "tar -C layout ." in caught.value.hints[0]


def test_what_is_no_tar_file_says_so(tmp_path: Path):
    path = tmp_path / "x.tar"
    path.write_bytes(b"<html>" * 200)
    with pytest.raises(InvalidArchive, match="no tar archive"):
        Archive(path)
    with pytest.raises(FileNotFoundError):
        Archive(tmp_path / "nothing.tar")


def test_a_blob_that_is_missing_is_nobody_elses_trouble(tmp_path: Path):
    largest = max(saved(tmp_path), key=lambda each: len(each[1]))
    members = [each for each in saved(tmp_path) if each != largest]
    found = Archive(archive(tmp_path / "x.tar", *members))
    assert found.content(Digest(f"sha256:{largest[0].rpartition('/')[2]}")) is None
    assert found.tags() == ("v1",)


def test_an_archive_stays_what_it_was_when_its_name_is_given_to_another(tmp_path: Path):
    path = tmp_path / "x.tar"
    save(path, [(APP, ("v1",))])
    found = Archive(path)
    save(path, [(sample.chart(), ("v2",))])
    assert read(found, APP.digest) == APP.index.raw


def test_members_are_as_tar_sees_them(tmp_path: Path):
    save(tmp_path / "x.tar", [(APP, ("v1",))])
    names = [name for name, _ in members_of(tmp_path / "x.tar")]
    assert names[:2] == ["oci-layout", "index.json"]
    assert names[2:] == sorted(names[2:])
    index = json.loads(dict(members_of(tmp_path / "x.tar"))["index.json"])
    assert index["manifests"][0]["digest"] == APP.digest
