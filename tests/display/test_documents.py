"""How indexes, manifests and configs look, on the sample and on odd ones."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

import ocinb
from ocinb.display import faces
from ocinb.oci import annotations as keys
from ocinb.oci import media_types
from ocinb.oci.config import parse_config
from ocinb.oci.descriptor import Descriptor
from ocinb.oci.digest import Digest
from ocinb.oci.image import Image
from ocinb.oci.index import Index
from ocinb.oci.manifest import Manifest, parse_manifest
from ocinb.oci.platform import Platform
from tests.display.reader import read
from tests.display.values import first

APP = ocinb.sample.app()
IMAGE, MANIFEST, CONFIG = first(APP)


def many(count: int) -> Index:
    """An index of `count` platforms, each with attestations, as official images have them."""
    entries = []
    for n in range(count):
        image = Descriptor.of(
            b"image %d" % n,
            media_types.MANIFEST,
            platform=Platform("linux", f"arch{n}", "v8"),
            annotations={
                "org.opencontainers.image.revision": "f" * 40,
                "org.opencontainers.image.source": "https://github.com/docker-library/x.git#abc",
            },
        )
        about = {
            "vnd.docker.reference.type": "attestation-manifest",
            "vnd.docker.reference.digest": str(image.digest),
        }
        entries += [
            image,
            Descriptor.of(b"about %d" % n, media_types.MANIFEST, annotations=about,
                          platform=Platform("unknown", "unknown")),
        ]  # fmt: skip
    return Index.of(entries)


def test_an_index_has_a_row_for_each_platform_and_none_for_attestations():
    html = faces.html(APP.index)
    page = read(html)
    platforms = [row[0] for row in page.rows if row[0].startswith("linux/")]
    assert platforms == ["linux/amd64", "linux/arm64/v8", "linux/arm/v7"]
    assert "unknown/unknown" not in html.partition("Raw bytes")[0]
    assert "BuildKit attestations" in page.text


def test_attestations_are_folded_under_their_platform_and_named_by_what_they_say():
    """R-7."""
    page = read(faces.html(APP))  # here their manifests are at hand
    assert "SBOM, SPDX · provenance, SLSA 0.2" in page.text
    rows = [row for row in page.rows if row[0] == "linux/amd64"]
    assert all(each.digest in rows[0][-1] for each in APP.index.attestations(APP.index.images[0]))


def test_attestations_of_an_image_that_is_not_there_are_not_lost():
    image, *_, attestation = APP.index.manifests
    page = read(faces.html(Index.of([image, attestation])))
    assert "BuildKit attestations of images that are not in this index (1)" in page.text


def test_an_index_of_fifty_platforms_fits():
    html = faces.html(many(50))
    page = read(html)
    assert len(html.encode()) <= 60_000
    assert sum(row[0].startswith("linux/arch") for row in page.rows) == 50


def test_a_longer_index_says_how_many_more_there_are():
    page = read(faces.html(many(263)))
    assert sum(row[0].startswith("linux/arch") for row in page.rows) == 50
    assert "… 213 more (.to_frame())" in page.text


def test_every_digest_is_there_whole_and_narrow_in_text():
    page, text = read(faces.html(IMAGE)), faces.text(IMAGE)
    for layer in MANIFEST.layers:
        assert layer.digest in page.text
        assert layer.digest in page.titles
        assert f" {layer.digest.short} " in text
        assert layer.digest not in text


def test_sizes_are_for_people_with_the_exact_number_behind():
    page = read(faces.html(MANIFEST))
    assert f"{MANIFEST.total_size:,} bytes" in page.titles


def test_media_types_and_annotation_keys_lead_to_their_spec():
    links = read(faces.html(APP.index)).links
    assert media_types.link(media_types.INDEX) in links
    assert keys.link(keys.TITLE) in links
    assert "https://git.example/demo/app" in links  # a value that is an address itself


def test_the_history_of_an_image_is_a_dockerfile():
    page = read(faces.html(CONFIG))
    assert "RUN apk add --no-cache runtime ca-certificates" in page.text
    assert "/bin/sh -c" not in page.text.partition("Raw bytes")[0]


def test_how_a_container_runs_is_said():
    text = faces.text(CONFIG)
    for fact in ('["/usr/local/bin/serve"]', '["--port", "8080"]', "/srv/app", "8080/tcp",
                 "SIGTERM", "linux/amd64", "2026-03-01 09:30 UTC", "PATH"):  # fmt: skip
        assert fact in text


def test_what_is_wrong_with_a_config_is_said():
    odd = parse_config(b'{"os":"linux","architecture":"arm","config":{"Env":"x"},"history":[1]}')
    page = read(faces.html(odd))
    assert "Not what the spec says, and left out: Env history" in page.text


def test_the_first_year_of_real_images_is_no_trouble():
    old = parse_config(b'{"os":"linux","architecture":"arm","created":"0001-01-01T00:00:00Z"}')
    assert "0001-01-01 00:00 UTC" in faces.text(old)


def test_raw_bytes_have_their_digest_computed_again():
    page = read(faces.html(APP.index))
    assert "✓ as it should be" in page.text
    lie = replace(APP.index, digest=Digest.of(b"something else"))
    assert "✗ not its name" in read(faces.html(lie)).text


def test_raw_bytes_say_whether_writing_them_again_changes_them():
    compact = MANIFEST
    spaced = parse_manifest(json.dumps(compact.json, indent=3).encode())
    assert "compact JSON gives the same bytes" in read(faces.html(compact)).text
    assert "it would have other bytes, and another digest" in read(faces.html(spaced)).text
    assert spaced.raw.decode() in read(faces.html(spaced)).text  # as they came


def test_a_digest_that_cannot_be_computed_is_not_claimed_to_be_right():
    odd = replace(APP.index, digest=Digest("blake3:" + "a" * 64))
    page = read(faces.html(odd))
    assert "cannot be checked" in page.text
    assert "as it should be" not in page.text


def test_an_artifact_is_called_what_it_is():
    page = read(faces.html(ocinb.sample.chart()))
    assert "Artifact" in page.text
    assert "Helm chart config" in page.text


def test_attestations_are_never_called_verified():
    """K-24."""
    attestation = APP.children[-1]
    assert isinstance(attestation, Image)
    assert getattr(attestation.manifest, "is_attestation", False)
    for value in (APP, attestation, attestation.manifest):
        assert "verified" not in read(faces.html(value)).text.lower()


def test_titles_of_files_are_shown():
    layer = Descriptor.of(
        b"x", "text/plain", annotations={"org.opencontainers.image.title": "a.md"}
    )
    config = Descriptor.of(b"{}", media_types.EMPTY)
    manifest = Manifest.of(config, [layer], artifact_type="application/x.y")
    assert "a.md" in read(faces.html(manifest)).text
    assert faces.records(manifest)[1]["title"] == "a.md"


@pytest.mark.parametrize("value", [APP, APP.index, IMAGE, MANIFEST, CONFIG])
def test_it_reads_well_without_style_and_script(value: object):
    html = faces.html(value)
    page = read(html)
    assert page.tags.count("table") >= 2
    assert "details" in page.tags
    assert "<script" not in html
    assert " id=" not in html
    assert html.count("<style>") == 1
