"""Names as people type them: checked before anything is sent, and with what to write instead."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from ocinb.errors import InvalidReference
from ocinb.oci.reference import (
    Reference,
    canonical_registry,
    check_host,
    check_repository,
    identifier,
    is_loopback,
)

LOCAL = "local"  # what an embedded registry is called in references


def the_registry(where: str) -> str:
    """`where` as a registry's name; an error for something longer says what to write instead."""
    try:
        return canonical_registry(where)
    except InvalidReference as error:
        for better in _meant(where):
            error.hint(f"write {better}")
        raise


def _meant(where: str) -> Iterator[str]:
    """The expression for what has a scheme or a path, if it makes sense without."""
    scheme, _, rest = where.rpartition("://")
    host, _, path = rest.strip("/").partition("/")
    with suppress(InvalidReference):
        plain = scheme == "http" and not is_loopback(check_host(host))
        made = f"ocinb.Registry({check_host(host)!r}{spelled(plain_http=plain or None)})"
        yield f"{made}[{check_repository(path)!r}]" if path else made


def spelled(**options: object) -> str:
    """Options as they stand in a call, after other arguments; None is left out."""
    given = {name: option for name, option in options.items() if option is not None}
    paths = {name: os.fspath(path) for name, path in given.items() if isinstance(path, os.PathLike)}
    return "".join(f", {name}={option!r}" for name, option in {**given, **paths}.items())


def the_identifier(reference: object) -> str:
    """`reference` when it is a tag, or as a `Digest`."""
    if isinstance(reference, str):
        return identifier(reference)
    raise InvalidReference(
        reference, "tag or digest", f"it is {type(reference).__name__}, not text"
    )


def the_repository(name: str) -> Reference:
    """What `name` names, when it names a repository and no more."""
    try:
        reference = Reference.parse(name)
    except InvalidReference as error:
        _hint_at_registry(error, name)
        raise
    bare, identified = _split(name)
    if not identified:
        return reference
    refusal = InvalidReference(name, "repository", "it names a tag or digest")
    _hint_at_registry(refusal, name)
    refusal.hint(f"write ocinb.Repository({bare!r})[{reference.identifier!r}]")
    raise refusal


def _hint_at_registry(error: InvalidReference, name: object) -> None:
    """`localhost:5000` reads as a tag, and `[::1]:5000` as nothing at all."""
    with suppress(InvalidReference):
        if isinstance(name, str) and name.rpartition(":")[2].isdecimal():
            error.hint(f"for the registry there, write ocinb.Registry({check_host(name)!r})")


def within(name: Any, registry: str) -> Any:
    """`name` without the `registry` that it is of, where it begins with that."""
    host, slash, rest = str(name).partition("/")
    with suppress(InvalidReference):
        if slash and canonical_registry(host) == registry:
            return rest
    return name


def the_name(name: object, registry: str) -> str:
    """`name` when it is a repository's within a registry; an error for one with a tag says what to
    write instead, after the Python that makes the `registry`."""
    if not isinstance(name, str):
        raise InvalidReference(name, "repository", f"it is {type(name).__name__}, not text")
    try:
        return check_repository(name)
    except InvalidReference as error:
        bare, identified = _split(name)
        with suppress(InvalidReference):
            if identified:
                error.hint(f"write {registry}[{check_repository(bare)!r}]"
                           f"[{identifier(identified)!r}]")  # fmt: skip
        raise


def the_content(text: str, registry: str) -> tuple[str, str]:
    """The repository within `registry` that `text` names, and the tag or digest in it."""
    bare, identified = _split(within(text, registry))
    if not identified:
        raise InvalidReference(
            text, "reference", "it names no tag or digest", hints=[f"write {f'{text}:latest'!r}"]
        )
    return check_repository(bare), identifier(identified)


def _split(name: str) -> tuple[str, str]:
    """A name without tag and digest, and the one of them that decides."""
    folder, slash, last = name.rpartition("/")
    tagged, _, digest = last.partition("@")
    bare, _, tag = tagged.partition(":")
    return f"{folder}{slash}{bare}", digest or tag
