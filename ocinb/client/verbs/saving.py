"""Saving what is in a registry, a layout or an archive into a new archive, or into a layout."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import closing

from ocinb.client.remote import Remote
from ocinb.client.source import Wanted
from ocinb.client.verbs.conversing import watched
from ocinb.client.verbs.copying import the_asked
from ocinb.client.verbs.origins import Asking
from ocinb.client.wire.stopping import current
from ocinb.oci.descriptor import Descriptor
from ocinb.oci.image import Content
from ocinb.oci.platform import Platform
from ocinb.protocol.copying.carry import Asked
from ocinb.protocol.copying.contents import contents
from ocinb.protocol.events import Observer, Planned, Verified, Written
from ocinb.protocol.messages import Conversation
from ocinb.protocol.together import Together
from ocinb.storage.archive import naming, saving
from ocinb.storage.archive.naming import Format
from ocinb.text import short_path


def save(
    content: Remote,
    path: str | os.PathLike[str],
    names: tuple[str, ...] = (),
    *,
    recursive: bool = False,
    platform: str | Platform | None = None,
    format: Format | None = None,  # noqa: A002  # the word for it
    compression: str | None = None,
    progress: Wanted = None,
) -> None:
    """Write `content`, and all that belongs to it, to `path`: `RemoteImage.save` and its like."""
    form, end = naming.the_format(path, format), Asking(content)
    asked = the_asked(content, recursive=recursive, platform=platform)
    in_full = form == "docker-archive" and "registry" in content.source.origin
    usual = (content.reference,) if in_full else asked.tags
    named = names or (usual if asked.tags else ())
    with watched(progress, f"Save {asked.source} to {short_path(path)}"):
        with closing(end.converse(_gathered(asked, named, end.together, end.emit))) as steps:
            found = steps.finish()
        saving.save(path, found, format=format, compression=compression, watch=told(end.emit))


def _gathered(
    asked: Asked, names: tuple[str, ...], together: Together, announce: Observer
) -> Conversation[list[tuple[Content, tuple[str, ...]]]]:
    closure = yield from asked.gathered(together)
    announce(Planned(closure.blobs))
    return (yield from contents(closure, names, asked.origin))


def told(announce: Observer) -> Callable[[Descriptor, int], None]:
    """Who watches the writing, and tells how far each blob is; an interrupt stops it there."""
    stop = current()

    def watch(blob: Descriptor, done: int) -> None:
        if stop is not None:
            stop.check()
        announce(Written(blob.digest, done))
        if done == blob.size:
            announce(Verified(blob.digest, blob.size))

    return watch
