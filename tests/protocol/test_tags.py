"""Listing tags: every page, within bounds, and honest about what is missing."""

from __future__ import annotations

import json

import pytest

from ocinb.errors import (
    AuthenticationError,
    Denied,
    InvalidContent,
    ListingDisabled,
    NotARegistry,
    NotFound,
    RegistryError,
    ServerFault,
)
from ocinb.protocol import endpoints, pages
from ocinb.protocol.messages import Response
from ocinb.protocol.stepper import Stepper
from ocinb.protocol.tags import TagList, list_tags
from tests.protocol.scripted import HOME, answers, ok, refusal, run

LIST = "/v2/demo/tags/list"
FIRST = f"GET {LIST}"


def page(*names: object, link: str = "", media_type: str = "application/json") -> Response:
    body = json.dumps({"name": "demo", "tags": list(names)}).encode()
    headers = {"Link": f'<{link}>; rel="next"'} if link else {}
    return ok(body, media_type, **headers)


def at(query: str) -> str:
    return f"GET {HOME}{LIST}?{query}"


def test_one_page_is_the_whole_list():
    found = run(list_tags("demo"), (FIRST, page("b", "a", "C")))
    assert found == TagList("demo", ("C", "a", "b"), pages=1)
    assert found.complete
    assert repr(found) == "<TagList demo: 3 tags, 1 pages, complete>"


def test_a_list_of_tags_behaves_like_one():
    found = TagList("demo", ("a", "b"))
    assert (list(found), len(found), found[0], found[-1]) == (["a", "b"], 2, "a", "b")
    assert "a" in found
    assert "c" not in found


def test_json_is_asked_for_and_no_size_of_page():
    """T-1, T-3."""
    send = answers((FIRST, page("a")))
    stepper = Stepper(list_tags("demo"), send)
    stepper.finish()
    assert send.asked[0].headers["accept"] == "application/json"
    assert stepper.taken[0].step.endpoint is endpoints.LIST_TAGS


def test_the_link_leads_from_page_to_page():
    """C32, T-1, T-2: followed as it stands, whatever the registry calls its place."""
    send = answers(
        (FIRST, page("a", link=f"{LIST}?next_page=x%2Fy==&n=1")),
        (at("next_page=x%2Fy==&n=1"), page("b", link=f"{HOME}{LIST}?last=b")),
        (at("last=b"), page("c")),
    )
    stepper = Stepper(list_tags("demo"), send)
    assert stepper.finish() == TagList("demo", ("a", "b", "c"), pages=3)
    assert [each.step.title for each in stepper.taken] == [
        "List tags", "List tags, page 2", "List tags, page 3",
    ]  # fmt: skip
    assert stepper.taken[1].step.endpoint is endpoints.LIST_TAGS_PAGED


def test_a_page_that_is_not_full_is_not_the_end_when_there_is_a_link():
    """C32."""
    lines = (
        (f"{FIRST}?n=5", page("a", link="?n=5&last=a")),
        (at("n=5&last=a"), page("b")),
    )
    assert run(list_tags("demo", page_size=5), *lines).tags == ("a", "b")


def test_old_registries_are_asked_on_only_after_a_full_page():
    """C33."""
    lines = (
        (f"{FIRST}?n=2", page("a", "b")),
        (f"{FIRST}?n=2&last=b", page("c", "d")),
        (f"{FIRST}?n=2&last=d", page("e")),
    )
    assert run(list_tags("demo", page_size=2), *lines) == TagList("demo", tuple("abcde"), pages=3)
    assert run(list_tags("demo", page_size=2), (f"{FIRST}?n=2", page("a"))).pages == 1
    assert run(list_tags("demo", page_size=1), (f"{FIRST}?n=1", page("a", "b"))).pages == 1
    assert run(list_tags("demo"), (FIRST, page("a", "b"))).pages == 1


def test_a_registry_that_knows_no_pages_is_asked_for_all_at_once():
    """C33, K-6: it says the same again, so it does not know where to go on."""
    lines = (
        (f"{FIRST}?n=1", page("a")),
        (f"{FIRST}?n=1&last=a", page("a")),
        (FIRST, page("a", "b")),
    )
    assert run(list_tags("demo", page_size=1), *lines) == TagList("demo", ("a", "b"), pages=3)


