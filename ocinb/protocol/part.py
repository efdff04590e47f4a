"""A part of a blob (end-2, `Range`): what is wanted of it, and no more kept than that.

A part has no digest of its own, so nothing shows that it is right but the registry's word. That is
read closely: a part counts where its `Content-Range` says exactly what was asked for (D-7). Who
answers with all of the blob is heard up to the end of the part (D-6), and a part that breaks off is
gone on with (F-4).
"""

from __future__ import annotations

from ocinb.errors import (
    InvalidContent,
    RegistryError,
    TransferError,
    TransferStalled,
    TruncatedBody,
    UnexpectedAnswer,
)
from ocinb.oci.descriptor import Descriptor
from ocinb.oci.digest import Digest
from ocinb.protocol import endpoints
from ocinb.protocol.download import MOST_STALLED, PROGRESS
from ocinb.protocol.events import Observer, nobody
from ocinb.protocol.fetch import get_blob_bytes
from ocinb.protocol.fields.encoding import coding
from ocinb.protocol.fields.headers import Headers, length
from ocinb.protocol.fields.ranges import content_range
from ocinb.protocol.messages import Conversation, Enough, Failure, Request, Response, Step
from ocinb.protocol.ping import not_a_registry
from ocinb.text import visible


def get_part(
    name: str,
    blob: Descriptor | Digest,
    start: int,
    stop: int,
    limit: int,
    announce: Observer = nobody,
) -> Conversation[bytes]:
    """The bytes of a blob from `start` up to `stop`, which is left out, or up to its end.

    They are not verified, unless they are all of a blob that is given by its descriptor. Raises
    `ValueError` for no part, `InvalidContent` for one of more than `limit` bytes, and
    `RegistryError` with status 416 where the blob ends before it.
    """
    known = blob if isinstance(blob, Descriptor) else None
    stop = _checked(start, stop, known, limit)
    if known is not None and known.data is not None:
        return known.data[start:stop]
    if known is not None and stop - start == known.size:
        return (yield from get_blob_bytes(name, known, limit, announce))
    digest = known.digest if known is not None else Digest(str(blob))
    asking = _Asking(name, digest, _Part(start, stop, known.size if known is not None else None))
    while not asking.over:
        try:
            response = yield asking.step()
        except TruncatedBody as broken:
            asking.broke_off(broken)
        except TransferError:
            continue  # there was no answer at all: the same step waits
        else:
            asking.heard(response)
    return asking.part.content


def _checked(start: int, stop: int, known: Descriptor | None, limit: int) -> int:
    """Where the part ends, which is not beyond the blob's end, if that is known."""
    for place in (start, stop):
        if isinstance(place, bool) or not isinstance(place, int):
            raise TypeError(f"a part goes from byte to byte, not {type(place).__name__}")
    if not 0 <= start < stop:
        raise ValueError(f"there is no part from {start} up to {stop}: bytes count from 0")
    if known is not None:
        stop = min(stop, known.size)
        if start >= stop:
            raise ValueError(f"{known.digest.short} has {known.size:,} bytes: none from {start} on")
    if stop - start > limit:
        raise InvalidContent(
            f"the part has {stop - start:,} bytes; at most {limit:,} are read into memory"
        )
    return stop


class _Part:
    """A sink that keeps the bytes from `start` up to `stop`, and sees in the head which come."""

    def __init__(self, start: int, stop: int, size: int | None) -> None:
        self.start, self.stop, self.size = start, stop, size
        self._kept = bytearray()
        self._before = 0  # bytes that come before the part and are not kept
        self._whole = self.accepted = False

    @property
    def content(self) -> bytes:
        """What has come of it."""
        return bytes(self._kept)

    @property
    def next(self) -> int:
        """The first byte that is missing."""
        return self.start + len(self._kept)

    def accepts(self, head: Response) -> bool:
        """Whether what comes is the missing bytes, or the blob from its beginning."""
        self.accepted = self._whole = False
        if not coding(head.headers):  # of what is encoded nobody can say which bytes it is
            if head.status == 206:
                self.accepted = self._goes_on(head.headers)
            elif head.status == 200:
                self.restart()
                self.accepted = self._whole = True
        return self.accepted

    def restart(self) -> None:
        """Expect the blob from its first byte."""
        self._kept.clear()
        self._before = self.start

    def write(self, piece: bytes | memoryview) -> None:
        """Keep what of one more piece belongs to the part."""
        passed = min(self._before, len(piece))
        self._before -= passed
        left, missing = len(piece) - passed, self.stop - self.next
        self._kept += piece[passed : passed + missing]
        if left > missing and not self._whole:
            raise UnexpectedAnswer(
                None, "", f"more came than the bytes up to {self.stop:,} that it announced"
            )
        if left > missing:
            raise Enough

    def _goes_on(self, headers: Headers) -> bool:
        """Whether it is exactly what is missing, up to the end of the blob if that comes first."""
        said = content_range(headers)
        if said is None or self.size not in (None, said.total):
            return False
        if (said.start, said.stop) != (self.next, min(self.stop, said.total)):
            return False
        self.size, self.stop, self._before = said.total, said.stop, 0
        return True


