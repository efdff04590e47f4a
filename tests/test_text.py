"""Text from strangers (K-18): visible, bounded, and without secrets (K-20)."""

from __future__ import annotations

import os
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ocinb.text import (
    ELLIPSIS,
    human_size,
    nearest,
    redacted_url,
    short_path,
    slug,
    some_of,
    visible,
    without_user,
)

HOSTILE = {
    "window title": "\x1b]0;pwned\x07",
    "clear screen": "\x1b[2J\x1b[H",
    "C1 colour": "\x9b31m",
    "link": "\x1b]8;;https://evil.example\x1b\\click\x1b]8;;\x1b\\",
    "right to left": "\u202egnp.exe",
    "isolates": "\u2066a\u2067b\u2068c\u2069",
    "embedding": "\u202a\u202b\u202c\u202d\u202e",
    "marks": "\u200b\u200c\u200d\u200e\u200f\u061c",
    "BOM": "\ufeffx",
    "separators": "a\u2028b\u2029c",
    "overwrite": "safe\rEVIL",
    "bell, NUL, DEL": "\a\0\x7f\x08",
    "next line": "a\x85b",
    "tag characters": "\U000e0001\U000e0041\U000e007f",
    "half a character": "\ud800x\udfff",
    "private use": "\ue000\U000f0000\U0010fffd",
    "unassigned": "\u0378\uffff\U0001ffff",
    "soft hyphen": "docker\u00ad.io",
    "word joiner": "a\u2060b\u180e",
    "shorthand": "\ufff9a\ufffab\ufffb",
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_what_could_fool_a_terminal_or_a_reader_is_spelled_out(text):
    """K-18."""
    shown = visible(text)
    assert shown.isprintable()
    for character in text:
        if not character.isprintable():
            assert f"\\u{{{ord(character):x}}}" in shown
    shown.encode("utf-8")
    assert visible(shown) == shown


@pytest.mark.parametrize(
    "text",
    [
        "",
        "plain ASCII",
        "<script>alert(1)</script>",
        "Grüße, 世界, مرحبا, 🎉",
        "a\u00a0b",
        "e\u0301",
        "\\u{1b}",
    ],
)
def test_what_is_harmless_stays_as_it_is(text):
    """Escaping for HTML is a later step."""
    assert visible(text) == text


def test_lines_stay_only_when_asked_for():
    assert visible("a\n\tb\r") == "a\\u{a}\\u{9}b\\u{d}"
    assert visible("a\n\tb\r", lines=True) == "a\n\tb\\u{d}"


def test_long_runs_of_combining_marks_are_cut():
    """K-18: zalgo text climbs out of its line."""
    assert visible("z" + "\u0300" * 500 + "a" + "\u0489" * 3) == (
        "z" + "\u0300" * 8 + "a" + "\u0489" * 3
    )


def test_what_is_cut_says_how_much_is_missing():
    assert visible("x" * 2_010) == "x" * 2_000 + f"{ELLIPSIS} (10 more characters)"
    assert visible("abc", 2) == f"ab{ELLIPSIS} (1 more characters)"
    assert visible("ab", 2) == "ab"
    assert len(visible("\x1b" * 1_000_000)) < 20_000


@pytest.mark.parametrize(("value", "shown"), [(None, "None"), (5, "5"), (b"\x1b", r"b'\x1b'")])
def test_anything_can_be_shown(value, shown):
    assert visible(value) == shown


@settings(deadline=None)
@given(st.text(alphabet=st.characters(), max_size=50), st.integers(0, 60), st.booleans())
def test_nothing_invisible_comes_out(text, limit, lines):
    """K-18."""
    shown = visible(text, limit, lines=lines)
    kept = "\n\t" if lines else ""
    assert all(c.isprintable() or unicodedata.category(c) == "Zs" or c in kept for c in shown)
    shown.encode("utf-8")


@pytest.mark.parametrize(
    ("count", "said"),
    [
        (0, "0 B"), (1, "1 B"), (1_023, "1,023 B"), (1_024, "1.0 KiB"), (1_536, "1.5 KiB"),
        (1024**2 - 1, "1.0 MiB"), (1024**2, "1.0 MiB"), (32_715_571, "31.2 MiB"),
        (1024**3, "1.0 GiB"), (5 * 1024**4, "5.0 TiB"), (2**63 - 1, "8,192.0 PiB"),
        (-1_536, "-1.5 KiB"),
    ],
)  # fmt: skip
def test_sizes_are_said_as_a_person_says_them(count, said):
    assert human_size(count) == said


def test_a_few_of_many_are_listed_with_the_number_of_the_rest():
    assert some_of([]) == "none"
    assert some_of(iter("abc")) == "a, b, c"
    assert some_of(map(str, range(5_000)), most=2) == f"0, 1 {ELLIPSIS} and 4,998 more"
    assert some_of(["\x1b[2J"]) == "\\u{1b}[2J"


def test_the_nearest_choice_is_suggested():
    assert nearest("lastest", ["latest", "v1"]) == "did you mean 'latest'? there are: latest, v1"
    assert nearest("xyz", ["latest", "v1"]) == "there are: latest, v1"
    assert nearest("xyz", []) == "there are none"
    assert "\x1b" not in nearest("\x1b[2J", ["\x1b[2K"])
    assert len(nearest("x" * 1_000_000, ["x" * 10_000] * 10_000)) < 3_000


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://ghcr.io/v2/", "https://ghcr.io/v2/"),
        ("https://me:hunter2@ghcr.io/v2/", "https://ghcr.io/v2/"),
        ("https://hunter2@ghcr.io:5000/x", "https://ghcr.io:5000/x"),
        ("https://me:hunter2@x@ghcr.io/x", "https://ghcr.io/x"),
        ("http://[::1]:5000/x", "http://[::1]:5000/x"),
        ("https://u:hunter2@[::1]:5000/x", "https://[::1]:5000/x"),
        ("/v2/x/tags/list?n=5&last=b", "/v2/x/tags/list?n=5&last=b"),
        ("/v2/x/blobs/uploads/1?_state=hunter2&digest=sha256:a",
         "/v2/x/blobs/uploads/1?_state=…&digest=sha256:a"),
        ("https://s3.example/x?X-Amz-Signature=hunter2&X-Amz-Date=1",
         "https://s3.example/x?X-Amz-Signature=…&X-Amz-Date=…"),
        ("https://auth.example/token?service=s&scope=a:b:pull&refresh_token=hunter2",
         "https://auth.example/token?service=s&scope=a:b:pull&refresh_token=…"),
        ("https://a/x?sig=a=hunter2=", "https://a/x?sig=…"),
        ("https://a/x?hunter2", "https://a/x?…"),
        ("https://a/x?hunter2&n=1", "https://a/x?…&n=1"),
        ("https://a/x#hunter2", "https://a/x"),
        ("http://me:hunter2@[::1", "[::1"),
        ("http://me:hunter2@[x]/?sig=hunter2", "[x]/"),
        ("", ""),
        ("ghcr.io/o/r:t", "ghcr.io/o/r:t"),
        ("https://a/\x1b[2J", "https://a/\\u{1b}[2J"),
    ],
)  # fmt: skip
def test_urls_are_shown_without_users_and_with_the_query_of_the_spec_only(url, shown):
    """K-20."""
    assert redacted_url(url) == shown
    assert "hunter2" not in redacted_url(url)


