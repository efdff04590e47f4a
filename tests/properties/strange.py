"""Input as strangers may send it, the same on every run, and how to hold a parser against it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias, TypeVar

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ocinb.errors import OcinbError
from tests.display.reader import is_harmless

T = TypeVar("T")
Test: TypeAlias = Callable[..., None]

ANY_TEXT = st.text(st.characters(), max_size=60)  # lone surrogates, too
ODD = [
    "\0", "\x1b[2J", "\x9b31m", "\r\n", "\t", "\u202e", "\u200b", "\ufeff", "\ud800", "é", "①", "٣",
    "a\u0301" * 12, "\U000e0041", "\u2028", "<script>", "'\"&<>", "\\", "%2e%2e", "../",
]  # fmt: skip


def for_all(*strategies: st.SearchStrategy[Any], examples: int = 70) -> Callable[[Test], Test]:
    """Run a test for many values; always the same ones, and however long each takes."""

    def decorate(test: Test) -> Test:
        how = settings(
            max_examples=examples,
            derandomize=True,
            deadline=None,
            database=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
        )
        return how(given(*strategies)(test))

    return decorate


def made_of(*pieces: str, most: int = 12) -> st.SearchStrategy[str]:
    """Texts put together from `pieces` of a grammar, with something odd here and there."""
    piece = st.sampled_from([*pieces, *pieces, *pieces, *ODD]) | st.text(max_size=3)
    return st.lists(piece, max_size=most).map("".join) | ANY_TEXT


def value_or_refusal(read: Callable[[], T], *errors: type[OcinbError]) -> T | None:
    """What `read` gives; None when it raises one of `errors`, in words that can be shown."""
    try:
        return read()
    except errors as refused:
        said = str(refused)
    assert is_harmless(said)
    return None


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**64), 2**64)
    | st.floats(allow_nan=False, allow_infinity=False)
    | ANY_TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(ANY_TEXT, inner, max_size=4),
    max_leaves=12,
)


def changed(document: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    """`document` with some of its members, at any depth, replaced by any JSON or left out."""
    members = {name: _member(value) for name, value in document.items()}
    return st.fixed_dictionaries({}, optional=members)


def _member(value: Any) -> st.SearchStrategy[Any]:
    kept = st.just(value)
    if isinstance(value, dict):
        kept = kept | changed(value)
    if isinstance(value, list) and value:
        kept = kept | st.lists(_member(value[0]), max_size=3)
    return st.one_of(kept, kept, kept, JSON)
