"""The content of files: found again in the layer, checked, bounded, and shown."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

import ocinb
from ocinb.display import faces
from ocinb.errors import DigestMismatch, InvalidContent, InvalidReference
from ocinb.layers.looking.content import Content
from ocinb.layers.unpacking.reading import MARKED
from tests.layers.archives import END, entry, gzipped, header, listed

LINKS = (
    header(b"usr/lib/", 0, b"5") + entry(b"usr/lib/os-release", b"NAME=Demo\n")
    + header(b"lib", 0, b"2", link=b"usr/lib")
    + header(b"etc/os-release", 0, b"2", link=b"../usr/lib/os-release")
    + header(b"etc/absolute", 0, b"2", link=b"/lib/os-release")
    + header(b"etc/hard", 0, b"1", link=b"./usr/lib/os-release")
    + header(b"etc/nowhere", 0, b"2", link=b"missing")
    + header(b"etc/up", 0, b"2", link=b"../../../../usr/lib/os-release")
    + header(b"round", 0, b"2", link=b"about") + header(b"about", 0, b"2", link=b"round")
    + header(b"itself", 0, b"1", link=b"itself")
    + header(b"fifo", 0, b"6") + entry(b"empty")
    + END
)  # fmt: skip


@pytest.mark.parametrize("path", ["usr/lib/os-release", "etc/os-release", "etc/absolute",
                                  "etc/hard", "etc/up"])  # fmt: skip
def test_links_are_followed_within_the_layer(path: str):
    assert listed(LINKS)[path].text == "NAME=Demo\n"
    assert listed(gzipped(LINKS), 50)[path].bytes == b"NAME=Demo\n"


def test_folders_that_are_symlinks_lead_to_what_is_in_them():
    files = listed(LINKS)
    assert files["lib/os-release"].path == "usr/lib/os-release"
    assert files["lib"].type == "symlink"
    assert "lib/os-release" in files
    assert files.get("round/x") is None
    assert files.get("lib/x") is None


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("etc/nowhere", "leads to etc/missing, which is not in this layer"),
        ("round", "round in a circle"),
        ("itself", "hardlink"),
        ("usr/lib", "directory"),
        ("fifo", "fifo"),
    ],
)
def test_what_has_no_content_here_says_why(path: str, why: str):
    with pytest.raises(InvalidReference, match=why):
        listed(LINKS)[path].read()


def test_an_empty_file_is_read_without_asking_anybody():
    asked: list[int] = []

    def layer() -> bytes:
        asked.append(1)
        return LINKS

    files = ocinb.list_layer(layer)
    assert files["empty"].bytes == b""
    assert len(asked) == 1


def test_no_more_is_read_than_wanted_and_the_way_to_more_is_told():
    files = listed(entry(b"big", b"x" * 5_000) + END)
    with pytest.raises(InvalidContent) as refused:
        files["big"].read(limit=4_999)
    assert "read(limit=5000)" in refused.value.hints[0]
    assert files["big"].read(limit=5_000) == b"x" * 5_000
    assert files["big"].show(limit=10).raw == b"x" * 10


def test_the_layer_is_read_only_as_far_as_needed():
    read: list[int] = []
    archive = entry(b"first", b"1") + entry(b"rest", bytes(4 * MARKED)) + END

    def layer() -> Iterator[bytes]:
        for at in range(0, len(archive), 65_536):
            read.append(at)
            yield archive[at : at + 65_536]

    files = ocinb.list_layer(layer)
    read.clear()
    assert files["first"].bytes == b"1"
    assert max(read) <= MARKED


@pytest.mark.parametrize("position", [0, 1, 2])
def test_a_layer_that_is_another_the_second_time_is_refused(position: int):
    """Whoever answers may answer otherwise when asked again: what is read then is checked, too."""
    honest = b"".join(entry(b"%d" % each, bytes(MARKED // 2 + 5)) for each in range(3)) + END
    forged = honest.replace(bytes(MARKED // 2 + 5), b"e" + bytes(MARKED // 2 + 4))
    answers = [honest, forged, honest[:-2_000]]
    files = ocinb.list_layer(lambda: answers[0])
    answers.pop(0)
    with pytest.raises(DigestMismatch) as other:
        files[position].read()
    assert "list it again" in other.value.hints[0]


def test_a_layer_that_is_shorter_the_second_time_is_refused():
    honest = entry(b"a", b"x" * 2_000) + END
    answers = [honest, honest[:1_000]]
    files = ocinb.list_layer(lambda: answers.pop(0))
    with pytest.raises(InvalidContent, match="shorter"):
        files["a"].read()


def test_json_is_shown_indented_and_text_as_it_is():
    said = json.dumps({"port": 8080, "names": ["a"]}).encode()
    files = listed(
        entry(b"a.json", said) + entry(b"b", b"one\ntwo\n") + entry(b"c", b"{oops") + END
    )
    assert files["a.json"].show().text == '{\n  "port": 8080,\n  "names": [\n    "a"\n  ]\n}'
    assert "8080" in faces.html(files["a.json"].show())
    assert files["a.json"].text == said.decode()
    assert files["b"].show().text == "one\ntwo\n"
    assert files["c"].show().text == "{oops"


def test_json_that_goes_too_deep_is_shown_as_it_is():
    deep = b"[" * 50_000
    assert listed(entry(b"deep", deep) + END)["deep"].show().text == deep.decode()


def test_what_is_no_text_is_shown_in_hex():
    files = listed(entry(b"a", bytes(range(20))) + entry(b"b", b"caf\xe9") + END)
    shown = files["a"].show()
    assert shown.text is None
    assert files["a"].hex().splitlines()[1] == f"00000010  {'10 11 12 13':<47}  ...."
    assert "00000010" in faces.text(shown)
    assert files["b"].show().text is None
    assert files["b"].text == "caf\ufffd"
    assert files["a"].hex(3).startswith("00000000  00 01 02  ")


def test_a_letter_that_is_cut_makes_no_binary_of_a_text():
    content = Content("a", "é".encode()[:1], 2)
    assert content.text == ""
    assert not content.complete
    assert "first 1" in repr(content)
