"""What a registry says is the digest of its answer, `Docker-Content-Digest`, and whether it is."""

from __future__ import annotations

from collections.abc import Iterable

from ocinb.errors import DigestMismatch, InvalidReference, NotSupported
from ocinb.oci.digest import Digest
from ocinb.protocol.messages import Response
from ocinb.text import redacted_url


def claimed_digest(response: Response) -> Digest | None:
    """The digest that the registry says its answer has; None when it says none we understand."""
    try:
        return Digest(response.headers.get("docker-content-digest", ""))
    except InvalidReference:
        return None


def confirms(response: Response, digest: Digest, content: Iterable[bytes], source: str) -> bool:
    """Whether `response` claims the right digest for `content`, which is known as `digest`.

    A claim of another algorithm is checked by computing that (C5, D-4); one that nobody here can
    compute is none. Raises `DigestMismatch`, naming `source`, when the claim is wrong.
    """
    claimed = claimed_digest(response)
    if claimed is None:
        return False
    try:
        known = digest if claimed.algorithm == digest.algorithm else _computed(claimed, content)
    except NotSupported:
        return False
    if claimed != known:
        raise DigestMismatch(known, claimed, source=source)
    return True


def note_other_claim(response: Response, digest: Digest, content: bytes | None = None) -> None:
    """Warn, in the log, of a claim that is not of the content that came right as `digest` (D-4).

    A claim of another algorithm is checked where there is `content` to compute it of.
    """
    claimed = claimed_digest(response)
    if claimed is None or claimed == digest:
        return
    if claimed.algorithm != digest.algorithm:
        try:
            right = content is None or claimed == _computed(claimed, [content])
        except NotSupported:
            return
        if right:
            return
    import logging  # noqa: PLC0415  # most log nothing

    logging.getLogger("ocinb").warning(
        "the content of %s is right, but the answer of %s claims that it is %s",
        digest, redacted_url(response.asked[1]), claimed,
    )  # fmt: skip


def _computed(like: Digest, content: Iterable[bytes]) -> Digest:
    hashed = like.hasher()
    for piece in content:
        hashed.update(piece)
    return Digest.from_hash(like.algorithm, hashed)
