"""Listing tags, page by page (end-8)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from ocinb.drawable import Drawable
from ocinb.errors import (
    InvalidContent,
    InvalidReference,
    ListingDisabled,
    RegistryError,
)
from ocinb.oci import strict_json
from ocinb.oci.reference import check_tag
from ocinb.protocol import endpoints
from ocinb.protocol.fields.encoding import plain
from ocinb.protocol.fields.headers import Headers
from ocinb.protocol.fields.links import next_link, same_listing
from ocinb.protocol.messages import Conversation, Request, Response, Step
from ocinb.protocol.pages import MOST_PAGES, Pages
from ocinb.protocol.ping import not_a_registry
from ocinb.text import visible

MOST_TAGS = 100_000
LARGEST_PAGE = 1_000  # tags; ECR refuses to be asked for more (T-1)
_NO_LIST = frozenset({405, 501})


@dataclass(frozen=True)
class TagList(Drawable):
    """The tags of a repository, sorted, and whether these are all.

    `odd` are names the registry listed that no tag can have, made visible. When not `complete`,
    `note` says what stopped the listing.
    """

    repository: str
    tags: tuple[str, ...] = ()
    pages: int = 0
    complete: bool = True
    odd: tuple[str, ...] = ()
    note: str = ""

    def __iter__(self) -> Iterator[str]:
        return iter(self.tags)

    def __len__(self) -> int:
        return len(self.tags)

    def __contains__(self, tag: object) -> bool:
        return tag in self.tags

    def __getitem__(self, position: int) -> str:
        return self.tags[position]

    def __repr__(self) -> str:
        state = "complete" if self.complete else "incomplete"
        count = f"{len(self.tags):,} tags, {self.pages} pages, {state}"
        return f"<TagList {visible(self.repository, 80)}: {count}>"


@dataclass
class _Listing:
    """What has been read so far."""

    repository: str
    pages: Pages
    seen: dict[str, None] = field(default_factory=dict)
    odd: dict[str, None] = field(default_factory=dict)

    def add(self, names: list[object], size: int) -> bool:
        """Whether there was something new in `names`, a page of `size` bytes."""
        before = len(self.seen) + len(self.odd)
        self.pages.read(len(names), size)
        for name in names:
            try:
                self.seen[check_tag(name if isinstance(name, str) else "")] = None
            except InvalidReference:
                self.odd[visible(name, 128)] = None
        return len(self.seen) + len(self.odd) > before

    def too_much(self, url: str) -> str:
        """Why the page at `url` is not to be asked for, if there is a reason (K-6)."""
        if len(self.seen) + len(self.odd) >= MOST_TAGS:
            return f"there are more than {MOST_TAGS:,} tags"
        return self.pages.too_many(url)

    def result(self, note: str = "") -> TagList:
        tags, odd = tuple(sorted(self.seen)), tuple(self.odd)
        return TagList(self.repository, tags, self.pages.number, not note, odd, note)


def list_tags(
    name: str, page_size: int | None = None, *, most_pages: int = MOST_PAGES
) -> Conversation[TagList]:
    """All tags of a repository, following the registry's pages, but at most `most_pages`.

    `page_size` asks for so many at a time, a thousand at most; registries may give fewer. A listing
    that breaks off after its first page is returned as incomplete, with the reason. Raises
    `NotFound`, or `ListingDisabled` on registries that list no tags.
    """
    page_size = None if page_size is None else min(page_size, LARGEST_PAGE)
    listing = _Listing(name, Pages(most_pages))
    everything = endpoints.LIST_TAGS.path(name=name)
    query = {"n": str(page_size)} if page_size is not None else None
    url = endpoints.LIST_TAGS.path(query, name=name)
    while url:
        note = listing.too_much(url)
        if note:
            return listing.result(note)
        listing.pages.asked.add(url)
        response = yield _page(url, listing.pages.number + 1, paged=page_size is not None)
        try:
            names = _names(_listed(response))
            fresh = listing.add(names, len(response.body))
            url = _next(response, name, names, None if url == everything else page_size, fresh)
        except (RegistryError, InvalidContent) as error:
            if listing.pages.number == 0:
                raise
            return listing.result(str(error))
    return listing.result()


def _page(url: str, number: int, *, paged: bool) -> Step:
    return Step(
        "List tags" if number == 1 else f"List tags, page {number}",
        Request("GET", url, Headers({"Accept": "application/json"})),
        endpoints.LIST_TAGS_PAGED if paged or number > 1 else endpoints.LIST_TAGS,
        why="A registry may answer in pages; the Link header leads to the next one.",
    )


def _listed(response: Response) -> Response:
    """`response` when it is a list; a refusal says whether it is of lists altogether (T-5)."""
    if response.status == 200:
        return response
    error = response.refusal()
    if error.status in _NO_LIST or error.code == "UNSUPPORTED":
        said = error.status, error.code, error.message
        hint = "a tag that you know can be asked for all the same"
        raise ListingDisabled(*said, method=error.method, url=error.url, hints=[hint])
    if error.status == 404 and not error.code:
        error.hint(
            "there is no such repository, or this registry lists no tags, or it is no registry: it "
            "does not say; a tag that you know can be asked for all the same"
        )
    raise error


def _names(response: Response) -> list[object]:
    if response.is_web_page():
        raise not_a_registry(response)
    tags = strict_json.parse_object(plain(response).body, "the list of tags").get("tags")
    if tags is None:  # what some registries send for none (T-4)
        return []
    if not isinstance(tags, list):
        raise InvalidContent("the list of tags has no list in it")
    return tags


def _next(
    response: Response, name: str, names: list[object], page_size: int | None, fresh: bool
) -> str:
    """Where the next page is, or nothing. The Link header decides (C32)."""
    link = next_link(response.headers.get_all("link"))
    if link:
        return same_listing(response, link, f"/v2/{name}/tags/list")
    full = page_size is not None and len(names) == page_size > 0
    if not full or response.headers.get("link"):
        return ""
    # Old registries page without saying so: only a full page hints at more (C33). One that says the
    # same again knows no pages, or not where to go on: it is asked for all at once.
    if not fresh:
        return endpoints.LIST_TAGS.path(name=name)
    try:
        last = check_tag(names[-1] if isinstance(names[-1], str) else "")
    except InvalidReference:
        raise response.unexpected("its page ends with a name that no tag can have") from None
    return endpoints.LIST_TAGS.path({"n": str(page_size), "last": last}, name=name)
