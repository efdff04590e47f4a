"""Files that were found in several images: where each is, and what became of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import overload

from ocinb.client.several.failures import Failure, completeness
from ocinb.drawable import Drawable
from ocinb.oci.digest import Digest
from ocinb.text import human_size, visible

_SEEN = ("live", "hardlink")


@dataclass(frozen=True)
class FoundFile(Drawable):
    """An entry of a layer whose path fits, in one of the images that have the layer.

    `layer` counts from 0 in that image, `also_in` are the other images that have this very layer.
    `state` is what became of it under the layers above, as in
    `ocinb.layers.merged.layered.LayeredEntry`, and `by` the layer that took it away; None
    where nobody knows, since not all layers were read or it was not asked for.
    """

    reference: str
    platform: str
    layer: int
    digest: Digest
    path: str
    type: str
    size: int
    state: str | None = None
    by: int | None = None
    also_in: tuple[str, ...] = ()

    @property
    def seen(self) -> bool:
        """Whether a container of the image sees it."""
        return self.state in _SEEN

    def __repr__(self) -> str:
        fate = f", {self.state or 'nobody knows what became of it'}"
        by = f" by layer {self.by}" if self.by is not None else ""
        name = visible(f"{self.reference} {self.platform}".rstrip(), 512)
        where = f"{visible(self.path, 200)} {human_size(self.size)} of layer {self.layer}"
        return f"<FoundFile {where} of {name}{fate}{by}>"


@dataclass(frozen=True)
class SearchedImage(Drawable):
    """An image that was searched: its layers, the entries that fit, and those that are seen.

    Not `complete` where a layer of it could not be read to its end.
    """

    reference: str
    platform: str
    digest: Digest
    layers: int
    found: int
    seen: int
    complete: bool

    def __repr__(self) -> str:
        name = visible(f"{self.reference} {self.platform}".rstrip(), 512)
        return f"<SearchedImage {name}: {self.found:,} found, {self.seen:,} seen>"


@dataclass(frozen=True)
class Findings(Drawable):
    """What `ocinb.find` found: `FoundFile`s in the order of the images, their paths and layers.

    `images` are those that were searched, `failures` what could not be read and why, `layers` how
    many distinct ones there are, `left_out` how many more files there are than are kept.
    """

    pattern: str
    files: tuple[FoundFile, ...]
    images: tuple[SearchedImage, ...]
    failures: tuple[Failure, ...]
    layers: int
    left_out: int = 0
    selection: str = ""

    @property
    def complete(self) -> bool:
        """Whether everything was read, and all that was found is here."""
        return not self.failures and not self.left_out

    @property
    def completeness(self) -> str:
        """The same in words: `7 of 8 images, 1 could not be read`."""
        said = completeness(sum(each.complete for each in self.images), self.failures)
        return f"{said}; {self.left_out:,} more files are not listed" if self.left_out else said

    @property
    def seen(self) -> Findings:
        """Those that containers of the images see."""
        return self._where(lambda each: each.seen, "seen")

    @property
    def gone(self) -> Findings:
        """Those that are in a layer still, though one above deleted, hid or replaced them."""
        return self._where(lambda each: each.by is not None, "gone")

    @cached_property
    def paths(self) -> tuple[str, ...]:
        """The distinct paths, sorted."""
        return tuple(sorted({each.path for each in self.files}))

    def _where(self, fits: Callable[[FoundFile], bool], selection: str) -> Findings:
        return Findings(
            self.pattern,
            tuple(filter(fits, self.files)),
            self.images,
            self.failures,
            self.layers,
            self.left_out,
            selection,
        )

    @overload
    def __getitem__(self, wanted: int) -> FoundFile: ...
    @overload
    def __getitem__(self, wanted: slice) -> tuple[FoundFile, ...]: ...
    def __getitem__(self, wanted: int | slice) -> FoundFile | tuple[FoundFile, ...]:
        return self.files[wanted]

    def __iter__(self) -> Iterator[FoundFile]:
        return iter(self.files)

    def __len__(self) -> int:
        return len(self.files)

    def __repr__(self) -> str:
        what = f" {self.selection}" if self.selection else ""
        pattern = visible(self.pattern, 200)
        return f"<Findings{what} like {pattern}: {len(self):,} in {self.completeness}>"
