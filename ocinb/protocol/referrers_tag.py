"""Keeping the list of referrers where the registry does not: an index under the referrers tag.

Whoever pushes or deletes a manifest with a subject writes it (`oci/fallback.py` has its form).
"""

from __future__ import annotations

import re
from collections.abc import Callable

from ocinb.errors import InvalidContent, OcinbError
from ocinb.oci import media_types
from ocinb.oci.digest import Digest
from ocinb.oci.fallback import entry_of, referrers_tag, with_entry
from ocinb.oci.index import Index
from ocinb.oci.manifest import AnyManifest, parse_manifest
from ocinb.protocol import endpoints
from ocinb.protocol.claims import confirms
from ocinb.protocol.headers import Headers
from ocinb.protocol.messages import Conversation, Request, Response, Step

MOST_WRITES = 3  # when others write it, too
_CONFLICTS = (409, 412)
_ETAG = re.compile(r'"[!#-~]{0,256}"', re.ASCII)  # RFC 9110, strong; a weak one never matches


def keep_listed(name: str, document: AnyManifest, response: Response) -> Conversation[None]:
    """See to it that a manifest just put is found by its subject, if it has one (C30).

    The answer to that says whether the registry does; if not, the referrers tag is kept.
    """
    if document.subject is None:
        return
    subject = document.subject.digest
    if response.headers.get("oci-subject", "").strip() == subject:  # any other is none (M-7)
        return
    try:
        yield from revise_tag(name, subject, lambda index: with_entry(index, entry_of(document)))
    except OcinbError as error:
        tag = referrers_tag(subject)
        error.hint(
            f"the manifest itself was pushed, but is not listed under {tag}, so nobody finds it by "
            "its subject: once that is mended, push again"
        )
        raise


def read_tag(
    name: str, subject: Digest, *, fresh: bool = False
) -> Conversation[tuple[Index | None, str]]:
    """The index under the referrers tag, if there is one, and its version, if it has one.

    Raises `InvalidContent` when there is something else. `fresh` asks past caches.
    """
    tag = referrers_tag(subject)
    headers = {"Accept": media_types.ACCEPT, **({"Cache-Control": "no-cache"} if fresh else {})}
    response = yield Step(
        f"Fetch the referrers tag of {subject.short}",
        Request("GET", endpoints.GET_MANIFEST.path(name=name, reference=tag), Headers(headers)),
        endpoints.GET_MANIFEST,
        why="Registries without a referrers API have the list as an index under this tag.",
    )
    if response.status == 404:
        return None, ""
    response.expect(200)
    confirms(response, Digest.of(response.body), [response.body], f"the tag {tag}")
    found = parse_manifest(response.body, response.media_type())
    if not isinstance(found, Index):
        raise InvalidContent(f"the referrers tag {tag} is no index, but {found.media_type}")
    version = response.headers.get("etag", "").strip()
    return found, version if _ETAG.fullmatch(version) else ""


def revise_tag(
    name: str, subject: Digest, revise: Callable[[Index | None], Index | None]
) -> Conversation[None]:
    """Write the referrers tag as `revise` makes it of what is there; None leaves it so.

    Others may write it at the same time: what was written is read again, and if it is not there
    as it should be, or the version had changed, written once more (R-6).
    """
    written: Response | None = None
    for left in reversed(range(MOST_WRITES + 1)):
        index, version = yield from read_tag(name, subject, fresh=True)
        wanted = revise(index)
        if wanted is None:
            return
        if left:
            written = yield _write(name, subject, wanted, version)
            if written.status not in _CONFLICTS:
                written.expect(200, 201, 202)
    assert written is not None
    if written.status in _CONFLICTS:
        raise written.refusal()
    raise written.unexpected("it took the list of referrers, and still has another one")


def _write(name: str, subject: Digest, index: Index, version: str) -> Step:
    tag = referrers_tag(subject)
    headers = {"Content-Type": index.media_type, **({"If-Match": version} if version else {})}
    return Step(
        f"Put the referrers tag of {subject.short}",
        Request(
            "PUT",
            endpoints.PUT_MANIFEST.path(name=name, reference=tag),
            Headers(headers),
            index.raw,
        ),
        endpoints.PUT_MANIFEST,
        why="The registry did not say that it keeps the list (OCI-Subject), so the client does.",
    )
