"""Two JSON documents side by side, field by field: manifests, configs, indexes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from ocinb.drawable import Drawable
from ocinb.oci.diffs.aligning import align
from ocinb.oci.diffs.changes import Changes
from ocinb.oci.diffs.regard import Regard
from ocinb.oci.diffs.reporting import Reported, between
from ocinb.oci.document import Document

Path: TypeAlias = tuple[str, ...]
Kind: TypeAlias = Literal["added", "removed", "changed"]

_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")
# Where a list is environment variables, and where the items of one are told apart.
_ENVIRONMENTS = {("config", "Env"), ("container_config", "Env")}
_ALIGNED = {("layers",), ("blobs",), ("history",), ("rootfs", "diff_ids")}


@dataclass(frozen=True)
class Change:
    """A field that the two documents do not agree about; None stands for none at all."""

    path: Path
    before: Any
    after: Any

    @property
    def name(self) -> str:
        """Where it is: `config.Env.PATH`, `annotations["org.example.key"]`, `layers[2].size`."""
        return "".join(map(_step, self.path)).removeprefix(".")

    @property
    def kind(self) -> Kind:
        """Whether it was added, removed or changed."""
        if self.before is None:
            return "added"
        return "removed" if self.after is None else "changed"


@dataclass(frozen=True)
class FieldsDiff(Changes[Change], Reported, Drawable):
    """What two documents say differently, in the order of their fields.

    It is true when there is a difference, `same` when there is none; `identical` says whether they
    are the same bytes. `a` and `b` are what the two are called.
    """

    what: str
    a: str
    b: str
    changes: tuple[Change, ...] = ()
    identical: bool = False
    regard: Regard = field(default=Regard(), repr=False)

    @property
    def same(self) -> bool:
        """Whether they say the same."""
        return not self.changes

    @property
    def counts(self) -> dict[str, int]:
        """How many fields were added, removed and changed."""
        kinds = [each.kind for each in self.changes]
        return {kind: kinds.count(kind) for kind in ("added", "removed", "changed")}

    def __repr__(self) -> str:
        sides = between(self.a, self.b)
        return f"<FieldsDiff of {self.what}, {sides}: {len(self):,} changes>"


def diff_documents(
    what: str,
    a: Document,
    b: Document,
    regard: Regard,
    *,
    names: tuple[str, str] | None = None,
    apart: frozenset[Path] = frozenset(),
) -> FieldsDiff:
    """How the documents differ, but for fields that are looked at `apart`."""
    said = names or (str(a.digest), str(b.digest))
    if a.digest == b.digest:
        return FieldsDiff(what, *said, identical=True, regard=regard)
    changes = tuple(_Walk(regard, apart).objects((), a.json, b.json))
    return FieldsDiff(what, *said, changes, regard=regard)


def _step(name: str) -> str:
    if name.startswith("[") and name.endswith("]"):  # a position, which is ours
        return name
    return f".{name}" if name and set(name) <= _PLAIN else f"[{json.dumps(name)}]"


class _Walk:
    """Goes through two values that may be anything, and gives what is different."""

    def __init__(self, regard: Regard, apart: frozenset[Path]) -> None:
        self._regard, self._apart = regard, apart

    def objects(self, path: Path, a: Mapping[str, Any], b: Mapping[str, Any]) -> Iterator[Change]:
        for name in dict.fromkeys((*a, *b)):
            inner = (*path, name)
            if inner not in self._apart and self._regard.minds(name):
                yield from self.values(inner, a.get(name), b.get(name))

    def values(self, path: Path, a: Any, b: Any) -> Iterator[Change]:
        if a is b:
            return
        if path in _ENVIRONMENTS and _either(a, b, list):
            yield from self._environment(path, a or (), b or ())
        elif path in _ALIGNED and _either(a, b, list):
            yield from self._items(path, a or (), b or ())
        elif _either(a, b, dict) and (a or b):
            yield from self.objects(path, a or {}, b or {})
        elif _told(a) != _told(b):
            yield Change(path, a, b)

    def _environment(self, path: Path, a: Sequence[Any], b: Sequence[Any]) -> Iterator[Change]:
        """Variable by variable; of those that are there twice, all values."""
        before, after = _variables(a), _variables(b)
        for name in dict.fromkeys((*before, *after)):
            if before.get(name) != after.get(name):
                yield Change((*path, name), before.get(name), after.get(name))
        if self._regard.order:
            yield from reordered(path, list(before), list(after))

    def _items(self, path: Path, a: Sequence[Any], b: Sequence[Any]) -> Iterator[Change]:
        for each in align([*map(_known_by, a)], [*map(_known_by, b)]):
            before = None if each.a is None else a[each.a]
            after = None if each.b is None else b[each.b]
            yield from self.values((*path, _position(each.a, each.b)), before, after)


def reordered(path: Path, a: list[str], b: list[str]) -> Iterator[Change]:
    """One change when what is on both sides comes in another order."""
    both = set(a) & set(b)
    before = [each for each in dict.fromkeys(a) if each in both]
    after = [each for each in dict.fromkeys(b) if each in both]
    if before != after:
        yield Change((*path, "[order]"), before, after)


def _either(a: Any, b: Any, kind: type) -> bool:
    """Whether both are of this kind, or one of them is and there is no other."""
    return all(each is None or isinstance(each, kind) for each in (a, b))


def _variables(texts: Sequence[Any]) -> dict[str, Any]:
    found: dict[str, list[str]] = {}
    for each in texts:
        name, _, value = str(each).partition("=")
        found.setdefault(name, []).append(value)
    return {name: values[0] if len(values) == 1 else values for name, values in found.items()}


def _told(value: Any) -> str:
    """The same text for the same JSON, which tells true from 1."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False)


def _known_by(item: Any) -> str:
    """What tells an item of a list from others: its digest, or what was done in a step."""
    if isinstance(item, Mapping):
        if isinstance(item.get("digest"), str):
            return str(item["digest"])
        return _told({name: value for name, value in item.items() if name != "created"})
    return _told(item)


def _position(a: int | None, b: int | None) -> str:
    if a is None or b is None or a == b:
        return f"[{b if a is None else a}]"
    return f"[{a}→{b}]"
