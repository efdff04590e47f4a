"""What a registry can do with blobs, as far as only writing tells: uploads and mounts.

A few bytes go into a scratch repository. They say of themselves what they are.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import urlsplit

from ocinb.errors import OcinbError
from ocinb.oci import media_types
from ocinb.oci.descriptor import Descriptor
from ocinb.oci.digest import Digest
from ocinb.oci.image import Blob
from ocinb.protocol import endpoints
from ocinb.protocol.endpoints import Endpoint
from ocinb.protocol.fetch import blob_question
from ocinb.protocol.fields.ranges import format_content_range, parse_range_header
from ocinb.protocol.messages import Body, Bytes, Conversation, Request, Response, Step
from ocinb.protocol.probes.findings import NO, WRITING, Findings, Seen
from ocinb.protocol.probes.probe import Answer, ask, line
from ocinb.protocol.uploads.commit import OCTETS, close_step
from ocinb.protocol.uploads.mount import mount_step
from ocinb.protocol.uploads.session import UploadSession
from ocinb.text import human_size

WHY = "Only trying shows whether a registry can do it."
TAKEN = (200, 201, 202, 204)

AT_ONCE = Blob.of(b"a probe of ocinb, sent at once\n", media_types.LAYER)
IN_CHUNKS = Blob.of(b"a probe of ocinb, sent in chunks\n", media_types.LAYER)
_LONG = b"a probe of ocinb, with a longer name\n"
BY_SHA512 = Blob(
    Descriptor(media_types.LAYER, Digest.of(_LONG, "sha512"), len(_LONG)), lambda: [_LONG]
)


@dataclass
class Traces:
    """What was made in the scratch repository `name`, and what of it could not be removed."""

    name: str
    tags: list[str] = field(default_factory=list)
    manifests: list[Digest] = field(default_factory=list)
    blobs: list[Digest] = field(default_factory=list)
    left: list[str] = field(default_factory=list)

    @property
    def made(self) -> tuple[str, ...]:
        """All of it, in words."""
        return (
            *(f"tag {tag}" for tag in self.tags),
            *(f"manifest {digest}" for digest in self.manifests),
            *(f"blob {digest}" for digest in self.blobs),
        )


def probe_uploads(found: Findings, traces: Traces, seen: Seen) -> Conversation[bool]:
    """Upload a few bytes in every way, and mount what was `seen`; whether uploads are possible."""
    session = yield from _opened(found, traces)
    if session is None:
        why = f"no upload could be opened: {found['upload'].evidence}"
        found.unless_known([each.name for each in WRITING], "unknown", why)
        return False
    yield from _in_chunks(found, traces, session)
    yield from _spoilt(found, traces)
    yield from _at_once(found, traces)
    yield from _by_sha512(found, traces)
    yield from _mounted(found, traces, seen)
    return True


def _opened(found: Findings, traces: Traces) -> Conversation[UploadSession | None]:
    step, answer, session = yield from _open(traces, IN_CHUNKS.descriptor)
    if session is None or not isinstance(answer, Response):
        found.judge("upload", step, answer, yes=())
        return None
    found.note("upload", "yes", line(step, answer, _kind_of_place(answer)))
    least = session.minimum
    more = f"at least {human_size(least)}" if least else "no OCI-Chunk-Min-Length"
    found.note("chunk_minimum", "yes" if least else "no", line(step, answer, more))
    return session


def _open(
    traces: Traces,
    blob: Descriptor,
    endpoint: Endpoint = endpoints.OPEN_UPLOAD,
    query: dict[str, str] | None = None,
    body: Body | None = None,
) -> Conversation[tuple[Step, Answer, UploadSession | None]]:
    """A POST for `blob` in one of its forms, and the session that it opened, if it did."""
    url = endpoint.path(query, name=traces.name)
    request = Request("POST", url, OCTETS, body) if body else Request("POST", url)
    step = Step(f"{endpoint.purpose}: {blob.digest.short}", request, endpoint, why=WHY)
    answer = yield from ask(step)
    try:
        if isinstance(answer, Response) and answer.status == 202:
            return step, answer, UploadSession.opened(answer, blob)
    except OcinbError as error:
        return step, error, None
    return step, answer, None


def _kind_of_place(answer: Response) -> str:
    """Where the registry lets an upload go on; the place itself is not for others to see."""
    place, (_, home) = urlsplit(answer.headers["location"]), answer.asked
    if not place.netloc:
        return "a relative Location"
    same = place.netloc == urlsplit(home).netloc
    return "an absolute Location" if same else "a Location on another host"


def _in_chunks(found: Findings, traces: Traces, session: UploadSession) -> Conversation[None]:
    """One chunk with all of it, the question how far it came, and the end.

    Being the last one, the only chunk may be smaller than the registry's least.
    """
    size = IN_CHUNKS.size
    step = _chunk(session, 0, b"".join(IN_CHUNKS))
    answer = yield from ask(step)
    if not found.judge("chunks", step, answer, TAKEN, (*NO, 416)):
        found.unless_known(("upload_status",), "unknown", "no chunk was taken")
        yield from _give_up(traces, session)
        return
    session = _after(session, answer)
    step = session.status_step()
    answer = yield from ask(step)
    has = _has(answer)
    more = f"it has {has} of {size} bytes" if has is not None else "it does not say"
    found.judge("upload_status", step, answer, (200, 202, 204) if has == size else (), more=more)
    session = _after(session, answer)
    step = close_step(session, IN_CHUNKS.digest, f"Close the upload of {IN_CHUNKS.digest.short}")
    answer = yield from ask(step)
    if isinstance(answer, Response) and answer.status in TAKEN:
        traces.blobs.append(IN_CHUNKS.digest)
        return
    chunk = found["chunks"].evidence
    found.note("chunks", "unknown", f"{chunk}; but {line(step, answer)}")
    yield from _give_up(traces, session)


def _chunk(session: UploadSession, start: int, content: bytes) -> Step:
    stated = format_content_range(start, start + len(content) - 1)
    return Step(
        f"Send {len(content)} bytes from {start} on",
        Request("PATCH", session.location, OCTETS.having(Content_Range=stated), Bytes(content)),
        endpoints.SEND_CHUNK,
        why="Each chunk must begin where the last one ended." if start else WHY,
        session=session,
    )


def _after(session: UploadSession, answer: Answer) -> UploadSession:
    """Where the upload goes on, if the answer says something else that makes sense."""
    try:
        return session.after(answer) if isinstance(answer, Response) else session
    except OcinbError:
        return session


def _has(answer: Answer) -> int | None:
    said = answer.headers.get("range", "") if isinstance(answer, Response) else ""
    return parse_range_header(said)


def _give_up(traces: Traces, session: UploadSession) -> Conversation[tuple[Step, Answer]]:
    """Cancel an upload; one that cannot be is left, until the registry forgets it."""
    step = session.cancel_step()
    answer = yield from ask(step)
    if not isinstance(answer, Response) or answer.status not in (*TAKEN, 404):
        traces.left.append("an open upload, which registries forget by themselves")
    return step, answer


def _spoilt(found: Findings, traces: Traces) -> Conversation[None]:
    """An upload that begins with a gap, which should be refused, and is cancelled in any case."""
    step, answer, session = yield from _open(traces, IN_CHUNKS.descriptor)
    if session is None:
        found.unless_known(("gap_refused", "cancel"), "unknown", line(step, answer))
        return
    if found["chunks"].verdict == "no":
        found.note("gap_refused", "unknown", "no chunk was taken")
    else:
        step = _chunk(session, IN_CHUNKS.size, b"".join(IN_CHUNKS))
        answer = yield from ask(step)
        found.judge("gap_refused", step, answer, (416,), TAKEN, "with nothing before it")
        session = _after(session, answer)
    step, answer = yield from _give_up(traces, session)
    after = yield from ask(session.status_step())
    gone = isinstance(after, Response) and after.status in (400, 404)
    more = "and it is gone" if gone else "and it is still there"
    found.judge("cancel", step, answer, TAKEN if gone else (), (*NO, *TAKEN), more)


def _at_once(found: Findings, traces: Traces) -> Conversation[None]:
    query = {"digest": str(AT_ONCE.digest)}
    step, answer, session = yield from _open(
        traces, AT_ONCE.descriptor, endpoints.SINGLE_POST, query, AT_ONCE
    )
    if found.judge("single_post", step, answer, (200, 201, 204), (*NO, 202, 413)):
        traces.blobs.append(AT_ONCE.digest)
    if session is not None:
        yield from _give_up(traces, session)


def _by_sha512(found: Findings, traces: Traces) -> Conversation[None]:
    """A blob under the other registered digest, which reading cannot show for certain."""
    algorithm = {"digest-algorithm": "sha512"}
    step, answer, session = yield from _open(
        traces, BY_SHA512.descriptor, endpoints.OPEN_UPLOAD_FOR, algorithm
    )
    if session is None:
        found.judge("sha512", step, answer, yes=())
        return
    step = close_step(session, BY_SHA512.digest, "Close it with a sha512 digest", BY_SHA512)
    answer = yield from ask(step)
    if found.judge("sha512", step, answer, TAKEN, more="with a sha512 digest"):
        traces.blobs.append(BY_SHA512.digest)
    else:
        yield from _give_up(traces, session)


def _mounted(found: Findings, traces: Traces, seen: Seen) -> Conversation[None]:
    """Take over the two smallest blobs of the other repository, with and without saying whose."""
    both = "mount", "anonymous_mount"
    if not seen.blobs or seen.name == traces.name:
        found.unless_known(both, "unknown", "that takes another repository with a blob: name one")
        return
    for name, blob in zip(both, seen.blobs, strict=False):
        yield from _mount(found, traces, name, blob, seen.name if name == "mount" else "")
    found.unless_known(both, "unknown", f"{seen.name} has only one blob to try it with")


def _mount(
    found: Findings, traces: Traces, name: str, blob: Descriptor, source: str
) -> Conversation[None]:
    here = yield from ask(blob_question(traces.name, blob.digest))
    if not isinstance(here, Response) or here.status != 404:
        found.note(name, "unknown", "the blob to try it with may be in the scratch repository")
        return
    step = mount_step(traces.name, blob.digest, source)
    answer = yield from ask(step)
    if found.judge(name, step, answer, (201,), (*NO, 202)):
        traces.blobs.append(blob.digest)
    elif isinstance(answer, Response) and answer.status == 202:
        more = "an upload was opened instead"
        found.note(name, "no", line(step, answer, more))
        try:
            yield from _give_up(traces, UploadSession.opened(answer, blob))
        except OcinbError:  # it says no place: then there is none to give up
            return
