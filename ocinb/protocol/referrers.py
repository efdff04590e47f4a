"""Who refers to a manifest: the registry says (end-12), or the referrers tag of older ones does."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Literal, TypeAlias

from ocinb.drawable import Drawable
from ocinb.errors import DigestMismatch, InvalidContent, NotSupported, RegistryError
from ocinb.oci import media_types
from ocinb.oci.descriptor import Descriptor
from ocinb.oci.digest import Digest
from ocinb.oci.fallback import without_entry
from ocinb.oci.index import Index
from ocinb.oci.manifest import AnyManifest, parse_manifest
from ocinb.oci.reference import identifier
from ocinb.protocol import endpoints
from ocinb.protocol.fetch import get_manifest, head_manifest
from ocinb.protocol.headers import Headers
from ocinb.protocol.links import next_link, same_listing
from ocinb.protocol.messages import Conversation, Request, Response, Step
from ocinb.protocol.referrers_tag import read_tag, revise_tag
from ocinb.text import human_size, visible

Source: TypeAlias = Literal["api", "tag", "none"]

# The bounds of one listing (K-6, K-26).
MOST_PAGES = 1_000
MOST_REFERRERS = 100_000
MOST_BYTES = 64 * 1024 * 1024
MOST_LOOKED_INTO = 1_000  # manifests that are fetched to learn their type
_MOST_EMPTY_PAGES = 3

_NO_API = (400, 404, 405, 406, 501)  # how registries say that they do not know end-12
_LISTING_TYPES = (media_types.INDEX, "application/json")
_UNREADABLE = (RegistryError, InvalidContent, DigestMismatch, NotSupported)


@dataclass(frozen=True)
class ReferrerList(Drawable):
    """Manifests that claim to refer to `subject`, and whether these are all.

    They were found by the registry's `api` or under the referrers `tag`; `none` means that there
    is neither. With `artifact_type`, only those of that type are here. `note` says why the API was
    not asked to the end, or what is missing when the list is not `complete`.
    """

    subject: Digest
    descriptors: tuple[Descriptor, ...] = ()
    pages: int = 0
    complete: bool = True
    source: Source = "none"
    note: str = ""
    artifact_type: str = ""

    def __iter__(self) -> Iterator[Descriptor]:
        return iter(self.descriptors)

    def __len__(self) -> int:
        return len(self.descriptors)

    def __getitem__(self, position: int) -> Descriptor:
        return self.descriptors[position]

    def __repr__(self) -> str:
        state = "complete" if self.complete else "incomplete"
        kind = f" of type {visible(self.artifact_type, 80)}" if self.artifact_type else ""
        found = f"{len(self.descriptors):,} found by {self.source}, {state}"
        return f"<ReferrerList {visible(self.subject.short, 80)}{kind}: {found}>"


def list_referrers(
    name: str, reference: str, artifact_type: str = ""
) -> Conversation[ReferrerList]:
    """Every manifest that names `reference`, a tag or digest, as its subject.

    With `artifact_type`, only those of that type. A listing that breaks off after its first page
    is returned as incomplete, with the reason. Raises `NotFound` without the tag or repository.
    """
    if artifact_type:
        media_types.check(artifact_type, "what is looked for")
    wanted = identifier(reference)
    subject = wanted if isinstance(wanted, Digest) else (yield from _pointed_to(name, reference))
    listing = _Listing(subject, artifact_type)
    response = yield _page(name, listing)
    why_not = _without_api(response)
    first = None if why_not else _index(response)
    if isinstance(first, Index):
        yield from _paged(name, listing, response, first)
    else:
        listing.complete = first is None  # who cannot be understood may have more to say
        yield from _tagged(name, listing, why_not or f"the referrers API is not usable: {first}")
    yield from _choose(name, listing)
    return listing.result()


def drop_listed(name: str, manifest: AnyManifest) -> Conversation[None]:
    """Take a manifest that was deleted off the referrers tag, on registries without API (C39)."""
    if manifest.subject is None:
        return
    subject = manifest.subject.digest
    response = yield _page(name, _Listing(subject))
    if not _without_api(response):
        return
    yield from revise_tag(name, subject, lambda index: without_entry(index, manifest.digest))


@dataclass
class _Listing:
    """What has been found so far, and the bounds on it."""

    subject: Digest
    artifact_type: str = ""
    found: dict[Digest, Descriptor] = field(default_factory=dict)
    unfiltered: set[Digest] = field(default_factory=set)  # perhaps of another type
    asked: set[str] = field(default_factory=set)
    pages: int = 0
    empty: int = 0
    size: int = 0
    source: Source = "none"
    complete: bool = True
    notes: list[str] = field(default_factory=list)

    def add(self, index: Index, *, filtered: bool = False) -> None:
        """A page, which the registry may have `filtered` by type."""
        self.pages += 1
        self.size += index.size
        self.empty = 0 if index.manifests else self.empty + 1
        for each in index.manifests:
            if self.found.setdefault(each.digest, each) is each and not filtered:
                self.unfiltered.add(each.digest)

    def too_much(self, url: str) -> str:
        """Why the page at `url` is not to be asked for, if there is a reason (K-6)."""
        if url in self.asked:
            return "the registry's pages go round in a circle"
        if self.pages >= MOST_PAGES:
            return f"there are more than {MOST_PAGES:,} pages"
        if len(self.found) >= MOST_REFERRERS:
            return f"there are more than {MOST_REFERRERS:,} referrers"
        if self.size >= MOST_BYTES:
            return f"the pages have more than {human_size(MOST_BYTES)}"
        if self.empty >= _MOST_EMPTY_PAGES:
            return "the registry sends one empty page after another"
        return ""

    def break_off(self, why: str) -> None:
        """There may be more than is here."""
        self.complete = False
        self.notes.append(why)

    def result(self) -> ReferrerList:
        return ReferrerList(
            self.subject,
            tuple(self.found.values()),
            self.pages,
            self.complete,
            self.source,
            "; ".join(self.notes),
            self.artifact_type,
        )


def _pointed_to(name: str, reference: str) -> Conversation[Digest]:
    """What a tag points to now; when it is not there, asking for it gives the better error."""
    found = yield from head_manifest(name, reference)
    if found is None:
        found = (yield from get_manifest(name, reference)).descriptor
    return found.digest


def _page(name: str, listing: _Listing, url: str = "") -> Step:
    """The step that asks for a page, the first one if no `url` is given."""
    query = {"artifactType": listing.artifact_type} if listing.artifact_type else None
    endpoint = endpoints.LIST_REFERRERS_OF_TYPE if query else endpoints.LIST_REFERRERS
    url = url or endpoint.path(query, name=name, digest=listing.subject)
    listing.asked.add(url)
    page = f", page {listing.pages + 1}" if listing.pages else ""
    return Step(
        f"List what refers to {listing.subject.short}{page}",
        Request("GET", url, Headers({"Accept": ", ".join(_LISTING_TYPES)})),
        endpoint,
        why="Signatures, SBOMs and the like name their subject; the registry keeps the list.",
    )


def _without_api(response: Response) -> str:
    """How the answer shows that the registry does not know referrers, if it does.

    A repository that is not there says nothing about that, and is an error, like any other no.
    """
    if response.status in _NO_API:
        refusal = response.refusal()
        if refusal.code == "NAME_UNKNOWN":
            raise refusal
        return f"the registry has no referrers API (it answered {response.status})"
    said = response.expect(200).media_type()
    if said in _LISTING_TYPES:
        return ""
    named = visible(said, 100) if said else "something without a type"
    return f"the registry has no referrers API (it answered with {named})"


def _index(response: Response) -> Index | InvalidContent:
    """The page, or what is wrong with it."""
    try:
        found = parse_manifest(response.body, response.media_type())
    except InvalidContent as error:
        return error
    except NotSupported as error:
        return InvalidContent(str(error))
    return found if isinstance(found, Index) else InvalidContent("it is a manifest, and no list")


def _paged(name: str, listing: _Listing, response: Response, page: Index) -> Conversation[None]:
    """Read the first page, and follow the registry to all the others (C36)."""
    listing.source = "api"
    while True:
        listing.add(page, filtered=_is_filtered(response))
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
        further = _index(response)
        if not isinstance(further, Index):
            return listing.break_off(f"page {listing.pages + 1} cannot be read: {further}")
        page = further


def _is_filtered(response: Response) -> bool:
    """Whether the registry says that it left out other types (C35)."""
    said = response.headers.get("oci-filters-applied", "").split(",")
    return "artifacttype" in (each.strip().lower() for each in said)


def _next(response: Response, path: str) -> str:
    """Where the next page is, or nothing; some registries write the colon of a digest as %3A."""
    link = next_link(response.headers.get_all("link"))
    for colon in ("%3A", "%3a"):
        if colon in link.partition("?")[0]:
            path = path.replace(":", colon)
    return same_listing(response, link, path) if link else ""


def _tagged(name: str, listing: _Listing, why_not: str) -> Conversation[None]:
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


def _choose(name: str, listing: _Listing) -> Conversation[None]:
    """Keep those of the wanted type, where the registry did not; who does not say is fetched."""
    if not listing.artifact_type:
        return
    looked_into, unreadable = 0, 0
    for digest in [each for each in listing.found if each in listing.unfiltered]:
        entry = listing.found.pop(digest)
        if not entry.artifact_type and looked_into < MOST_LOOKED_INTO:
            looked_into += 1
            try:
                found = yield from get_manifest(name, digest, entry)
                entry = replace(entry, artifact_type=found.artifact_type)
            except _UNREADABLE:
                unreadable += 1
        elif not entry.artifact_type:
            unreadable += 1
        if entry.artifact_type == listing.artifact_type:
            listing.found[digest] = entry
    if unreadable:
        listing.break_off(f"{unreadable:,} do not say their type, and could not be looked into")
