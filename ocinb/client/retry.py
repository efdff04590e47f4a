"""When to try again, and how long to wait before: pure, with its clock, sleep and dice given."""

from __future__ import annotations

import random
import re
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count

from ocinb.errors import TransferError, UntrustedServer
from ocinb.protocol.messages import Request, Response
from ocinb.protocol.waiting import retry_after

# The server's own trouble, or ours in asking too much: may be over soon. Includes what CDNs say.
PASSING = frozenset({408, 425, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524, 527})
# Of these, the ones that say that nothing was done with the request.
UNTOUCHED = frozenset({425, 429, 503})

_REPEATABLE = frozenset({"GET", "HEAD", "DELETE", "POST"})  # POST opens an upload: one too many
_MANIFEST = re.compile(r"/v2/.+/manifests/[^/]+", re.ASCII)

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
        if asked is None:
            asked = self.dice() * min(self.longest, self.base * 2 ** (number - 1))
        return asked if slept + asked <= self.budget else None


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
    did nothing.
    """
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
    return str(outcome)


def _unknown_name(error: BaseException) -> bool:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, (socket.gaierror, UnicodeError)):
            return True
        cause = cause.__cause__ or cause.__context__
    return False