@settings(deadline=None)
@given(st.text(max_size=40) | st.text(alphabet="ht:/?#[]@&=%\\.a1", max_size=40))
def test_any_text_is_redacted_without_an_error_and_bounded(text):
    """K-20."""
    for url in (text, f"https://{text}", f"https://me:hunter2@host/{text}"):
        assert redacted_url(url) == visible(redacted_url(url))
        assert "hunter2" not in redacted_url(url)
    assert len(redacted_url(text * 10_000)) < 12_000


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("NAME_UNKNOWN", "NAME_UNKNOWN"), ("A" * 64, "A" * 64), ("A" * 65, ""), ("", ""),
        ("lower", ""), ("A B", ""), ("A\n", ""), ("А", ""), ("A1", ""), ("<X>", ""),
    ],
)  # fmt: skip
def test_a_code_is_kept_only_when_it_looks_like_one(text, kept):
    """§1.4."""
    assert slug(text) == kept


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("me:hunter2@ghcr.io/x:v1", "…@ghcr.io/x:v1"),
        ("me:hunter2@ghcr.io", "…@ghcr.io"),
        ("me:hunt/er2@localhost:5000/x", "…@localhost:5000/x"),
        ("https://me:hunter2/#?@ghcr.io/x", "https://…@ghcr.io/x"),
        ("https:/me:hun@ter2@ghcr.io", "https:/…@ghcr.io"),
        ("//me:hunter2@ghcr.io", "//…@ghcr.io"),
        ("me:hunter2@ghcr.io/x@sha256:00", "…@ghcr.io/x@sha256:00"),
        ("app:v1@sha256:00", "app:v1@sha256:00"),
        ("r.io:5000/app:v1@SHA512:0", "r.io:5000/app:v1@SHA512:0"),
        ("app@latest", "app@latest"),
        ("ghcr.io/x", "ghcr.io/x"),
        ("", ""),
    ],
)  # fmt: skip
def test_a_user_and_a_password_before_a_host_are_left_out(typed: str, shown: str):
    """K-20: people paste them."""
    assert without_user(typed) == shown


def test_paths_are_told_from_home_on(monkeypatch, tmp_path):
    """K-21: notebooks are published."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert short_path(tmp_path / "a" / "b") == os.path.join("~", "a", "b")
    assert short_path(tmp_path) == "~"
    assert short_path(f"{tmp_path}-not") == f"{tmp_path}-not"
    assert short_path("a/b\n") == "a/b\\u{a}"