class _Asking:
    """How much of a part has come, and what is still put up with."""

    def __init__(self, name: str, digest: Digest, part: _Part) -> None:
        self._name, self._digest, self.part = name, digest, part
        self._since = part.start  # where attempts were last counted from
        self._after: Failure | None = None
        self._all_of_it = False
        self.over = False

    def step(self) -> Step:
        """What to ask next: what is missing, or all of the blob where parts are not understood."""
        part = self.part
        title = f"Fetch bytes {part.next:,} to {part.stop - 1:,} of {self._digest.short}"
        why = "A closed range: more registries honour it than say so. Nothing verifies a part."
        headers = {"Range": f"bytes={part.next}-{part.stop - 1}"}
        if self._all_of_it:
            headers, why = {}, "It did not send the part: all of the blob is heard up to its end."
        request = Request(
            "GET",
            endpoints.GET_BLOB.path(name=self._name, digest=self._digest),
            Headers(headers),
            sink=part,
        )
        return Step(title, request, endpoints.GET_BLOB, why, recovers=True, after=self._after)

    def heard(self, response: Response) -> None:
        """Take an answer that came to its end."""
        part, status = self.part, response.status
        if status == 416 and part.size is None:
            raise _beyond(response, part.start)
        if status in (206, 416) and not part.accepted:
            self._ask_for_all(response)
            return
        response.expect(200, 206)
        if response.is_web_page() and status == 200:
            raise not_a_registry(response)
        if not part.accepted:
            encoding = visible(coding(response.headers), 32)
            raise response.unexpected(f"it came encoded ({encoding}): no part of it can be told")
        if part.next < part.stop and (status == 206 or part.size is not None):
            self.broke_off(TruncatedBody("the answer ended before the part did"))
        elif part.next == part.start:
            raise response.unexpected(f"the blob ends before byte {part.start:,}")
        else:
            self.over = True

    def broke_off(self, broken: TruncatedBody) -> None:
        """Count an attempt that did not come to its end; raises when there were enough of them."""
        part = self.part
        if part.next == part.stop:
            self.over = True
            return
        attempt = self._after.attempt + 1 if self._after else 1
        if part.next - self._since >= PROGRESS:
            attempt, self._since = 1, part.next
        if attempt >= MOST_STALLED:
            came, wanted = part.next - part.start, part.stop - part.start
            raise TransferStalled(
                f"of the part of {self._digest.short} {came:,} of {wanted:,} bytes came after "
                f"{attempt} attempts: {broken}",
                received=came,
                expected=wanted,
            ) from broken
        self._after = Failure(broken, attempt)

    def _ask_for_all(self, response: Response) -> None:
        """It sent another part, or none, of what is there: all of it is asked for, once."""
        if self._all_of_it:
            said = visible(response.headers.get("content-range", "no range"), 64)
            raise response.unexpected(f"the part was asked for, and it answered with {said}")
        self._all_of_it = True


def _beyond(response: Response, start: int) -> RegistryError:
    """The refusal of a part that begins beyond the end, with the blob's size if it was told."""
    size = length(response.headers.get("content-range", "").rpartition("/")[2])
    ends = "ends before" if size is None else f"has {size:,} bytes, and ends before"
    refused = response.refusal()
    refused.hint(f"the blob {ends} byte {start:,}")
    return refused
