"""Asking a registry as a whole: its catalog, what it can do, and what is remembered of that."""

from __future__ import annotations

import json

import pytest

from ocinb import Registry, Repository
from ocinb.errors import AuthenticationError, InvalidReference, ListingDisabled, Unreachable
from ocinb.oci.image import Blob, Image
from ocinb.protocol.capabilities import Capabilities
from ocinb.protocol.messages import Request, Response
from ocinb.registry import lessons
from ocinb.registry.app import LocalRegistry
from ocinb.registry.lessons import Lesson


class Counted:
    """A registry that keeps what it was asked."""

    def __init__(self, inner: LocalRegistry | Lesson) -> None:
        self.inner, self.asked = inner, list[str]()

    @property
    def repositories(self) -> tuple[str, ...]:
        return self.inner.repositories

    def handle(self, request: Request) -> Response:
        self.asked.append(f"{request.method} {request.url}")
        return self.inner.handle(request)

    def count(self, what: str) -> int:
        return sum(what in each for each in self.asked)


# The catalog


def test_a_catalog_lists_what_there_is_and_is_remembered(school: LocalRegistry):
    registry = Registry(school)
    found = registry.catalog()
    assert found.names == school.repositories == ("demo/app", "demo/chart")
    assert registry.known_catalog is found
    assert found.expression == registry.expression


def test_pages_of_a_catalog_are_followed(school: LocalRegistry):
    found = Registry(school).catalog(page_size=1)
    assert (found.names, found.pages, found.complete) == (school.repositories, 2, True)


def test_a_catalog_can_be_walked(school: LocalRegistry):
    registry = Registry(school)
    steps = registry.catalog_steps(page_size=1)
    assert steps.step(expect=200).as_expected
    assert [registry.known_catalog] == [None]  # before it is all there
    assert steps.finish() is registry.known_catalog


@pytest.mark.parametrize("size", [0, -1])
def test_a_page_has_at_least_one_repository(school: LocalRegistry, size: int):
    with pytest.raises(ValueError, match="at least one repository"):
        Registry(school).catalog(size)


def test_T6_a_catalog_that_is_off_is_not_supported_and_nothing_is_remembered():
    class Closed:
        repositories = ()

        def handle(self, request: Request) -> Response:
            return Response(404, {"Content-Type": "text/plain"}, b"404 page not found\n")

    registry = Registry(Closed())
    with pytest.raises(ListingDisabled, match="does not list"):
        registry.catalog()
    assert registry.known_catalog is None


def test_A4_the_catalog_has_a_scope_of_its_own(school: LocalRegistry):
    counted = Counted(lessons.locked(school))
    student = Registry(counted, username="student", password="secret")
    assert len(student.catalog()) == 2
    assert counted.count("scope=registry%3Acatalog%3A%2A") + counted.count(
        "scope=registry:catalog:*"
    )


def test_names_from_the_catalog_are_offered_for_completion():
    listed = Response(200, {}, json.dumps({"repositories": ["a/app", "b/app"]}).encode())

    class Elsewhere:
        repositories = ("a/app",)

        def handle(self, request: Request) -> Response:
            return listed

    registry = Registry(Elsewhere())
    assert registry._ipython_key_completions_() == ["a/app"]
    registry.catalog()
    assert registry._ipython_key_completions_() == ["a/app", "b/app"]


# What it can do


def verdicts(found: Capabilities, writes: bool) -> dict[str, str]:
    return {each.name: each.verdict for each in found if each.writes is writes}


def test_reading_writes_nothing(school: LocalRegistry):
    counted = Counted(school)
    found = Registry(counted).capabilities()
    assert {each.partition(" ")[0] for each in counted.asked} == {"GET", "HEAD"}
    assert found.repository == "demo/app"
    assert set(verdicts(found, writes=True).values()) == {"not asked"}
    assert found.referrers == found.ranges == found.tag_paging == "yes"


def test_our_own_registry_can_do_nearly_everything_and_is_left_as_it_was(school: LocalRegistry):
    found = Registry(school).capabilities("demo/app", scratch="demo/scratch")
    no = {name for name in ("chunk_minimum",) if found[name].verdict == "no"}
    assert no == {"chunk_minimum"}
    asked = {n: v for n, v in verdicts(found, writes=True).items() if n not in ("if_match", *no)}
    assert set(asked.values()) == {"yes"}
    assert found.left == ()
    assert school.repositories == ("demo/app", "demo/chart")


def test_it_is_remembered_with_the_ping(school: LocalRegistry):
    registry = Registry(school)
    found = registry.capabilities()
    assert registry.known_capabilities is found
    assert registry.last_ping is found.ping


