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
    Mounted,
    Planned,
    RequestStarted,
    ResponseReceived,
    Retrying,
    Skipped,
    Verified,
)
from ocinb.protocol.messages import Step

State: TypeAlias = Literal[
    "waiting", "asked", "fetched", "sent", "again", "there", "mounted", "done", "failed",
    "cancelled", "not begun",
]  # fmt: skip
OVER = ("there", "mounted", "done", "failed", "cancelled", "not begun")
_GOOD = ("there", "mounted", "done")
_WAYS: dict[str, State] = {"up": "sent", "down": "fetched"}
_CONTENT = {"GET": "down", "PUT": "up", "PATCH": "up", "POST": "up"}  # where a blob itself moves
_DIGEST = re.compile(r"(?:sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})")


@dataclass
class Entry:
    """A blob on its way: what it is, how many of its bytes have moved, what became of it.

    `position` counts the blobs of the transfer from 0. `way` is where its bytes go, `up` or `down`;
    empty while nobody asked for it to move.
    """

    blob: Descriptor
    position: int
    state: State = "waiting"
    moved: int = 0
    note: str = ""
    tries: int = 1
    way: str = ""

    @property
    def done(self) -> int:
        """Bytes that need not be moved any more."""
        return self.blob.size if self.state in _GOOD else min(self.moved, self.blob.size)

    @property
    def over(self) -> bool:
        """Whether nothing more will happen to it."""
        return self.state in OVER


class Ledger:
    """Entries for the blobs that were planned, in their order, kept by calling it with events."""

    def __init__(self) -> None:
        self.entries: dict[Digest, Entry] = {}
        self.now = ""  # what is being done, in words
        # For each exchange the blob, the way its bytes go there, and how many were there before.
        self._exchanges: dict[int, tuple[Entry, str, int]] = {}

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
            case Skipped() | Mounted() | Verified():
                return self._settled(event)
            case BytesMoved() | ResponseReceived() | Retrying() | Finished():
                entry, way, before = self._exchanges.get(event.exchange, (None, "", 0))
                if entry is None or entry.over:
                    return None
                return self._went_on(entry, way, before, event)

    def end(self, state: Literal["failed", "cancelled"]) -> None:
        """Say of every blob still on its way that it will not arrive."""
        for entry in self.entries.values():
            if not entry.over:
                entry.state = "not begun" if entry.state == "waiting" else state
                entry.note = entry.note if state == "failed" else ""

    def _started(self, event: RequestStarted) -> Entry | None:
        if event.step is not None:
            self.now = event.step.title
        # After a redirect only the step still knows which blob it is.
        entry = self._about(event.step)
        if entry is None or entry.over:
            return None
        session = event.step.session if event.step else None
        way = _CONTENT.get(event.method, "")
        if session is not None and way == "down":  # a word about the upload, and none of the blob
            way = ""
        self._exchanges[event.exchange] = (entry, way, session.offset if session else 0)
        entry.state, entry.note, entry.way = "asked", "", way or entry.way
        return entry

    def _went_on(
        self,
        entry: Entry,
        way: str,
        before: int,
        event: BytesMoved | ResponseReceived | Retrying | Finished,
    ) -> Entry:
        match event:
            case BytesMoved() if event.direction == way:
                entry.state, entry.moved = _WAYS[way], before + event.done
            case ResponseReceived() if event.status >= 300:  # what comes now is not the blob
                self._exchanges[event.exchange] = (entry, "", before)
            case Retrying():
                entry.state, entry.tries, entry.moved = "again", event.attempt + 1, before
                entry.note = f"in {event.seconds:.1f} s: {event.reason}"
            case Finished(error=error) if error:
                entry.note = error
        return entry

    def _settled(self, event: Skipped | Mounted | Verified) -> Entry | None:
        entry = self.entries.get(event.digest)
        if entry is None:
            return None
        match event:
            case Skipped():
                entry.state = "there"
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
