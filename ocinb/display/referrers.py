"""How referrers look: what claims to speak of a manifest, and how that was found out."""

from __future__ import annotations

import json

from ocinb.display import frames
from ocinb.display.frames import Rows, rows
from ocinb.display.parts import code, counted, digest, dim, kind, moment, size
from ocinb.display.tables import described
from ocinb.display.view import Block, Facts, Fold, Row, Say, Table, View, Word, view
from ocinb.oci import annotations as keys
from ocinb.oci.config import parse_time
from ocinb.oci.descriptor import Descriptor
from ocinb.protocol.referring.referrers import ReferrerList

_FOUND_BY = {
    "api": "the registry's referrers API",
    "tag": "the referrers tag",
    "looking": "looking at every manifest there is",
    "none": "nobody: there is neither a referrers API nor a referrers tag",
}


@view.register
def _referrers(value: ReferrerList) -> View:
    facts = Facts(
        [
            ("subject", code(value.subject)),
            ("of type", code(value.artifact_type) if value.artifact_type else ""),
            ("found by", _FOUND_BY[value.source]),
            ("what they are", _standing(value)),
        ]
    )
    columns = ("artifact type", "size", "created", "digest", "annotations")
    table = Table(columns, value.descriptors, _row, right=("size", "annotations"))
    found = (table,) if value.descriptors else ()
    blocks = (facts, *found, *_refuted(value), *_note(value))
    return View("Referrers", code(value.subject.short), _summary(value), blocks)


@rows.register
def _referrer_rows(value: ReferrerList) -> Rows:
    found = (
        {
            **described(each),
            "subject": value.subject,
            "created": parse_time(each.annotations.get(keys.CREATED)),
            "annotations": json.dumps(dict(each.annotations)) if each.annotations else "",
            "found_by": value.source,
            "standing": standing,
        }
        for standing, descriptors in (
            ("confirmed" if value.confirmed else "claimed", value.descriptors),
            ("refuted", value.refuted),
        )
        for each in descriptors
    )
    attrs = {
        "subject": value.subject,
        "complete": value.complete,
        "pages": value.pages,
        "source": value.source,
        "note": value.note,
    }
    return Rows(frames.REFERRER, found, attrs)


def _standing(value: ReferrerList) -> Word | str:
    if value.confirmed:
        return Word("✓ confirmed: each was fetched, and names this subject itself", tone="good")
    return dim("claims: confirm=True has each fetched, to see whether it says so itself")


def _refuted(value: ReferrerList) -> tuple[Block, ...]:
    """Those that are listed, and say themselves that they refer to something else."""
    if not value.refuted:
        return ()
    columns = ("artifact type", "size", "created", "digest", "annotations")
    table = Table(columns, value.refuted, _row, right=("size", "annotations"))
    heading = (
        Word("✗ Listed, but naming another subject", tone="bad"),
        dim(f"({len(value.refuted)})"),
    )
    return (Fold(heading, (table,), open=True),)


def _summary(value: ReferrerList) -> Word:
    pages = f", {counted(value.pages, 'page')}" if value.pages else ""
    count = counted(len(value.descriptors), "referrer")
    said = f"· {count}{pages}, {'' if value.complete else 'in'}complete"
    return Word(said, tone="dim" if value.complete else "warn")


def _note(value: ReferrerList) -> tuple[Block, ...]:
    if not value.note:
        return ()
    if value.complete:
        return (Say(dim(value.note)),)
    return (Say((Word("! There may be more:", tone="warn"), Word(value.note))),)


def _row(each: Descriptor) -> Row:
    return Row(
        (
            kind(each.artifact_type or each.media_type),
            size(each.size),
            moment(parse_time(each.annotations.get(keys.CREATED))),
            digest(each.digest),
            Word(f"{len(each.annotations):,}", title=", ".join(each.annotations)),
        )
    )
