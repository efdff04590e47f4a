"""Uploading a blob: in one piece, in one request, in chunks, or as it is read for the first time.

What a registry refuses is sent another way, what is lost on the way is asked about, and what
cannot be gone on with begins anew, at most `RESTARTS` times (F-9). Whether all of it arrived is
for the registry to check against the digest, and for us to believe only then.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress

from ocinb.errors import DigestMismatch, NotSupported, OcinbError, RegistryError, TransferError
from ocinb.oci.descriptor import Descriptor
from ocinb.oci.digest import Digest
from ocinb.oci.image import Blob
from ocinb.protocol import endpoints
from ocinb.protocol.fields.ranges import parse_range_header
from ocinb.protocol.messages import Conversation, Request, Step
from ocinb.protocol.uploads.chunks import CHUNK, Chunks
from ocinb.protocol.uploads.commit import (
    OCTETS,
    Again,
    close_step,
    confirmed,
    forgotten,
    is_there,
    passing,
)
from ocinb.protocol.uploads.parts import Hashed
from ocinb.protocol.uploads.session import UploadSession

RESTARTS = 2
_NOT_SO = (400, 404, 405, 413, 416)  # what does not take a blob in one piece says one of these


def upload(
    name: str,
    blob: Blob,
    chunk_size: int | None = None,
    session: UploadSession | None = None,
    *,
    resumed: bool = False,
) -> Conversation[None]:
    """Upload a blob, in one piece or in chunks of `chunk_size` bytes.

    Each way is the other one's way out (U-1, U-4, U-5). A `session` that is open already is used
    first; with `resumed`, somebody has sent a part of the blob before.
    """
    given = session is not None
    refused, lost = set[bool](), 0
    for number in range(1 + RESTARTS):
        session = session or (yield from open_upload(name, blob.descriptor))
        in_one, found = chunk_size is None, False
        if chunk_size is None:
            again = yield from _in_one_piece(name, blob, session)
        else:
            chunks = Chunks(name, blob, session, chunk_size, resumed=resumed)
            again, found = (yield from chunks.run()), chunks.found
        if again is not None and again.unsure:
            found = yield from is_there(name, blob, session)
        if again is None or found:
            # What was found may have come by a session before this one, which then is still open.
            if found and number and not (again and again.gone):
                yield from cancel(session)
            return
        lost += not again.refused
        if again.refused and not (given and again.gone):
            _refuse_other_content(blob, again.why)
            refused.add(in_one)
        other = in_one in refused or (in_one and lost > 1)
        if number == RESTARTS or (other and (not in_one) in refused):
            raise _explained(again.why, blob)
        if other:
            chunk_size = CHUNK if in_one else None
        if not again.gone:
            yield from cancel(session)
        session, given, resumed = None, False, False


def open_upload(name: str, blob: Descriptor) -> Conversation[UploadSession]:
    """Open an upload (C13); a registry must be told of any algorithm but sha256 (C17)."""
    return UploadSession.opened((yield _opening(name, blob.digest)).expect(202), blob)


def cancel(session: UploadSession) -> Conversation[None]:
    """Let the registry forget an upload; whether it does, or ever hears of it, is its own affair
    (C24, U-14)."""
    with suppress(TransferError):
        yield session.cancel_step()


def post_blob(name: str, blob: Blob) -> Conversation[None]:
    """Upload a blob in the very request that opens the upload (C16, end-4b).

    Where that only opens it, or is refused, the blob is sent as usual.
    """
    response = yield Step(
        f"Send {blob.digest.short} at once",
        Request(
            "POST",
            endpoints.SINGLE_POST.path({"digest": blob.digest}, name=name),
            OCTETS,
            blob,
        ),
        endpoints.SINGLE_POST,
        why="For a small blob, opening an upload first costs more than sending it.",
    )
    if response.status in _NOT_SO:
        yield from upload(name, blob)
    elif response.status == 202:
        yield from upload(name, blob, session=UploadSession.opened(response, blob.descriptor))
    else:
        yield from confirmed(name, blob, response.expect(200, 201, 204))


def stream_blob(
    name: str,
    content: Callable[[], Iterable[bytes]],
    media_type: str,
    size: int | None = None,
) -> Conversation[Descriptor]:
    """Upload what nobody has read before: it is hashed as it goes, and gets its name at the end.

    `content` opens it from its beginning. It is opened again when the registry does not take it
    this way, or it breaks off: then its name is known, and it is sent as any other blob.
    """
    opened = (yield _opening(name, Digest.of(b""))).expect(202)
    session, body = UploadSession.opened(opened), Hashed(content, size)
    again = yield from _streamed(name, session, body)
    if again is not None and not body.whole:
        body = _read(content, size, again.why)
    blob = Blob(Descriptor(media_type, body.digest, body.count), content)
    if again is None or (again.unsure and (yield from is_there(name, blob, session))):
        return blob.descriptor
    if not again.gone:
        yield from cancel(session)
    yield from upload(name, blob, CHUNK)
    return blob.descriptor


def _streamed(name: str, session: UploadSession, body: Hashed) -> Conversation[Again | None]:
    """One PATCH with all of the content, and then its digest."""
    try:
        response = yield Step(
            "Send it as it is read",
            Request("PATCH", session.location, OCTETS, body),
            endpoints.SEND_CHUNK,
            why="Without a Content-Range all that comes is appended; the digest follows.",
            recovers=True,
            session=session,
        )
        if response.status not in (200, 201, 202, 204):
            return Again(response.refusal(), refused=True, gone=forgotten(response))
        session = session.after(response)
        has = parse_range_header(response.headers.get("range", ""))
        if not body.whole or (has not in (None, body.count) and body.count):
            return Again(response.unexpected(f"it has {has} of {body.count:,} bytes"))
        title = f"Close the upload of {body.digest.short}"
        response = yield close_step(session, body.digest, title)
    except TransferError as lost:
        return Again(lost, unsure=True)
    if passing(response) or response.status in _NOT_SO:
        return Again(response.refusal(), gone=forgotten(response))
    blob = Blob(Descriptor("application/octet-stream", body.digest, body.count), lambda: body)
    yield from confirmed(name, blob, response)
    return None


def _read(content: Callable[[], Iterable[bytes]], size: int | None, why: OcinbError) -> Hashed:
    """The content, hashed again from its beginning, because of what went wrong."""
    body = Hashed(content, size)
    try:
        for _ in body:
            pass
    except NotSupported as once:
        raise once from why
    return body


def _in_one_piece(name: str, blob: Blob, session: UploadSession) -> Conversation[Again | None]:
    try:
        response = yield close_step(session, blob.digest, f"Send {blob.digest.short}", blob)
    except TransferError as lost:
        return Again(lost, unsure=True)
    if passing(response):
        return Again(response.refusal(), unsure=True)
    if response.status in _NOT_SO:
        return Again(response.refusal(), refused=True, gone=forgotten(response))
    yield from confirmed(name, blob, response)
    return None


def _opening(name: str, digest: Digest) -> Step:
    usual = digest.algorithm == "sha256"
    endpoint = endpoints.OPEN_UPLOAD if usual else endpoints.OPEN_UPLOAD_FOR
    query = None if usual else {"digest-algorithm": digest.algorithm}
    return Step(
        f"Open an upload for {digest.short}",
        Request("POST", endpoint.path(query, name=name)),
        endpoint,
        why="The registry chooses where the upload goes and says so in Location.",
    )


def _refuse_other_content(blob: Blob, why: OcinbError) -> None:
    """Where the registry says that it is not what its digest says, it may well be right."""
    if not isinstance(why, RegistryError) or why.code != "DIGEST_INVALID":
        return
    hashed = blob.digest.hasher()
    for piece in blob:
        hashed.update(piece)
    actual = Digest.from_hash(blob.digest.algorithm, hashed)
    if actual != blob.digest:
        raise DigestMismatch(
            blob.digest, actual, source="here", hints=["the content to send has changed"]
        )


def _explained(why: OcinbError, blob: Blob) -> OcinbError:
    if blob.size == 0:
        why.hint(
            "some registries take no blob without a byte: an artifact with nothing in it has '{}', "
            "the empty descriptor"
        )
    return why
