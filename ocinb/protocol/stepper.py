"""Carrying a conversation on, all at once or one step at a time."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Generic

from ocinb.drawable import Drawable
from ocinb.protocol.messages import Conversation, Exchange, Request, Send, Step, T
from ocinb.text import visible


class Stepper(Drawable, Generic[T]):
    """A conversation and how far it has come.

    `waiting` is the step to be sent next; when sending fails it still waits and may be tried
    again. `taken` are the exchanges so far; when the registry refuses, the conversation is over
    and the refusal is the last of them. `result` is there once the conversation came to its end.
    """

    result: T

    def __init__(
        self, conversation: Conversation[T], send: Send, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._conversation, self._send, self._clock = conversation, send, clock
        self.waiting: Step | None = None
        self.taken: list[Exchange] = []
        self._advance(lambda: next(conversation))

    def step(
        self, edit: Callable[[Request], Request] | None = None, expect: int | None = None
    ) -> Exchange:
        """Send the waiting step and return the exchange.

        `edit` may change the request first, to break it on purpose; `expect` is the status one
        predicts, kept on the exchange. Raises what the conversation makes of the answer, and
        whatever sending raises.
        """
        if self.waiting is None:
            raise RuntimeError("this conversation is over: there is no step left to send")
        step = self.waiting
        if edit is not None:
            step = replace(step, request=edit(step.request))
        started = self._clock()
        response = self._send(step)
        exchange = Exchange(step, response, self._clock() - started, expect)
        self.taken.append(exchange)
        self._advance(lambda: self._conversation.send(response))
        return exchange

    def finish(self) -> T:
        """Send every remaining step and return what they concluded."""
        __tracebackhide__ = True
        while self.waiting:
            self.step()
        if not hasattr(self, "result"):
            raise RuntimeError(
                "this conversation ended with a refusal, or was given up: start a new one"
            )
        return self.result

    def close(self) -> None:
        """Give up: what the conversation holds, such as a half-written file, is let go."""
        self.waiting = None
        self._conversation.close()

    def _advance(self, ask: Callable[[], Step]) -> None:
        __tracebackhide__ = True
        self.waiting = None  # over, unless the conversation has more to say
        try:
            self.waiting = ask()
        except StopIteration as over:
            self.result = over.value

    def __repr__(self) -> str:
        state = f"next: {visible(self.waiting.title, 80)}" if self.waiting else "over"
        return f"<Stepper {len(self.taken)} taken, {state}>"
