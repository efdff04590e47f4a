"""Layers with tables of contents, written byte by byte, right or as a stranger might."""

from __future__ import annotations

import base64
import gzip
import io
import json
import tarfile
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from importlib import import_module
from typing import Any

import pytest

TYPES = {
    tarfile.REGTYPE: "reg", tarfile.DIRTYPE: "dir", tarfile.SYMTYPE: "symlink",
    tarfile.LNKTYPE: "hardlink", tarfile.CHRTYPE: "char", tarfile.FIFOTYPE: "fifo",
}  # fmt: skip
BIG = bytes(range(256)) * 40
Members = list[tuple[tarfile.TarInfo, bytes]]


def member(name: str, content: bytes = b"", **said: Any) -> tuple[tarfile.TarInfo, bytes]:
    """An entry of an archive."""
    info = tarfile.TarInfo(name)
    info.size, info.mtime = len(content), 1_700_000_000
    for key, value in said.items():
        setattr(info, key, value)
    return info, content


def members() -> Members:
    """One of everything."""
    attributes = {"SCHILY.xattr.user.colour": "blue"}
    return [
        member("etc/", type=tarfile.DIRTYPE, mode=0o755),
        member("etc/os-release", b"ID=demo\n", uid=7, gid=8),
        member("bin/su", b"x" * 100, mode=0o4755, pax_headers=attributes),
        member("bin/sh", type=tarfile.SYMTYPE, linkname="su", mode=0o777),
        member("bin/hard", type=tarfile.LNKTYPE, linkname="bin/su"),
        member("dev/null", type=tarfile.CHRTYPE, devmajor=1, devminor=3),
        member("big", BIG),
        member("empty"),
        member("etc/.wh.motd"),
        member("../out", b"up"),
        member("empty", b"again"),
    ]


@dataclass
class Made:
    """A layer before its table: `entries` can be changed before `estargz` or `zstd` end it."""

    pack: Callable[[bytes], bytes]
    payload: bytearray = field(default_factory=bytearray)
    entries: list[dict[str, Any]] = field(default_factory=list)

    def named(self, name: str) -> dict[str, Any]:
        """The first entry of that name."""
        return next(each for each in self.entries if each["name"] == name)

    def estargz(self, *, version: int = 1, footer: bytes | None = None) -> tuple[bytes, str]:
        """The layer, and the digest of its table."""
        toc = json.dumps({"version": version, "entries": self.entries}).encode()
        packed = self.pack(_entry("stargz.index.json", toc) + bytes(1024))
        end = estargz_footer(len(self.payload)) if footer is None else footer
        return bytes(self.payload) + packed + end, _digest(toc)

    def zstd(self) -> tuple[bytes, str, str]:
        """The layer, the digest of its table as it is packed, and where that is."""
        toc = json.dumps({"version": 1, "entries": self.entries}).encode()
        packed = self.pack(toc)
        at = len(self.payload) + 8
        numbers = (at, len(packed), len(toc), 1, 0, 0, 0)
        footer = b"".join(number.to_bytes(8, "little") for number in numbers) + b"GNUlInUx"
        blob = bytes(self.payload) + skippable(packed) + skippable(footer)
        return blob, _digest(packed), f"{at}:{len(packed)}:{len(toc)}:1"


def made(content: Members, pack: Callable[[bytes], bytes], chunk: int = 0) -> Made:
    """Every header and every chunk packed alone; a table that is right."""
    done = Made(pack)
    between = b""
    for info, held in content:
        done.payload += pack(between + info.tobuf(tarfile.PAX_FORMAT))
        done.entries += _described(done, info, held, chunk)
        between = bytes(-len(held) % 512)
    done.payload += pack(between + bytes(1024))
    return done


def gzipped(content: bytes) -> bytes:
    """A gzip member."""
    return gzip.compress(content, mtime=0)


def zstandard(content: bytes) -> bytes:
    """A zstd frame."""
    found: bytes = pytest.importorskip("backports.zstd").compress(content)
    return found


def estargz_footer(offset: int) -> bytes:
    """The last 51 bytes of an eStargz layer."""
    head = b"\x1f\x8b\x08\x04" + bytes(5) + b"\xff\x1a\x00SG\x16\x00"
    return head + b"%016xSTARGZ" % offset + b"\x01\x00\x00\xff\xff" + bytes(8)


def skippable(content: bytes) -> bytes:
    """A frame that unpacking passes over."""
    return b"\x50\x2a\x4d\x18" + len(content).to_bytes(4, "little") + content


def _described(done: Made, info: tarfile.TarInfo, held: bytes, chunk: int) -> list[dict[str, Any]]:
    entry: dict[str, Any] = {
        "name": info.name + ("/" if info.isdir() and not info.name.endswith("/") else ""),
        "type": TYPES[info.type], "mode": info.mode, "uid": info.uid, "gid": info.gid,
        "modtime": "2023-11-14T22:13:20Z", "linkName": info.linkname, "size": info.size,
        "devMajor": info.devmajor, "devMinor": info.devminor,
        "xattrs": {
            key.removeprefix("SCHILY.xattr."): base64.b64encode(value.encode()).decode()
            for key, value in info.pax_headers.items()
        },
    }  # fmt: skip
    if not held:
        return [entry]
    entry["digest"] = _digest(held)
    found, step = [entry], chunk or len(held)
    for at in range(0, len(held), step):
        part = held[at : at + step]
        row = entry if not at else {"name": info.name, "type": "chunk", "chunkOffset": at}
        row |= {"offset": len(done.payload), "chunkDigest": _digest(part)}
        if at + step < len(held):
            row["chunkSize"] = step
        done.payload += done.pack(part)
        found += [row] if at else []
    return found


def _entry(name: str, content: bytes) -> bytes:
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w") as archive:
        info = tarfile.TarInfo(name)
        info.size = len(content)
        archive.addfile(info, io.BytesIO(content))
    return written.getvalue()[: 512 + len(content) + (-len(content) % 512)]


def _digest(content: bytes) -> str:
    return f"sha256:{sha256(content).hexdigest()}"


def without_zstd(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if nothing here could unpack zstd."""
    compression = import_module("ocinb.layers.unpacking.compression")

    def missing(name: str) -> Any:
        raise ImportError(name)

    compression._zstd.cache_clear()
    monkeypatch.setattr(compression, "import_module", missing)
