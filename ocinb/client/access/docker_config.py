"""Credentials from the files of docker and podman, and from the helpers that these name.

A file or helper that cannot be used is named in a warning, and then nobody is asking: never the
credentials of another registry instead.
"""

from __future__ import annotations

import base64
import binascii
import os
import re
import stat
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

from ocinb.client.access.credentials import HUB, Credentials, CredentialsWarning, canonical
from ocinb.client.secret import NOTHING, Secret
from ocinb.errors import InvalidContent, InvalidReference
from ocinb.oci import strict_json
from ocinb.text import short_path, visible

FILE_LIMIT = 1024 * 1024

_HUB_KEY = "https://index.docker.io/v1/"
_HELPER = re.compile(r"[A-Za-z0-9_.-]{1,64}", re.ASCII)
_USED = ("auths", "credHelpers", "credsStore")
_IDENTITY = "<token>"  # the user name that says: the password is an identity token

T = TypeVar("T")


class _Unusable(Exception):
    """Something in a file, or a helper, that is not as it should be: worth a warning."""


def files(variable: Callable[[str], str], home: Path | None = None) -> list[Path]:
    """Where podman and docker keep credentials, in the order they are asked."""
    base = home or Path(variable("HOME") or Path.home())
    config = Path(variable("XDG_CONFIG_HOME") or base / ".config")
    runtime = variable("XDG_RUNTIME_DIR")
    docker = Path(variable("DOCKER_CONFIG") or base / ".docker")
    named = variable("REGISTRY_AUTH_FILE")
    return [
        *([Path(named)] if named else []),
        *([Path(runtime) / "containers" / "auth.json"] if runtime else []),
        config / "containers" / "auth.json",
        docker / "config.json",
    ]


def entries(path: Path, host: str) -> Iterator[tuple[str, Credentials]]:
    """What the file at `path` says about `host` and what is below it, helpers first."""
    document = _or_warning(_read, path) or {}
    found = _or_warning(_from_helpers, document, host, path)
    if found:
        yield host, found
    for key, entry in (_or_warning(_members, document, "auths", path) or {}).items():
        name = canonical(key)
        if name == host or name.startswith(f"{host}/"):  # never the end of a name
            found = _or_warning(_from_entry, entry, key, path)
            yield from [(name, found)] if found else []


def _or_warning(look: Callable[..., T | None], *arguments: Any) -> T | None:
    """What `look` finds; nothing and a warning when it meets something unusable."""
    try:
        return look(*arguments)
    except _Unusable as problem:
        said = str(problem)
    warnings.warn(said, CredentialsWarning, stacklevel=2)
    return None


def _read(path: Path) -> dict[str, Any] | None:
    """What is used of the file at `path`, its secrets hidden."""
    shown = short_path(path)
    try:
        with path.open("rb") as file:
            document = strict_json.parse_object(file.read(FILE_LIMIT + 1), shown, FILE_LIMIT)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise _Unusable(f"{shown} cannot be read: {error.strerror}") from None
    except InvalidContent as error:
        raise _Unusable(str(error)) from None
    used = {name: document[name] for name in _USED if name in document}
    return {**used, "auths": _concealed(document.get("auths", {}))}


def _concealed(value: Any) -> Any:
    """`value` with every text in it as a `Secret`: tracebacks print local variables."""
    if isinstance(value, dict):
        return {name: _concealed(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_concealed(each) for each in value]
    return Secret(value) if isinstance(value, str) else value


def _members(document: dict[str, Any], name: str, path: Path) -> dict[str, Any]:
    members = document.get(name, {})
    if not isinstance(members, dict):
        raise _Unusable(f"{short_path(path)}: {name!r} is not an object")
    return members


def _from_entry(entry: Any, key: str, path: Path) -> Credentials | None:
    """The credentials in one member of `auths`; None when it is blank."""
    shown, name = short_path(path), visible(key, 128)
    if not isinstance(entry, dict):
        raise _Unusable(f"{shown}: the entry for {name!r} is not an object")
    auth = _secret(entry, "auth")
    pair = _decoded(auth) if auth else (_username(entry, "username"), _secret(entry, "password"))
    if pair is None:
        raise _Unusable(f"{shown}: 'auth' for {name!r} is not base64 of name:password")
    username, password = pair
    identity = _secret(entry, "identitytoken") or (password if username == _IDENTITY else NOTHING)
    found = _made(shown, username, password, _secret(entry, "registrytoken"), identity)
    if found:
        _or_warning(_check_mode, path)
    return found or None


def _made(
    source: str, username: str, password: Secret, token: Secret, identity: Secret
) -> Credentials:
    try:
        return Credentials(username, password, token, identity, source)
    except InvalidReference as error:
        raise _Unusable(f"{source}: {error}") from None


def _decoded(auth: Secret) -> tuple[str, Secret] | None:
    """User name and password from base64; line ends in it are ignored, as docker does."""
    try:
        text = auth.reveal().translate({10: None, 13: None})
        pair = base64.b64decode(text, validate=True).decode()
    except (binascii.Error, ValueError):
        return None
    username, colon, password = pair.partition(":")
    return (username, Secret(password.strip("\0"))) if colon else None


def _secret(entry: dict[str, Any], name: str) -> Secret:
    value = entry.get(name)
    return value if isinstance(value, Secret) else NOTHING


def _username(entry: dict[str, Any], name: str) -> str:
    return _secret(entry, name).reveal().partition(":")[0]


def _check_mode(path: Path) -> None:
    if os.name == "posix" and stat.S_IMODE(path.stat().st_mode) & 0o077:
        shown = short_path(path)
        raise _Unusable(f"{shown} holds credentials and others can read it: chmod 600 {shown}")


def _from_helpers(document: dict[str, Any], host: str, path: Path) -> Credentials | None:
    """What the helper for exactly this host has, else the helper for all of them."""
    helpers = _members(document, "credHelpers", path)
    own = [helper for key, helper in helpers.items() if canonical(key) == host]
    name = own[0] if own else document.get("credsStore") or None
    return None if name is None else _from_helper(name, host, path)


def _from_helper(name: Any, host: str, path: Path) -> Credentials | None:
    """What `docker-credential-<name>` has for `host` (K-22)."""
    shown = short_path(path)
    if not isinstance(name, str) or not _HELPER.fullmatch(name):
        raise _Unusable(f"{shown}: {visible(name, 80)!r} cannot be a credential helper's name")
    from ocinb.client.access import helper_program  # noqa: PLC0415  # most files name none

    program = helper_program.found(f"docker-credential-{name}")
    if program is None:
        raise _Unusable(f"{shown} asks for docker-credential-{name}, which is not installed")
    for key in [_HUB_KEY, HUB] if host == HUB else [host]:
        said = helper_program.said([program, "get"], key)
        if said is None:
            raise _Unusable(f"docker-credential-{name}, from {shown}, gave no usable answer")
        if found := _from_said(said, f"docker-credential-{name}"):
            return found
    return None


def _from_said(said: bytes, source: str) -> Credentials | None:
    try:
        answer = _concealed(strict_json.parse_object(said, source))
    except InvalidContent:
        return None  # "credentials not found in native keychain"
    username, secret = _username(answer, "Username"), _secret(answer, "Secret")
    if username == _IDENTITY:
        return _made(source, "", NOTHING, NOTHING, secret) or None
    return _made(source, username, secret, NOTHING, NOTHING) or None
