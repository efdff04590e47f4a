"""Taking content: what is asked for, in which order, and what goes where."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from ocinb.errors import DigestMismatch, InvalidContent, InvalidReference, NotFound
from ocinb.oci.descriptor import Descriptor
from ocinb.oci.digest import Digest
from ocinb.oci.document import encode
from ocinb.oci.index import Index
from ocinb.oci.manifest import AnyManifest, Manifest, parse_manifest
from ocinb.oci.media_types import ARTIFACT_MANIFEST, CONFIG, INDEX, LAYER, MANIFEST
from ocinb.oci.platform import Platform
from ocinb.protocol import pull as pulling
from ocinb.protocol.events import Event, LeftOut, Planned, Skipped, Verified
from ocinb.protocol.messages import Conversation, T
from ocinb.protocol.pull import pull, pull_blob
from ocinb.protocol.sinks import Memory
from ocinb.protocol.stepper import Stepper
from ocinb.protocol.together import one_by_one
from tests.protocol.scripted import answers, ok, refusal, run

FOREIGN = replace(
    Descriptor.of(b"base", "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"),
    urls=("https://elsewhere.example/base",),
)
CONTENT = {Descriptor.of(raw, kind): raw for raw, kind in (
    (b"{}", CONFIG), (b"one", LAYER), (b"two", LAYER))}  # fmt: skip
SETTINGS, ONE, TWO = CONTENT
FIRST = Manifest.of(SETTINGS, [ONE, TWO, ONE])
SECOND = Manifest.of(SETTINGS, [TWO])
AMD64, ARM64 = Platform("linux", "amd64"), Platform("linux", "arm64")
BOTH = Index.of(
    [replace(FIRST.descriptor, platform=AMD64), replace(SECOND.descriptor, platform=ARM64)]
)


class Basket:
    """A shelf that keeps what it was given, in order."""

    def __init__(self, *there: Descriptor) -> None:
        self.there = set(there)
        self.got: list[object] = []
        self.expected: list[Descriptor] = []

    def expect(self, blobs: Iterable[Descriptor]) -> None:
        self.expected += blobs

    def has(self, blob: Descriptor) -> bool:
        return blob in self.there

    @contextmanager
    def place(self, blob: Descriptor) -> Iterator[Memory]:
        memory = Memory(blob.size)
        try:
            yield memory
            self.got.append(memory.content)
        except BaseException:
            self.got.append("left nothing")
            raise

    def keep(self, manifest: AnyManifest) -> None:
        self.got.append(manifest)

    def show(self, root: AnyManifest, tag: str | None) -> None:
        self.got += [root, tag]


def manifest(found: AnyManifest, reference: str = ""):
    """The line of a manifest that is fetched."""
    asked = f"GET /v2/demo/manifests/{reference or found.digest}"
    return asked, ok(found.raw, found.media_type)


def blob(found: Descriptor):
    """The line of a blob that is fetched."""
    return f"GET /v2/demo/blobs/{found.digest}", ok(CONTENT[found])


def test_an_image_is_its_manifest_then_its_blobs_and_is_shown_last():
    basket = Basket()
    lines = (manifest(FIRST, "v1"), blob(SETTINGS), blob(ONE), blob(TWO))
    assert run(pull("demo", "v1", basket, tag="v1"), *lines) == FIRST
    assert basket.got == [b"{}", b"one", b"two", FIRST, "v1"]


def test_of_an_index_all_manifests_come_before_the_first_blob_and_are_kept_after_the_last():
    basket = Basket()
    lines = (manifest(BOTH, "v1"), manifest(FIRST), manifest(SECOND), *map(blob, CONTENT))
    assert run(pull("demo", "v1", basket), *lines) == BOTH
    assert basket.got == [b"{}", b"one", b"two", FIRST, SECOND, BOTH, None]


def test_of_an_index_one_platform_may_be_taken():
    basket = Basket()
    lines = (manifest(BOTH, "v1"), manifest(SECOND), blob(SETTINGS), blob(TWO))
    assert run(pull("demo", "v1", basket, tag="v1", platform="linux/arm64"), *lines) == SECOND
    assert basket.got[-2:] == [SECOND, "v1"]
    wrong = pull("demo", "v1", basket, platform="linux/s390x")
    assert "no image is for it" in str(refusal(InvalidReference, wrong, manifest(BOTH, "v1")))


def test_an_artifact_is_pulled_likewise():
    raw = encode({"mediaType": ARTIFACT_MANIFEST, "blobs": [ONE.to_json()]})
    found, basket = parse_manifest(raw), Basket()
    assert run(pull("demo", found.digest, basket), manifest(found), blob(ONE)) == found
    assert basket.got == [b"one", found, None]


def test_what_is_here_already_is_not_asked_for():
    basket, heard = Basket(SETTINGS, TWO), list[Event]()
    run(pull("demo", SECOND, basket, tag="v1", announce=heard.append))
    assert basket.got == [SECOND, "v1"]
    assert heard == [
        Planned((SETTINGS, TWO)), Skipped(SETTINGS.digest, 2), Skipped(TWO.digest, 3)]  # fmt: skip


def test_who_remembers_a_manifest_need_not_ask_for_it():
    def remembered(reference: str, expected: Descriptor | None) -> Conversation[AnyManifest]:
        asked.append((reference, expected))
        yield from ()
        return {str(each.digest): each for each in (FIRST, SECOND)}[reference]

    asked: list[tuple[str, Descriptor | None]] = []
    basket = Basket(*CONTENT)
    run(pull("demo", BOTH, basket, get=remembered))
    assert asked == [(entry.digest, entry) for entry in BOTH.manifests]
    assert basket.got == [FIRST, SECOND, BOTH, None]


def test_what_is_planned_is_announced_before_it_moves():
    heard, basket = list[Event](), Basket(ONE)
    send = answers(manifest(FIRST, "v1"), blob(SETTINGS), blob(TWO))
    steps = Stepper(pull("demo", "v1", basket, announce=heard.append), send)
    assert heard == []
    steps.step()
    assert heard == [Planned((SETTINGS, ONE, TWO))]
    steps.finish()
    assert heard[1:] == [
        Verified(SETTINGS.digest, 2), Skipped(ONE.digest, 3), Verified(TWO.digest, 3)]  # fmt: skip


def test_what_is_not_its_digest_leaves_nothing_and_nothing_is_shown():
    basket = Basket(SETTINGS, ONE)
    lie = (f"GET /v2/demo/blobs/{TWO.digest}", ok(b"TWO"))
    refusal(DigestMismatch, pull("demo", FIRST, basket), lie, lie)
    assert basket.got == ["left nothing"]


def test_a_pull_that_is_given_up_midway_leaves_nothing():
    basket = Basket()
    steps = Stepper(pull("demo", SECOND, basket), answers(blob(SETTINGS)))
    steps.step()
    steps.close()
    assert basket.got == [b"{}", "left nothing"]
    assert steps.waiting is None


def test_a_child_that_the_registry_lost_ends_it_before_a_blob_moves():
    lines = manifest(BOTH, "v1"), (f"GET /v2/demo/manifests/{FIRST.digest}", 404)
    basket = Basket()
    refusal(NotFound, pull("demo", "v1", basket), *lines)
    assert basket.got == []


def test_what_an_entry_says_of_its_manifest_binds():
    """K-9."""
    odd = Index.of([replace(FIRST.descriptor, media_type=INDEX)])
    refusal(InvalidContent, pull("demo", odd, Basket()), manifest(FIRST))


def nested(depth: int) -> list[AnyManifest]:
    """An image in an index in an index …, each named twice; the innermost first."""
    found: list[AnyManifest] = [SECOND]
    for _ in range(depth):
        entry = found[-1].descriptor
        found.append(Index.of([entry, replace(entry, annotations={"twice": "yes"})]))
    return found


def test_indexes_within_indexes_are_followed_so_far_and_each_is_asked_for_once():
    """K-26."""
    *below, root = nested(8)
    basket = Basket(*CONTENT)
    run(pull("demo", root, basket), *map(manifest, reversed(below)))
    assert basket.got == [*below, root, None]
    *below, root = nested(9)
    deeper = pull("demo", root, basket)
    error = refusal(InvalidContent, deeper, *map(manifest, reversed(below[1:])))
    assert "more than 8 deep" in str(error)


@pytest.mark.parametrize(("bound", "most"), [("MOST_MANIFESTS", 2), ("MOST_MANIFEST_BYTES", 500)])
def test_more_manifests_than_memory_holds_are_not_even_asked_for(monkeypatch, bound, most):
    """K-26."""
    monkeypatch.setattr(pulling, bound, most)
    with pytest.raises(InvalidContent, match="manifests of more than"):
        Stepper(pull("demo", BOTH, Basket()), answers())


def test_one_blob_is_a_conversation_of_its_own():
    basket = Basket()
    run(pull_blob("demo", ONE, basket), blob(ONE))
    assert basket.got == [b"one"]
    assert FIRST.media_type == MANIFEST


class Door:
    """Lets one after the other in, and keeps who was inside while what was asked."""

    def __init__(self, basket: Basket, *meanwhile: Descriptor) -> None:
        self._basket, self._meanwhile = basket, meanwhile
        self.said: list[str] = []

    @contextmanager
    def __call__(self, digest: Digest) -> Iterator[None]:
        self.said.append(f"in {digest.short}")
        self._basket.there.update(self._meanwhile)
        try:
            yield
        finally:
            self.said.append(f"out {digest.short}")


def test_F10_a_blob_is_looked_for_once_it_is_its_turn_and_has_it_until_it_is_there():
    """What somebody else put there meanwhile is not asked for."""
    basket = Basket()
    door = Door(basket, TWO)
    run(pull("demo", SECOND, basket, turn=door), blob(SETTINGS))
    assert basket.got == [b"{}", SECOND, None]
    assert door.said == [f"{way} {each.digest.short}"
                         for each in (SETTINGS, TWO) for way in ("in", "out")]  # fmt: skip


def test_the_turn_is_over_when_the_blob_cannot_be_had():
    basket = Basket()
    door = Door(basket)
    refusal(NotFound, pull_blob("demo", ONE, basket, turn=door),
            (f"GET /v2/demo/blobs/{ONE.digest}", 404))  # fmt: skip
    assert door.said == [f"in {ONE.digest.short}", f"out {ONE.digest.short}"]


def test_manifests_of_one_depth_and_all_blobs_are_had_together():
    counts = list[int]()

    def together(conversations: Iterable[Conversation[T]], /) -> Conversation[list[T]]:
        given = list(conversations)
        counts.append(len(given))
        return (yield from one_by_one(given))

    lines = (manifest(BOTH, "v1"), manifest(FIRST), manifest(SECOND), *map(blob, CONTENT))
    run(pull("demo", "v1", Basket(), together=together), *lines)
    assert counts == [2, 3]


def test_K5_where_a_foreign_layer_says_it_is_nobody_is_asked():
    """The registry may have it; if not, that is told, and the rest is whole."""
    manifest = Manifest.of(SETTINGS, [FOREIGN])
    asked = f"GET /v2/demo/blobs/{FOREIGN.digest}"
    basket = Basket(SETTINGS)
    run(pull("demo", manifest, basket), (asked, ok(b"base")))
    assert basket.got[0] == b"base"
    basket, heard = Basket(SETTINGS), list[Event]()
    run(pull("demo", manifest, basket, announce=heard.append), (asked, 404))
    assert basket.got == ["left nothing", manifest, None]
    assert LeftOut(FOREIGN.digest, FOREIGN.size) in heard
    refusal(NotFound, pull_blob("demo", ONE, Basket()), (f"GET /v2/demo/blobs/{ONE.digest}", 404))
