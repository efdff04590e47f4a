"""How answers look: what a ping told, tags, what a push or deletion came to, and endpoints."""

from __future__ import annotations

from typing import Any

from ocinb.display import frames, parts
from ocinb.display.frames import Rows, rows
from ocinb.display.parts import code, counted, digest, dim, kind, listed, size
from ocinb.display.tables import described
from ocinb.display.view import Block, Cell, Facts, Fold, Row, Say, Table, View, Word, view
from ocinb.display.wire import endpoint_cell, status_word
from ocinb.protocol.delete import Deleted
from ocinb.protocol.endpoints import Endpoint
from ocinb.protocol.fields.challenge import Challenge
from ocinb.protocol.ping import Ping
from ocinb.protocol.push import Pushed
from ocinb.protocol.tags import TagList

_TAGS = 50
_BECAME = {"uploaded": "✓ sent", "mounted": "✓ taken over"}


def ping_facts(ping: Ping) -> list[tuple[Cell, Cell]]:
    """What a registry said of itself."""
    known = [each for each in ping.challenges if each.scheme]
    return [
        ("answer to /v2/", _answer(ping.status)),
        ("version", code(ping.version) if ping.version else ""),
        ("server", code(ping.server) if ping.server else ""),
        *(("asks for", _asks(each)) for each in known),
    ]


def tags_summary(tags: TagList) -> Word:
    """How many tags there are, and whether these are all."""
    pages = f", {counted(tags.pages, 'page')}" if tags.pages else ""
    said = f"· {counted(len(tags.tags), 'tag')}{pages}, {'' if tags.complete else 'in'}complete"
    return Word(said, tone="dim" if tags.complete else "warn")


def tag_blocks(tags: TagList) -> tuple[Block, ...]:
    """The tags, side by side, and what is odd about the list."""
    more = len(tags.tags) - _TAGS
    rest: tuple[Cell, ...] = (dim(f"… {more:,} more"), code(".to_frame()")) if more > 0 else ()
    said: list[Block] = [Say((*listed(tags.tags[:_TAGS]), *rest))] if tags.tags else []
    if tags.note:
        said.append(Say((Word("! The list broke off:", tone="warn"), Word(tags.note))))
    if tags.odd:
        odd = listed(tags.odd[:_TAGS])
        said.append(Say((Word("! Names that no tag can have:", tone="warn"), *odd)))
    return tuple(said)


@view.register
def _endpoint(value: Endpoint) -> View:
    facts = Facts(
        [
            ("request", code(f"{value.method} {value.template}")),
            ("query", listed(value.query)),
            ("success", listed(map(str, value.success))),
            ("failure", listed(map(str, value.failure))),
            ("since", f"distribution-spec {value.since}" if value.since else ""),
        ]
    )
    return View("Endpoint", endpoint_cell(value), "", (facts,))


@view.register
def _ping(value: Ping) -> View:
    return View("Ping", dim("· a registry answers"), "", (Facts(ping_facts(value)),))


@view.register
def _challenge(value: Challenge) -> View:
    pairs = [(name, code(said)) for name, said in value.parameters.items()]
    return View("Challenge", code(value.scheme), "", (Facts(pairs),))


@view.register
def _pushed(value: Pushed) -> View:
    facts = Facts(
        [
            ("digest", code(value.descriptor.digest)),
            ("media type", parts.media_type(value.descriptor.media_type)),
            ("tags", listed(value.tags)),
        ]
    )
    table = Table(("outcome", "size", "digest", "type"), value.blobs, _pushed_row, right=("size",))
    outcomes = [outcome for _, outcome in value.blobs]
    mounted = outcomes.count("mounted")
    over = f" {mounted:,} taken over," if mounted else ""
    sent, there = outcomes.count("uploaded"), outcomes.count("existed")
    said = f"· {counted(sent, 'blob')} sent,{over} {there:,} already there"
    name = listed(value.tags) or code(value.descriptor.digest.short)
    blobs = (Fold(("Blobs", dim(f"({len(value.blobs)})")), (table,)),) if value.blobs else ()
    return View("✓ Pushed", name, dim(said), (facts, *blobs))


@view.register
def _deleted(value: Deleted) -> View:
    looked = {True: Word("✓ it is gone", tone="good"), False: Word("✗ still there", tone="bad")}
    facts = Facts(
        [
            ("digest", code(value.digest) if value.digest else ""),
            ("seen", looked[value.gone] if value.gone is not None else ""),
        ]
    )
    note = (Say((Word("!", tone="warn"), Word(value.note))),) if value.note else ()
    return View(f"✓ Deleted {value.kind}", code(value.reference), "", (facts, *note))


@view.register
def _tags(value: TagList) -> View:
    return View("Tags", code(value.repository), tags_summary(value), tag_blocks(value))


@rows.register
def _tag_rows(value: TagList) -> Rows:
    attrs = {"repository": value.repository, "complete": value.complete, "pages": value.pages}
    return Rows(frames.TAG, ({"tag": tag} for tag in value.tags), attrs)


@rows.register
def _endpoint_rows(value: Endpoint) -> Rows:
    row = {
        **vars(value),
        "endpoint": value.id,
        "success": " ".join(map(str, value.success)),
        "failure": " ".join(map(str, value.failure)),
        "link": value.link,
    }
    return Rows(frames.ENDPOINT, [row])


@rows.register
def _ping_rows(value: Ping) -> Rows:
    first = value.challenges[0] if value.challenges else Challenge("")
    said = {"scheme": first.scheme, "realm": first.get("realm"), "service": first.get("service")}
    return Rows(frames.PING, [{**vars(value), **said}])


@rows.register
def _challenge_rows(value: Challenge) -> Rows:
    return Rows(frames.CHALLENGE, [{**value.parameters, "scheme": value.scheme}])


@rows.register
def _pushed_rows(value: Pushed) -> Rows:
    found = ({**described(blob), "outcome": outcome} for blob, outcome in value.blobs)
    attrs = {"digest": value.descriptor.digest, "tags": " ".join(value.tags)}
    return Rows(frames.PUSHED, found, attrs)


@rows.register
def _deleted_rows(value: Deleted) -> Rows:
    return Rows(frames.DELETED, [vars(value)])


def _answer(status: int) -> tuple[Cell, ...]:
    if status == 401:
        return (Word("✓ 401 Unauthorized"), dim("yes, but tell me first who you are"))
    return (status_word(status),)


def _asks(challenge: Challenge) -> tuple[Cell, ...]:
    said = [f"{name}={value}" for name, value in challenge.parameters.items()]
    return (Word(challenge.scheme, kind="code", tone="strong"), *listed(said))


def _pushed_row(item: tuple[Any, str]) -> Row:
    blob, outcome = item
    became = dim(f"= {outcome}") if outcome == "existed" else Word(_BECAME[outcome], tone="good")
    return Row((became, size(blob.size), digest(blob.digest), kind(blob.media_type)))
