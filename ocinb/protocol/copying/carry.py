"""A whole copy, from what was asked for to what it came to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from ocinb.oci.index import Index
from ocinb.oci.manifest import AnyManifest
from ocinb.oci.platform import Platform
from ocinb.oci.reference import tag_of
from ocinb.protocol.copying.closure import Closure, gather
from ocinb.protocol.copying.copied import Became, Copied, CopyNode, CopyPlan
from ocinb.protocol.copying.origin import Origin
from ocinb.protocol.messages import Conversation
from ocinb.protocol.together import Together, one_by_one

# What puts a closure where it goes, under these tags; or only finds out what that would do.
Put: TypeAlias = Callable[[Closure, tuple[str, ...]], Conversation[Became]]


@dataclass(frozen=True)
class Asked:
    """What is to be copied: the manifest, if it is here already, or what to ask `origin` for.

    `source` is its full reference. With `recursive`, all that speaks of it goes along; when
    `sparse`, it is no error that the source lacks some of what an index names. Of an index,
    `platform` takes one image only.
    """

    origin: Origin
    source: str
    reference: str
    document: AnyManifest | None = None
    recursive: bool = False
    sparse: bool = False
    platform: str | Platform | None = None

    @property
    def tags(self) -> tuple[str, ...]:
        """The tag that it was asked for by, if it was one, or a full name with one."""
        tag = tag_of(self.reference)
        return (tag,) if tag else ()

    def gathered(self, together: Together = one_by_one) -> Conversation[Closure]:
        """All that belongs to it."""
        root = self.document or (yield from self.origin.manifest(self.reference))
        if isinstance(root, Index) and self.platform is not None:
            entry = root.for_platform(self.platform, same_architecture=True)
            root = yield from self.origin.manifest(entry.digest, entry)
        return (
            yield from gather(
                self.origin, root, recursive=self.recursive, sparse=self.sparse, together=together
            )
        )


def copied(
    asked: Asked, target: str, tags: tuple[str, ...], put: Put, together: Together = one_by_one
) -> Conversation[Copied]:
    """Copy it to where `put` puts it, which is called `target`."""
    return Copied(*(yield from _carried(asked, target, tags, put, together)))


def planned(
    asked: Asked, target: str, tags: tuple[str, ...], put: Put, together: Together = one_by_one
) -> Conversation[CopyPlan]:
    """What that would do now; `put` only finds out."""
    return CopyPlan(*(yield from _carried(asked, target, tags, put, together)))


def _carried(
    asked: Asked, target: str, tags: tuple[str, ...], put: Put, together: Together
) -> Conversation[tuple[str, str, tuple[str, ...], tuple[CopyNode, ...], tuple[str, ...]]]:
    """From where to where, its tags, what became of each node, and what else there is to say."""
    closure = yield from asked.gathered(together)
    became = yield from put(closure, tags)
    return asked.source, target, tags, became.told(closure, tags), closure.notes
