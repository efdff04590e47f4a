"""SOCI indexes, written byte by byte: a FlatBuffer made from its end, after ztoc.fbs."""

from __future__ import annotations

import tarfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from io import BytesIO
from struct import pack
from typing import Any

from tests.layers.lazy.tocs import TYPES

WINDOW = 32 * 1024
Fields = dict[int, tuple[str, Any]]  # by number: form ("long", "int", "byte", or "at"), and value


class Writer:
    """Keeps what is written behind what comes later; places count from the end."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._size = 0

    def text(self, content: bytes) -> int:
        return self._put(pack("<I", len(content)) + content + b"\0")

    def vector(self, places: Sequence[int]) -> int:
        head = self._size + 4 * len(places)
        # Each offset counts from where it stands itself.
        offsets = [head - 4 * number - place for number, place in enumerate(places)]
        return self._put(pack(f"<I{len(places)}I", len(places), *offsets))

    def table(self, fields: Fields) -> int:
        sizes = {"long": 8, "int": 4, "byte": 1, "at": 4}
        length = 4 + sum(sizes[form] for form, _ in fields.values())
        body, offsets, at = b"", [0] * (max(fields) + 1), 4
        for number, (form, value) in fields.items():
            offsets[number] = at
            if form == "at":
                value = self._size + length - at - value
            body += pack({"long": "<q", "int": "<I", "byte": "<B", "at": "<I"}[form], value)
            at += sizes[form]
        vtable = pack(f"<HH{len(offsets)}H", 4 + 2 * len(offsets), length, *offsets)
        self._put(pack("<i", len(vtable)) + body)
        place = self._size
        self._put(vtable)
        return place

    def finished(self, root: int) -> bytes:
        return pack("<I", self._size + 4 - root) + b"".join(reversed(self._parts))

    def _put(self, content: bytes) -> int:
        self._parts.append(content)
        self._size += len(content)
        return self._size


@dataclass
class MadeZtoc:
    """What an index says; may be changed before `written`."""

    layer: bytes
    archive: bytes
    points: list[tuple[int, int, int, bytes]]  # packed, unpacked, bits, window
    entries: list[dict[int, tuple[str, Any]]]
    said: dict[str, int] = field(default_factory=dict)
    told: list[tuple[int, int, int, bytes]] | None = None  # in place of the points

    def written(self) -> bytes:
        writer = Writer()
        rows = [writer.table(self._row(writer, each)) for each in self.entries]
        toc = writer.table({0: ("at", writer.vector(rows))})
        digests = writer.vector([writer.text(each.encode()) for each in self.digests()])
        told = self.points if self.told is None else self.told
        head = pack("<iq", self.said.get("points", len(self.points)), 1)
        packed = b"".join(pack("<qqB", *each[:3]) + each[3] for each in told)
        info = writer.table({
            0: ("byte", self.said.get("algorithm", 1)),
            1: ("int", self.said.get("last", len(self.points) - 1)),
            2: ("at", digests),
            3: ("at", writer.text(head + packed)),
        })  # fmt: skip
        root = writer.table({
            0: ("at", writer.text(b"1.0")),
            2: ("long", self.said.get("packed", len(self.layer))),
            3: ("long", self.said.get("unpacked", len(self.archive))),
            4: ("at", toc),
            5: ("at", info),
        })  # fmt: skip
        return writer.finished(root)

    def digests(self) -> list[str]:
        ends = [packed for packed, *_ in self.points[1:]] + [len(self.layer)]
        begins = [packed - bool(bits) for packed, _, bits, _ in self.points]
        spans = [self.layer[max(a, 0) : b] for a, b in zip(begins, ends, strict=True)]
        return [f"sha256:{sha256(span).hexdigest()}" for span in spans]

    def _row(self, writer: Writer, entry: Fields) -> Fields:
        row = dict(entry)
        for number, (form, value) in entry.items():
            if form == "text":
                row[number] = ("at", writer.text(value))
            elif form == "map":
                pairs = [
                    writer.table({0: ("at", writer.text(key)), 1: ("at", writer.text(said))})
                    for key, said in value.items()
                ]
                row[number] = ("at", writer.vector(pairs))
        return row


def archived(content: list[tuple[tarfile.TarInfo, bytes]]) -> bytes:
    """A plain archive of these."""
    written = BytesIO()
    with tarfile.open(fileobj=written, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for info, held in content:
            archive.addfile(info, BytesIO(held))
    return written.getvalue()


def made_ztoc(content: list[tuple[tarfile.TarInfo, bytes]], span: int = 8_000) -> MadeZtoc:
    """A layer that can be begun at every `span` bytes of its archive, and its index."""
    archive = archived(content)
    packer = zlib.compressobj(9, wbits=31)
    layer, points = packer.compress(b"") + packer.flush(zlib.Z_SYNC_FLUSH), []
    for at in range(0, len(archive), span):
        before = archive[max(at - WINDOW, 0) : at].rjust(WINDOW, b"\0")
        points.append((len(layer), at, 0, before))
        layer += packer.compress(archive[at : at + span]) + packer.flush(zlib.Z_SYNC_FLUSH)
    return MadeZtoc(layer + packer.flush(), archive, points, described(archive))


def described(archive: bytes) -> list[Fields]:
    """The entries of an archive as an index has them."""
    found: list[Fields] = []
    with tarfile.open(fileobj=BytesIO(archive)) as opened:
        for info in opened:
            found.append({
                0: ("text", info.name.encode() + (b"/" if info.isdir() else b"")),
                1: ("text", TYPES[info.type].encode()),
                2: ("long", info.offset_data),
                3: ("long", info.size),
                4: ("text", info.linkname.encode()),
                5: ("long", info.mode),
                6: ("int", info.uid),
                7: ("int", info.gid),
                8: ("text", info.uname.encode()),
                9: ("text", info.gname.encode()),
                10: ("text", b"2023-11-14T22:13:20Z"),
                11: ("long", info.devmajor),
                12: ("long", info.devminor),
                13: ("map", {k.encode(): v.encode() for k, v in info.pax_headers.items()}),
            })  # fmt: skip
    return found
