"""The listing of repositories, at most a thousand at a time (`_catalog`)."""

from __future__ import annotations

import bisect
import json

from ocinb.protocol import endpoints
from ocinb.protocol.messages import Response
from ocinb.registry.call import Call
from ocinb.registry.tags import LONGEST_PAGE, page_length


def listing(call: Call) -> Response:
    """The repositories after `last`, at most `n` of them, in the order of their bytes.

    However many are asked for, no answer has more than a page of them (CVE-2023-2253).
    """
    names, last = call.state.repositories.names(), call.parameter("last")
    rest = names[bisect.bisect_right(names, last) :] if last else names
    most = page_length(call.parameter("n")) if "n" in call.query else LONGEST_PAGE
    page = rest[:most]
    headers = {"Content-Type": "application/json"}
    if page and len(page) < len(rest):
        query = {"n": str(len(page)), "last": page[-1]}
        headers["Link"] = f'<{endpoints.CATALOG.path(query)}>; rel="next"'
    body = json.dumps({"repositories": list(page)}, separators=(",", ":"))
    return Response(200, headers, body.encode())
