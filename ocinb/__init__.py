"""Look at container registries from a notebook.

    import ocinb

    school = ocinb.sample.school()  # an embedded registry: no network, no account
    repository = ocinb.Repository("demo/app", registry=school)
    repository["latest"]["linux/arm64"]

Everything is loaded when it is first used, so importing this costs next to nothing.
"""

from __future__ import annotations

from ocinb.drawable import Drawable as _Drawable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ocinb import errors as errors
    from ocinb.client.local import LocalRepository as LocalRepository
    from ocinb.client.local import open_ as open  # noqa: A004  # `ocinb.open(path)`
    from ocinb.client.registry import Registry as Registry
    from ocinb.client.repository import Repository as Repository
    from ocinb.client.retry import is_retriable_error as is_retriable_error
    from ocinb.client.retry import with_retry as with_retry
    from ocinb.client.saving import save as save
    from ocinb.client.several.finding import find as find
    from ocinb.client.several.sharing import shared_layers as shared_layers
    from ocinb.drawable import Faces
    from ocinb.errors import OcinbError as OcinbError
    from ocinb.layers.build import Image as Image
    from ocinb.layers.listing import list_layer as list_layer
    from ocinb.oci.digest import Digest as Digest
    from ocinb.oci.image import Blob as Blob
    from ocinb.oci.image import ImageIndex as ImageIndex
    from ocinb.oci.platform import Platform as Platform
    from ocinb.oci.reference import Reference as Reference
    from ocinb.oci.signature import digest_to_signature_tag as digest_to_signature_tag
    from ocinb.protocol.fields.ranges import format_content_range as format_content_range
    from ocinb.protocol.fields.ranges import parse_range_header as parse_range_header
    from ocinb.protocol.progress.progress_info import ProgressInfo as ProgressInfo
    from ocinb.protocol.progress.progress_info import ProgressPhase as ProgressPhase
    from ocinb.protocol.scopes import OperationScope as OperationScope
    from ocinb.protocol.uploads.session import UploadSession as UploadSession
    from ocinb.registry import faults as faults
    from ocinb.registry import lessons as lessons
    from ocinb.registry import sample as sample
    from ocinb.registry.app import LocalRegistry as LocalRegistry
    from ocinb.storage.cache import Cache as Cache
    from ocinb.storage.layout import Layout as Layout

# Where each public name lives; a name without a colon is a module.
_HOMES = {
    "Blob": "ocinb.oci.image:Blob",
    "Cache": "ocinb.storage.cache:Cache",
    "Digest": "ocinb.oci.digest:Digest",
    "Image": "ocinb.layers.build:Image",
    "ImageIndex": "ocinb.oci.image:ImageIndex",
    "Layout": "ocinb.storage.layout:Layout",
    "LocalRegistry": "ocinb.registry.app:LocalRegistry",
    "LocalRepository": "ocinb.client.local:LocalRepository",
    "OcinbError": "ocinb.errors:OcinbError",
    "OperationScope": "ocinb.protocol.scopes:OperationScope",
    "Platform": "ocinb.oci.platform:Platform",
    "ProgressInfo": "ocinb.protocol.progress.progress_info:ProgressInfo",
    "ProgressPhase": "ocinb.protocol.progress.progress_info:ProgressPhase",
    "Reference": "ocinb.oci.reference:Reference",
    "Registry": "ocinb.client.registry:Registry",
    "Repository": "ocinb.client.repository:Repository",
    "UploadSession": "ocinb.protocol.uploads.session:UploadSession",
    "digest_to_signature_tag": "ocinb.oci.signature:digest_to_signature_tag",
    "errors": "ocinb.errors",
    "faults": "ocinb.registry.faults",
    "find": "ocinb.client.several.finding:find",
    "format_content_range": "ocinb.protocol.fields.ranges:format_content_range",
    "is_retriable_error": "ocinb.client.retry:is_retriable_error",
    "lessons": "ocinb.registry.lessons",
    "list_layer": "ocinb.layers.listing:list_layer",
    "open": "ocinb.client.local:open_",
    "parse_range_header": "ocinb.protocol.fields.ranges:parse_range_header",
    "sample": "ocinb.registry.sample",
    "save": "ocinb.client.saving:save",
    "shared_layers": "ocinb.client.several.sharing:shared_layers",
    "with_retry": "ocinb.client.retry:with_retry",
}

__all__ = [
    "Blob",
    "Cache",
    "Digest",
    "Image",
    "ImageIndex",
    "Layout",
    "LocalRegistry",
    "LocalRepository",
    "OcinbError",
    "OperationScope",
    "Platform",
    "ProgressInfo",
    "ProgressPhase",
    "Reference",
    "Registry",
    "Repository",
    "UploadSession",
    "digest_to_signature_tag",
    "errors",
    "faults",
    "find",
    "format_content_range",
    "is_retriable_error",
    "lessons",
    "list_layer",
    "open",
    "parse_range_header",
    "sample",
    "save",
    "shared_layers",
    "with_retry",
]  # spelled out so that editors and type checkers see it


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'ocinb' has no attribute {name!r}")
    from importlib import import_module

    module, _, attribute = _HOMES[name].partition(":")
    found = import_module(module)
    value = getattr(found, attribute) if attribute else found
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__


def _faces() -> Faces:
    from ocinb.display import faces

    return faces


_Drawable.faces = _faces  # from here on, values draw themselves
