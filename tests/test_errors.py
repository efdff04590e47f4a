"""Errors: whose fault it is, what to do next, and nothing hostile or secret in them."""

from __future__ import annotations

import copy
import inspect
import pickle
import traceback

import pytest

from ocinb import errors
from ocinb.drawable import Drawable
from ocinb.errors import (
    AuthenticationError,
    Cancelled,
    DigestMismatch,
    InvalidContent,
    InvalidReference,
    NotFound,
    NotSupported,
    OcinbError,
    RateLimited,
    RegistryError,
    TransferError,
    TruncatedBody,
)

CLASSES = [
    kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, OcinbError)
]
HOSTILE = "\x1b[2J\u202e\ud800<script>" + "x" * 100_000


def example(kind: type[OcinbError], text: str = "why", hints: tuple[str, ...] = ("try",)):
    """One of each, with `text` in every place that a stranger may fill."""
    if issubclass(kind, InvalidReference):
        return kind(text, "tag", "it is odd", hints=hints)
    if issubclass(kind, DigestMismatch):
        return kind("sha256:a", "sha256:b", source=text, hints=hints)
    if issubclass(kind, RegistryError):
        url = f"https://me:hunter2@host/{text}?sig=hunter2"
        return kind(418, "TEA_POT", text, method="GET", url=url, hints=hints)
    if issubclass(kind, TransferError):
        return kind(text, method="GET", url=f"https://me:hunter2@host/x?{text}", hints=hints)
    return kind(text, hints=hints)


def test_the_tree_in_the_docstring_names_every_class():
    assert errors.__doc__
    drawn = {
        line.split()[1]
        for line in errors.__doc__.splitlines()
        if line.strip()[:1] in ("*", "·", "x")
    }
    assert drawn == {kind.__name__ for kind in CLASSES}


@pytest.mark.parametrize("kind", CLASSES)
def test_every_error_is_ours_and_says_what_to_do_next(kind):
    error = example(kind)
    assert kind.__doc__
    error.hint("try again")
    assert error.hints == ("try", "try again")
    assert error.__notes__ == ["Hint: try", "Hint: try again"]
    assert "Hint: try again" in "".join(traceback.format_exception(error))
    with pytest.raises(OcinbError):
        raise error


@pytest.mark.parametrize("kind", CLASSES)
def test_every_error_crosses_process_boundaries_whole(kind):
    error = example(kind)
    error.add_note("a note of somebody else")
    for twin in (pickle.loads(pickle.dumps(error)), copy.copy(error), copy.deepcopy(error)):
        assert type(twin) is kind
        assert (str(twin), twin.args) == (str(error), error.args)
        assert vars(twin) == vars(error)
        assert twin.hints == ("try",)
        assert twin.__notes__ == ["Hint: try", "a note of somebody else"]


@pytest.mark.parametrize("kind", CLASSES)
def test_what_strangers_say_is_visible_and_bounded_in_every_message(kind):
    """K-18, K-20; issue: hostile text in every field of every value."""
    error = example(kind, HOSTILE, hints=(HOSTILE,))
    for text in (str(error), *error.hints, *error.__notes__):
        assert len(text) < 2_500
        assert text.replace("\n", "").isprintable()
        text.encode("utf-8")
    told = "".join(traceback.format_exception(error)) + repr(error)
    assert "\x1b" not in told
    assert "hunter2" not in told


def test_lines_of_a_message_stay_lines():
    assert str(InvalidContent("one\ntwo")) == "one\ntwo"


def test_an_error_without_hints_has_no_notes():
    assert Cancelled("stop").hints == ()
    assert not hasattr(Cancelled("stop"), "__notes__")


def test_a_reference_error_names_part_and_rule():
    error = InvalidReference("a\nb", "tag", "it is odd")
    assert str(error) == "'a\\u{a}b' is not a valid tag: it is odd"
    assert (error.text, error.part, error.rule) == ("a\\u{a}b", "tag", "it is odd")


@pytest.mark.parametrize("kind", [InvalidReference, InvalidContent])
def test_wrong_values_are_value_errors(kind):
    assert isinstance(example(kind), ValueError)


def test_a_mismatch_names_both_digests_and_where_the_bytes_came_from():
    assert str(DigestMismatch("sha256:a", "sha256:b", source="https://host/x")) == (
        "asked for sha256:a, but what came from https://host/x is sha256:b"
    )
    assert str(DigestMismatch("sha256:a", "sha256:b")) == (
        "asked for sha256:a, but what came is sha256:b"
    )


def test_a_registry_error_says_what_was_asked_and_what_was_said():
    error = NotFound(404, "NAME_UNKNOWN", "no such repository", method="GET", url="/v2/x/")
    assert str(error) == (
        "the registry has no such thing — GET /v2/x/ — 404 NAME_UNKNOWN: no such repository"
    )
    assert (error.status, error.code, error.message) == (404, "NAME_UNKNOWN", "no such repository")
    assert str(NotFound(404)) == "the registry has no such thing — 404"
    assert str(AuthenticationError(None, message="no token")) == (
        "the registry does not know who is asking — no token"
    )


def test_a_code_that_is_none_is_left_out():
    """§1.4."""
    assert RegistryError(400, "<script>", "m").code == ""


def test_a_transfer_error_says_what_was_asked():
    assert str(TransferError("it broke", method="PUT", url="/x")) == "PUT /x: it broke"
    assert str(TransferError("it broke")) == "it broke"


def test_some_errors_know_numbers():
    assert RateLimited(429).retry_after is None
    assert RateLimited(429, retry_after=30).retry_after == 30
    assert RegistryError(None).status is None
    error = TruncatedBody("short")
    assert (error.received, error.expected) == (0, None)
    error = TruncatedBody("short", received=5, expected=9)
    assert (error.received, error.expected) == (5, 9)


def test_whose_fault_it_is_is_the_class():
    for kind in CLASSES:
        ours = issubclass(kind, (InvalidReference, InvalidContent, DigestMismatch, NotSupported))
        assert ours + issubclass(kind, (RegistryError, TransferError)) <= 1


def test_an_error_draws_nothing_until_somebody_plugs_a_face_in(monkeypatch):
    class Printer:
        def __init__(self) -> None:
            self.shown: list[str] = []
            self.stack = [0]

        def text(self, text: str) -> None:
            self.shown.append(text)

    monkeypatch.setattr(Drawable, "faces", None)
    error, printer = example(NotFound), Printer()
    assert error._repr_html_() is None
    error._repr_pretty_(printer, cycle=False)
    assert printer.shown == [repr(error)]
    for draw in (error.to_frame, error.records):
        with pytest.raises(RuntimeError, match="import ocinb first"):
            draw()
