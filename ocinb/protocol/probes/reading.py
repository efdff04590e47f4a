"""What a registry can do, as far as asking tells: nothing here writes anything."""

from __future__ import annotations

from ocinb.errors import InvalidReference, ListingDisabled, OcinbError
from ocinb.oci import media_types, strict_json
from ocinb.oci.digest import Digest
from ocinb.oci.index import Index
from ocinb.oci.reference import check_tag
from ocinb.protocol import endpoints
from ocinb.protocol.catalog import list_catalog
from ocinb.protocol.delete import manifest_question
from ocinb.protocol.fetch import blob_question, get_manifest
from ocinb.protocol.fields.claims import claimed_digest
from ocinb.protocol.fields.headers import Headers
from ocinb.protocol.fields.links import next_link
from ocinb.protocol.messages import Conversation, Request, Response, Step
from ocinb.protocol.probes.findings import Findings, Seen
from ocinb.protocol.probes.probe import Answer, ask, brief, line, surviving
from ocinb.protocol.probes.referring import probe_referrers
from ocinb.protocol.referring.referrers_api import ReferrersApi
from ocinb.protocol.sinks import Counter
from ocinb.text import human_size

_MOST_BYTES = 1024 * 1024  # of a blob that a registry without ranges would send whole
_PAGE = 10  # repositories to look at
_JSON = Headers({"Accept": "application/json"})
_REPOSITORY = (
    "tags", "tag_paging", "head_manifest", "etag", "head_blob", "ranges", "referrers",
    "referrers_filter", "referrers_tag", "sha512",
)  # fmt: skip


def probe_reads(
    found: Findings, registry: str, repository: str, api: ReferrersApi
) -> Conversation[Seen]:
    """Ask a registry what it can do, as shown by `repository`, or else by one that it lists."""
    listed = yield from _catalog(found, registry)
    seen = Seen(repository or listed)
    if not seen.name:
        found.unless_known(_REPOSITORY, "not asked", "no repository is known: name one to ask of")
        return seen
    yield from _tags(found, seen)
    yield from _manifest(found, seen)
    yield from _blobs(found, seen)
    yield from probe_referrers(found, seen, api)
    yield from _sha512(found, seen)
    found.unless_known(_REPOSITORY, "unknown", "nothing was found in the repository to show it")
    return seen


def _catalog(found: Findings, registry: str) -> Conversation[str]:
    """The first repository of the catalog, if there is one."""
    request = f"GET _catalog?n={_PAGE}"
    try:
        listed = yield from surviving(list_catalog(registry, _PAGE, most=1))
    except ListingDisabled as no:
        found.note("catalog", "no", f"{request} → {brief(no)}")
        return ""
    except OcinbError as error:
        found.note("catalog", "unknown", f"{request} → {brief(error)}")
        return ""
    found.note("catalog", "yes", f"{request} → 200, {len(listed):,} listed")
    return listed[0] if listed else ""


def _tags(found: Findings, seen: Seen) -> Conversation[None]:
    step, answer = yield from _page(seen.name, {"n": "1"})
    tags = _listed(answer)
    if tags is None:
        found.judge("tags", step, answer, yes=())
        return
    found.note("tags", "yes", line(step, answer))
    seen.tag = tags[0] if tags else ""
    linked = isinstance(answer, Response) and next_link(answer.headers.get_all("link"))
    if len(tags) > 1:
        said = line(step, answer, f"{len(tags):,} tags all the same")
        found.note("tag_paging", "no", said)
    elif linked:
        found.note("tag_paging", "yes", line(step, answer, "one tag, and a Link to the next"))
    elif tags:
        yield from _further(found, seen)
    else:
        found.note("tag_paging", "unknown", line(step, answer, "there is no tag"))


def _further(found: Findings, seen: Seen) -> Conversation[None]:
    """Whether there was more than the one tag that came without a Link."""
    step, answer = yield from _page(seen.name, {"n": "1", "last": seen.tag})
    more = [tag for tag in _listed(answer) or () if tag != seen.tag]
    if more:
        found.note("tag_paging", "no", line(step, answer, "pages, without a Link to the next"))
    else:
        found.note("tag_paging", "unknown", line(step, answer, "there is but one tag"))


