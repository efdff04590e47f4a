"""Following a registry to where it says: `Location`, and the `Link` header (RFC 8288)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urljoin, urlsplit

from ocinb.protocol.messages import Response
from ocinb.text import visible

_LINK_LIMIT = 16 * 1024
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:", re.ASCII | re.IGNORECASE)


def absolute(base: str, target: str) -> str:
    """`target`, a reference in an answer to a request to `base`, as absolute as that one is.

    What is absolute already is kept byte for byte (L-5). Some registries forget only the scheme
    before their own host (L-4). Raises `ValueError` for what is no URL.
    """
    here = urlsplit(base)
    if here.netloc and target.startswith(f"{here.netloc}/"):
        return f"{here.scheme}://{target}"
    if _SCHEME.match(target):
        urlsplit(target)
        return target
    return urljoin(base, target)


def resolved(response: Response, target: str) -> str:
    """`target`, a reference in a header of `response`, made absolute where what was asked is."""
    _, url = response.asked
    try:
        return absolute(url, target)
    except ValueError:
        raise response.unexpected(f"it points to what is no URL: {visible(target, 200)}") from None


def same_listing(response: Response, link: str, path: str) -> str:
    """`link` made absolute, when it stays on this registry and under `path`; else it is refused."""
    target = resolved(response, link)
    ours, theirs = urlsplit(resolved(response, path)), urlsplit(target)
    if (ours.scheme, ours.netloc, path) != (theirs.scheme, theirs.netloc, theirs.path):
        raise response.unexpected(f"its next page is somewhere else: {visible(link, 200)}")
    return target


def next_link(values: list[str]) -> str:
    """The target with `rel=next` in `Link` headers (RFC 8288), or nothing."""
    for value in values:
        for target, parameters in _links(value[:_LINK_LIMIT]):
            if "next" in parameters.get("rel", "").lower().split():
                return target
    return ""


def _links(value: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Each `<target>; name=value; name="value"` of a Link header, read once from left to right."""
    at = value.find("<")
    while at >= 0:
        end = value.find(">", at)
        if end < 0:
            return
        target = value[at + 1 : end].strip()
        parameters, at = _parameters(value, end + 1)
        yield target, parameters
        at = value.find("<", at)


def _parameters(value: str, at: int) -> tuple[dict[str, str], int]:
    parameters: dict[str, str] = {}
    while at < len(value) and value[at] != ",":
        if value[at] in "; \t":
            at += 1
            continue
        name, at = _until(value, at, "=;,")
        text = ""
        if at < len(value) and value[at] == "=":
            text, at = _text(value, at + 1)
        parameters.setdefault(name.strip().lower(), text)
    return parameters, at


def _text(value: str, at: int) -> tuple[str, int]:
    while at < len(value) and value[at] in " \t":
        at += 1
    if at < len(value) and value[at] == '"':
        end = value.find('"', at + 1)
        end = len(value) if end < 0 else end
        return value[at + 1 : end], end + 1
    text, at = _until(value, at, ";,")
    return text.strip(), at


def _until(value: str, at: int, stops: str) -> tuple[str, int]:
    end = at
    while end < len(value) and value[end] not in stops:
        end += 1
    return value[at:end], end
