"""Building images: each call gives a new one, whole and ready to be pushed.

    image = (
        ocinb.Image.from_(ocinb.Repository("python")["3.13-slim"])
        .copy("app/", "/app", ignore=["__pycache__/"])
        .workdir("/app")
        .cmd("python", "main.py")
    )
    repository.push(image, "v1")

The same calls give the same bytes wherever `SOURCE_DATE_EPOCH` is the same.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self, TypeAlias, overload

from ocinb.layers.making import basing, configuring
from ocinb.layers.making.basing import Source
from ocinb.layers.making.configured import Configured
from ocinb.layers.making.gathering import Given, gathered
from ocinb.layers.making.members import Member
from ocinb.layers.making.moments import moment, written
from ocinb.layers.making.writing import Compression, write
from ocinb.oci.platform import Platform

File: TypeAlias = "tuple[str, bytes] | tuple[str, bytes, int]"  # path, content, mode

# What the history of a layer says without another word. It is not our own name: the same files
# give the same image, byte for byte, as with ocibuild, whose registry client ours stands in for.
CREATED_BY = "ocibuild"


@dataclass(frozen=True, repr=False)
class Image(Configured):
    """A manifest and the blobs it names, ready to be pushed, and what a new one is built with.

    It begins with `scratch`, `from_` or `from_files`, or with blobs that are there already (`of`).
    Nothing is changed in place: every verb returns a new image. `config` is what it says about
    itself, `manifest` what names all of it. Layers that were added here are kept, compressed, in
    memory or in a temporary file that goes with them; those of a base stay where they are.
    """

    @classmethod
    def scratch(cls, platform: str | Platform = "linux/amd64") -> Self:
        """An image with nothing in it: `Image.scratch().add_layer([("/a", b"hello", 0o644)])`."""
        empty = {
            "created": written(moment()),
            "config": {},
            "rootfs": {"type": "layers", "diff_ids": []},
            "history": [],
        }
        return cls._made(configuring.with_platform(empty, basing.one(platform)), (), (), {})

    @overload
    @classmethod
    def from_(cls, base: Source, *, platform: str | Platform | None = None) -> Self: ...
    @overload
    @classmethod
    def from_(cls, base: Source, *, platforms: Iterable[str | Platform]) -> tuple[Self, ...]: ...
    @classmethod
    def from_(
        cls,
        base: Source,
        *,
        platform: str | Platform | None = None,
        platforms: Iterable[str | Platform] | None = None,
    ) -> Self | tuple[Self, ...]:
        """What `base` is, to build on: `Image.from_(repository["v1"])`, or any image that is here.

        Of an index it is the image for `platform`, by default the one a container engine would run
        on this machine; with `platforms`, one image for each, in their order, for `push_multi`.
        Its config is taken over with all that is in it. Its layers are not fetched: they are
        mounted when the image is pushed to the same registry, and streamed to another one. Its
        annotations are not taken over; `org.opencontainers.image.base.name` and `base.digest` say
        what it was. What docker made becomes an OCI image, of the same layers.

        Raises `InvalidReference` for a platform it does not have, `NotSupported` for what is no
        image, and `InvalidContent` for an image whose config does not agree with its manifest.
        """
        if platforms is not None:
            if platform is not None:
                raise TypeError("either a platform or several platforms")
            return tuple(cls._based(base, each) for each in basing.several(platforms))
        return cls._based(base, None if platform is None else basing.one(platform))

    @classmethod
    def from_files(
        cls,
        folder: str | os.PathLike[str],
        *,
        platform: str | Platform = "linux/amd64",
        owner: str | tuple[int, int] | None = None,
        ignore: Iterable[str] = (),
        compression: Compression = "gzip",
    ) -> Self:
        """An image of one layer: what is in `folder` on this machine is its root; see `copy`."""
        if not os.path.isdir(folder):
            raise NotADirectoryError(f"{os.fspath(folder)} is no folder")
        empty = cls.scratch(platform)
        return empty.copy(folder, "/", owner=owner, ignore=ignore, compression=compression)

    def add_layer(
        self,
        files: Iterable[File],
        *,
        compression: Compression = "gzip",
        level: int | None = None,
        mtime: int | None = None,
        created_by: str = CREATED_BY,
    ) -> Self:
        """The image with one more layer of `files`: `[("/app/run", b"#!/bin/sh\\n…", 0o755), …]`.

        Each has a path, its content, and a mode (0o644 without one); they belong to root. A path
        with a slash behind it is an empty folder. The folders above are written, too, with mode
        0o755: where a base has a link of that name, such as `/bin`, name what it points to.
        `compression` is gzip (always zlib's, with its usual `level`), zstd or none. All files have
        the time `mtime`, by default `SOURCE_DATE_EPOCH` or else now.

        Raises `InvalidContent` for paths that are there twice, have `..` or NUL, are too long, or
        need a folder where a file is, and for modes that are none; `NotSupported` where zstd is not
        installed; `DiskFull` when there is no room for the layer.
        """
        members = list(map(_member, files))
        return self._with_layer(members, compression, level, mtime, created_by)

    def copy(
        self,
        given: Given,
        to: str = "/",
        *,
        mode: int | None = None,
        owner: str | tuple[int, int] | None = None,
        ignore: Iterable[str] = (),
        compression: Compression = "gzip",
        level: int | None = None,
        mtime: int | None = None,
        created_by: str = CREATED_BY,
    ) -> Self:
        """The image with one more layer: files and folders of this machine, or bytes, at `to`.

        * `copy("dist/app", "/usr/bin/app")`, a file: with a slash behind `to`, into that folder;
        * `copy("site", "/srv/www")`, what is in a folder;
        * `copy("dist/**/*.whl", "/wheels")`, what a pattern finds, below its fixed beginning;
        * `copy(["a.txt", "b.txt"], "/data")` and `copy([("x", b"1")], "/data")`, several;
        * `copy(b"welcome", "/etc/motd")`.

        Modes, owners, links (never followed) and file capabilities stay as they are, unless `mode`
        is given for all files or `owner` (`"1000:1000"`, or two numbers) for everything. `ignore`
        are patterns as in a `.gitignore`. All else is as with `add_layer`. Content is read now.

        Raises `FileNotFoundError` where nothing is, and `InvalidContent` for devices, sockets and
        pipes, for what changes while it is read, and where `add_layer` does.
        """
        members = gathered(given, to, mode=mode, owner=_owner(owner), ignore=ignore)
        return self._with_layer(members, compression, level, mtime, created_by)

    @classmethod
    def _based(cls, source: Source, platform: Platform | None) -> Self:
        base = basing.base_of(source, platform)
        config = {**base.config, "created": written(moment())}
        return cls._made(config, base.layers, base.blobs, base.annotations)

    def _with_layer(
        self,
        members: Iterable[Member],
        compression: Compression,
        level: int | None,
        mtime: int | None,
        created_by: str,
    ) -> Self:
        config, now = self._json, moment()
        layer = write(
            members, mtime=now if mtime is None else mtime, compression=compression, level=level
        )
        entry = {
            "created": written(now),
            "created_by": configuring.text(created_by, "who made the layer"),
        }
        there = len(self.manifest.layers)
        config = configuring.with_layer(config, str(layer.diff_id), there, entry)
        return self._changed({**config, "created": written(now)}, more=(layer.blob,))


def _member(given: object) -> Member:
    if not isinstance(given, (tuple, list)) or not 2 <= len(given) <= 3:
        raise TypeError(f"files are given as a list of (path, content, mode), not {given!r:.80}")
    return Member.of(*given)


def _owner(given: str | tuple[int, int] | None) -> tuple[int, int] | None:
    """`"1000:1000"`, `"1000"` for both, or two numbers."""
    if given is None:
        return None
    parts = given.split(":") if isinstance(given, str) else list(given)
    numbers = [int(each) for each in parts if isinstance(each, int) or each.isdigit()]
    if len(numbers) != len(parts) or not 0 < len(parts) <= 2:
        raise ValueError(f"owner is given as numbers, '1000:1000', not as {given!r}")
    return numbers[0], numbers[-1]