def _page(name: str, query: dict[str, str]) -> Conversation[tuple[Step, Answer]]:
    step = Step(
        "List tags, one at a time",
        Request("GET", endpoints.LIST_TAGS_PAGED.path(query, name=name), _JSON),
        endpoints.LIST_TAGS_PAGED,
        why="A registry that pages gives one tag and a Link to the next; others give all.",
    )
    return step, (yield from ask(step))


def _listed(answer: Answer) -> list[str] | None:
    """The tags in an answer that can be tags; None when it is no list at all."""
    if not isinstance(answer, Response) or answer.status != 200:
        return None
    try:
        tags = strict_json.parse_object(answer.body, "the list of tags").get("tags") or []
    except OcinbError:
        return None
    return [tag for tag in tags if _is_tag(tag)] if isinstance(tags, list) else None


def _is_tag(text: object) -> bool:
    try:
        return bool(check_tag(text if isinstance(text, str) else ""))
    except InvalidReference:
        return False


def _manifest(found: Findings, seen: Seen) -> Conversation[None]:
    if not seen.tag:
        return
    step = manifest_question(seen.name, seen.tag)
    answer = yield from ask(step)
    if isinstance(answer, Response) and answer.status == 200:
        _head(found, step, answer)
    else:
        found.judge("head_manifest", step, answer, yes=())
    try:
        seen.manifest = yield from surviving(get_manifest(seen.name, seen.tag))
        image = seen.manifest
        if isinstance(image, Index) and image.manifests:
            image = yield from surviving(get_manifest(seen.name, image.manifests[0].digest))
        blobs = () if isinstance(image, Index) else image.children
        seen.blobs = sorted((each for each in blobs if each.size), key=lambda each: each.size)
    except OcinbError as error:
        why = f"GET manifests/{seen.tag} → {brief(error)}"
        found.unless_known(("head_blob", "ranges"), "unknown", why)


def _head(found: Findings, step: Step, answer: Response) -> None:
    missing = [
        what
        for what, there in (
            ("digest", claimed_digest(answer)),
            ("type", answer.media_type() in media_types.READABLE),
            ("size", answer.headers.content_length()),
        )
        if not there
    ]
    more = f"without {' and '.join(missing)}" if missing else "with digest, type and size"
    found.note("head_manifest", "no" if missing else "yes", line(step, answer, more))
    tells = "etag" in answer.headers
    more = "with an ETag" if tells else "without an ETag"
    found.note("etag", "yes" if tells else "no", line(step, answer, more))


def _blobs(found: Findings, seen: Seen) -> Conversation[None]:
    if not seen.blobs:
        return
    blob = seen.blobs[0]
    step = blob_question(seen.name, blob.digest)
    answer = yield from ask(step)
    size = answer.headers.content_length() if isinstance(answer, Response) else None
    yes = (200,) if size == blob.size else ()
    more = "with its size" if yes else "without its size"
    found.judge("head_blob", step, answer, yes, (200, 400, 403, 404, 405), more)
    if blob.size > _MOST_BYTES:
        why = f"the smallest blob has {human_size(blob.size)}, which could all be sent"
        found.note("ranges", "unknown", why)
        return
    step = Step(
        f"Fetch the first byte of {blob.digest.short}",
        Request(
            "GET",
            endpoints.GET_BLOB.path(name=seen.name, digest=blob.digest),
            Headers({"Range": "bytes=0-0"}),
            sink=Counter(),
        ),
        endpoints.GET_BLOB,
        why="A registry that knows ranges sends that byte (206), another one the whole blob (200).",
    )
    answer = yield from ask(step)
    more = _range_told(answer) if isinstance(answer, Response) else ""
    found.judge("ranges", step, answer, (206,), (200, 416), more)


def _range_told(answer: Response) -> str:
    told = ("content-range", "accept-ranges")
    said = [f"{name}: {answer.headers[name][:40]}" for name in told if name in answer.headers]
    return "; ".join(said)


def _sha512(found: Findings, seen: Seen) -> Conversation[None]:
    if seen.manifest is None:
        return
    step = manifest_question(seen.name, Digest.of(seen.manifest.raw, "sha512"))
    answer = yield from ask(step)
    found.judge("sha512", step, answer, (200,), (400, 405))
    if found["sha512"].verdict == "unknown" and isinstance(answer, Response):
        more = "not refused, but only pushing some shows"
        found.note("sha512", "unknown", line(step, answer, more))