def test_it_can_be_walked(school: LocalRegistry):
    steps = Registry(school).capabilities_steps("demo/app", scratch="demo/scratch")
    while steps.waiting is not None:
        assert steps.step().step.why
    assert steps.taken[0].step.title == "Is this a registry?"
    assert steps.result.left == ()


def test_an_old_registry_has_no_referrers_and_no_subjects(school: LocalRegistry):
    found = Registry(lessons.before_1_1(school)).capabilities("demo/app", scratch="scratch")
    assert found.referrers == found.subject == found.referrers_filter == "no"


def test_R1_a_registry_that_pretends_is_lying(school: LocalRegistry):
    found = Registry(lessons.pretending(school)).capabilities("demo/app")
    assert (found.referrers, found.catalog) == ("no", "unknown")
    assert "only looks like a yes" in found["referrers"].evidence


def test_X2_a_registry_that_deletes_by_digest_only_is_left_clean(school: LocalRegistry):
    found = Registry(lessons.by_digest_only(school)).capabilities("demo/app", scratch="scratch")
    assert (found.delete_tag, found.delete_manifest) == ("no", "yes")
    assert found.left == ()


def test_who_may_only_pull_learns_what_reading_shows(school: LocalRegistry):
    """And no error comes of what may not be: it is unknown, and said why."""
    found = Registry(lessons.locked(school, public=True)).capabilities(
        "demo/app", scratch="scratch"
    )
    assert found.tags == found.referrers == "yes"
    assert (found.catalog, found.upload) == ("no", "unknown")
    assert "401" in found["upload"].evidence
    assert found.made == ()


def test_who_does_not_get_in_at_all_is_told(school: LocalRegistry):
    with pytest.raises(AuthenticationError):
        Registry(lessons.locked(school)).capabilities()


def test_where_nobody_answers_is_an_error():
    with pytest.raises(Unreachable), Registry("127.0.0.1:9", attempts=1) as registry:
        registry.capabilities()


@pytest.mark.parametrize("wrong", ["UPPER", "a:b", "../x", ""])
def test_K14_what_is_no_repository_is_refused_first(school: LocalRegistry, wrong: str):
    counted = Counted(school)
    registry = Registry(counted)
    with pytest.raises(InvalidReference):
        registry.capabilities(wrong)
    with pytest.raises(InvalidReference):
        registry.capabilities(scratch=wrong)
    assert counted.asked == []


def test_C28_several_tags_at_once_are_used_from_then_on(school: LocalRegistry):
    registry = Registry(school)
    assert registry.tagging.at_once is None
    registry.capabilities(scratch="scratch")
    assert registry.tagging.at_once is True


# What is remembered of the referrers API


def test_R3_once_it_was_not_there_the_tag_is_read_at_once(school: LocalRegistry):
    counted = Counted(lessons.before_1_1(school))
    repository = Repository("demo/app", registry=counted)
    repository.referrers("latest")
    repository.referrers("latest")
    assert counted.count("/referrers/") == 1


def test_R3_capabilities_teach_it_too(school: LocalRegistry):
    counted = Counted(lessons.before_1_1(school))
    registry = Registry(counted)
    registry.capabilities("demo/app")
    asked = counted.count("/referrers/")
    assert registry["demo/app"].referrers("latest").source == "none"
    assert counted.count("/referrers/") == asked


def test_R3_a_deletion_knows_it_as_well(school: LocalRegistry):
    counted = Counted(lessons.before_1_1(school))
    repository = Repository("demo/app", registry=counted)
    subject = repository["1.4"].document.descriptor
    pushed = repository.push(Image.of(Blob.of(b"{}", "a/b"), [], subject=subject))
    assert len(repository.referrers("1.4")) == 1
    repository.delete(pushed.descriptor.digest)
    assert counted.count("GET /v2/demo/app/referrers/") == 1
    assert len(repository.referrers("1.4")) == 0


# Referrers of what is bound to a repository


def test_what_is_bound_knows_who_refers_to_it(school: LocalRegistry):
    repository = Repository("demo/app", registry=school)
    index = repository["latest"]
    subject = index.document.descriptor
    sbom = Image.of(Blob.of(b"{}", "a/b"), [], subject=subject, artifact_type="a/sbom")
    repository.push(sbom)
    assert sbom.digest in [each.digest for each in index.referrers()]
    (found,) = index.referrers("a/sbom", confirm=True)
    assert found.digest == sbom.digest
    assert repository[sbom.digest].referrers().descriptors == ()


def test_it_is_asked_by_digest_though_the_tag_may_have_moved(school: LocalRegistry):
    repository = Repository("demo/app", registry=school)
    image = repository["latest"]
    repository.tag("sbom", "latest")
    assert image.referrers().subject == image.digest
