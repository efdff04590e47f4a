"""Asking for one piece of content: a manifest, a config, a blob (end-2, end-3)."""

from __future__ import annotations

from collections.abc import Callable

from ocinb.errors import DigestMismatch, InvalidContent, NotFound, NotSupported, RegistryError
from ocinb.oci import media_types
from ocinb.oci.config import ImageConfig, parse_config
from ocinb.oci.descriptor import Descriptor
from ocinb.oci.digest import Digest
from ocinb.oci.manifest import AnyManifest, parse_manifest
from ocinb.oci.reference import identifier
from ocinb.oci.strict_json import MANIFEST_LIMIT
from ocinb.protocol import endpoints
from ocinb.protocol.download import PAST_CACHES, get_blob
from ocinb.protocol.events import Observer, Skipped, nobody
from ocinb.protocol.fields.claims import claimed_digest, note_other_claim
from ocinb.protocol.fields.encoding import as_named, coding
from ocinb.protocol.fields.headers import Headers, length
from ocinb.protocol.messages import Conversation, Request, Response, Sink, Step
from ocinb.protocol.ping import not_a_registry
from ocinb.protocol.sinks import Counter, Memory
from ocinb.text import redacted_url

# Some registries refuse HEAD for what they let have, and for what they would take (D-2).
HEAD_REFUSED = (400, 403, 405)


def get_manifest(
    name: str, reference: str, expected: Descriptor | None = None
) -> Conversation[AnyManifest]:
    """Fetch a manifest by tag or digest, verified.

    `expected` is the descriptor it is fetched for: size and media type must agree with it.
    """
    wanted = _digest(reference)
    if wanted:
        wanted.hasher()  # what cannot be verified is not asked for
    step = Step(
        f"Fetch manifest {wanted.short if wanted else reference}",
        Request(
            "GET",
            endpoints.GET_MANIFEST.path(name=name, reference=reference),
            Headers({"Accept": media_types.ACCEPT}),
            limit=min(expected.size, MANIFEST_LIMIT) if expected else MANIFEST_LIMIT,
        ),
        endpoints.GET_MANIFEST,
        why="A digest names exactly these bytes; a tag, whatever it points to now.",
    )
    response = _as_it_is(_no_web_page((yield step).expect(200)), wanted, step)
    try:
        digest = _verified_digest(response, wanted)
    except DigestMismatch:
        if not wanted:  # it is the claim that does not hold
            raise
        response = _as_it_is((yield _again(step)).expect(200), wanted, step)
        digest = _verified_digest(response, wanted)
    manifest = parse_manifest(response.body, response.media_type(), digest=digest)
    _refuse_other_than(expected, manifest)
    return manifest


def head_manifest(name: str, reference: str) -> Conversation[Descriptor | None]:
    """The descriptor of a manifest without fetching it, or None when it is not there.

    A registry that leaves out digest, type or length, or names another digest than the one asked
    for, is asked for the manifest itself.
    """
    wanted = _digest(reference)
    response = yield Step(
        f"Is there a manifest {reference}?",
        Request(
            "HEAD",
            endpoints.HEAD_MANIFEST.path(name=name, reference=reference),
            Headers({"Accept": media_types.ACCEPT}),
        ),
        endpoints.HEAD_MANIFEST,
        why="HEAD tells digest, type and size without sending the manifest.",
    )
    if response.status == 404:
        return None
    claimed, size = claimed_digest(response), response.headers.content_length()
    digest = wanted or claimed
    plausible = response.media_type() in media_types.READABLE and claimed in (None, digest)
    size = None if coding(response.headers) else size  # the length would be another (D-3)
    if response.status == 200 and digest and plausible and size:
        return Descriptor(response.media_type(), digest, size)
    response.expect(200, 400, 405)
    manifest = yield from get_manifest(name, reference)
    return manifest.descriptor


def has_blob(name: str, digest: Digest) -> Conversation[bool]:
    """Whether a blob is there, however long it is; where HEAD is refused, its first byte tells."""
    response = yield blob_question(name, digest)
    if response.status in (200, 404):
        return response.status == 200
    response.expect(*HEAD_REFUSED)
    try:
        yield from _size_by_range(name, digest)
    except NotFound:
        return False
    except RegistryError as no:
        if no.status not in (200, 206, 416):  # of no length that is told, or without a byte
            raise
    return True


def describe_blob(name: str, digest: Digest) -> Conversation[Descriptor]:
    """The descriptor of a blob of which only the digest is known; `NotFound` without it.

    A registry that refuses HEAD, or leaves out the length, is asked for the first byte (D-2).
    """
    response = (yield blob_question(name, digest)).expect(200, *HEAD_REFUSED)
    told = response.status == 200 and not coding(response.headers)
    size = response.headers.content_length() if told else None
    if not size and digest != Digest.of(b"", digest.algorithm):
        size = yield from _size_by_range(name, digest)
    return Descriptor(media_types.OCTET_STREAM, digest, size or 0)


