"""A blob sent in chunks, each acknowledged; whatever is lost on the way, it goes on from there."""

from __future__ import annotations

from dataclasses import replace

from ocinb.errors import OcinbError, TransferError
from ocinb.oci.image import Blob
from ocinb.protocol import endpoints
from ocinb.protocol.fields.ranges import format_content_range, parse_range_header
from ocinb.protocol.messages import Conversation, Request, Response, Step
from ocinb.protocol.uploads.commit import (
    OCTETS,
    Again,
    close_step,
    confirmed,
    forgotten,
    is_there,
    passing,
)
from ocinb.protocol.uploads.parts import Parts
from ocinb.protocol.uploads.session import UploadSession

CHUNK = 16 * 1024 * 1024  # the usual size: few answers to wait for, little to send again
LEAST = 1024 * 1024  # no chunk is made smaller than this because a registry found it too large
TRIES = 5  # to get on, without a byte more
_TAKEN = (200, 201, 202, 204)  # 202 is right; ECR says 201 (U-3)
_TOO_LARGE = (413, 416)
_NO_CHUNKS = (400, 404, 405, 501)  # to the first of them: send it in one piece (F-9)


class Chunks:
    """A blob on its way through one session; `run` is the conversation.

    What the registry says it has is believed, within what it was sent. With `resumed` the session
    is somebody else's, and asked first.
    """

    def __init__(
        self, name: str, blob: Blob, session: UploadSession, size: int, *, resumed: bool = False
    ) -> None:
        self._name, self._blob, self._parts = name, blob, Parts(blob)
        self._session, self._resumed = session, resumed
        self._size = max(size, session.minimum)
        self._sent = blob.size if resumed else session.offset  # no registry can have more
        self._best = session.offset  # how far it has ever come
        self._known = session.offset  # how far the registry last said it is
        self._tries = 0
        self._lagged = self._lags = self._doubted = self._closing = self._over = False
        self._again: Again | None = None
        self.found = False  # whether the blob was seen to be there, when no answer said so

    def run(self) -> Conversation[Again | None]:
        """Send what is missing and close the session; None when the blob is there."""
        if self._resumed:
            yield from self._ask()
        while not (self._over or self._again):
            missing = self._session.offset < self._blob.size
            yield from self._send() if missing else self._close()
        return self._again

    def _send(self) -> Conversation[None]:
        start = self._session.offset
        stop = min(start + self._size, self._blob.size)
        self._sent = max(self._sent, stop)
        try:
            response = yield self._chunk(start, stop)
        except TransferError as lost:
            yield from self._ask(lost)
            return
        if response.status in _TAKEN:
            yield from self._taken(response, start, stop)
        else:
            yield from self._not_taken(response, start, stop)

    def _chunk(self, start: int, stop: int) -> Step:
        headers = OCTETS.having(Content_Range=format_content_range(start, stop - 1))
        return Step(
            f"Send {stop - start:,} bytes of {self._blob.digest.short} from {start:,} on",
            Request("PATCH", self._session.location, headers, self._parts.part(start, stop)),
            endpoints.SEND_CHUNK,
            why="Each chunk says where it belongs; what is lost of it can be sent again.",
            recovers=True,
            session=self._session,
        )

    def _taken(self, response: Response, start: int, stop: int) -> Conversation[None]:
        """What the registry took of a chunk: all, a part (C21), or it does not say yet (U-3)."""
        self._session = self._session.after(response)
        has = parse_range_header(response.headers.get("range", ""))
        if has is None or has == stop:
            self._known = stop
            self._reach(stop)
        elif start < has and has != 1:
            self._known = self._within(has, response)
            self._reach(has)
        elif self._lags or not self._lagged:  # ours is trusted once: a gap would be refused
            self._lagged = True
            self._reach(stop)
        else:
            short = response.unexpected(f"it has {has:,} bytes of the {stop:,} that it took")
            said = yield from self._ask(short)
            if said in (has, stop) and self._again is None:
                self._lags = True  # its Range stands still, whatever it takes
                self._reach(stop)

    def _not_taken(self, response: Response, start: int, stop: int) -> Conversation[None]:
        why = response.refusal()
        if passing(response):
            yield from self._ask(why)
        elif response.status in _TOO_LARGE:
            sure = start == 0 and not self._tries and "range" not in response.headers
            if not sure:
                yield from self._ask(why)
            if self._session.offset == start and self._again is None:
                self._shrink(why, stop - start)
        elif response.status in _NO_CHUNKS and self._best == 0:
            self._again = Again(why, refused=True, gone=forgotten(response))
        elif forgotten(response):
            self._again = Again(why, gone=True, unsure=self._closing)
        else:
            raise why

    def _shrink(self, why: OcinbError, sent: int) -> None:
        """Half as much at a time, for a registry that found what was sent too much (U-2)."""
        half = sent // 2
        if half < max(LEAST, self._session.minimum):
            self._again = Again(why, refused=True)
        else:
            self._size = half

    def _close(self) -> Conversation[None]:
        title = f"Close the upload of {self._blob.digest.short}"
        trouble: OcinbError | None = None
        try:
            response = yield close_step(self._session, self._blob.digest, title)
        except TransferError as lost:
            trouble = lost
        else:
            trouble = response.refusal() if passing(response) else None
        if trouble is not None:
            self._closing = True
            self._over = self.found = yield from is_there(self._name, self._blob, self._session)
            if not self._over:
                yield from self._ask(trouble)
        elif response.status == 416:
            yield from self._ask(response.refusal())
        elif forgotten(response):
            self._again = Again(response.refusal(), gone=True, unsure=True)
        elif response.status == 400:
            self._again = Again(response.refusal(), refused=True)
        else:
            yield from confirmed(self._name, self._blob, response)
            self._over = True

    def _ask(self, why: OcinbError | None = None) -> Conversation[int | None]:
        """Go on from where the registry says it is (C22); what it said."""
        self._tries += 1
        if why is not None and self._tries > TRIES:
            raise why
        response = yield self._session.status_step()
        gone = forgotten(response)
        if gone or response.status in (405, 501):
            self._again = Again(why or response.refusal(), gone=gone, unsure=self._closing or gone)
            return None
        response.expect(200, 202, 204)
        self._session = self._session.after(response)
        has = parse_range_header(response.headers.get("range", ""))
        self._known = self._position(has, response, why)
        self._reach(self._known)
        return has

    def _position(self, has: int | None, response: Response, why: OcinbError | None) -> int:
        """How many bytes that is: where it is not said, what was said before (U-7)."""
        if has is None:
            return self._known
        sure = self._doubted and not isinstance(why, TransferError)
        if has == 1 and self._known != 1 and not sure:
            self._doubted = True  # `0-0` is nothing, until a refusal shows that it is one byte
            return 0
        return self._within(has, response)

    def _within(self, has: int, response: Response) -> int:
        if has > self._sent:
            raise response.unexpected(f"it has {has:,} bytes, but was sent {self._sent:,}")
        return has

    def _reach(self, offset: int) -> None:
        self._session = replace(self._session, offset=offset)
        if offset > self._best:
            self._best, self._tries = offset, 0
