"""What a registry can do with manifests, as far as only writing tells: tags, subjects, deleting.

What is pushed says in an annotation what it is, and is deleted in the end as far as can be.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from ocinb.errors import OcinbError
from ocinb.oci import annotations as keys
from ocinb.oci import media_types
from ocinb.oci.image import Blob
from ocinb.oci.index import Index
from ocinb.oci.manifest import Manifest
from ocinb.protocol import endpoints
from ocinb.protocol.delete import blob_deletion, manifest_deletion, manifest_question
from ocinb.protocol.messages import Conversation, Response, Step
from ocinb.protocol.probes.findings import NO, Findings
from ocinb.protocol.probes.probe import Answer, ask, brief, line, surviving
from ocinb.protocol.probes.uploads import AT_ONCE, TAKEN, WHY, Traces
from ocinb.protocol.push import manifest_step, push_blob
from ocinb.protocol.referring.referrers_api import listing_step, read_page, without_api

TAG = "ocinb-probe"
_PUT = (200, 201, 202)
_SAYS = "Made by ocinb to see what this registry can do. Nobody needs it: it may be deleted."
_OF_MANIFESTS = (
    "put_by_digest", "put_by_tag", "several_tags", "if_match", "subject", "delete_tag",
    "delete_manifest",
)  # fmt: skip

CONFIG = Blob.of(
    b'{"author":"a probe of ocinb","architecture":"unknown","os":"unknown",'
    b'"rootfs":{"type":"layers","diff_ids":[]}}',
    media_types.CONFIG,
)
IMAGE = Manifest.of(CONFIG.descriptor, [AT_ONCE.descriptor], annotations={keys.DESCRIPTION: _SAYS})
REFERRER = Manifest.of(
    CONFIG.descriptor,
    [AT_ONCE.descriptor],
    annotations={keys.DESCRIPTION: f"{_SAYS} It refers to another one."},
    subject=IMAGE.descriptor,
)


def probe_manifests(found: Findings, traces: Traces) -> Conversation[None]:
    """Push two small manifests in every way."""
    try:
        for blob in (CONFIG, AT_ONCE):
            yield from surviving(push_blob(traces.name, blob))
            if blob.digest not in traces.blobs:  # ours, also when an earlier probe left it
                traces.blobs.append(blob.digest)
    except OcinbError as error:
        found.unless_known(_OF_MANIFESTS, "unknown", f"no blob could be pushed: {brief(error)}")
        return
    yield from _put(found, traces, "put_by_digest", IMAGE, IMAGE.digest)
    yield from _put(found, traces, "put_by_tag", IMAGE, TAG)
    yield from _put_several(found, traces)
    yield from _put_over(found, traces)
    yield from _put_referrer(found, traces)


def _put(
    found: Findings, traces: Traces, name: str, document: Manifest, reference: str
) -> Conversation[Answer]:
    step = replace(manifest_step(traces.name, document, reference), why=WHY)
    answer = yield from ask(step)
    if found.judge(name, step, answer, _PUT, (*NO, 413)):
        _trace(traces, document, reference)
    return answer


def _trace(traces: Traces, document: Manifest, *tags: str) -> None:
    if document.digest not in traces.manifests:
        traces.manifests.append(document.digest)
    new = (tag for tag in tags if ":" not in tag and tag not in traces.tags)
    traces.tags.extend(new)


def _put_several(found: Findings, traces: Traces) -> Conversation[None]:
    wanted = [f"{TAG}-1", f"{TAG}-2"]
    step = manifest_step(traces.name, IMAGE, IMAGE.digest)
    url = f"{step.request.url}?{'&'.join(f'tag={tag}' for tag in wanted)}"
    request = replace(step.request, url=url)
    step = replace(step, request=request, endpoint=endpoints.PUT_MANIFEST_TAGGED, why=WHY)
    answer = yield from ask(step)
    said = answer.headers.get("oci-tag", "") if isinstance(answer, Response) else ""
    got = [tag for tag in wanted if tag in map(str.strip, said.split(","))]
    more = "OCI-Tag names both" if got == wanted else f"OCI-Tag names {len(got)} of 2"
    yes = _PUT if got == wanted else ()
    found.judge("several_tags", step, answer, yes, (*TAKEN, *NO, 414), more)
    _trace(traces, IMAGE, *got)


def _put_over(found: Findings, traces: Traces) -> Conversation[None]:
    """A tag over a version that it does not have: who looks at versions refuses that."""
    if TAG not in traces.tags:
        found.note("if_match", "unknown", "there is no tag to put it over")
        return
    step = manifest_step(traces.name, IMAGE, TAG)
    headers = step.request.headers.having(If_Match='"ocinb-no-such-version"')
    step = replace(step, request=replace(step.request, headers=headers), why=WHY)
    answer = yield from ask(step)
    ignored = isinstance(answer, Response) and answer.status in TAKEN
    more = "though nothing has that version" if ignored else ""
    found.judge("if_match", step, answer, (412,), (*TAKEN, *NO), more)


def _put_referrer(found: Findings, traces: Traces) -> Conversation[None]:
    answer = yield from _put(found, traces, "subject", REFERRER, REFERRER.digest)
    if found["subject"].verdict != "yes" or not isinstance(answer, Response):
        return
    evidence = found["subject"].evidence
    if answer.headers.get("oci-subject", "").strip() == IMAGE.digest:
        found.note("subject", "yes", f"{evidence}, with OCI-Subject")
    else:
        more = "without OCI-Subject: clients keep the referrers tag"
        found.note("subject", "no", f"{evidence}, {more}")
    yield from _relisted(found, traces)


def _relisted(found: Findings, traces: Traces) -> Conversation[None]:
    """Whether the referrers API has what was just pushed: one that has not is a lie."""
    step = listing_step(traces.name, IMAGE.digest)
    answer = yield from ask(step)
    if not isinstance(answer, Response) or answer.status != 200 or without_api(answer):
        return
    page = read_page(answer)
    if not isinstance(page, Index):
        return
    there = any(each.digest == REFERRER.digest for each in page.manifests)
    more = "which has what was just pushed" if there else "which lacks what was just pushed"
    found.note("referrers", "yes" if there else "no", line(step, answer, f"a list {more}"))


def clean_up(found: Findings, traces: Traces) -> Conversation[None]:
    """Delete all that was made, tags first and blobs last; each tells whether that can be done."""
    name = traces.name
    tags = {tag: manifest_deletion(name, tag, f"Delete the tag {tag}") for tag in traces.tags}
    manifests = {
        str(digest): manifest_deletion(name, digest, f"Delete manifest {digest.short}")
        for digest in reversed(traces.manifests)
    }
    blobs = {str(digest): blob_deletion(name, digest) for digest in traces.blobs}
    stay = yield from _deleted(found, "delete_tag", tags)
    left = yield from _deleted(found, "delete_manifest", manifests)
    for tag in stay:  # a manifest takes its tags along
        still = yield from ask(manifest_question(name, tag))
        if not isinstance(still, Response) or still.status != 404:
            traces.left.append(f"tag {tag}")
    traces.left.extend(f"manifest {digest}" for digest in left)
    left = yield from _deleted(found, "delete_blob", blobs)
    traces.left.extend(f"blob {digest}" for digest in left)


def _deleted(found: Findings, name: str, steps: Mapping[str, Step]) -> Conversation[list[str]]:
    """What could not be deleted; the first of them says whether it can be done at all."""
    left = list[str]()
    for reference, step in steps.items():
        answer = yield from ask(step)
        if found[name].verdict == "not asked":
            found.judge(name, step, answer, TAKEN, NO)
        if not isinstance(answer, Response) or answer.status not in (*TAKEN, 404):
            left.append(reference)
    found.unless_known((name,), "unknown", "there was nothing to delete")
    return left
