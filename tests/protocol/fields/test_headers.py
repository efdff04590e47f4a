"""Headers: names without regard to case, lengths one can believe, and no secret shown (K-20)."""

from __future__ import annotations

import pytest

from ocinb.protocol.fields.headers import HIDDEN, Headers, shown_headers


def test_header_names_have_no_case_and_repeated_ones_are_kept():
    headers = Headers([("Link", "<a>"), ("X", "1"), ("LINK", "<b>")])
    assert headers["link"] == "<a>, <b>"
    assert headers.get_all("Link") == ["<a>", "<b>"]
    assert headers.get_all("absent") == []
    assert headers.get("absent") is None
    assert "lInK" in headers
    assert "absent" not in headers
    assert (list(headers), len(headers)) == (["link", "x"], 2)
    assert headers.pairs() == (("Link", "<a>"), ("X", "1"), ("LINK", "<b>"))
    with pytest.raises(KeyError):
        headers["absent"]


def test_headers_are_made_of_mappings_pairs_or_headers():
    made = Headers({"A": "1"})
    assert made == Headers([("a", "1")]) == Headers(made) == {"a": "1"}
    assert Headers() == {}


def test_headers_never_show_their_values():
    """K-20."""
    assert repr(Headers({"Authorization": "hunter2"})) == "Headers(authorization)"


def test_headers_with_others_set_or_removed_are_new_ones():
    headers = Headers([("Accept", "x"), ("content-type", "a"), ("Content-Type", "b")])
    assert headers.having(Content_Type="c").pairs() == (("Accept", "x"), ("Content-Type", "c"))
    assert headers.having(Accept=None, New="1").get_all("content-type") == ["a", "b"]
    assert "accept" not in headers.having(Accept=None)
    assert headers["accept"] == "x"


@pytest.mark.parametrize(
    ("said", "length"),
    [
        ("0", 0), ("12", 12), (" 12 ", 12), ("", None), ("-1", None), ("+1", None), ("1_0", None),
        ("1e3", None), ("٣", None), ("9" * 19, int("9" * 19)), ("9" * 20, None), ("12, 12", None),
    ],
)  # fmt: skip
def test_a_length_is_a_number_one_can_believe_or_none(said, length):
    assert Headers({"Content-Length": said}).content_length() == length
    assert Headers().content_length() is None


def test_their_names_are_shown_visibly_and_bounded():
    """K-18."""
    assert repr(Headers({"\u202e": ""})) == "Headers(\\u{202e})"
    assert len(repr(Headers({f"X-{n}": "" for n in range(1_000)}))) < 600


def test_only_headers_known_to_be_harmless_show_their_value():
    """K-20: an allow-list, since nobody knows all names of secrets."""
    secret = ["Authorization", "Cookie", "Set-Cookie", "Location", "WWW-Authenticate", "X-Token"]
    harmless = {"Content-Type": "a/b", "DOCKER-CONTENT-DIGEST": "sha256:x", "Retry-After": "5"}
    shown = shown_headers(Headers([*((name, "hunter2") for name in secret), *harmless.items()]))
    assert shown.pairs() == (*((name, HIDDEN) for name in secret), *harmless.items())


def test_what_is_shown_is_visible_and_bounded_and_repeated_headers_stay_apart():
    """K-18."""
    said = [("Warning", "\x1b[2J"), ("warning", "x" * 10_000), ("X-\x1b", "1")]
    shown = shown_headers(Headers(said))
    assert shown.get_all("Warning")[0] == "\\u{1b}[2J"
    assert len(shown.get_all("Warning")[1]) < 600
    assert shown.pairs()[2] == ("X-\\u{1b}", HIDDEN)
