"""Progress of a transfer, from the event stream to something to look at.

Events may come from any thread; painting happens in the thread that began, at most ten times a
second, and what goes wrong in it never reaches the transfer.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Literal, Self, TypeAlias

from ocinb.display.html import page
from ocinb.display.painting import Sink, in_notebook, sink
from ocinb.display.parts import counted, digest, dim, kind, size
from ocinb.display.text import NARROW, cell_text, plain
from ocinb.display.view import Bar, Block, Cell, Fold, Row, Say, Table, Tone, View, Word
from ocinb.errors import Cancelled
from ocinb.protocol.events import Event, Planned, Retrying
from ocinb.protocol.progress.ledger import Entry, Ledger, State
from ocinb.protocol.progress.pace import Pace
from ocinb.text import human_size

INTERVAL = 0.1  # seconds between two paints

Outcome: TypeAlias = Literal["running", "done", "failed", "cancelled"]
_STATES: dict[State, tuple[str, Tone]] = {
    "waiting": ("· waiting", "dim"),
    "asked": ("? asking", "dim"),
    "fetched": ("↓ fetching", ""),
    "sent": ("↑ sending", ""),
    "again": ("↻ once more", "warn"),
    "there": ("= already there", "dim"),
    "elsewhere": ("→ to be had elsewhere", "dim"),
    "mounted": ("= taken over", "good"),
    "done": ("✓ verified", "good"),
    "failed": ("✗ failed", "bad"),
    "cancelled": ("■ cancelled", "bad"),
    "not begun": ("· not begun", "dim"),
}
_FIRST: dict[State, int] = {"failed": 0, "cancelled": 1}
_OUTCOMES: dict[Outcome, tuple[str, Tone]] = {
    "running": ("…", ""),
    "done": ("✓ done", "good"),
    "failed": ("✗ failed", "bad"),
    "cancelled": ("■ cancelled", "bad"),
}
_log = logging.getLogger("ocinb.display")


class Progress:
    """A panel with a row for each blob, which collapses into a static summary at the end."""

    def __init__(
        self,
        title: str,
        *,
        to: Sink | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.title = title
        self.outcome: Outcome = "running"
        self.reason = ""
        self.ledger, self._pace = Ledger(), Pace()
        self._sink: Sink | None = to or sink()
        self._clock, self._lock = clock, threading.Lock()
        self._thread = threading.get_ident()
        self._begun = self._painted = self._stopped = clock()
        self._told: set[str] = set()

    def __enter__(self) -> Self:
        self._begun = self._painted = self._clock()
        self._thread = threading.get_ident()
        self._paint("open")
        return self

    def __call__(self, event: Event) -> None:
        """Note an event, and paint if it is time to."""
        with self._lock:
            self.ledger(event)
        if self._sink is None or threading.get_ident() != self._thread:
            return
        # What it will do, and what it waits for, must be seen now, whatever happens next.
        if isinstance(event, (Planned, Retrying)):
            self._paint("update")
        else:
            self.tick()

    def tick(self) -> None:
        """Paint if it is time to: when nothing moves, this is seen, too."""
        if self._sink is not None and self._clock() - self._painted >= INTERVAL:
            self._paint("update")

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stopped = self._clock()
        with self._lock:
            if error is None:
                self.outcome = "done"
            else:
                stopped = isinstance(error, (KeyboardInterrupt, Cancelled))
                self.outcome = "cancelled" if stopped else "failed"
                self.reason = "" if stopped else str(error)
                self.ledger.end(self.outcome)
        self._paint("close")

    def html(self) -> str:
        """All of it, as HTML."""
        return page(self._view())

    def text(self) -> str:
        """All of it, as lines of text."""
        return plain(self._view())

    def line(self) -> str:
        """The sum of it, in one line."""
        words = [self.title, Bar(self.ledger.done, self.ledger.whole).percent]
        return " ".join((*words, *(cell_text(part) for part in self._summary())))

    def news(self) -> list[str]:
        """A line for each blob that came to its end since this was last asked."""
        new = [e for e in self._entries() if e.over and e.blob.digest not in self._told]
        self._told.update(entry.blob.digest for entry in new)
        return [" ".join(cell_text(cell, NARROW) for cell in _row(entry).cells) for entry in new]

    def _paint(self, what: Literal["open", "update", "close"]) -> None:
        if self._sink is None:
            return
        self._pace.note(self._clock(), self.ledger.moved)
        try:
            getattr(self._sink, what)(self)
        except Exception:  # a transfer never fails because it cannot be shown
            self._sink = None
            _log.warning("progress cannot be shown any more", exc_info=True)
        self._painted = self._clock()

    def _entries(self) -> list[Entry]:
        with self._lock:
            return list(self.ledger.entries.values())

    def _view(self) -> View:
        entries = self._entries()
        running = self.outcome == "running"
        blocks: list[Block] = []
        if running:
            blocks.append(Say(self.ledger.now or "Beginning", "dim"))
        if self.reason:
            blocks.append(Say(Word(self.reason), "bad"))
        if entries:
            is_open = running or self.outcome == "failed"
            blocks.append(Fold(counted(len(entries), "blob"), _tables(entries), open=is_open))
        if running and in_notebook():
            blocks.append(Say(dim("■ To stop it, interrupt the kernel."), "dim"))
        bar = Bar(self.ledger.done, self.ledger.whole)
        if self.outcome == "done":
            bar = Bar(1, 1)
        return View(self.title, bar, self._summary(), tuple(blocks))

    def _summary(self) -> tuple[Cell, ...]:
        """How far it has come, or what it came to."""
        ledger, (word, tone) = self.ledger, _OUTCOMES[self.outcome]
        amount = f"{human_size(ledger.done)} of {human_size(ledger.whole)}"
        if self.outcome == "running":
            speed = "".join(f"{each}, " for each in self._speed())
            return (Word(f"{amount}, {speed}".rstrip(", ")),)
        there = ledger.count("there", "mounted")
        known = f", {there:,} already there" if there else ""
        blobs = f", {counted(len(ledger.entries), 'blob')}{known}" if ledger.entries else ""
        if self.outcome == "done":
            amount = human_size(ledger.whole)
        said = f"{amount}{blobs}, {self._stopped - self._begun:.1f} s"
        return (Word(word, tone=tone), dim(said))

    def _speed(self) -> Iterator[str]:
        """How fast it goes on, and how long it will take, as far as anybody can tell."""
        ledger, rate = self.ledger, round(self._pace.rate)
        seconds = self._pace.left(ledger.whole - ledger.done)
        if rate > 0:
            yield f"{human_size(rate)}/s"
        if seconds is not None:
            yield f"{_duration(seconds)} left"


def _duration(seconds: float) -> str:
    """A time that is about right: `8 s`, `2 min`, `1 h 5 min`."""
    if seconds < 60:
        return f"{max(1, round(seconds))} s"
    hours, minutes = divmod(round(seconds / 60), 60)
    if hours >= 100:
        return "days"
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"


def _tables(entries: list[Entry]) -> tuple[Block, ...]:
    """What went wrong before the rest; what was never begun is folded away."""
    begun = [entry for entry in entries if entry.state != "not begun"]
    others = [entry for entry in entries if entry.state == "not begun"]
    begun.sort(key=lambda entry: _FIRST.get(entry.state, len(_FIRST)))
    blocks: list[Block] = [_table(begun)] if begun else []
    if others:
        heading = dim(f"{len(others):,} not begun")
        blocks.append(Fold(heading, (_table(others),), text=False))
    return tuple(blocks)


def _table(entries: list[Entry]) -> Table:
    return Table(("blob", "type", "size", "state"), entries, _row, right=("size",))


def _row(entry: Entry) -> Row:
    word, tone = _STATES[entry.state]
    moving = entry.state in ("fetched", "sent")
    note = entry.note or (f"try {entry.tries}" if entry.tries > 1 else "")
    state: tuple[Cell, ...] = (Word(word, tone=tone),)
    if moving:
        state = (*state, Bar(entry.done, entry.blob.size))
    if note:
        state = (*state, dim(note))
    blob = entry.blob
    return Row((digest(blob.digest), kind(blob.media_type), size(blob.size), state))
