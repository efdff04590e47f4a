"""The listing of tags, whole or a page at a time (end-8)."""

from __future__ import annotations

import bisect
import json
import re

from ocinb.protocol import endpoints
from ocinb.protocol.messages import Response
from ocinb.registry.call import Call
from ocinb.registry.refusals import refuse

LONGEST_PAGE = 1_000


def listing(call: Call) -> Response:
    """The tags after `last`, at most `n` of them, in the order of their bytes."""
    tags = call.existing.tags()
    last = call.parameter("last")
    rest = tags[bisect.bisect_right(tags, last) :] if last else tags
    page = rest if "n" not in call.query else rest[: page_length(call.parameter("n"))]
    headers = {"Content-Type": "application/json"}
    if page and len(page) < len(rest):
        query = {"n": str(len(page)), "last": page[-1]}
        headers["Link"] = f'<{endpoints.LIST_TAGS.path(query, name=call.name)}>; rel="next"'
    body = {"name": call.name, "tags": list(page)}
    return Response(200, headers, json.dumps(body, separators=(",", ":")).encode())


def page_length(text: str) -> int:
    """How many a page has for a query's `n`; refused when that is no number (S23)."""
    if not re.fullmatch(r"[0-9]{1,10}", text, re.ASCII) or int(text) > 10**9:
        raise refuse("UNSUPPORTED", "n must be a number from 0 to 1000000000", status=400)
    return min(int(text), LONGEST_PAGE)
