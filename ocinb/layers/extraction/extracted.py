"""What came of extracting files, as a value."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from ocinb.drawable import Drawable
from ocinb.errors import InvalidArchive
from ocinb.text import human_size, visible


@dataclass(frozen=True)
class LeftOut:
    """An entry that was not written, and why."""

    path: str
    type: str
    why: str


@dataclass(frozen=True)
class Extracted(Drawable):
    """What was written to `folder`, and what was not.

    `files` counts regular files, `links` symlinks, `hard_links` further names of those files,
    `folders` those that were made; `bytes` is the size of all files together. `left_out` has what
    was not written, in the order it was met, and `adapted` counts what was written otherwise than
    the archive says: permissions dropped, links made relative. `trouble` is what was wrong with the
    layer they are from, if that could not be read to its end: what came after is not here.
    """

    folder: str
    files: int = 0
    folders: int = 0
    links: int = 0
    hard_links: int = 0
    bytes: int = 0
    left_out: tuple[LeftOut, ...] = ()
    adapted: Mapping[str, int] = field(default_factory=dict, hash=False)
    trouble: InvalidArchive | None = None

    @property
    def complete(self) -> bool:
        """Whether everything was written, and all of the layer is known."""
        return not self.left_out and self.trouble is None

    @property
    def reasons(self) -> dict[str, int]:
        """How many entries were left out for each reason."""
        return dict(Counter(each.why for each in self.left_out))

    def __repr__(self) -> str:
        left = f", {len(self.left_out):,} left out" if self.left_out else ""
        left += "" if self.trouble is None else ", incomplete"
        files = f"{self.files:,} file{'' if self.files == 1 else 's'}"
        return (
            f"<Extracted to {visible(self.folder, 200)}: {files}, {human_size(self.bytes)}{left}>"
        )
