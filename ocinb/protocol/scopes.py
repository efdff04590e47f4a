"""What a request needs to be allowed: scopes, as token servers write them.

`repository:<name>:<actions>`, from the distribution project's token specification.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Literal, TypeAlias
from urllib.parse import parse_qs, urlsplit

# What is to be done with a repository: who may push may pull, too.
OperationScope: TypeAlias = Literal["pull", "push"]

_SCOPED = re.compile(
    r"/v2/(?P<name>.+)/(?:blobs/uploads/[^/]*|blobs/[^/]+|manifests/[^/]+|tags/list|referrers/[^/]+)",
    re.ASCII,
)
_CATALOG = "registry:catalog:*"
_READING = ("GET", "HEAD")
_ACTIONS: dict[OperationScope, str] = {"pull": "pull", "push": "pull,push"}


def scope_of(name: str, operation: OperationScope) -> str:
    """What pulling from a repository, or pushing to it, must be allowed; who pushes reads, too."""
    return f"repository:{name}:{_ACTIONS[operation]}"


def needed(method: str, url: str) -> str:
    """The least scope for a request, told from its path; empty when that does not tell.

    A mount needs a second one, to read the blob where it is (A-6); scopes are separated by spaces.
    """
    parts = urlsplit(url)
    if parts.path == "/v2/_catalog":
        return _CATALOG
    match = _SCOPED.fullmatch(parts.path)
    if match is None:
        return ""
    if method == "DELETE":
        return f"repository:{match['name']}:delete"
    scope = scope_of(match["name"], "pull" if method in _READING else "push")
    sources = parse_qs(parts.query).get("from", []) if method == "POST" else []
    return " ".join([scope, *(scope_of(source, "pull") for source in sources[:1])])


def told(scopes: Iterable[str]) -> str:
    """What `scopes` allow, for people: `demo/app (pull, push)`; empty when there are none."""
    return " and ".join(filter(None, map(_told, scopes)))


def _told(scope: str) -> str:
    kind, _, rest = scope.partition(":")
    name, _, actions = rest.rpartition(":")
    if scope == _CATALOG:
        return "the catalog"
    if kind != "repository" or not name:
        return scope
    everything = actions == "*"
    return f"{name} ({'everything' if everything else actions.replace(',', ', ')})"


def covers(granted: str, wanted: str) -> bool:
    """Whether scopes that were `granted` are enough for those `wanted`."""
    had: dict[str, set[str]] = {}
    for scope in granted.split():
        resource, _, actions = scope.rpartition(":")
        had.setdefault(resource, set()).update(actions.split(","))
    for scope in wanted.split():
        resource, _, actions = scope.rpartition(":")
        allowed = had.get(resource, set())
        if "*" not in allowed and not set(actions.split(",")) <= allowed:
            return False
    return True
