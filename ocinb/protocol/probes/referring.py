"""Whether a registry lists referrers: its API may be real, lying or not there."""

from __future__ import annotations

from ocinb.errors import OcinbError, RegistryError
from ocinb.oci.digest import Digest
from ocinb.oci.index import Index
from ocinb.protocol.messages import Conversation, Response, Step
from ocinb.protocol.probes.findings import Findings, Seen
from ocinb.protocol.probes.probe import Answer, ask, brief, line, surviving
from ocinb.protocol.referring.referrers_api import (
    ReferrersApi,
    is_filtered,
    listing_step,
    read_page,
    without_api,
)
from ocinb.protocol.referring.referrers_tag import read_tag

NOBODY = Digest(f"sha256:{'0' * 64}")  # no content has it
_OF_NO_TYPE = "example/nothing"  # RFC 4735 keeps this name free


def probe_referrers(found: Findings, seen: Seen, api: ReferrersApi) -> Conversation[None]:
    """Real, lying, or not there; a digest that nobody has is asked for, too."""
    subject = seen.manifest.digest if seen.manifest else NOBODY
    step = listing_step(seen.name, subject)
    answer = yield from ask(step)
    usable = _judge_listing(found, step, answer)
    if subject != NOBODY:
        yield from _of_nobody(found, seen)
        yield from _tag(found, seen.name, subject)
    if isinstance(answer, Response) and found["referrers"].verdict != "unknown":
        api.learn(seen.name, answer, usable=usable)
    if not usable:
        found.note("referrers_filter", found["referrers"].verdict, "there is no list to filter")
        return
    step = listing_step(seen.name, subject, _OF_NO_TYPE)
    answer = yield from ask(step)
    filtered = isinstance(answer, Response) and is_filtered(answer)
    more = "OCI-Filters-Applied" if filtered else "filtered here: no OCI-Filters-Applied"
    found.judge("referrers_filter", step, answer, (200,) if filtered else (), (200, 400), more)


def _judge_listing(found: Findings, step: Step, answer: Answer) -> bool:
    if not isinstance(answer, Response):
        found.note("referrers", "unknown", line(step, answer))
        return False
    try:
        why = without_api(answer)
    except RegistryError:
        found.note("referrers", "unknown", line(step, answer))
        return False
    page = None if why else read_page(answer)
    if isinstance(page, Index):
        found.note("referrers", "yes", line(step, answer, f"{len(page.manifests):,} listed"))
        return True
    lying = "which is no list: it only looks like a yes" if answer.status == 200 else ""
    more = lying or "the referrers tag is used instead"
    kind = answer.media_type() or "no type" if lying else ""
    found.note("referrers", "no", line(step, answer, f"{kind}, {more}" if kind else more))
    return False


def _of_nobody(found: Findings, seen: Seen) -> Conversation[None]:
    """A registry must answer for any digest, whether it knows it or not (S25)."""
    before = found["referrers"]
    if before.verdict != "yes":
        return
    answer = yield from ask(listing_step(seen.name, NOBODY))
    if not isinstance(answer, Response) or answer.status != 200:
        said = answer.status if isinstance(answer, Response) else brief(answer)
        found.note("referrers", "yes", f"{before.evidence}; but {said} for a digest nobody has")


def _tag(found: Findings, name: str, subject: Digest) -> Conversation[None]:
    request = "GET manifests/<referrers tag>"
    try:
        index, _ = yield from surviving(read_tag(name, subject))
    except OcinbError as error:
        found.note("referrers_tag", "unknown", f"{request} → {brief(error)}")
        return
    if index is None:
        found.note("referrers_tag", "no", f"{request} → 404")
    else:
        found.note("referrers_tag", "yes", f"{request} → 200, {len(index.manifests):,} listed")
