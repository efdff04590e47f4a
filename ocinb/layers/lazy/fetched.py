"""What was fetched of a layer to look into it, and how."""

from __future__ import annotations

from ocinb.text import human_size


class Fetched:
    """Counts what it took to open files of a layer of `size` bytes.

    `listing` are the bytes that were fetched to list it, `opening` those to open `files` files in
    `requests` requests. `notes` say why it was more than it might be.
    """

    def __init__(self, size: int, listing: int = 0) -> None:
        self.size, self.listing = size, listing
        self.opening = self.requests = self.files = 0
        self.notes: list[str] = []

    def add(self, fetched: int, requests: int) -> None:
        """Count one more part."""
        self.opening += fetched
        self.requests += requests

    def note(self, why: str) -> None:
        """Say once why more was fetched."""
        if why not in self.notes:
            self.notes.append(why)

    def __str__(self) -> str:
        files = f"{self.files:,} file{'' if self.files == 1 else 's'}"
        requests = f"{self.requests:,} request{'' if self.requests == 1 else 's'}"
        bytes_ = f"{human_size(self.opening)} of {human_size(self.size)}"
        return f"opened {files}: {bytes_} fetched in {requests}"
