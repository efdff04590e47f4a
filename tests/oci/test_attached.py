"""What is attached, byte for byte as ocibuild writes it where that is right."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from ocinb.errors import InvalidContent
from ocinb.oci import annotations as keys
from ocinb.oci import media_types
from ocinb.oci.attached import artifact, moment
from ocinb.oci.descriptor import Descriptor
from ocinb.oci.digest import Digest
from ocinb.oci.image import Blob
from ocinb.oci.platform import Platform

SPDX = "application/spdx+json"
WHEN = datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)
SUBJECT = Descriptor(
    media_types.MANIFEST,
    Digest("sha256:5c3cf451b2c90f97805d5290de7fc14764a1ccfa378c2475651cab81d97f3a92"),
    400,
)


def test_a_referrer_is_byte_for_byte_the_one_of_ocibuild():
    """The golden vector of ocibuild 0.10.4."""
    made = artifact(Blob.of(b'{"a":1}', SPDX), SPDX, SUBJECT, WHEN)
    assert made.manifest.size == 710
    assert made.digest == "sha256:5dbcc7d0fbd537c61b736430141c83f720a0f70cad31e6c6d55926e1d9509e9c"
    assert [b"".join(blob) for blob in made.blobs] == [b"{}", b'{"a":1}']


def test_its_type_is_the_one_that_was_asked_for():
    """ocibuild says SPDX of everything."""
    kind = "application/vnd.example.report"
    made = artifact(Blob.of(b"fine", "text/plain"), kind, SUBJECT, WHEN, annotations={"a": "b"})
    assert made.manifest.artifact_type == kind
    (layer,) = made.manifest.layers
    assert (layer.media_type, layer.annotations) == ("text/plain", {})
    assert made.manifest.annotations == {keys.CREATED: "2023-11-14T22:13:20Z", "a": "b"}


@pytest.mark.parametrize("media_type", [media_types.INDEX, media_types.DOCKER_MANIFEST])
def test_the_subject_keeps_its_own_media_type_and_nothing_else(media_type: str):
    said = Descriptor(media_type, SUBJECT.digest, 400, {"a": "b"}, Platform("linux", "arm64"))
    made = artifact(Blob.of(b"x", SPDX), SPDX, said, WHEN)
    assert made.manifest.subject == Descriptor(media_type, SUBJECT.digest, 400)


@pytest.mark.parametrize(
    ("title", "expected"), [(None, "sbom.spdx.json"), ("my.json", "my.json"), ("", None)]
)
def test_a_title_has_a_default_for_what_has_a_usual_name(title: str | None, expected: str | None):
    made = artifact(Blob.of(b"x", SPDX), SPDX, SUBJECT, WHEN, title=title)
    assert made.manifest.layers[0].annotations.get(keys.TITLE) == expected


def test_what_its_blob_said_already_stays():
    content = Blob.of(b"x", SPDX, annotations={"a": "b"})
    made = artifact(content, SPDX, SUBJECT, WHEN, title="")
    assert made.manifest.layers[0].annotations == {"a": "b"}


def test_a_type_that_is_none_is_refused():
    with pytest.raises(InvalidContent, match="artifact"):
        artifact(Blob.of(b"x", SPDX), "no type", SUBJECT, WHEN)


def test_moments_are_written_in_utc():
    cet = timezone(timedelta(hours=1))
    assert moment(datetime(2026, 1, 1, 0, 30, 0, 999, tzinfo=cet)) == "2025-12-31T23:30:00Z"
