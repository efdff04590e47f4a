"""Files of layers that are elsewhere: one pass over each, then one request for a part of it."""

from __future__ import annotations

import gzip
import io
import random
import tarfile
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

import ocinb
from ocinb import errors
from ocinb.client.layer import RemoteLayer
from ocinb.client.remote import RemoteImage
from ocinb.layers.files import FileList
from ocinb.layers.lazy import points, reach
from ocinb.layers.unpacking import compression
from ocinb.oci import media_types
from ocinb.oci.descriptor import Descriptor
from ocinb.oci.document import encode
from ocinb.oci.image import Blob, Image
from ocinb.protocol.fields.headers import Headers
from ocinb.protocol.messages import Request, Response
from tests.client.asking import Counted, instead
from tests.layers.archives import END

SPAN = 256 * 1024


def archive(files: int = 60, seed: int = 1) -> bytes:
    """Files of many sizes, some of them compressing well and others not at all."""
    chance, made = random.Random(seed), io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as writing:
        for number in range(files):
            size = chance.choice([0, 1, 700, 30_000, 300_000])
            noise = chance.randbytes(size // 2)
            info = tarfile.TarInfo(f"folder/{number}")
            info.size = size
            writing.addfile(info, io.BytesIO(noise + (b"text " * size)[: size - len(noise)]))
    return made.getvalue()


ARCHIVE = archive()


def members(content: bytes, size: int) -> bytes:
    """gzip of many members, as pigz -i, bgzip and eStargz write it."""
    parts = (content[at : at + size] for at in range(0, len(content), size))
    return b"".join(gzip.compress(part, mtime=0) for part in parts)


def frames(content: bytes, size: int) -> bytes:
    zstd = compression._zstd()
    parts = (content[at : at + size] for at in range(0, len(content), size))
    return b"".join(zstd.compress(part) for part in parts)


PACKED: dict[str, Callable[[], bytes]] = {
    "gzip": lambda: gzip.compress(ARCHIVE, mtime=0),
    "stored": lambda: gzip.compress(ARCHIVE, 0, mtime=0),
    "members": lambda: members(ARCHIVE, 150_000),
    "small members": lambda: members(ARCHIVE, 7_000),
    "padded": lambda: members(ARCHIVE, 400_000) + bytes(3_000),
    "zstd frames": lambda: frames(ARCHIVE, 200_000),
    "plain": lambda: ARCHIVE,
}


@pytest.fixture(autouse=True)
def _small_spans(monkeypatch: pytest.MonkeyPatch):
    """Points as close as in a layer a hundred times as large."""
    monkeypatch.setattr(points, "SPAN", SPAN)
    monkeypatch.setattr(points, "_NEAR", SPAN // 8)
    monkeypatch.setattr(reach, "_WORTH_IT", 0)


@pytest.fixture(params=["found", "held"])
def finder(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """With indexed_gzip, and without."""
    if request.param == "held":
        monkeypatch.setattr(points, "can_be_found", lambda: False)
    return str(request.param)


def served(
    layer: bytes, algorithm: str = "sha256", content: bytes = ARCHIVE
) -> tuple[Counted, Image]:
    """A registry with an image of one layer, and that image."""
    school = ocinb.LocalRegistry()
    config = {
        "os": "linux",
        "architecture": "amd64",
        "rootfs": {"type": "layers", "diff_ids": [ocinb.Digest.of(content)]},
    }
    digest = ocinb.Digest.of(layer, algorithm)
    blob = Blob(Descriptor(media_types.LAYER_GZIP, digest, len(layer)), lambda: (layer,))
    image = Image.of(Blob.of(encode(config), media_types.CONFIG), [blob])
    ocinb.Repository("demo/one", registry=school).push(image, "v1", progress=False)
    return Counted(school.handle, "demo/one"), image


def opened(registry: Counted, cache: ocinb.Cache | None = None) -> FileList:
    """The files of the layer, as a kernel sees them that begins now."""
    image = ocinb.Registry(registry, cache=cache)["demo/one"]["v1"]
    assert isinstance(image, RemoteImage)
    return image.layers[0].files


def parts(registry: Counted) -> list[str]:
    """The ranges of blobs that were asked for since this was called last; "" is all of one."""
    asked, registry.asked = registry.asked, []
    return [each.headers.get("range", "") for each in asked if "/blobs/" in each.url]


def contents() -> dict[str, bytes]:
    with tarfile.open(fileobj=io.BytesIO(ARCHIVE)) as reading:
        return {each.name: reading.extractfile(each).read() for each in reading}  # type: ignore[union-attr]


@pytest.mark.parametrize("how", PACKED)
def test_every_file_is_as_tarfile_has_it_and_takes_one_request_at_most(how: str, finder: str):
    registry, _ = served(PACKED[how]())
    files = opened(registry)
    assert parts(registry) == [""]
    for path, content in contents().items():
        assert files[path].bytes == content
        asked = parts(registry)
        assert len(asked) <= 1
        assert all(asked)
    assert files.requests
    assert not (files.fetching and files.fetching.notes)


@pytest.mark.parametrize("how", PACKED)
def test_each_file_alone_takes_one_request_for_a_part(how: str, finder: str):
    layer = PACKED[how]()
    registry, _ = served(layer)
    opened_ = ocinb.Registry(registry)["demo/one"]["v1"]
    assert isinstance(opened_, RemoteImage)
    assert opened_.layers[0].files.complete
    parts(registry)
    for path, content in list(contents().items())[::7]:
        files = RemoteLayer(opened_.source, opened_.layers[0].descriptor, 0).files
        assert parts(registry) == []
        assert files[path].bytes == content
        asked = parts(registry)
        assert len(asked) == bool(content)
        assert files.requests == len(asked)
        assert files.fetched < len(layer) / 2
        assert ("opened 1 file: " in repr(files)) == bool(content)


def test_files_near_each_other_are_fetched_together():
    registry, _ = served(PACKED["gzip"]())
    files = opened(registry)
    parts(registry)
    for path in contents():
        files[path].show()
    assert len(parts(registry)) < len(contents()) / 2
    parts(registry)
    assert files["folder/59"].bytes == contents()["folder/59"]
    assert parts(registry) == []


def test_two_images_with_the_same_layer_list_it_once():
    registry, image = served(PACKED["gzip"]())
    school = ocinb.Registry(registry)
    school["demo/one"].push(image, "v2", progress=False)
    parts(registry)
    for tag in ("v1", "v2"):
        found = school["demo/one"][tag]
        assert isinstance(found, RemoteImage)
        assert len(found.layers[0].files) == 60
    assert parts(registry) == [""]


@pytest.mark.parametrize("how", ["gzip", "small members", "zstd frames", "plain"])
def test_a_second_kernel_opens_a_file_with_one_request_and_lists_nothing(how: str, tmp_path: Path):
    layer = PACKED[how]()
    registry, _ = served(layer)
    small = ocinb.Cache(tmp_path, limit=len(layer) - 1)  # the blob has no room in it
    first = opened(registry, small)
    parts(registry)
    files = opened(registry, ocinb.Cache(tmp_path, limit=len(layer) - 1))
    assert parts(registry) == []
    assert list(files) == list(first)
    assert files.about == first.about
    path = "folder/37"
    assert files[path].bytes == contents()[path]
    assert len(parts(registry)) == 1
    assert "nothing for this list" in (files._repr_html_() or "")
    assert "opened 1 file" in (files._repr_html_() or "")


def test_what_the_cache_has_of_the_blob_is_not_asked_for(tmp_path: Path):
    registry, image = served(PACKED["gzip"]())
    assert opened(registry, ocinb.Cache(tmp_path)).complete
    parts(registry)
    files = opened(registry, ocinb.Cache(tmp_path))
    assert all(files[path].bytes == content for path, content in contents().items())
    assert parts(registry) == []
    assert files.fetched == 0
    path = tmp_path / "blobs/sha256" / image.layers[0].digest.encoded
    path.write_bytes(bytes(path.stat().st_size))  # it was changed: the registry is asked
    files = opened(registry, ocinb.Cache(tmp_path))
    assert files["folder/37"].bytes == contents()["folder/37"]
    assert len(parts(registry)) == 1


def changed(request: Request, layer: bytes) -> Response:
    """The part that was asked for, of a layer that somebody changed."""
    start, stop = map(int, request.headers["range"].removeprefix("bytes=").split("-"))
    said = f"bytes {start}-{stop}/{len(layer)}"
    part = layer[start : stop + 1]
    return Response(206, {"Content-Range": said, "Content-Length": str(len(part))}, part)


@pytest.mark.parametrize("how", PACKED)
def test_a_part_that_was_changed_is_refused(how: str, finder: str):
    layer = PACKED[how]()
    registry, image = served(layer)
    files = opened(registry)
    for bad in (bytes(len(layer)), layer[:100] + layer[101:] + b"x", layer[::-1]):
        answer = lambda request, bad=bad: changed(request, bad)  # noqa: E731
        registry._handle = instead(f"GET /v2/demo/one/blobs/{image.layers[0].digest}", answer,
                                   registry._handle, times=1)  # fmt: skip
        with pytest.raises(errors.DigestMismatch, match="block"):
            files["folder/37"].read()
    assert files["folder/37"].bytes == contents()["folder/37"]


def no_parts(request: Request) -> Request:
    """The same as a registry hears it that knows nothing of ranges."""
    left = {name: value for name, value in request.headers.items() if name.lower() != "range"}
    return replace(request, headers=Headers(left))


def test_a_registry_that_knows_no_parts_still_gives_files_and_that_is_said(finder: str):
    registry, _ = served(PACKED["gzip"]())
    handle = registry._handle
    registry._handle = lambda request: handle(no_parts(request))
    files = opened(registry)
    parts(registry)
    assert files["folder/37"].bytes == contents()["folder/37"]
    assert len(parts(registry)) == 1
    assert files.fetching is not None
    assert "sends no parts" in files.fetching.notes[0]
    assert "sends no parts" in (files._repr_html_() or "")
    assert files.fetched > files.about.size / 4


@pytest.mark.parametrize("status", [400, 403, 416, 500])
def test_where_parts_are_refused_files_are_streamed(status: int):
    registry, _ = served(PACKED["gzip"]())
    handle = registry._handle

    def answer(request: Request) -> Response:
        return Response(status) if "range" in request.headers else handle(request)

    registry._handle = answer
    repository = ocinb.Registry(registry, attempts=1)["demo/one"]
    image = repository["v1"]
    assert isinstance(image, RemoteImage)
    files = image.layers[0].files
    for path in ("folder/37", "folder/2"):
        assert files[path].bytes == contents()[path]
    assert files.fetching is not None
    assert len(files.fetching.notes) == 1
    assert "streamed" in files.fetching.notes[0]


def test_one_zstd_frame_is_streamed_and_that_is_said():
    registry, _ = served(frames(ARCHIVE, len(ARCHIVE)))
    files = opened(registry)
    assert files["folder/37"].bytes == contents()["folder/37"]
    assert files.fetching is not None
    assert "one zstd frame" in files.fetching.notes[0]


def test_layers_named_by_sha512_are_reached_the_same_way(tmp_path: Path):
    registry, _ = served(PACKED["gzip"](), "sha512")
    cache = ocinb.Cache(tmp_path, limit=1_000_000)
    assert opened(registry, cache).complete
    parts(registry)
    assert opened(registry, cache)["folder/37"].bytes == contents()["folder/37"]
    assert len(parts(registry)) == 1


@pytest.mark.parametrize("how", ["gzip", "members", "zstd frames", "plain"])
def test_of_a_layer_that_is_cut_off_what_is_whole_can_be_read(how: str, finder: str):
    layer = PACKED[how]()
    registry, _ = served(layer[: len(layer) // 2])
    files = opened(registry)
    assert not files.complete
    parts(registry)
    end = files.about.unpacked
    for each in files:
        if files.columns.data[each.position] + each.size <= end:
            assert each.bytes == contents()[each.path]
        else:
            with pytest.raises(errors.InvalidContent, match="of which"):
                each.read()
    assert all(parts(registry))


def test_the_archive_is_compared_with_the_config_though_the_layer_is_known():
    registry, _ = served(PACKED["gzip"](), content=b"another")
    image = ocinb.Registry(registry)["demo/one"]["v1"]
    assert isinstance(image, RemoteImage)
    assert image.layers[0].files.complete
    assert image.config.diff_ids
    again = RemoteLayer(image.source, image.layers[0].descriptor, 0, image.document)
    with pytest.raises(errors.DigestMismatch, match="unpacking"):
        again.files  # noqa: B018


def test_without_indexed_gzip_it_is_said_what_would_last(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    monkeypatch.setattr(points, "can_be_found", lambda: False)
    layer = PACKED["gzip"]()
    registry, _ = served(layer)
    cache = ocinb.Cache(tmp_path, limit=len(layer) - 1)
    files = opened(registry, cache)
    assert files.fetching is not None
    assert "ocinb[lazy]" in files.fetching.notes[0]
    parts(registry)
    again = opened(registry, cache)  # listed from disk; where to begin is not there
    assert parts(registry) == []
    assert again["folder/37"].bytes == contents()["folder/37"]
    assert again.fetching is not None
    assert "ocinb[lazy]" in again.fetching.notes[0]


def test_no_thread_stays_behind():
    before = threading.active_count()
    registry, _ = served(PACKED["gzip"]())
    assert opened(registry).complete
    broken, _ = served(b"\x1f\x8b" + bytes(100_000))
    with pytest.raises(errors.InvalidArchive):
        opened(broken)
    assert threading.active_count() == before


def test_where_no_thread_can_be_started_files_are_streamed(monkeypatch: pytest.MonkeyPatch):
    def refused(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refused)
    registry, _ = served(PACKED["gzip"]())
    files = opened(registry)
    assert files["folder/37"].bytes == contents()["folder/37"]
    assert files.fetching is not None
    assert "streamed" in files.fetching.notes[0]


def test_an_empty_archive_is_known_again(tmp_path: Path):
    registry, _ = served(gzip.compress(END, mtime=0))
    cache = ocinb.Cache(tmp_path)
    assert len(opened(registry, cache)) == len(opened(registry, cache)) == 0
