"""When to try again, and how long to wait before: pure, with its clock, sleep and dice given.

It is one policy: for each request that is sent, and, by `with_retry`, for whatever somebody does.
"""

from __future__ import annotations

import errno
import random
import re
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from typing import TypeVar

from ocinb.errors import RegistryError, TransferError, TruncatedBody, UntrustedServer
from ocinb.protocol.fields.waiting import retry_after
from ocinb.protocol.messages import Discerning, Request, Response

# The server's own trouble, or ours in asking too much: may be over soon. Includes what CDNs say.
PASSING = frozenset({408, 425, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524, 527})
# Of these, the ones that say that nothing was done with the request.
UNTOUCHED = frozenset({425, 429, 503})

_REPEATABLE = frozenset({"GET", "HEAD", "DELETE", "POST"})  # POST opens an upload: one too many
_MANIFEST = re.compile(r"/v2/.+/manifests/[^/]+", re.ASCII)

# What the system says of a network that may come back.
_NETWORK = frozenset(
    getattr(errno, name)
    for name in ("ENETDOWN", "ENETUNREACH", "ENETRESET", "EHOSTDOWN", "EHOSTUNREACH")
    if hasattr(errno, name)  # which of them there are depends on the system
)

T = TypeVar("T")
Outcome = Response | TransferError
Tell = Callable[[str, float, int], None]  # reason, seconds, number of the attempt that failed


@dataclass(frozen=True)
class Retry:
    """Up to `attempts` of each request, with full jitter between them.

    The wait is anything up to `base` × 2ⁿ, at most `longest` seconds, unless the registry asks for
    one itself; all waits together take at most `budget` seconds.
    """

    attempts: int = 5
    base: float = 0.3
    longest: float = 10.0
    budget: float = 60.0
    sleep: Callable[[float], None] = time.sleep
    now: Callable[[], float] = time.time
    dice: Callable[[], float] = random.random

    def run(self, request: Request, attempt: Callable[[int], Response], tell: Tell) -> Response:
        """What `attempt` (given its number, from 1) answers in the end, or raises in the end."""
        slept = 0.0
        for number in count(1):
            outcome = _outcome(attempt, number)
            seconds = self.pause(request, outcome, number, slept)
            if seconds is None:
                break
            tell(reason(outcome), seconds, number)
            self.sleep(seconds)
            slept += seconds
        if isinstance(outcome, Response):
            return outcome
        raise outcome

    def pause(
        self, request: Request, outcome: Outcome, number: int, slept: float = 0.0
    ) -> float | None:
        """The seconds to wait after attempt `number` ended so; None when it was the last."""
        if number >= min(self.attempts, most_attempts(outcome)) or not repeatable(request, outcome):
            return None
        asked = retry_after(outcome.headers, self.now()) if isinstance(outcome, Response) else None
        return self.wait(number, asked, slept)

    def wait(self, number: int, asked: float | None = None, slept: float = 0.0) -> float | None:
        """The seconds to wait after attempt `number`, or those `asked` for; None when all waits,
        with the seconds `slept` already, would take too long."""
        if asked is None:
            asked = self.dice() * min(self.longest, self.base * 2 ** (number - 1))
        return asked if slept + asked <= self.budget else None


def with_retry(
    function: Callable[[], T], max_retries: int = 3, *, policy: Retry | None = None
) -> T:
    """What `function` returns, called again up to `max_retries` times when it fails in passing.

    Between the calls is a wait that doubles, with jitter, or the one that the registry asks for,
    as `policy` says. Any error that `is_retriable_error` does not know is raised at once, the last
    one in the end. Single requests are tried again anyway: this is for what takes several.
    """
    if isinstance(max_retries, bool) or not isinstance(max_retries, int):
        raise TypeError(f"max_retries is a whole number, not {type(max_retries).__name__}")
    if max_retries < 0:
        raise ValueError(f"max_retries is {max_retries}; 0 is none")
    policy, number, slept = policy or Retry(), 1, 0.0
    while True:
        try:
            return function()
        except Exception as error:
            last = number > min(max_retries, _most_retries(error)) or not is_retriable_error(error)
            seconds = None if last else policy.wait(number, _asked_of(error), slept)
            if seconds is None:
                raise
        policy.sleep(seconds)
        number, slept = number + 1, slept + seconds


def is_retriable_error(error: BaseException) -> bool:
    """Whether `error` may be over when the same is done again: a connection that could not be
    made or broke, no answer in time, or a registry with trouble that passes (408, 425, 429, 5xx).

    What a person or the content is to blame for stays, and so does a certificate not to trust.
    """
    match error:
        case RegistryError():
            return error.status in PASSING
        case TransferError():
            return not isinstance(error, UntrustedServer)
        case ConnectionError() | TimeoutError() | socket.gaierror():
            return True
        case OSError():  # TLS errors are some, too, and have no number of these
            return error.errno in _NETWORK
    return False


def _most_retries(error: Exception) -> int:
    return 1 if _unknown_name(error) else 1_000


def _asked_of(error: Exception) -> float | None:
    return error.retry_after if isinstance(error, RegistryError) else None


def _outcome(attempt: Callable[[int], Response], number: int) -> Outcome:
    try:
        return attempt(number)
    except TransferError as error:
        return error


def most_attempts(outcome: Outcome) -> int:
    """How often it makes sense to hear this: once for an answer, twice for an unknown name."""
    if isinstance(outcome, Response):
        return 1_000 if outcome.status in PASSING else 1
    if isinstance(outcome, UntrustedServer):
        return 1
    return 2 if _unknown_name(outcome) else 1_000


def repeatable(request: Request, outcome: Outcome) -> bool:
    """Whether sending `request` once more does no harm, given how it ended.

    A PATCH has perhaps moved the upload on, and a PUT has perhaps closed it: what happened must be
    asked first (F-3), which is the conversation's business. Not so if the registry says that it
    did nothing. A body that breaks off on its way into a sink that can go on is gone on with by the
    conversation, which asks for the rest (F-4).
    """
    if isinstance(outcome, TruncatedBody) and isinstance(request.sink, Discerning):
        return False
    if request.method in _REPEATABLE:
        return True
    untouched = isinstance(outcome, Response) and outcome.status in UNTOUCHED
    if request.method == "PATCH":
        return untouched
    return request.method == "PUT" and (untouched or bool(_MANIFEST.search(request.url)))


def reason(outcome: Outcome) -> str:
    """Why it is tried again, in a few words."""
    if isinstance(outcome, Response):
        return f"the answer was {outcome.status}"
    return outcome.reason


def _unknown_name(error: BaseException) -> bool:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, (socket.gaierror, UnicodeError)):
            return True
        cause = cause.__cause__ or cause.__context__
    return False
