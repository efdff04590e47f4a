"""Keeping web pages out: any page open in a browser can send requests to a port of its machine.

Such a request tells on itself by its `Origin` or `Sec-Fetch-Site`, or, where the page's own host
name was made to point here (DNS rebinding), by its `Host` (K-27 of the security rules).
"""

from __future__ import annotations

from collections.abc import Collection

from ocinb.protocol.fields.headers import Headers
from ocinb.protocol.messages import Handle, Request, Response
from ocinb.registry import refusals
from ocinb.registry.refusals import Refusal, refuse

_OWN_SITES = ("none", "same-origin")


def guarded(handle: Handle, hosts: Collection[str] | None) -> Handle:
    """`handle` for those who ask for one of `hosts`, or for any when None, and are no web page."""

    def answer(request: Request) -> Response:
        try:
            check(request.headers, hosts)
        except Refusal as refusal:
            return refusals.answer(refusal)
        return handle(request)

    return answer


def check(headers: Headers, hosts: Collection[str] | None) -> None:
    """Refuse a request that a web page sent, or that is for somebody else."""
    if hosts is not None and headers.get("host", "").lower() not in hosts:
        raise refuse("DENIED", "this registry does not go by the host asked for", status=421)
    if "origin" in headers or headers.get("sec-fetch-site", "none") not in _OWN_SITES:
        raise refuse("DENIED", "web pages may not use this registry")
