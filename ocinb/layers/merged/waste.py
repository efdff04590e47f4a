"""What is in the layers of an image and cannot be seen: bytes that are transferred for nothing.

Every byte of every file is either live or wasted, so efficiency and waste add up to all. dive
(github.com/wagoodman/dive) counts otherwise; its figures stand beside ours for comparison.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ocinb.drawable import Drawable
from ocinb.layers import entries
from ocinb.layers.entries import WH
from ocinb.layers.merged.layered import Layers, LayerShare, shares, wasted_entries
from ocinb.layers.merged.merging import NOBODY, Stack, folders_in
from ocinb.text import human_size, visible


@dataclass(frozen=True)
class WastedPath(Drawable):
    """A path with bytes that nobody sees: how many, in how many copies, and who took them away.

    `copies` are the files that layers have there, also the one that can be seen. `layers` are those
    that have the wasted bytes, `by` those that took them away.
    """

    path: str
    copies: int
    wasted: int
    layers: tuple[int, ...]
    by: tuple[int, ...]

    def __repr__(self) -> str:
        return f"<WastedPath {visible(self.path, 200)} {human_size(self.wasted)}>"


@dataclass(frozen=True)
class Waste(Drawable):
    """The bytes of an image's files, live and wasted, in all, per layer and per path.

    `paths` are those with waste, the most wasteful first. `dive_efficiency` and
    `dive_wasted_bytes` are what dive says of the same layers: it counts files that come again with
    all their copies, and folders that are deleted as if they were still there.
    """

    name: str
    live: int
    wasted: int
    layers: tuple[LayerShare, ...]
    paths: tuple[WastedPath, ...]
    dive_efficiency: float
    dive_wasted_bytes: int
    complete: bool

    @classmethod
    def of(cls, layers: Layers) -> Waste:
        """What the layers of an image waste."""
        wasted_here = wasted_entries(layers.stack)
        each = shares(layers, wasted_here)
        efficiency, wasted = _as_dive(layers.stack)
        return cls(
            layers.name,
            sum(layer.live for layer in each),
            sum(layer.wasted for layer in each),
            each,
            _paths(layers.stack, wasted_here),
            efficiency,
            wasted,
            all(layer.complete for layer in each),
        )

    @property
    def total(self) -> int:
        """Bytes of all files of all layers."""
        return self.live + self.wasted

    @property
    def efficiency(self) -> float:
        """The part of all bytes that can be seen, from 0 to 1; 1 for an image without a byte."""
        return self.live / self.total if self.total else 1.0

    @property
    def wasted_compressed(self) -> int:
        """About how many bytes of the transfer nobody sees; see `LayerShare`."""
        return sum(layer.wasted_compressed for layer in self.layers)

    def __repr__(self) -> str:
        name = f" {visible(self.name, 200)}" if self.name else ""
        state = "" if self.complete else ", incomplete"
        return f"<Waste{name} {human_size(self.wasted)} efficiency {self.efficiency:.4f}{state}>"


def _paths(stack: Stack, wasted: Iterable[tuple[int, int, int]]) -> tuple[WastedPath, ...]:
    found: dict[str, list[tuple[int, int, int]]] = {}
    for layer, number, count in wasted:
        path = stack.layers[layer].paths[number - stack.starts[layer]].lstrip("/")
        found.setdefault(path, []).append((layer, number, count))
    made = [_path(stack, path, each) for path, each in found.items()]
    return tuple(sorted(made, key=lambda each: (-each.wasted, each.path)))


def _path(stack: Stack, path: str, wasted: list[tuple[int, int, int]]) -> WastedPath:
    top = stack.find(path)
    seen = top is not None and not stack.wasted(top, stack.layer_of(top))
    by = sorted({stack.by[number] for _, number, _ in wasted} - {NOBODY})
    layers = sorted({layer for layer, _, _ in wasted})
    count = sum(count for _, _, count in wasted)
    return WastedPath(path, len(wasted) + seen, count, tuple(layers), tuple(by))


def _as_dive(stack: Stack) -> tuple[float, int]:
    """dive's efficiency score and wasted bytes of the same layers.

    For each path, the smallest size that any layer has of it, over all sizes together. A whiteout
    of a folder has the size of all that was in it; opaque markers are not looked at, nor folders
    with something in them.
    """
    smallest: dict[str, int] = {}
    sizes: dict[str, int] = {}
    again: set[str] = set()
    for layer, columns in enumerate(stack.layers):
        within, _, _ = folders_in(columns)
        for path, position in columns.by_path.items():
            if path in within:
                continue
            size, kind = columns.sizes[position], columns.types[position]
            folder, slash, name = path.rpartition("/")
            if name.startswith(WH + WH):
                continue
            if kind == entries.WHITEOUT:
                path = f"{folder}{slash}{name.removeprefix(WH)}"
                size = stack.cleared.get((layer, path), 0)
            if path in sizes:
                again.add(path)
            smallest[path] = min(size, smallest.get(path, size))
            sizes[path] = sizes.get(path, 0) + size
    everything = sum(sizes.values())
    score = sum(smallest.values()) / everything if everything else 1.0
    return score, sum(sizes[path] for path in again)
