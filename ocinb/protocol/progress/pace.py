"""How fast a transfer is, from what has moved by when: pure, told the time."""

from __future__ import annotations

from collections import deque

WINDOW = 5.0  # seconds that are looked back
LEAST = 0.5  # seconds before anything can be said


class Pace:
    """Bytes a second, over the last few seconds."""

    def __init__(self) -> None:
        self._seen: deque[tuple[float, int]] = deque()

    def note(self, now: float, moved: int) -> None:
        """So many bytes have moved by `now`, in seconds."""
        self._seen.append((now, moved))
        while len(self._seen) > 2 and self._seen[1][0] <= now - WINDOW:
            self._seen.popleft()

    @property
    def rate(self) -> float:
        """Bytes a second; 0 while nothing moves, or nobody can tell yet."""
        if not self._seen:
            return 0.0
        (since, before), (now, moved) = self._seen[0], self._seen[-1]
        return (moved - before) / (now - since) if now - since >= LEAST else 0.0

    def left(self, missing: int) -> float | None:
        """The seconds that `missing` bytes will take; None where nobody can tell."""
        return missing / self.rate if self.rate > 0 and missing > 0 else None
