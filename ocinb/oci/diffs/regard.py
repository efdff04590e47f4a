"""What a comparison minds, each switch apart: two builds of the same differ in times first."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, Literal, TypeAlias, TypedDict, Unpack

from ocinb.oci import annotations as keys

Contents: TypeAlias = 'bool | Literal["same size"]'

_CREATED = frozenset({"created", keys.CREATED, "org.label-schema.build-date"})
_NAMES = frozenset({keys.REF_NAME, "io.containerd.image.name"})


class Switches(TypedDict, total=False):
    """What may be said to `diff`; see `Regard`."""

    semantic: bool
    times: bool
    created: bool
    order: bool
    owners: bool
    names: bool
    contents: Contents


@dataclass(frozen=True)
class Regard:
    """What counts as a difference; everything does, unless it is said otherwise.

    * `times`: when files were last modified;
    * `created`: when images and the steps of their history were made, and the annotations and
      labels that repeat it;
    * `order`: of environment variables, of the entries of an index, and of those of a layer;
    * `owners`: numbers of users and groups;
    * `names`: names of users and groups, and the annotations that name an image;
    * `contents`: of files. "same size" compares the digests of files that have the same path and
      size; True does so, too, and finds files that were moved by reading what was added and
      removed; with False nothing is read, and files of the same size count as the same.

    `semantic=True` minds neither times, created, order nor names, unless one of them is given.
    """

    times: bool = True
    created: bool = True
    order: bool = True
    owners: bool = True
    names: bool = True
    contents: Contents = "same size"

    @classmethod
    def of(cls, **switches: Unpack[Switches]) -> Regard:
        """What these switches ask for; raises `TypeError` for one that there is not."""
        given: dict[str, Any] = dict(switches)
        for name in given.keys() - Switches.__annotations__.keys():
            known = ", ".join(each.name for each in fields(cls))
            raise TypeError(f"there is no switch {name!r}; there are semantic, {known}")
        lenient = given.pop("semantic", False)
        unminded = dict.fromkeys(("times", "created", "order", "names"), False) if lenient else {}
        return cls(**{**unminded, **given})

    @property
    def strict(self) -> bool:
        """Whether nothing is overlooked, so that two things are the same when their bytes are."""
        return self.times and self.created and self.order and self.owners and self.names

    @property
    def switches(self) -> Switches:
        """The same as what may be said to `diff`."""
        return Switches(
            times=self.times,
            created=self.created,
            order=self.order,
            owners=self.owners,
            names=self.names,
            contents=self.contents,
        )

    @property
    def overlooked(self) -> tuple[str, ...]:
        """The switches that are off."""
        switches = ("times", "created", "order", "owners", "names", "contents")
        return tuple(name for name in switches if getattr(self, name) is False)

    def minds(self, key: str) -> bool:
        """Whether a field, annotation or label of this name counts."""
        return (self.created or key not in _CREATED) and (self.names or key not in _NAMES)
