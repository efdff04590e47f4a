"""What could not be read of several images, beside all that could."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ocinb.client.several.working import Trouble
from ocinb.drawable import Drawable
from ocinb.text import visible


@dataclass(frozen=True)
class Failure(Drawable):
    """An image, or with `layer` one layer of it, that could not be read to its end, and why."""

    reference: str
    platform: str
    error: Trouble
    layer: int | None = None

    def __repr__(self) -> str:
        part = "" if self.layer is None else f" layer {self.layer}"
        name = visible(f"{self.reference} {self.platform}".rstrip(), 512)
        return f"<Failure {name}{part}: {type(self.error).__name__}>"


def completeness(whole: int, failures: Sequence[Failure]) -> str:
    """`7 of 8 images, 1 could not be read`; `whole` were read to their ends."""
    missing = sum(each.layer is None for each in failures)
    partly = len({(each.reference, each.platform) for each in failures if each.layer is not None})
    total = whole + partly + missing
    said = [f"{whole:,} of {total:,} images" if partly + missing else _counted(whole)]
    if partly:
        said.append(f"{partly:,} only in part")
    if missing:
        said.append(f"{missing:,} could not be read")
    return ", ".join(said)


def _counted(whole: int) -> str:
    return "1 image" if whole == 1 else f"{whole:,} images"
