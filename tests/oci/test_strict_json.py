"""JSON from strangers (K-8): everything that two parsers could read differently is refused."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocinb.errors import InvalidContent
from ocinb.oci.strict_json import DEEPEST, KNOWN_NAMES, MANIFEST_LIMIT, parse, parse_object


def nested(depth: int) -> bytes:
    return b"[" * depth + b"]" * depth


BAD = {
    "nothing": b"",
    "only space": b" \n",
    "not JSON": b"<html>",
    "trailing bytes": b"{} x",
    "two documents": b"{}{}",
    "trailing comma": b'{"a":1,}',
    "comment": b"{} // no",
    "single quotes": b"{'a':1}",
    "cut off": b'{"a":',
    "cut off in a string": b'{"a":"',
    "cut off in an escape": b'{"a":"\\',
    "raw control character": b'{"a":"\n"}',
    "a name twice": b'{"a":1,"a":2}',
    "a name twice, deep": b'{"x":[{"a":1,"a":1}]}',
    "a name twice, escaped": b'{"a":1,"\\u0061":2}',
    "a known name in two cases": b'{"layers":[],"Layers":[]}',
    "a known name in two other cases": b'{"LAYERS":[],"Layers":[]}',
    "a known name with a long s": '{"size":1,"\u017fize":2}'.encode(),
    "NaN": b'{"a":NaN}',
    "Infinity": b"[Infinity]",
    "minus Infinity": b"[-Infinity]",
    "a float too large": b"[1e999]",
    "a float too small": b"[-1e999]",
    "an integer too large": b"[9223372036854775808]",
    "an integer too small": b"[-9223372036854775809]",
    "5,000 digits": b"9" * 5_000,
    "a leading zero": b"[01]",
    "a plus sign": b"[+1]",
    "hex": b"[0x1]",
    "half a character": b'["\\ud800"]',
    "the other half": b'["\\udc00"]',
    "halves the wrong way round": b'["\\udc00\\ud800"]',
    "half a character in a name": b'{"\\uD83d":1}',
    "half a character in UTF-8": b'["\xed\xa0\x80"]',
    "BOM": b"\xef\xbb\xbf{}",
    "UTF-16": "{}".encode("utf-16"),
    "UTF-16 without BOM": "{}".encode("utf-16-le"),
    "UTF-32": "{}".encode("utf-32"),
    "latin-1": '{"a":"é"}'.encode("latin-1"),
    "overlong UTF-8": b'["\xc0\xaf"]',
    "NUL": b"\0",
    "one level too deep": nested(DEEPEST + 1),
    "100,000 deep": b"[" * 100_000,
    "100,000 deep in objects": b'{"a":' * 100_000,
    "deep behind a string with brackets": b'["]]]]",' + nested(DEEPEST) + b"]",
    "deep behind an escaped quote": b'["\\"",' + nested(DEEPEST) + b"]",
    "deep behind closing brackets": b"]" * 1_000 + b"[" * 1_060,
    "more than half a million brackets": b"[" + b"[]," * 500_000 + b"[]]",
}


@pytest.mark.parametrize("raw", BAD.values(), ids=BAD)
def test_bad_input_is_one_kind_of_error_and_a_short_one(raw):
    """K-8; F-M5: never RecursionError, MemoryError or a plain ValueError."""
    with pytest.raises(InvalidContent, match=r"^the thing\b") as refused:
        parse(raw, "the thing")
    assert type(refused.value) is InvalidContent
    assert len(str(refused.value)) < 300
    assert refused.value.__cause__ is None


@pytest.mark.parametrize("name", ["a name twice", "NaN", "5,000 digits", "100,000 deep", "BOM"])
def test_bad_input_is_refused_from_deep_in_the_stack_too(name):
    """K-8: the decoder's own limit depends on the caller's stack."""

    def deeper(count: int) -> None:
        if count:
            return deeper(count - 1)
        with pytest.raises(InvalidContent):
            parse(BAD[name], "the thing")
        return None

    deeper(300)


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        (b"{}", {}),
        (b' {"a" : [1, 2.5, true, null, "x"]}\n', {"a": [1, 2.5, True, None, "x"]}),
        (b"[9223372036854775807, -9223372036854775807, -0]", [2**63 - 1, 1 - 2**63, 0]),
        (b'["\\ud83d\\ude00"]', ["\U0001f600"]),
        (b'["\\\\ud800"]', ["\\ud800"]),
        (b'{"a":1,"A":2}', {"a": 1, "A": 2}),
        (b'{"Layers":1}', {"Layers": 1}),
        (b'["[[[[", "\\"]{{{"]', ["[[[[", '"]{{{']),
        (b'["' + b"[" * 1_000 + b'"]', ["[" * 1_000]),
    ],
)
def test_good_input_is_read_as_it_stands(raw, value):
    assert parse(raw, "the thing") == value


def test_64_levels_are_read():
    value = parse(nested(DEEPEST), "the thing")
    for _ in range(DEEPEST - 1):
        (value,) = value
    assert value == []


def test_a_document_may_be_as_long_as_its_limit_and_not_longer():
    """K-7, M-4."""
    raw = b'"' + b"x" * (MANIFEST_LIMIT - 2) + b'"'
    assert len(parse(raw, "the thing")) == MANIFEST_LIMIT - 2
    with pytest.raises(InvalidContent, match="4,194,304"):
        parse(raw + b" ", "the thing")
    with pytest.raises(InvalidContent, match="at most 3"):
        parse(b"1234", "the thing", limit=3)


@pytest.mark.parametrize(
    ("raw", "called"),
    [
        (b"[]", "list"), (b'"x"', "string"), (b"1", "number"), (b"1.5", "number"),
        (b"true", "boolean"), (b"null", "null"),
    ],
)  # fmt: skip
def test_where_an_object_is_needed_nothing_else_will_do(raw, called):
    assert parse_object(b"{}", "the thing") == {}
    with pytest.raises(InvalidContent, match=f"the thing is a JSON {called}, not an object"):
        parse_object(raw, "the thing")


NAMES = st.text(max_size=8).filter(lambda name: name.casefold() not in KNOWN_NAMES)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(1 - 2**63, 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(NAMES, inner, max_size=5),
    max_leaves=30,
)


@given(VALUES, st.booleans(), st.sampled_from([None, 1]))
def test_whatever_json_writes_is_read_back_equal(value, ascii_only, indent):
    raw = json.dumps(value, ensure_ascii=ascii_only, indent=indent).encode()
    assert parse(raw, "the thing") == value


@given(st.binary(max_size=40) | st.text(alphabet='{}[]",:\\udDb019.eE-+ntf', max_size=40))
def test_any_bytes_are_a_value_or_refused(content):
    raw = content if isinstance(content, bytes) else content.encode()
    try:
        value = parse(raw, "the thing")
    except InvalidContent:
        return
    assert json.loads(raw) == value


@pytest.mark.parametrize(
    "unit", [b'"', b"\\", b'"\\', b'\\"', b"[", b'["', b'{"a":', b"\\u", b"[],"]
)
def test_no_document_takes_longer_than_its_length(unit):
    """F-M5; 1 MiB of it, with room for a busy machine."""
    raw = unit * (1024 * 1024 // len(unit))
    started = time.perf_counter()
    with pytest.raises(InvalidContent):
        parse(raw, "the thing")
    assert time.perf_counter() - started < 2
