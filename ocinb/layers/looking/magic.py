"""What content is, by its first bytes: pictures that any browser draws, and programs.

Names and media types may lie, so neither is asked. SVG is none of these: it is text that runs.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from struct import Struct

_MOST_PIXELS = 16 * 1024 * 1024  # as many as are drawn: a small file can claim any number
_PNG, _GIF = b"\x89PNG\r\n\x1a\n", (b"GIF87a", b"GIF89a")
_BIG, _LITTLE = Struct(">II"), Struct("<HH")
# JPEG's segments that say how large it is: SOF, of which those between are other things.
_SOF = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_ELF_TYPES = {1: "object", 2: "executable", 3: "shared object or executable", 4: "core dump"}
_MACHINES = {
    0x03: "x86", 0x08: "MIPS", 0x14: "PowerPC", 0x15: "PowerPC 64", 0x16: "s390x", 0x28: "ARM",
    0x3E: "x86-64", 0xB7: "AArch64", 0xF3: "RISC-V", 0x102: "LoongArch",
}  # fmt: skip


@dataclass(frozen=True)
class Picture:
    """A picture: of which type, and how many pixels wide and high."""

    media_type: str
    width: int
    height: int

    def __str__(self) -> str:
        kind = self.media_type.removeprefix("image/").upper()
        return f"{kind} picture, {self.width:,} × {self.height:,} pixels"

    @property
    def drawable(self) -> bool:
        """Whether a browser should be asked to draw so many pixels."""
        return 0 < self.width * self.height <= _MOST_PIXELS


def picture(raw: bytes) -> Picture | None:
    """The PNG, JPEG, GIF or WebP picture that `raw` begins as; None for anything else."""
    try:
        if raw.startswith(_PNG) and raw[12:16] == b"IHDR":
            return Picture("image/png", *_BIG.unpack_from(raw, 16))
        if raw.startswith(_GIF):
            return Picture("image/gif", *_LITTLE.unpack_from(raw, 6))
        if raw.startswith(b"RIFF") and raw[8:12] == b"WEBP":
            return _webp(raw)
        return _jpeg(raw) if raw.startswith(b"\xff\xd8\xff") else None
    except (struct.error, IndexError):
        return None


def _webp(raw: bytes) -> Picture | None:
    """RFC 9649: lossy (2.5), lossless (3.4), or extended (2.7)."""
    kind, data = raw[12:16], raw[20:30]
    if kind == b"VP8 " and data[3:6] == b"\x9d\x01\x2a":
        width, height = _LITTLE.unpack_from(data, 6)
        return Picture("image/webp", width & 0x3FFF, height & 0x3FFF)
    if kind == b"VP8L" and data[:1] == b"\x2f":
        bits = int.from_bytes(data[1:5], "little")
        return Picture("image/webp", (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1)
    if kind == b"VP8X" and len(data) == 10:
        sides = (int.from_bytes(data[at : at + 3], "little") + 1 for at in (4, 7))
        return Picture("image/webp", *sides)
    return None


def _jpeg(raw: bytes) -> Picture | None:
    """ITU T.81, B.1.1: one segment after the other, up to the one that says how large it is."""
    at = 2
    while raw[at] == 0xFF:
        if raw[at + 1] in _SOF:
            height, width = Struct(">HH").unpack_from(raw, at + 5)
            return Picture("image/jpeg", width, height)
        at += 2 + int.from_bytes(raw[at + 2 : at + 4], "big")
    return None


def program(raw: bytes) -> str:
    """What an ELF file is and what runs it, in words; empty for anything else."""
    if len(raw) < 20 or not raw.startswith(b"\x7fELF") or raw[4] not in (1, 2):
        return ""
    order = ">" if raw[5] == 2 else "<"
    kind, machine = Struct(f"{order}HH").unpack_from(raw, 16)
    bits = "64-bit" if raw[4] == 2 else "32-bit"
    ends = "big-endian" if raw[5] == 2 else "little-endian"
    runs = _MACHINES.get(machine, f"machine {machine:#x}")
    return f"ELF {_ELF_TYPES.get(kind, f'of type {kind:#x}')}, {bits}, {ends}, {runs}"