def test_a_few_pages_may_be_enough():
    lines = (FIRST, page("a", link="?p=2")), (at("p=2"), page("b", link="?p=3"))
    found = run(list_tags("demo", most_pages=2), *lines)
    assert (found.tags, found.complete) == (("a", "b"), False)
    assert found.note == "there are more than 2 pages"


@pytest.mark.parametrize("last", ["not/a-tag", "a&n=1", "x" * 4_000, "", 5, None, {"a": 1}])
def test_no_odd_name_gets_into_a_url(last):
    """C33, T-4."""
    found = run(list_tags("demo", page_size=2), (f"{FIRST}?n=2", page("a", last)))
    assert (found.tags, found.complete, len(found.odd)) == (("a",), False, 1)
    assert "no tag can have" in found.note


@pytest.mark.parametrize(
    "body", [b'{"name":"demo","tags":null}', b'{"name":"demo"}', b'{"tags":[]}']
)
def test_no_list_is_an_empty_one(body):
    """T-4."""
    assert run(list_tags("demo"), (FIRST, ok(body))) == TagList("demo", (), pages=1)


@pytest.mark.parametrize(
    "media_type", ["text/plain; charset=utf-8", "", "application/octet-stream"]
)
def test_the_type_of_the_answer_does_not_matter(media_type):
    """D-9, T-1."""
    assert run(list_tags("demo"), (FIRST, page("a", media_type=media_type))).tags == ("a",)


def test_names_no_tag_can_have_are_kept_apart_and_made_visible():
    """K-32, T-4, K-18."""
    odd = ["sha256:abc", "a/b", "\x1b[2J", "", None, 5, "x" * 5_000, "ok "]
    found = run(list_tags("demo"), (FIRST, page("ok", *odd)))
    assert found.tags == ("ok",)
    assert found.complete
    assert found.odd[:3] == ("sha256:abc", "a/b", "\\u{1b}[2J")
    assert all(len(name) < 200 for name in found.odd)


def test_tags_listed_twice_are_one_and_unsorted_pages_are_sorted():
    """T-7."""
    lines = (FIRST, page("c", "a", link="?p=2")), (at("p=2"), page("b", "a"))
    assert run(list_tags("demo"), *lines).tags == ("a", "b", "c")


@pytest.mark.parametrize("link", [LIST, "?", f"{HOME}{LIST}"])
def test_a_circle_of_pages_is_left(link):
    """K-6, T-7, case 40."""
    lines = (FIRST, page("a", link=f"{LIST}?p=2")), (at("p=2"), page("b", link="?p=2"))
    found = run(list_tags("demo"), *lines)
    assert (found.tags, found.pages, found.complete) == (("a", "b"), 2, False)
    assert "circle" in found.note
    assert "incomplete" in repr(found)
    # The very first page, said another way, may come once more; then it is known.
    lines = (FIRST, page("a", link=link)), (f"GET {HOME}{LIST}", page("a", link=link))
    assert "circle" in run(list_tags("demo"), *lines).note


def test_at_most_a_thousand_pages_are_asked_for():
    """K-6: ever new `last`."""
    many = [(at(f"p={n}"), page(str(n), link=f"?p={n + 1}")) for n in range(1, 1_000)]
    found = run(list_tags("demo"), (FIRST, page("0", link="?p=1")), *many)
    assert (len(found), found.pages, found.complete) == (1_000, pages.MOST_PAGES, False)
    assert found.note == "there are more than 1,000 pages"


