"""Build steps as lines of a Dockerfile, beside the layers they made."""

from __future__ import annotations

import re

from ocinb.display.parts import digest, dim, kind, moment, share, size
from ocinb.display.view import Block, Cell, Code, Fold, Row, Table, Word
from ocinb.oci.config import HistoryEntry, ImageConfig
from ocinb.oci.descriptor import Descriptor

_INSTRUCTIONS = frozenset(
    "ADD ARG CMD COPY ENTRYPOINT ENV EXPOSE FROM HEALTHCHECK LABEL MAINTAINER ONBUILD RUN SHELL "
    "STOPSIGNAL USER VOLUME WORKDIR".split()
)
# What docker writes before a command: `|2 A=b C=d /bin/sh -c`, with the build arguments in front.
_SHELL = re.compile(
    r"(?:\|\d{1,3} (?P<arguments>.{0,2000}?) ?)?"
    r"(?:/(?:usr/)?bin/(?:ba|da|a|z|k)?sh(?: -[a-z]{1,8}(?: pipefail)?){0,3}? -[a-z]*c"
    r"|cmd /S /C|powershell -Command) ",
    re.DOTALL,
)
_LONGEST = 4_000  # characters of a step that are looked at; views show fewer


def instruction(entry: HistoryEntry) -> tuple[str, str]:
    """A step as the instruction and the rest of its line; no instruction when it has none."""
    line = entry.created_by[:_LONGEST].strip().removesuffix("# buildkit").strip()
    word, _, rest = line.partition(" ")
    if word == "RUN":
        return word, _command(rest)
    if word in _INSTRUCTIONS:
        return word, rest.strip()
    shell = _SHELL.match(line)
    if not shell:
        return "", line
    rest = line[shell.end() :].strip()
    if not rest.startswith("#(nop)"):
        return "RUN", rest
    word, _, rest = rest.removeprefix("#(nop)").strip().partition(" ")
    return (word, rest.strip()) if word in _INSTRUCTIONS else ("", f"{word} {rest}".strip())


def steps(
    config: ImageConfig | None, layers: tuple[Descriptor, ...], heading: str = "Layers"
) -> tuple[Block, ...]:
    """The layers in build order, each with the step that made it as far as that is known."""
    if not layers and (config is None or not config.history):
        return ()
    whole = sum(layer.size for layer in layers)
    told, many = config is not None and bool(config.history), len(layers) > 1

    def row(step: tuple[HistoryEntry | None, int | None]) -> Row:
        entry, position = step
        line = (line_of(entry),) if told else ()
        if position is None:
            return Row(("", "", *("" for _ in shares), *line, "", ""), tone="dim")
        layer = layers[position]
        return Row(
            (str(position), size(layer.size), *share(layer.size, whole, many), *line,
             digest(layer.digest), kind(layer.media_type))
        )  # fmt: skip

    shares, made = ("share",) if many else (), ("made by",) if told else ()
    columns = ("layer", "size", *shares, *made, "digest", "type")
    items = config.steps(len(layers)) if config else [(None, n) for n in range(len(layers))]
    table = Table(columns, items, row, right=("layer", "size"))
    return (Fold((heading, dim(f"({len(layers)})")), (table,), open=True),)


def told(config: ImageConfig) -> tuple[Block, ...]:
    """The history of a config whose layers are not at hand."""
    if not config.history:
        return ()
    table = Table(
        ("layer", "made by", "created"),
        config.steps(len(config.diff_ids)),
        _told,
        right=("layer", "created"),
    )
    return (Fold(("History", dim(f"({len(config.history)})")), (table,), open=True),)


def line_of(entry: HistoryEntry | None) -> Cell:
    """One step, as a line of a Dockerfile; what was recorded stands behind it."""
    if entry is None:
        return dim("no step recorded")
    word, rest = instruction(entry)
    if not word and not rest:
        return dim(entry.comment or "no command recorded")
    verb = (Word(word, kind="code", tone="strong"),) if word else ()
    return (*verb, Word(rest, title=_behind(entry), kind="code"))


def entry_blocks(entry: HistoryEntry) -> tuple[Block, ...]:
    """A step as it was recorded."""
    return (Fold("As recorded", (Code(entry.created_by),)),) if entry.created_by else ()


def _told(step: tuple[HistoryEntry | None, int | None]) -> Row:
    entry, position = step
    created = moment(entry.created) if entry else ""
    tone = "dim" if position is None else ""
    return Row(("" if position is None else str(position), line_of(entry), created), tone)  # type: ignore[arg-type]


def _command(rest: str) -> str:
    shell = _SHELL.match(rest)
    return rest[shell.end() :].strip() if shell else rest.strip()


def _behind(entry: HistoryEntry) -> str:
    """What a closer look shows: when, and the words as they were recorded."""
    when = f"{entry.created.isoformat()}\n" if entry.created else ""
    return f"{when}{entry.created_by}"
