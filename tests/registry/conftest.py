from __future__ import annotations

import pytest

from ocinb.registry.app import LocalRegistry


@pytest.fixture(params=["memory", "disk"])
def registry(request, tmp_path):
    """An empty registry, once in memory and once on disk."""
    with LocalRegistry(tmp_path / "registry" if request.param == "disk" else None) as registry:
        yield registry
