"""Realistic content to look at without a network: an application for three platforms, and a chart.

Everything is made here, the same bytes each time: `app()` and `chart()` are values to push,
`school()` is an embedded registry that already holds them.
"""

from __future__ import annotations

import gzip
import io
import json
import random
import tarfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ocinb.oci import media_types
from ocinb.oci.digest import Digest
from ocinb.oci.image import Blob, Content, Image, ImageIndex
from ocinb.oci.platform import Platform
from ocinb.protocol.messages import answered_by
from ocinb.protocol.push import push
from ocinb.protocol.stepper import Stepper
from ocinb.registry.app import LocalRegistry

REPOSITORY = "demo/app"
VERSION = "1.4.2"
_CREATED = "2026-03-01T09:30:00Z"
_SOURCE = "https://git.example/demo/app"
_PLATFORMS = ("linux/amd64", "linux/arm64/v8", "linux/arm/v7")


@dataclass(frozen=True)
class _File:
    """An entry of a layer: content for a file, or the target of a link."""

    path: str
    content: bytes = b""
    mode: int = 0o644
    link: str = ""


def school() -> LocalRegistry:
    """A registry in memory that holds the sample: `demo/app` with four tags, `demo/chart`."""
    registry = LocalRegistry()
    send = answered_by(registry.handle)
    application = app()
    contents: tuple[tuple[str, Content, tuple[str, ...]], ...] = (
        (REPOSITORY, application, (VERSION, "1.4", "latest")),
        (REPOSITORY, sbom(application), ("sbom",)),
        ("demo/chart", chart(), ("0.3.0",)),
    )
    for name, content, tags in contents:
        Stepper(push(name, content, tags), send).finish()
    return registry


def app(version: str = VERSION) -> ImageIndex:
    """A small web application: an index of three platforms, each with BuildKit's attestations."""
    images = [(Platform.parse(each), _image(Platform.parse(each), version)) for each in _PLATFORMS]
    return ImageIndex.of(
        images,
        attestations=[(image, _attestations(image, platform)) for platform, image in images],
        annotations={
            "org.opencontainers.image.title": "demo app",
            "org.opencontainers.image.version": version,
            "org.opencontainers.image.created": _CREATED,
            "org.opencontainers.image.source": _SOURCE,
            "org.opencontainers.image.licenses": "Apache-2.0",
        },
    )


def chart(version: str = "0.3.0") -> Image:
    """A Helm chart: an artifact that is no image."""
    about = {"apiVersion": "v2", "name": "demo", "version": version, "appVersion": VERSION}
    yaml = "".join(f"{key}: {value}\n" for key, value in about.items()).encode()
    files = (
        _File("demo/Chart.yaml", yaml),
        _File("demo/values.yaml", b"replicas: 2\nimage: demo/app\n"),
        _File("demo/templates/deployment.yaml", b"kind: Deployment\napiVersion: apps/v1\n"),
    )
    return Image.of(
        _json(about, "application/vnd.cncf.helm.config.v1+json"),
        [Blob.of(_archive(files)[0], "application/vnd.cncf.helm.chart.content.v1.tar+gzip")],
        annotations={
            "org.opencontainers.image.title": "demo",
            "org.opencontainers.image.version": version,
        },
    )


def sbom(subject: Content) -> Image:
    """A list of what is in `subject`, as an artifact that refers to it."""
    return Image.of(
        Blob.of(b"{}", media_types.EMPTY),
        [_json(_packages(), "application/spdx+json")],
        artifact_type="application/spdx+json",
        subject=subject.descriptor,
        annotations={"org.opencontainers.image.created": _CREATED},
    )


def _image(platform: Platform, version: str) -> Image:
    """Three layers of files and the steps that made them, some of which left no layer."""
    made = [
        _archive(files) for files in (_base(platform), _runtime(platform), _application(version))
    ]
    config = {
        "created": _CREATED,
        "author": "demo",
        **platform.to_json(),
        "config": {
            "User": "app",
            "ExposedPorts": {"8080/tcp": {}},
            "Env": ["PATH=/usr/local/bin:/usr/bin:/bin", f"APP_VERSION={version}"],
            "Entrypoint": ["/usr/local/bin/serve"],
            "Cmd": ["--port", "8080"],
            "WorkingDir": "/srv/app",
            "StopSignal": "SIGTERM",
            "Labels": {"org.opencontainers.image.source": _SOURCE, "maintainer": "demo"},
        },
        "rootfs": {"type": "layers", "diff_ids": [str(diff_id) for _, diff_id in made]},
        "history": [
            _step(0, "/bin/sh -c #(nop) ADD file:rootfs.tar.gz in / "),
            _step(1, '/bin/sh -c #(nop)  CMD ["/bin/sh"]', empty=True),
            _step(2, f"ENV PATH=/usr/local/bin:/usr/bin:/bin APP_VERSION={version}", empty=True),
            _step(3, "RUN /bin/sh -c apk add --no-cache runtime ca-certificates # buildkit"),
            _step(4, "WORKDIR /srv/app", empty=True),
            _step(5, "COPY --chown=app:app dist/ /srv/app/ # buildkit"),
            _step(6, "USER app", empty=True),
            _step(7, "EXPOSE map[8080/tcp:{}]", empty=True),
            _step(8, 'ENTRYPOINT ["/usr/local/bin/serve"]', empty=True),
            _step(9, 'CMD ["--port" "8080"]', empty=True),
        ],
    }  # fmt: skip
    return Image.of(
        _json(config, media_types.CONFIG),
        [Blob.of(packed, media_types.LAYER_GZIP) for packed, _ in made],
        annotations={
            "org.opencontainers.image.base.name": "docker.io/library/base:3.20",
            "org.opencontainers.image.created": _CREATED,
        },
    )


