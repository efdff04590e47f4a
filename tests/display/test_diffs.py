"""Differences drawn side by side, as frames, and as a report that stands alone."""

from __future__ import annotations

import re
from pathlib import Path

import html5lib
import pytest

import ocinb
from ocinb.display import faces, frames
from ocinb.display.html import MOST
from ocinb.layers.diffs.files import FileChange, FilesDiff
from ocinb.layers.diffs.images import ImageDiff
from ocinb.layers.entries import FileEntry
from ocinb.oci.diffs.reporting import Reported
from tests.display.reader import is_harmless, read
from tests.display.test_hostile import CORPUS
from tests.display.values import Say, differences


def images() -> ImageDiff:
    base = ocinb.Image.scratch().add_layer([("etc/os-release", b"ID=x\n")], mtime=0)
    a = base.env("A", "1").add_layer([("app", b"one\n")], mtime=0)
    b = base.env("A", "2").add_layer([("app", b"two\n"), ("more", b"1")], mtime=0)
    return a.diff(b, created=False)


def test_an_image_diff_shows_what_was_looked_at_and_asks_for_nothing():
    diff = images()
    assert "not loaded: .files" in read(faces.html(diff)).text
    assert diff.known == {}
    assert len(diff.files) == 2
    page = read(faces.html(diff))
    assert "not loaded: .files" not in page.text
    assert ["≠", "app", "content"] in [row[:3] for row in page.rows]
    assert "1 changed, 1 added" in page.text


def test_both_sides_stand_in_one_row():
    rows = read(faces.html(images().config)).rows
    assert ["≠", "config.Env.A", "1", "2"] in rows
    content = read(faces.html(images().files.content("app"))).rows
    assert ["≠", "1", "one", "1", "two"] in content


def test_times_that_differ_by_seconds_are_told_apart():
    made = [ocinb.Image.scratch().add_layer([("app", b"one")], mtime=at) for at in (7, 9)]
    text = faces.text(made[0].diff(made[1], created=False).files)
    assert "1970-01-01 00:00:07 UTC" in text
    assert "1970-01-01 00:00:09 UTC" in text


def test_frames_say_the_same_as_pictures():
    diff = images()
    assert list(diff.to_frame()["part"]) == [
        "manifest", "config", "history", "layers", "files", "packages",
    ]  # fmt: skip
    assert diff.to_frame()["same"].isna().all()
    frame = diff.files.to_frame().set_index("path")
    assert list(frame["kind"]) == ["changed", "added"]
    assert frame.loc["more", "after_bytes"] == 1
    assert frame["before_bytes"].isna()["more"]
    layers = diff.layers.to_frame()
    assert list(layers["status"]) == ["same", "changed"]
    assert layers.attrs["shared_bytes"] == str(diff.layers.shared_bytes)


def test_columns_are_the_same_when_nothing_differs():
    diff = images()
    same = diff.sides[0].diff(diff.sides[0])  # type: ignore[attr-defined]
    for name, schema in (
        ("manifest", frames.FIELD_DIFF), ("config", frames.FIELD_DIFF),
        ("history", frames.HISTORY_DIFF), ("layers", frames.LAYER_DIFF),
        ("files", frames.FILE_DIFF), ("packages", frames.PACKAGE_DIFF),
    ):  # fmt: skip
        for each in (getattr(diff, name), getattr(same, name)):
            found = {str(column): str(dtype) for column, dtype in each.to_frame().dtypes.items()}
            assert found == dict(schema), name


def test_many_changes_are_bounded_and_the_rest_is_counted():
    entry = FileEntry("x", "file", 1)
    changes = tuple(FileChange(f"f{n}", None, entry) for n in range(1_000))
    html = faces.html(FilesDiff("a", "b", changes))
    assert "… 950 more" in read(html).text
    assert len(html.encode()) <= MOST


def strict(report: str) -> str:
    """What a report says; fails where it is no well-formed page."""
    parser = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False)
    root = parser.parse(report)
    tags = {element.tag for element in root.iter() if isinstance(element.tag, str)}
    assert not tags & {"script", "img", "iframe", "link", "object", "svg", "form"}
    for element in root.iter():
        assert not any(name.startswith("on") or name == "src" for name in element.attrib)
    return "".join(root.itertext())


def test_a_report_is_one_page_that_loads_and_runs_nothing(tmp_path: Path):
    diff = images()
    path = diff.report(tmp_path / "diff.html")
    report = path.read_text()
    said = strict(report)
    for part in ("manifests", "configs", "histories", "layers", "files", "packages"):
        assert f"Differences of the {part}" in said
    assert "default-src 'none'" in report
    assert "prefers-color-scheme:dark" in report
    assert not re.search(r"(?:src|href)=[\"']?(?!https?://)", report)
    assert [each.name for each in tmp_path.iterdir()] == ["diff.html"]


def test_a_report_that_cannot_be_written_leaves_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    path = tmp_path / "diff.html"
    path.write_text("the old one")
    monkeypatch.setattr("os.replace", lambda *_: (_ for _ in ()).throw(OSError("no")))
    with pytest.raises(OSError, match="no"):
        images().report(path)
    assert path.read_text() == "the old one"
    assert [each.name for each in tmp_path.iterdir()] == ["diff.html"]


def test_what_cannot_be_compared_is_said_in_its_place():
    image = ocinb.Image.of(*_config_and_layers(b"no archive at all"))
    said = strict(image.diff(ocinb.Image.of(*_config_and_layers(b"neither"))).to_html())
    assert "It cannot be compared:" in said
    assert "Differences of the layers" in said


def _config_and_layers(content: bytes) -> tuple[ocinb.Blob, list[ocinb.Blob]]:
    config = ocinb.Blob.of(b'{"os":"linux"}', "application/vnd.oci.image.config.v1+json")
    return config, [ocinb.Blob.of(content, "application/vnd.oci.image.layer.v1.tar")]


@pytest.mark.parametrize("text", CORPUS)
def test_hostile_text_in_a_report_is_text(text: str):
    """K-16."""
    for name, value in differences(Say(text)):
        assert isinstance(value, Reported)
        assert is_harmless(strict(value.to_html())), name
