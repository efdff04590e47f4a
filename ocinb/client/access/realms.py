"""Realms: where a challenge sends us for a token, who may be told what there, and how it is asked.

Anybody can name a realm, so the credentials only go to one that plausibly belongs to the registry,
or that the user trusts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple
from urllib.parse import parse_qsl, quote, urlencode

from ocinb.client.access.credentials import Credentials
from ocinb.client.addresses import Origin, kind_of_name, split
from ocinb.client.secret import Secret
from ocinb.errors import AuthenticationError
from ocinb.protocol.fields.challenge import Challenge
from ocinb.protocol.fields.headers import Headers
from ocinb.protocol.fields.links import absolute
from ocinb.protocol.messages import Request
from ocinb.text import visible

TOKEN_LIMIT = 64 * 1024

# Realms that are known to belong to registries under another name.
_REALMS = {
    "registry.hub.docker.com": {"auth.docker.io"},
    "registry.gitlab.com": {"gitlab.com"},
}
# Suffixes under which strangers live side by side: sharing one of these makes no relatives.
_SHARED = frozenset(
    "amazonaws.com azurecr.io azurewebsites.net cloudapp.net cloudfront.net core.windows.net "
    "digitaloceanspaces.com duckdns.org fly.dev gcr.io github.io githubusercontent.com gitlab.io "
    "googleapis.com googleusercontent.com herokuapp.com icr.io jfrog.io netlify.app ngrok.io "
    "ngrok-free.app nip.io on.aws onrender.com oraclecloud.com pages.dev pkg.dev run.app "
    "sslip.io vercel.app workers.dev".split()
)
_REGISTRARS = frozenset("ac co com edu gob gov go gr mil ne net nom or org sch".split())


class Realm(NamedTuple):
    """Where tokens are had, and what to say there."""

    origin: Origin
    url: str
    service: str
    scopes: tuple[str, ...]


def belongs(realm: str, registry: str, trusted: Iterable[str] = ()) -> bool:
    """Whether `realm`, a host, may be given the credentials for `registry`, a host (K-2).

    It may when it is the same, known or trusted to belong to it, or a relative: both are under one
    name that somebody owns.
    """
    if realm == registry or realm in _REALMS.get(registry, ()) or realm in trusted:
        return True
    if kind_of_name(realm) is not None or kind_of_name(registry) is not None:
        return False  # addresses have no relatives
    common: list[str] = []
    for ours, theirs in zip(registry.split(".")[::-1], realm.split(".")[::-1], strict=False):
        if ours != theirs:
            break
        common.insert(0, ours)
    return len(common) >= 2 and not _shared(common)


def _shared(labels: list[str]) -> bool:
    """Whether strangers live under this name: a provider's, or a country's `co.uk`."""
    country = len(labels) == 2 and len(labels[1]) == 2 and labels[0] in _REGISTRARS
    return country or any(".".join(labels[start:]) in _SHARED for start in range(len(labels)))


def realm_of(challenge: Challenge, url: str, needed: str) -> Realm:
    """Where `challenge`, an answer to a request to `url`, sends us for a token (A-9)."""
    said = challenge.get("realm")
    try:
        where = absolute(url, said) if said else ""
        origin, _ = split(where)
    except ValueError:
        raise AuthenticationError(
            401, "", f"it sends us for a token to {visible(said, 64)!r}, no place to go", url=url
        ) from None
    first, *more = needed.split() or [""]
    scopes = dict.fromkeys([*(challenge.get("scope") or first).split(), *more])
    return Realm(origin, where, challenge.get("service"), tuple(scopes))


def check_realm(realm: Realm, home: Origin) -> None:
    """Raise `AuthenticationError` for a realm that would send credentials in the clear (K-2)."""
    if realm.origin.scheme != "https" and home.scheme == "https":
        raise AuthenticationError(
            401, "", f"it sends us for a token to {realm.origin} without TLS", url=str(home)
        )


def by_get(realm: Realm) -> Request:
    """The request to `realm` for a token; a query that the realm has itself stays."""
    base, _, query = realm.url.partition("?")
    said = parse_qsl(query, keep_blank_values=True)
    if realm.service and not any(name == "service" for name, _ in said):
        said.append(("service", realm.service))
    said += [("scope", scope) for scope in realm.scopes]
    encoded = urlencode(said, quote_via=quote, safe="/:,*")
    return Request("GET", f"{base}?{encoded}" if encoded else base, limit=TOKEN_LIMIT)


def by_post(realm: Realm, credentials: Credentials) -> Request:
    """The request to `realm` for a token in exchange for an identity token (OAuth2)."""
    form = Form(
        [
            ("grant_type", "refresh_token"),
            ("service", realm.service),
            ("client_id", "ocinb"),
            ("scope", " ".join(realm.scopes)),
            ("refresh_token", credentials.identity.reveal()),
        ]
    )
    headers = Headers({"Content-Type": "application/x-www-form-urlencoded"})
    return Request("POST", realm.url, headers, form, limit=TOKEN_LIMIT)


class Form:
    """A form to post, which may hold a secret and so is never shown."""

    def __init__(self, fields: Iterable[tuple[str, str]]) -> None:
        self._content = Secret(urlencode(list(fields)))

    @property
    def size(self) -> int:
        """Bytes in all."""
        return len(self._content.reveal())

    def __iter__(self) -> Iterator[bytes]:
        return iter([self._content.reveal().encode()])