def _size_by_range(name: str, digest: Digest) -> Conversation[int]:
    """The size that comes with the first byte of a blob; who sends all of it is heard out."""
    counter = Counter()
    response = yield Step(
        f"Fetch the first byte of {digest.short}",
        Request(
            "GET",
            endpoints.GET_BLOB.path(name=name, digest=digest),
            Headers({"Range": "bytes=0-0"}),
            sink=counter,
        ),
        endpoints.GET_BLOB,
        why="HEAD did not tell; with a part of a blob comes the length of the whole.",
    )
    response.expect(200, 206)
    size = counter.received if response.status == 200 else _whole_length(response)
    if not size:
        raise response.unexpected("it does not say how long the blob is; a descriptor would")
    return size


def blob_question(name: str, digest: Digest) -> Step:
    """The step that asks whether a blob is there."""
    return Step(
        f"Is blob {digest.short} there?",
        Request("HEAD", endpoints.HEAD_BLOB.path(name=name, digest=digest)),
        endpoints.HEAD_BLOB,
        why="Content is named by its digest: whoever has it need not be sent it.",
    )


def get_blob_bytes(
    name: str,
    blob: Descriptor,
    limit: int = MANIFEST_LIMIT,
    announce: Observer = nobody,
    get: Callable[[str, Descriptor, Sink, Observer], Conversation[Descriptor]] = get_blob,
) -> Conversation[bytes]:
    """The content of a blob of at most `limit` bytes, verified; `get` fetches it into a sink."""
    if blob.size > limit:
        raise InvalidContent(
            f"{blob.digest.short} has {blob.size:,} bytes; at most {limit:,} are read into memory"
        )
    if blob.data is not None:
        announce(Skipped(blob.digest, blob.size))
        return blob.data
    memory = Memory(blob.size)
    yield from get(name, blob, memory, announce)
    return memory.content


def get_config(
    name: str, config: Descriptor, announce: Observer = nobody
) -> Conversation[ImageConfig]:
    """The image config that `config` points to, verified."""
    if config.media_type not in media_types.IMAGE_CONFIGS:
        raise NotSupported(
            f"{media_types.meaning(config.media_type)} is not an image config",
            hints=["this is an artifact: look at its layers instead"],
        )
    raw = yield from get_blob_bytes(name, config, announce=announce)
    return parse_config(raw, config.media_type, digest=config.digest)


def _whole_length(response: Response) -> int | None:
    """The length of that of which a part was sent (`bytes 0-0/1234`)."""
    return length(response.headers.get("content-range", "").rpartition("/")[2])


def _digest(reference: str) -> Digest | None:
    """The digest that `reference` is; None when it is a tag."""
    wanted = identifier(reference)
    return wanted if isinstance(wanted, Digest) else None


def _again(step: Step) -> Step:
    request = step.request
    headers = Headers([*request.headers.pairs(), *PAST_CACHES.items()])
    again = Request(request.method, request.url, headers, sink=request.sink, limit=request.limit)
    return Step(
        f"{step.title} again",
        again,
        step.endpoint,
        why="It was not what its name says; perhaps a cache on the way is at fault.",
    )


def _verified_digest(response: Response, wanted: Digest | None) -> Digest:
    """What was asked for decides; without a digest, what the registry claims must hold (C4, C5)."""
    expected = wanted or claimed_digest(response)
    if expected is None:
        return Digest.of(response.body)
    try:
        actual = Digest.of(response.body, expected.algorithm)
    except NotSupported:
        if wanted:
            raise
        return Digest.of(response.body)
    if actual != expected:
        raise DigestMismatch(expected, actual, source=_source(response))
    if wanted:
        note_other_claim(response, wanted, response.body)
    return expected


def _as_it_is(response: Response, wanted: Digest | None, step: Step) -> Response:
    """`response` with the bytes that were asked for, also when they came encoded (D-3)."""
    return as_named(response, wanted or claimed_digest(response), step.request.limit)


def _source(response: Response) -> str:
    """Where it came from in the end, without the signature that a redirect may have added."""
    return redacted_url(response.request.url) if response.request else ""


def _no_web_page(response: Response) -> Response:
    if response.is_web_page():
        raise not_a_registry(response)
    return response


def _refuse_other_than(expected: Descriptor | None, manifest: AnyManifest) -> None:
    """A parent's descriptor binds: type confusion starts where it does not (K-9)."""
    if expected is None:
        return
    if manifest.size != expected.size:
        raise InvalidContent(
            f"{expected.digest.short} should have {expected.size:,} bytes, not {manifest.size:,}"
        )
    if manifest.media_type != expected.media_type:
        raise InvalidContent(
            f"{expected.digest.short} was announced as {expected.media_type}, "
            f"but is {manifest.media_type}"
        )
