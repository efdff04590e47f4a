"""What a request needs, and what was granted."""

from __future__ import annotations

import pytest

from ocinb.protocol.scopes import covers, needed, told

HOME = "https://reg.test"


@pytest.mark.parametrize(
    ("scopes", "said"),
    [
        ([], ""),
        ([""], ""),
        (["repository:demo/app:pull,push"], "demo/app (pull, push)"),
        (["repository:host:5000/app:pull"], "host:5000/app (pull)"),
        (["repository:a:*", "repository:b:pull"], "a (everything) and b (pull)"),
        (["registry:catalog:*"], "the catalog"),
        (["something else"], "something else"),
    ],
)
def test_scopes_are_told_to_people(scopes: list[str], said: str):
    assert told(scopes) == said


@pytest.mark.parametrize(
    ("method", "path", "scope"),
    [
        ("GET", "/v2/", ""),
        ("GET", "/v2/_catalog?n=1", "registry:catalog:*"),
        ("GET", "/v2/a/tags/list", "repository:a:pull"),
        ("HEAD", "/v2/a/b/blobs/sha256:0", "repository:a/b:pull"),
        ("GET", "/v2/a/blobs/manifests/v1", "repository:a/blobs:pull"),
        ("GET", "/v2/a/referrers/sha256:0?artifactType=x", "repository:a:pull"),
        ("POST", "/v2/a/blobs/uploads/", "repository:a:pull,push"),
        ("PATCH", "/v2/a/blobs/uploads/1?_state=x", "repository:a:pull,push"),
        ("PUT", "/v2/a/manifests/v1", "repository:a:pull,push"),
        ("DELETE", "/v2/a/manifests/v1", "repository:a:delete"),
        ("POST", "/v2/a/blobs/uploads/?mount=d&from=b/c",
         "repository:a:pull,push repository:b/c:pull"),
        ("PUT", "/somewhere/else", ""),
    ],
)  # fmt: skip
def test_the_least_scope_is_told_from_the_path(method: str, path: str, scope: str):
    """A-4, A-6."""
    assert needed(method, path) == needed(method, HOME + path) == scope


@pytest.mark.parametrize(
    ("granted", "wanted", "enough"),
    [
        ("", "", True),
        ("", "repository:a:pull", False),
        ("repository:a:pull,push", "repository:a:pull", True),
        ("repository:a:pull", "repository:a:pull,push", False),
        ("repository:a:*", "repository:a:delete", True),
        ("repository:a:pull repository:b:pull", "repository:b:pull", True),
        ("repository:ab:pull", "repository:a:pull", False),
        ("repository:a:pull", "repository:a:pull repository:b:pull", False),
    ],
)
def test_what_was_granted_covers_what_is_wanted_or_not(granted: str, wanted: str, enough: bool):
    assert covers(granted, wanted) is enough
