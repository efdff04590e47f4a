"""Keeping the list of referrers where the registry does not: an index under the referrers tag.

Whoever pushes or deletes a manifest with a subject writes it (`oci/fallback.py` has its form).
"""

from __future__ import annotations

from collections.abc import Callable

from ocinb.errors import InvalidContent, OcinbError
from ocinb.oci.digest import Digest
from ocinb.oci.fallback import entry_of, referrers_tag, with_entry
from ocinb.oci.index import Index
from ocinb.oci.manifest import AnyManifest
from ocinb.protocol.messages import Conversation, Response
from ocinb.protocol.referring.rewriting import Kept, read, rewrite


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


def read_tag(name: str, subject: Digest) -> Conversation[tuple[Index | None, str]]:
    """The index under the referrers tag, if there is one, and its version, if it has one.

    Raises `InvalidContent` when there is something else.
    """
    kept = _kept(subject)
    found, version = yield from read(name, kept)
    return _index(found, kept.tag), version


def revise_tag(
    name: str, subject: Digest, revise: Callable[[Index | None], Index | None]
) -> Conversation[None]:
    """Write the referrers tag as `revise` makes it of what is there; None leaves it so."""
    kept = _kept(subject)

    def change(found: AnyManifest | None) -> Conversation[AnyManifest | None]:
        yield from ()
        return revise(_index(found, kept.tag))

    yield from rewrite(name, kept, change)


def _kept(subject: Digest) -> Kept:
    return Kept(
        referrers_tag(subject),
        f"the referrers tag of {subject.short}",
        "Registries without a referrers API have the list as an index under this tag.",
        "The registry did not say that it keeps the list (OCI-Subject), so the client does.",
    )


def _index(found: AnyManifest | None, tag: str) -> Index | None:
    if found is None or isinstance(found, Index):
        return found
    raise InvalidContent(f"the referrers tag {tag} is no index, but {found.media_type}")
