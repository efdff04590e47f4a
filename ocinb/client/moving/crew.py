"""Conversations side by side: a few threads carry them on, and the caller's own tells of it.

Painting from another thread fails in notebooks, so the workers put what happens into a mailbox, and
the thread that asked empties it. The threads live as long as the call. The first failure, or an
interrupt, stops all of them, within `GRACE` seconds.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterable
from contextlib import closing, suppress
from contextvars import ContextVar, copy_context
from typing import Generic, Protocol

from ocinb.client.wire.observers import Observers, redirected, tick
from ocinb.client.wire.stopping import Stop, current
from ocinb.errors import Cancelled, hide_inner_frames
from ocinb.protocol.events import Event
from ocinb.protocol.messages import Conversation, T
from ocinb.protocol.stepper import Stepper

USUAL = 4  # conversations at a time: more make no registry nearby faster
MOST = 64
GRACE = 2.0  # seconds that workers get to cancel their uploads and to end
_TICK = 0.05  # seconds between two looks into the mailbox
_MOST_MAIL = 256  # events in the mailbox: then the workers wait until they are told

_at_work: ContextVar[bool] = ContextVar("at work", default=False)


class Converse(Protocol):
    """How a conversation is begun: `Registry.converse`."""

    def __call__(self, conversation: Conversation[T], /) -> Stepper[T]:
        """The conversation, to be carried on."""


class Crew:
    """Has conversations together, at most `size` of them at a time; safe to use by many callers.

    One alone is carried on in the caller's thread, and so are all where no thread can be started,
    as in a browser, or within a worker, which is one of `size` already.
    """

    def __init__(self, size: int, converse: Converse) -> None:
        self._size, self._converse = size, converse

    def together(self, conversations: Iterable[Conversation[T]], /) -> Conversation[list[T]]:
        """What each of them returns, in their order; the `Together` of the protocol.

        Raises the first error, after which no other one begins, and those that have are stopped.
        """
        __tracebackhide__ = True
        yield from ()  # no step of its own: each of them is walked to its end elsewhere
        all_of_them = list(conversations)
        size = min(self._size, len(all_of_them))
        if size > 1 and not _at_work.get():
            shift = _Shift(all_of_them, self._converse)
            if shift.begin(size):
                return shift.finish()
        return [_carried_on(self._converse, each) for each in all_of_them]


class _Shift(Generic[T]):
    """The threads of one call, what they have to do, and what came of it."""

    def __init__(self, conversations: list[Conversation[T]], converse: Converse) -> None:
        self._converse = converse
        self._left = deque(enumerate(conversations))
        self._results: dict[int, T] = {}
        self._stop, self._mailbox = Stop(), _Mailbox()
        self._lock = threading.Lock()
        self._error: BaseException | None = None
        self._threads: list[threading.Thread] = []
        self._over: set[threading.Thread] = set()  # who has nothing more to do

    def begin(self, size: int) -> bool:
        """Start up to `size` threads; whether there are any."""
        try:
            for number in range(size):
                run = copy_context().run
                name = f"ocinb {number + 1} of {size}"
                thread = threading.Thread(target=run, args=(self._work,), name=name, daemon=True)
                self._threads.append(thread)
                thread.start()
        except RuntimeError:  # no threads here, or no more of them
            self._threads.pop()
        except BaseException:
            self._end()
            raise
        return bool(self._threads)

    def finish(self) -> list[T]:
        """Tell what happens until all is done, or has failed."""
        __tracebackhide__ = True
        try:
            self._tell_until_over()
        except BaseException as stop:  # an interrupt, above all
            self._end()
            hide_inner_frames(stop)
            raise
        self._end()
        error, self._error = self._error, None
        if error is not None:
            hide_inner_frames(error)
            raise error
        return [self._results[number] for number in range(len(self._results))]

    def _tell_until_over(self) -> None:
        asked = current()
        while self._error is None and self._busy():
            self._mailbox.wait(_TICK)
            self._mailbox.deliver()
            tick()
            if asked is not None:
                asked.check()
        if self._error is None:
            self._mailbox.deliver()

    def _busy(self) -> bool:
        return any(each.is_alive() for each in self._threads if each not in self._over)

    def _end(self) -> None:
        """Stop whoever is still at it, and tell what that comes to, for `GRACE` seconds at most.

        Who watches cannot stop what is ending already.
        """
        until = time.monotonic() + GRACE
        self._stop.set()
        try:
            while (self._mailbox or self._busy()) and time.monotonic() < until:
                if not self._mailbox:
                    self._mailbox.wait(_TICK)
                    continue
                with suppress(Cancelled):
                    self._mailbox.deliver(1)
            for thread in self._threads:
                if thread in self._over:
                    thread.join(GRACE)
        finally:
            self._mailbox.close()

    def _work(self) -> None:
        """One thread: conversations, until there are no more, or it shall stop."""
        _at_work.set(True)
        try:
            with self._stop.heard(), redirected(self._mailbox.put):
                while (given := self._next()) is not None:
                    number, conversation = given
                    self._results[number] = _carried_on(self._converse, conversation)
        except BaseException as error:
            with self._lock:
                self._error = self._error or error
            self._stop.set()
        finally:
            self._over.add(threading.current_thread())
            self._mailbox.knock()

    def _next(self) -> tuple[int, Conversation[T]] | None:
        with self._lock:
            return self._left.popleft() if self._left and not self._stop.is_set else None


class _Mailbox:
    """Events for another thread, in the order of each who puts some; bounded."""

    def __init__(self) -> None:
        self._events: deque[tuple[Observers, Event]] = deque()
        self._changed = threading.Condition()
        self._knocked = self._closed = False

    def __len__(self) -> int:
        return len(self._events)

    def put(self, observers: Observers, event: Event) -> None:
        """Leave an event for `observers`; waits while there is no room."""
        if len(self._events) >= _MOST_MAIL:
            self._make_room()
        if not self._closed:
            self._events.append((observers, event))

    def _make_room(self) -> None:
        with self._changed:
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._closed or len(self._events) < _MOST_MAIL)

    def knock(self) -> None:
        """Have the mailbox looked into at once."""
        with self._changed:
            self._knocked = True
            self._changed.notify_all()

    def wait(self, seconds: float) -> None:
        """Wait so long for somebody to knock, or for the mailbox to be full."""
        with self._changed:
            self._changed.wait_for(
                lambda: self._knocked or len(self._events) >= _MOST_MAIL, seconds
            )
            self._knocked = False

    def deliver(self, most: int | None = None) -> None:
        """Tell what is in it now; raises what an observer raises to stop it."""
        try:
            for _ in range(most or len(self._events)):
                observers, event = self._events.popleft()
                observers.tell(event)
        finally:
            with self._changed:
                self._changed.notify_all()

    def close(self) -> None:
        """Take nothing any more, and let nobody wait."""
        with self._changed:
            self._closed = True
            self._events.clear()
            self._changed.notify_all()


def _carried_on(converse: Converse, conversation: Conversation[T]) -> T:
    """What a conversation comes to. An upload that it leaves open is cancelled."""
    __tracebackhide__ = True
    with closing(converse(conversation)) as steps:
        return steps.finish()
