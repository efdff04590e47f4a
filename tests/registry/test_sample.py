"""The sample is real content: files in tars, history beside layers, attestations with names."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
import time

import pytest

from ocinb.oci import media_types
from ocinb.oci.config import parse_config
from ocinb.oci.descriptor import Descriptor
from ocinb.oci.digest import Digest
from ocinb.oci.image import Blob, Image
from ocinb.oci.manifest import Manifest
from ocinb.registry import sample

SPDX, SLSA = "https://spdx.dev/Document", "https://slsa.dev/provenance/v0.2"


def content(blob: Blob) -> bytes:
    return b"".join(blob)


def images() -> list[Image]:
    return [child for child in sample.app().children if isinstance(child, Image)]


def tar(blob: Blob) -> tarfile.TarFile:
    return tarfile.open(fileobj=io.BytesIO(gzip.decompress(content(blob))))


def test_it_is_the_same_bytes_each_time():
    sample.app.cache_clear()
    first = sample.app()
    sample.app.cache_clear()
    assert sample.app() is not first
    assert sample.app().index.raw == first.index.raw
    assert sample.app("2.0.0").digest != first.digest
    assert sample.chart().digest == sample.chart().digest
    assert sample.sbom(first).digest == sample.sbom(first).digest


def test_it_is_there_in_less_than_a_second():
    sample.app.cache_clear()
    started = time.process_time()
    sample.school()
    assert time.process_time() - started < 1


def test_the_school_holds_an_application_with_four_tags_and_a_chart(school):
    assert school.repositories == ("demo/app", "demo/chart")
    assert school.store("demo/app").tags() == ("1.4", "1.4.2", "latest", "sbom")
    assert school.store("demo/chart").tags() == ("0.3.0",)
    assert school.store("demo/app").resolve("latest").digest == sample.app().digest


def test_the_index_names_three_platforms_with_attestations_for_each():
    index = sample.app().index
    assert list(map(str, index.platforms)) == ["linux/amd64", "linux/arm64/v8", "linux/arm/v7"]
    for image in index.images:
        (attestation,) = index.attestations(image)
        assert str(attestation.platform) == "unknown/unknown"
    assert index.annotations["org.opencontainers.image.version"] == "1.4.2"


@pytest.mark.parametrize("position", range(3))
def test_an_image_s_config_fits_its_layers(position: int):
    app = sample.app()
    config_blob, *layers = images()[position].blobs
    config = parse_config(content(config_blob), config_blob.descriptor.media_type)
    assert config.problems == ()
    assert config.platform == app.index.platforms[position]
    tars = [Digest.of(gzip.decompress(content(layer))) for layer in layers]
    assert config.diff_ids == tuple(tars)
    steps = config.steps(len(layers))
    assert [place for _, place in steps if place is not None] == [0, 1, 2]
    assert all(entry and entry.created for entry, _ in steps)
    assert len(config.history) == 10
    assert (config.user, config.working_dir) == ("app", "/srv/app")
    assert config.exposed_ports == ("8080/tcp",)


def test_layers_are_tars_with_files_folders_links_and_whiteouts():
    _, base, runtime, application = images()[0].blobs
    with tar(base) as files:
        assert files.extractfile("etc/os-release").read().startswith(b'NAME="Demo Linux"')  # type: ignore[union-attr]
        assert files.getmember("bin/sh").linkname == "busybox"
        assert files.getmember("bin/su").mode == 0o4755
        assert files.getmember("etc").isdir()
        assert all(member.mtime > 0 for member in files)
    with tar(runtime) as files:
        assert {"etc/.wh.motd", "usr/share/doc/.wh..wh..opq"} <= set(files.getnames())
    with tar(application) as files:
        assert files.getmember("srv/app/main.py").uid == 1000
        assert files.getmember("usr/local/bin/serve").mode == 0o755
        json.loads(files.extractfile("srv/app/settings.json").read())  # type: ignore[union-attr]


def test_parents_come_before_what_is_in_them_and_nothing_twice():
    for blob in images()[0].blobs[1:]:
        with tar(blob) as files:
            names = files.getnames()
        assert len(names) == len(set(names))
        for name in names:
            parent = name.rpartition("/")[0]
            assert not parent or parent in names[: names.index(name)]


def test_platforms_differ_in_their_programs_and_share_what_is_the_same():
    layers = [[blob.digest for blob in image.blobs[1:]] for image in images()[:3]]
    base, runtime, application = zip(*layers, strict=True)
    assert len(set(base)) == len(set(runtime)) == 3
    assert len(set(application)) == 1


def test_attestations_name_what_they_say_and_of_which_image():
    app = sample.app()
    for image, attestation in zip(images()[:3], images()[3:], strict=True):
        manifest = attestation.manifest
        assert isinstance(manifest, Manifest)
        assert manifest.is_attestation
        kinds = [layer.annotations["in-toto.io/predicate-type"] for layer in manifest.layers]
        assert kinds == [SPDX, SLSA]
        for blob, kind in zip(attestation.blobs[1:], kinds, strict=True):
            statement = json.loads(content(blob))
            assert statement["predicateType"] == kind
            (subject,) = statement["subject"]
            assert subject["digest"] == {"sha256": image.digest.encoded}
    assert len(app.index.manifests) == 6


def test_the_artifacts_are_no_images_and_say_what_they_are():
    app, chart = sample.app(), sample.chart()
    sbom = sample.sbom(app)
    assert chart.manifest.artifact_type == "application/vnd.cncf.helm.config.v1+json"
    with tar(chart.blobs[1]) as files:
        assert "demo/Chart.yaml" in files.getnames()
    assert sbom.manifest.artifact_type == "application/spdx+json"
    assert sbom.manifest.subject == Descriptor(media_types.INDEX, app.digest, app.index.size)
    assert isinstance(sbom.manifest, Manifest)
    assert not sbom.manifest.is_image


def test_sizes_are_of_the_kind_one_meets():
    app = sample.app()
    assert 3_000_000 < app.total_size < 20_000_000
    assert all(blob.size for image in images() for blob in image.blobs)
