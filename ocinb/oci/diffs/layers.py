"""The layers of two images side by side: which are shared, and how many bytes that is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from ocinb.drawable import Drawable
from ocinb.oci.descriptor import Descriptor
from ocinb.oci.diffs.aligning import Pair, align
from ocinb.oci.diffs.history import count
from ocinb.oci.diffs.reporting import Reported, between
from ocinb.oci.digest import Digest
from ocinb.text import human_size

Status: TypeAlias = Literal["same", "same archive", "changed", "only in a", "only in b"]


@dataclass(frozen=True)
class LayerPair:
    """A layer of both images, or of one of them, with its position in each.

    A layer that is in the other image, too, but somewhere else, has `elsewhere` set.
    """

    before: Descriptor | None
    after: Descriptor | None
    status: Status
    before_position: int | None = None
    after_position: int | None = None
    before_diff_id: Digest | None = None
    after_diff_id: Digest | None = None
    elsewhere: bool = False


@dataclass(frozen=True)
class LayersDiff(Reported, Drawable):
    """All layers of both images in order, those that are shared in one row.

    A row is the same when the digests are; "same archive" when only the compression is another, so
    far as the configs say; changed when one layer stands in the place of another.
    """

    a: str
    b: str
    rows: tuple[LayerPair, ...] = ()

    @property
    def changes(self) -> tuple[LayerPair, ...]:
        """The rows that are not the same on both sides."""
        return tuple(each for each in self.rows if each.status != "same")

    @property
    def same(self) -> bool:
        """Whether the layers are the same, byte for byte and in the same order."""
        return not self.changes

    @property
    def common(self) -> int:
        """How many layers are shared from the first one on: a base that both are built on."""
        for number, each in enumerate(self.rows):
            if each.status != "same":
                return number
        return len(self.rows)

    @property
    def counts(self) -> dict[str, int]:
        """How many rows there are of each status."""
        return count(each.status for each in self.rows)

    @property
    def shared_bytes(self) -> int:
        """Bytes of the layers that are in both, wherever they stand; each counts once."""
        theirs = self._sizes(after=True)
        return sum(size for digest, size in self._sizes().items() if digest in theirs)

    @property
    def a_bytes(self) -> int:
        """Bytes of the layers that are in the first only."""
        return sum(self._sizes().values()) - self.shared_bytes

    @property
    def b_bytes(self) -> int:
        """Bytes of the layers that are in the second only: what whoever has the first must load."""
        return sum(self._sizes(after=True).values()) - self.shared_bytes

    def _sizes(self, *, after: bool = False) -> dict[Digest, int]:
        found = (each.after if after else each.before for each in self.rows)
        return {each.digest: each.size for each in found if each is not None}

    def __len__(self) -> int:
        return len(self.changes)

    def __iter__(self) -> Iterator[LayerPair]:
        return iter(self.rows)

    def __repr__(self) -> str:
        sides = between(self.a, self.b)
        shared = human_size(self.shared_bytes)
        return f"<LayersDiff {sides}: {len(self):,} of {len(self.rows):,} differ, {shared} shared>"


def diff_layers(
    a: Sequence[Descriptor],
    b: Sequence[Descriptor],
    names: tuple[str, str],
    diff_ids: tuple[Sequence[Digest], Sequence[Digest]] = ((), ()),
) -> LayersDiff:
    """The layers of both, aligned by the archives in them where those are known of all.

    `diff_ids` are what the configs say; where there are not as many as layers, only the layers' own
    digests count.
    """
    known = len(diff_ids[0]) == len(a) and len(diff_ids[1]) == len(b)
    ids = diff_ids if known else (_digests(a), _digests(b))
    both = set(_digests(a)) & set(_digests(b))
    rows = []
    for each in align([*map(str, ids[0])], [*map(str, ids[1])]):
        old = None if each.a is None else a[each.a]
        new = None if each.b is None else b[each.b]
        before_id = ids[0][each.a] if known and each.a is not None else None
        after_id = ids[1][each.b] if known and each.b is not None else None
        status = _status(old, new, each)
        away = status != "same" and any(one and one.digest in both for one in (old, new))
        rows.append(LayerPair(old, new, status, each.a, each.b, before_id, after_id, away))
    return LayersDiff(*names, tuple(rows))


def _digests(layers: Iterable[Descriptor]) -> list[Digest]:
    return [each.digest for each in layers]


def _status(a: Descriptor | None, b: Descriptor | None, pair: Pair) -> Status:
    if a is None:
        return "only in b"
    if b is None:
        return "only in a"
    if a.digest == b.digest:
        return "same"
    return "same archive" if pair.equal else "changed"
