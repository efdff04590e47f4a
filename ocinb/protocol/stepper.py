"""Carrying a conversation on, all at once or one step at a time."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Generic

from ocinb.drawable import Drawable
from ocinb.errors import RegistryError, TransferError
from ocinb.protocol.messages import Conversation, Exchange, Request, Response, Send, Step, T
from ocinb.text import visible

if TYPE_CHECKING:
    from ocinb.protocol.uploads.session import UploadSession

MOST_KEPT = 64 * 1024 * 1024  # bytes of answers, of those that went before


class Stepper(Drawable, Generic[T]):
    """A conversation and how far it has come.

    `waiting` is the step to be sent next; when sending fails it still waits and may be tried
    again. `taken` are the exchanges so far, the oldest without their bodies where those are many;
    when the registry refuses, the conversation is over and the refusal is the last of them.
    `session` is the upload that is open meanwhile, which can be kept and gone on with elsewhere.
    """

    _result: T

    def __init__(
        self, conversation: Conversation[T], send: Send, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._conversation, self._send, self._clock = conversation, send, clock
        self.waiting: Step | None = None
        self.session: UploadSession | None = None
        self.taken: list[Exchange] = []
        self._bodies = self._bare = 0  # bytes of bodies kept, and exchanges that have none any more
        self._advance(lambda: next(conversation))

    def step(
        self, edit: Callable[[Request], Request] | None = None, expect: int | None = None
    ) -> Exchange:
        """Send the waiting step and return the exchange.

        `edit` may change the request first, to break it on purpose; `expect` is the status one
        predicts, kept on the exchange. Raises what the conversation makes of the answer, and
        whatever sending raises. When the answer to a step that `recovers` is lost, that is raised,
        too, and the question what became of it waits next.
        """
        if self.waiting is None:
            raise RuntimeError("this conversation is over: there is no step left to send")
        step = self.waiting
        if edit is not None:
            step = replace(step, request=edit(step.request))
        started = self._clock()
        response = self._answer(step)
        exchange = Exchange(step, response, self._clock() - started, expect)
        self._take(exchange)
        self._advance(lambda: self._conversation.send(response))
        return exchange

    @property
    def result(self) -> T:
        """What it came to, once it came to its end; until then, and after a refusal, there is no
        such attribute."""
        if hasattr(self, "_result"):
            return self._result
        left = ".finish() sends what is left" if self.waiting else "it ended without one"
        raise AttributeError(f"{self!r} has no result yet: {left}")

    def finish(self) -> T:
        """Send every remaining step and return what they concluded."""
        __tracebackhide__ = True
        while (step := self.waiting) is not None:
            try:
                self.step()
            except (TransferError, RegistryError):
                if not self._goes_on_without(step):
                    raise
        if not hasattr(self, "result"):
            raise RuntimeError(
                "this conversation ended with a refusal, or was given up: start a new one"
            )
        return self.result

    def close(self) -> None:
        """Give up: what the conversation holds, such as a half-written file, is let go.

        An upload that is open is cancelled, if the registry lets us (C24): once over, nothing is.
        """
        session, self.session, self.waiting = self.session, None, None
        self._conversation.close()
        if session is not None:
            with suppress(Exception):  # nobody minds when that fails, whatever it is
                self._send(session.cancel_step())

    def _take(self, exchange: Exchange) -> None:
        """Keep `exchange`, and the newest of the bodies: `MOST_KEPT` bytes of them (K-26)."""
        self.taken.append(exchange)
        self._bodies += len(exchange.response.body)
        while self._bodies > MOST_KEPT:
            oldest = self.taken[self._bare]
            self._bodies -= len(oldest.response.body)
            bare = replace(oldest.response, body=b"")
            self.taken[self._bare] = replace(oldest, response=bare)
            self._bare += 1

    def _answer(self, step: Step) -> Response:
        __tracebackhide__ = True
        try:
            return self._send(step)
        except (TransferError, RegistryError) as error:
            if step.probes or (step.recovers and isinstance(error, TransferError)):
                lost = error
                self._advance(lambda: self._conversation.throw(lost))
            raise

    def _goes_on_without(self, lost: Step) -> bool:
        """Whether something else comes next, or nothing has to, although `lost` had no answer."""
        return hasattr(self, "result") or self.waiting not in (None, lost)

    def _advance(self, ask: Callable[[], Step]) -> None:
        __tracebackhide__ = True
        self.waiting = None  # over, unless the conversation has more to say
        try:
            self.waiting = ask()
        except StopIteration as over:
            self._result, self.session = over.value, None
        else:
            self.session = self.waiting.session

    def __repr__(self) -> str:
        state = f"next: {visible(self.waiting.title, 80)}" if self.waiting else "over"
        return f"<Stepper {len(self.taken)} taken, {state}>"
