"""Each verb that asks a registry has a twin with `_steps`: the same requests, one at a time."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from ocinb.client.registry import Registry
from ocinb.client.repository import Repository
from ocinb.oci.digest import Digest
from ocinb.oci.image import Blob
from ocinb.oci.media_types import LAYER
from ocinb.registry import sample
from ocinb.storage.layout import Layout
from tests.client.asking import Counted, an_image, an_index, image, opened

Said: TypeAlias = "tuple[tuple[Any, ...], dict[str, Any]]"
Asked: TypeAlias = "Callable[[Repository], Said]"

APP = image(b"layer")
BLOB = Blob.of(b"0123456789", LAYER)
CREATED = datetime(2024, 2, 29, tzinfo=UTC)
ATTACHED = {"created": CREATED}


def said(*arguments: Any, **options: Any) -> Said:
    return arguments, options


def linux(repository: Repository):
    return an_image(an_index(repository))


def raw() -> tuple[bytes, bytes, dict[str, bytes]]:
    return APP.manifest.raw, b"".join(APP.blobs[0]), {APP.blobs[1].digest: b"layer"}


def begun(repository: Repository) -> Said:
    """An upload of which four bytes have arrived."""
    steps = repository.push_blob_steps(BLOB, chunk_size=4)
    while steps.session is None or steps.session.offset == 0:
        steps.step()
    return said(steps.session, BLOB, chunk_size=4)


# What to say to each of them, in a registry of its own that was asked nothing yet.
VERBS: dict[str, Asked] = {
    "blob_exists": lambda r: said(Digest.of(b"x")),
    "config": lambda r: said(linux(r).manifest.config),
    "copy": lambda r: said("demo/chart:0.3.0", "new", recursive=True),
    "delete": lambda r: said("latest", verify=True),
    "delete_blob": lambda r: said(linux(r).layers[0].digest),
    "head": lambda r: said("latest"),
    "load": lambda r: said(an_index(r).index.manifests),
    "manifest": lambda r: said("latest"),
    "plan_copy": lambda r: said("demo/chart:0.3.0", "new", recursive=True),
    "pull": lambda r: said("latest"),
    "pull_blob": lambda r: said(linux(r).layers[0].digest),
    "pull_blob_part": lambda r: said(linux(r).layers[0].descriptor, 3, 30),
    "pull_manifest": lambda r: said("latest", "linux/arm64"),
    "pull_manifests_for_platforms": lambda r: said("latest", ["linux/arm64", "linux/amd64"]),
    "push": lambda r: said(APP, "new", "newer"),
    "push_blob": lambda r: said(BLOB, chunk_size=4),
    "push_blobs": lambda r: said(*raw(), "new"),
    "push_blobs_multi": lambda r: said([raw()], "new"),
    "push_multi": lambda r: said([APP], "new"),
    "push_referrer": lambda r: said(b"{}", "application/spdx+json", "latest", **ATTACHED),
    "push_signature": lambda r: said(b"{}", b"x", "latest", layout="cosign", **ATTACHED),
    "referrers": lambda r: said("latest", confirm=True),
    "resume_upload": begun,
    "sizes": lambda r: said(most=2),
    "tag": lambda r: said("latest", "new"),
    "tag_from_digest": lambda r: said(an_index(r).digest, "new", "newer"),
    "tags": lambda r: said(2),
}
REGISTRY_VERBS: dict[str, Asked] = {
    "capabilities": lambda r: said("demo/app", scratch="demo/scratch"),
    "catalog": lambda r: said(1),
    "ping": lambda r: said(),
}

# The others: what they say of themselves, what others are made of, and how they begin and end.
ASK_NOBODY = {
    "as_", "at", "blob", "close", "converse", "elsewhere", "emit", "expression_of", "faces",
    "introduce", "known", "records", "run", "suggesting", "tally", "to_frame", "together", "view",
    "watched", "watched_by",
    "manifest_unless_known", "config_unless_known",  # conversations themselves
    "pull_document",  # `pull_steps` of the digest walks it
}  # fmt: skip


def public(kind: type) -> set[str]:
    members = inspect.getmembers(kind, inspect.isfunction)
    return {name for name, _ in members if not name.startswith("_")}


@pytest.mark.parametrize("kind", [Repository, Registry])
def test_every_verb_has_a_twin_and_is_compared_with_it(kind: type):
    there = public(kind)
    asking = {name for name in there if not name.endswith("_steps")} - ASK_NOBODY
    assert asking == set(VERBS if kind is Repository else REGISTRY_VERBS)
    assert {f"{name}_steps" for name in asking} <= there


def asked_and_found(
    verb: str, ask: Asked, folder: Path, *, of_registry: bool, walked: bool
) -> tuple[list[str], object]:
    """What was asked, sessions aside, and what came of it."""
    school = sample.school()
    counted = Counted(school.handle, *school.repositories)
    arguments, options = ask(opened(school))
    if verb == "pull":
        arguments = (*arguments, folder)
    repository = opened(counted, concurrency=1)
    whose: object = repository.registry if of_registry else repository
    if walked:
        steps = getattr(whose, f"{verb}_steps")(*arguments, **options)
        assert counted.asked == []
        while steps.waiting is not None:
            steps.step()
        found = steps.result
    else:
        found = getattr(whose, verb)(*arguments, **options)
    lines = [re.sub(r"(/uploads/)[^?]+", r"\1…", line) for line in counted.since()]
    return lines, contents(found) if isinstance(found, Layout) else found


def contents(layout: Layout) -> dict[str, bytes]:
    files = (path for path in layout.path.rglob("*") if path.is_file())
    return {str(path.relative_to(layout.path)): path.read_bytes() for path in files}


@pytest.mark.parametrize("verb", [*VERBS, *REGISTRY_VERBS])
def test_a_twin_sends_the_same_requests_and_comes_to_the_same(verb: str, tmp_path: Path):
    of_registry = verb in REGISTRY_VERBS
    ask = (REGISTRY_VERBS if of_registry else VERBS)[verb]
    whole = asked_and_found(verb, ask, tmp_path / "a", of_registry=of_registry, walked=False)
    walked = asked_and_found(verb, ask, tmp_path / "b", of_registry=of_registry, walked=True)
    assert walked[0] == whole[0] != []
    assert walked[1] == whole[1]
