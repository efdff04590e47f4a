"""Who reads what whom: each client's push against each client's pull, on each registry.

The outcome of every pair is written to build/interop.md, told apart by what was moved.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import ocinb
from ocinb.oci.image import Content
from ocinb.protocol.push import all_blobs, all_manifests
from ocinb.registry import sample
from tests.peers.clients import Clients, Failed
from tests.peers.registries import Running
from tests.peers.test_pull import PUSHES, contents

pytestmark = pytest.mark.peers

REPORT = Path(__file__).parent.parent.parent / "build" / "interop.md"
KINDS = ("memory", "distribution", "olareg")
CONTENT = ("index", "image", "artifact", "referrer")
REGISTRIES = pytest.mark.parametrize("running", KINDS, indirect=True)
PULLS: dict[str, Callable[[Clients, str, Path], object]] = {
    "crane": lambda by, ref, into: by.crane("pull", "--format=oci", ref, into),
    "oras": lambda by, ref, into: by.oras("cp", "--to-oci-layout", ref, f"{into}:v1"),
    "regctl": lambda by, ref, into: by.regctl("image", "copy", ref, f"ocidir://{into}:v1"),
    "skopeo": lambda by, ref, into: by.skopeo(
        "copy", "--all", "--preserve-digests", f"docker://{ref}", f"oci:{into}:v1"
    ),
    "ocinb": lambda _, ref, into: _pulled_by_us(ref, into),
}


def _attached_by_oras(by: Clients, ref: str, layout: Path, folder: Path) -> None:
    (folder / "sbom.json").write_text("{}")
    by.oras(
        "attach",
        "--disable-path-validation",
        "--artifact-type=application/spdx+json",
        ref,
        f"{folder / 'sbom.json'}:application/spdx+json",
    )


def _attached_by_regctl(by: Clients, ref: str, layout: Path, folder: Path) -> None:
    (folder / "sbom.json").write_text("{}")
    by.regctl(
        *("artifact", "put", "--artifact-type=application/spdx+json", f"--subject={ref}"),
        *(f"--file={folder / 'sbom.json'}", "--file-media-type=application/spdx+json"),
    )


def _attached_by_us(by: Clients, ref: str, layout: Path, folder: Path) -> None:
    with ocinb.Repository(ref.rpartition(":")[0]) as repository:
        repository.push(sample.sbom(sample.app().children[1]), progress=False)


def _beside(ref: str) -> str:
    """Another tag in the same repository."""
    return f"{ref.rpartition(':')[0]}:beside"


ATTACHES: dict[str, Callable[[Clients, str, Path, Path], object]] = {
    "crane": lambda by, ref, layout, _: PUSHES["crane"](by, layout, _beside(ref)),
    "oras": _attached_by_oras,
    "regctl": _attached_by_regctl,
    "skopeo": lambda by, ref, layout, _: PUSHES["skopeo"](by, layout, _beside(ref)),
    "ocinb": _attached_by_us,
}
# The artifact types of what refers to something, as each client lists them.
FINDS: dict[str, Callable[[Clients, str], tuple[str, ...]]] = {
    "oras": lambda by, ref: tuple(
        each["artifactType"]
        for each in json.loads(by.oras("discover", "--format=json", ref))["referrers"] or ()
    ),
    "regctl": lambda by, ref: tuple(
        each["artifactType"]
        for each in json.loads(by.regctl("artifact", "list", "--format={{json .Descriptors}}", ref))
        or ()
    ),
    "ocinb": lambda _, ref: _found_by_us(ref),
}


def _found_by_us(ref: str) -> tuple[str, ...]:
    name, _, tag = ref.rpartition(":")
    with ocinb.Repository(name) as repository:
        return tuple(each.artifact_type for each in repository.referrers(tag))


@pytest.fixture(scope="module")
def report() -> Iterator[list[str]]:
    """A line for each registry and kind of content."""
    lines: list[str] = []
    yield lines
    if len(lines) < len(KINDS) * (len(CONTENT) * len(PULLS) + len(ATTACHES)):
        return  # only some of the tests ran: the report of all of them is worth more
    REPORT.parent.mkdir(exist_ok=True)
    lines.sort(key=lambda line: line.split("|")[1] == " found ")  # who pulls, then who finds
    REPORT.write_text("\n".join(["# Who reads what whom", *_tables(lines), ""]))


@REGISTRIES
@pytest.mark.parametrize("what", CONTENT)
def test_what_anybody_pushes_everybody_pulls(
    what: str,
    registry: Running,
    layouts: dict[str, Path],
    clients: Clients,
    tmp_path: Path,
    report: list[str],
) -> None:
    expected = _bytes_of(_content(what))
    wrong: list[str] = []
    for pusher in (*PUSHES, "ocinb"):
        reference = f"{registry.host}/matrix/{what}-{pusher}:v1"
        if what == "referrer":  # oras takes what it refers to along
            _push("ocinb", clients, layouts["image"], "image", _beside(reference))
        _push(pusher, clients, layouts[what], what, reference)
        outcomes = []
        for puller, pull in PULLS.items():
            into = tmp_path / f"{pusher}-{puller}"
            trouble = _trouble(pull, clients, reference, into, expected)
            outcomes.append("✗" if trouble else "✓")
            wrong += [f"{pusher} → {puller}: {trouble}"] if trouble else []
        report.append(f"| {registry.kind} | {what} | {pusher} | {' | '.join(outcomes)} |")
    assert wrong == []


@REGISTRIES
def test_what_refers_to_an_image_is_found_by_whoever_looks(
    registry: Running,
    layouts: dict[str, Path],
    clients: Clients,
    tmp_path: Path,
    report: list[str],
) -> None:
    found = {}
    for who, attach in ATTACHES.items():
        reference = f"{registry.host}/matrix/referred-by-{who}:v1"
        _push("ocinb", clients, layouts["image"], "image", reference)
        attach(clients, reference, layouts["referrer"], tmp_path)
        found[who] = {finder: find(clients, reference) for finder, find in FINDS.items()}
        marks = ["✓" if each else "✗" for each in found[who].values()]
        report.append(f"| found | {registry.kind} | {who} | {' | '.join(marks)} |")
    # Where the registry keeps no list, whoever pushes does, but for skopeo.
    unlisted = {"skopeo"} if registry.kind == "distribution" else set()
    assert {who: set(each.values()) for who, each in found.items()} == {
        who: {()} if who in unlisted else {("application/spdx+json",)} for who in ATTACHES
    }


def _tables(lines: list[str]) -> Iterator[str]:
    """The lines of the two tables, each under its heads."""
    for title, heads, of in (
        ("Pulled by", ("registry", "content", "pushed by", *PULLS), "pulled"),
        ("Referrers found by", ("registry", "attached by", *FINDS), "found"),
    ):
        yield from ("", f"## {title}", "", f"| {' | '.join(heads)} |", "|---" * len(heads) + "|")
        for line in lines:
            if line.startswith("| found ") == (of == "found"):
                yield line.replace("| found |", "|", 1)


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
    if what == "referrer":
        return sample.sbom(app.children[1])
    return app if what == "index" else app.children[1]


def _bytes_of(content: Content) -> dict[str, bytes]:
    """What belongs to it, by the digits of its digest."""
    blobs = {each.digest.encoded: b"".join(each) for each in all_blobs(content)}
    return blobs | {each.digest.encoded: each.raw for each in all_manifests(content)}


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
