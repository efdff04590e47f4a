"""The platforms of two indexes side by side, and the attestations of each apart."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import zip_longest
from typing import Any, Protocol, TypeAlias, cast, runtime_checkable

from ocinb.drawable import Drawable
from ocinb.errors import InvalidReference, NotSupported
from ocinb.oci.descriptor import Descriptor
from ocinb.oci.diffs.fields import FieldsDiff, diff_documents, reordered
from ocinb.oci.diffs.history import Status, count, status
from ocinb.oci.diffs.regard import Regard
from ocinb.oci.diffs.reporting import Reported, Section, between
from ocinb.oci.index import Index
from ocinb.oci.platform import Platform
from ocinb.text import nearest

Child: TypeAlias = Callable[[Descriptor], Any]  # what an entry of an index points to


@runtime_checkable
class Indexed(Protocol):
    """Several images under one name, in a registry or here."""

    @property
    def document(self) -> Index: ...
    def child(self, entry: Descriptor, /) -> Any:
        """What an entry points to."""


@runtime_checkable
class _Comparable(Protocol):
    """An image that can be compared with another."""

    def diff(self, other: Any, /, **switches: Any) -> Any: ...


@dataclass(frozen=True)
class PlatformPair:
    """What either index has for a platform, or one of them, and what attests it.

    What is for no platform is told apart by its type; attestations of no image here come last.
    """

    platform: Platform | None
    label: str
    before: Descriptor | None
    after: Descriptor | None
    before_attestations: tuple[Descriptor, ...] = ()
    after_attestations: tuple[Descriptor, ...] = ()

    @property
    def status(self) -> Status:
        """How the two stand to each other, by digest."""
        differs = bool(self.before and self.after and self.before.digest != self.after.digest)
        return status(self.before, self.after, differs)

    @property
    def attestations(self) -> str:
        """How their attestations stand to each other, by digest; nothing where there are none."""
        before = {each.digest for each in self.before_attestations}
        after = {each.digest for each in self.after_attestations}
        if not before and not after:
            return ""
        return status(before or None, after or None, before != after)


@dataclass(frozen=True)
class IndexDiff(Reported, Drawable):
    """Two indexes as a matrix: a row for each platform of either.

    `fields` are what else the indexes say differently: annotations, subject, unknown fields, and
    the order of what both have. `diff["linux/amd64"]` compares the two images for a platform.
    """

    a: str
    b: str
    rows: tuple[PlatformPair, ...]
    fields: FieldsDiff
    regard: Regard = field(default=Regard(), repr=False)
    children: tuple[Child, Child] | None = field(default=None, repr=False, compare=False)

    @property
    def changes(self) -> tuple[PlatformPair, ...]:
        """The rows that are not the same on both sides, or are attested differently."""
        return tuple(
            each
            for each in self.rows
            if each.status != "same" or each.attestations not in ("", "same")
        )

    @property
    def identical(self) -> bool:
        """Whether the indexes are the same bytes."""
        return self.fields.identical

    @property
    def same(self) -> bool:
        """Whether they name the same images and attestations, and say the same of themselves."""
        return not self.changes and self.fields.same

    @property
    def counts(self) -> dict[str, int]:
        """How many rows there are of each status."""
        return count(each.status for each in self.rows)

    @property
    def platforms(self) -> tuple[Platform, ...]:
        """The platforms that both have an image for."""
        both = (each for each in self.rows if each.before and each.after)
        return tuple(each.platform for each in both if each.platform)

    def __getitem__(self, platform: str | Platform) -> Any:
        """The images that both have for a platform, side by side; their manifests are fetched.

        Raises `InvalidReference` for a platform that not both have, naming those they have, and
        `NotSupported` where only the indexes are known.
        """
        found = self._row(platform)
        if self.children is None:
            raise NotSupported("these are two indexes alone: compare what they were fetched as")
        before, after = (
            pick(cast("Descriptor", entry))
            for pick, entry in zip(self.children, (found.before, found.after), strict=True)
        )
        if not isinstance(before, _Comparable):
            raise NotSupported(f"{before!r} cannot be looked into")
        return before.diff(after, **self.regard.switches)

    def sections(self) -> Iterator[Section]:
        """What a report says besides: the fields of the indexes."""
        yield "The indexes themselves", lambda: self.fields

    def _row(self, platform: str | Platform) -> PlatformPair:
        wanted = platform if isinstance(platform, Platform) else Platform.parse(platform)
        for each in self.rows:
            there = each.platform and each.platform.normalised == wanted.normalised
            if there and each.before and each.after:
                return each
        raise InvalidReference(
            str(wanted),
            "platform of both indexes",
            "not both have an image for it",
            hints=[nearest(str(wanted), map(str, self.platforms))],
        )

    def __len__(self) -> int:
        return len(self.changes) + len(self.fields)

    def __iter__(self) -> Iterator[PlatformPair]:
        return iter(self.rows)

    def _ipython_key_completions_(self) -> list[str]:
        return list(map(str, self.platforms))[:500]

    def __repr__(self) -> str:
        sides = between(self.a, self.b)
        return f"<IndexDiff {sides}: {len(self.changes):,} of {len(self.rows):,} platforms differ>"


def diff_indexes(
    a: Index,
    b: Index,
    regard: Regard,
    *,
    names: tuple[str, str] | None = None,
    children: tuple[Child, Child] | None = None,
) -> IndexDiff:
    """The indexes side by side; `children` fetch what an entry of the one or the other points to.

    Entries for one platform are matched by digest first, then in their order.
    """
    said = names or (str(a.digest), str(b.digest))
    fields = diff_documents("the indexes", a, b, regard, names=said, apart=_ENTRIES)
    if regard.order and not fields.identical:
        order = reordered(("manifests",), _order(a), _order(b))
        fields = replace(fields, changes=(*fields.changes, *order))
    rows = (*_pairs(a, b), *_orphans(a, b))
    return IndexDiff(*said, rows, fields, regard, children)


def diff_indexed(a: Indexed, b: Indexed, regard: Regard) -> IndexDiff:
    """The same of indexes whose images can be had."""
    names = name_of(a), name_of(b)
    return diff_indexes(a.document, b.document, regard, names=names, children=(a.child, b.child))


def name_of(side: Any) -> str:
    """What a side of a comparison is called: as it was asked for, else by its digest."""
    return str(getattr(side, "reference", "") or side.document.digest)


def _pairs(a: Index, b: Index) -> Iterator[PlatformPair]:
    before, after = _labelled(a), _labelled(b)
    for label in dict.fromkeys((*before, *after)):
        for old, new in _matched(before.get(label, []), after.get(label, [])):
            either = old or new
            yield PlatformPair(
                either.platform if either else None,
                label,
                old,
                new,
                a.attestations(old) if old else (),
                b.attestations(new) if new else (),
            )


def _orphans(a: Index, b: Index) -> Iterator[PlatformPair]:
    for old, new in _matched(list(a.orphans), list(b.orphans)):
        yield PlatformPair(None, "attestations of no image here", old, new)


def _labelled(index: Index) -> dict[str, list[Descriptor]]:
    found: dict[str, list[Descriptor]] = {}
    for each in index.images:
        found.setdefault(_label(each), []).append(each)
    return found


def _label(entry: Descriptor) -> str:
    if entry.platform is not None and entry.platform.is_known:
        return str(entry.platform.normalised)
    return entry.artifact_type or entry.media_type


def _matched(
    a: Sequence[Descriptor], b: Sequence[Descriptor]
) -> Iterator[tuple[Descriptor | None, Descriptor | None]]:
    """Those of the same digest first, what is left in its order."""
    before = {each.digest: each for each in a}
    after = {each.digest: each for each in b}
    yield from ((each, after[digest]) for digest, each in before.items() if digest in after)
    left = [each for digest, each in before.items() if digest not in after]
    yield from zip_longest(left, [each for digest, each in after.items() if digest not in before])


def _order(index: Index) -> list[str]:
    return [_label(each) for each in index.images]


_ENTRIES = frozenset({("manifests",)})
