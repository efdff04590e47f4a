"""How errors look: whose fault it is, what was asked, what was answered, what to do next."""

from __future__ import annotations

from typing import Any

from ocinb import errors
from ocinb.display import frames
from ocinb.display.frames import Rows, rows
from ocinb.display.parts import code, digest, dim, listed
from ocinb.display.view import Block, Cell, Facts, Say, View, Word, view

# The nearest class decides; `RegistryError` says in `whose` what kind of no it was.
WHOSE: dict[type[errors.OcinbError], str] = {
    errors.OcinbError: "something is wrong",
    errors.InvalidReference: "what was asked for cannot be",
    errors.InvalidContent: "the content is not what it claims to be",
    errors.DigestMismatch: "the content is not what its name says",
    errors.NotSupported: "this is not on offer",
    errors.DiskFull: "there is no room left on the disk",
    errors.Cancelled: "somebody asked for it to stop",
    errors.TransferError: "no whole answer arrived",
    errors.Unreachable: "there is no way to the registry",
    errors.UntrustedServer: "the server cannot prove who it is",
    errors.TruncatedBody: "the answer ended too early",
}


def whose(error: errors.OcinbError) -> str:
    """Whose fault it is, in a few words."""
    if isinstance(error, errors.RegistryError):
        return error.whose
    return next(WHOSE[kind] for kind in type(error).__mro__ if kind in WHOSE)


@view.register
def _error(value: errors.OcinbError) -> View:
    glyph = "■" if isinstance(value, errors.Cancelled) else "✗"
    head = (Word(f"{glyph} {whose(value)}", tone="bad"),)
    hints: tuple[Block, ...] = tuple(Say((dim("→"), Word(hint))) for hint in value.hints)
    return View(type(value).__name__, head, "", (*_told(value), *hints))


@rows.register
def _error_rows(value: errors.OcinbError) -> Rows:
    row: dict[str, Any] = {
        "error": type(value).__name__,
        "message": str(value),
        "hints": "\n".join(value.hints),
        **{name: getattr(value, name, None) for name in ("status", "code", "method", "url")},
    }
    return Rows(frames.ERROR, [row])


def _told(error: errors.OcinbError) -> tuple[Block, ...]:
    match error:
        case errors.RegistryError():
            pairs: list[tuple[Cell, Cell]] = [
                ("asked", _asked(error)),
                ("answer", listed([str(said) for said in (error.status, error.code) if said])),
                ("in its words", Word(error.message) if error.message else ""),
                ("try again", _again(error)),
            ]
        case errors.TransferError():
            pairs = [
                ("asked", _asked(error)),
                ("what happened", Word(_reason(error))),
                *_cut(error),
            ]
        case errors.DigestMismatch():
            pairs = [
                ("asked for", digest(error.expected)),
                ("came", digest(error.actual)),
                ("from", code(error.source) if error.source else ""),
            ]
        case errors.InvalidReference():
            pairs = [(error.part, code(error.text)), ("rule", Word(error.rule))]
        case _:
            return (Say(Word(str(error))),) if str(error) else ()
    return (Facts(pairs),)


def _asked(error: errors.RegistryError | errors.TransferError) -> Cell:
    return code(f"{error.method} {error.url}".strip()) if error.url else ""


def _reason(error: errors.TransferError) -> str:
    return str(error).removeprefix(f"{error.method} {error.url}: ")


def _again(error: errors.RegistryError) -> Cell:
    if not isinstance(error, errors.RateLimited) or error.retry_after is None:
        return ""
    return f"in {error.retry_after:g} seconds, it says"


def _cut(error: errors.TransferError) -> list[tuple[Cell, Cell]]:
    if not isinstance(error, errors.TruncatedBody) or error.expected is None:
        return []
    return [("received", f"{error.received:,} of {error.expected:,} bytes")]
