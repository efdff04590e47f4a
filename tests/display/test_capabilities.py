"""What a registry can do, what it lists, and an upload that is open, in words."""

from __future__ import annotations

import pytest

import ocinb
from ocinb.display import faces
from ocinb.drawable import Drawable
from ocinb.oci.digest import Digest
from ocinb.oci.image import Blob
from ocinb.protocol.capabilities import Capabilities
from ocinb.protocol.catalog import CatalogList
from ocinb.protocol.referring.referrers import ReferrerList
from ocinb.protocol.uploads.session import UploadSession
from ocinb.registry import lessons
from tests.display.reader import read


@pytest.fixture
def registry(school: ocinb.LocalRegistry) -> ocinb.Registry:
    return ocinb.Registry(school)


def shown(value: Drawable) -> str:
    """What the text says; the picture must be drawn, too."""
    assert "could not be drawn" not in read(faces.html(value)).text
    return " ".join(faces.text(value).split())


def test_each_verdict_stands_with_how_it_is_known_and_its_section(registry: ocinb.Registry):
    found = registry.capabilities()
    said = shown(found)
    assert "referrers API ✓ yes end-12a GET referrers/sha256:" in said
    assert "tags in pages ✓ yes" in said
    assert "versions of manifests (ETag) – no end-3" in said  # nobody misses it
    assert "sha512 digests ? unknown" in said
    assert found["referrers"].endpoint.link in read(faces.html(found)).links
    assert "asked of demo/app" in said


def test_what_only_writing_shows_says_how_to_ask(registry: ocinb.Registry):
    said = shown(registry.capabilities())
    assert "Found only by writing (17, not asked)" in said
    assert "scratch='…'" in said
    assert "blobs can be deleted" in said


def test_what_was_written_is_named(registry: ocinb.Registry):
    said = shown(registry.capabilities(scratch="demo/scratch"))
    assert "tried in demo/scratch" in said
    assert "tags can be deleted ✓ yes end-9 DELETE manifests/ocinb-probe → 202" in said
    assert "Pushed for this (11, 0 left)" in said
    assert "tag ocinb-probe-2" in said


def test_what_can_be_done_is_folded_away_where_all_was_tried(school: ocinb.LocalRegistry):
    old = ocinb.Registry(lessons.before_1_1(school)).capabilities("demo/app", scratch="demo/x")
    said = shown(old)
    assert "✗ no" in said
    good = [each.title for each in old if each.verdict == "yes" and not each.writes]
    bad = [each.title for each in old if each.verdict == "no"]
    folded = said.index("✓ yes (")
    assert all(said.index(title) > folded for title in good)
    assert said.index(bad[0]) < folded


def test_what_is_left_is_said_first(registry: ocinb.Registry):
    found = registry.capabilities()
    left = Capabilities("r", found.ping, "a", "b", found.capabilities, ("tag x",), ("tag x",))
    assert "! Left in b, since it could not be deleted: tag x" in shown(left)


def test_rows_have_a_capability_each(registry: ocinb.Registry):
    found = registry.capabilities()
    rows = {row["capability"]: row for row in found.records()}
    assert len(rows) == len(found)
    assert rows["referrers"]["verdict"] == "yes"
    assert rows["referrers"]["endpoint"] == "end-12a"
    assert rows["referrers"]["link"].startswith("https://")
    assert (rows["upload"]["verdict"], rows["upload"]["writes"]) == ("not asked", True)
    assert found.to_frame().attrs["repository"] == "demo/app"


def test_a_registry_shows_what_is_known_of_it_and_else_how_to_ask(registry: ocinb.Registry):
    assert "ocinb.Registry(school).capabilities()" in shown(registry)
    registry.capabilities()
    registry.catalog()
    said = shown(registry)
    assert "What it can do · 9 yes" in said
    assert "referrers API ✓ yes" in said
    assert "What it lists · 2 repositories, 1 page, complete" in said


def test_a_registry_shows_its_limit_and_its_warnings(school: ocinb.LocalRegistry):
    registry = ocinb.Registry(ocinb.lessons.limited(school, 10, 60))
    registry.ping()
    assert "rate limit 9 left of 10 requests in 60 seconds" in shown(registry)
    registry._sender.notices.warnings = ("this registry moves in June",)
    assert "! It warns: this registry moves in June" in shown(registry)


def test_a_catalog_has_the_python_for_each_repository():
    said = shown(CatalogList("r.example", ("a/app",), 1, expression="ocinb.Registry('r.example')"))
    assert "ocinb.Registry('r.example')['a/app']" in said
    assert "1 repository, 1 page, complete" in said
    assert "need not list all" in said
    assert "crane catalog r.example" in said


def test_a_catalog_that_broke_off_says_so():
    said = shown(CatalogList("r", ("a",), 1, False, ("A",), "a circle"))
    assert "incomplete" in said
    assert "! The list broke off: a circle" in said
    assert "! Names that no repository can have: A" in said
    (row,) = CatalogList("r", ("a",), 1).records()
    assert row == {"registry": "r", "repository": "a"}


BLOB = Blob.of(b"x" * 1_000, "a/b")
SESSION = UploadSession("https://r.example/u/1?_state=s3cret", BLOB.digest, 1_000, 250, 100)


def test_an_open_upload_shows_how_far_it_is_and_never_its_secret():
    """K-20: what stands behind the question mark may be all that somebody needs to write."""
    said = shown(SESSION)
    assert "there so far 250 B" in said
    assert "https://r.example/u/1" in said
    assert "resume_upload" in said
    everything = f"{faces.html(SESSION)}{faces.text(SESSION)}{SESSION.records()}{SESSION!r}"
    assert "s3cret" not in everything
    (row,) = SESSION.records()
    assert (row["offset_bytes"], row["size_bytes"], row["minimum_bytes"]) == (250, 1_000, 100)


def test_an_upload_without_a_name_yet_is_drawn_too():
    said = shown(UploadSession("/u/1", None, None))
    assert "of a blob without a name yet" in said
    assert "not known yet" in said
    assert "resume_upload" not in said


def test_C37_claims_are_called_claims_and_refuted_ones_apart():
    subject, other = Digest.of(b"subject"), BLOB.descriptor
    assert "claims: confirm=True" in shown(ReferrerList(subject, (other,), 1, source="api"))
    found = ReferrerList(
        subject, (other,), 1, source="api", confirmed=True,
        refuted=(Blob.of(b"y", "a/lie").descriptor,),
    )  # fmt: skip
    said = shown(found)
    assert "✓ confirmed: each was fetched" in said
    assert "✗ Listed, but naming another subject (1)" in said
    assert [row["standing"] for row in found.records()] == ["confirmed", "refuted"]
