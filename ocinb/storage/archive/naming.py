"""What is saved, and under which names: checked before anything is written."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from ocinb.errors import InvalidContent, InvalidReference, NotSupported
from ocinb.oci import annotations as keys
from ocinb.oci.descriptor import Descriptor
from ocinb.oci.digest import Digest
from ocinb.oci.image import Blob, Content, Image, ImageIndex
from ocinb.oci.manifest import AnyManifest, Manifest
from ocinb.oci.platform import Platform
from ocinb.oci.reference import Reference, check_tag

Format: TypeAlias = Literal["oci-archive", "docker-archive", "oci-layout"]
FORMATS = ("oci-archive", "docker-archive", "oci-layout")
_PACKED = {".tar": "none", ".tar.gz": "gzip", ".tgz": "gzip", ".tar.zst": "zstd"}
# What nobody calls a folder, and no archive that is written here.
_FOREIGN = tuple(".zip .7z .rar .gz .bz2 .xz .zst .lz4 .lzma .tbz .tbz2 .txz .tzst .cpio".split())


@dataclass(frozen=True)
class Named:
    """Something to be saved, and its names: tags, or full names such as `ghcr.io/owner/app:v1`."""

    content: Content
    names: tuple[str, ...]

    @property
    def entries(self) -> list[Descriptor]:
        """Its entries in an `index.json`: one for each name, or one without."""
        bare = self.content.descriptor
        return [replace(bare, annotations=_annotations(name)) for name in self.names] or [bare]


def the_format(path: str | os.PathLike[str], wanted: str | None) -> str:
    """The format that is `wanted`, or that the ending of `path` means: a tar file or a folder.

    Raises `NotSupported` for the ending of an archive that is not written here, unless a folder of
    that name is there.
    """
    if wanted is None:
        _check_ending(path)
        return "oci-archive" if _ending(path) else "oci-layout"
    if wanted not in FORMATS:
        raise ValueError(f"format is one of {', '.join(FORMATS)}, not {wanted!r}")
    return wanted


def the_compression(path: str | os.PathLike[str], wanted: str | None) -> str:
    """The compression that is `wanted`, or that the ending of `path` means."""
    return wanted if wanted is not None else _PACKED.get(_ending(path), "none")


def prepared(
    content: Iterable[tuple[Content, tuple[str, ...]]],
    form: str,
    platform: str | Platform | None = None,
) -> list[Named]:
    """All of it, checked, each name once; of an index only what it has for `platform`, if given.

    Raises `InvalidReference` for names that are none, `InvalidContent` where something that is
    named is not there, and `NotSupported` for what the format cannot hold.
    """
    found = []
    seen: dict[str, Digest] = {}
    for each, names in content:
        chosen = _for(each, platform)
        if form == "docker-archive":
            _check_docker(chosen, names)
        for name in names:
            _check_name(name)
            if seen.setdefault(name, chosen.digest) != chosen.digest:
                raise InvalidReference(name, "name", "it is given to two different things")
        _check_whole(chosen)
        found.append(Named(chosen, tuple(dict.fromkeys(names))))
    return found


def documents(content: Content) -> list[AnyManifest]:
    """The manifests and indexes of `content`, children before parents."""
    below = content.children if isinstance(content, ImageIndex) else ()
    return [*(each for child in below for each in documents(child)), content.document]


def blobs(content: Content) -> list[Blob]:
    """Every config, layer and blob of `content`."""
    if isinstance(content, Image):
        return list(content.unique_blobs)
    return [blob for child in content.children for blob in blobs(child)]


def planned(named: Iterable[Named]) -> list[Descriptor]:
    """Every blob that there is to write, each digest once."""
    found = [blob.descriptor for each in named for blob in blobs(each.content)]
    return list({blob.digest: blob for blob in found}.values())


def _ending(path: str | os.PathLike[str]) -> str:
    name = os.path.basename(os.fspath(path)).lower()
    return next((ending for ending in _PACKED if name.endswith(ending)), "")


def _check_ending(path: str | os.PathLike[str]) -> None:
    name = os.path.basename(os.fspath(path)).lower()
    if _ending(path) or not name.endswith(_FOREIGN) or os.path.isdir(path):
        return
    raise NotSupported(
        f"archives named {os.path.splitext(name)[1]} are not written",
        hints=[f"these are: {', '.join(_PACKED)}", "format= says what it is, whatever its name"],
    )


def _annotations(name: str) -> dict[str, str]:
    if "/" not in name and ":" not in name:
        return {keys.REF_NAME: name}
    reference = Reference.parse(name)
    return {keys.CONTAINERD_NAME: str(reference), keys.REF_NAME: str(reference.tag)}


def _check_name(name: object) -> None:
    if not isinstance(name, str):
        raise TypeError(f"names are text, such as 'v1', not {type(name).__name__}")
    if "/" not in name and ":" not in name:
        check_tag(name)
    elif Reference.parse(name).digest is not None:
        raise InvalidReference(name, "name", "what is saved is named by a tag, not by a digest")


def _for(content: Content, platform: str | Platform | None) -> Content:
    if platform is None or isinstance(content, Image):
        return content
    entry = content.index.for_platform(platform, same_architecture=True)
    for child in content.children:
        if child.digest == entry.digest:
            return child
    raise InvalidContent(f"what {content!r} has for {platform} is not here")


def _check_docker(content: Content, names: tuple[str, ...]) -> None:
    """Raise for what an archive of docker's cannot hold."""
    if isinstance(content, ImageIndex):
        platforms = ", ".join(map(str, content.index.platforms)) or "none that is named"
        raise NotSupported(
            f"a docker-archive holds single images, not an index of several ({platforms})",
            hints=["choose one with platform=, or save it as oci-archive"],
        )
    if not isinstance(content.manifest, Manifest) or not content.manifest.is_image:
        raise NotSupported(
            f"a docker-archive holds container images, and {content!r} is none",
            hints=["save it as oci-archive"],
        )
    for name in names:
        if "/" not in name and ":" not in name:
            raise InvalidReference(
                name, "name", "a docker-archive names images in full", hints=[f"app:{name}, say"]
            )


def _check_whole(content: Content) -> None:
    """Raise where something that is named is not there; what lives elsewhere may be missing."""
    if isinstance(content, Image):
        here = {blob.digest for blob in content.blobs}
        named = [each for each in content.manifest.children if not each.lives_elsewhere]
    else:
        here = {child.digest for child in content.children}
        named = list(content.index.children)
        for child in content.children:
            _check_whole(child)
    missing = [each for each in named if each.digest not in here]
    if missing:
        raise InvalidContent(f"{content!r} names {missing[0].digest}, which is not here")
