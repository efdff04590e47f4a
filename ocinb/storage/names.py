"""What the entries of an `index.json` are called, and which of them a name stands for.

The annotation `org.opencontainers.image.ref.name` holds a tag, or, with some tools, a full name;
docker and containerd write the full name into another one. One tag may stand there for several
images, of which each has a full name.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

from ocinb.errors import InvalidContent, InvalidReference
from ocinb.oci import annotations as keys
from ocinb.oci.descriptor import Descriptor
from ocinb.oci.digest import Digest
from ocinb.oci.reference import Reference, check_tag
from ocinb.storage.catalogue import Catalogue
from ocinb.text import some_of

_Meant: TypeAlias = dict[str, dict[Digest, Descriptor]]


class Names:
    """The entries of a catalogue, in its order, and their names."""

    def __init__(self, catalogue: Catalogue) -> None:
        self.entries = tuple(_entries(catalogue))
        self._written: _Meant = {}
        self._full: _Meant = {}
        self._tags: _Meant = {}
        for entry in self.entries:
            for name in _called(entry):
                self._add(name, entry)

    def find(self, text: str) -> Descriptor | None:
        """The entry that is called `text`: so written, else with that full name, else by its tag.

        Raises `InvalidReference` where that is several, naming them.
        """
        full = _full(text)
        asked = ((self._written, text), (self._full, str(full)), (self._tags, text))
        for meant, key in asked:
            if key in meant:
                return _the_one(text, meant[key])
        return None

    @property
    def digests(self) -> dict[Digest, Descriptor]:
        """The entries by digest, the first of each."""
        return {each.digest: each for each in reversed(self.entries)}

    def shown(self) -> tuple[str, ...]:
        """One name for each that has one, the shortest that stands for nothing else, sorted."""
        found: dict[str, None] = {}
        for entry in self.entries:
            clear = [name for name in _called(entry) if len(self._written[name]) == 1]
            if clear:
                found[min(clear, key=len)] = None
        return tuple(sorted(found))

    def tags(self) -> tuple[str, ...]:
        """Those that are tags."""
        return tuple(filter(_is_tag, self.shown()))

    def _add(self, name: str, entry: Descriptor) -> None:
        reference = _full(name)
        meant = [(self._written, name)]
        if reference is not None and not _is_tag(name):
            meant += [(self._full, str(reference)), (self._tags, reference.tag or "")]
        for table, key in meant:
            table.setdefault(key, {}).setdefault(entry.digest, entry)


def _entries(catalogue: Catalogue) -> Iterable[Descriptor]:
    """All that is understood; a name that comes again does not hide what it is the name of."""
    for number, value in enumerate(catalogue.to_json()["manifests"]):
        try:
            yield Descriptor.from_json(value, f"entry {number} of index.json")
        except InvalidContent:
            continue


def _called(entry: Descriptor) -> tuple[str, ...]:
    found = map(entry.annotations.get, (keys.REF_NAME, keys.CONTAINERD_NAME))
    return tuple(dict.fromkeys(filter(None, found)))


def _the_one(text: str, found: dict[Digest, Descriptor]) -> Descriptor:
    if len(found) == 1:
        return next(iter(found.values()))
    each = [max(_called(entry), key=len, default="") for entry in found.values()]
    names = [name if name != text else str(entry) for name, entry in zip(each, found, strict=True)]
    raise InvalidReference(
        text, "name in it", "it stands for several", hints=[f"ask for one of {some_of(names)}"]
    )


def _full(name: str) -> Reference | None:
    try:
        return Reference.parse(name)
    except InvalidReference:
        return None


def _is_tag(name: str) -> bool:
    try:
        return bool(check_tag(name))
    except InvalidReference:
        return False
