"""Archives made by hand, right and wrong ones."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
from pathlib import Path
from typing import Any

from ocinb.oci.digest import Digest
from ocinb.oci.image import Content
from ocinb.registry import sample
from ocinb.storage.archive.saving import save

File = tuple[str, bytes]


def archive(path: Path, *members: File | tarfile.TarInfo) -> Path:
    """A tar file of members: names and content, or headers of anything else."""
    with tarfile.open(path, "w", format=tarfile.PAX_FORMAT) as tar:
        for member in members:
            if isinstance(member, tarfile.TarInfo):
                tar.addfile(member)
                continue
            info = tarfile.TarInfo(member[0])
            info.size = len(member[1])
            tar.addfile(info, io.BytesIO(member[1]))
    return path


def link(name: str, target: str, kind: bytes = tarfile.SYMTYPE) -> tarfile.TarInfo:
    """A link, or, with another kind, anything that has no content."""
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


def members_of(path: Path) -> list[File]:
    """The files in a tar file."""
    found = []
    with tarfile.open(path) as tar:
        for info in tar:
            file = tar.extractfile(info) if info.isfile() else None
            if file is not None:
                found.append((info.name, file.read()))
    return found


def saved(folder: Path, content: Content | None = None) -> list[File]:
    """The members of an oci-archive of something."""
    path = folder / "whole.tar"
    save(path, [(content or sample.app(), ("v1",))])
    return members_of(path)


def layer(*files: File) -> bytes:
    """A plain layer."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, content in files:
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


PLAIN = layer(("etc/motd", b"hello\n"))
PACKED = layer(("etc/issue", b"welcome\n"))


def config(*layers: bytes, **fields: Any) -> bytes:
    """A config that names these plain layers."""
    diff_ids = [str(Digest.of(each)) for each in layers]
    said = {"os": "linux", "architecture": "amd64", "rootfs": {"type": "layers"}, **fields}
    said["rootfs"]["diff_ids"] = diff_ids
    return json.dumps(said).encode()


def docker(names: list[str] | None = None, **other: Any) -> list[File]:
    """The members of a docker-archive of one image with a plain and a packed layer."""
    entry = {
        "Config": "abc.json",
        "RepoTags": ["example.org/app:v1", "app:v1"] if names is None else names,
        "Layers": ["one/layer.tar", "two/layer.tar"],
        **other,
    }
    return [
        ("abc.json", config(PLAIN, PACKED)),
        ("one/layer.tar", PLAIN),
        ("two/layer.tar", gzip.compress(PACKED, mtime=0)),
        ("manifest.json", json.dumps([entry]).encode()),
    ]
