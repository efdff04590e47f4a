"""Listing repositories: sorted, in pages, and never more of them than a page holds."""

from __future__ import annotations

import json

import pytest

from ocinb.protocol.messages import Response
from ocinb.registry import catalog
from ocinb.registry.app import LocalRegistry
from tests.registry.asking import ask, code, push_blob


@pytest.fixture
def registry() -> LocalRegistry:
    registry = LocalRegistry()
    for name in ("b", "a/two", "c", "a/one"):
        push_blob(registry, name)
    return registry


def names(response: Response) -> list[str]:
    assert response.status == 200
    assert response.headers["content-type"] == "application/json"
    found: list[str] = json.loads(response.body)["repositories"]
    return found


def test_all_that_hold_something_are_listed_in_order(registry: LocalRegistry):
    ask(registry, "POST", "/v2/empty/blobs/uploads/")
    response = ask(registry, "GET", "/v2/_catalog")
    assert names(response) == ["a/one", "a/two", "b", "c"]
    assert "link" not in response.headers


def test_an_empty_registry_lists_nothing():
    assert names(ask(LocalRegistry(), "GET", "/v2/_catalog")) == []


def test_S24_pages_lead_to_each_other(registry: LocalRegistry):
    first = ask(registry, "GET", "/v2/_catalog?n=3")
    assert names(first) == ["a/one", "a/two", "b"]
    assert first.headers["link"] == '</v2/_catalog?n=3&last=b>; rel="next"'
    last = ask(registry, "GET", "/v2/_catalog?n=3&last=b")
    assert names(last) == ["c"]
    assert "link" not in last.headers


def test_S23_last_is_left_out_and_need_not_be_there(registry: LocalRegistry):
    assert names(ask(registry, "GET", "/v2/_catalog?last=a/three")) == ["a/two", "b", "c"]


def test_S23_none_are_none(registry: LocalRegistry):
    response = ask(registry, "GET", "/v2/_catalog?n=0")
    assert names(response) == []
    assert "link" not in response.headers


@pytest.mark.parametrize("n", ["-1", "x", "1000000001", "9" * 30, "", "1.5"])
def test_S23_what_is_no_number_is_refused(registry: LocalRegistry, n: str):
    """CVE-2023-2253: a registry once made room for as many as were asked for."""
    assert code(ask(registry, "GET", f"/v2/_catalog?n={n}")) == "400 UNSUPPORTED"


@pytest.mark.parametrize("query", ["", "?n=1000000000"])
def test_no_answer_has_more_than_a_page(
    registry: LocalRegistry, monkeypatch: pytest.MonkeyPatch, query: str
):
    monkeypatch.setattr(catalog, "LONGEST_PAGE", 2)
    monkeypatch.setattr("ocinb.registry.tags.LONGEST_PAGE", 2)
    response = ask(registry, "GET", f"/v2/_catalog{query}")
    assert names(response) == ["a/one", "a/two"]
    assert "link" in response.headers


def test_other_methods_are_not_possible(registry: LocalRegistry):
    response = ask(registry, "DELETE", "/v2/_catalog")
    assert code(response) == "405 UNSUPPORTED"
    assert response.headers["allow"] == "GET, HEAD"
