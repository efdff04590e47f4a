"""The pages of a listing, and the bounds on following a registry from one to the next (K-6)."""

from __future__ import annotations

from dataclasses import dataclass, field

from ocinb.text import human_size

MOST_PAGES = 1_000
MOST_BYTES = 64 * 1024 * 1024  # of all pages of one listing
_MOST_EMPTY = 3


@dataclass
class Pages:
    """What was read of a listing so far: `number` pages of `size` bytes in all, the last `empty` of
    them with nothing."""

    most: int = MOST_PAGES
    asked: set[str] = field(default_factory=set)
    number: int = 0
    empty: int = 0
    size: int = 0

    def read(self, entries: int, size: int) -> None:
        """One more page of `size` bytes, with so many entries."""
        self.number += 1
        self.size += size
        self.empty = 0 if entries else self.empty + 1

    def too_many(self, url: str) -> str:
        """Why the page at `url` is not to be asked for, if there is a reason."""
        if url in self.asked:
            return "the registry's pages go round in a circle"
        if self.number >= self.most:
            return f"there are more than {self.most:,} pages"
        if self.size >= MOST_BYTES:
            return f"the pages have more than {human_size(MOST_BYTES)}"
        if self.empty >= _MOST_EMPTY:
            return "the registry sends one empty page after another"
        return ""
