"""What to do next, for errors that do not say it themselves."""

from __future__ import annotations

import math

from ocinb.client.access.auth import WITHOUT
from ocinb.client.access.keychain import Keychain
from ocinb.client.names import LOCAL
from ocinb.errors import (
    AuthenticationError,
    Denied,
    NotFound,
    OcinbError,
    RateLimited,
    RegistryError,
    ServerFault,
    TruncatedBody,
)


def advice(error: OcinbError, host: str, expression: str, keychain: Keychain | None) -> str:
    """A hint for an error that the registry `host` caused; empty when there is none to give.

    `expression` is the Python that makes the registry.
    """
    match error:
        case AuthenticationError() | Denied():
            return _who_asks(error, host, keychain)
        case RateLimited(retry_after=seconds):
            wait = "a while" if seconds is None else f"{math.ceil(seconds)} seconds"
            return f"wait {wait} and try again; many registries allow more to who logs in"
        case NotFound(method="POST"):
            return "some registries take nothing for a repository that was not made there before"
        case NotFound() if "/blobs/" in error.url:
            return "content is kept by repository: is it in this one?"
        case NotFound(code="") if error.method != "HEAD":
            return f"no registry says it like this; {expression}.ping() asks for one"
        case ServerFault(status=507):
            return "make room on the registry's disk, or delete there what nobody needs; then again"
        case ServerFault():
            return "nothing is wrong with what was asked: try again later"
        case TruncatedBody():
            return "try again: what arrived whole and was verified need not come twice"
    return ""


def _who_asks(error: RegistryError, host: str, keychain: Keychain | None) -> str:
    """Also said of what is not there: many registries do not tell who may not look (A-13)."""
    reading = error.method in ("GET", "HEAD")
    known = keychain() if keychain else None
    if known is not None:
        good = f"are the credentials from {known.source} still good, and do they allow this?"
        return f"{good} {WITHOUT}" if reading else good
    ways = "give username= and password=, or token="
    if host != LOCAL:
        ways = f"{ways}, or log in with docker login {host}"
    absent = "is it there at all? many registries do not tell; and " if reading else ""
    return f"{absent}it was asked without credentials: {ways}"
