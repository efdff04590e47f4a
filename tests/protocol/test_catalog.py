"""Listing repositories: followed page by page within bounds, and never empty for being refused."""

from __future__ import annotations

import json

import pytest

from ocinb.errors import (
    InvalidContent,
    ListingDisabled,
    NotARegistry,
    RateLimited,
    ServerFault,
)
from ocinb.protocol import catalog, endpoints, pages
from ocinb.protocol.catalog import CatalogList, list_catalog
from ocinb.protocol.messages import Response
from ocinb.protocol.stepper import Stepper
from tests.protocol.scripted import HOME, answers, ok, refusal, run

FIRST = "GET /v2/_catalog"


def page(*names: object, link: str = "") -> Response:
    headers = {"Link": f'<{link}>; rel="next"'} if link else {}
    return ok(json.dumps({"repositories": names}).encode(), "application/json", **headers)


def said(status: int, code: str = "") -> Response:
    return Response(status, {}, json.dumps({"errors": [{"code": code}]}).encode())


def test_one_page_is_the_whole_list():
    stepper = Stepper(list_catalog("r.example"), answers((FIRST, page("b/app", "a"))))
    found = stepper.finish()
    assert found == CatalogList("r.example", ("a", "b/app"), 1)
    assert (list(found), len(found), found[0], "b/app" in found) == (["a", "b/app"], 2, "a", True)
    assert stepper.taken[0].step.endpoint is endpoints.CATALOG
    assert stepper.taken[0].step.request.headers["accept"] == "application/json"
    assert repr(found) == "<CatalogList r.example: 2 repositories, 1 pages, complete>"


def test_the_link_leads_from_page_to_page():
    """C32, T-7: whatever the registry writes there is followed as it is."""
    lines = (
        (f"{FIRST}?n=2", page("a", "b", link="/v2/_catalog?n=2&last=b&x=%2F")),
        (f"GET {HOME}/v2/_catalog?n=2&last=b&x=%2F", page("c", "a")),
    )
    assert run(list_catalog("r", 2), *lines) == CatalogList("r", ("a", "b", "c"), 2)


def test_without_a_link_a_full_page_is_the_end():
    """Nobody who pages a catalog leaves out the Link."""
    assert run(list_catalog("r", 1), (f"{FIRST}?n=1", page("a"))).complete


def test_no_page_is_larger_than_a_thousand():
    run(list_catalog("r", 5_000), (f"{FIRST}?n=1000", page()))


@pytest.mark.parametrize("status", [401, 403, 404, 405, 501])
def test_T6_a_catalog_that_is_off_is_an_error_and_never_an_empty_list(status):
    """C45."""
    error = refusal(ListingDisabled, list_catalog("r"), (FIRST, said(status, "DENIED")))
    assert (error.status, error.code) == (status, "DENIED")
    assert "/v2/_catalog" in error.url
    assert "whose name you know" in error.hints[0]
    assert any("another account" in hint for hint in error.hints) == (status in (401, 403))


def test_T6_unsupported_is_unsupported_whatever_its_status():
    refusal(ListingDisabled, list_catalog("r"), (FIRST, said(400, "UNSUPPORTED")))


@pytest.mark.parametrize(("status", "kind"), [(429, RateLimited), (500, ServerFault)])
def test_any_other_no_is_another_error(status, kind):
    refusal(kind, list_catalog("r"), (FIRST, status))


def test_D10_a_web_page_is_no_catalog():
    refusal(NotARegistry, list_catalog("r"), (FIRST, ok(b"<html>", "text/html")))


@pytest.mark.parametrize("body", [b"", b"[]", b'{"tags": []}', b'{"repositories": {}}', b"{"])
def test_what_cannot_be_read_is_an_error_and_never_an_empty_list(body):
    refusal(InvalidContent, list_catalog("r"), (FIRST, ok(body, "application/json")))


def test_T4_null_is_an_empty_list():
    found = run(list_catalog("r"), (FIRST, ok(b'{"repositories": null}')))
    assert (found.names, found.complete) == ((), True)


def test_T4_what_no_repository_can_be_called_is_kept_apart_as_text():
    found = run(list_catalog("r"), (FIRST, page("a", "UPPER", "../x", 7, None, "x\u202e")))
    assert found.names == ("a",)
    assert found.odd == ("UPPER", "../x", "7", "None", "x\\u{202e}")


@pytest.mark.parametrize(
    "link",
    [
        "https://elsewhere.example/v2/_catalog?last=a", "http://registry.example/v2/_catalog?last=a",
        "/v2/other?last=a", "//elsewhere.example/v2/_catalog", "/v2/a/tags/list", "https://[",
    ],
)  # fmt: skip
def test_K6_a_link_to_somewhere_else_is_not_followed_and_the_list_incomplete(link):
    """T-7."""
    lines = (
        (FIRST, page("a", link="/v2/_catalog?p=2")),
        (f"GET {HOME}/v2/_catalog?p=2", page("b", link=link)),
    )
    found = run(list_catalog("r"), *lines)
    assert (found.names, found.complete, found.pages) == (("a", "b"), False, 2)
    assert found.note


def test_K6_a_circle_of_pages_is_left():
    second = f"GET {HOME}/v2/_catalog?p=2"
    lines = (
        (FIRST, page("a", link="/v2/_catalog?p=2")),
        (second, page("b", link="/v2/_catalog?p=2")),
    )
    found = run(list_catalog("r"), *lines)
    assert (found.names, found.complete) == (("a", "b"), False)
    assert "circle" in found.note


def test_K6_pages_and_names_are_bounded(monkeypatch: pytest.MonkeyPatch):
    more = page("a", link="/v2/_catalog?p=2")
    assert "more than 1 pages" in run(list_catalog("r", most=1), (FIRST, more)).note
    monkeypatch.setattr(catalog, "MOST_REPOSITORIES", 1)
    assert "more than 1 repositories" in run(list_catalog("r"), (FIRST, more)).note


def test_K6_the_bytes_of_all_pages_are_bounded(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(pages, "MOST_BYTES", 10)
    more = page("a", link="/v2/_catalog?p=2")
    assert run(list_catalog("r"), (FIRST, more)).note == "the pages have more than 10 B"


def test_K6_empty_pages_are_followed_three_times():
    lines = [(FIRST, page(link="/v2/_catalog?p=1"))]
    lines += [
        (f"GET {HOME}/v2/_catalog?p={n}", page(link=f"/v2/_catalog?p={n + 1}")) for n in (1, 2)
    ]
    assert "one empty page after another" in run(list_catalog("r"), *lines).note


@pytest.mark.parametrize("answer", [500, 404, ok(b"[]"), ok(b"<html>", "text/html")])
def test_a_later_page_that_fails_leaves_what_there_is(answer):
    lines = (
        (FIRST, page("a", link="/v2/_catalog?p=2")),
        (f"GET {HOME}/v2/_catalog?p=2", answer),
    )
    found = run(list_catalog("r"), *lines)
    assert (found.names, found.complete) == (("a",), False)
    assert found.note
