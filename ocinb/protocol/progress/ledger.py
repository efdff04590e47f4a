"""What the events of a transfer add up to: one entry per blob, and where it has come to. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, TypeAlias

from ocinb.oci.descriptor import Descriptor
from ocinb.oci.digest import Digest
from ocinb.protocol.events import (
    BytesMoved,
    Event,
    Finished,
    LeftOut,
    Mounted,
    Planned,
    RequestStarted,
    ResponseReceived,
    Retrying,
    Skipped,
    Verified,
    Written,
)
from ocinb.protocol.messages import Step
from ocinb.text import human_size

State: TypeAlias = Literal[
    "waiting", "asked", "fetched", "sent", "again", "there", "elsewhere", "mounted", "done",
    "failed", "cancelled", "not begun",
]  # fmt: skip
OVER = ("there", "elsewhere", "mounted", "done", "failed", "cancelled", "not begun")
_GOOD = ("there", "elsewhere", "mounted", "done")
_WAYS: dict[str, State] = {"up": "sent", "down": "fetched"}
_CONTENT = {"GET": "down", "PUT": "up", "PATCH": "up", "POST": "up"}  # where a blob itself moves
_DIGEST = re.compile(r"(?:sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})")

_FROM = re.compile(r"bytes=([0-9]{1,18})-")


@dataclass
class Entry:
    """A blob on its way: what it is, how many of its bytes have moved, what became of it.

    `position` counts the blobs of the transfer from 0. `way` is where its bytes go, `up` or `down`;
    empty while nobody asked for it to move. It is `stopped` when somebody asked for that.
    """

    blob: Descriptor
    position: int
    state: State = "waiting"
    moved: int = 0
    note: str = ""
    tries: int = 1
    way: str = ""
    stopped: bool = False

    @property
    def done(self) -> int:
        """Bytes that need not be moved any more."""
        return self.blob.size if self.state in _GOOD else min(self.moved, self.blob.size)

    @property
    def over(self) -> bool:
        """Whether nothing more will happen to it."""
        return self.state in OVER


@dataclass
class _Body:
    """The body of an exchange that is about a blob: `way` is where the blob's own bytes go there.

    `before` of the blob's bytes were there before, `done` have moved in this exchange.
    """

    entry: Entry
    way: str
    before: int
    done: int = 0


class Ledger:
    """Entries for the blobs that were planned, in their order, kept by calling it with events."""

    def __init__(self) -> None:
        self.entries: dict[Digest, Entry] = {}
        self.moved = 0  # bytes of blobs that went over the wire; those that went twice count twice
        self._bodies: dict[int, _Body] = {}  # what moves in which exchange
        self._doing: dict[int, str] = {}  # for each exchange under way what it is for, in words
        self._did = ""

    @property
    def now(self) -> str:
        """What is being done, in words; of several things at once, the one that began first."""
        titles = list(self._doing.values())
        if len(titles) < 2:
            return titles[0] if titles else self._did
        return f"{titles[0]} and {len(titles) - 1:,} more at once"

    @property
    def done(self) -> int:
        """Bytes of all blobs that need not be moved any more."""
        return sum(entry.done for entry in self.entries.values())

    @property
    def whole(self) -> int:
        """Bytes of all blobs."""
        return sum(entry.blob.size for entry in self.entries.values())

    def count(self, *states: State) -> int:
        """How many blobs are in one of these states."""
        return sum(entry.state in states for entry in self.entries.values())

    def __call__(self, event: Event) -> Entry | None:
        """Note an event; the entry it is about, if it is about one of the blobs."""
        match event:
            case Planned(blobs):
                for blob in blobs:
                    self.entries.setdefault(blob.digest, Entry(blob, len(self.entries)))
                return None
            case RequestStarted():
                return self._started(event)
            case Skipped() | LeftOut() | Mounted() | Verified():
                return self._settled(event)
            case Written():
                return self._written(event)
            case BytesMoved() | ResponseReceived() | Retrying() | Finished():
                return self._went_on(event)

    def end(self, state: Literal["failed", "cancelled"]) -> None:
        """Say of every blob still on its way that it will not arrive."""
        for entry in self.entries.values():
            if not entry.over:
                # Who waits to be tried again has not failed yet.
                ended = "cancelled" if entry.stopped or entry.state == "again" else state
                entry.state = "not begun" if entry.state == "waiting" else ended
                entry.note = entry.note if entry.state == "failed" else ""

    def _started(self, event: RequestStarted) -> Entry | None:
        if event.step is not None:
            self._doing[event.exchange] = self._did = event.step.title
        # After a redirect only the step still knows which blob it is.
        entry = self._about(event.step)
        if entry is None or entry.over:
            return None
        way, before = _CONTENT.get(event.method, ""), _offset(event.step)
        session = event.step.session if event.step else None
        if session is not None and way == "down":  # a word about the upload, and none of the blob
            way = ""
        self._bodies[event.exchange] = _Body(entry, way, before)
        entry.state, entry.way, entry.stopped = "asked", way or entry.way, False
        entry.note = f"from {human_size(before)}" if before and way == "down" else ""
        return entry

    def _went_on(self, event: BytesMoved | ResponseReceived | Retrying | Finished) -> Entry | None:
        body = self._bodies.get(event.exchange)
        if isinstance(event, Finished):
            self._did = self._doing.pop(event.exchange, self._did)
        if body is None or body.entry.over:
            return None
        entry = body.entry
        match event:
            case BytesMoved() if event.direction == body.way:
                self.moved += max(0, event.done - body.done)
                body.done = event.done
                entry.state, entry.moved = _WAYS[body.way], body.before + event.done
            case ResponseReceived() if event.status >= 300:  # what comes now is not the blob
                body.way = ""
            case ResponseReceived(status=200) if body.way == "down":  # all of it, whatever we had
                body.before, entry.note = 0, ""
            case Retrying():
                entry.state, entry.tries, entry.moved = "again", event.attempt + 1, body.before
                entry.note = f"in {event.seconds:.1f} s: {event.reason}"
            case Finished(error=error) if error:
                entry.note, entry.stopped = error, event.stopped
        return entry

    def _written(self, event: Written) -> Entry | None:
        entry = self.entries.get(event.digest)
        if entry is None or entry.over:
            return None
        self.moved += max(0, event.done - entry.moved)
        entry.state, entry.way, entry.moved = "fetched", "down", event.done
        return entry

    def _settled(self, event: Skipped | LeftOut | Mounted | Verified) -> Entry | None:
        entry = self.entries.get(event.digest)
        if entry is None:
            return None
        match event:
            case Skipped():
                entry.state = "there"
            case LeftOut():
                entry.state, entry.note = "elsewhere", ""
            case Mounted():
                entry.state, entry.note = "mounted", event.source
            case Verified():
                entry.state, entry.note = "done", ""
        return entry

    def _about(self, step: Step | None) -> Entry | None:
        """The blob that a step is about: its upload says which, or its URL."""
        if step is None:
            return None
        digest = step.session.digest if step.session else None
        return self.entries.get(digest) if digest else self._named(step.request.url)

    def _named(self, url: str) -> Entry | None:
        """The blob whose digest stands in a URL; manifests are named by digests, too."""
        found = _DIGEST.findall(url)
        return self.entries.get(Digest(found[-1])) if found else None


def _offset(step: Step | None) -> int:
    """How many bytes of a blob are there already when this is asked."""
    if step is None:
        return 0
    if step.session is not None:
        return step.session.offset
    asked = _FROM.match(step.request.headers.get("range", ""))
    return int(asked[1]) if asked else 0
