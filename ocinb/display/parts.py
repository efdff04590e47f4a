"""The pieces that views are made of: digests, sizes, times, media types, annotations, raw bytes."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import TypeAlias

from ocinb.display.markup import is_link
from ocinb.display.view import Cell, Code, Facts, Fold, Row, Say, Table, Word
from ocinb.errors import NotSupported
from ocinb.oci import annotations as keys
from ocinb.oci import media_types
from ocinb.oci.digest import Digest
from ocinb.oci.document import Document, encode
from ocinb.oci.reference import is_loopback
from ocinb.text import human_size

# Of a bar: bytes, how many of them are wasted, and what they are.
Piece: TypeAlias = "tuple[int, int, str]"

NOT_LOADED = Word("…", title="not loaded", tone="dim")
_LONGEST = 30_000  # characters of a document that are made readable
_BAR = 10  # characters of a whole bar
_STACKED, _PIECES = 40, 130  # characters of several pieces together; how many are shown
_EIGHTHS = " ▏▎▍▌▋▊▉"

# What stands before the path of images on this machine, as skopeo writes it.
_TRANSPORTS = ("oci:", "oci-archive:", "docker-archive:")


def code(text: str) -> Word:
    """Text in the letters of code; a click selects all of it."""
    return Word(text, kind="code")


def dim(text: str, title: str = "") -> Word:
    """Text that matters less."""
    return Word(text, title=title, tone="dim")


def digest(value: str) -> Word:
    """A digest: narrow in a table, where its beginning shows, yet whole when copied."""
    return Word(value, title=value, kind="digest")


def size(count: int) -> Word:
    """Bytes for people, with the exact number behind."""
    return Word(human_size(count), title=f"{count:,} bytes")


def counted(count: int, what: str, plural: str = "") -> str:
    """`count` of `what`: `1 layer`, `3 layers`."""
    return f"{count:,} {what if count == 1 else plural or f'{what}s'}"


def moment(time: datetime | None, seconds: bool = False) -> Word | str:
    """A point in time to the minute, or second, with all of it behind."""
    if time is None:
        return ""
    return Word(f"{time.isoformat(' ')[: 19 if seconds else 16]} UTC", title=time.isoformat())


def media_type(name: str) -> tuple[Cell, ...]:
    """A media type as written, linked to its spec, and what a person calls it."""
    meaning = media_types.meaning(name)
    word = Word(name, link=media_types.link(name), kind="code")
    return (word, dim(meaning)) if name in media_types.KNOWN else (word,)


def kind(name: str) -> Word:
    """What a person calls a media type, with its name behind, linked to its spec."""
    return Word(media_types.meaning(name), title=name, link=media_types.link(name))


def value(text: str) -> Word:
    """A value somebody wrote; one that is a web address can be followed."""
    return Word(text, link=text if is_link(text) else "", kind="code")


def share(part: int, whole: int, many: bool) -> tuple[Word, ...]:
    """A bar that shows how much of `whole` a `part` is, where there are `many` to compare."""
    if not many:
        return ()
    eighths = max(1, round(part / whole * _BAR * 8)) if part else 0
    bar = "█" * (eighths // 8) + _EIGHTHS[eighths % 8].strip()
    return (Word(bar, title=f"{part / whole:.1%} of all" if whole else "", tone="bar"),)


def stacked(pieces: Sequence[Piece]) -> Cell:
    """All `pieces` as one bar in their order, each as wide as it is large, where there are many.

    It is of letters, so that it stays whatever a reader does to styles and pictures.
    """
    whole = sum(size for size, _, _ in pieces)
    if len(pieces) < 2 or not whole:
        return ""
    bar = tuple(_piece(*each, whole) for each in pieces[:_PIECES])
    more = dim(f"… {len(pieces) - _PIECES:,} more") if len(pieces) > _PIECES else ""
    lost = dim("░ wasted") if any("░" in word.text for word in bar) else ""
    return (*bar, more, lost)


def _piece(size: int, wasted: int, what: str, whole: int) -> Word:
    cells, title = round(size / whole * _STACKED), f"{what}: {human_size(size)}, {size / whole:.1%}"
    if wasted:
        title += f", {human_size(wasted)} of it wasted"
    lost = round(cells * wasted / size) if size else 0
    return Word("█" * (cells - lost) + "░" * lost if cells else "▏", title=title, tone="bar")


def listed(words: Iterable[str]) -> tuple[Cell, ...]:
    """Several short texts, side by side."""
    return tuple(Word(word, kind="code", tone="chip") for word in words)


def reference(text: str) -> Word:
    """A full reference; of a digest in it, the beginning."""
    name, at, found = text.partition("@")
    algorithm, _, encoded = found.partition(":")
    return Word(f"{name}@{algorithm}:{encoded[:12]}" if at else name, title=text, kind="code")


def not_loaded(expression: str) -> tuple[Cell, ...]:
    """What stands where something was not fetched: how to fetch it."""
    return (dim("not loaded:"), code(expression))


def annotated(pairs: Mapping[str, str], heading: str = "Annotations") -> tuple[Fold, ...]:
    """A fold of annotations or labels, keys linked to where they are specified."""
    if not pairs:
        return ()
    table = Table(("key", "value"), tuple(pairs.items()), _annotation, all_of_it=".json")
    return (Fold(_heading(heading, len(pairs)), (table,)),)


def words_of(heading: str, texts: tuple[str, ...], columns: tuple[str, str]) -> tuple[Fold, ...]:
    """A fold of `name=value` texts, such as the environment of an image."""
    if not texts:
        return ()
    table = Table(columns, texts, _assignment, all_of_it=".json")
    return (Fold(_heading(heading, len(texts)), (table,)),)


def raw(document: Document, what: str = "Raw bytes") -> Fold:
    """The bytes as they came, with the digest they have now and whether writing them keeps it."""
    pretty, said = _readable(document)
    pairs: list[tuple[Cell, Cell]] = [
        ("digest of these bytes", _recomputed(document)),
        ("written again", _rewritten(document)),
        ("shown", said),
    ]
    heading = (what, dim(f"{document.size:,} bytes"))
    return Fold(heading, (Facts(pairs), Code(pretty, ".raw")), text=False)


def commands(*lines: tuple[str, str]) -> tuple[Fold, ...]:
    """How to get the same elsewhere: pairs of what speaks and what to say."""
    said = tuple((who, code(line)) for who, line in lines if line)
    return (Fold("In Python and elsewhere", (Facts(said),)),) if said else ()


def crane(verb: str, reference: str) -> tuple[str, str]:
    """A command line for crane."""
    return "crane", f"crane {verb} {shlex.quote(reference)}" if is_remote(reference) else ""


def oras(verb: str, reference: str) -> tuple[str, str]:
    """A command line for oras."""
    plain = " --plain-http" if is_loopback(reference.partition("/")[0]) else ""
    line = f"oras {verb}{plain} {shlex.quote(reference)}"
    return "oras", line if is_remote(reference) else ""


def skopeo(verb: str, reference: str) -> tuple[str, str]:
    """A command line for skopeo, for what is in an archive or a layout on this machine."""
    local = reference.startswith(_TRANSPORTS)
    return "skopeo", f"skopeo {verb} {shlex.quote(reference)}" if local else ""


def is_remote(reference: str) -> bool:
    """Whether other tools can find `reference`: not what lives in this process only."""
    if reference.startswith(_TRANSPORTS):
        return False
    registry = reference.partition("/")[0]
    return "." in registry or ":" in registry or registry == "localhost"


def problems(fields: tuple[str, ...]) -> tuple[Say, ...]:
    """A warning about fields that could not be read."""
    if not fields:
        return ()
    said = (Word("!", tone="warn"), "Not what the spec says, and left out:", *listed(fields))
    return (Say(said),)


def _heading(heading: str, count: int) -> Cell:
    return (heading, dim(f"({count:,})"))


def _annotation(pair: tuple[str, str]) -> Row:
    key, text = pair
    return Row((Word(key, title=key, link=keys.link(key), kind="line"), value(text)))


def _assignment(text: str) -> Row:
    name, _, rest = text.partition("=")
    return Row((code(name), code(rest)))


def _recomputed(document: Document) -> Cell:
    try:
        actual = Digest.of(document.raw, document.digest.algorithm)
    except NotSupported as error:
        return (dim("cannot be checked:"), str(error))
    if actual == document.digest:
        return (code(actual), Word("✓ as it should be", tone="good"))
    return (code(actual), Word("✗ not its name:", tone="bad"), code(document.digest))


def _rewritten(document: Document) -> Cell:
    """Whether reading and writing the JSON gives the same bytes: usually it does not."""
    if encode(document.json) == document.raw:
        return "compact JSON gives the same bytes"
    return "as compact JSON it would have other bytes, and another digest"


def _readable(document: Document) -> tuple[str, str]:
    """The text of a document, and what was done to it so that it can be read."""
    text = document.raw.decode("utf-8", "replace")
    if "\n" in text.strip():
        return text, "as it came"
    pieces = json.JSONEncoder(indent=2, ensure_ascii=False).iterencode(document.json)
    return _beginning(pieces), "indented; the bytes themselves are one line"


def _beginning(pieces: Iterable[str]) -> str:
    """As much of a text as any view has room for: indenting all of a large document takes long."""
    found, length = [], 0
    for piece in pieces:
        found.append(piece)
        length += len(piece)
        if length > _LONGEST:
            break
    return "".join(found)
