"""The tables of file systems: entries of all layers, the layers, and what is wasted."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields
from functools import cached_property
from typing import Any, cast

from ocinb.display import frames
from ocinb.display.file_tables import column as column_of
from ocinb.display.file_tables import record
from ocinb.display.frames import Rows, rows
from ocinb.layers.filesystem import FileSystem
from ocinb.layers.merged.layered import LayeredEntry, LayerShare
from ocinb.layers.merged.merging import NOBODY, STATES
from ocinb.layers.merged.waste import Waste, WastedPath


@rows.register
def _filesystem_rows(value: FileSystem) -> Rows:
    attrs = {
        "image": value.name, "complete": value.complete, "trouble": value.trouble or "",
        "layers": len(value.merged.lists),
    }  # fmt: skip
    columns = _Columns(value)
    return Rows(frames.LAYERED, map(_record, value), attrs, columns.column)


@rows.register
def _entry_rows(value: LayeredEntry) -> Rows:
    return Rows(frames.LAYERED, [_record(value)])


def _record(value: LayeredEntry) -> dict[str, Any]:
    return {
        **record(value), "layer": value.layer, "state": value.state, "by_layer": value.by,
        "live_bytes": value.live, "wasted_bytes": value.wasted,
    }  # fmt: skip


class _Columns:
    """The same, for all entries and one name: there may be a million."""

    def __init__(self, value: FileSystem) -> None:
        self._value = value

    def column(self, name: str) -> Sequence[Any]:
        """The cells under `name`, in the order of the entries."""
        own: dict[str, Callable[[], Sequence[Any]]] = {
            "layer": self._layers, "state": self._states, "by_layer": self._by,
            "live_bytes": self._live, "wasted_bytes": self._wasted,
        }  # fmt: skip
        return own[name]() if name in own else self._of_layers(name)

    def _of_layers(self, name: str) -> Sequence[Any]:
        """What each layer's own table has, put into our order."""
        found = [column_of(files.columns, at, name) for files, at in self._value.by_layer()]
        if name == "modified" and found:
            import numpy  # noqa: PLC0415  # which pandas brings

            times: Any = numpy.concatenate(found)
            return cast("Sequence[Any]", times[self._order])
        cells = [cell for each in found for cell in each]
        return [cells[at] for at in self._order]

    @cached_property
    def _order(self) -> list[int]:
        """Where each entry comes in the order of layers and their archives."""
        ranks = {number: rank for rank, number in enumerate(sorted(self._value.numbers))}
        return [ranks[number] for number in self._value.numbers]

    def _layers(self) -> array[int]:
        return array("q", map(self._value.merged.stack.layer_of, self._value.numbers))

    def _states(self) -> list[str]:
        states = self._value.merged.stack.states
        return [STATES[states[number]] for number in self._value.numbers]

    def _by(self) -> list[int | None]:
        by = self._value.merged.stack.by
        return [None if by[number] == NOBODY else by[number] for number in self._value.numbers]

    def _live(self) -> array[int]:
        merged = self._value.merged
        return array("q", map(merged.live, self._value.numbers, self._layers()))

    def _wasted(self) -> array[int]:
        stack = self._value.merged.stack
        return array("q", map(stack.wasted, self._value.numbers, self._layers()))


@rows.register
def _layer_rows(value: LayerShare) -> Rows:
    return Rows(frames.LAYER, [_layer(value)])


def _layer(value: LayerShare) -> dict[str, Any]:
    told = {each.name: getattr(value, each.name) for each in fields(value)}
    return {
        "layer": value.position, "size_bytes": value.size, "unpacked_bytes": value.unpacked,
        "live_bytes": value.live, "wasted_bytes": value.wasted, "took_bytes": value.took,
        "wasted_compressed_bytes": value.wasted_compressed,
        **{name: told[name] for name in ("name", "created_by", "entries", "complete")},
    }  # fmt: skip


@rows.register
def _waste_rows(value: Waste) -> Rows:
    attrs = {
        "image": value.name, "live_bytes": value.live, "wasted_bytes": value.wasted,
        "wasted_compressed_bytes": value.wasted_compressed, "efficiency": value.efficiency,
        "dive_efficiency": value.dive_efficiency, "dive_wasted_bytes": value.dive_wasted_bytes,
        "complete": value.complete,
    }  # fmt: skip
    return Rows(frames.WASTE, _paths(value.paths), attrs)


@rows.register
def _path_rows(value: WastedPath) -> Rows:
    return Rows(frames.WASTE, _paths((value,)))


def _paths(paths: Sequence[WastedPath]) -> Iterator[dict[str, Any]]:
    for each in paths:
        yield {
            "path": each.path, "copies": each.copies, "wasted_bytes": each.wasted,
            "layers": ", ".join(map(str, each.layers)), "by_layers": ", ".join(map(str, each.by)),
        }  # fmt: skip
