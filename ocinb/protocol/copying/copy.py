"""Putting what was gathered into a registry: blobs, then manifests as they need each other, then
tags, so that nobody finds a tag before all that belongs to it is there."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from ocinb.errors import NotFound, RegistryError
from ocinb.oci.descriptor import Descriptor
from ocinb.oci.digest import Digest
from ocinb.protocol.copying.closure import Closure, Node
from ocinb.protocol.copying.copied import Became, CopyBlob, NodeOutcome
from ocinb.protocol.copying.merging import put_kept_tag, together_with
from ocinb.protocol.copying.origin import Origin
from ocinb.protocol.events import LeftOut, Observer, Planned, nobody
from ocinb.protocol.fetch import HEAD_REFUSED, get_manifest, has_blob, head_manifest
from ocinb.protocol.messages import Conversation
from ocinb.protocol.push import MountFrom, push_blob, put_manifest, put_root
from ocinb.protocol.referring.referrers import list_referrers
from ocinb.protocol.referring.referrers_api import ReferrersApi
from ocinb.protocol.tagging import Tagging
from ocinb.protocol.together import Together, Turn, at_once, one_by_one


@dataclass
class Arrival:
    """The repository `name` that content is copied to, and how."""

    name: str
    origin: Origin
    announce: Observer = nobody
    mount_from: MountFrom = field(default=lambda blob: "")
    chunk_size: int | None = None
    together: Together = one_by_one
    turn: Turn = at_once
    tagging: Tagging | None = None
    api: ReferrersApi | None = None

    def copy(self, closure: Closure, tags: tuple[str, ...]) -> Conversation[Became]:
        """Put all of `closure`, and give its root `tags`; by digest alone without any.

        What is there already is not sent. A manifest that refers to another one is put after that;
        where the registry has no list of referrers, the referrers tag is kept.
        """
        self.announce(Planned(closure.blobs))
        blobs = yield from self.together(self._blob(each) for each in closure.blobs)
        became = Became({}, {each.descriptor.digest: each for each in blobs})
        at_last = _at_last(closure, tags)
        for level in closure.levels:
            yield from self._level([node for node in level if node not in at_last], became)
        for node in closure.nodes:
            for tag in node.tags:
                yield from self._kept_tag(node, tag, became)
        if tags:
            yield from self._tagged(closure.root, tags, became)
        return became

    def plan(self, closure: Closure, tags: tuple[str, ...]) -> Conversation[Became]:
        """What that would do, as far as asking tells; nothing is written."""
        blobs = yield from self.together(self._planned(each) for each in closure.blobs)
        became = Became({}, {each.descriptor.digest: each for each in blobs})
        there = yield from self.together(self._is_there(node) for node in closure.nodes)
        known: dict[Digest, frozenset[Digest]] = {}
        for node, is_there in zip(closure.nodes, there, strict=True):
            whole = is_there and (yield from self._is_listed(node, known))
            became.say(node, "existed" if whole else "copied")
            for tag in node.tags:
                yield from self._planned_tag(node, tag, became)
        left = yield from self._elsewhere(closure.root, tags, became)
        became.note_tags(closure.root, left)
        return became

    def _blob(self, blob: Descriptor) -> Conversation[CopyBlob]:
        """Have one blob; what lives elsewhere is left out where nobody has it (K-5)."""
        if blob.lives_elsewhere and (yield from self._is_nowhere(blob)):
            self.announce(LeftOut(blob.digest, blob.size))
            return CopyBlob(blob, "left out")
        whole = self.origin.blob(blob)
        source = self.mount_from(whole)
        outcome = yield from push_blob(
            self.name,
            whole,
            self.announce,
            mount_from=source,
            chunk_size=self.chunk_size,
            turn=self.turn,
        )
        if outcome == "mounted":
            return CopyBlob(blob, "mounted", source)
        return CopyBlob(blob, "sent" if outcome == "uploaded" else "existed")

    def _is_nowhere(self, blob: Descriptor) -> Conversation[bool]:
        if (yield from has_blob(self.name, blob.digest)):
            return False
        return not (yield from self.origin.has_blob(blob))

    def _planned(self, blob: Descriptor) -> Conversation[CopyBlob]:
        if (yield from has_blob(self.name, blob.digest)):
            return CopyBlob(blob, "existed")
        if blob.lives_elsewhere and not (yield from self.origin.has_blob(blob)):
            return CopyBlob(blob, "left out")
        source = self.mount_from(self.origin.blob(blob))
        return CopyBlob(blob, "mounted", source) if source else CopyBlob(blob, "sent")

    def _level(self, level: Iterable[Node], became: Became) -> Conversation[None]:
        """Put manifests that do not need each other; those with a subject one after the other,
        since two of them may have to be written to the same referrers tag."""
        known: dict[Digest, frozenset[Digest]] = {}
        others = [node for node in level if not node.document.subject]
        done = yield from self.together(self._put(node, known) for node in others)
        for node, outcome in zip(others, done, strict=True):
            became.say(node, outcome)
        for node in level:
            if node.document.subject:
                became.say(node, (yield from self._put(node, known)))

    def _put(self, node: Node, known: dict[Digest, frozenset[Digest]]) -> Conversation[NodeOutcome]:
        """Put a manifest, unless it is there, and found by its subject if it has one."""
        if (yield from self._is_there(node)) and (yield from self._is_listed(node, known)):
            return "existed"
        yield from put_manifest(self.name, node.document, node.document.digest)
        return "copied"

    def _kept_tag(self, node: Node, tag: str, became: Became) -> Conversation[None]:
        outcome, note = yield from put_kept_tag(
            self.name, node.document, tag, self.origin.blob, self.announce
        )
        became.say(node, outcome, note)

    def _planned_tag(self, node: Node, tag: str, became: Became) -> Conversation[None]:
        """What is to be under one of cosign's tags, which may have something else now."""
        at = yield from self._pointed_to(tag)
        if at is None or at == node.document.digest:
            return
        found = yield from get_manifest(self.name, at)
        wanted, config = together_with(found, node.document, tag, self.origin.blob)
        if config is not None:
            became.say(node, "merged", "with what the target has under this tag")
        elif wanted is None:
            became.say(node, "existed", "the target keeps what it has under this tag")

    def _is_there(self, node: Node) -> Conversation[bool]:
        return (yield from self._pointed_to(node.document.digest)) is not None

    def _pointed_to(self, reference: str) -> Conversation[Digest | None]:
        """The manifest that is there; None, too, where the registry refuses to say."""
        try:
            found = yield from head_manifest(self.name, reference)
        except RegistryError as no:
            if isinstance(no, NotFound) or no.status in HEAD_REFUSED:
                return None
            raise
        return found.digest if found else None

    def _is_listed(self, node: Node, known: dict[Digest, frozenset[Digest]]) -> Conversation[bool]:
        """Whether who looks for what refers to its subject finds it; `known` are such lists."""
        subject = node.document.subject
        if subject is None:
            return True
        if subject.digest not in known:
            found = yield from list_referrers(self.name, subject.digest, api=self.api)
            known[subject.digest] = frozenset(each.digest for each in found)
        return node.document.digest in known[subject.digest]

    def _tagged(self, root: Node, tags: tuple[str, ...], became: Became) -> Conversation[None]:
        """Put the root under those of its tags that do not point to it yet."""
        if root.document.digest not in became.nodes:
            whole = (yield from self._is_there(root)) and (yield from self._is_listed(root, {}))
            became.say(root, "existed" if whole else "copied")
        left = yield from self._elsewhere(root, tags, became)
        if left:
            yield from put_root(self.name, root.document, left, self.tagging)
            became.note_tags(root, left)

    def _elsewhere(
        self, root: Node, tags: tuple[str, ...], became: Became
    ) -> Conversation[tuple[str, ...]]:
        """Those of `tags` that are to be pointed to the root."""
        if became.nodes[root.document.digest][0] != "existed":
            return tags
        found = yield from self.together(self._pointed_to(tag) for tag in tags)
        return tuple(tag for tag, at in zip(tags, found, strict=True) if at != root.document.digest)


def _at_last(closure: Closure, tags: tuple[str, ...]) -> frozenset[Node]:
    """The nodes that are only put under their tags, when all they belong to is there."""
    return frozenset(
        node
        for node in closure.nodes
        if node.document.digest not in closure.needed
        and ((tags and node is closure.root) or (node.tags and not node.document.subject))
    )
