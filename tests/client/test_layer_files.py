"""Looking inside a layer where it is: fetched, verified and listed in one pass."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

import ocinb
from ocinb import faults
from ocinb.client.remote import RemoteImage
from ocinb.errors import DigestMismatch, InvalidArchive
from ocinb.layers.limits import Limits
from ocinb.oci import media_types
from ocinb.oci.document import encode
from ocinb.oci.image import Blob, Image
from ocinb.protocol.endpoints import GET_BLOB
from ocinb.protocol.events import RequestStarted
from tests.layers.archives import END, entry, gzipped

ARCHIVE = entry(b"etc/os-release", b"ID=demo\n") + entry(b"big", bytes(range(256)) * 20_000) + END
PACKED = gzipped(ARCHIVE)


def pushed(
    registry: ocinb.LocalRegistry, layer: bytes = PACKED, diff_ids: list[str] | None = None
) -> RemoteImage:
    """An image of one layer, as somebody who knows nothing of it sees it."""
    said = [ocinb.Digest.of(ARCHIVE)] if diff_ids is None else diff_ids
    config = {
        "os": "linux",
        "architecture": "amd64",
        "rootfs": {"type": "layers", "diff_ids": said},
    }
    image = Image.of(
        Blob.of(encode(config), media_types.CONFIG), [Blob.of(layer, media_types.LAYER_GZIP)]
    )
    ocinb.Repository("demo/one", registry=registry).push(image, "v1", progress=False)
    found = ocinb.Repository("demo/one", registry=registry)["v1"]
    assert isinstance(found, RemoteImage)
    return found


def test_the_files_of_a_remote_layer(school: ocinb.LocalRegistry):
    image = ocinb.Repository("demo/app", registry=school)["latest"]["linux/arm64"]
    assert isinstance(image, RemoteImage)
    base, middle, top = image.layers
    assert "NAME=" in base.files["etc/os-release"].text
    assert base.files["bin/su"].setuid
    assert base.files["bin/sh"].target == "busybox"
    assert base.files["bin/sh"].bytes == base.files["bin/busybox"].bytes
    assert [each.hides for each in middle.files if each.hides] == ["etc/motd", "usr/share/doc"]
    assert "8080" in (top.files["srv/app/settings.json"].show().text or "")


def test_it_is_listed_once(monkeypatch: pytest.MonkeyPatch):
    layer = pushed(ocinb.LocalRegistry()).layers[0]
    assert "not loaded" in (layer._repr_html_() or "")
    files = layer.files
    assert layer.known_files is files
    assert "2 entries" in (layer._repr_html_() or "")
    monkeypatch.setattr(layer.source, "pull_blob", None)
    assert layer.files is files


def test_the_archive_is_checked_once_the_config_is_known():
    image = pushed(ocinb.LocalRegistry())
    assert not image.layers[0].list_files().about.verified
    assert image.config.diff_ids is not None
    files = image.layers[0].list_files()
    assert files.about.verified
    assert files.diff_id == image.config.diff_ids[0]


def test_an_archive_that_the_config_does_not_name_is_refused():
    image = pushed(ocinb.LocalRegistry(), diff_ids=[ocinb.Digest.of(b"another")])
    assert image.config.diff_ids is not None
    with pytest.raises(DigestMismatch) as other:
        image.layers[0].files  # noqa: B018
    assert other.value.actual == ocinb.Digest.of(ARCHIVE)


def test_a_config_of_another_number_of_layers_says_nothing():
    image = pushed(ocinb.LocalRegistry(), diff_ids=[])
    assert image.config.diff_ids is not None
    assert not image.layers[0].files.about.verified


def test_a_blob_that_is_no_archive_is_an_error(school: ocinb.LocalRegistry):
    layer = pushed(school, b"no archive at all").layers[0]
    with pytest.raises(InvalidArchive):
        layer.files  # noqa: B018


def test_a_broken_layer_keeps_what_came_before_and_is_fetched_whole():
    cut = PACKED[: len(PACKED) // 2]
    files = pushed(ocinb.LocalRegistry(), cut).layers[0].files
    assert files["etc/os-release"].text == "ID=demo\n"
    assert not files.complete
    assert files.about.size == len(cut)


def test_reading_one_file_of_a_served_layer_stops_early_and_leaves_nothing_behind():
    """What is not needed is not fetched, and the connection that was given up is closed."""
    noise = b"".join(ocinb.Digest.of(b"%d" % number).encode() for number in range(500_000))
    archive = entry(b"first", b"1") + entry(b"noise", noise) + END
    registry = ocinb.LocalRegistry()
    pushed(registry, gzipped(archive))
    before = threading.active_count()
    with registry.serve() as server:
        repository = ocinb.Repository(f"{server.host}/demo/one")
        image = repository["v1"]
        assert isinstance(image, RemoteImage)
        files = image.layers[0].files
        for _ in range(3):
            assert files["first"].text == "1"
        assert files["noise"].show(100).raw == noise[:100]
        assert repository["v1"].digest == image.digest
        repository.registry.close()
    assert threading.active_count() <= before


@pytest.mark.parametrize("after", [0, 10, 5_000])
def test_what_breaks_off_on_the_way_is_gone_on_with(after: int):
    school = ocinb.LocalRegistry()
    pushed(school)
    when = faults.When(GET_BLOB, first=2)
    with (
        faults.cut(school, after, when).serve() as server,
        ocinb.Registry(server.host) as registry,
    ):
        image = registry["demo/one"]["v1"]
        assert isinstance(image, RemoteImage)
        files = image.layers[0].files
        assert files.complete
        assert files["etc/os-release"].text == "ID=demo\n"


def test_limits_can_be_others(school: ocinb.LocalRegistry):
    layer = pushed(school).layers[0]
    files = layer.list_files(limits=Limits(entries=1))
    assert files.paths == ("etc/os-release",)
    assert files.trouble is not None
    assert "1 entries" in files.trouble.rule


def test_a_layer_from_the_cache_is_listed_without_asking(tmp_path: Path):
    school = ocinb.LocalRegistry()
    pushed(school)
    registry = ocinb.Registry(school, cache=ocinb.Cache(tmp_path))
    image = registry["demo/one"]["v1"]
    assert isinstance(image, RemoteImage)
    assert image.layers[0].files.complete
    heard: list[object] = []
    with registry.watched_by(heard.append):
        assert image.layers[0].list_files()["etc/os-release"].text == "ID=demo\n"
    assert not [each for each in heard if isinstance(each, RequestStarted)]


def test_a_panel_is_shown_for_the_listing_and_not_for_each_file(school: ocinb.LocalRegistry):
    told: list[ocinb.ProgressInfo] = []
    files = pushed(school).layers[0].list_files(progress=told.append)
    assert told
    count = len(told)
    assert files["etc/os-release"].text == "ID=demo\n"
    assert len(told) == count
