"""The headers of an exchange: what every request says, and what they tell of a body."""

from __future__ import annotations

import re
from collections.abc import Mapping

from ocinb.client.addresses import Origin
from ocinb.client.secret import Secret
from ocinb.errors import InvalidContent
from ocinb.protocol.fields.headers import Headers
from ocinb.protocol.messages import Request, Response
from ocinb.text import visible

USER_AGENT = "ocinb"

_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", re.ASCII)
_VALUE = re.compile(r"[\t -~]*", re.ASCII)


def to_send(request: Request, origin: Origin) -> Headers:
    """What the request says, and what every request must say, checked to be sendable (K-14)."""
    given, size = request.headers, request.body.size
    headers = list(given.pairs())
    if "host" not in given:
        headers.insert(0, ("Host", origin.netloc))
    if "user-agent" not in given:
        headers.append(("User-Agent", USER_AGENT))
    if "accept-encoding" not in given:
        headers.append(("Accept-Encoding", "identity"))  # digests are of the bytes as they are
    if size is None and "content-length" not in given:
        headers.append(("Transfer-Encoding", "chunked"))
    elif (size or request.method in ("POST", "PUT", "PATCH")) and "content-length" not in given:
        headers.append(("Content-Length", str(size)))
    if not _VALUE.fullmatch("".join([value for _, value in headers])):  # one look at all of them
        raise _not_sendable(next(name for name, value in headers if not _VALUE.fullmatch(value)))
    for name, _ in headers:
        if not _NAME.fullmatch(name):
            raise _not_sendable(name)
    return Headers(headers)


def _not_sendable(name: str) -> InvalidContent:
    return InvalidContent(
        f"the header {visible(name, 64)!r} cannot be sent: it may hold printable ASCII only"
    )


def announced(sent: Headers) -> int | None:
    """The bytes of body that a request promises; None when only its end will tell."""
    length = sent.content_length()
    return 0 if length is None and "transfer-encoding" not in sent else length


def expected(head: Response) -> int | None:
    """The bytes of body that an answer promises, when it is one that has a body."""
    method = head.request.method if head.request else ""
    bodiless = head.status in (204, 304) or method == "HEAD"
    untold = bodiless or "transfer-encoding" in head.headers  # which counts more than a length
    return None if untold else head.headers.content_length()


def as_bytes(headers: Headers) -> list[tuple[bytes, bytes]]:
    """`headers` as a library for HTTP takes them."""
    return [(name.encode(), value.encode("latin-1", "replace")) for name, value in headers.pairs()]


def from_bytes(raw: list[tuple[bytes, bytes]]) -> Headers:
    """The headers that a library for HTTP gives, whatever their bytes are."""
    return Headers([(name.decode("latin-1"), value.decode("latin-1")) for name, value in raw])


def revealed(secrets: Mapping[str, Secret]) -> list[tuple[bytes, bytes]]:
    """Headers that are secret: the only place where they are more than a `Secret`."""
    for name, secret in secrets.items():
        if not _VALUE.fullmatch(secret.reveal()):
            raise _not_sendable(name)
    return [(name.encode(), secret.reveal().encode()) for name, secret in secrets.items()]
