"""Blobs on their way in: in one request, in a session, or mounted (end-4, 5, 6, 11, 13, 14)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ocinb.errors import DigestMismatch, OcinbError
from ocinb.oci.digest import Digest
from ocinb.protocol import endpoints
from ocinb.protocol.messages import Request, Response
from ocinb.registry.call import Call, check_algorithm, created, verifiable
from ocinb.registry.quota import Quota
from ocinb.registry.refusals import Refusal, refuse
from ocinb.storage.store import Ingest, Store

# The spec's own form, without unit and total (end-5).
_CONTENT_RANGE = re.compile(r"([0-9]{1,18})-([0-9]{1,18})", re.ASCII)


def begin(call: Call) -> Response:
    """A new session, for the digest algorithm that is asked for."""
    algorithm = check_algorithm(call.parameter("digest-algorithm") or "sha256")
    name, repositories = call.name, call.state.repositories
    session = call.state.sessions.open(name, lambda key: repositories.begin(name, key, algorithm))
    return Response(202, session.progress)


def whole(call: Call) -> Response:
    """A blob in one POST."""
    digest = verifiable(call.parameter("digest"))
    quota = call.state.quota
    quota.check(call.request.body.size)
    with call.store.ingest(digest.algorithm) as ingest, quota.counting(ingest):
        _receive(ingest, call.request, quota)
        with quota.changing():
            ingest.commit(digest)
    return _created(call, digest)


def mount(call: Call) -> Response:
    """A blob that another repository has; when none has it, an ordinary session (S17)."""
    digest = verifiable(call.parameter("mount"))
    store = call.store
    there = store.content(digest) is not None
    if there or any(_taken(call, digest, store, source) for source in _sources(call)):
        return _created(call, digest)
    return begin(call)


def append(call: Call) -> Response:
    """More of a session's blob."""
    with call.state.sessions.writing(call.places["session"], call.name) as session:
        _check_next(session.ingest, call.request, session.progress)
        call.state.quota.check(call.request.body.size)
        _receive(session.ingest, call.request, call.state.quota)
        return Response(202, session.progress)


def close(call: Call) -> Response:
    """The last of a session's blob, and its digest; a wrong digest ends the session."""
    digest = verifiable(call.parameter("digest"))
    with call.state.sessions.writing(call.places["session"], call.name) as session:
        _check_next(session.ingest, call.request, session.progress)
        call.state.quota.check(call.request.body.size)
        _receive(session.ingest, call.request, call.state.quota)
        with call.state.quota.changing():
            try:
                session.ingest.commit(digest)
            except DigestMismatch:
                call.state.sessions.end(session)
                raise
            call.state.sessions.end(session)
    return _created(call, digest)


def status(call: Call) -> Response:
    """How far a session has come."""
    session = call.state.sessions.find(call.places["session"], call.name)
    return Response(204, session.progress)


def cancel(call: Call) -> Response:
    """Forget a session and what came of its blob."""
    call.state.sessions.cancel(call.places["session"], call.name)
    return Response(204)


def _created(call: Call, digest: Digest) -> Response:
    return created(endpoints.GET_BLOB.path(name=call.name, digest=digest), digest)


def _taken(call: Call, digest: Digest, store: Store, source: Store) -> bool:
    content = source.content(digest)
    with call.state.quota.changing():
        call.state.quota.check(content.size if content else 0)
        return store.take(digest, source)


def _sources(call: Call) -> Iterator[Store]:
    """Where a blob to be mounted may be: in the repository named, or in any."""
    repositories = call.state.repositories
    named = call.parameter("from")
    for name in [named] if named else repositories.names():
        try:
            yield repositories.existing(name)
        except OcinbError:  # no such repository, or one that cannot be read
            continue


def _check_next(ingest: Ingest, request: Request, progress: dict[str, str]) -> None:
    """Refuse a chunk that does not begin where the last one ended; the session stays as it is."""
    stated = request.headers.get("content-range")
    if stated is None:
        return
    first, length = _stated(stated)
    if first != ingest.size:
        message = f"the next byte is {ingest.size}, not {first}"
        raise refuse("BLOB_UPLOAD_INVALID", message, status=416, headers=progress)
    if request.body.size not in (None, length):
        raise refuse("SIZE_INVALID", f"{stated} is not {request.body.size} bytes")


def _stated(content_range: str) -> tuple[int, int]:
    """The first byte and the number of bytes that a `Content-Range` states."""
    match = _CONTENT_RANGE.fullmatch(content_range)
    first, last = map(int, match.groups()) if match else (1, 0)
    if first > last:
        raise refuse("BLOB_UPLOAD_INVALID", "Content-Range must read <first>-<last>")
    return first, last - first + 1


def _receive(ingest: Ingest, request: Request, quota: Quota) -> None:
    """Write the body of `request`.

    Of one that is not as long as its range says, or has no room, nothing is kept. Of one that ends
    too early, what came is kept: the client asks how far it got, and goes on.
    """
    stated = request.headers.get("content-range")
    length = _stated(stated)[1] if stated else None
    mark = ingest.mark()
    for piece in request.body:
        try:
            quota.write(ingest, piece)
        except Refusal:
            ingest.return_to(mark)
            raise
        if length is not None and ingest.size - mark[0] > length:
            break
    if length is not None and ingest.size - mark[0] != length:
        ingest.return_to(mark)
        raise refuse("SIZE_INVALID", f"the body is not as long as {stated}")
