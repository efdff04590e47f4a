"""How an open upload looks: how far it has come, and never where exactly it goes on."""

from __future__ import annotations

from ocinb.display import frames
from ocinb.display.frames import Rows, rows
from ocinb.display.parts import code, dim, size
from ocinb.display.view import Bar, Cell, Facts, Say, View, view
from ocinb.protocol.uploads.session import UploadSession


@view.register
def _session(value: UploadSession) -> View:
    known = value.size is not None
    facts = Facts(
        [
            ("digest", code(value.digest) if value.digest else ""),
            ("size", size(value.size) if value.size is not None else dim("not known yet")),
            ("there so far", (size(value.offset), *_share(value))),
            ("least chunk", size(value.minimum) if value.minimum else ""),
            ("goes on at", (code(value.place), dim("and what only to_json has"))),
        ]
    )
    on = Say((dim("go on with it:"), code("repository.resume_upload(session, blob)")))
    name = code(value.digest.short) if value.digest else dim("of a blob without a name yet")
    blocks = (facts, on) if known and value.digest else (facts,)
    return View("Open upload", name, "", blocks)


@rows.register
def _session_rows(value: UploadSession) -> Rows:
    row = {
        "digest": value.digest,
        "size_bytes": value.size,
        "offset_bytes": value.offset,
        "minimum_bytes": value.minimum,
        "place": value.place,
    }
    return Rows(frames.SESSION, [row])


def _share(value: UploadSession) -> tuple[Cell, ...]:
    return (Bar(value.offset, value.size),) if value.size else ()
