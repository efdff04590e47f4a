"""The file system of an image where it is: its layers fetched, verified, listed, each once."""

from __future__ import annotations

import pickle
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

import ocinb
from ocinb.client.registry import Embedded
from ocinb.client.remote import RemoteImage
from ocinb.errors import DigestMismatch, NotFound, NotSupported
from ocinb.layers.filesystem import FileSystem
from ocinb.layers.limits import Limits
from ocinb.oci import media_types
from ocinb.oci.document import encode
from ocinb.oci.image import Blob, Image
from ocinb.protocol.events import RequestStarted
from ocinb.protocol.messages import Request, Response
from tests.client.together import Company, Crowd, no_thread_left
from tests.layers.stacks import archive


def built() -> ocinb.Image:
    return (
        ocinb.Image.scratch()
        .add_layer([("/etc/os-release", b"ID=old\n"), ("/gone", b"1234")], created_by="FROM old")
        .label("a", "b")
        .add_layer([("/etc/os-release", b"ID=new\n"), ("/.wh.gone", b"")], created_by="RUN new")
    )


def pushed(image: Image, registry: ocinb.LocalRegistry | None = None) -> RemoteImage:
    """An image as somebody who knows nothing of it sees it."""
    school = registry or ocinb.LocalRegistry()
    ocinb.Repository("demo/one", registry=school).push(image, "v1", progress=False)
    found = ocinb.Repository("demo/one", registry=school)["v1"]
    assert isinstance(found, RemoteImage)
    return found


def image_of(layers: list[bytes], diff_ids: list[str]) -> Image:
    config = {"os": "linux", "architecture": "amd64",
              "rootfs": {"type": "layers", "diff_ids": diff_ids}}  # fmt: skip
    blobs = [Blob.of(each, media_types.LAYER) for each in layers]
    return Image.of(Blob.of(encode(config), media_types.CONFIG), blobs)


def seen(fs: FileSystem) -> dict[str, int]:
    return {each.path: each.layer for each in fs if each.type == "file"}


def test_the_files_of_a_remote_image_are_those_that_a_container_sees():
    fs = pushed(built()).files
    assert seen(fs) == {"etc/os-release": 1}
    assert fs["etc/os-release"].text == "ID=new\n"
    assert [each.created_by for each in fs.layers] == ["FROM old", "RUN new"]
    assert fs.layer_of("gone").created_by == "RUN new"
    assert all(each.about.verified for each in fs.merged.lists)
    assert fs.waste.wasted == 7 + 4


def test_the_same_image_has_the_same_files_before_it_is_pushed():
    image = built()
    remote = pushed(image).files
    assert [(each.path, each.state, each.layer) for each in image.files.all] == [
        (each.path, each.state, each.layer) for each in remote.all
    ]
    assert image.files["etc/os-release"].text == "ID=new\n"
    assert image.known_files is image.files
    assert all(each.about.verified for each in image.files.merged.lists)
    assert pickle.loads(pickle.dumps(image)) == image


def test_a_base_in_a_registry_is_read_where_it_is():
    image = ocinb.Image.from_(pushed(built())).add_layer([("/new", b"1")])
    assert seen(image.files) == {"etc/os-release": 1, "new": 2}
    assert image.files["etc/os-release"].text == "ID=new\n"


def test_a_built_image_without_a_layer_or_config_has_no_file_system():
    image = built()
    with pytest.raises(NotSupported, match="without its layer"):
        ocinb.Image(image.manifest, image.blobs[:2]).files  # noqa: B018
    with pytest.raises(NotSupported, match="no image"):
        ocinb.Image(image.manifest, image.blobs[1:]).files  # noqa: B018


def test_it_is_listed_once_and_drawing_asks_nobody():
    image = pushed(built())
    heard: list[object] = []
    with image.source.registry.watched_by(heard.append):  # type: ignore[attr-defined]
        image._repr_html_()
        assert not heard
        assert "files" not in vars(image)
        assert image.files is image.files is image.known_files
        requests = [each for each in heard if isinstance(each, RequestStarted)]
        assert len(requests) == 3  # the config and two layers
        image.files._repr_html_()
        image.files.waste.to_frame()
        assert [each for each in heard if isinstance(each, RequestStarted)] == requests


def test_a_layer_that_is_there_twice_is_fetched_once():
    layer = archive(["a"])
    digest = str(ocinb.Digest.of(layer))
    image = pushed(image_of([layer, archive(["b"]), layer], [
        digest, str(ocinb.Digest.of(archive(["b"]))), digest,
    ]))  # fmt: skip
    heard: list[object] = []
    with image.source.registry.watched_by(heard.append):  # type: ignore[attr-defined]
        assert seen(image.files) == {"a": 2, "b": 1}
    assert len([each for each in heard if isinstance(each, RequestStarted)]) == 3


class Held:
    """Answers as `school` does, but for layers, which `answer` has by their position."""

    repositories = ()

    def __init__(
        self, school: ocinb.LocalRegistry, image: Image, answer: Callable[[int, Request], Response]
    ) -> None:
        self._handle, self._answer = school.handle, answer
        self._layers = [str(each.digest) for each in image.manifest.layers]

    def handle(self, request: Request) -> Response:
        for position, digest in enumerate(self._layers):
            if digest in request.url:
                return self._answer(position, request)
        return self._handle(request)


