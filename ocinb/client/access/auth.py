"""Earning what a challenge asks for: tokens and Basic credentials, no more of them than needed.

A token is asked for at the *realm* that the registry's challenge names; one that may not be given
the credentials (`realms.py`) is asked as nobody.
"""

from __future__ import annotations

import math
import os
import re
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import NoReturn

from ocinb.client.access.credentials import TOKEN, Credentials, Lookup
from ocinb.client.access.realms import (
    TOKEN_LIMIT,
    Realm,
    belongs,
    by_get,
    by_post,
    check_realm,
    realm_of,
)
from ocinb.client.addresses import Origin
from ocinb.client.secret import Secret
from ocinb.errors import AuthenticationError, InvalidContent, RegistryError, UnexpectedAnswer
from ocinb.oci import strict_json
from ocinb.protocol.fields.challenge import Challenge, challenges, preferred
from ocinb.protocol.fields.encoding import plain
from ocinb.protocol.messages import Request, Response
from ocinb.protocol.scopes import covers, needed, told
from ocinb.text import visible

SHORTEST = 60.0  # seconds a token lives, whatever its answer says or leaves out
EARLY = 5.0  # seconds before its end that a token is not used any more

_NO_OAUTH = {400, 401, 404, 405}  # what registries say who know tokens by GET only

# Some refuse public content to who shows the wrong credentials, and give it to nobody.
WITHOUT = "what is public can be had without any: Registry(..., anonymous=True)"

Ask = Callable[[Request, Secret | None], Response]


@dataclass(frozen=True)
class Grant:
    """An `Authorization`, until when it is good, and the realm that was not given credentials.

    `scopes` is what it was asked for; empty where nobody asked.
    """

    authorization: Secret
    expires: float = math.inf
    withheld: str = ""
    scopes: str = ""


class Auth:
    """What is known about getting into one registry: who we are, and the tokens had so far.

    `ask` sends a request of ours, given its `Authorization`. Safe to use from many threads: a
    token that several of them need is asked for once. `may_wait` tells whether this one may wait
    for another to have it: who is told of a request may not, since that waits for him.
    """

    def __init__(
        self,
        home: Origin,
        ask: Ask,
        *,
        credentials: Lookup = lambda repository: None,
        trust_realms: Iterable[str] = (),
        clock: Callable[[], float] = time.monotonic,
        may_wait: Callable[[], bool] = lambda: True,
    ) -> None:
        self._home, self._ask, self._credentials, self._clock = home, ask, credentials, clock
        self._may_wait = may_wait
        self._trusted = {realm.lower() for realm in trust_realms}
        self._grants: dict[str, Grant] = {}
        self._challenges: dict[str, tuple[Challenge, str]] = {}
        self._locks: dict[tuple[int, str], threading.Lock] = {}  # of each process its own (F-13)
        self._asks_basic = False

    def anew(self, ask: Ask, credentials: Lookup) -> Auth:
        """The same for somebody else, who has no tokens yet."""
        return Auth(
            self._home,
            ask,
            credentials=credentials,
            trust_realms=self._trusted,
            clock=self._clock,
            may_wait=self._may_wait,
        )

    def known(self, request: Request) -> Grant | None:
        """What lets `request` in, as far as earlier answers tell; a stale token is renewed."""
        if not self._grants and not self._asks_basic:  # nobody was asked who he is
            return None
        scope = needed(request.method, request.url)
        grant = self._grants.get(scope)
        if grant is None and self._asks_basic:  # of everything, but each with its own
            return self._basic(scope)
        if grant is None or self._fresh(grant):
            return grant
        challenge, url = self._challenges[scope]
        return self._earned(scope, challenge, url, grant)

    def answer(self, request: Request, refusal: Response, used: Grant | None) -> Grant | None:
        """What the 401 `refusal` asks for, or None when there is nothing to give.

        `used` is what `request` carried. Raises `AuthenticationError` when no token can be had.
        """
        scope, url = needed(request.method, request.url), request.url
        challenge = _challenge(refusal)
        if challenge is None:  # some hide it on the request itself, and show it at the door
            url = f"{self._home}/v2/"
            challenge = _challenge(self._ask(Request("GET", url), None))
        return None if challenge is None else self._earned(scope, challenge, url, used)

    def _earned(
        self, scope: str, challenge: Challenge, url: str, used: Grant | None
    ) -> Grant | None:
        lock = self._locks.setdefault((os.getpid(), scope), threading.Lock())
        with lock if self._may_wait() else nullcontext():
            grant = self._grants.get(scope)
            if grant is not None and grant is not used and self._fresh(grant):
                return grant  # another thread was faster
            grant = self._earn(scope, challenge, url)
            if grant is not None:
                self._challenges[scope] = challenge, url
                self._grants[scope] = grant
                self._asks_basic = challenge.scheme == "basic"
            return grant

    def _earn(self, scope: str, challenge: Challenge, url: str) -> Grant | None:
        if challenge.scheme == "basic":
            return self._basic(scope)
        credentials = self._credentials(_repository(scope))
        if credentials and credentials.token:
            return Grant(Secret(f"Bearer {credentials.token.reveal()}"))
        realm = realm_of(challenge, url, scope)
        check_realm(realm, self._home)
        if not credentials or belongs(realm.origin.host, self._home.host, self._trusted):
            return self._token(realm, credentials)
        return replace(self._token(realm, None, withheld=True), withheld=realm.origin.host)

    def _basic(self, scope: str) -> Grant | None:
        credentials = self._credentials(_repository(scope))
        basic = credentials.basic() if credentials else None
        return Grant(basic) if basic else None

    def _token(
        self, realm: Realm, credentials: Credentials | None, *, withheld: bool = False
    ) -> Grant:
        response = self._asked(realm, credentials)
        for other in _otherwise(realm):
            if response.status != 200:
                response = self._asked(other, credentials)
        grant = self._read(response)
        if grant is None:
            _no_token(realm, response, credentials, withheld=withheld)
        return replace(grant, scopes=" ".join(realm.scopes))

    def _asked(self, realm: Realm, credentials: Credentials | None) -> Response:
        """The realm's answer: by POST for an identity token if it can do that, else by GET."""
        if credentials and credentials.identity:
            response = self._ask(by_post(realm, credentials), None)
            if response.status not in _NO_OAUTH and self._read(response):
                return response
        return self._ask(by_get(realm), credentials.basic() if credentials else None)

    def _read(self, response: Response) -> Grant | None:
        """The token in an answer, None if there is none; what it says else is not kept."""
        if response.status != 200:
            return None
        try:
            said = plain(response, TOKEN_LIMIT).body
            document = strict_json.parse_object(said, "the token", TOKEN_LIMIT)
        except (InvalidContent, UnexpectedAnswer):
            return None
        # ACR has only the second.
        tokens = [_token(document.get(name)) for name in ("token", "access_token")]
        token = next(filter(None, tokens), None)
        if token is None:
            return None
        lives = document.get("expires_in")
        seconds = max(SHORTEST, lives if isinstance(lives, (int, float)) else 0)
        return Grant(Secret(f"Bearer {token.reveal()}"), self._clock() + seconds)

    def _fresh(self, grant: Grant) -> bool:
        return grant.expires - EARLY > self._clock()


