"""Finding files in several images: each layer once, what became of them, and what is missing."""

from __future__ import annotations

import io
import re
import tarfile
import threading
from pathlib import Path

import pytest

import ocinb
from ocinb.client.remote import RemoteImage, RemoteIndex
from ocinb.client.several import finding
from ocinb.client.several.found import Findings
from ocinb.errors import Cancelled, DigestMismatch, InvalidReference, NotFound, NotSupported
from ocinb.oci.image import Image
from ocinb.protocol.messages import Request, Response
from ocinb.protocol.progress.progress_info import ProgressInfo
from tests.client.several.images import (
    asked,
    base,
    both_platforms,
    in_layout,
    of_layers,
    pushed,
    web,
    worker,
)


def told(findings: Findings) -> list[tuple[str, str, str | None]]:
    return [(each.reference, each.path, each.state) for each in findings]


def blobs(urls: list[str]) -> list[str]:
    return [url for url in urls if "/blobs/" in url]


def archive(names: list[str]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name in names:
            tar.addfile(tarfile.TarInfo(name))
    return out.getvalue()


def test_files_are_found_in_two_registries_and_a_layout(tmp_path: Path):
    one = pushed(web(), "demo/web", ocinb.LocalRegistry())
    two = pushed(worker(), "demo/worker", ocinb.LocalRegistry())
    layout = in_layout(base(), tmp_path / "base")
    found = ocinb.find([one, two, layout], "**/libssl*")
    assert told(found) == [
        ("local/demo/web:v1", "usr/lib/libssl.so.3", "deleted"),
        ("local/demo/web:v1", "usr/lib/libssl.so.4", "live"),
        ("local/demo/worker:v1", "usr/lib/libssl.so.3", "superseded"),
        ("local/demo/worker:v1", "usr/lib/libssl.so.3", "live"),
        (f"oci:{tmp_path / 'base'}:v1", "usr/lib/libssl.so.3", "live"),
    ]
    assert [each.by for each in found] == [1, None, 1, None, None]
    assert [each.layer for each in found] == [0, 1, 0, 1, 0]
    assert found.complete
    assert found.completeness == "3 images"
    assert found.layers == 3
    assert {each.platform for each in found} == {"linux/amd64"}


def test_each_file_says_which_other_images_have_its_layer():
    school = ocinb.LocalRegistry()
    images = [pushed(web(), "demo/web", school), pushed(worker(), "demo/worker", school)]
    found = ocinb.find(images, "**/libssl*")
    assert [each.also_in for each in found] == [
        ("local/demo/worker:v1",), (), ("local/demo/web:v1",), (),
    ]  # fmt: skip


def test_what_is_seen_and_what_is_gone_are_told_apart():
    found = ocinb.find(pushed(web(), "demo/web", ocinb.LocalRegistry()), "**/libssl*")
    assert [each.path for each in found.seen] == ["usr/lib/libssl.so.4"]
    assert [each.path for each in found.gone] == ["usr/lib/libssl.so.3"]
    assert [(each.found, each.seen) for each in found.images] == [(2, 1)]


def test_each_distinct_layer_is_fetched_once_and_by_a_second_question_none():
    school = ocinb.LocalRegistry()
    for name, image in (("demo/web", web()), ("demo/worker", worker()), ("demo/base", base())):
        pushed(image, name, school)
    registry = ocinb.Registry(school)
    names = ["demo/web:v1", "demo/worker:v1", "demo/base:v1"]
    with asked(registry) as urls:
        first = ocinb.find(names, "**/libssl*", registry=registry)
    layers = {layer.digest for each in names
              for layer in registry[each[:-3]]["v1"].layers}  # type: ignore[union-attr]  # fmt: skip
    fetched = [url for url in urls if any(digest in url for digest in layers)]
    assert len(fetched) == len(layers) == first.layers == 3
    assert len(blobs(urls)) == 3 + 3  # a config each
    with asked(registry) as urls:
        second = ocinb.find(names, "**/libc*", registry=registry)
    assert blobs(urls) == []
    assert len(second) == 3


def test_a_layer_that_two_registries_have_is_fetched_from_one_of_them():
    images = [pushed(base(), "demo/base", ocinb.LocalRegistry()) for _ in range(2)]
    other = pushed(worker(), "demo/worker", ocinb.LocalRegistry())
    registries = [each.source.registry for each in (images[0], other)]  # type: ignore[attr-defined]
    with asked(*registries) as urls:
        found = ocinb.find([images[0], other], "**/libc*")
    assert len(found) == 2
    assert len(blobs(urls)) == 2 + 2  # two configs, two distinct layers


def test_a_layer_that_one_registry_lost_is_fetched_from_the_other():
    school = ocinb.LocalRegistry()
    lost = pushed(base(), "demo/base", school)
    digest = lost.layers[0].digest  # type: ignore[union-attr]
    ocinb.Repository("demo/base", registry=school).delete_blob(digest)
    whole = pushed(worker(), "demo/worker", ocinb.LocalRegistry())
    found = ocinb.find([lost, whole], "**/libc*")
    assert [each.state for each in found] == ["live", "live"]
    assert found.complete


def test_an_image_that_is_not_there_does_not_lose_the_others():
    school = ocinb.LocalRegistry()
    pushed(web(), "demo/web", school)
    found = ocinb.find(["demo/web:v1", "demo/none:v1"], "**/libssl.so.4", registry=school)
    assert [each.reference for each in found] == ["local/demo/web:v1"]
    assert not found.complete
    assert found.completeness == "1 of 2 images, 1 could not be read"
    assert [each.reference for each in found.failures] == ["local/demo/none:v1"]
    assert isinstance(found.failures[0].error, NotFound)
    assert "1 of 2 images, 1 could not be read" in (found._repr_html_() or "")


def test_text_that_is_no_reference_is_a_failure_like_any_other():
    school = ocinb.LocalRegistry()
    pushed(web(), "demo/web", school)
    found = ocinb.find(["demo/web:v1", "Demo//web:v1", "demo/web"], "**", registry=school)
    assert [type(each.error) for each in found.failures] == [InvalidReference] * 2
    assert {each.reference for each in found} == {"local/demo/web:v1"}


def test_what_names_no_image_is_told_before_anybody_is_asked():
    with pytest.raises(TypeError, match="not as Repository"):
        ocinb.find([ocinb.Repository("demo/web")], "**")  # type: ignore[list-item]
    with pytest.raises(re.error):
        ocinb.find([], "(", regex=True)
    with pytest.raises(InvalidReference, match="platform"):
        ocinb.find([], "**", platform="a b")


def test_of_an_index_the_image_of_the_wanted_platform_is_searched():
    index = pushed(both_platforms(), "demo/both", ocinb.LocalRegistry())
    assert isinstance(index, RemoteIndex)
    found = ocinb.find(index, "only/*", platform="linux/arm64")
    assert [(each.platform, each.path) for each in found] == [("linux/arm64", "only/arm")]
    every = ocinb.find(index, "**", platform="all")
    assert [each.platform for each in every.images] == ["linux/amd64", "linux/arm64"]
    none = ocinb.find(index, "**", platform="linux/s390x")
    assert isinstance(none.failures[0].error, InvalidReference)
    assert none.completeness == "0 of 1 images, 1 could not be read"


def test_an_image_for_another_platform_is_not_searched():
    found = ocinb.find(pushed(base(), "demo/base", ocinb.LocalRegistry()), "**",
                       platform="linux/arm64")  # fmt: skip
    assert len(found) == 0
    assert "is for linux/amd64" in str(found.failures[0].error)


def test_a_layer_that_cannot_be_read_leaves_the_rest_of_its_image():
    school = ocinb.LocalRegistry()
    image = pushed(web(), "demo/web", school)
    assert isinstance(image, RemoteImage)
    ocinb.Repository("demo/web", registry=school).delete_blob(image.layers[1].digest)
    found = ocinb.find(image, "**/libssl*")
    assert [(each.path, each.state, each.by) for each in found] == [
        ("usr/lib/libssl.so.3", None, None)
    ]
    assert found.completeness == "0 of 1 images, 1 only in part"
    assert [(each.layer, type(each.error)) for each in found.failures] == [(1, NotFound)]


def test_a_layer_that_breaks_off_is_told_as_incomplete():
    whole = archive(["a/libssl", "b/libssl"])
    found = ocinb.find(pushed(of_layers([whole[:700]]), "demo/broken", ocinb.LocalRegistry()),
                       "**/libssl")  # fmt: skip
    assert [each.path for each in found] == ["a/libssl"]
    assert not found.images[0].complete
    assert found.failures[0].layer == 0


def test_layers_that_are_not_those_of_the_config_are_not_told_of():
    school = ocinb.LocalRegistry()
    honest = pushed(base(), "demo/base", school)
    config, layer, _ = worker().blobs
    liar = pushed(Image.of(config, [layer, layer]), "demo/liar", school)
    found = ocinb.find([honest, liar], "**/libc*")
    assert [each.reference for each in found] == ["local/demo/base:v1"]
    assert isinstance(found.failures[0].error, DigestMismatch)


def test_an_artifact_is_no_image():
    school = ocinb.sample.school()
    repository = ocinb.Repository("demo/app", registry=school)
    artifact = repository[repository.referrers("latest").descriptors[0].digest]
    found = ocinb.find(artifact, "**")
    assert isinstance(found.failures[0].error, NotSupported)


def test_without_merging_no_config_is_asked_for_and_nobody_says_what_became_of_files():
    image = pushed(web(), "demo/web", ocinb.LocalRegistry())
    with asked(image.source.registry) as urls:  # type: ignore[attr-defined]
        found = ocinb.find(image, "**/libssl*", merged=False)
    assert len(blobs(urls)) == 2
    assert [each.state for each in found] == [None, None]
    assert found.complete


def test_an_expression_is_found_anywhere_in_a_path():
    image = pushed(base(), "demo/base", ocinb.LocalRegistry())
    paths = ("usr/lib/libc.so", "usr/lib/libssl.so.3")
    assert ocinb.find(image, r"\.so(\.\d)?$", regex=True).paths == paths
    assert ocinb.find(image, re.compile("LIBSSL", re.IGNORECASE)).paths == paths[1:]


def test_what_is_given_twice_is_searched_once_and_others_of_the_same_name_are_told_apart():
    one, two = (pushed(each, "demo/app", ocinb.LocalRegistry()) for each in (web(), worker()))
    found = ocinb.find([one, one, two], "**/libssl*")
    assert [each.reference for each in found.images] == ["local/demo/app:v1",
                                                         "local/demo/app:v1 (2)"]  # fmt: skip


def test_all_that_a_layout_holds_is_searched_also_without_a_name(tmp_path: Path):
    ocinb.save(base(), tmp_path / "x", progress=False)
    ocinb.save(web(), tmp_path / "y", "a", "b", progress=False)
    nameless = ocinb.open(tmp_path / "x")
    assert len(ocinb.find(nameless, "**/libc*")) == 1
    assert {
        each.reference.rpartition(":")[2]
        for each in ocinb.find(ocinb.open(tmp_path / "y"), "**/libc*")
    } == {"a", "b"}


def test_no_more_files_are_kept_than_there_is_room_for(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(finding, "MOST", 2)
    found = ocinb.find(pushed(base(), "demo/base", ocinb.LocalRegistry()), "**/*")
    assert len(found) == 2
    assert found.left_out > 0
    assert not found.complete
    assert f"{found.left_out:,} more files are not listed" in found.completeness


def test_hostile_names_are_made_visible():
    hostile = "<script>alert(1)</script>/lib\x1b[31m\u202essl"
    image = pushed(of_layers([archive([hostile])]), "demo/evil", ocinb.LocalRegistry())
    found = ocinb.find(image, "**")
    assert found[0].path == hostile
    for drawn in (found._repr_html_() or "", str(found.to_frame()), repr(found[0])):
        assert "\x1b" not in drawn
        assert "\u202e" not in drawn
    assert "<script>" not in (found._repr_html_() or "")


def test_progress_is_told_in_the_thread_that_asked():
    seen: list[tuple[str, int]] = []

    def tell(info: ProgressInfo) -> None:
        seen.append((info.phase, threading.get_ident()))

    ocinb.find(pushed(web(), "demo/web", ocinb.LocalRegistry()), "**", progress=tell)
    assert seen
    assert {thread for _, thread in seen} == {threading.get_ident()}


def test_who_watches_can_stop_it_and_no_thread_is_left():
    before = threading.active_count()

    def stop(_: ProgressInfo) -> None:
        raise Cancelled("enough")

    with pytest.raises(Cancelled):
        ocinb.find(pushed(web(), "demo/web", ocinb.LocalRegistry()), "**", progress=stop)
    assert threading.active_count() == before


def test_an_interrupt_ends_it_and_leaves_no_thread():
    school = ocinb.LocalRegistry()
    pushed(web(), "demo/web", school)
    before = threading.active_count()

    class Interrupting:
        repositories = school.repositories

        def handle(self, request: Request) -> Response:
            if "/blobs/" in request.url:
                raise KeyboardInterrupt
            return school.handle(request)

    with pytest.raises(KeyboardInterrupt):
        ocinb.find(["demo/web:v1", "demo/web:v1"], "**", registry=Interrupting())
    assert threading.active_count() == before


def test_the_frame_has_the_same_columns_without_a_row():
    image = pushed(web(), "demo/web", ocinb.LocalRegistry())
    full, empty = ocinb.find(image, "**").to_frame(), ocinb.find(image, "nothing").to_frame()
    assert full.dtypes.equals(empty.dtypes)
    assert len(empty) == 0
    assert full.attrs["completeness"] == "1 image"