def several(count: int) -> Image:
    layers = [archive([f"file{n}"]) for n in range(count)]
    return image_of(layers, [str(ocinb.Digest.of(each)) for each in layers])


def opened(embedded: Embedded, concurrency: int = 4) -> RemoteImage:
    """What was pushed, as a registry that knows nothing of it sees it."""
    registry = ocinb.Registry(embedded, concurrency=concurrency)
    found = registry["demo/one"]["v1"]
    assert isinstance(found, RemoteImage)
    return found


@pytest.mark.parametrize("anew", [False, True])
def test_layers_are_listed_side_by_side(anew: bool):
    """The registry answers for none of the four before all of them are asked for."""
    school, image = ocinb.LocalRegistry(), several(4)
    pushed(image, school)
    company = Company(school.handle, "/blobs/", 4)
    remote = opened(Held(school, image, lambda _, request: company.handle(request)))
    with no_thread_left():
        fs = remote.list_files() if anew else remote.files
    assert seen(fs) == {f"file{n}": n for n in range(4)}


def test_as_many_are_listed_at_a_time_as_the_registry_may():
    school, image = ocinb.LocalRegistry(), several(5)
    pushed(image, school)
    for concurrency in (1, 2):
        crowd = Crowd(school.handle)
        assert len(opened(crowd, concurrency).files) == 5
        assert crowd.most == concurrency
    crowd = Crowd(school.handle, 0)
    opened(crowd, concurrency=1).list_files()
    assert crowd.threads == {threading.get_ident()}


def test_what_one_layer_fails_with_is_raised_and_stops_the_rest():
    school, image = ocinb.LocalRegistry(), several(8)
    pushed(image, school)
    asked: list[int] = []
    both = threading.Barrier(2, timeout=5)
    failing: list[threading.Thread] = []

    def answer(position: int, request: Request) -> Response:
        asked.append(position)
        if position == 0:
            failing.append(threading.current_thread())
            both.wait()
            return Response(404)
        both.wait()
        failing[0].join(5)  # until nothing more is begun
        return school.handle(request)

    remote = opened(Held(school, image, answer), concurrency=2)
    with no_thread_left(), pytest.raises(NotFound):
        remote.files  # noqa: B018
    assert {*asked} == {0, 1}
    assert remote.known_files is None


def test_who_watches_is_told_in_their_own_thread_and_can_stop_it():
    school = ocinb.LocalRegistry()
    pushed(several(6), school)
    told: list[int] = []

    def stop(progress: ocinb.ProgressInfo) -> None:
        told.append(threading.get_ident())
        if len(told) == 1:
            raise KeyboardInterrupt

    with no_thread_left(), pytest.raises(KeyboardInterrupt):
        opened(school).list_files(progress=stop)
    assert {*told} == {threading.get_ident()}


def test_where_no_thread_can_be_started_layers_are_listed_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
):
    school = ocinb.LocalRegistry()
    pushed(several(3), school)

    def start(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", start)
    assert seen(opened(school).files) == {"file0": 0, "file1": 1, "file2": 2}


def test_an_archive_that_the_config_does_not_name_is_refused():
    """Also when it was listed before the config was there to say so."""
    layer = archive(["a"])
    wrong = str(ocinb.Digest.of(b"other"))
    with pytest.raises(DigestMismatch):
        pushed(image_of([layer], [wrong])).files  # noqa: B018
    image = pushed(image_of([layer], [wrong]))
    assert image.layers[0].files.paths == ("a",)
    with pytest.raises(DigestMismatch) as refused:
        image.files  # noqa: B018
    assert refused.value.expected == wrong


def test_a_config_that_names_another_number_of_layers_verifies_nothing():
    fs = pushed(image_of([archive(["a"])], [])).files
    assert seen(fs) == {"a": 0}
    assert fs.layers[0].created_by == ""


def test_limits_and_progress_are_those_of_each_layer():
    image = pushed(built())
    told: list[ocinb.ProgressInfo] = []
    fs = image.list_files(limits=Limits(entries=1), progress=told.append)
    assert not fs.complete
    assert [len(each) for each in fs.merged.lists] == [1, 1]
    assert told
    assert image.known_files is None  # which are those of `files` alone


def test_it_is_extracted_from_where_it_is(tmp_path: Path):
    extracted = pushed(built()).files.extract(tmp_path / "root")
    assert (tmp_path / "root/etc/os-release").read_text() == "ID=new\n"
    assert not (tmp_path / "root/gone").exists()
    assert extracted.left_out == ()


def test_the_sample_has_a_file_system(school: ocinb.LocalRegistry):
    image = ocinb.Repository("demo/app", registry=school)["latest"]["linux/arm64"]
    assert isinstance(image, RemoteImage)
    fs = image.files
    assert fs.complete
    assert fs.notes == ()
    assert "etc/motd" not in fs
    assert fs.layer_of("etc/motd").position == 1
    assert fs["bin/sh"].text == fs["bin/busybox"].text
