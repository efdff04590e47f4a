"""What was fetched before and is known by its digest, so that nobody need be asked again."""

from __future__ import annotations

from threading import Lock
from typing import Any, TypeVar

from ocinb.oci.document import Document

MOST_KNOWN = 32 * 1024 * 1024  # bytes of documents
D = TypeVar("D", bound=Document)


class Known:
    """Documents by repository and digest, the newest of them; safe to use from many threads.

    What one repository has says nothing about another: registries keep content by repository.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._size = 0
        self._documents: dict[tuple[str, str], Any] = {}

    def get(self, repository: str, digest: str) -> Document | None:
        return self._documents.get((repository, digest))

    def add(self, repository: str, document: D) -> D:
        with self._lock:
            self._forget((repository, document.digest))
            self._documents[repository, document.digest] = document
            self._size += document.size
            while self._size > MOST_KNOWN:
                self._forget(next(iter(self._documents)))
        return document

    def forget(self, repository: str, digest: str) -> None:
        with self._lock:
            self._forget((repository, digest))

    def _forget(self, key: tuple[str, str]) -> None:
        gone = self._documents.pop(key, None)
        self._size -= gone.size if gone else 0