def _step(number: int, created_by: str, *, empty: bool = False) -> dict[str, Any]:
    created = f"2026-03-01T09:{20 + number}:00.123456789Z"
    step: dict[str, Any] = {"created": created, "created_by": created_by}
    return {**step, "comment": "buildkit.dockerfile.v0", **({"empty_layer": True} if empty else {})}


def _base(platform: Platform) -> tuple[_File, ...]:
    return (
        _File("bin/busybox", _program(f"busybox {platform}", 900_000), 0o755),
        _File("bin/sh", link="busybox"),
        _File("bin/su", _program(f"su {platform}", 20_000), 0o4755),
        _File("etc/os-release", b'NAME="Demo Linux"\nID=demo\nVERSION_ID=3.20.3\n'),
        _File("etc/passwd", b"root:x:0:0:root:/root:/bin/sh\napp:x:1000:1000::/srv/app:/bin/sh\n"),
        _File("etc/motd", b"Welcome to Demo Linux!\n"),
        _File("lib/libc.so.1", _program(f"libc {platform}", 600_000), 0o755),
        _File("usr/share/doc/README", b"This is not a distribution.\n" * 40),
    )


def _runtime(platform: Platform) -> tuple[_File, ...]:
    return (
        _File("etc/ssl/certs/ca-certificates.crt", _program("certificates", 210_000)),
        _File("usr/lib/runtime/libruntime.so", _program(f"runtime {platform}", 1_600_000), 0o755),
        _File("usr/lib/runtime/stdlib.zip", _program("stdlib", 400_000)),
        _File("etc/.wh.motd"),
        _File("usr/share/doc/.wh..wh..opq"),
    )


def _application(version: str) -> tuple[_File, ...]:
    settings = json.dumps({"port": 8080, "version": version}, indent=2).encode()
    return (
        _File("srv/app/main.py", b"import http.server\nhttp.server.main()\n" * 20),
        _File("srv/app/settings.json", settings),
        _File(
            "srv/app/static/index.html", b"<!doctype html><title>demo</title><h1>It works</h1>\n"
        ),
        _File("usr/local/bin/serve", b'#!/bin/sh\nexec runtime /srv/app/main.py "$@"\n', 0o755),
    )


def _program(seed: str, size: int) -> bytes:
    """Bytes that compress about as well as machine code does, always the same for one seed."""
    noise = random.Random(seed).randbytes(size // 2)  # noqa: S311  # nothing secret
    return b"".join(noise[at : at + 512] + noise[at : at + 512] for at in range(0, size // 2, 512))


def _archive(files: Iterable[_File]) -> tuple[bytes, Digest]:
    """The gzipped tar of `files`, and the digest of the tar itself."""
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for file in sorted(files, key=lambda file: file.path):
            entry = tarfile.TarInfo(file.path)
            entry.mode, entry.size, entry.linkname = file.mode, len(file.content), file.link
            entry.type = tarfile.SYMTYPE if file.link else tarfile.REGTYPE
            tar.addfile(entry, io.BytesIO(file.content))
    return gzip.compress(plain.getvalue(), 6, mtime=0), Digest.of(plain.getvalue())


def _attestations(image: Image, platform: Platform) -> Image:
    """What BuildKit adds to an image: unsigned statements of its contents and how it was built."""
    subject = [
        {
            "name": f"pkg:docker/demo/app?platform={platform}",
            "digest": {"sha256": image.digest.encoded},
        }
    ]
    builder = {
        "builder": {"id": "https://build.example/demo"},
        "buildType": "https://mobyproject.org/buildkit@v1",
    }
    predicates = {
        "https://spdx.dev/Document": _packages(),
        "https://slsa.dev/provenance/v0.2": {**builder, "materials": [{"uri": _SOURCE}]},
    }  # fmt: skip
    statements = [
        _json(
            {
                "_type": "https://in-toto.io/Statement/v0.1",
                "predicateType": kind,
                "subject": subject,
                "predicate": predicate,
            },
            media_types.IN_TOTO,
            annotations={"in-toto.io/predicate-type": kind},
        )
        for kind, predicate in predicates.items()
    ]
    diff_ids = [str(blob.digest) for blob in statements]
    rootfs = {"type": "layers", "diff_ids": diff_ids}
    config = {"architecture": "unknown", "os": "unknown", "config": {}, "rootfs": rootfs}
    return Image.of(_json(config, media_types.CONFIG), statements)


def _packages() -> dict[str, Any]:
    names = ("busybox", "libc", "runtime", "ca-certificates", "demo-app")
    packages = [
        {"SPDXID": f"SPDXRef-{name}", "name": name, "versionInfo": VERSION} for name in names
    ]
    return {"spdxVersion": "SPDX-2.3", "name": "demo/app", "packages": packages}


def _json(value: Mapping[str, Any], media_type: str, **fields: Any) -> Blob:
    return Blob.of(json.dumps(value, separators=(",", ":")).encode(), media_type, **fields)
