"""How far a transfer has come, as a callback is told: one value for each piece that moved."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from types import NoneType
from typing import Literal, TypeAlias, TypeVar

from ocinb.oci import media_types
from ocinb.oci.descriptor import Descriptor
from ocinb.protocol import endpoints
from ocinb.protocol.events import (
    BytesMoved,
    Event,
    LeftOut,
    Mounted,
    RequestStarted,
    ResponseReceived,
    Skipped,
    Verified,
    Written,
)
from ocinb.protocol.progress.ledger import Entry, Ledger

# What moves: a manifest, config or layer that comes, or anything at all that is sent.
ProgressPhase: TypeAlias = Literal["manifest", "config", "layer", "uploading"]
_MANIFESTS = {endpoints.GET_MANIFEST: "down", endpoints.PUT_MANIFEST: "up"}


T = TypeVar("T")


@dataclass(frozen=True)
class ProgressInfo:
    """How far a manifest or blob has come.

    `phase` is what it is, or `uploading` for whatever is sent. `layer_index` is its place among
    the `total_layers` blobs that are planned so far, from 0, and None for a manifest. `total_bytes`
    is None where nobody knows it.
    """

    phase: ProgressPhase
    layer_index: int | None
    total_layers: int
    bytes_received: int
    bytes_sent: int
    total_bytes: int | None


def placed(progress: T, index: int | None, total: int | None) -> T:
    """`progress`, which, if it is something to call, is told this place among that many layers."""
    _check_place(index, total)
    if not callable(progress) or (index is None and total is None):
        return progress

    def told(info: ProgressInfo) -> object:
        if info.layer_index is None:  # a manifest
            return progress(info)
        place = info.layer_index if index is None else index
        count = info.total_layers if total is None else total
        return progress(replace(info, layer_index=place, total_layers=count))

    return told  # type: ignore[return-value]  # as callable as what was given


def _check_place(index: int | None, total: int | None) -> None:
    for name, number in (("layer_index", index), ("total_layers", total)):
        if isinstance(number, bool) or not isinstance(number, (int, NoneType)):
            raise TypeError(f"{name} is a whole number, not {type(number).__name__}")
        if number is not None and number < 0:
            raise ValueError(f"{name} is {number}; it is not negative")
    if index is not None and total is not None and index >= total:
        raise ValueError(f"layer_index is {index} of {total} layers; the first one is 0")


class Calls:
    """An observer that calls `callback` with a `ProgressInfo` for each piece that moved."""

    def __init__(self, callback: Callable[[ProgressInfo], object]) -> None:
        self._callback, self._ledger = callback, Ledger()
        self._manifests: dict[int, str] = {}  # which way they go in which exchange

    def __call__(self, event: Event) -> None:
        """Pass on what an event says of a manifest or blob."""
        entry = self._ledger(event)
        match event:
            case RequestStarted(step=step) if step and step.endpoint in _MANIFESTS:
                self._manifests[event.exchange] = _MANIFESTS[step.endpoint]
            case ResponseReceived() if event.status >= 300:  # what comes now is no manifest
                self._manifests.pop(event.exchange, None)
            case BytesMoved() if self._manifests.get(event.exchange) == event.direction:
                sent = event.direction == "up"
                self._tell("manifest", None, sent, event.done, event.total)
            case BytesMoved() | Written() | Skipped() | LeftOut() | Mounted() | Verified() if entry:
                self._tell_of(entry)

    def _tell_of(self, entry: Entry) -> None:
        sent = entry.way == "up"
        self._tell(_phase(entry.blob), entry.position, sent, entry.done, entry.blob.size)

    def _tell(
        self, phase: ProgressPhase, index: int | None, sent: bool, done: int, total: int | None
    ) -> None:
        moved = (0, done) if sent else (done, 0)
        planned = len(self._ledger.entries)
        told = "uploading" if sent else phase
        self._callback(ProgressInfo(told, index, planned, *moved, total))


def _phase(blob: Descriptor) -> ProgressPhase:
    return "config" if media_types.kind(blob.media_type) == "config" else "layer"
