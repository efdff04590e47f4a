"""Who is told what happens on the wire, and in which thread.

Some watch a registry: they are told of all that is asked of it. Others listen to one call: they are
told what that call does, whomever it asks, and nothing of anybody else's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import NamedTuple, TypeAlias

from ocinb.errors import Cancelled
from ocinb.protocol.events import Event, Observer

Put: TypeAlias = "Callable[[Observers, Event], None]"


class Observers(list[Observer]):
    """Who is told what happens. Only `Cancelled` gets from an observer into a transfer."""

    def __init__(self) -> None:
        super().__init__()
        self._reported: set[int] = set()

    def __bool__(self) -> bool:
        """Whether there is anybody to tell: a watcher, or a listener to what this call does."""
        return bool(len(self) or _here.get().listeners)

    def tell(self, event: Event) -> None:
        """Call every observer with `event`; another error of theirs is logged, once.

        Where events are `redirected`, somebody else does it, later. What observers do meanwhile is
        not told to those who listen.
        """
        put = _elsewhere.get()
        if put is not None:
            put(self, event)
            return
        listeners = _here.get().listeners
        before = _here.set(_TELLING)
        try:
            for observer in tuple(self):
                self._tell(observer, event)
            for listener in listeners:
                listener(event)
        finally:
            _here.reset(before)

    def _tell(self, observer: Observer, event: Event) -> None:
        try:
            observer(event)
        except Cancelled:
            raise
        except Exception:
            if id(observer) not in self._reported:
                self._reported.add(id(observer))
                _report()


class _Listener:
    """Somebody who is told what one call does."""

    def __init__(self, observer: Observer) -> None:
        self._observer, self._reported = observer, False
        self._tick: Callable[[], None] | None = getattr(observer, "tick", None)

    def __call__(self, event: Event) -> None:
        try:
            self._observer(event)
        except Cancelled:
            raise
        except Exception:
            self._report()

    def tick(self) -> None:
        try:
            if self._tick is not None:
                self._tick()
        except Exception:
            self._report()

    def _report(self) -> None:
        if not self._reported:
            self._reported = True
            _report()


class _Here(NamedTuple):
    """Who listens to what is done here, and whether it is done by somebody who is being told."""

    listeners: tuple[_Listener, ...] = ()
    telling: bool = False


_NOBODY, _TELLING = _Here(), _Here(telling=True)
_here: ContextVar[_Here] = ContextVar("here", default=_NOBODY)
_elsewhere: ContextVar[Put | None] = ContextVar("elsewhere", default=None)


@contextmanager
def listening(observer: Observer) -> Iterator[None]:
    """Inside, `observer` is told what this call does, in this thread, one event at a time.

    If it has a `tick`, that is called while nothing happens.
    """
    here = _here.get()
    before = _here.set(here._replace(listeners=(*here.listeners, _Listener(observer))))
    try:
        yield
    finally:
        _here.reset(before)


@contextmanager
def redirected(put: Put) -> Iterator[None]:
    """Inside, nobody is told anything: `put` is given who is to be told what, by another thread."""
    before = _elsewhere.set(put)
    try:
        yield
    finally:
        _elsewhere.reset(before)


def tick() -> None:
    """Let listeners know that time has passed, though perhaps nothing happened."""
    for listener in _here.get().listeners:
        listener.tick()


def is_telling() -> bool:
    """Whether this runs inside an observer: a transfer that tells it something waits for it."""
    return _here.get().telling


def _report() -> None:
    import logging  # noqa: PLC0415  # most log nothing

    logging.getLogger("ocinb").exception(  # noqa: LOG004  # while it is handled
        "an observer failed; its next failures are not reported"
    )
