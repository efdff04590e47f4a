"""How far an upload has come, in every form there is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocinb.protocol.fields.ranges import format_content_range, parse_range_header

BYTES = st.integers(min_value=0, max_value=2**50)


def test_C18_a_content_range_has_neither_unit_nor_total():
    assert format_content_range(0, 99) == "0-99"
    assert format_content_range(100, 100) == "100-100"


@pytest.mark.parametrize(("start", "end"), [(-1, 5), (5, 4), (0, -1)])
def test_C18_no_bytes_have_no_content_range(start, end):
    with pytest.raises(ValueError, match="no bytes"):
        format_content_range(start, end)


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("0-99", 100),
        ("bytes=0-99", 100),
        ("bytes 0-99/200", 100),
        ("0-99/100", 100),
        ("0-99/*", 100),
        ("0--1", 0),
        ("0-0", 1),
        (" 0-99 ", 100),
        ("100-199", 200),
    ],
)
def test_U7_every_form_that_registries_use_is_read(text, count):
    """F-U9."""
    assert parse_range_header(text) == count


@pytest.mark.parametrize(
    "text",
    ["", "0", "-", "0-", "-99", "99-0", "5--1", "0--2", "a-b", "0-9x", "0-9, 0-9", "٠-٩", "0-99\n",
     "bytes", "bytes=", "0x0-0x9", "1e3-1e4", "0-" + "9" * 40, "octets=0-99", "0-9/", "0-9/-1"],
)  # fmt: skip
def test_U7_what_is_no_range_tells_nothing(text):
    assert parse_range_header(text) is None


@given(BYTES, BYTES)
def test_what_is_written_is_read(start, length):
    assert parse_range_header(format_content_range(start, start + length)) == start + length + 1


@given(st.text(alphabet="0123456789-=/*bytes \n٣", max_size=40) | st.text())
def test_no_text_is_too_much_and_no_count_is_negative(text):
    count = parse_range_header(text)
    assert count is None or 0 <= count <= 10**18
