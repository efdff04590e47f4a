"""Two listings side by side: layers, or the merged file systems of images."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias

from ocinb.drawable import Drawable
from ocinb.errors import InvalidReference
from ocinb.layers.entries import FileEntry
from ocinb.layers.files import FileList
from ocinb.layers.filesystem import FileSystem
from ocinb.oci.diffs.changes import Changes
from ocinb.oci.diffs.history import count
from ocinb.oci.diffs.regard import Regard
from ocinb.oci.diffs.reporting import Reported, between
from ocinb.oci.digest import Digest
from ocinb.text import nearest

if TYPE_CHECKING:
    from ocinb.layers.diffs.texts import ContentDiff

Files: TypeAlias = FileList | FileSystem
Kind: TypeAlias = Literal["added", "removed", "changed", "moved"]


@dataclass(frozen=True)
class FileChange:
    """A path that is on one side only, or not the same on both.

    `aspects` say what is different: type, mode, owner, names, size, time, target, device,
    attributes, content. Of what was moved, `moved_from` is the path in the first. The digests are
    SHA-256, and None where nobody had to read the file.
    """

    path: str
    before: FileEntry | None
    after: FileEntry | None
    aspects: tuple[str, ...] = ()
    moved_from: str = ""
    before_digest: Digest | None = None
    after_digest: Digest | None = None

    @property
    def kind(self) -> Kind:
        """Whether it was added, removed, changed, or moved without a change of its content."""
        if self.moved_from:
            return "moved"
        if self.before is None:
            return "added"
        return "removed" if self.after is None else "changed"

    @property
    def grown(self) -> int:
        """By how many bytes there is more of it; less than none where there is less."""
        before, after = (each.size if each else 0 for each in (self.before, self.after))
        return after - before


@dataclass(frozen=True)
class FilesDiff(Changes[FileChange], Reported, Drawable):
    """What two listings have differently, sorted by path.

    `compared` counts the paths that are on both sides. `unread` are files of the same size whose
    content could not be compared, so that it is not known whether they are the same: sparse ones,
    and those that an incomplete listing has no content of. `reordered` says how many entries come
    at another place in the archive, where that is minded and both sides are layers.
    """

    a: str
    b: str
    changes: tuple[FileChange, ...] = ()
    compared: int = 0
    unread: tuple[str, ...] = ()
    reordered: int = 0
    identical: bool = False
    complete: bool = True
    regard: Regard = field(default=Regard(), repr=False)
    sides: tuple[Files, Files] | None = field(default=None, repr=False, compare=False)

    @property
    def added(self) -> tuple[FileChange, ...]:
        """What is in the second only."""
        return self._of("added")

    @property
    def removed(self) -> tuple[FileChange, ...]:
        """What is in the first only."""
        return self._of("removed")

    @property
    def changed(self) -> tuple[FileChange, ...]:
        """What is in both, and not the same."""
        return self._of("changed")

    @property
    def moved(self) -> tuple[FileChange, ...]:
        """Files with the same content at another path; found with `contents=True` only."""
        return self._of("moved")

    @property
    def counts(self) -> dict[str, int]:
        """How many there are of each kind."""
        return count(each.kind for each in self.changes)

    @property
    def grown(self) -> int:
        """By how many bytes the second has more in its files; less than none where it has less."""
        return sum(each.grown for each in self.changes)

    @property
    def same(self) -> bool:
        """Whether all of both was compared, and nothing differs."""
        if self.identical:
            return True
        return self.complete and not (self.changes or self.unread or self.reordered)

    def content(self, path: str, limit: int = 1024 * 1024) -> ContentDiff:
        """The content of one file on both sides, of each the first `limit` bytes.

        Its layers are streamed again as far as that. Raises `InvalidReference` for a path that
        neither side has, and as `FileEntry.read` does.
        """
        from ocinb.layers.diffs.texts import diff_content  # noqa: PLC0415  # few look inside

        if self.sides is None:
            raise InvalidReference(path, "file", "the files themselves are not known here")
        moved = next((each for each in self.moved if each.path == path), None)
        before = self.sides[0].get(moved.moved_from if moved else path)
        after = self.sides[1].get(path)
        if before is None and after is None:
            near = nearest(path, [each.path for each in self.changes])
            raise InvalidReference(path, "file of either side", "neither has it", hints=[near])
        shown = [each.show(limit) if each else None for each in (before, after)]
        return diff_content(path, shown[0], shown[1], (self.a, self.b))

    _named_by = "path"

    def _of(self, kind: Kind) -> tuple[FileChange, ...]:
        return tuple(each for each in self.changes if each.kind == kind)

    def __bool__(self) -> bool:
        return not self.same

    def __repr__(self) -> str:
        sides = between(self.a, self.b)
        found = ", ".join(f"{number:,} {kind}" for kind, number in self.counts.items())
        return f"<FilesDiff {sides}: {found or 'nothing differs'}>"

    def _ipython_key_completions_(self) -> list[str]:
        return [each.path for each in self.changes[:500] if each.path.isprintable()]
