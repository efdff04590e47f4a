"""Remote layers with a table of contents: what is fetched of them, and when all of it is."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import pytest

import ocinb
from ocinb.client.moving.parts import Parts
from ocinb.client.remote import RemoteImage
from ocinb.errors import NotSupported
from ocinb.layers.lazy.chunks import TableContents
from ocinb.layers.lazy.reach import NoParts
from ocinb.oci import annotations as keys
from ocinb.oci import media_types
from ocinb.oci.document import encode
from ocinb.oci.image import Blob, Image
from ocinb.protocol.events import Event, RequestStarted
from tests.layers.lazy.tables_read import CHUNKED, ESTARGZ, compared
from tests.layers.lazy.tocs import Made, gzipped, made, member, members, zstandard
from tests.layers.lazy.ztocs import made_ztoc

NOISE = random.Random(1).randbytes(500_000)


def pushed(layer: bytes, said: Mapping[str, str]) -> RemoteImage:
    """An image of that layer, as somebody who knows nothing of it sees it."""
    registry = ocinb.LocalRegistry()
    config = {"os": "linux", "architecture": "amd64", "rootfs": {"type": "layers", "diff_ids": []}}
    blob = Blob.of(layer, media_types.LAYER_GZIP, annotations=said)
    image = Image.of(Blob.of(encode(config), media_types.CONFIG), [blob])
    ocinb.Repository("demo/one", registry=registry).push(image, "v1", progress=False)
    found = ocinb.Repository("demo/one", registry=registry)["v1"]
    assert isinstance(found, RemoteImage)
    return found


def estargz() -> Made:
    return made([*members(), member("noise", NOISE)], gzipped, 100_000)


@contextmanager
def asked(image: RemoteImage) -> Iterator[list[str]]:
    """What is asked for of blobs while this lasts, by its `Range`."""
    seen: list[str] = []

    def see(event: Event) -> None:
        if isinstance(event, RequestStarted) and "/blobs/" in event.url:
            seen.append(event.headers.get("Range") or "all")

    assert isinstance(image.source, ocinb.Repository)
    with image.source.registry.watched_by(see):
        yield seen


def test_of_an_estargz_layer_its_table_and_what_is_opened_are_fetched():
    blob, digest = estargz().estargz()
    image = pushed(blob, {ESTARGZ: digest})
    with asked(image) as seen:
        files = image.layers[0].files
        assert files["etc/os-release"].text == "ID=demo\n"
    assert len(seen) == 3
    assert "all" not in seen
    assert files.fetching is not None
    assert files.fetching.listing + files.fetched < 10_000
    assert files["noise"].bytes == NOISE
    assert files.about.table == "eStargz"
    assert "eStargz table of contents" in (files._repr_html_() or "")


def test_list_files_reads_all_of_it_and_is_what_counts_from_then_on():
    blob, digest = estargz().estargz()
    layer = pushed(blob, {ESTARGZ: digest}).layers[0]
    files, whole = layer.files, layer.list_files()
    assert whole.about.table == ""
    assert whole.diff_id is not None
    assert compared(files) == compared(whole)


def test_of_a_zstd_chunked_layer_the_same():
    pytest.importorskip("backports.zstd")
    blob, checksum, position = made([*members(), member("noise", NOISE)], zstandard).zstd()
    said = {f"{CHUNKED}checksum": checksum, f"{CHUNKED}position": position}
    image = pushed(blob, said)
    with asked(image) as seen:
        assert image.layers[0].files["bin/su"].bytes == b"x" * 100
    assert len(seen) == 2
    assert "all" not in seen


def test_a_table_that_is_not_what_the_manifest_names_is_not_used():
    blob, _ = estargz().estargz()
    files = pushed(blob, {ESTARGZ: str(ocinb.Digest.of(b"another"))}).layers[0].files
    assert files.about.table == ""
    assert files.complete
    assert "its table of contents was not used" in files.about.notes[-1]


def test_an_annotation_that_lies_does_no_harm():
    layer = made(members(), gzipped)
    files = pushed(bytes(layer.payload), {ESTARGZ: "nonsense"}).layers[0].files
    assert len(files) == len(members())
    assert "was not used" in files.about.notes[-1]


def indexed(said: str = "") -> RemoteImage:
    """An image that names its SOCI index, or that has `said` in place of it."""
    made = made_ztoc([*members(), member("noise", NOISE)], 100_000)
    registry = ocinb.LocalRegistry()
    repository = ocinb.Repository("demo/one", registry=registry)
    layer = Blob.of(made.layer, media_types.LAYER_GZIP)
    ztoc = Blob.of(
        made.written(), "application/octet-stream", annotations={keys.SOCI_LAYER: layer.digest}
    )
    empty = Blob.of(b"{}", "application/vnd.amazon.soci.index.v2+json")
    index = Image.of(empty, [ztoc])
    repository.push(index, "soci", progress=False)
    config = {"os": "linux", "architecture": "amd64", "rootfs": {"type": "layers", "diff_ids": []}}
    named = {keys.SOCI_INDEX: said or index.digest}
    image = Image.of(Blob.of(encode(config), media_types.CONFIG), [layer], annotations=named)
    repository.push(image, "v1", progress=False)
    found = ocinb.Repository("demo/one", registry=registry)["v1"]
    assert isinstance(found, RemoteImage)
    return found


def test_of_a_layer_with_a_soci_index_nothing_but_the_spans_of_files_are_fetched():
    image = indexed()
    with asked(image) as seen:
        files = image.layers[0].files
        assert len(seen) == 1  # the index itself
        assert files["etc/os-release"].text == "ID=demo\n"
    assert len(seen) == 2
    assert files.about.table == "SOCI"
    assert "SOCI table of contents" in (files._repr_html_() or "")
    assert files["noise"].bytes == NOISE
    assert compared(files) == compared(image.layers[0].list_files())


def test_a_soci_index_that_is_not_there_does_no_harm():
    for said in (str(ocinb.Digest.of(b"another")), "nonsense"):
        files = indexed(said).layers[0].files
        assert files.complete
        assert files.about.table == ""
        assert "was not used" in files.about.notes[-1]


def test_digests_are_those_of_the_table_that_the_manifest_names():
    blob, digest = estargz().estargz()
    image = pushed(blob, {ESTARGZ: digest})
    entry = image.layers[0].files["noise"]
    assert isinstance(entry.contents, TableContents)
    with asked(image) as seen:
        found = entry.contents.digests([entry.position])
    assert found == {entry.position: ocinb.Digest.of(NOISE)}
    assert seen == []


def test_many_files_are_handed_on_chunk_by_chunk():
    blob, digest = estargz().estargz()
    files = pushed(blob, {ESTARGZ: digest}).layers[0].files
    entry = files["noise"]
    kept = _Kept()
    assert isinstance(entry.contents, TableContents)
    positions = [entry.position, files["bin/su"].position]
    entry.contents.stream(positions, kept)
    assert kept.files == {positions[1]: b"x" * 100, positions[0]: NOISE}


def test_when_parts_are_not_to_be_had_any_more_it_is_said(monkeypatch: pytest.MonkeyPatch):
    blob, digest = estargz().estargz()
    files = pushed(blob, {ESTARGZ: digest}).layers[0].files

    def refuse(*_: object) -> bytes:
        raise NoParts("none")

    monkeypatch.setattr(Parts, "part", refuse)
    with pytest.raises(NotSupported) as error:
        files["noise"].bytes  # noqa: B018
    assert "list_files()" in "".join(error.value.hints)
    assert files.about.table


class _Kept:
    """Keeps what is handed on."""

    def __init__(self) -> None:
        self.files: dict[int, bytes] = {}
        self._at = 0

    def begin(self, position: int) -> None:
        self._at = position
        self.files[position] = b""

    def write(self, piece: bytes | memoryview) -> None:
        self.files[self._at] += piece

    def hole(self, count: int) -> None:
        self.files[self._at] += bytes(count)

    def end(self) -> None:
        self._at = -1

    def restart(self) -> None:
        self.files.clear()
