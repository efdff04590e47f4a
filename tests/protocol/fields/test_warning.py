"""What a registry warns of: one form and no other, within bounds (C42, K-31)."""

from __future__ import annotations

import pytest

from ocinb.protocol.fields.warning import HEADER_LIMIT, warnings


@pytest.mark.parametrize(
    ("header", "texts"),
    [
        ('299 - "This repository moves."', ["This repository moves."]),
        (r'299 - "say \"please\" and C:\\path"', ['say "please" and C:\\path']),
        ('299 - "one", 299 - "two"', ["one", "two"]),
        ('299 - "one",,\t299 - "two" ,', ["one", "two"]),
        ('299 - "a, 299 - b"', ["a, 299 - b"]),
        ('  299 - "x"  ', ["x"]),
        ('299 - "again", 299 - "again"', ["again"]),
        ('299 - "caf\xe9"', ["caf\xe9"]),
        ('299 - "\x9b31m\u202e"', ["\\u{9b}31m\\u{202e}"]),
    ],
)
def test_the_text_is_what_stands_between_the_quotes(header, texts):
    assert warnings([header]) == tuple(texts)


@pytest.mark.parametrize(
    "header",
    [
        "",
        "deprecated",
        '199 - "x"',
        '214 - "x"',
        '2990 - "x"',
        '299 registry.example "x"',
        '299  - "x"',
        "299 - x",
        '299 - "x',
        '299 - "x\\"',
        '299 - ""',
        '299 - "  "',
        '299 - "a\x1b[2J"',
        '299 - "a\nb"',
        '299 - "a\\\x00"',
        '299 - "x" "Tue, 15 Nov 1994 08:12:31 GMT"',
        '299 - "x" and more',
        '299 - "x"y',
        '٢٩٩ - "x"',
    ],
)
def test_any_other_form_says_nothing(header):
    assert warnings([header]) == ()


def test_what_follows_something_odd_is_not_believed():
    assert warnings(['299 - "one", oops, 299 - "two"', '299 - "three"']) == ("one", "three")


def test_all_headers_of_an_answer_together_have_a_bound():
    half = f'299 - "{"x" * (HEADER_LIMIT // 2)}"'
    found = warnings([half, half.replace("x", "y"), '299 - "short"'])
    assert [text[0] for text in found] == ["x"]
    assert warnings([f'299 - "{"x" * 1_000_000}"']) == ()
