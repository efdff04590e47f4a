"""Image configs: how a container is run, and how its layers came to be (image-spec, config.md).

Configs are written by many tools and read leniently: a field that is not what the spec says counts
as absent and is named in `problems`, so that a strange image can still be looked at.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Unpack

from ocinb.drawable import Drawable
from ocinb.errors import InvalidReference
from ocinb.oci import media_types, strict_json
from ocinb.oci.digest import Digest
from ocinb.oci.document import Document
from ocinb.oci.platform import Platform
from ocinb.text import visible

if TYPE_CHECKING:
    from ocinb.oci.diffs.fields import FieldsDiff
    from ocinb.oci.diffs.regard import Switches


@dataclass(frozen=True)
class HistoryEntry(Drawable):
    """One step of the build; `empty_layer` ones left no layer behind."""

    created_by: str = ""
    created: datetime | None = None
    author: str = ""
    comment: str = ""
    empty_layer: bool = False

    def __repr__(self) -> str:
        said = visible(self.created_by or self.comment or "nothing recorded", 80)
        return f"<HistoryEntry{' (no layer)' if self.empty_layer else ''} {said}>"


@dataclass(frozen=True, repr=False)
class ImageConfig(Document):
    """What an image says about itself: platform, how to run it, its layers and their history.

    `diff_ids` are the digests of the uncompressed layers, first layer first. `problems` name the
    fields that could not be read.
    """

    platform: Platform
    created: datetime | None = None
    author: str = ""
    env: tuple[str, ...] = ()
    entrypoint: tuple[str, ...] = ()
    cmd: tuple[str, ...] = ()
    user: str = ""
    working_dir: str = ""
    stop_signal: str = ""
    exposed_ports: tuple[str, ...] = ()
    volumes: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict, hash=False)
    diff_ids: tuple[Digest, ...] = ()
    history: tuple[HistoryEntry, ...] = ()
    problems: tuple[str, ...] = ()

    def diff(self, other: ImageConfig, **switches: Unpack[Switches]) -> FieldsDiff:
        """What the two say differently, field by field and variable by variable of `Env`; the
        history, too. See `ocinb.oci.diffs.regard.Regard`."""
        from ocinb.oci.diffs.fields import diff_documents  # noqa: PLC0415  # few compare
        from ocinb.oci.diffs.regard import Regard  # noqa: PLC0415  # few compare

        return diff_documents("the configs", self, other, Regard.of(**switches))

    def steps(self, layers: int) -> tuple[tuple[HistoryEntry | None, int | None], ...]:
        """The history beside the layers it made: `(entry, position)` pairs in build order.

        Steps that left no layer have None for a position, layers that no step speaks of None for
        an entry; together every step and every one of the `layers` appears once.
        """
        aligned: list[tuple[HistoryEntry | None, int | None]] = []
        position = 0
        for entry in self.history:
            if entry.empty_layer or position >= layers:
                aligned.append((entry, None))
            else:
                aligned.append((entry, position))
                position += 1
        return (*aligned, *((None, rest) for rest in range(position, layers)))


def parse_config(
    raw: bytes, media_type: str = media_types.CONFIG, *, digest: Digest | None = None
) -> ImageConfig:
    """The config that `raw` spells; raises `InvalidContent` when it is no JSON object."""
    value = strict_json.parse_object(raw, "the image config")
    fields = _Fields(value)
    inner = _Fields(fields.take(value, "config", dict, {}), fields.problems)
    rootfs = _Fields(fields.take(value, "rootfs", dict, {}), fields.problems)
    for name in ("os", "architecture", "variant", "os.version"):
        fields.text(name)  # `Platform` reads them; what is wrong with them is noted here
    return ImageConfig(
        raw,
        media_type,
        digest or Digest.of(raw),
        value,
        Platform.from_json(value),
        fields.time("created"),
        fields.text("author"),
        inner.texts("Env"),
        inner.texts("Entrypoint"),
        inner.texts("Cmd"),
        inner.text("User"),
        inner.text("WorkingDir"),
        inner.text("StopSignal"),
        inner.keys("ExposedPorts"),
        inner.keys("Volumes"),
        inner.labels("Labels"),
        rootfs.digests("diff_ids"),
        fields.history("history"),
        tuple(dict.fromkeys(fields.problems)),
    )


def parse_time(text: object) -> datetime | None:
    """An RFC 3339 time as UTC, to the microsecond; None when `text` is not one."""
    if not isinstance(text, str) or not 20 <= len(text) <= 40:
        return None
    head, dot, rest = text.partition(".")
    if dot:  # nine digits are usual (docker), six are kept
        digits = rest[: len(rest) - len(rest.lstrip("0123456789"))]
        text = f"{head}.{digits[:6].ljust(6, '0')}{rest[len(digits) :]}"
    try:
        moment = datetime.fromisoformat(text)
        return moment.astimezone(UTC) if moment.tzinfo else None
    except (ValueError, OverflowError):
        return None


class _Fields:
    """Reads the fields of an object, collecting those that are not what they should be."""

    def __init__(self, value: Mapping[str, Any], problems: list[str] | None = None) -> None:
        self._value = value
        self.problems: list[str] = [] if problems is None else problems

    def take(self, value: Mapping[str, Any], name: str, kind: type, default: Any) -> Any:
        found = value.get(name)
        if found is None or isinstance(found, kind):
            return default if found is None else found
        self.problems.append(name)
        return default

    def text(self, name: str) -> str:
        found: str = self.take(self._value, name, str, "")
        return found

    def texts(self, name: str) -> tuple[str, ...]:
        found = self.take(self._value, name, list, [])
        if not all(isinstance(item, str) for item in found):
            self.problems.append(name)
        return tuple(item for item in found if isinstance(item, str))

    def keys(self, name: str) -> tuple[str, ...]:
        return tuple(self.take(self._value, name, dict, {}))

    def labels(self, name: str) -> dict[str, str]:
        found = self.take(self._value, name, dict, {})
        if not all(isinstance(item, str) for item in found.values()):
            self.problems.append(name)
        return {key: item for key, item in found.items() if isinstance(item, str)}

    def time(self, name: str) -> datetime | None:
        found = self._value.get(name)
        moment = parse_time(found)
        if found is not None and moment is None:
            self.problems.append(name)
        return moment

    def digests(self, name: str) -> tuple[Digest, ...]:
        found: Sequence[Any] = self.take(self._value, name, list, [])
        try:
            return tuple(map(Digest, found))
        except InvalidReference:
            self.problems.append(name)
            return ()

    def history(self, name: str) -> tuple[HistoryEntry, ...]:
        found = self.take(self._value, name, list, [])
        if not all(isinstance(item, dict) for item in found):
            self.problems.append(name)
        return tuple(self._entry(item) for item in found if isinstance(item, dict))

    def _entry(self, value: Mapping[str, Any]) -> HistoryEntry:
        entry = _Fields(value, self.problems)
        return HistoryEntry(
            entry.text("created_by"),
            entry.time("created"),
            entry.text("author"),
            entry.text("comment"),
            entry.take(value, "empty_layer", bool, False),
        )
