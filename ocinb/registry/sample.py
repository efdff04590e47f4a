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
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any, NamedTuple
from urllib.parse import quote

from ocinb.oci import annotations as keys
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
_BUILT = 1_772_357_400  # _CREATED as the seconds that tars count in
_APP = 1000  # the user in etc/passwd that the application runs as
_PROVENANCE = {
    "builder": {"id": "https://build.example/demo"},
    "buildType": "https://mobyproject.org/buildkit@v1",
    "materials": [{"uri": _SOURCE}],
}


class _File(NamedTuple):
    """An entry of a layer: content for a file, or the target of a link."""

    path: str
    content: bytes = b""
    mode: int = 0o644
    link: str = ""
    owner: int = 0


class _Archive(NamedTuple):
    """A layer as it is stored, and the digest of the tar in it."""

    packed: bytes
    diff_id: Digest


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


@lru_cache(maxsize=4)
def app(version: str = VERSION) -> ImageIndex:
    """A small web application: an index of three platforms, each with BuildKit's attestations."""
    images = [(Platform.parse(each), _image(Platform.parse(each), version)) for each in _PLATFORMS]
    return ImageIndex.of(
        images,
        attestations=[(image, _attestations(image, platform)) for platform, image in images],
        annotations={
            keys.TITLE: "demo app",
            keys.VERSION: version,
            keys.CREATED: _CREATED,
            keys.SOURCE: _SOURCE,
            keys.LICENSES: "Apache-2.0",
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
        [Blob.of(_archive(files).packed, "application/vnd.cncf.helm.chart.content.v1.tar+gzip")],
        annotations={
            keys.TITLE: "demo",
            keys.VERSION: version,
        },
    )


def sbom(subject: Content) -> Image:
    """A list of what is in `subject`, as an artifact that refers to it."""
    return Image.of(
        Blob.of(b"{}", media_types.EMPTY),
        [_json(_packages(), "application/spdx+json")],
        artifact_type="application/spdx+json",
        subject=subject.descriptor,
        annotations={keys.CREATED: _CREATED},
    )


def _image(platform: Platform, version: str) -> Image:
    """Three layers of files, and a config that says how they came to be and how to run them."""
    contents = (_base(platform), _runtime(platform), _application(version))
    archives = [_archive(files) for files in contents]
    config = {
        "created": _CREATED,
        "author": "demo",
        **platform.to_json(),
        "config": _how_to_run(version),
        "rootfs": {"type": "layers", "diff_ids": [str(archive.diff_id) for archive in archives]},
        "history": _history(version),
    }
    return Image.of(
        _json(config, media_types.CONFIG),
        [Blob.of(archive.packed, media_types.LAYER_GZIP) for archive in archives],
        annotations={
            keys.BASE_NAME: "docker.io/library/base:3.20",
            keys.CREATED: _CREATED,
        },
    )


def _how_to_run(version: str) -> dict[str, Any]:
    return {
        "User": "app",
        "ExposedPorts": {"8080/tcp": {}},
        "Env": ["PATH=/usr/local/bin:/usr/bin:/bin", f"APP_VERSION={version}"],
        "Entrypoint": ["/usr/local/bin/serve"],
        "Cmd": ["--port", "8080"],
        "WorkingDir": "/srv/app",
        "StopSignal": "SIGTERM",
        "Labels": {keys.SOURCE: _SOURCE, "maintainer": "demo"},
    }


def _history(version: str) -> list[dict[str, Any]]:
    """The steps of the build, a minute each; all but three left no layer."""
    steps = (
        ("layer", "/bin/sh -c #(nop) ADD file:rootfs.tar.gz in / "),
        ("", '/bin/sh -c #(nop)  CMD ["/bin/sh"]'),
        ("", f"ENV PATH=/usr/local/bin:/usr/bin:/bin APP_VERSION={version}"),
        ("layer", "RUN /bin/sh -c apk add --no-cache runtime ca-certificates # buildkit"),
        ("", "WORKDIR /srv/app"),
        ("layer", "COPY --chown=app:app dist/ / # buildkit"),
        ("", "USER app"),
        ("", "EXPOSE map[8080/tcp:{}]"),
        ("", 'ENTRYPOINT ["/usr/local/bin/serve"]'),
        ("", 'CMD ["--port" "8080"]'),
    )
    return [_step(number, *step) for number, step in enumerate(steps)]


def _step(number: int, left: str, created_by: str) -> dict[str, Any]:
    step: dict[str, Any] = {
        "created": f"2026-03-01T09:{20 + number}:00.123456789Z",
        "created_by": created_by,
        "comment": "buildkit.dockerfile.v0",
    }
    return step if left else {**step, "empty_layer": True}


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
    page = b"<!doctype html><title>demo</title><h1>It works</h1>\n"
    program = b'#!/bin/sh\nexec runtime /srv/app/main.py "$@"\n'
    return (
        _File("srv/app/main.py", b"import http.server\nhttp.server.main()\n" * 20, owner=_APP),
        _File("srv/app/settings.json", settings, owner=_APP),
        _File("srv/app/static/index.html", page, owner=_APP),
        _File("usr/local/bin/serve", program, 0o755, owner=_APP),
    )


def _program(seed: str, size: int) -> bytes:
    """Bytes that compress about as well as machine code does, always the same for one seed."""
    noise = random.Random(seed).randbytes(size // 2)  # noqa: S311  # nothing secret
    return b"".join(noise[at : at + 512] + noise[at : at + 512] for at in range(0, size // 2, 512))


def _archive(files: Iterable[_File]) -> _Archive:
    """The gzipped tar of `files` and of the folders they are in."""
    plain = io.BytesIO()
    known = {file.path: file for file in files}
    folders = {parent for path in known for parent in _parents(path)}
    with tarfile.open(fileobj=plain, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for path in sorted(folders | known.keys()):
            file = known.get(path)
            tar.addfile(_entry(path, file), io.BytesIO(file.content if file else b""))
    return _Archive(gzip.compress(plain.getvalue(), 6, mtime=0), Digest.of(plain.getvalue()))


def _entry(path: str, file: _File | None) -> tarfile.TarInfo:
    """The head of a file's entry, or, without one, of a folder's."""
    entry = tarfile.TarInfo(path)
    entry.mtime, entry.type, entry.mode = _BUILT, tarfile.DIRTYPE, 0o755
    if file is not None:
        entry.type = tarfile.SYMTYPE if file.link else tarfile.REGTYPE
        entry.mode, entry.size, entry.linkname = file.mode, len(file.content), file.link
        entry.uid = entry.gid = file.owner
    return entry


def _parents(path: str) -> Iterator[str]:
    while path := path.rpartition("/")[0]:
        yield path


def _attestations(image: Image, platform: Platform) -> Image:
    """What BuildKit adds to an image: unsigned statements of its contents and how it was built."""
    name = f"pkg:docker/demo/app?platform={quote(str(platform), safe='')}"
    subject = {"name": name, "digest": {"sha256": image.digest.encoded}}
    statements = [
        _statement("https://spdx.dev/Document", subject, _packages()),
        _statement("https://slsa.dev/provenance/v0.2", subject, _PROVENANCE),
    ]
    rootfs = {"type": "layers", "diff_ids": [str(blob.digest) for blob in statements]}
    config = {"architecture": "unknown", "os": "unknown", "config": {}, "rootfs": rootfs}
    return Image.of(_json(config, media_types.CONFIG), statements)


def _statement(kind: str, subject: Mapping[str, Any], predicate: Mapping[str, Any]) -> Blob:
    statement = {
        "_type": "https://in-toto.io/Statement/v0.1",
        "predicateType": kind,
        "subject": [subject],
        "predicate": predicate,
    }
    return _json(statement, media_types.IN_TOTO, annotations={keys.PREDICATE_TYPE: kind})


def _packages() -> dict[str, Any]:
    names = ("busybox", "libc", "runtime", "ca-certificates", "demo-app")
    packages = [
        {"SPDXID": f"SPDXRef-{name}", "name": name, "versionInfo": VERSION} for name in names
    ]
    return {"spdxVersion": "SPDX-2.3", "name": "demo/app", "packages": packages}


def _json(value: Mapping[str, Any], media_type: str, **fields: Any) -> Blob:
    return Blob.of(json.dumps(value, separators=(",", ":")).encode(), media_type, **fields)
