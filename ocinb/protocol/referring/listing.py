"""What a listing of referrers has found so far, and what the manifests themselves say of it."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Literal, TypeAlias

from ocinb.errors import DigestMismatch, InvalidContent, NotSupported, RegistryError
from ocinb.oci.descriptor import Descriptor
from ocinb.oci.digest import Digest
from ocinb.oci.index import Index
from ocinb.protocol.fetch import get_manifest
from ocinb.protocol.messages import Conversation
from ocinb.protocol.pages import Pages

Source: TypeAlias = Literal["api", "tag", "none", "looking"]

# The bounds of one listing (K-6, K-26).
MOST_REFERRERS = 100_000
MOST_LOOKED_INTO = 1_000  # manifests that are fetched to learn what they say themselves

_UNREADABLE = (RegistryError, InvalidContent, DigestMismatch, NotSupported)


@dataclass
class Listing:
    """What has been found so far, and the bounds on it."""

    subject: Digest
    artifact_type: str = ""
    found: dict[Digest, Descriptor] = field(default_factory=dict)
    unfiltered: set[Digest] = field(default_factory=set)  # perhaps of another type
    pages: Pages = field(default_factory=Pages)
    source: Source = "none"
    complete: bool = True
    confirmed: bool = False
    refuted: list[Descriptor] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def add(self, index: Index, *, filtered: bool = False) -> None:
        """A page, which the registry may have `filtered` by type."""
        self.pages.read(len(index.manifests), index.size)
        for each in index.manifests:
            if self.found.setdefault(each.digest, each) is each and not filtered:
                self.unfiltered.add(each.digest)

    def too_much(self, url: str) -> str:
        """Why the page at `url` is not to be asked for, if there is a reason (K-6)."""
        if len(self.found) >= MOST_REFERRERS:
            return f"there are more than {MOST_REFERRERS:,} referrers"
        return self.pages.too_many(url)

    def break_off(self, why: str) -> None:
        """There may be more than is here."""
        self.complete = False
        self.notes.append(why)


def choose(name: str, listing: Listing) -> Conversation[None]:
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


def confirm_each(name: str, listing: Listing) -> Conversation[None]:
    """Keep those that name the subject themselves (C37); each is fetched by its digest."""
    listing.confirmed, unsure = True, 0
    for number, entry in enumerate(list(listing.found.values())):
        found = None
        if number < MOST_LOOKED_INTO:
            with suppress(*_UNREADABLE):
                found = yield from get_manifest(name, entry.digest, entry)
        if found is None:
            unsure += 1
        elif found.subject is None or found.subject.digest != listing.subject:
            listing.refuted.append(entry)
        else:
            continue
        del listing.found[entry.digest]
    if unsure:
        listing.break_off(f"{unsure:,} could not be fetched, so nothing confirms them")
