"""Upload sessions: blobs on their way in, over any number of requests."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from threading import Lock

from ocinb.protocol import endpoints
from ocinb.registry.refusals import refuse
from ocinb.storage.store import Ingest

MOST_OPEN = 100
LIFETIME = 3_600.0  # seconds without a request after which a session is forgotten


@dataclass
class Session:
    """One upload: whose it is, what came so far, and when it was last spoken of."""

    id: str
    name: str
    ingest: Ingest
    touched: float
    busy: bool = False

    @property
    def location(self) -> str:
        """Where the upload goes on."""
        return endpoints.UPLOAD_STATUS.path(name=self.name, session=self.id)

    @property
    def progress(self) -> dict[str, str]:
        """The headers that say how far it has come.

        The spec has no form for nothing at all: `0-0` is docker's, and means one byte, too (S15).
        """
        return {
            "Location": self.location,
            "Range": f"0-{max(self.ingest.size - 1, 0)}",
            "Docker-Upload-UUID": self.id,
        }


class Sessions:
    """The open sessions. Each belongs to one repository and has one writer at a time."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._open: dict[str, Session] = {}
        self._lock = Lock()

    def __len__(self) -> int:
        return len(self._open)

    @property
    def size(self) -> int:
        """Bytes that came so far in all of them."""
        return sum(session.ingest.size for session in list(self._open.values()))

    def open(self, name: str, start: Callable[[str], Ingest]) -> Session:
        """A new session, whose content is kept where `start` says; refused when too many are."""
        with self._lock:
            self._expire()
            if len(self._open) >= MOST_OPEN:
                raise self._too_many()
            session_id = secrets.token_urlsafe(24)
            session = Session(session_id, name, start(session_id), self._clock())
            self._open[session_id] = session
        return session

    def adopt(self, session_id: str, name: str, ingest: Ingest, idle: float) -> None:
        """Open a session again that another process left `idle` seconds ago, if that was lately."""
        with self._lock:
            session = Session(session_id, name, ingest, self._clock() - idle)
            self._open[session_id] = session
            self._expire()

    def find(self, session_id: str, name: str) -> Session:
        """The open session `session_id` of the repository `name`."""
        with self._lock:
            self._expire()
            session = self._open.get(session_id)
            if session is None or session.name != name:
                raise refuse("BLOB_UPLOAD_UNKNOWN")
            session.touched = self._clock()
        return session

    @contextlib.contextmanager
    def writing(self, session_id: str, name: str) -> Iterator[Session]:
        """The same, for the only writer; a second one is told how far the first has come."""
        session = self.find(session_id, name)
        with self._lock:
            if session.busy or session.id not in self._open:
                message = "another request is writing to this upload"
                raise refuse("BLOB_UPLOAD_INVALID", message, status=416, headers=session.progress)
            session.busy = True
        try:
            yield session
        finally:
            session.busy, session.touched = False, self._clock()

    def cancel(self, session_id: str, name: str) -> None:
        """End the open session `session_id`."""
        with self.writing(session_id, name) as session:
            self.end(session)

    def end(self, session: Session) -> None:
        """Forget `session` and what it holds."""
        with self._lock:
            self._open.pop(session.id, None)
        session.ingest.abort()

    def close(self) -> None:
        """Forget them all; those in a folder are left there for the next registry on it."""
        with self._lock:
            sessions = list(self._open.values())
            self._open.clear()
        for session in sessions:
            session.ingest.leave()

    def _expire(self) -> None:
        oldest = self._clock() - LIFETIME
        for session in list(self._open.values()):
            if session.touched < oldest and not session.busy:
                del self._open[session.id]
                session.ingest.abort()

    def _too_many(self) -> Exception:
        oldest = min(session.touched for session in self._open.values())
        wait = max(1, round(oldest + LIFETIME - self._clock()))
        message = f"{MOST_OPEN} uploads are open; finish or cancel one"
        return refuse("TOOMANYREQUESTS", message, headers={"Retry-After": str(wait)})
