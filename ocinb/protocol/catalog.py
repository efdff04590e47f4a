"""Listing repositories, page by page: `_catalog`, which no spec demands and many do not have.

Docker's registry introduced it; distribution-spec only reserves the name (extensions/README.md).
"""

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
from ocinb.oci.reference import check_repository
from ocinb.protocol import endpoints
from ocinb.protocol.fields.encoding import plain
from ocinb.protocol.fields.headers import Headers
from ocinb.protocol.fields.links import next_link, same_listing
from ocinb.protocol.messages import Conversation, Request, Response, Step
from ocinb.protocol.pages import Pages
from ocinb.protocol.ping import not_a_registry
from ocinb.text import visible

MOST_REPOSITORIES = 100_000
LARGEST_PAGE = 1_000  # repositories; more in one answer is nobody's habit
_PATH = endpoints.CATALOG.path()
_NOT_FOR_US = (401, 403)
_NO_CATALOG = (404, 405, 501)


@dataclass(frozen=True)
class CatalogList(Drawable):
    """The repositories of a registry, sorted, and whether these are all that it lists.

    It need not list all that it has. `odd` are names that no repository can have, made visible;
    `expression` is the Python that makes the registry. When not `complete`, `note` says what
    stopped the listing.
    """

    registry: str
    names: tuple[str, ...] = ()
    pages: int = 0
    complete: bool = True
    odd: tuple[str, ...] = ()
    note: str = ""
    expression: str = ""

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def __len__(self) -> int:
        return len(self.names)

    def __contains__(self, name: object) -> bool:
        return name in self.names

    def __getitem__(self, position: int) -> str:
        return self.names[position]

    def __repr__(self) -> str:
        state = "complete" if self.complete else "incomplete"
        count = f"{len(self.names):,} repositories, {self.pages} pages, {state}"
        return f"<CatalogList {visible(self.registry, 80)}: {count}>"


@dataclass
class _Catalog:
    """What has been read so far."""

    pages: Pages = field(default_factory=Pages)
    seen: dict[str, None] = field(default_factory=dict)
    odd: dict[str, None] = field(default_factory=dict)

    def add(self, names: list[object], size: int) -> None:
        self.pages.read(len(names), size)
        for name in names:
            try:
                self.seen[check_repository(name if isinstance(name, str) else "")] = None
            except InvalidReference:
                self.odd[visible(name, 128)] = None

    def too_much(self, url: str) -> str:
        """Why the page at `url` is not to be asked for, if there is a reason (K-6)."""
        if len(self.seen) + len(self.odd) >= MOST_REPOSITORIES:
            return f"there are more than {MOST_REPOSITORIES:,} repositories"
        return self.pages.too_many(url)

    def result(self, registry: str, expression: str, note: str = "") -> CatalogList:
        names, odd = tuple(sorted(self.seen)), tuple(self.odd)
        return CatalogList(registry, names, self.pages.number, not note, odd, note, expression)


def list_catalog(
    registry: str, page_size: int | None = None, *, expression: str = "", most: int | None = None
) -> Conversation[CatalogList]:
    """The repositories that `registry` lists, following its pages; but at most `most` pages.

    `page_size` asks for so many at a time, a thousand at most; registries may give fewer. A listing
    that breaks off after its first page is returned as incomplete, with the reason. Raises
    `ListingDisabled` where there is no catalog for us: that never looks like an empty one (T-6).
    """
    catalog = _Catalog(Pages() if most is None else Pages(most))
    size = None if page_size is None else str(min(page_size, LARGEST_PAGE))
    url = endpoints.CATALOG.path({"n": size} if size else None)
    while url:
        note = catalog.too_much(url)
        if note:
            return catalog.result(registry, expression, note)
        catalog.pages.asked.add(url)
        response = yield _page(url, catalog.pages.number + 1)
        try:
            catalog.add(_names(_listed(response)), len(response.body))
            link = next_link(response.headers.get_all("link"))
            url = same_listing(response, link, _PATH) if link else ""
        except (RegistryError, InvalidContent) as error:
            if catalog.pages.number == 0:
                raise
            return catalog.result(registry, expression, str(error))
    return catalog.result(registry, expression)


def _page(url: str, number: int) -> Step:
    return Step(
        "List repositories" if number == 1 else f"List repositories, page {number}",
        Request("GET", url, Headers({"Accept": "application/json"})),
        endpoints.CATALOG,
        why="The spec has no such list; many registries keep Docker's, and some to themselves.",
    )


def _listed(response: Response) -> Response:
    """`response` when it is a list; the usual refusals mean that there is none (T-6)."""
    if response.status == 200:
        return response
    no = response.refusal()
    if no.status not in (*_NOT_FOR_US, *_NO_CATALOG) and no.code != "UNSUPPORTED":
        raise no
    hints = ["a repository whose name you know can be asked for all the same"]
    if no.status in _NOT_FOR_US:
        hints.append("some show it to administrators only: another account may be told more")
    raise ListingDisabled(no.status, no.code, no.message, method=no.method, url=no.url, hints=hints)


def _names(response: Response) -> list[object]:
    if response.is_web_page():
        raise not_a_registry(response)
    said = strict_json.parse_object(plain(response).body, "the catalog")
    if "repositories" not in said:
        raise InvalidContent("the catalog says nothing of repositories")
    names = said["repositories"]
    if names is None:  # what some send for none, as with tags (T-4)
        return []
    if not isinstance(names, list):
        raise InvalidContent("the catalog has no list in it")
    return names
