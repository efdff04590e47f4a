"""What all tests share: no credentials of anybody, and skips that fail where they must not be.

OCINB_REQUIRE names the markers (`peers`, `browser`) whose tests may not be skipped.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

import ocinb
from ocinb.registry import sample

REQUIRED = set(filter(None, os.environ.get("OCINB_REQUIRE", "").split(",")))
PEERS = Path(__file__).parent.parent / ".peers" / "bin"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Without any peers, say so once for each file of tests that need them."""
    if not PEERS.is_dir():
        absent = pytest.mark.skip(reason="the real registries and clients are not here: make peers")
        for item in items:
            if item.get_closest_marker("peers"):
                item.add_marker(absent)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]):
    report = yield
    required = REQUIRED & {marker.name for marker in item.iter_markers()}
    if report.skipped and required and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"OCINB_REQUIRE={','.join(sorted(required))}, but: {reason}"
    return report


@pytest.fixture(autouse=True)
def _nobody_s_credentials(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Tests see neither the credentials nor the proxies of whoever runs them."""
    for name in list(os.environ):
        if name.lower().endswith("_proxy") or (
            name.startswith("OCINB_") and name != "OCINB_REQUIRE"
        ):
            monkeypatch.delenv(name)
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "no-docker-config"))
    monkeypatch.setenv("REGISTRY_AUTH_FILE", str(tmp_path / "no-auth-file.json"))


@pytest.fixture
def school() -> Iterator[ocinb.LocalRegistry]:
    """An embedded registry that holds the sample."""
    with sample.school() as registry:
        yield registry


@pytest.fixture
def peer():
    """The path of a real registry or client; skips when `make peers` did not bring it."""

    def find(name: str) -> str:
        if not (PEERS / name).exists():
            pytest.skip(f"{name} is not there: make peers")
        return str(PEERS / name)

    return find
