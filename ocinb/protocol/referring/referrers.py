"""Who refers to a manifest: the registry says (end-12), or the referrers tag of older ones does."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from ocinb.drawable import Drawable
from ocinb.errors import InvalidContent, NotSupported, RegistryError
from ocinb.oci import media_types
from ocinb.oci.descriptor import Descriptor
from ocinb.oci.digest import Digest
from ocinb.oci.fallback import without_entry
from ocinb.oci.index import Index
from ocinb.oci.manifest import AnyManifest
from ocinb.oci.reference import identifier
from ocinb.protocol import endpoints
from ocinb.protocol.fetch import get_manifest, head_manifest
from ocinb.protocol.fields.links import next_link, same_listing
from ocinb.protocol.messages import Conversation, Response, Step
from ocinb.protocol.referring.listing import Listing, Source, choose, confirm_each
from ocinb.protocol.referring.referrers_api import (
    ReferrersApi,
    is_filtered,
    listing_step,
    read_page,
    without_api,
)
from ocinb.protocol.referring.referrers_tag import read_tag, revise_tag
from ocinb.text import visible


@dataclass(frozen=True)
class ReferrerList(Drawable):
    """Manifests that claim to refer to `subject`, and whether these are all.

    They were found by the registry's `api` or under the referrers `tag`; `none` means that there
    is neither, and `looking` that every manifest of a layout or an archive was looked at. With
    `artifact_type`, only those of that type are here. `note` says why the API was not asked to the
    end, or what is missing when the list is not `complete`.

    Whoever lists a manifest claims that it refers to the subject. When they are `confirmed`, each
    was fetched and says so itself; those that say otherwise are `refuted`, and not in the list.
    """

    subject: Digest
    descriptors: tuple[Descriptor, ...] = ()
    pages: int = 0
    complete: bool = True
    source: Source = "none"
    note: str = ""
    artifact_type: str = ""
    confirmed: bool = False
    refuted: tuple[Descriptor, ...] = ()

    def __iter__(self) -> Iterator[Descriptor]:
        return iter(self.descriptors)

    def __len__(self) -> int:
        return len(self.descriptors)

    def __getitem__(self, position: int) -> Descriptor:
        return self.descriptors[position]

    def __repr__(self) -> str:
        state = "complete" if self.complete else "incomplete"
        kind = f" of type {visible(self.artifact_type, 80)}" if self.artifact_type else ""
        sure = ", confirmed" if self.confirmed else ""
        found = f"{len(self.descriptors):,} found by {self.source}{sure}, {state}"
        return f"<ReferrerList {visible(self.subject.short, 80)}{kind}: {found}>"


def list_referrers(
    name: str,
    reference: str,
    artifact_type: str = "",
    *,
    confirm: bool = False,
    api: ReferrersApi | None = None,
) -> Conversation[ReferrerList]:
    """Every manifest that is listed as referring to `reference`, a tag or digest.

    With `artifact_type`, only those of that type; with `confirm`, each is fetched to see whether
    that is its own subject (C37). `api` is what is known of the API, so that a registry that has
    none is not asked each time. A listing that breaks off after its first page is returned as
    incomplete, with the reason. Raises `NotFound` without the tag or repository.
    """
    if artifact_type:
        media_types.check(artifact_type, "what is looked for")
    api = api or ReferrersApi()
    wanted = identifier(reference)
    subject = wanted if isinstance(wanted, Digest) else (yield from _pointed_to(name, reference))
    listing = Listing(subject, artifact_type)
    if api.usable(name) is False:
        yield from _tagged(name, listing, "the registry has no referrers API (as it said before)")
    else:
        yield from _asked(name, listing, api)
    yield from choose(name, listing)
    if confirm:
        yield from confirm_each(name, listing)
    return _result(listing)


def drop_listed(
    name: str, manifest: AnyManifest, api: ReferrersApi | None = None
) -> Conversation[None]:
    """Take a manifest that was deleted off the referrers tag, on registries without API (C39)."""
    if manifest.subject is None:
        return
    subject, api = manifest.subject.digest, api or ReferrersApi()
    usable = api.usable(name)
    if usable is None:
        response = yield listing_step(name, subject)
        usable = not without_api(response)
        api.learn(name, response, usable=usable)
    if not usable:
        yield from revise_tag(name, subject, lambda index: without_entry(index, manifest.digest))


def _asked(name: str, listing: Listing, api: ReferrersApi) -> Conversation[None]:
    """Ask the API, and where there is none, read the referrers tag (C34)."""
    response = yield _page(name, listing)
    why_not = without_api(response)
    first = None if why_not else read_page(response)
    before = api.usable(name)
    if why_not or isinstance(first, Index):
        api.learn(name, response, usable=not why_not)
    if isinstance(first, Index):
        yield from _paged(name, listing, response, first)
        return
    # Who cannot be understood, or had an API before, may have more to say.
    listing.complete = first is None and not before
    yield from _tagged(name, listing, why_not or f"the referrers API is not usable: {first}")


def _result(listing: Listing) -> ReferrerList:
    return ReferrerList(
        listing.subject,
        tuple(listing.found.values()),
        listing.pages.number,
        listing.complete,
        listing.source,
        "; ".join(listing.notes),
        listing.artifact_type,
        listing.confirmed,
        tuple(listing.refuted),
    )


def _pointed_to(name: str, reference: str) -> Conversation[Digest]:
    """What a tag points to now; when it is not there, asking for it gives the better error."""
    found = yield from head_manifest(name, reference)
    if found is None:
        found = (yield from get_manifest(name, reference)).descriptor
    return found.digest


def _page(name: str, listing: Listing, url: str = "") -> Step:
    """The step that asks for a page, the first one if no `url` is given."""
    step = listing_step(name, listing.subject, listing.artifact_type)
    if url:
        title = f"{step.title}, page {listing.pages.number + 1}"
        step = replace(step, title=title, request=replace(step.request, url=url))
    listing.pages.asked.add(step.request.url)
    return step


def _paged(name: str, listing: Listing, response: Response, page: Index) -> Conversation[None]:
    """Read the first page, and follow the registry to all the others (C36)."""
    listing.source = "api"
    while True:
        listing.add(page, filtered=is_filtered(response))
        try:
            url = _next(response, endpoints.LIST_REFERRERS.path(name=name, digest=listing.subject))
            if not url:
                return
            why = listing.too_much(url)
            if why:
                return listing.break_off(why)
            response = (yield _page(name, listing, url)).expect(200)
        except RegistryError as error:
            return listing.break_off(str(error))
        further = read_page(response)
        if not isinstance(further, Index):
            return listing.break_off(f"page {listing.pages.number + 1} cannot be read: {further}")
        page = further


def _next(response: Response, path: str) -> str:
    """Where the next page is, or nothing; some registries write the colon of a digest as %3A."""
    link = next_link(response.headers.get_all("link"))
    for colon in ("%3A", "%3a"):
        if colon in link.partition("?")[0]:
            path = path.replace(":", colon)
    return same_listing(response, link, path) if link else ""


def _tagged(name: str, listing: Listing, why_not: str) -> Conversation[None]:
    """Read the referrers tag instead; what is no index there lists nobody (C34)."""
    listing.notes.append(why_not)
    try:
        index, _ = yield from read_tag(name, listing.subject)
    except (InvalidContent, NotSupported) as error:
        listing.notes.append(str(error))
        return
    if index is not None:
        listing.source = "tag"
        listing.add(index)
