"""What belongs to a manifest: what it names, and, if wanted, what speaks of any of it.

What refers to a manifest says so itself: who only is listed by the source, and says otherwise, is
left out (C37). What cosign keeps under a tag made of a digest (`sha256-….sig`) belongs to the
manifest of that digest. Each manifest is taken once, however often it is named: circles end.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal, TypeAlias

from ocinb.errors import DigestMismatch, InvalidContent, NotFound, NotSupported, OcinbError
from ocinb.oci.descriptor import Descriptor
from ocinb.oci.digest import Digest
from ocinb.oci.index import Index
from ocinb.oci.manifest import AnyManifest
from ocinb.protocol.copying.origin import Origin
from ocinb.protocol.messages import Conversation
from ocinb.protocol.pull import DEEPEST, MOST_MANIFEST_BYTES, MOST_MANIFESTS, all_blobs
from ocinb.protocol.together import Together, one_by_one
from ocinb.text import human_size, visible

# Why a manifest belongs to a copy: it was asked for; an index names it; it names a subject itself;
# or it is under cosign's tag for a digest.
Why: TypeAlias = Literal["asked for", "named", "refers", "tagged"]

FARTHEST = 2 * DEEPEST  # steps from what was asked for: indexes in indexes, referrers of referrers
SUFFIXES = ("sig", "att", "sbom")  # of cosign's tags, where tags are not listed
_DIGEST_TAG = re.compile(r"([a-z0-9]+-[0-9a-f]{32,})\.[A-Za-z0-9._-]+", re.ASCII)
_UNREADABLE = (NotFound, InvalidContent, DigestMismatch, NotSupported)


@dataclass(frozen=True)
class Node:
    """One manifest, why it belongs to the copy, `of` which other one, and the tags it brings."""

    document: AnyManifest
    why: Why
    of: Digest | None = None
    tags: tuple[str, ...] = ()

    @property
    def needs(self) -> tuple[Digest, ...]:
        """The manifests that are to be there before it: its children, and its subject."""
        document = self.document
        named = [each.digest for each in document.children] if isinstance(document, Index) else []
        return (*named, *((document.subject.digest,) if document.subject else ()))


@dataclass(frozen=True)
class Absent:
    """A manifest that was announced, and does not come along: `reason` says why."""

    descriptor: Descriptor
    why: Why
    of: Digest
    reason: str


@dataclass(frozen=True)
class Closure:
    """What belongs to `root`, which is the first of the `nodes`, and what of it is `absent`.

    `notes` say where a source could not list all that speaks of something.
    """

    nodes: tuple[Node, ...]
    absent: tuple[Absent, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def root(self) -> Node:
        """What was asked for."""
        return self.nodes[0]

    @property
    def blobs(self) -> tuple[Descriptor, ...]:
        """Every config, layer and blob, each digest once."""
        return all_blobs(node.document for node in self.nodes)

    @cached_property
    def needed(self) -> frozenset[Digest]:
        """The manifests here that others here need."""
        return frozenset(digest for node in self.nodes for digest in node.needs)

    @property
    def levels(self) -> Iterator[tuple[Node, ...]]:
        """The nodes in the order they are put: those of one level do not need each other."""
        nodes = {node.document.digest: node for node in self.nodes}
        missing, users = dict.fromkeys(nodes, 0), defaultdict[Digest, list[Digest]](list)
        for digest, node in nodes.items():
            for needed in nodes.keys() & node.needs:
                missing[digest] += 1
                users[needed].append(digest)
        ready = {digest for digest, count in missing.items() if not count}
        order, left = {digest: at for at, digest in enumerate(nodes)}, len(nodes)
        while ready:
            level = sorted(ready, key=order.__getitem__)
            yield tuple(nodes[digest] for digest in level)
            ready, left = set(), left - len(level)
            for user in (user for digest in level for user in users[digest]):
                missing[user] -= 1
                if not missing[user]:
                    ready.add(user)
        if left:  # a manifest's digest depends on those it names: no registry can do this
            raise InvalidContent("these manifests name each other in a circle")


@dataclass(frozen=True)
class _Claim:
    """Somebody says that a manifest belongs to another one."""

    descriptor: Descriptor
    why: Why
    of: Digest
    tag: str = ""

    def holds(self, document: AnyManifest) -> bool:
        """Whether the manifest itself agrees, where that is for it to say."""
        if self.why != "refers":
            return True
        return document.subject is not None and document.subject.digest == self.of


def gather(
    origin: Origin,
    root: AnyManifest,
    *,
    recursive: bool = False,
    sparse: bool = False,
    together: Together = one_by_one,
) -> Conversation[Closure]:
    """All that belongs to `root`: what it names, and with `recursive` what speaks of any of that.

    Raises `NotFound` when `origin` does not have what an index names, unless it is to be `sparse`,
    and `InvalidContent` for more than there may be.
    """
    gathering = _Gathering(origin, sparse)
    gathering.take(_Claim(root.descriptor, "asked for", root.digest), root)
    tags = (yield from _digest_tags(origin)) if recursive else {}
    wave: Sequence[AnyManifest] = [root]
    for _ in range(FARTHEST):
        claims = [claim for each in wave for claim in _named(each)]
        if recursive:
            found = yield from together(gathering.speaking_of(each.digest, tags) for each in wave)
            claims += [claim for some in found for claim in some]
        wave = yield from gathering.fetch(claims, together)
        if not wave:
            return gathering.closure()
    raise InvalidContent(
        f"{root.digest.short} has manifests more than {FARTHEST} steps away, from one that names "
        "or speaks of another to the next"
    )


@dataclass
class _Gathering:
    """What was found so far."""

    origin: Origin
    sparse: bool
    nodes: dict[Digest, Node] = field(default_factory=dict)
    tags: dict[Digest, dict[str, None]] = field(default_factory=dict)
    absent: dict[tuple[Digest, Digest], Absent] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    size: int = 0

    def take(self, claim: _Claim, document: AnyManifest) -> None:
        """Have one more manifest."""
        of = claim.of if claim.why != "asked for" else None
        self.nodes[document.digest] = Node(document, claim.why, of)
        self.size += document.size

    def speaking_of(
        self, subject: Digest, tags: dict[str, list[str]] | None
    ) -> Conversation[list[_Claim]]:
        """What is said to speak of a manifest."""
        listed = yield from self.origin.referrers(subject)
        if not listed.complete:
            self.notes.append(f"there may be more that refers to {subject.short}: {listed.note}")
        found = [_Claim(each, "refers", subject) for each in listed]
        prefix = f"{subject.algorithm}-{subject.encoded}"
        usual = [f"{prefix}.{suffix}" for suffix in SUFFIXES if len(prefix) < 120]
        for tag in usual if tags is None else tags.get(prefix, ()):
            there = yield from self.origin.head(tag)
            if there is not None:
                found.append(_Claim(there, "tagged", subject, tag))
        return found

    def fetch(
        self, claims: Iterable[_Claim], together: Together
    ) -> Conversation[Sequence[AnyManifest]]:
        """Fetch those manifests that are new, each once; returns them."""
        wanted: dict[Digest, list[_Claim]] = {}
        for claim in claims:
            digest = claim.descriptor.digest
            if claim.tag:
                self.tags.setdefault(digest, {})[claim.tag] = None
            if digest not in self.nodes:
                wanted.setdefault(digest, []).append(claim)
        self._check(wanted)
        found = yield from together(_fetched(self.origin, each[0]) for each in wanted.values())
        fresh = []
        for claimed, document in zip(wanted.values(), found, strict=True):
            if isinstance(document, OcinbError):
                self._miss(claimed, document)
            elif self._believed(claimed, document):
                fresh.append(document)
        return fresh

    def closure(self) -> Closure:
        """All of it."""
        nodes = (
            Node(node.document, node.why, node.of, tuple(self.tags.get(digest, ())))
            for digest, node in self.nodes.items()
        )
        absent = (each for key, each in self.absent.items() if key[0] not in self.nodes)
        return Closure(tuple(nodes), tuple(absent), tuple(self.notes))

    def _check(self, wanted: dict[Digest, list[_Claim]]) -> None:
        """Stop before there is more than there may be (K-26)."""
        count = len(self.nodes) + len(wanted)
        size = self.size + sum(each[0].descriptor.size for each in wanted.values())
        if count > MOST_MANIFESTS or size > MOST_MANIFEST_BYTES:
            raise InvalidContent(
                f"there are more than {MOST_MANIFESTS:,} manifests to copy, or manifests of more "
                f"than {human_size(MOST_MANIFEST_BYTES)} in all"
            )

    def _believed(self, claims: list[_Claim], document: AnyManifest) -> bool:
        """Take the manifest for the first claim that holds; whether there is one."""
        for claim in claims:
            if claim.holds(document):
                self.take(claim, document)
                return True
            self._leave(claim, "it is listed as referring to this, and does not say so itself")
        return False

    def _miss(self, claims: list[_Claim], error: OcinbError) -> None:
        """Somebody named what cannot be had."""
        for claim in claims:
            if claim.why == "named" and not (self.sparse and isinstance(error, NotFound)):
                if isinstance(error, NotFound):
                    error.hint(
                        f"the index {claim.of.short} names it, and the source does not have it: "
                        "sparse=True copies the rest"
                    )
                raise error
            self._leave(claim, str(error))

    def _leave(self, claim: _Claim, reason: str) -> None:
        digest = claim.descriptor.digest
        self.absent[digest, claim.of] = Absent(
            claim.descriptor, claim.why, claim.of, visible(reason, 300)
        )


def _named(document: AnyManifest) -> list[_Claim]:
    """What an index names; the blobs of others are none of this."""
    if not isinstance(document, Index):
        return []
    return [_Claim(each, "named", document.digest) for each in document.children]


def _fetched(origin: Origin, claim: _Claim) -> Conversation[AnyManifest | OcinbError]:
    """The manifest, or why there is none that could be read."""
    try:
        return (yield from origin.manifest(claim.descriptor.digest, claim.descriptor))
    except _UNREADABLE as error:
        return error


def _digest_tags(origin: Origin) -> Conversation[dict[str, list[str]] | None]:
    """The tags that are made of digests, by the part that is; None where tags are not listed."""
    listed = yield from origin.tags()
    if listed is None:
        return None
    found: dict[str, list[str]] = {}
    for tag in listed:
        match = _DIGEST_TAG.fullmatch(tag)
        if match:
            found.setdefault(match[1], []).append(tag)
    return found
