"""Referrers and deletions in words: how they were found, what may be missing, what is gone."""

from __future__ import annotations

from ocinb.display import faces
from ocinb.oci.descriptor import EMPTY
from ocinb.protocol.delete import Deleted
from ocinb.protocol.push import Pushed
from ocinb.protocol.referring.referrers import ReferrerList
from ocinb.registry import sample
from tests.display.reader import read

APP = sample.app()
SBOM = sample.sbom(APP)


def shown(value: ReferrerList | Deleted | Pushed) -> str:
    """What the picture says; the text for terminals must be drawn, too."""
    assert "could not be drawn" not in faces.text(value)
    return " ".join(read(faces.html(value)).text.split())


def test_referrers_are_shown_with_their_type_and_how_they_were_found():
    said = shown(ReferrerList(APP.digest, (SBOM.descriptor,), 1, source="api"))
    assert "1 referrer, 1 page, complete" in said
    assert "the registry's referrers API" in said
    assert SBOM.digest in said


def test_nobody_is_nobody_and_how_that_is_known_is_said():
    found = ReferrerList(APP.digest, note="no referrers API (404)", artifact_type="a/b")
    said = shown(found)
    assert "0 referrers, complete" in said
    assert "neither a referrers API nor a referrers tag" in said
    assert "no referrers API (404)" in said
    assert "a/b" in said
    assert "There may be more" not in said


def test_a_list_that_broke_off_says_so():
    said = shown(ReferrerList(APP.digest, (EMPTY,), 2, False, "api", "a circle"))
    assert "incomplete" in said
    assert "! There may be more: a circle" in said


def test_rows_say_how_each_was_found_and_keep_annotations_as_json():
    row = ReferrerList(APP.digest, (SBOM.descriptor, EMPTY), 1, source="tag").records()
    assert [each["found_by"] for each in row] == ["tag", "tag"]
    assert {each["subject"] for each in row} == {APP.digest}
    assert row[1]["annotations"] == ""


def test_a_deletion_says_what_is_gone():
    said = shown(Deleted("tag", "v1", APP.digest, True))
    assert "✓ Deleted tag v1" in said
    assert APP.digest in said
    assert "it is gone" in said
    assert "still there" in shown(Deleted("blob", APP.digest, gone=False, note="slow"))
    assert "! slow" in shown(Deleted("blob", APP.digest, gone=False, note="slow"))
    assert "seen" not in shown(Deleted("tag", "v1"))


def test_a_push_says_what_was_taken_over():
    blobs = ((EMPTY, "mounted"), (SBOM.descriptor, "uploaded"))
    said = shown(Pushed(EMPTY, ("v1",), blobs))  # type: ignore[arg-type]
    assert "1 blob sent, 1 taken over, 0 already there" in said
    assert "✓ taken over" in said
