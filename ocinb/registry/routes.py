"""Which handler answers which request: the spec's table of endpoints, with a handler to each.

Of several rows for one path and method, the first whose query is given counts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeAlias
from urllib.parse import parse_qs, unquote, urlsplit

from ocinb.protocol import endpoints
from ocinb.protocol.endpoints import Endpoint
from ocinb.protocol.messages import Request, Response
from ocinb.registry import blobs, catalog, manifests, referrers, tags, uploads
from ocinb.registry.call import Call, State
from ocinb.registry.refusals import Refusal, refuse

Handler: TypeAlias = Callable[[Call], Response]
_MOST_PARAMETERS = 1_000


def ping(_: Call) -> Response:
    """Yes, this is a registry."""
    return Response(200, {"Docker-Distribution-API-Version": "registry/2.0"})


ROUTES: tuple[tuple[Endpoint, Handler], ...] = (
    (endpoints.PING, ping),
    (endpoints.GET_BLOB, blobs.get),
    (endpoints.GET_MANIFEST, manifests.get),
    (endpoints.MOUNT_BLOB, uploads.mount),
    (endpoints.SINGLE_POST, uploads.whole),
    (endpoints.OPEN_UPLOAD_FOR, uploads.begin),
    (endpoints.OPEN_UPLOAD, uploads.begin),
    (endpoints.SEND_CHUNK, uploads.append),
    (endpoints.CLOSE_UPLOAD, uploads.close),
    (endpoints.UPLOAD_STATUS, uploads.status),
    (endpoints.PUT_MANIFEST, manifests.put),
    (endpoints.LIST_TAGS, tags.listing),
    (endpoints.CATALOG, catalog.listing),
    (endpoints.DELETE_MANIFEST, manifests.delete),
    (endpoints.DELETE_BLOB, blobs.delete),
    (endpoints.LIST_REFERRERS, referrers.listing),
    (endpoints.CANCEL_UPLOAD, uploads.cancel),
)  # fmt: skip


_TABLE = [(endpoint, endpoint.pattern, handler) for endpoint, handler in ROUTES]


def answer(request: Request, state: State) -> Response:
    """What the handler of `request` answers; refused when there is none."""
    path, query = _taken_apart(request.url)
    method = "GET" if request.method == "HEAD" else request.method  # one handler for both
    rows = list(_at(path))
    mine = [row for row in rows if row[0].method == method]
    if not mine:
        raise _nothing_there(request.method, {endpoint.method for endpoint, _, _ in rows})
    asked = [row for row in mine if not row[0].query or row[0].query[0] in query]
    _, handler, places = (asked or mine)[0]
    if method != "GET":
        state.writing.check()
    return handler(Call(request, places, query, state))


def _nothing_there(method: str, others: set[str]) -> Refusal:
    if not others:
        return refuse("UNSUPPORTED", "this registry has nothing at this address", status=404)
    allowed = sorted(others | {"HEAD"} if "GET" in others else others)
    message = f"{method} is not possible here"
    return refuse("UNSUPPORTED", message, headers={"Allow": ", ".join(allowed)})


def _taken_apart(url: str) -> tuple[str, dict[str, list[str]]]:
    try:
        parts = urlsplit(url)
        query = parse_qs(parts.query, keep_blank_values=True, max_num_fields=_MOST_PARAMETERS)
    except ValueError:
        raise refuse("UNSUPPORTED", "this is no address", status=400) from None
    return parts.path, query


def _at(path: str) -> Iterator[tuple[Endpoint, Handler, dict[str, str]]]:
    """The rows that `path` fits, and what it fills their places with, decoded once.

    Some clients leave out the slash at the end.
    """
    for endpoint, pattern, handler in _TABLE:
        match = pattern.fullmatch(path) or pattern.fullmatch(f"{path}/")
        if match:
            yield (
                endpoint,
                handler,
                {place: _decoded(each) for place, each in match.groupdict().items()},
            )


def _decoded(text: str) -> str:
    if "%2f" in text.lower():  # a slash that hid from the route (K-28)
        raise refuse("NAME_INVALID", "a slash must not be percent-encoded")
    return unquote(text)
