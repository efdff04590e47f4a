"""Sending a step: authentication, second tries and redirects around single exchanges.

Credentials are attached here, to each request anew, and only to those that go to the registry's
own origin: scheme, host and port. Whatever leaves it is built again from nothing (K-1).
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from contextlib import nullcontext
from dataclasses import replace
from functools import partial
from typing import NoReturn
from weakref import WeakKeyDictionary

from ocinb.client.access.auth import Auth, Grant, asks_for_more, say_withheld
from ocinb.client.access.credentials import Credentials, Lookup
from ocinb.client.addresses import Neighbourhood, split, upgraded
from ocinb.client.notices import Notices
from ocinb.client.retry import Retry
from ocinb.client.secret import Secret
from ocinb.client.wire.deadlines import Timeouts
from ocinb.client.wire.lookups import resolve
from ocinb.client.wire.observers import is_telling
from ocinb.client.wire.stopping import current, deaf
from ocinb.client.wire.transport import Transport, numbers
from ocinb.errors import InvalidReference, TransferError, TruncatedBody, UnexpectedAnswer
from ocinb.protocol import endpoints
from ocinb.protocol.events import Event, Observer, Retrying
from ocinb.protocol.fields.headers import Headers
from ocinb.protocol.fields.links import absolute
from ocinb.protocol.messages import Failure, Handle, Request, Response, Step
from ocinb.text import visible

MOST_REDIRECTS = 5
# Somebody waits for what was given up to be over: said once, and not waited for (F-9, F-12).
_PARTING = Retry(attempts=1), Timeouts(connect=1.0, read=1.0, write=1.0, pool=1.0, whole=1.0)
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_SAME_METHOD = frozenset({307, 308})  # the only ones that may be followed with a body (L-3)
# What may be said to strangers; any other header might be a secret.
_CARRIED = frozenset({"accept", "accept-encoding", "cache-control", "range", "user-agent"})
_OF_BODIES = frozenset({"content-type", "content-range", "content-length"})


class Sender:
    """Sends the steps of conversations to one registry; `sender(step)` is the answer.

    `base_url` is the registry's origin. With `handle` it is a registry in this process, and
    nothing else is ever asked. `credentials` may be a function from a repository's name. Safe to
    use from many threads.
    """

    _borrowed = False  # whether the connections are another sender's

    def __init__(
        self,
        base_url: str,
        *,
        handle: Handle | None = None,
        credentials: Credentials | Lookup | None = None,
        ca: str | os.PathLike[str] | None = None,
        insecure: bool = False,
        trust_realms: Iterable[str] = (),
        retry: Retry | None = None,
        timeouts: Timeouts | None = None,
    ) -> None:
        self.home, _ = split(base_url)
        self._retry = _woken(retry or Retry())
        self._embedded = handle is not None
        # Which exchange a body broke off in, for who hears of the next try.
        self._broken: WeakKeyDictionary[TransferError, int] = WeakKeyDictionary()
        self.notices = Notices(self.home.netloc)
        self._transport = Transport(
            handle=handle, own=self.home.host, ca=ca, insecure=insecure, timeouts=timeouts
        )
        connect = (timeouts or Timeouts()).connect
        self._neighbourhood = Neighbourhood(self.home, partial(resolve, seconds=connect))
        self._auth = Auth(
            self.home,
            self._ask,
            credentials=_lookup(credentials),
            trust_realms=trust_realms,
            may_wait=lambda: not is_telling(),
        )

    def as_(self, credentials: Credentials | Lookup | None) -> Sender:
        """Another one over the same connections, who asks as somebody else, with tokens of its own.

        Closing it leaves the connections open.
        """
        twin = object.__new__(type(self))
        twin.__dict__.update(self.__dict__)
        twin._borrowed = True
        twin._auth = self._auth.anew(twin._ask, _lookup(credentials))
        return twin

    @property
    def observers(self) -> list[Observer]:
        """Who is told what happens on the wire; add to it and remove from it."""
        return self._transport.observers

    def emit(self, event: Event) -> None:
        """Tell every observer of something that happened above the wire."""
        self._transport.observers.tell(event)

    def __call__(self, step: Step) -> Response:
        """The registry's answer to `step`; its `request` says what was asked last, and where.

        A refusal is an answer, too. Raises `TransferError` when no whole answer arrives, and
        `AuthenticationError` when the registry wants a token that cannot be had.
        """
        __tracebackhide__ = True
        if step.after is not None:
            self._wait(step.after)
        request = self._begun(step.request)
        at_home = self._is_home(request)
        if not at_home:
            self._check_safe(request.url, request)
            request = replace(request, headers=_only(request.headers, _CARRIED | _OF_BODIES))
        for _ in range(MOST_REDIRECTS + 1):
            response = self._answered(request, step, at_home=at_home)
            if at_home:
                self.notices.hear(response)
            target = self._redirected(request, response)
            if target is None:
                return response
            # Once away, no credentials any more, wherever it goes on from there.
            request, at_home = target, at_home and self._is_home(target)
        raise response.unexpected(f"it redirected more than {MOST_REDIRECTS} times")

    def close(self) -> None:
        """Close every connection, unless they are somebody else's; closing twice is fine."""
        if not self._borrowed:
            self._transport.close()

    def __repr__(self) -> str:
        return f"<Sender to {self.home}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("connections and credentials do not leave the process")

    def _wait(self, after: Failure) -> None:
        """Before another try that the conversation asks for, the pause that our policy has."""
        seconds = self._retry.wait(after.attempt) or 0.0
        number = self._broken.pop(after.error, 0)
        self.emit(Retrying(number, after.reason, seconds, after.attempt))
        self._retry.sleep(seconds)

    def _begun(self, request: Request) -> Request:
        """`request` with its URL made absolute; one that came off the wire is read strictly."""
        url = request.url
        if url.startswith("/") and not url.startswith("//"):
            return replace(request, url=f"{self.home}{url}")
        try:
            return replace(request, url=upgraded(url, self.home))
        except InvalidReference:
            raise UnexpectedAnswer(
                None, "", "the registry sent us to something that is no URL", method=request.method
            ) from None

    def _is_home(self, request: Request) -> bool:
        return self.home.includes(split(request.url)[0])

    def _answered(self, request: Request, step: Step, *, at_home: bool) -> Response:
        """The answer after one (re-)authentication, and one more when the first was for too little;
        a 401 after that stands (A-14)."""
        if not at_home:
            return self._answered_elsewhere(request, step)
        if "authorization" in request.headers:  # somebody wants it just so
            return self._persisted(request, step, None)
        grant = self._auth.known(request)
        response = self._persisted(request, step, grant)
        for first in (True, False):
            if response.status != 401 or not (first or asks_for_more(response, grant)):
                break
            used, grant = grant, self._auth.answer(request, response, grant)
            if grant is None or grant == used:  # the same again would be refused again
                break
            response = self._persisted(request, step, grant)
        if response.status in (401, 403) and grant is not None and grant.withheld:
            _refuse_withheld(response, grant)
        return response

    def _answered_elsewhere(self, request: Request, step: Step) -> Response:
        """An answer from where the registry sent us; a challenge is met as nobody (L-2)."""
        response = self._persisted(request, step, None)
        if response.status != 401 or request.method not in ("GET", "HEAD"):
            return response
        stranger = Auth(split(request.url)[0], self._ask)
        grant = stranger.answer(request, response, None)
        return response if grant is None else self._persisted(request, step, grant)

    def _ask(self, request: Request, authorization: Secret | None) -> Response:
        """A request of our own, that nobody took a step for: tokens, the door."""
        grant = Grant(authorization) if authorization else None
        return self._persisted(request, None, grant)

    def _persisted(self, request: Request, step: Step | None, grant: Grant | None) -> Response:
        """The answer after as many tries as the policy allows."""
        number = 0
        parting = step is not None and step.endpoint is endpoints.CANCEL_UPLOAD
        retry, timeouts = _PARTING if parting else (self._retry, None)

        def attempt(count: int) -> Response:
            nonlocal number
            number = next(numbers)
            found = [] if self._embedded else self._neighbourhood.addresses(request.url)
            try:
                with deaf() if parting else nullcontext():
                    return self._transport.exchange(
                        request,
                        step,
                        authorization=grant.authorization if grant else None,
                        address=found[(count - 1) % len(found)] if found else None,
                        number=number,
                        timeouts=timeouts,
                    )
            except TruncatedBody as broken:
                self._broken[broken] = number
                raise

        def tell(reason: str, seconds: float, count: int) -> None:
            self.emit(Retrying(number, reason, seconds, count))

        return retry.run(request, attempt, tell)

    def _redirected(self, request: Request, response: Response) -> Request | None:
        """The request that follows a redirect; None for any other answer, and where no redirect
        may be followed, which the conversation will not expect."""
        location = response.headers.get("location", "")
        if response.status not in _REDIRECTS or not location:
            return None
        reading = request.method in ("GET", "HEAD")
        if not reading and response.status not in _SAME_METHOD:
            return None
        try:
            url = upgraded(absolute(request.url, location), self.home)
        except (InvalidReference, ValueError):
            raise response.unexpected("it redirected to something that is no URL") from None
        here, there = split(request.url)[0], split(url)[0]
        if here == there:
            return replace(request, url=url)
        if not reading:
            return None
        if here.scheme == "https" and there.scheme != "https":
            raise response.unexpected(f"it redirected from TLS to plain HTTP, at {there}")
        return replace(request, url=url, headers=_only(request.headers, _CARRIED))

    def _check_safe(self, url: str, request: Request) -> None:
        """What an upload's `Location` on another host must be: as safe as the registry (K-4)."""
        origin, _ = split(url)
        if self.home.scheme == "https" and origin.scheme != "https":
            raise UnexpectedAnswer(
                None, "", f"the registry wants us to go on without TLS, at {origin}",
                method=request.method, url=url,
            )  # fmt: skip


def _woken(retry: Retry) -> Retry:
    """`retry`, whose sleep ends at once when the current `Stop` is set."""
    return replace(retry, sleep=_sleep) if retry.sleep is time.sleep else retry


def _sleep(seconds: float) -> None:
    stop = current()
    if stop is None:
        time.sleep(seconds)
    else:
        stop.sleep(seconds)


def _only(headers: Headers, names: frozenset[str]) -> Headers:
    return Headers((name, value) for name, value in headers.pairs() if name.lower() in names)


def _refuse_withheld(response: Response, grant: Grant) -> NoReturn:
    error = response.refusal()
    say_withheld(error, visible(grant.withheld, 128))
    raise error


def _lookup(credentials: Credentials | Lookup | None) -> Lookup:
    """Credentials as a function from the repository's name."""
    if isinstance(credentials, Credentials) or credentials is None:
        return lambda repository: credentials or None
    return credentials
