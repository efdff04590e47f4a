"""Who reads what whom: each client's push against each client's pull, on each registry.

The outcome of every pair is written to build/interop.md, told apart by what was moved.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import ocinb
from ocinb.oci.image import Content
from ocinb.registry import sample
from tests.peers.clients import Clients, Failed
from tests.peers.registries import Running
from tests.peers.test_pull import PUSHES, contents

pytestmark = pytest.mark.peers

REPORT = Path(__file__).parent.parent.parent / "build" / "interop.md"
REGISTRIES = pytest.mark.parametrize("running", ["memory", "distribution", "olareg"], indirect=True)
PULLS: dict[str, Callable[[Clients, str, Path], object]] = {
    "crane": lambda by, ref, into: by.crane("pull", "--format=oci", ref, into),
    "oras": lambda by, ref, into: by.oras("cp", "--to-oci-layout", ref, f"{into}:v1"),
    "regctl": lambda by, ref, into: by.regctl("image", "copy", ref, f"ocidir://{into}:v1"),
    "skopeo": lambda by, ref, into: by.skopeo(
        "copy", "--all", "--preserve-digests", f"docker://{ref}", f"oci:{into}:v1"
    ),
    "ocinb": lambda _, ref, into: _pulled_by_us(ref, into),
}


@pytest.fixture(scope="module")
def report() -> Iterator[list[str]]:
    """A line for each registry and kind of content."""
    lines: list[str] = []
    yield lines
    REPORT.parent.mkdir(exist_ok=True)
    head = "| registry | content | pushed by | " + " | ".join(PULLS) + " |"
    rule = "|---" * (3 + len(PULLS)) + "|"
    REPORT.write_text("\n".join(["# Who reads what whom", "", head, rule, *lines, ""]))


@REGISTRIES
@pytest.mark.parametrize("what", ["index", "image", "artifact"])
def test_what_anybody_pushes_everybody_pulls(
    what: str,
    registry: Running,
    layouts: dict[str, Path],
    clients: Clients,
    tmp_path: Path,
    report: list[str],
) -> None:
    expected = contents(layouts[what])
    wrong: list[str] = []
    for pusher in (*PUSHES, "ocinb"):
        reference = f"{registry.host}/matrix/{what}-{pusher}:v1"
        _push(pusher, clients, layouts[what], what, reference)
        outcomes = []
        for puller, pull in PULLS.items():
            into = tmp_path / f"{pusher}-{puller}"
            trouble = _trouble(pull, clients, reference, into, expected)
            outcomes.append("✗" if trouble else "✓")
            wrong += [f"{pusher} → {puller}: {trouble}"] if trouble else []
        report.append(f"| {registry.kind} | {what} | {pusher} | {' | '.join(outcomes)} |")
    assert wrong == []


def _push(who: str, clients: Clients, layout: Path, what: str, reference: str) -> None:
    if who != "ocinb":
        PUSHES[who](clients, layout, reference)
        return
    name, _, tag = reference.rpartition(":")
    with ocinb.Repository(name) as repository:
        repository.push(_content(what), tag, progress=False)


def _content(what: str) -> Content:
    """What the layouts were made of."""
    if what == "artifact":
        return sample.chart()
    app = sample.app()
    return app if what == "index" else app.children[1]


def _pulled_by_us(reference: str, into: Path) -> None:
    name, _, tag = reference.rpartition(":")
    with ocinb.Repository(name) as repository:
        repository.pull(tag, into, progress=False)


def _trouble(
    pull: Callable[[Clients, str, Path], object],
    clients: Clients,
    reference: str,
    into: Path,
    expected: dict[str, bytes],
) -> str:
    """What is wrong with a pull: what the client said, or what is not there; nothing if whole."""
    try:
        pull(clients, reference, into)
    except Failed as error:
        return str(error)
    found = contents(into)
    missing = sorted(digits for digits in expected if found.get(digits) != expected[digits])
    return f"missing: {', '.join(missing)}" if missing else ""
