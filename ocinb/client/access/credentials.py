"""Who is asking: a name with a password, or a token. Blank credentials are none."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from ocinb.client.secret import NOTHING, Secret
from ocinb.drawable import Drawable
from ocinb.errors import InvalidReference
from ocinb.text import visible

HUB = "docker.io"
_HUB_HOSTS = {"index.docker.io", "registry-1.docker.io", HUB}


# A token stands in a header as it is; the others are encoded before, as UTF-8.
TOKEN = re.compile(r"[!-~]*", re.ASCII)
_TEXT = re.compile(r"[^\ud800-\udfff]*")
_SENDABLE = {"password": _TEXT, "token": TOKEN, "identity": _TEXT}


class CredentialsWarning(UserWarning):
    """A file, a helper or a variable with credentials could not be used as it is."""


@dataclass(frozen=True)
class Credentials(Drawable):
    """A user name with a password, or a token, and the `source` they come from.

    `token` goes to the registry as it is; `identity` is exchanged for tokens where the registry's
    challenge says.
    """

    username: str = ""
    password: Secret = NOTHING
    token: Secret = NOTHING
    identity: Secret = NOTHING
    source: str = ""

    def __post_init__(self) -> None:
        for name in ("password", "token", "identity"):
            value = getattr(self, name)
            if not isinstance(value, Secret):
                object.__setattr__(self, name, Secret(value or ""))
        if ":" in self.username:
            raise InvalidReference(self.username, "user name", "it cannot hold a colon")
        for name, sendable in _SENDABLE.items():
            if not sendable.fullmatch(getattr(self, name).reveal()):
                rule = "it has characters that cannot be sent, such as a line end"
                raise InvalidReference("(hidden)", name, rule)

    def __bool__(self) -> bool:
        return bool((self.username and self.password) or self.token or self.identity)

    def basic(self) -> Secret | None:
        """The value of a Basic `Authorization`, if there are name and password."""
        if not (self.username and self.password):
            return None
        pair = base64.b64encode(f"{self.username}:{self.password.reveal()}".encode())
        return Secret(f"Basic {pair.decode()}")

    def __repr__(self) -> str:
        kinds = [kind for kind in ("password", "token", "identity") if getattr(self, kind)]
        who = visible(self.username, 64) or "somebody"
        where = visible(self.source, 80)
        return f"<Credentials of {who} ({', '.join(kinds) or 'none'}) from {where}>"


Lookup: TypeAlias = Callable[[str], Credentials | None]


def canonical(key: str) -> str:
    """A registry's name as a key: no scheme, no API path, docker.io's aliases made one (A-18)."""
    name = re.sub(r"^https?://", "", key.strip(), flags=re.IGNORECASE).rstrip("/")
    name = re.sub(r"/v[12]$", "", name)
    host, slash, path = name.partition("/")
    host = HUB if host.lower() in _HUB_HOSTS else host.lower()
    return f"{host}{slash}{path}"
