"""Tokens, as registries give and check them: a challenge, a realm, and what was granted.

The flow is that of the distribution project's token specification: 401 names the realm, the service
and the scope; the realm gives a token for as much of the scope as one may have.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import json
import secrets
import time
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

from ocinb.protocol.messages import Handle, Request, Response
from ocinb.protocol.scopes import covers, needed
from ocinb.registry.refusals import Refusal, refuse

SERVICE = "school"
LIFETIME = 300.0  # seconds
_REALM = "/token"
_MOST = 1_000  # tokens remembered


class Tokens:
    """Who may have tokens, and those given out."""

    def __init__(
        self,
        username: str,
        password: str,
        *,
        public: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._basic = base64.b64encode(f"{username}:{password}".encode()).decode()
        self._public, self._clock = public, clock
        self._given: dict[str, tuple[str, float]] = {}

    def guard(self, request: Request, handle: Handle) -> Response:
        """Give a token, pass on what a token allows, and ask everybody else for one."""
        if urlsplit(request.url).path == _REALM and request.method == "GET":
            return self._give(request)
        wanted = needed(request.method, request.url)
        granted = self._granted(request.headers.get("authorization", ""))
        if granted is None or not covers(granted, wanted):
            raise self._challenge(request, wanted, error="insufficient_scope" if granted else "")
        return handle(request)

    def _give(self, request: Request) -> Response:
        query = parse_qs(urlsplit(request.url).query)
        asked = " ".join(query.get("scope", []))
        scheme, _, said = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "basic" and self._knows(said):
            granted = asked
        elif self._public and not said:
            granted = " ".join(scope for scope in asked.split() if scope.endswith(":pull"))
        else:
            raise refuse("UNAUTHORIZED", "this needs a user name and the right password")
        while len(self._given) >= _MOST:
            del self._given[next(iter(self._given))]
        token = secrets.token_urlsafe(24)
        self._given[token] = granted, self._clock() + LIFETIME
        body = json.dumps({"token": token, "expires_in": int(LIFETIME)}).encode()
        return Response(
            200, {"Content-Type": "application/json", "Content-Length": str(len(body))}, body
        )

    def _knows(self, said: str) -> bool:
        try:
            base64.b64decode(said, validate=True)
        except (binascii.Error, ValueError):
            return False
        return hmac.compare_digest(said.encode(), self._basic.encode())

    def _granted(self, authorization: str) -> str | None:
        """The scopes of a token that is still good; None for anything else."""
        scheme, _, token = authorization.partition(" ")
        granted, until = self._given.get(token.strip(), ("", 0.0))
        good = scheme.lower() == "bearer" and until > self._clock()
        return granted if good else None

    def _challenge(self, request: Request, wanted: str, error: str) -> Refusal:
        base = f"http://{request.headers.get('host', 'local')}"
        parts = {"realm": f"{base}{_REALM}", "service": SERVICE, "scope": wanted, "error": error}
        said = ",".join(f'{name}="{value}"' for name, value in parts.items() if value)
        return refuse("UNAUTHORIZED", headers={"WWW-Authenticate": f"Bearer {said}"})
