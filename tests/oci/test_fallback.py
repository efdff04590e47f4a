"""The referrers tag: its name, and the index under it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ocinb.errors import InvalidContent
from ocinb.oci import media_types
from ocinb.oci.descriptor import EMPTY, Descriptor
from ocinb.oci.digest import Digest
from ocinb.oci.document import encode
from ocinb.oci.fallback import entry_of, referrers_tag, with_entry, without_entry
from ocinb.oci.index import Index
from ocinb.oci.manifest import ArtifactManifest, Manifest, parse_manifest
from ocinb.oci.reference import check_tag

SUBJECT = Descriptor.of(b"subject", media_types.MANIFEST)
SBOM = Manifest.of(EMPTY, [], subject=SUBJECT, artifact_type="a/sbom", annotations={"k": "v"})
OTHER = Manifest.of(EMPTY, [], subject=SUBJECT, artifact_type="a/other")


@pytest.mark.parametrize(
    ("digest", "tag"),
    [
        ("sha256:" + 64 * "a", "sha256-" + 64 * "a"),
        ("sha512:" + 128 * "a", "sha512-" + 64 * "a"),
        (
            "test+algorithm+using+algorithm+separators+and+lots+of+characters+to+excercise+overall"
            "+truncation:alsoSome=InTheEncodedSectionToShowHyphenReplacementAndLotsAndLotsOf"
            "CharactersToExcerciseEncodedTruncation",
            "test-algorithm-using-algorithm-s-alsoSome-InTheEncodedSectionToShowHyphenReplacement"
            "AndLotsAndLot",
        ),
    ],
)
def test_the_tag_is_made_from_the_digest_of_the_subject(digest: str, tag: str):
    """The vectors of the spec."""
    assert referrers_tag(Digest(digest)) == tag
    assert check_tag(tag)


def test_C30_an_entry_says_the_type_and_all_annotations():
    assert entry_of(SBOM).to_json() == {
        "mediaType": media_types.MANIFEST,
        "digest": SBOM.digest,
        "size": SBOM.size,
        "annotations": {"k": "v"},
        "artifactType": "a/sbom",
    }


def test_C30_without_a_type_of_its_own_it_is_the_config_s_and_an_index_has_none():
    assert entry_of(Manifest.of(EMPTY, [])).artifact_type == media_types.EMPTY
    assert entry_of(Index.of([])).artifact_type == ""
    old = parse_manifest(
        encode({"mediaType": media_types.ARTIFACT_MANIFEST, "artifactType": "a/b"})
    )
    assert isinstance(old, ArtifactManifest)
    assert entry_of(old).artifact_type == "a/b"


def test_C30_the_first_entry_makes_a_new_index():
    made = with_entry(None, entry_of(SBOM))
    assert made is not None
    assert made.media_type == media_types.INDEX
    assert made.manifests == (entry_of(SBOM),)


def test_C30_no_entry_stands_there_twice():
    once = Index.of([entry_of(SBOM)])
    assert with_entry(once, entry_of(SBOM)) is None


def odd_index() -> Index:
    """What somebody else wrote, with fields nobody knows."""
    document: dict[str, Any] = {
        "x": [1],
        "schemaVersion": 2,
        "mediaType": media_types.INDEX,
        "manifests": [{**entry_of(OTHER).to_json(), "y": {"z": None}}],
        "annotations": {"a": "b"},
    }
    index = parse_manifest(json.dumps(document, indent=1).encode())
    assert isinstance(index, Index)
    return index


def test_C30_what_others_wrote_stays():
    index = odd_index()
    made = with_entry(index, entry_of(SBOM))
    assert made is not None
    assert made.json == {
        **index.json,
        "manifests": [*index.json["manifests"], entry_of(SBOM).to_json()],
    }
    again = without_entry(made, SBOM.digest)
    assert again is not None
    assert again.json == index.json
    assert list(again.json) == list(index.json)


def test_C39_removing_the_last_entry_leaves_an_empty_index():
    left = without_entry(Index.of([entry_of(SBOM)]), SBOM.digest)
    assert left is not None
    assert left.manifests == ()


def test_C39_where_there_is_no_entry_there_is_nothing_to_remove():
    assert without_entry(None, SBOM.digest) is None
    assert without_entry(Index.of([entry_of(OTHER)]), SBOM.digest) is None


def test_an_index_that_would_be_too_large_is_not_made():
    """M-4."""
    full = with_entry(None, entry_of(OTHER))
    large = Descriptor(
        media_types.MANIFEST, Digest.of(b"large"), 1, annotations={"a": "x" * 4_194_304}
    )
    with pytest.raises(InvalidContent, match="4,194,304"):
        with_entry(full, large)
