"""Each lesson misbehaves in its one way, and the client copes as it promises."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import ocinb
from ocinb.errors import (
    AuthenticationError,
    DeleteDisabled,
    DigestMismatch,
    NotARegistry,
    RateLimited,
)
from ocinb.oci.image import Blob, Image
from ocinb.protocol.events import Retrying
from ocinb.protocol.messages import Request
from ocinb.registry import lessons
from ocinb.registry.lessons import Lesson


def repository(lesson: Lesson, **options: Any) -> ocinb.Repository:
    return ocinb.Repository("demo/app", registry=lesson, **options)


def test_a_lesson_is_a_registry_like_the_one_it_wraps(school: ocinb.LocalRegistry):
    lesson = lessons.paged(lessons.before_1_1(school))
    assert lesson.repositories == school.repositories
    assert repository(lesson)["latest"].digest == repository(lessons.paged(school))["latest"].digest
    assert repr(lesson) == "<Lesson: lists tags 2 at a time>"
    assert "lists tags 2 at a time" in (lesson._repr_html_() or "")


class TestLocked:
    def test_nobody_gets_in_without_a_token(self, school: ocinb.LocalRegistry):
        with pytest.raises(AuthenticationError):
            repository(lessons.locked(school))["latest"]

    def test_who_knows_the_password_pulls_and_pushes(self, school: ocinb.LocalRegistry):
        student = {"username": "student", "password": "secret"}
        mine = repository(lessons.locked(school), **student)
        assert mine["latest"]["linux/arm64"]
        assert mine.push(Image.of(Blob.of(b"{}", "a/b"), []), "new").tags == ("new",)

    def test_a_wrong_password_is_told_apart_and_never_shown(self, school: ocinb.LocalRegistry):
        wrong = repository(lessons.locked(school), username="student", password="wr0ng-canary")
        with pytest.raises(AuthenticationError) as caught:
            wrong.tags()
        assert "wr0ng-canary" not in f"{caught.value!r}{caught.value.hints}"

    def test_a_public_one_lets_anybody_pull_and_nobody_push(self, school: ocinb.LocalRegistry):
        anybody = repository(lessons.locked(school, public=True))
        assert len(anybody.tags()) == 4
        with pytest.raises(AuthenticationError):
            anybody.push(Image.of(Blob.of(b"{}", "a/b"), []), "new")
        assert "new" not in anybody.tags()

    def test_it_is_locked_over_http_too(self, school: ocinb.LocalRegistry):
        with lessons.locked(school).serve() as server:
            name = f"{server.host}/demo/app"
            with pytest.raises(AuthenticationError), ocinb.Repository(name) as nobody:
                nobody.tags()
            with ocinb.Repository(name, username="student", password="secret") as student:
                assert len(student.tags()) == 4


def test_a_slow_one_waits_before_it_answers_and_while_it_sends(school: ocinb.LocalRegistry):
    waited: list[float] = []
    image = repository(lessons.slow(school, 0.5, sleep=waited.append))["latest"]["linux/arm64"]
    assert waited.count(0.5) == 2
    waited.clear()
    image.layers[0].read()  # type: ignore[union-attr]
    assert waited[0] == 0.5
    assert sum(waited[1:]) == pytest.approx(0.5 * image.layers[0].size / 2**20)  # type: ignore[union-attr]


def test_a_flaky_one_is_asked_again(school: ocinb.LocalRegistry):
    mine = repository(lessons.flaky(school, every=2))
    again: list[Retrying] = []
    with mine.registry.watched_by(lambda e: again.append(e) if isinstance(e, Retrying) else None):
        assert mine["latest"]["linux/arm64"]
        assert len(mine.tags()) == 4
    assert again
    assert "503" in again[0].reason


def test_a_limited_one_says_how_long_to_wait(school: ocinb.LocalRegistry):
    now = [0.0]
    lesson = lessons.limited(school, 2, 600, clock=lambda: now[0])
    mine = repository(lesson)
    mine.head("latest")
    mine.head("latest")
    with pytest.raises(RateLimited) as caught:
        mine.tags()
    assert caught.value.retry_after == 600
    now[0] = 601.0
    assert len(mine.tags()) == 4


def test_an_old_one_has_no_referrers(school: ocinb.LocalRegistry):
    lesson = lessons.before_1_1(school)
    digest = repository(lesson)["latest"].digest
    asked = Request("GET", f"/v2/demo/app/referrers/{digest}")
    assert lesson.handle(asked).status == 404
    assert school.handle(asked).status == 200


def test_R1_one_that_pretends_is_not_believed(school: ocinb.LocalRegistry):
    """The referrers are found under the tag, since pushing kept it there."""
    mine = repository(lessons.pretending(school))
    image = mine["1.4"]
    mine.push(Image.of(Blob.of(b"{}", "a/b"), [], subject=image.document.descriptor))
    found = mine.referrers("1.4")
    assert (found.source, len(found)) == ("tag", 1)
    assert "text/html" in found.note
    with pytest.raises(NotARegistry):
        mine.registry.catalog()


def test_X2_one_that_deletes_by_digest_only_says_what_that_would_take_along(
    school: ocinb.LocalRegistry,
):
    mine = repository(lessons.by_digest_only(school))
    mine.tag("latest", "other")
    with pytest.raises(DeleteDisabled) as refused:
        mine.delete("latest")
    (hint,) = refused.value.hints
    assert "other" in hint
    digest = mine["latest"].digest
    assert digest in hint
    assert mine.delete(digest).kind == "manifest"
    assert not {"latest", "other"}.intersection(mine.tags())


def test_a_paged_one_is_read_to_its_end(school: ocinb.LocalRegistry):
    tags = repository(lessons.paged(school, 3)).tags()
    assert (len(tags), tags.pages, tags.complete) == (4, 2, True)
    assert repository(lessons.paged(school, 1)).tags(page_size=100).pages == 4


def test_a_liar_is_found_out(school: ocinb.LocalRegistry):
    honest, liar = repository(lessons.paged(school)), repository(lessons.lying(school))
    index = honest["latest"]
    with pytest.raises(DigestMismatch):
        liar[index.digest]
    with pytest.raises(DigestMismatch):
        liar.pull_blob(index["linux/arm64"].layers[2].descriptor)  # type: ignore[union-attr]


def test_what_breaks_off_is_fetched_again(school: ocinb.LocalRegistry, tmp_path: Path):
    mine = repository(lessons.cut_short(school))
    again: list[Retrying] = []
    with mine.registry.watched_by(lambda e: again.append(e) if isinstance(e, Retrying) else None):
        mine.pull("latest", tmp_path, platform="linux/arm64")
    assert len(again) == 1
    assert len(ocinb.Layout(tmp_path).tags()) == 1


@pytest.mark.parametrize(
    ("lesson", "value"),
    [
        ("slow", -1),
        ("slow", "1"),
        ("slow", float("nan")),
        ("flaky", 0),
        ("limited", 0),
        ("paged", 0),
    ],
)
def test_a_lesson_that_cannot_be_is_refused_before_it_is_asked(lesson: str, value: Any, school):
    with pytest.raises((TypeError, ValueError), match=r"^(seconds|every|requests|size) is"):
        getattr(lessons, lesson)(school, value)


@pytest.mark.parametrize("school", [None, "ghcr.io", ocinb.Registry("ghcr.io")], ids=repr)
def test_a_lesson_is_about_a_registry_in_this_process(school: Any):
    with pytest.raises(TypeError, match=r"^what misbehaves is an embedded registry"):
        lessons.slow(school)
