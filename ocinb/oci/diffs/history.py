"""The histories of two images side by side, step by step."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from ocinb.drawable import Drawable
from ocinb.oci.config import HistoryEntry, ImageConfig
from ocinb.oci.diffs.aligning import align
from ocinb.oci.diffs.regard import Regard
from ocinb.oci.diffs.reporting import Reported, between

Status: TypeAlias = Literal["same", "changed", "only in a", "only in b"]


@dataclass(frozen=True)
class StepPair:
    """A step of either history, or of one; with the position of the layer it made."""

    before: HistoryEntry | None
    after: HistoryEntry | None
    before_layer: int | None = None
    after_layer: int | None = None
    aspects: tuple[str, ...] = ()

    @property
    def status(self) -> Status:
        """Whether it is the same on both sides, changed, or on one side only."""
        return status(self.before, self.after, bool(self.aspects))


@dataclass(frozen=True)
class HistoryDiff(Reported, Drawable):
    """All steps of both histories in order: the same ones in one row, and what was replaced, too.

    `aspects` of a row say what is different: created by, created, author, comment, empty layer.
    """

    a: str
    b: str
    rows: tuple[StepPair, ...] = ()
    identical: bool = False

    @property
    def changes(self) -> tuple[StepPair, ...]:
        """The rows that are not the same on both sides."""
        return tuple(each for each in self.rows if each.status != "same")

    @property
    def same(self) -> bool:
        """Whether they are the same."""
        return not self.changes

    @property
    def counts(self) -> dict[str, int]:
        """How many rows there are of each status."""
        return count(each.status for each in self.rows)

    def __len__(self) -> int:
        return len(self.changes)

    def __iter__(self) -> Iterator[StepPair]:
        return iter(self.rows)

    def __repr__(self) -> str:
        sides = between(self.a, self.b)
        return f"<HistoryDiff {sides}: {len(self):,} of {len(self.rows):,} steps differ>"


def diff_history(
    a: ImageConfig, b: ImageConfig, regard: Regard, names: tuple[str, str] | None = None
) -> HistoryDiff:
    """The steps of both, aligned by what was done in them."""
    before, after = _steps(a), _steps(b)
    rows = []
    for each in align([_key(step) for step, _ in before], [_key(step) for step, _ in after]):
        old, old_layer = (None, None) if each.a is None else before[each.a]
        new, new_layer = (None, None) if each.b is None else after[each.b]
        aspects = _aspects(old, new, regard)
        rows.append(StepPair(old, new, old_layer, new_layer, aspects))
    said = names or (str(a.digest), str(b.digest))
    return HistoryDiff(*said, tuple(rows), a.digest == b.digest)


def status(a: object, b: object, differs: bool) -> Status:
    """How a row stands."""
    if a is None:
        return "only in b"
    if b is None:
        return "only in a"
    return "changed" if differs else "same"


def count(found: Iterator[str] | Sequence[str]) -> dict[str, int]:
    """How many there are of each word, in the order they came."""
    counted: dict[str, int] = {}
    for each in found:
        counted[each] = counted.get(each, 0) + 1
    return counted


def _steps(config: ImageConfig) -> list[tuple[HistoryEntry, int | None]]:
    aligned = config.steps(len(config.diff_ids))
    return [(entry, layer) for entry, layer in aligned if entry is not None]


def _key(step: HistoryEntry) -> str:
    return f"{step.empty_layer}\n{step.created_by}\n{step.comment}"


def _aspects(a: HistoryEntry | None, b: HistoryEntry | None, regard: Regard) -> tuple[str, ...]:
    if a is None or b is None:
        return ()
    minded = ("created_by", "created", "author", "comment", "empty_layer")
    return tuple(
        name.replace("_", " ")
        for name in minded
        if getattr(a, name) != getattr(b, name) and (regard.created or name != "created")
    )
