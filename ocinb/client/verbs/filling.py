"""Copying into a layout: what `Repository.copy` does, where nobody answers at the other end."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import closing

from ocinb.client.moving import transfer
from ocinb.client.moving.shelves import LayoutShelf
from ocinb.client.moving.tally import Tally
from ocinb.client.remote import Remote
from ocinb.client.source import Wanted
from ocinb.client.verbs.conversing import watched
from ocinb.client.verbs.copying import the_asked
from ocinb.client.verbs.origins import Asking
from ocinb.oci.descriptor import Descriptor
from ocinb.oci.digest import Digest
from ocinb.oci.platform import Platform
from ocinb.protocol.copying import carry, fill
from ocinb.protocol.copying.carry import Asked
from ocinb.protocol.copying.closure import Closure
from ocinb.protocol.copying.copied import Became, Copied, CopyPlan
from ocinb.protocol.events import Observer
from ocinb.protocol.messages import Conversation
from ocinb.protocol.stepper import Stepper
from ocinb.protocol.together import Together, one_by_one
from ocinb.storage.layout import Layout
from ocinb.text import short_path


class Filling(ABC):
    """Content comes into a layout from anywhere, byte for byte."""

    @abstractmethod
    def _filled(self) -> Layout:
        """The layout that it comes into; raises `NotSupported` where nothing can be written."""

    def copy(
        self,
        source: Remote,
        *tags: str,
        recursive: bool = False,
        sparse: bool = False,
        platform: str | Platform | None = None,
        progress: Wanted = None,
    ) -> Copied:
        """Copy what a tag or digest stands for elsewhere into this layout, with all it names.

        It is as `Repository.copy`: blobs that are here, and right, are not read there, and each
        referrer is listed in `index.json`, where other tools look for it. A tag of cosign's that
        has something else here keeps that, and ours is left out. The layout is valid at any time.
        Raises `DiskFull` when there is no room, before any blob is read, and `NotSupported` for an
        archive, which nothing is put into: `save` writes a new one.
        """
        layout, end = self._filled(), Asking(source)
        asked = the_asked(source, recursive=recursive, sparse=sparse, platform=platform)
        named = transfer.the_tags(tags or asked.tags)
        tally = Tally(os.path.realpath(layout.path), end.emit)
        put = _filling(layout, asked, tally.announce, end.together, tally)
        place = short_path(layout.path)
        with (
            watched(progress, f"Copy {asked.source} to {place}"),
            tally.said("copy again: nothing is fetched twice", layout.has_begun),
            closing(end.converse(carry.copied(asked, place, named, put, end.together))) as steps,
        ):
            return steps.finish()

    def copy_steps(
        self,
        source: Remote,
        *tags: str,
        recursive: bool = False,
        sparse: bool = False,
        platform: str | Platform | None = None,
    ) -> Stepper[Copied]:
        """The same, one request at a time, as far as there are any; `.finish()` does the rest."""
        layout, end = self._filled(), Asking(source)
        asked = the_asked(source, recursive=recursive, sparse=sparse, platform=platform)
        named = transfer.the_tags(tags or asked.tags)
        put = _filling(layout, asked, end.emit, one_by_one)
        return end.converse(carry.copied(asked, short_path(layout.path), named, put))

    def plan_copy(
        self,
        source: Remote,
        *tags: str,
        recursive: bool = False,
        sparse: bool = False,
        platform: str | Platform | None = None,
        progress: Wanted = None,
    ) -> CopyPlan:
        """What `copy` would do now; only the source is asked, and nothing is written."""
        layout, end = self._filled(), Asking(source)
        asked = the_asked(source, recursive=recursive, sparse=sparse, platform=platform)
        place = short_path(layout.path)
        named, put = transfer.the_tags(tags or asked.tags), _planning(layout, asked)
        with watched(progress, f"Plan to copy {asked.source} to {place}"):
            return end.converse(carry.planned(asked, place, named, put, end.together)).finish()

    def plan_copy_steps(
        self,
        source: Remote,
        *tags: str,
        recursive: bool = False,
        sparse: bool = False,
        platform: str | Platform | None = None,
    ) -> Stepper[CopyPlan]:
        """The same, one request at a time, as far as there are any."""
        layout, end = self._filled(), Asking(source)
        asked = the_asked(source, recursive=recursive, sparse=sparse, platform=platform)
        named, put = transfer.the_tags(tags or asked.tags), _planning(layout, asked)
        return end.converse(carry.planned(asked, short_path(layout.path), named, put))


def _filling(
    layout: Layout,
    asked: Asked,
    announce: Observer,
    together: Together,
    tally: Tally | None = None,
) -> Callable[[Closure, tuple[str, ...]], Conversation[Became]]:
    def put(closure: Closure, tags: tuple[str, ...]) -> Conversation[Became]:
        turn = {"turn": tally.turn} if tally else {}
        shelf, points_to = LayoutShelf(layout), _points_to(layout)
        return fill.fill(
            closure, tags, shelf, points_to, asked.origin, announce, together=together, **turn
        )

    return put


def _planning(
    layout: Layout, asked: Asked
) -> Callable[[Closure, tuple[str, ...]], Conversation[Became]]:
    def put(closure: Closure, tags: tuple[str, ...]) -> Conversation[Became]:
        has, points_to = LayoutShelf(layout).has, _points_to(layout)
        return fill.planned(closure, tags, has, points_to, asked.origin)

    return put


def _points_to(layout: Layout) -> Callable[[str], Descriptor | None]:
    """What a tag, or a digest, stands for in a layout."""

    def find(reference: str) -> Descriptor | None:
        if ":" in reference:
            return layout.manifest(Digest(reference))
        return layout.resolve(reference)

    return find
