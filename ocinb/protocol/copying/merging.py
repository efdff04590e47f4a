"""Cosign's tags at the target of a copy: whoever has something there does not lose it.

Other people may have signed the same image there. Where what is copied has all that is there, it
replaces that, byte for byte; else its signatures are put behind those (see `rewriting.py`).
"""

from __future__ import annotations

from collections.abc import Callable

from ocinb.errors import InvalidContent
from ocinb.oci.descriptor import Descriptor
from ocinb.oci.image import Blob
from ocinb.oci.manifest import AnyManifest, Manifest
from ocinb.oci.signature import with_signature
from ocinb.protocol.copying.copied import NodeOutcome
from ocinb.protocol.events import Observer, nobody
from ocinb.protocol.messages import Conversation
from ocinb.protocol.push import push_blob
from ocinb.protocol.referring.rewriting import Kept, rewrite

_OTHER = "the target has something else under this tag, which is kept"
_MERGED = (".sig", ".att")  # tags of which several people may each have a part


def put_kept_tag(
    name: str,
    document: AnyManifest,
    tag: str,
    blob: Callable[[Descriptor], Blob],
    announce: Observer = nobody,
) -> Conversation[tuple[NodeOutcome, str]]:
    """Put a manifest, the blobs of which are there, under one of cosign's tags.

    Returns what became of it, and why if it was left out.
    """
    kept = Kept(
        tag,
        f"what is under {tag}",
        "Others may have put something under this tag; it is not to be lost.",
        "This is where cosign looks for what belongs to the image that the tag names.",
    )
    wrote = False

    def change(found: AnyManifest | None) -> Conversation[AnyManifest | None]:
        nonlocal wrote
        wanted, config = together_with(found, document, tag, blob)
        if config is not None:
            yield from push_blob(name, config, announce)
        wrote = wrote or wanted is not None
        return wanted

    there = yield from rewrite(name, kept, change)
    if there is not None and there.digest == document.digest:
        return ("copied" if wrote else "existed"), ""
    if wrote:
        return "merged", "with what the target has under this tag"
    whole = isinstance(there, Manifest) and _has_all(there, document, blob)
    return ("existed", "among others there") if whole else ("left out", _OTHER)


def together_with(
    found: AnyManifest | None,
    document: AnyManifest,
    tag: str,
    blob: Callable[[Descriptor], Blob],
) -> tuple[AnyManifest | None, Blob | None]:
    """What is to be under the tag in place of what was `found`, and its config if that is new.

    None is for leaving it: it has all of `document`, or is something that nothing can be put
    behind.
    """
    if found is None:
        return document, None
    if found.digest == document.digest or not tag.endswith(_MERGED):
        return None, None
    if not isinstance(found, Manifest) or not isinstance(document, Manifest):
        return None, None
    if _has_all(document, found, blob):
        return document, None
    merged, config = found, None
    for layer in document.layers:
        more = with_signature(merged, blob(layer))
        if more is not None:
            assert isinstance(more.manifest, Manifest)  # as `found` is
            merged, config = more.manifest, more.blobs[0]
    return (merged, config) if config is not None else (None, None)


def _has_all(one: Manifest, other: AnyManifest, blob: Callable[[Descriptor], Blob]) -> bool:
    """Whether `one` has every signature that `other` has."""
    if not isinstance(other, Manifest):
        return False
    try:
        return all(with_signature(one, blob(layer)) is None for layer in other.layers)
    except InvalidContent:  # it has as many as there may be, and not this one
        return False
