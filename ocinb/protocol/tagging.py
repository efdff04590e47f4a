"""Giving a manifest several tags in the request that pushes it (end-7b, C28).

A registry that does not know this takes the manifest and no tag, so that trying costs it a
request, and most of them do not know it yet. So it is tried where somebody asks for it, and from
then on where the registry has acknowledged tags before; nothing else tells without a request.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from ocinb.oci.manifest import AnyManifest
from ocinb.protocol import endpoints
from ocinb.protocol.fields.claims import confirms
from ocinb.protocol.fields.headers import Headers
from ocinb.protocol.messages import Conversation, Request, Response, Step
from ocinb.protocol.referring.referrers_tag import keep_listed

_TOO_LONG = (414, 431)


@dataclass
class Tagging:
    """Whether a registry takes several tags at once, as far as it has shown; None before."""

    at_once: bool | None = None


def put_with_tags(
    name: str, document: AnyManifest, tags: Sequence[str], tagging: Tagging
) -> Conversation[tuple[str, ...]]:
    """Push `document` by its digest with as many of `tags` in one request as the registry takes.

    Returns the tags that it did not acknowledge, which are to be pushed one by one. What it
    showed is noted in `tagging`.
    """
    left, refused, many = list(tags), list[str](), len(tags)
    answer: Response | None = None
    while many > 1 and len(left) > 1:
        some = left[:many]
        response = yield _step(name, document, some)
        if response.status in _TOO_LONG:
            many //= 2
            continue
        taken = _acknowledged(response)
        tagging.at_once = bool(taken)
        if response.status != 201 or not taken:  # the usual way will say what is wrong, if anything
            break
        confirms(response, document.digest, [document.raw], "the registry")
        refused += [tag for tag in some if tag not in taken]
        left, answer = left[many:], response
    if answer is not None and not (left or refused):
        yield from keep_listed(name, document, answer)
    return (*refused, *left)


def _step(name: str, document: AnyManifest, tags: Sequence[str]) -> Step:
    path = endpoints.PUT_MANIFEST_TAGGED.path(name=name, reference=document.digest)
    return Step(
        f"Put {document.digest.short} as {', '.join(tags)}",
        Request(
            "PUT",
            f"{path}?{urlencode([('tag', tag) for tag in tags])}",
            Headers({"Content-Type": document.media_type}),
            document.raw,
        ),
        endpoints.PUT_MANIFEST_TAGGED,
        why="One request for all its tags; which of them were taken, the registry says (OCI-Tag).",
    )


def _acknowledged(response: Response) -> set[str]:
    """The tags that an answer says were given: a list, or one header for each."""
    said = ",".join(response.headers.get_all("oci-tag"))
    return {tag.strip() for tag in said.split(",")} - {""}
