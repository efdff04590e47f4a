"""What is bound to a registry draws what is known, and asks for nothing."""

from __future__ import annotations

import pytest

import ocinb
from ocinb.client.remote import RemoteImage, RemoteIndex
from ocinb.display import faces
from tests.display.reader import read


@pytest.fixture
def repository(school: ocinb.LocalRegistry) -> ocinb.Repository:
    return ocinb.Repository("demo/app", registry=school)


@pytest.fixture
def asked(repository: ocinb.Repository):
    """Everything that is asked of the registry from now on."""
    events: list[object] = []
    with repository.registry.watched_by(events.append):
        yield events


@pytest.fixture
def index(repository: ocinb.Repository) -> RemoteIndex:
    """The sample's index, nothing behind it loaded."""
    found = repository["latest"]
    assert isinstance(found, RemoteIndex)
    return found


@pytest.fixture
def image(index: RemoteIndex) -> RemoteImage:
    """One of its images, nothing behind it loaded."""
    found = index["linux/amd64"]
    assert isinstance(found, RemoteImage)
    return found


def draw(value: object) -> str:
    """All faces of a value; the HTML as text."""
    faces.text(value)
    faces.records(value)
    return read(faces.html(value)).text


def test_drawing_asks_nobody_anything(
    repository: ocinb.Repository, index: RemoteIndex, image: RemoteImage, asked: list[object]
):
    asked.clear()
    for value in (repository.registry, repository, index, image, *image.layers):
        draw(value)
    assert asked == []


def test_what_is_not_loaded_says_how_to_load_it(
    repository: ocinb.Repository, index: RemoteIndex, image: RemoteImage
):
    assert f"not loaded: {repository.expression}.tags()" in draw(repository)
    assert f"… not loaded: {index.expression}.load()" in draw(index)
    assert f"not loaded: {image.expression}.config" in draw(image)


def test_what_is_loaded_is_drawn(index: RemoteIndex):
    index.load()
    page = draw(index)
    assert "not loaded" not in page
    assert "2026-03-01 09:30 UTC" in page
    assert "SBOM, SPDX · provenance, SLSA 0.2" in page
    page = draw(index["linux/amd64"])
    assert "RUN apk add" in page
    assert "Raw config" in page


def test_the_frame_of_an_index_says_more_once_it_is_loaded(index: RemoteIndex):
    assert {row["total_bytes"] for row in index.records()} == {None}
    index.load()
    rows = index.records()
    assert [row["platform"] for row in rows] == ["linux/amd64", "linux/arm64/v8", "linux/arm/v7"]
    assert all(row["total_bytes"] > row["size_bytes"] for row in rows)
    assert all(row["layers"] == 3 for row in rows)
    assert all(row["attestations"] == 1 for row in rows)
    assert all("https://spdx.dev/Document" in row["predicates"] for row in rows)


def test_the_frame_of_an_image_says_which_step_made_a_layer(image: RemoteImage):
    assert {row["created_by"] for row in image.records()} == {""}
    assert image.config.platform.architecture == "amd64"
    made = [row["created_by"] for row in image.records()]
    assert made[0] == ""
    assert made[2].startswith("RUN ")


def test_frames_know_where_they_came_from(index: RemoteIndex):
    attrs = index.to_frame().attrs
    assert attrs["registry"] == "local"
    assert attrs["repository"] == "demo/app"
    assert attrs["reference"] == "local/demo/app:latest"


def test_python_that_gets_it_again_is_there_by_tag_and_by_digest(index: RemoteIndex):
    page = draw(index)
    assert index.expression in page
    assert f"['{index.digest}']" in page


def test_other_tools_are_told_the_digest():
    registry = ocinb.Registry("ghcr.io")
    page = draw(registry["owner/app"])
    assert "crane ls ghcr.io/owner/app" in page
    assert "oras repo tags ghcr.io/owner/app" in page


def test_other_tools_are_not_sent_to_what_lives_in_this_process(repository: ocinb.Repository):
    assert "crane" not in draw(repository)


def test_oras_is_told_that_this_machine_speaks_plain_http():
    page = draw(ocinb.Registry("127.0.0.1:5000")["a/b"])
    assert "oras repo tags --plain-http 127.0.0.1:5000/a/b" in page


def test_tags_say_whether_they_are_all(repository: ocinb.Repository):
    assert "4 tags, 1 page, complete" in draw(repository.tags())
    assert "latest" in draw(repository)


def test_a_registry_shows_what_it_said_of_itself(repository: ocinb.Repository):
    registry = repository.registry
    registry.ping()
    page = draw(registry)
    assert "✓ 200 OK" in page
    assert "demo/app" in page


def test_an_embedded_registry_shows_what_it_holds(school: ocinb.LocalRegistry):
    page = draw(school)
    assert "demo/chart" in page
    assert "Manifests without a tag" in page
    assert {row["tag"] for row in school.records()} >= {"latest", "1.4", "0.3.0", ""}


def test_a_layout_shows_what_it_holds(repository: ocinb.Repository, tmp_path):
    layout = repository.pull("latest", tmp_path / "layout")
    assert "latest" in draw(layout)
    assert "nothing in it yet" in draw(ocinb.Layout(tmp_path / "other"))


def test_a_broken_layout_draws_and_says_so(tmp_path):
    (tmp_path / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')
    layout = ocinb.Layout(tmp_path)
    (tmp_path / "index.json").write_text("<not json>")
    assert "It cannot be read" in read(faces.html(layout)).text
