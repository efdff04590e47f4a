from __future__ import annotations

import itertools

import pytest

from ocinb.registry.app import LocalRegistry
from tests.registry.conformance.asking import WAYS, Asker

_numbers = itertools.count(1)


# WSGI differs from the others before the registry, not behind it: once is enough.
ASKED = [("memory", "handle"), ("memory", "wsgi"), ("memory", "http"), ("disk", "handle"),
         ("disk", "http")]  # fmt: skip


@pytest.fixture(scope="module", params=ASKED, ids="-".join)
def way(request, tmp_path_factory):
    """A way to ask a sparse registry, in memory or on disk, that many tests push to."""
    place, name = request.param
    folder = tmp_path_factory.mktemp("registry") if place == "disk" else None
    with LocalRegistry(folder, sparse=True) as registry, WAYS[name](registry) as ask:
        yield ask


@pytest.fixture
def ask(way):
    """The same for a repository that nobody used before."""
    return Asker(way, f"conformance/repo{next(_numbers)}")
