"""Events are redacted where they are made (K-20)."""

from __future__ import annotations

from ocinb.protocol.events import HIDDEN, shown_headers
from ocinb.protocol.messages import Headers


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
