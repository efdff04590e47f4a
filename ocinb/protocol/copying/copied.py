"""What a copy is going to be, and what it came to: manifest by manifest, with their blobs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from ocinb.drawable import Drawable
from ocinb.oci.descriptor import Descriptor
from ocinb.oci.digest import Digest
from ocinb.oci.fallback import entry_of
from ocinb.oci.index import Index
from ocinb.protocol.copying.closure import Absent, Closure, Node, Why
from ocinb.protocol.push import Outcome, Pushed
from ocinb.text import human_size, visible

# What became, or is going to become, of a manifest; "merged" is a tag of cosign's that now has what
# was there and what was copied.
NodeOutcome: TypeAlias = Literal["copied", "existed", "merged", "left out"]
BlobOutcome: TypeAlias = Literal["sent", "mounted", "existed", "left out"]

_PUSHED: Mapping[str, Outcome] = {"sent": "uploaded", "mounted": "mounted", "existed": "existed"}


@dataclass(frozen=True)
class CopyBlob:
    """A blob and what becomes of it; a mounted one comes from the repository `source`."""

    descriptor: Descriptor
    outcome: BlobOutcome
    source: str = ""


@dataclass(frozen=True)
class CopyNode(Drawable):
    """A manifest, why it belongs to the copy, what becomes of it, and the blobs it names first.

    `why` it is there: it was "asked for"; `of` is the index it is "named" by, the manifest it
    "refers" to, or the one whose digest is in the tag that it is "tagged" with, as cosign does.
    `note` says why something is left out.
    """

    descriptor: Descriptor
    why: Why
    of: Digest | None
    outcome: NodeOutcome
    tags: tuple[str, ...] = ()
    blobs: tuple[CopyBlob, ...] = ()
    note: str = ""

    @property
    def size(self) -> int:
        """Bytes of the manifest, and of its blobs."""
        return self.descriptor.size + sum(each.descriptor.size for each in self.blobs)

    @property
    def bytes_sent(self) -> int:
        """Bytes of blobs that have to be sent."""
        return sum(each.descriptor.size for each in self.blobs if each.outcome == "sent")

    def __repr__(self) -> str:
        what = f"{self.descriptor.digest.short} {self.outcome}"
        return f"<CopyNode {what}, {len(self.blobs)} blobs, {human_size(self.bytes_sent)} to send>"


@dataclass(frozen=True)
class _Copying:
    """From where to where, and all there is to it; the first of the `nodes` was asked for.

    `notes` say where the source could not list all that refers to something.
    """

    source: str
    target: str
    tags: tuple[str, ...]
    nodes: tuple[CopyNode, ...]
    notes: tuple[str, ...] = ()

    @property
    def descriptor(self) -> Descriptor:
        """What was asked for."""
        return self.nodes[0].descriptor

    @property
    def digest(self) -> Digest:
        """The digest of what was asked for."""
        return self.descriptor.digest

    @property
    def left_out(self) -> tuple[CopyNode, ...]:
        """The manifests that do not come along; each says why."""
        return tuple(node for node in self.nodes if node.outcome == "left out")

    @property
    def blobs(self) -> tuple[CopyBlob, ...]:
        """All blobs, each digest once."""
        return tuple(blob for node in self.nodes for blob in node.blobs)

    @property
    def bytes_sent(self) -> int:
        """Bytes of blobs that are sent, which does not include what is mounted or there already."""
        return sum(node.bytes_sent for node in self.nodes)

    def __iter__(self) -> Iterator[CopyNode]:
        return iter(self.nodes)

    def __len__(self) -> int:
        return len(self.nodes)

    def __getitem__(self, position: int) -> CopyNode:
        return self.nodes[position]

    def _counts(self, outcomes: Iterable[str]) -> str:
        counted = [each.outcome for each in self.nodes]
        return ", ".join(f"{counted.count(each)} {each}" for each in outcomes if each in counted)


@dataclass(frozen=True)
class Copied(_Copying, Drawable):
    """What a copy came to: each manifest, each blob, and what was left out and why."""

    @property
    def pushed(self) -> Pushed:
        """The same as what a push tells."""
        became = ((each.descriptor, _PUSHED[each.outcome]) for each in self.blobs
                  if each.outcome in _PUSHED)  # fmt: skip
        return Pushed(self.descriptor, self.tags, tuple(became))

    def __repr__(self) -> str:
        said = self._counts(("copied", "merged", "existed", "left out"))
        sent = f"{human_size(self.bytes_sent)} of blobs sent"
        return f"<Copied {self.digest.short} to {visible(self.target, 200)}: {said}, {sent}>"


@dataclass(frozen=True)
class CopyPlan(_Copying, Drawable):
    """What a copy would do now. Nothing was written; a registry may still refuse to mount."""

    def __repr__(self) -> str:
        said = self._counts(("copied", "merged", "existed", "left out"))
        sent = f"{human_size(self.bytes_sent)} of blobs to send"
        return f"<CopyPlan {self.digest.short} to {visible(self.target, 200)}: {said}, {sent}>"


@dataclass(frozen=True)
class Became:
    """What became of the manifests and blobs of a closure."""

    nodes: dict[Digest, tuple[NodeOutcome, str]]
    blobs: dict[Digest, CopyBlob]

    def say(self, node: Node, outcome: NodeOutcome, note: str = "") -> None:
        """What became of `node`; of one that was copied, it stays so, whatever its tags say."""
        before = self.nodes.get(node.document.digest)
        if before is not None and before[0] == "copied" and outcome in ("existed", "left out"):
            outcome = before[0]
        self.nodes[node.document.digest] = outcome, note

    def note_tags(self, root: Node, tags: Iterable[str]) -> None:
        """The root was there, and these tags are new to it."""
        outcome, _ = self.nodes[root.document.digest]
        if outcome == "existed" and tags:
            self.nodes[root.document.digest] = outcome, f"now under {', '.join(tags)}"

    def told(self, closure: Closure, tags: tuple[str, ...]) -> tuple[CopyNode, ...]:
        """The same manifest by manifest: what was asked for first, what is absent last."""
        blobs = dict(self.blobs)
        told = [self._told(node, tags if node is closure.root else (), blobs)
                for node in closure.nodes]  # fmt: skip
        return (*told, *map(_absent, closure.absent))

    def _told(self, node: Node, tags: tuple[str, ...], blobs: dict[Digest, CopyBlob]) -> CopyNode:
        document = node.document
        named = () if isinstance(document, Index) else document.children
        first = [blobs.pop(each.digest) for each in named if each.digest in blobs]
        outcome, note = self.nodes[document.digest]
        return CopyNode(
            replace(entry_of(document), annotations={}),
            node.why,
            node.of,
            outcome,
            (*tags, *node.tags),
            tuple(first),
            note,
        )


def _absent(absent: Absent) -> CopyNode:
    bare = replace(absent.descriptor, annotations={}, data=None)
    return CopyNode(bare, absent.why, absent.of, "left out", note=absent.reason)
