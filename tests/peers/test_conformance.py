"""What the official conformance suite of the distribution spec finds in our registry: nothing.

Its numbers are printed (see them with `-rP`), and kept in build/conformance.txt.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

import pytest

import ocinb
from tests.conftest import PEERS
from tests.peers.clients import environment, path_of

pytestmark = pytest.mark.peers

REPORT = PEERS.parent.parent / "build" / "conformance.txt"
SECONDS = 120  # that one run may take; it takes two
LONGEST = 1_000  # characters of a reason; some quote whole bodies


@dataclass(frozen=True)
class Counts:
    """How many results of each kind there were."""

    passed: int
    failed: int = 0
    skipped: int = 0
    disabled: int = 0  # by the version that is asked for


@dataclass(frozen=True)
class Verdict:
    """What the suite found, and each result that is not a pass."""

    counts: Counts
    remarks: tuple[str, ...]
    seconds: float


# All that the pinned suite has; only what came after 1.1 is left out there: to cancel an upload.
COMPLETE = {"dev": Counts(passed=1032), "1.1": Counts(passed=906, disabled=2)}


@pytest.fixture(scope="module")
def report() -> Iterator[list[str]]:
    """Lines of the report, which is written when all runs are done."""
    lines: list[str] = []
    yield lines
    if lines:
        heading = _row("registry", "version", "passed", "failed", "skipped", "disabled", "seconds")
        REPORT.parent.mkdir(exist_ok=True)
        REPORT.write_text("\n".join([heading, *lines, ""]))


@pytest.mark.parametrize("version", COMPLETE)
@pytest.mark.parametrize("place", ["memory", "disk"])
def test_the_suite_finds_nothing_wrong_and_skips_nothing(
    place: str, version: str, tmp_path: Path, report: list[str]
) -> None:
    folder = tmp_path / "registry" if place == "disk" else None
    with ocinb.LocalRegistry(folder, sparse=True) as registry:
        verdict = judged(registry.serve().host, version, tmp_path)
    counts = verdict.counts
    numbers = (counts.passed, counts.failed, counts.skipped, counts.disabled)
    report.append(_row(place, version, *numbers, f"{verdict.seconds:.1f}"))
    print(report[-1])
    assert counts == COMPLETE[version], "\n".join(verdict.remarks)


def test_the_suite_sees_a_registry_that_refuses_sparse_manifests(tmp_path: Path) -> None:
    with ocinb.LocalRegistry() as registry:
        verdict = judged(registry.serve().host, "dev", tmp_path)
    failed = [remark for remark in verdict.remarks if remark.startswith("failure")]
    assert len(failed) == verdict.counts.failed > 0
    assert {remark.split("/")[0] for remark in failed} == {"failure sparse"}


def judged(host: str, version: str, folder: Path) -> Verdict:
    """What the suite says of the registry at `host`, held to `version` of the spec."""
    settings = {
        "OCI_REGISTRY": host,
        "OCI_VERSION": version,
        "OCI_DATA_SPARSE": "true",
        "OCI_TLS": "disabled",
        "OCI_RESULTS_DIR": str(folder / "results"),
    }
    done = subprocess.run(
        [path_of("conformance")],
        env=environment(folder) | settings,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    results = folder / "results" / "junit.xml"
    assert results.exists(), done.stderr  # it ends with 0 also when it could not begin
    suite = ElementTree.parse(results).find("testsuite")
    assert suite is not None
    return _verdict(suite)


def _verdict(suite: ElementTree.Element) -> Verdict:
    failed = _number(suite, "failures") + _number(suite, "errors")
    skipped, disabled = _number(suite, "skipped"), _number(suite, "disabled")
    passed = _number(suite, "tests") - failed - skipped - disabled
    cases = [case for case in suite.iter("testcase") if case.get("status") != "passed"]
    return Verdict(
        Counts(passed, failed, skipped, disabled),
        tuple(_remark(case, suite.get("name", "")) for case in cases),
        float(suite.get("time", "0")),
    )


def _number(suite: ElementTree.Element, name: str) -> int:
    return int(suite.get(name, "0"))  # it leaves out a zero


def _remark(case: ElementTree.Element, root: str) -> str:
    """One result: its status, what was tried, and why it is not a pass."""
    tried = case.get("name", "").removeprefix(f"{root}/")
    reason = case.findtext("system-out") or "the version does not ask for it"
    return f"{case.get('status')} {tried}: {reason[:LONGEST]}"


def _row(*cells: object) -> str:
    return "".join(f"{cell!s:<10}" for cell in cells).rstrip()