def _otherwise(realm: Realm) -> Iterator[Realm]:
    """How else `realm` may be asked when it gives no token for what is needed."""
    if any(scope.endswith(":delete") for scope in realm.scopes):
        # Quay does not know the action that distribution demands.
        wider = tuple(re.sub(r":delete$", ":*", scope) for scope in realm.scopes)
        yield realm._replace(scopes=wider)
    if len(realm.scopes) > 1:
        # A mount that may not read its source still is an upload.
        yield realm._replace(scopes=realm.scopes[:1])


def asks_for_more(refusal: Response, used: Grant | None) -> bool:
    """Whether a 401 says that the token it was shown is good, but not for enough (A-14)."""
    challenge = _challenge(refusal)
    if challenge is None or used is None or challenge.get("error") != "insufficient_scope":
        return False
    return not covers(used.scopes, challenge.get("scope"))


def _token(said: object) -> Secret | None:
    """What a header can hold: the library's error for what it cannot would show it."""
    text = said.strip() if isinstance(said, str) else ""
    return Secret(text) if text and TOKEN.fullmatch(text) else None


def _challenge(response: Response) -> Challenge | None:
    return preferred(challenges(response.headers.get_all("www-authenticate")))


def _repository(scope: str) -> str:
    kind, _, rest = scope.partition(" ")[0].partition(":")
    return rest.rpartition(":")[0] if kind == "repository" else ""


def _no_token(
    realm: Realm, response: Response, credentials: Credentials | None, *, withheld: bool
) -> NoReturn:
    """Raise the error that says where no token was to be had, and never what was answered."""
    host, scopes = realm.origin.host, told(realm.scopes)
    asked = f" for {visible(scopes, 128)}" if scopes else ""
    answer = f"answered {response.status}" if response.status != 200 else "answered without a token"
    error = AuthenticationError(
        response.status if response.status in (401, 403) else None, "",
        f"no token{asked} from {host}: it {answer}", method="GET", url=str(realm.origin),
    )  # fmt: skip
    if credentials:
        error.hint(f"are the credentials from {credentials.source} still good? {WITHOUT}")
    elif withheld:
        say_withheld(error, host)
    raise error


def say_withheld(error: RegistryError, host: str) -> None:
    """Add to `error` how to let `host` have the credentials."""
    error.hint(
        f"{host} was asked without credentials, since it does not look like a part of this "
        f"registry; if it is: Registry(..., trust_realms=[{host!r}])"
    )
