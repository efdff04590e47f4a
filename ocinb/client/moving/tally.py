"""How far a transfer has come, for whoever is told that it stopped."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ocinb.client.moving.turns import turn
from ocinb.errors import OcinbError
from ocinb.oci.digest import Digest
from ocinb.protocol.events import Event, Observer, Planned


class Tally:
    """Counts the blobs of one transfer to `place` that are there. Safe to use from many threads."""

    def __init__(self, place: str, emit: Observer) -> None:
        self._place, self._emit = place, emit
        self._planned: set[Digest] = set()
        self._there: list[Digest] = []

    def announce(self, event: Event) -> None:
        """Pass on what the transfer tells."""
        if isinstance(event, Planned):
            self._planned.update(blob.digest for blob in event.blobs)
        self._emit(event)

    @contextmanager
    def turn(self, digest: Digest) -> Iterator[None]:
        """See to one blob, after whoever in this process is seeing to the same one (F-10)."""
        with turn(self._place, digest):
            yield
        self._there.append(digest)

    @contextmanager
    def said(
        self, again: str, begun: Callable[[Digest], bool] = lambda digest: False
    ) -> Iterator[None]:
        """What stops the transfer says how many blobs are there, and that `again` goes on.

        `begun` tells of which other ones there is a part.
        """
        try:
            yield
        except OcinbError as error:
            if hint := self._hint(again, begun):
                error.hint(hint)
            raise
        except (Exception, KeyboardInterrupt) as error:
            if hint := self._hint(again, begun):
                error.add_note(f"Hint: {hint}")
            raise

    def _hint(self, again: str, begun: Callable[[Digest], bool]) -> str:
        parts = sum(map(begun, self._planned.difference(self._there)))
        beside = f", and a part of {'one' if parts == 1 else parts} more" if parts else ""
        return f"{self}{beside}; {again}" if self._there or parts else ""

    def __str__(self) -> str:
        there, planned = len(self._there), len(self._planned)
        if there == planned:
            return "all blobs are there"
        return f"{there:,} of {planned:,} blobs {'is' if there == 1 else 'are'} there"
