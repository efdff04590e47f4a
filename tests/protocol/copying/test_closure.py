"""What belongs to a manifest: what is asked of the source, what is believed, where it ends."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import replace

import pytest

from ocinb.errors import InvalidContent, NotFound
from ocinb.oci.descriptor import EMPTY, Descriptor
from ocinb.oci.digest import Digest
from ocinb.oci.document import encode
from ocinb.oci.fallback import referrers_tag
from ocinb.oci.image import Blob
from ocinb.oci.index import Index
from ocinb.oci.manifest import AnyManifest, Manifest, parse_manifest
from ocinb.oci.media_types import INDEX, LAYER, MANIFEST
from ocinb.protocol.copying import closure as bounds
from ocinb.protocol.copying.closure import Closure, Node, gather
from ocinb.protocol.events import Observer
from ocinb.protocol.messages import Conversation
from ocinb.protocol.pull import MOST_MANIFEST_BYTES, BlobShelf
from ocinb.protocol.referring.referrers import ReferrerList
from ocinb.protocol.together import Turn
from tests.protocol.scripted import refusal, run


def manifest(text: str, subject: AnyManifest | None = None) -> Manifest:
    return Manifest.of(
        EMPTY,
        [Descriptor.of(text.encode(), LAYER)],
        subject=subject.descriptor if subject else None,
    )


class Shop:
    """A source in memory that lists what it is told to, and keeps what it was asked."""

    def __init__(self, *manifests: AnyManifest, listed: bool = True) -> None:
        self.has = {each.digest: each for each in manifests}
        self.lists: dict[Digest, list[Descriptor]] = {}
        self.tagged: dict[str, AnyManifest] = {}
        self.listed, self.asked = listed, list[str]()

    def refer(self, subject: AnyManifest, *referrers: AnyManifest) -> Shop:
        self.lists.setdefault(subject.digest, []).extend(each.descriptor for each in referrers)
        self.has.update((each.digest, each) for each in referrers)
        return self

    def manifest(
        self, reference: str, expected: Descriptor | None = None
    ) -> Conversation[AnyManifest]:
        yield from ()
        self.asked.append(reference)
        if reference not in self.has:
            raise NotFound(404, "MANIFEST_UNKNOWN")
        return self.has[Digest(reference)]

    def head(self, reference: str) -> Conversation[Descriptor | None]:
        yield from ()
        self.asked.append(reference)
        return self.tagged[reference].descriptor if reference in self.tagged else None

    def referrers(self, subject: Digest) -> Conversation[ReferrerList]:
        yield from ()
        return ReferrerList(subject, tuple(self.lists.get(subject, ())))

    def tags(self) -> Conversation[Iterable[str] | None]:
        yield from ()
        return list(self.tagged) if self.listed else None

    def has_blob(self, blob: Descriptor) -> Conversation[bool]:
        raise AssertionError("whether a blob is there is of no interest")

    def blob(self, blob: Descriptor) -> Blob:
        raise AssertionError("no blob is read")

    def fetch(
        self, blob: Descriptor, shelf: BlobShelf, announce: Observer, turn: Turn
    ) -> Conversation[None]:
        raise AssertionError("no blob is fetched")


def why(closure: Closure) -> list[tuple[Digest, str, Digest | None]]:
    return [(node.document.digest, node.why, node.of) for node in closure.nodes]


ONE, TWO = manifest("one"), manifest("two")
BOTH = Index.of([ONE.descriptor, TWO.descriptor])


def test_what_an_index_names_belongs_to_it_each_once():
    shop = Shop(ONE, TWO, BOTH)
    outer = Index.of([BOTH.descriptor, ONE.descriptor, ONE.descriptor])
    found = run(gather(shop, outer))
    assert why(found) == [
        (outer.digest, "asked for", None),
        (BOTH.digest, "named", outer.digest),
        (ONE.digest, "named", outer.digest),
        (TWO.digest, "named", BOTH.digest),
    ]
    assert sorted(shop.asked) == sorted([BOTH.digest, ONE.digest, TWO.digest])
    assert [blob.digest for blob in found.blobs] == [
        EMPTY.digest, ONE.layers[0].digest, TWO.layers[0].digest,
    ]  # fmt: skip


def test_it_is_put_as_it_needs_each_other_children_and_subjects_first():
    sbom = manifest("sbom", BOTH)
    of_sbom = manifest("of sbom", sbom)
    shop = Shop(ONE, TWO).refer(BOTH, sbom).refer(sbom, of_sbom)
    found = run(gather(shop, BOTH, recursive=True))
    levels = [[node.document for node in level] for level in found.levels]
    assert levels == [[ONE, TWO], [BOTH], [sbom], [of_sbom]]
    assert found.needed == {ONE.digest, TWO.digest, BOTH.digest, sbom.digest}


def test_a_child_whose_subject_is_another_child_is_put_after_it():
    attestation = manifest("of one", ONE)
    index = Index.of([attestation.descriptor, ONE.descriptor])
    found = run(gather(Shop(attestation, ONE), index))
    assert [[node.document for node in level] for level in found.levels] == [
        [ONE], [attestation], [index],
    ]  # fmt: skip


def test_who_is_listed_and_says_otherwise_is_left_out_but_not_where_it_belongs():
    """C37: it is listed as referring to an image, and really refers to the index."""
    honest = manifest("sbom", BOTH)
    stranger = manifest("stranger", manifest("not here"))
    shop = Shop(ONE, TWO).refer(ONE, honest, stranger).refer(BOTH, honest)
    found = run(gather(shop, BOTH, recursive=True))
    assert (honest.digest, "refers", BOTH.digest) in why(found)
    assert [(each.descriptor.digest, each.of) for each in found.absent] == [
        (stranger.digest, ONE.digest)
    ]
    assert "does not say so itself" in found.absent[0].reason


def test_a_liar_and_an_honest_list_in_one_breath_are_told_apart():
    honest = manifest("of two", TWO)
    shop = Shop(ONE, TWO).refer(ONE, honest).refer(TWO, honest)
    found = run(gather(shop, BOTH, recursive=True))
    assert (honest.digest, "refers", TWO.digest) in why(found)
    assert found.absent == ()


def test_a_list_that_goes_round_in_a_circle_ends():
    back = manifest("a", ONE)
    shop = Shop(ONE).refer(ONE, back).refer(back, ONE, back)
    found = run(gather(shop, ONE, recursive=True))
    assert [node.document for node in found.nodes] == [ONE, back]


@pytest.mark.parametrize("listed", [True, False])
def test_what_is_under_cosign_s_tags_of_a_manifest_belongs_to_it(listed: bool):
    shop = Shop(ONE, TWO, listed=listed)
    signature, attestation = manifest("signature"), manifest("attestation")
    shop.has |= {signature.digest: signature, attestation.digest: attestation}
    of_both, of_one = (referrers_tag(each.digest) for each in (BOTH, ONE))
    shop.tagged = {
        f"{of_both}.sig": signature,
        f"{of_one}.att": attestation,
        f"{of_one}.sig": signature,
        of_both: ONE,
        f"{referrers_tag(Digest.of(b'x'))}.sig": TWO,
        "v1.sig": TWO,
    }
    found = run(gather(shop, BOTH, recursive=True))
    tags = {node.document.digest: node.tags for node in found.nodes if node.why == "tagged"}
    assert tags == {
        signature.digest: (f"{of_both}.sig", f"{of_one}.sig"),
        attestation.digest: (f"{of_one}.att",),
    }
    asked = [each for each in shop.asked if each.startswith(of_both)]
    assert len(asked) == (1 if listed else 3)


def test_what_an_index_names_and_is_not_there_is_an_error_or_left_out():
    shop = Shop(ONE)
    error = refusal(NotFound, gather(shop, BOTH))
    assert "sparse=True" in error.hints[0]
    found = run(gather(shop, BOTH, sparse=True))
    assert [node.document for node in found.nodes] == [BOTH, ONE]
    assert [(each.descriptor.digest, each.why) for each in found.absent] == [(TWO.digest, "named")]


def test_sparse_is_no_leave_for_content_that_is_wrong():
    class Wrong(Shop):
        def manifest(
            self, reference: str, expected: Descriptor | None = None
        ) -> Conversation[AnyManifest]:
            yield from ()
            raise InvalidContent("it is another")

    refusal(InvalidContent, gather(Wrong(), BOTH, sparse=True))
    found = run(gather(Wrong().refer(ONE, manifest("x", ONE)), ONE, recursive=True))
    assert found.absent[0].reason == "it is another"


def test_more_than_there_may_be_is_not_fetched(monkeypatch: pytest.MonkeyPatch):
    """K-26: neither too many manifests, nor too much of them."""
    huge = Index.of([replace(ONE.descriptor, size=MOST_MANIFEST_BYTES)])
    shop = Shop(ONE, TWO)
    refusal(InvalidContent, gather(shop, huge))
    monkeypatch.setattr(bounds, "MOST_MANIFESTS", 2)
    refusal(InvalidContent, gather(shop, BOTH))
    assert shop.asked == []


def test_a_list_without_an_end_is_given_up():
    shop, last = Shop(ONE), ONE
    for number in range(bounds.FARTHEST + 1):
        following = manifest(f"{number}", last)
        shop.refer(last, following)
        last = following
    error = refusal(InvalidContent, gather(shop, ONE, recursive=True))
    assert "more than 16 steps away" in str(error)


def test_a_list_that_is_not_complete_is_told():
    class Broken(Shop):
        def referrers(self, subject: Digest) -> Conversation[ReferrerList]:
            yield from ()
            return ReferrerList(subject, complete=False, note="it broke off")

    found = run(gather(Broken(), ONE, recursive=True))
    assert found.notes == (f"there may be more that refers to {ONE.digest.short}: it broke off",)


def test_manifests_that_name_each_other_cannot_be_put():
    """Digests forbid it; whoever breaks a hash gets an error, and no endless loop."""
    raw = encode({"schemaVersion": 2, "mediaType": INDEX, "manifests": [ONE.descriptor.to_json()]})
    index = parse_manifest(raw, INDEX)
    round_trip = replace(ONE, subject=Descriptor(MANIFEST, index.digest, 1))
    with pytest.raises(InvalidContent, match="in a circle"):
        list(Closure((Node(index, "asked for"), Node(round_trip, "named"))).levels)


def test_a_long_row_of_subjects_takes_no_longer_than_it_is():
    """An index may name ten thousand manifests, each of which refers to the one before (K-26)."""
    row = [manifest("first")]
    while len(row) < 2_000:
        row.append(manifest(str(len(row)), row[-1]))
    closure = Closure(tuple(Node(each, "named") for each in reversed(row)))
    began = time.process_time()
    levels = list(closure.levels)
    took = time.process_time() - began
    assert [node.document for (node,) in levels] == row
    began = time.process_time()
    list(Closure(closure.nodes[-200:]).levels)
    assert took < 60 * max(time.process_time() - began, 0.000_5)  # it was a hundred times as long
