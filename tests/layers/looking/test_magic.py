"""What content is by its first bytes, and pictures drawn only where that is harmless."""

from __future__ import annotations

import struct
import sys
from pathlib import Path

import pytest

from ocinb.display import faces
from ocinb.layers.looking import magic
from ocinb.layers.looking.content import Content
from tests.display.reader import read


def png(width: int, height: int, more: int = 0) -> bytes:
    return b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + struct.pack(">II", width, height) + bytes(9 + more)


GIF = b"GIF89a" + struct.pack("<HH", 3, 4) + bytes(3)
JPEG = (
    b"\xff\xd8\xff\xe0\0\x04ab" + b"\xff\xc4\0\x02" + b"\xff\xc2\0\x11\x08\0\x04\0\x03" + bytes(3)
)
LOSSY = b"RIFF\0\0\0\0WEBPVP8 \0\0\0\0\0\0\0\x9d\x01\x2a" + struct.pack("<HH", 3, 4)
LOSSLESS = b"RIFF\0\0\0\0WEBPVP8L\0\0\0\0\x2f" + struct.pack("<I", 2 | 3 << 14) + bytes(5)
EXTENDED = b"RIFF\0\0\0\0WEBPVP8X\0\0\0\0" + bytes(4) + b"\x02\0\0" + b"\x03\0\0"


@pytest.mark.parametrize(
    ("raw", "kind"),
    [(png(3, 4), "png"), (GIF, "gif"), (JPEG, "jpeg"), (LOSSY, "webp"), (LOSSLESS, "webp"),
     (EXTENDED, "webp")],
)  # fmt: skip
def test_pictures_are_known_and_drawn_and_load_nothing(raw: bytes, kind: str):
    found = magic.picture(raw)
    assert found == magic.Picture(f"image/{kind}", 3, 4)
    page = faces.html(Content("a", raw, len(raw)))
    assert f'<img alt="{found}" src="data:image/{kind};base64,' in page
    assert "img" in read(page).tags
    assert "3 × 4" in faces.text(Content("a", raw, len(raw)))


@pytest.mark.parametrize("raw", [png(3, 4)[:20], GIF[:8], JPEG[:12], LOSSY[:24], EXTENDED[:26],
                                 b"\xff\xd8\xff", b"RIFF", b"RIFF\0\0\0\0WEBPVP8?"])  # fmt: skip
def test_what_is_cut_off_is_no_picture(raw: bytes):
    assert magic.picture(raw) is None
    assert "<img" not in faces.html(Content("a", raw, len(raw)))


@pytest.mark.parametrize("text", [b"<svg onload='x()'/>", b"<!DOCTYPE html><script>x()</script>"])
def test_what_can_run_is_text(text: bytes):
    page = read(faces.html(Content("a.png", text, len(text))))
    assert "img" not in page.tags
    assert text.decode() in page.text


@pytest.mark.parametrize(
    "content",
    [
        Content("bomb", png(60_000, 60_000), len(png(1, 1))),
        Content("nothing", png(0, 5), len(png(1, 1))),
        Content("long", png(3, 4, 40_000), len(png(3, 4, 40_000))),
        Content("cut", png(3, 4), 100_000),
    ],
    ids=lambda each: each.path,
)
def test_pictures_that_are_too_large_or_not_all_there_are_named_and_not_drawn(content: Content):
    page = faces.html(content)
    assert "<img" not in page
    assert "PNG picture" in page
    assert "00000000  89 50 4e 47" in page


def test_programs_are_told():
    head = Path(sys.executable).resolve().read_bytes()[:1_000]
    if head.startswith(b"\x7fELF"):
        assert magic.program(head).startswith("ELF ")
    made = b"\x7fELF\x02\x01" + bytes(10) + struct.pack("<HH", 2, 0xB7)
    assert magic.program(made) == "ELF executable, 64-bit, little-endian, AArch64"
    assert "AArch64" in faces.text(Content("a", made, 20))
    other = b"\x7fELF\x01\x02" + bytes(10) + struct.pack(">HH", 9, 0x999)
    assert magic.program(other) == "ELF of type 0x9, 32-bit, big-endian, machine 0x999"
    assert magic.program(b"\x7fELF") == magic.program(b"\x7fELF\x09" + bytes(20)) == ""
