"""`ocinb.save`: images into archives and layouts, those that are here and those elsewhere."""

from __future__ import annotations

import os

from ocinb.client.reading import announce_all, emit
from ocinb.client.remote import Remote, RemoteArtifact, RemoteImage, RemoteIndex
from ocinb.client.source import Wanted
from ocinb.client.verbs.conversing import watched
from ocinb.client.verbs.saving import told
from ocinb.oci.image import Content, Image, ImageIndex
from ocinb.oci.platform import Platform
from ocinb.storage.archive import naming, saving
from ocinb.storage.archive.naming import Format
from ocinb.text import short_path


def save(
    content: Content | Remote,
    path: str | os.PathLike[str],
    *names: str,
    recursive: bool = False,
    platform: str | Platform | None = None,
    format: Format | None = None,  # noqa: A002  # the word for it
    compression: str | None = None,
    progress: Wanted = None,
) -> None:
    """Write an image, index or artifact with all it names to `path`.

    It is an oci-archive where `path` ends with `.tar`, `.tar.gz`, `.tgz` or `.tar.zst`, packed as
    that says, and a layout, which is a folder, where it does not; or what `format` says, also
    `"docker-archive"`, which `docker load` reads, too, and which holds container images only.
    `names` are tags (`v1`) or full names (`ghcr.io/owner/app:v1`); what came from a registry has
    the tag it was asked for by, if none is given. Of an index, `platform` takes one image only.
    With `recursive`, what refers to any of what came from elsewhere goes along, as with
    `Repository.copy`; to what was built here nothing refers yet.
    Every blob is verified while it is written. The same content gives the same bytes, with the time
    `SOURCE_DATE_EPOCH` or else 1970. What is not whole never appears.

    Raises `InvalidReference` for names that are none, `InvalidContent` or `DigestMismatch` for
    blobs that are not what they should be, and `NotSupported` for what the format cannot hold.
    """
    if isinstance(content, (RemoteIndex, RemoteImage, RemoteArtifact)):
        return content.save(
            path,
            *names,
            recursive=recursive,
            platform=platform,
            format=format,
            compression=compression,
            progress=progress,
        )
    if not isinstance(content, (Image, ImageIndex)):
        raise TypeError(
            "what is saved is an ocinb.Image or ocinb.ImageIndex, or what a tag stands for, not "
            f"{type(content).__name__}"
        )
    form = naming.the_format(path, format)
    found = naming.prepared([(content, names)], form, platform)
    with watched(progress, f"Save {short_path(path)}"):
        announce_all(naming.planned(found))
        saving.save(
            path,
            [(each.content, each.names) for each in found],
            format=format,
            compression=compression,
            watch=told(emit),
        )
    return None
