"""Why a registry may refuse a manifest although it has all that the manifest names."""

from __future__ import annotations

from ocinb.errors import KindRefused, RegistryError
from ocinb.oci.manifest import AnyManifest, Manifest
from ocinb.protocol.messages import Response

_NOT_THIS_KIND = (400, 405, 415)
_NO_REFERRERS = (404, 422)  # what some say besides to a manifest that has a subject
_OTHER_REASONS = (
    "MANIFEST_BLOB_UNKNOWN", "DIGEST_INVALID", "NAME_INVALID", "NAME_UNKNOWN", "TAG_INVALID",
    "SIZE_INVALID",
)  # fmt: skip


def explained(answer: Response, document: AnyManifest) -> RegistryError:
    """The refusal of a manifest, with what may be the reason: its kind (M-3), or its size (C29).

    It is a `KindRefused` unless the manifest is an ordinary image, which all registries take, or
    the registry says that it takes no manifest at all: it is open for reading only.
    """
    no = answer.refusal()
    if no.status == 413:
        no.hint(f"it has {document.size:,} bytes, more than this registry takes")
    statuses = (*_NOT_THIS_KIND, *(_NO_REFERRERS if document.subject else ()))
    if no.status not in statuses or no.code in _OTHER_REASONS or _takes_none(answer):
        return no
    kind = document.artifact_type
    of = f" of the type {kind}" if kind and kind != document.media_type else ""
    if not (isinstance(document, Manifest) and document.is_image and not document.subject):
        no = KindRefused(no.status, no.code, no.message, method=no.method, url=no.url)
    no.hint(
        f"it may take only kinds that it was told of: this is {document.media_type}{of}; some "
        "take an artifact as an image manifest with the empty config and no type of its own"
    )
    return no


def _takes_none(answer: Response) -> bool:
    """Whether it says which methods it has there, and that PUT is none of them."""
    methods = answer.headers.get("Allow", "")
    return answer.status == 405 and bool(methods) and "PUT" not in methods.upper()