def test_K6_the_bytes_of_all_pages_are_bounded(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(pages, "MOST_BYTES", 10)
    found = run(list_tags("demo"), (FIRST, page("0", link="?p=1")))
    assert (found.tags, found.complete) == (("0",), False)
    assert found.note == "the pages have more than 10 B"


def test_at_most_a_hundred_thousand_names_are_kept():
    """K-6."""
    names = [f"t{n}" for n in range(60_000)]
    odd = [f"/{n}" for n in range(60_000)]
    lines = (FIRST, page(*names, link="?p=2")), (at("p=2"), page(*odd, link="?p=3"))
    found = run(list_tags("demo"), *lines)
    assert (found.pages, found.complete) == (2, False)
    assert found.note == "there are more than 100,000 tags"


def test_empty_pages_are_followed_three_times():
    """K-6."""
    lines = (
        (FIRST, page(link="?p=2")),
        (at("p=2"), page("a", link="?p=3")),
        (at("p=3"), page(link="?p=4")),
        (at("p=4"), page(link="?p=5")),
        (at("p=5"), page(link="?p=6")),
    )
    found = run(list_tags("demo"), *lines)
    assert (found.tags, found.complete) == (("a",), False)
    assert "empty page" in found.note


@pytest.mark.parametrize(
    "link",
    [
        f"https://evil.example{LIST}?last=a", f"http://registry.example{LIST}?last=a",
        "/v2/other/tags/list", "/v2/_catalog", "https://[::1", "javascript:alert(1)",
    ],
)  # fmt: skip
def test_a_link_to_somewhere_else_is_not_followed_and_the_list_incomplete(link):
    """F-T2, K-6, T-7, case 40."""
    found = run(list_tags("demo"), (FIRST, page("a", link=link)))
    assert (found.tags, found.pages, found.complete) == (("a",), 1, False)
    assert found.note


@pytest.mark.parametrize(
    "link", ['</x>; rel="prev"', f"{LIST}?last=a; rel=next", "<;;;>", f"<{LIST}>", "x" * 1_000_000]
)
def test_a_link_that_is_not_to_the_next_page_ends_the_list(link):
    """C32, case 40: with any Link there, nothing is guessed (C33)."""
    answer = ok(b'{"tags":["a"]}', Link=link)
    found = run(list_tags("demo", page_size=1), (f"{FIRST}?n=1", answer))
    assert (found.tags, found.complete) == (("a",), True)


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (401, AuthenticationError), (403, Denied), (404, NotFound), (418, RegistryError),
        (500, ServerFault), (ok(b"<html>", "text/html"), NotARegistry),
        (ok(b"<html>"), InvalidContent), (ok(b"[]"), InvalidContent),
        (ok(b'{"tags":{"a":1}}'), InvalidContent), (ok(b'{"tags":"abc"}'), InvalidContent),
        (ok(b'{"tags":[],"tags":["a"]}'), InvalidContent),
    ],
)  # fmt: skip
def test_a_first_page_that_is_refused_is_an_error_and_never_an_empty_list(answer, kind):
    """T-5, D-10."""
    refusal(kind, list_tags("demo"), (FIRST, answer))


def no(status: int, code: str) -> Response:
    return Response(status, {}, json.dumps({"errors": [{"code": code}]}).encode())


@pytest.mark.parametrize("answer", [405, 501, no(404, "UNSUPPORTED"), no(400, "UNSUPPORTED")])
def test_a_registry_that_lists_no_tags_is_told_from_a_repository_that_is_not_there(answer):
    """T-5."""
    error = refusal(ListingDisabled, list_tags("demo"), (FIRST, answer))
    assert "does not list" in str(error)
    assert "a tag that you know" in error.hints[0]


def test_a_404_that_says_nothing_may_mean_either():
    """T-5, A-13: public.ecr.aws had no tags/list, and answered so."""
    error = refusal(NotFound, list_tags("demo"), (FIRST, 404))
    assert "or this registry lists no tags" in error.hints[0]
    assert refusal(NotFound, list_tags("demo"), (FIRST, no(404, "NAME_UNKNOWN"))).hints == ()


def test_no_more_than_a_thousand_are_asked_for_at_a_time():
    """T-1: ECR answers more with an error."""
    lines = (f"{FIRST}?n=1000", page("a", link="?n=1000&last=x%2B%2F=")), (
        at("n=1000&last=x%2B%2F="), page("b"),
    )  # fmt: skip
    assert run(list_tags("demo", page_size=5_000), *lines).tags == ("a", "b")


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (429, "too many requests"), (500, "in trouble"), (401, "who is asking"),
        (ok(b"<html>", "text/html"), "does not look like"), (ok(b"{"), "not JSON"),
        (ok(b'{"tags":5}'), "no list in it"),
    ],
)  # fmt: skip
def test_a_later_page_that_is_refused_leaves_what_there_is(answer, said):
    lines = (FIRST, page("a", link="?p=2")), (at("p=2"), answer)
    found = run(list_tags("demo"), *lines)
    assert (found.tags, found.pages, found.complete) == (("a",), 1, False)
    assert said in found.note
