"""What a comparison found, as a sequence of changes that are also known by name."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Generic, TypeVar

C = TypeVar("C")


class Changes(Generic[C]):
    """Changes in their order; `diff["…"]` is the first of that name, `in` says whether one is."""

    changes: tuple[C, ...]
    _named_by = "name"  # which attribute of a change is its name

    def _names(self) -> Iterator[tuple[Any, C]]:
        return ((getattr(each, self._named_by), each) for each in self.changes)

    def __getitem__(self, name: str) -> C:
        """The change of that name; raises `KeyError` where nothing changed."""
        for there, each in self._names():
            if there == name:
                return each
        raise KeyError(name)

    def __contains__(self, name: object) -> bool:
        return any(there == name for there, _ in self._names())

    def __len__(self) -> int:
        return len(self.changes)

    def __iter__(self) -> Iterator[C]:
        return iter(self.changes)
