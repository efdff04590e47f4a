"""Indexes: images and attestations told apart, and one image chosen (§6.2, §6.6)."""

from __future__ import annotations

import pytest

from ocinb.errors import InvalidContent, InvalidReference
from ocinb.oci.descriptor import Descriptor
from ocinb.oci.index import MOST_MANIFESTS, Index, is_attestation
from ocinb.oci.manifest import parse_manifest
from ocinb.oci.media_types import INDEX, MANIFEST
from ocinb.oci.platform import Platform


def entry(content: str, platform: str = "", **annotations: str) -> Descriptor:
    return Descriptor.of(
        content.encode(),
        MANIFEST,
        platform=Platform.parse(platform) if platform else None,
        annotations=annotations,
    )


def attestation(content: str, of: Descriptor, kind: str = "attestation-manifest") -> Descriptor:
    said = {"vnd.docker.reference.type": kind, "vnd.docker.reference.digest": str(of.digest)}
    return entry(content, "unknown/unknown", **said)


AMD64, ARM64 = entry("1", "linux/amd64"), entry("2", "linux/arm64/v8")
ARM_V7 = entry("3", "linux/arm/v7")
INDEX_OF_THREE = Index.of(
    [
        AMD64,
        ARM64,
        attestation("4", AMD64),
        ARM_V7,
        attestation("5", ARM64),
        attestation("6", AMD64),
    ]
)


def test_a_new_index_is_read_back_as_it_was_written():
    made = Index.of([AMD64], annotations={"a": "b"})
    assert parse_manifest(made.raw, INDEX) == made
    assert list(made.json) == ["schemaVersion", "mediaType", "manifests", "annotations"]
    assert list(Index.of([]).json) == ["schemaVersion", "mediaType", "manifests"]
    assert made.annotations == {"a": "b"}
    assert repr(made) == f"<Index {made.digest.short} 1 images>"


def test_attestations_are_told_apart_from_images_and_belong_to_theirs():
    index = INDEX_OF_THREE
    assert index.images == (AMD64, ARM64, ARM_V7)
    assert [each.digest for each in index.attestations(AMD64)] == [
        index.manifests[2].digest,
        index.manifests[5].digest,
    ]
    assert index.attestations(ARM_V7) == ()
    assert index.orphans == ()
    assert [str(each) for each in index.platforms] == [
        "linux/amd64", "linux/arm64/v8", "linux/arm/v7",
    ]  # fmt: skip


def test_attestations_of_images_that_are_elsewhere_are_orphans():
    orphan = attestation("4", ARM64)
    assert Index.of([AMD64, orphan, attestation("5", AMD64)]).orphans == (orphan,)


def test_all_it_names_are_its_children():
    assert INDEX_OF_THREE.children == INDEX_OF_THREE.manifests
    assert Index.of([]).children == ()


def test_only_the_annotation_makes_an_attestation():
    """§6.6: other values are ignored; `unknown/unknown` alone says nothing."""
    assert not is_attestation(attestation("x", AMD64, kind="something-else"))
    assert not is_attestation(entry("x", "unknown/unknown"))


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("linux/amd64", AMD64), ("amd64", AMD64), ("linux/amd64/v3", AMD64), ("linux/arm64", ARM64),
        ("linux/arm64/v9", ARM64), ("linux/arm", ARM_V7), ("linux/arm/v8", ARM_V7),
        (Platform("linux", "aarch64"), ARM64),
    ],
)  # fmt: skip
def test_the_image_that_suits_a_platform_best_is_found(wanted, found):
    assert INDEX_OF_THREE.for_platform(wanted) == found


def test_an_architecture_that_can_also_be_run_will_do_unless_it_must_be_the_same():
    only_arm = Index.of([ARM_V7])
    assert only_arm.for_platform("linux/arm64") == ARM_V7
    with pytest.raises(InvalidReference):
        only_arm.for_platform("linux/arm64", same_architecture=True)


@pytest.mark.parametrize(
    "wanted", ["linux/s390x", "windows/amd64", "unknown/unknown", "linux/arm/v5"]
)
def test_who_asks_for_a_platform_that_is_not_there_is_told_which_are(wanted):
    with pytest.raises(InvalidReference, match="no image is for it") as refused:
        INDEX_OF_THREE.for_platform(wanted)
    assert refused.value.text == wanted
    (hint,) = refused.value.hints
    assert "there are: linux/amd64, linux/arm64/v8, linux/arm/v7" in hint
    assert "unknown" not in hint


def test_the_nearest_platform_is_suggested_and_the_list_is_bounded():
    many = Index.of([entry(str(n), f"linux/arch{n}") for n in range(50)])
    with pytest.raises(InvalidReference) as refused:
        many.for_platform("linux/arch77")
    (hint,) = refused.value.hints
    assert hint.startswith("did you mean 'linux/arch")
    assert hint.endswith("… and 40 more")


def test_an_index_without_images_says_so():
    for index in (Index.of([]), Index.of([entry("x")])):
        with pytest.raises(InvalidReference) as refused:
            index.for_platform("linux/amd64")
        assert refused.value.hints == ("there are none",)


def test_what_is_no_platform_is_refused_before_looking():
    with pytest.raises(InvalidReference, match="os/architecture"):
        INDEX_OF_THREE.for_platform("linux/")


def test_hostile_platforms_are_told_harmlessly():
    """K-18."""
    evil = Descriptor.of(b"x", MANIFEST, platform=Platform("\x1b[2J", "\u202e" * 500))
    with pytest.raises(InvalidReference) as refused:
        Index.of([evil]).for_platform("linux/amd64")
    (hint,) = refused.value.hints
    assert "\x1b" not in hint
    assert "\u202e" not in hint


def test_an_index_may_point_to_anything():
    """C10: unknown media types, other indexes, entries without a platform."""
    odd = [Descriptor.of(b"1", "a/b"), Descriptor.of(b"2", INDEX), entry("3")]
    assert Index.of(odd).images == tuple(odd)
    assert Index.of(odd).platforms == ()


def test_more_manifests_than_anybody_has_are_refused():
    """K-26, M-4."""
    small = Descriptor.of(b"", "a/b")
    with pytest.raises(InvalidContent, match="20,001 entries"):
        Index.of([small] * (MOST_MANIFESTS + 1))
    with pytest.raises(InvalidContent, match="4,194,304"):
        Index.of([entry(str(n), "linux/amd64", note="x" * 200) for n in range(20_000)])
