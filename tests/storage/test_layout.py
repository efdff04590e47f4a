"""Layouts on disk: what they look like to others, and what others leave in them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from dataclasses import replace

import pytest

from ocinb.errors import DigestMismatch, InvalidContent, NotSupported
from ocinb.oci import media_types
from ocinb.oci.annotations import REF_NAME
from ocinb.oci.descriptor import Descriptor
from ocinb.oci.digest import Digest
from ocinb.oci.index import Index
from ocinb.oci.manifest import Manifest
from ocinb.storage import files
from ocinb.storage import layout as layouts
from ocinb.storage import store as stores
from ocinb.storage.layout import Layout

CONFIG = b"{}"
MANIFEST = Manifest.of(Descriptor.of(CONFIG, media_types.CONFIG), [])


@pytest.fixture
def path(tmp_path):
    return tmp_path / "layout"


@pytest.fixture
def layout(path):
    """A layout with one small image, tagged v1."""
    layout = Layout(path)
    stores.put(layout, CONFIG)
    layout.put_manifest(MANIFEST.raw, MANIFEST.descriptor, ["v1"])
    return layout


def blob(path, digest):
    return path / "blobs" / digest.algorithm / digest.encoded


def index(path):
    return json.loads((path / "index.json").read_bytes())


def rewrite(path, entries, **fields):
    document = {"schemaVersion": 2, **fields, "manifests": entries}
    (path / "index.json").write_text(json.dumps(document))


def entry(manifest, **annotations):
    found = {"mediaType": manifest.media_type, "digest": manifest.digest, "size": manifest.size}
    return {**found, "annotations": annotations} if annotations else found


def test_it_is_laid_out_as_the_image_spec_says(layout, path):
    assert json.loads((path / "oci-layout").read_bytes()) == {"imageLayoutVersion": "1.0.0"}
    assert index(path) == {
        "schemaVersion": 2,
        "mediaType": media_types.INDEX,
        "manifests": [entry(MANIFEST, **{REF_NAME: "v1"})],
    }
    assert blob(path, MANIFEST.digest).read_bytes() == MANIFEST.raw
    assert sorted(each.name for each in path.iterdir()) == ["blobs", "index.json", "oci-layout"]


def test_files_are_as_open_to_others_as_their_folder(layout, path):
    file = blob(path, MANIFEST.digest)
    assert file.stat().st_mode & 0o777 == file.parent.stat().st_mode & 0o666


def test_an_unfinished_blob_is_nobody_else_s_business(path):
    with Layout(path).ingest():
        (temporary,) = path.glob(".ingest-*")
        assert temporary.stat().st_mode & 0o777 == 0o600


def test_reading_makes_no_folder(path):
    layout = Layout(path)
    assert layout.tags() == ()
    assert repr(layout) == f"<Layout {path}: nothing yet>"
    assert not path.exists()


def test_another_layout_object_sees_every_change(layout, path):
    other = Layout(path)
    assert other.tags() == ("v1",)
    layout.put_manifest(MANIFEST.raw, MANIFEST.descriptor, ["v2"])
    assert other.tags() == ("v1", "v2")


def test_many_writers_lose_nothing(path):
    def tag(number):
        layout = Layout(path)
        for n in range(10):
            layout.put_manifest(MANIFEST.raw, MANIFEST.descriptor, [f"t{number}-{n}"])

    threads = [threading.Thread(target=tag, args=(number,)) for number in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(Layout(path).tags()) == 50


def test_a_folder_with_other_files_is_not_taken_over(tmp_path):
    (tmp_path / "thesis.txt").touch()
    with pytest.raises(InvalidContent, match="no oci-layout"):
        Layout(tmp_path)


def test_a_file_is_no_layout(tmp_path):
    file = tmp_path / "file"
    file.write_bytes(b"mine")
    with pytest.raises(InvalidContent, match="is no folder"):
        Layout(file)
    assert file.read_bytes() == b"mine"


def test_another_version_of_layouts_is_refused_by_name(tmp_path):
    (tmp_path / "oci-layout").write_text('{"imageLayoutVersion": "2.0.0"}')
    with pytest.raises(NotSupported, match=r"version 2\.0\.0; only 1\.0\.0"):
        Layout(tmp_path)


@pytest.mark.parametrize("content", ["", "no json", "[]", '{"imageLayoutVersion":1e999}'])
def test_a_broken_oci_layout_is_refused(tmp_path, content):
    (tmp_path / "oci-layout").write_text(content)
    with pytest.raises(InvalidContent, match="oci-layout"):
        Layout(tmp_path)


@pytest.mark.parametrize(
    "content", ["", "{}", "[]", '{"manifests":{}}', '{"manifests":[],"manifests":[]}', "\ufeff{}"]
)
def test_a_broken_index_is_refused_when_it_is_read(layout, path, content):
    (path / "index.json").write_text(content)
    with pytest.raises(InvalidContent):
        layout.tags()
    assert "unreadable" in repr(layout)


def test_an_endless_index_is_not_read(layout, path):
    with (path / "index.json").open("r+b") as file:
        file.truncate(layouts.INDEX_LIMIT + 1)
    with pytest.raises(InvalidContent, match="more than 4,194,304 bytes"):
        layout.tags()


def test_an_index_is_not_written_longer_than_it_is_read(layout, path, monkeypatch):
    before = (path / "index.json").read_bytes()
    monkeypatch.setattr(layouts, "INDEX_LIMIT", len(before) + 10)
    with pytest.raises(NotSupported, match=r"index\.json would have"):
        layout.put_manifest(MANIFEST.raw, MANIFEST.descriptor, ["v2"])
    assert (path / "index.json").read_bytes() == before


def test_what_is_not_understood_is_kept(layout, path):
    """S33"""
    strange = [
        {"mediaType": "application/x-strange", "digest": MANIFEST.digest, "size": 1, "new": [1]},
        {"digest": "nonsense"},
        "not even an object",
    ]
    rewrite(path, strange, annotations={"kept": "yes"}, future={"a": 1})
    layout.put_manifest(MANIFEST.raw, MANIFEST.descriptor, ["v1"])
    document = index(path)
    assert document["future"] == {"a": 1}
    assert document["annotations"] == {"kept": "yes"}
    assert strange[1] in document["manifests"]
    assert strange[2] in document["manifests"]


def test_names_that_are_no_tags_resolve_but_are_not_listed(layout, path):
    name = "docker.io/library/alpine:3.20"
    rewrite(path, [entry(MANIFEST, **{REF_NAME: name}), entry(MANIFEST, **{REF_NAME: "v1"})])
    assert layout.tags() == ("v1",)
    assert layout.resolve(name).digest == MANIFEST.digest


def test_of_two_entries_with_one_name_the_first_counts_until_the_tag_is_written(layout, path):
    other = Index.of([])
    entries = [entry(MANIFEST, **{REF_NAME: "v1"}), entry(other, **{REF_NAME: "v1"})]
    rewrite(path, entries)
    assert layout.resolve("v1").digest == MANIFEST.digest
    layout.put_manifest(other.raw, other.descriptor, ["v1"])
    names = [each.get("annotations", {}).get(REF_NAME) for each in index(path)["manifests"]]
    assert names.count("v1") == 1
    assert layout.resolve("v1").digest == other.digest


def test_annotations_that_others_gave_an_entry_stay(layout, path):
    given = {REF_NAME: "v1", "io.containerd.image.name": "x/y:v1"}
    rewrite(path, [entry(MANIFEST, **given)])
    layout.put_manifest(CONFIG, Descriptor.of(CONFIG, media_types.INDEX), ["v2"])
    assert entry(MANIFEST, **given) in index(path)["manifests"]


def test_manifests_that_only_an_index_names_are_known(layout, path):
    inner = Index.of([MANIFEST.descriptor])
    outer = Index.of([inner.descriptor])
    for each in (inner, outer):
        stores.put(layout, each.raw)
    rewrite(path, [entry(outer, **{REF_NAME: "v1"})])
    assert layout.manifest(inner.digest).media_type == media_types.INDEX
    assert layout.manifest(MANIFEST.digest).media_type == media_types.MANIFEST
    assert layout.manifest(Digest.of(b"nobody names this")) is None


def test_an_index_that_names_another_many_times_is_read_once(layout, path):
    """K-26: three small files, and 8 × 10⁹ entries if each were followed."""
    inner = Index.of([MANIFEST.descriptor])
    stores.put(layout, inner.raw)
    for _ in range(3):
        entries = [replace(inner.descriptor, annotations={"n": str(n)}) for n in range(2_000)]
        inner = Index.of(entries)
        stores.put(layout, inner.raw)
    rewrite(path, [entry(inner, **{REF_NAME: "v1"})])
    assert len(layout.manifests()) == 3 + 2


def test_an_index_whose_children_are_missing_names_nothing_that_is_there(path):
    layout = Layout(path)
    outer = Index.of([MANIFEST.descriptor])
    layout.put_manifest(outer.raw, outer.descriptor, ["v1"])
    assert layout.manifest(MANIFEST.digest) is None


def test_a_missing_blob_is_not_there_and_no_error(layout, path):
    blob(path, MANIFEST.digest).unlink()
    assert layout.content(MANIFEST.digest) is None
    assert layout.resolve("v1").digest == MANIFEST.digest


def put_link(file, tmp_path):
    (tmp_path / "secret").write_bytes(MANIFEST.raw)
    file.symlink_to(tmp_path / "secret")


def put_pipe(file, tmp_path):
    os.mkfifo(file)


def put_folder(file, tmp_path):
    file.mkdir()


@pytest.mark.parametrize("put", [put_link, put_pipe, put_folder])
def test_a_link_a_pipe_or_a_folder_in_place_of_a_blob_does_not_count(layout, path, tmp_path, put):
    """K-23; opening the pipe would hang."""
    file = blob(path, MANIFEST.digest)
    file.unlink()
    put(file, tmp_path)
    assert layout.content(MANIFEST.digest) is None
    assert layout.manifest(MANIFEST.digest) is not None


def test_a_link_in_place_of_a_blob_is_replaced_by_the_blob(layout, path, tmp_path):
    file = blob(path, MANIFEST.digest)
    file.unlink()
    put_link(file, tmp_path)
    stores.put(layout, MANIFEST.raw)
    assert not file.is_symlink()
    assert b"".join(layout.content(MANIFEST.digest)) == MANIFEST.raw


def test_a_link_in_place_of_a_blob_is_not_taken_by_another_layout(layout, path, tmp_path):
    file = blob(path, MANIFEST.digest)
    file.unlink()
    put_link(file, tmp_path)
    assert not Layout(tmp_path / "other").take(MANIFEST.digest, layout)


def test_a_blob_that_shrinks_while_it_is_read_is_an_error(layout, path):
    content = layout.content(MANIFEST.digest)
    os.truncate(blob(path, MANIFEST.digest), 10)
    with pytest.raises(InvalidContent, match="cut short"):
        b"".join(content)


def test_a_blob_that_goes_away_while_it_is_read_is_an_error(layout, path):
    content = layout.content(MANIFEST.digest)
    blob(path, MANIFEST.digest).unlink()
    with pytest.raises(InvalidContent, match="gone"):
        b"".join(content)


def test_a_corrupt_blob_is_not_passed_on_by_copying(layout, path, tmp_path):
    from ocinb.storage.memory import MemoryStore

    blob(path, MANIFEST.digest).write_bytes(b"rotten")
    with pytest.raises(DigestMismatch):
        MemoryStore().take(MANIFEST.digest, layout)


def test_what_a_killed_writer_left_is_cleared_and_was_never_visible(path):
    """G-19: what a crash leaves is no blob, and goes away with the next write."""
    script = (
        "import os, sys; from ocinb.storage.layout import Layout; "
        "ingest = Layout(sys.argv[1]).ingest(); ingest.write(b'half'); os._exit(9)"
    )
    subprocess.run([sys.executable, "-c", script, str(path)], check=False)
    assert len(list(path.glob(".ingest-*"))) == 1
    layout = Layout(path)
    assert layout.empty
    with layout.ingest() as mine:
        assert len(list(path.glob(".ingest-*"))) == 1
        Layout(path).ingest().abort()  # somebody else's clearing leaves the living alone
        mine.write(b"whole")
        mine.commit()
    assert not list(path.glob(".ingest-*"))
    assert layout.content(Digest.of(b"whole"))


def test_a_file_that_is_about_to_appear_is_not_cleared_away(path, monkeypatch):
    path.mkdir()
    replace = os.replace

    def after_a_clearing(source, target):
        files.clear_temporaries(path)
        replace(source, target)

    monkeypatch.setattr(os, "replace", after_a_clearing)
    files.write_whole(path / "name", b"content")
    assert (path / "name").read_bytes() == b"content"


def test_a_full_disk_leaves_nothing(layout, path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("ocinb.storage.files.write_all", full)
    with pytest.raises(OSError, match="No space"):
        stores.put(layout, b"something")
    assert not list(path.glob(".ingest-*"))


def begun(layout, content: bytes) -> None:
    """Write some content that another process is to go on with."""
    ingest = layout.begin("key")
    ingest.write(content)
    ingest.leave()


def test_what_is_begun_is_found_by_another_process_and_gone_on_with(layout, path):
    ingest = layout.begin("key-1", "sha512")
    ingest.write(b"half ")
    ingest.leave()
    ((left, again),) = Layout(path).unfinished()
    assert (left.key, left.algorithm, again.size) == ("key-1", "sha512", 5)
    again.write(b"and half")
    digest = again.commit(Digest.of(b"half and half"))
    assert b"".join(layout.content(digest)) == b"half and half"
    assert list(layout.unfinished()) == []


def test_what_is_begun_can_be_taken_back_to_where_another_process_left_it(layout):
    begun(layout, b"half ")
    ((_, again),) = layout.unfinished()
    mark = again.mark()
    again.write(b"too much")
    again.return_to(mark)
    again.write(b"done")
    assert again.commit() == Digest.of(b"half done")


def test_what_is_begun_and_given_up_is_not_found(layout):
    with layout.begin("key") as ingest:
        ingest.write(b"half")
    assert list(layout.unfinished()) == []


def test_what_is_begun_is_no_foreign_file_and_no_blob(layout, path):
    begun(layout, b"half")
    assert Layout(path).manifests() == layout.manifests()
    assert not list(path.glob("blobs/*/*half*"))


def test_its_size_is_that_of_all_its_content(layout):
    before = layout.size
    stores.put(layout, b"12345")
    stores.put(layout, b"123456", Digest.of(b"123456", "sha512"))
    assert layout.size == before + 11


def test_what_a_full_disk_took_of_a_piece_is_taken_back(layout, monkeypatch):
    def full(file, piece):
        file.write(piece[:3])
        raise OSError(28, "No space left on device")

    with layout.ingest() as ingest:
        ingest.write(b"first ")
        with monkeypatch.context() as short:
            short.setattr("ocinb.storage.files.write_all", full)
            with pytest.raises(OSError, match="No space"):
                ingest.write(b"second")
        ingest.write(b"third")
        digest = ingest.commit()
    assert b"".join(layout.content(digest)) == b"first third"
    assert digest == Digest.of(b"first third")
