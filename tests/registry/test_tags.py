from __future__ import annotations

import json

import pytest

from tests.registry.asking import MANIFEST, ask, code, push_blob, push_manifest, put_manifest

URL = "/v2/demo/app/tags/list"


@pytest.fixture
def tagged(registry):
    """A registry whose repository has the tags A, _, a, b and c."""
    push_manifest(registry, "demo/app", MANIFEST.digest)
    query = "&".join(f"tag={tag}" for tag in "cbA_a")
    put_manifest(registry, "demo/app", f"{MANIFEST.digest}?{query}", MANIFEST.raw)
    return registry


def listed(registry, query=""):
    response = ask(registry, "GET", f"{URL}{query}")
    assert response.status == 200
    return json.loads(response.body)["tags"], response.headers.get("link")


def test_S23_all_tags_come_in_the_order_of_their_bytes(tagged):
    response = ask(tagged, "GET", URL)
    assert response.headers["content-type"] == "application/json"
    assert json.loads(response.body) == {"name": "demo/app", "tags": ["A", "_", "a", "b", "c"]}
    assert "link" not in response.headers


def test_S23_a_repository_without_tags_has_an_empty_list(registry):
    push_blob(registry, "demo/app")
    assert listed(registry) == ([], None)


def test_S5_an_unknown_repository_is_name_unknown(registry):
    assert code(ask(registry, "GET", URL)) == "404 NAME_UNKNOWN"


def test_S24_pages_are_linked_until_the_last(tagged):
    assert listed(tagged, "?n=2") == (["A", "_"], f'<{URL}?n=2&last=_>; rel="next"')
    assert listed(tagged, "?n=2&last=_") == (["a", "b"], f'<{URL}?n=2&last=b>; rel="next"')
    assert listed(tagged, "?n=2&last=b") == (["c"], None)
    assert listed(tagged, "?n=5") == (["A", "_", "a", "b", "c"], None)


def test_S23_last_need_not_exist_and_n_may_be_missing(tagged):
    """G-14"""
    assert listed(tagged, "?last=aa") == (["b", "c"], None)
    assert listed(tagged, "?last=zz") == ([], None)
    assert listed(tagged, "?n=1&last=%00") == (["A"], f'<{URL}?n=1&last=A>; rel="next"')


def test_S23_n_of_zero_is_an_empty_page(tagged):
    """G-14"""
    assert listed(tagged, "?n=0") == ([], None)


@pytest.mark.parametrize("n", ["-1", "abc", "", "1.5", "+1", "٣", "1000000001", "1" + "0" * 30])
def test_S23_an_n_that_is_no_count_is_refused(tagged, n):
    """G-14"""
    assert code(ask(tagged, "GET", f"{URL}?n={n}")) == "400 UNSUPPORTED"


def test_S23_a_huge_page_is_cut_to_what_is_served_at_once(tagged, monkeypatch):
    """K-28, CVE-2023-2253"""
    monkeypatch.setattr("ocinb.registry.tags.LONGEST_PAGE", 3)
    assert listed(tagged, "?n=1000000000") == (["A", "_", "a"], f'<{URL}?n=3&last=a>; rel="next"')
