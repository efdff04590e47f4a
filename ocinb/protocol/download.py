"""Fetching a blob in as many pieces as it takes (end-2): what arrived is not asked for again.

The body that breaks off is gone on with by `Range`, always at the registry's own address, since the
one it redirected to expires (L-6). A closed range is asked for, which more registries honour than
say so (D-5). What comes in answer is believed by its `Content-Range` alone, byte for byte: a
registry that sends all of it, or another part, is heard from the beginning (D-6, D-7).
"""

from __future__ import annotations

from ocinb.errors import DigestMismatch, TransferError, TransferStalled, TruncatedBody
from ocinb.oci.descriptor import Descriptor
from ocinb.protocol import endpoints
from ocinb.protocol.events import Observer, Verified, nobody
from ocinb.protocol.fields.claims import note_other_claim
from ocinb.protocol.fields.headers import Headers
from ocinb.protocol.messages import Conversation, Failure, Request, Response, Sink, Step
from ocinb.protocol.ping import not_a_registry
from ocinb.protocol.sinks import Verifier
from ocinb.text import redacted_url, visible

MOST_STALLED = 3  # attempts that bring next to nothing
PROGRESS = 1024 * 1024  # bytes after which attempts count anew (F-4)
PAST_CACHES = {"Cache-Control": "no-cache"}


def get_blob(
    name: str, blob: Descriptor, sink: Sink, announce: Observer = nobody
) -> Conversation[Descriptor]:
    """Fetch a blob into `sink`, verified against digest and size.

    It goes on where it breaks off, and where a sink that is `Hashing` has got to before. What does
    not match is asked for once more, past any cache, before it is refused. Raises `TransferStalled`
    when it does not get any further.
    """
    download = _Download(name, blob, Verifier(sink, blob.digest, blob.size))
    while not download.over:
        try:
            response = yield download.step()
        except TruncatedBody as broken:
            download.broke_off(broken)
        except TransferError:
            continue  # there was no answer at all: the same step waits
        else:
            download.heard(response)
    announce(Verified(blob.digest, blob.size))
    return blob


class _Download:
    """How far a download has come, and what is still put up with."""

    def __init__(self, name: str, blob: Descriptor, verifier: Verifier) -> None:
        self._name, self._blob, self._verifier = name, blob, verifier
        self._since = verifier.received  # where attempts were last counted from
        self._after: Failure | None = None
        self._anew = self._past_caches = False  # each is done once
        self.over = self._came_whole()

    def step(self) -> Step:
        """What to ask next: all of it, or what is missing."""
        short, offset = self._blob.digest.short, self._verifier.received
        headers = dict(PAST_CACHES) if self._past_caches else {}
        title, why = f"Fetch blob {short}", "What arrives is hashed on the way: it is its own name."
        if offset:
            headers["Range"] = f"bytes={offset}-{self._blob.size - 1}"
            title, why = f"Go on with blob {short}", "What has arrived need not come again."
        elif self._past_caches:
            title = f"{title} again"
            why = "It was not what its name says; perhaps a cache on the way is at fault."
        request = Request(
            "GET",
            endpoints.GET_BLOB.path(name=self._name, digest=self._blob.digest),
            Headers(headers),
            sink=self._verifier,
        )
        return Step(title, request, endpoints.GET_BLOB, why, recovers=True, after=self._after)

    def heard(self, response: Response) -> None:
        """Take an answer that came to its end."""
        verifier = self._verifier
        taken = response.status == 206 and verifier.accepted
        if not taken and response.status in (206, 416) and verifier.received:
            self._begin_anew(response)
            return
        if not taken:
            response.expect(200)
        if verifier.matches:
            note_other_claim(response, self._blob.digest)
        if response.is_web_page() and not verifier.matches:
            raise not_a_registry(response)
        short = None if verifier.encoding else verifier.short()
        if verifier.matches:
            self.over = True
        elif short is not None:
            self.broke_off(short)
        else:
            self._once_more(redacted_url(response.asked[1]))

    def broke_off(self, broken: TruncatedBody) -> None:
        """Count an attempt that did not come to its end; raises when there were enough of them."""
        if self._verifier.matches:  # all but the end of the message came
            self.over = True
            return
        if self._verifier.short() is None:
            self._once_more(broken.url)
            return
        if self._verifier.encoding:  # there is no going on within what is encoded
            self._verifier.forget()
        attempt = self._after.attempt + 1 if self._after else 1
        if self._verifier.received - self._since >= PROGRESS:
            attempt, self._since = 1, self._verifier.received
        self._since = min(self._since, self._verifier.received)
        if attempt >= MOST_STALLED:
            raise self._stalled(broken, attempt) from broken
        self._after = Failure(broken, attempt)

    def _came_whole(self) -> bool:
        """Whether somebody else fetched all of it before; what is wrong is forgotten (D-8)."""
        received = self._verifier.received
        if received and self._verifier.matches:
            return True
        if received >= self._blob.size and received:
            self._verifier.forget()
        return False

    def _begin_anew(self, response: Response) -> None:
        """A part that is not the one asked for, or none: all of it, once (D-7, D-8)."""
        if self._anew:
            said = visible(response.headers.get("content-range", "no range"), 64)
            raise response.unexpected(
                f"of {self._blob.digest.short} the bytes from {self._verifier.received:,} up to "
                f"{self._blob.size:,} were asked for, and it answered with {said}"
            )
        self._anew = True
        self._from_the_beginning()

    def _once_more(self, source: str) -> None:
        """All of it came, and is not what its name says: once more, past any cache (F-7)."""
        if self._past_caches:
            self._refuse(source)
        if self._verifier.encoding:
            self._verifier.guess_again()
        self._past_caches = True
        self._from_the_beginning()

    def _from_the_beginning(self) -> None:
        self._verifier.forget()
        self._since, self._after = 0, None

    def _refuse(self, source: str) -> None:
        encoding = self._verifier.encoding
        if not encoding:
            self._verifier.check(source)
        raise DigestMismatch(
            self._blob.digest,
            self._verifier.actual,
            source=source,
            hints=[f"it came encoded ({visible(encoding, 32)}), which nobody asked for"],
        )

    def _stalled(self, broken: TruncatedBody, attempts: int) -> TransferStalled:
        received = self._verifier.received
        return TransferStalled(
            f"{self._blob.digest.short} stays at {received:,} of {self._blob.size:,} bytes after "
            f"{attempts} attempts: {broken}",
            received=received,
            expected=self._blob.size,
        )
