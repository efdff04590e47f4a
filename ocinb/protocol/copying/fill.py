"""Putting what was gathered on a shelf, such as a layout: blobs, then manifests, the root last."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

from ocinb.oci.descriptor import Descriptor
from ocinb.oci.digest import Digest
from ocinb.protocol.copying.closure import Closure, Node
from ocinb.protocol.copying.copied import Became, CopyBlob
from ocinb.protocol.copying.origin import Origin
from ocinb.protocol.events import LeftOut, Observer, Planned, nobody
from ocinb.protocol.messages import Conversation, Sink
from ocinb.protocol.pull import BlobShelf, Shelf
from ocinb.protocol.together import Together, Turn, at_once, one_by_one


def fill(
    closure: Closure,
    tags: tuple[str, ...],
    shelf: Shelf,
    points_to: Callable[[str], Descriptor | None],
    origin: Origin,
    announce: Observer = nobody,
    *,
    together: Together = one_by_one,
    turn: Turn = at_once,
) -> Conversation[Became]:
    """Put all of `closure` on `shelf`, and give its root `tags`.

    What refers to something is shown, so that it is found without it; what only an index names is
    kept. `points_to` says what a name, a tag or a digest, stands for there before.
    """
    shelf.expect(closure.blobs)
    announce(Planned(closure.blobs))
    done = yield from together(_blob(each, shelf, origin, announce, turn) for each in closure.blobs)
    became = Became({}, {each.descriptor.digest: each for each in done})
    digests = (node.document.digest for node in closure.nodes)
    there = {digest for digest in digests if points_to(digest) is not None}
    for node in _root_last(closure):
        _show(node, tags if node is closure.root else (), shelf, points_to, became, there)
    return became


def planned(
    closure: Closure,
    tags: tuple[str, ...],
    has: Callable[[Descriptor], bool],
    points_to: Callable[[str], Descriptor | None],
    origin: Origin,
) -> Conversation[Became]:
    """What that would do; nothing is written."""
    became = Became({}, {})
    for blob in closure.blobs:
        became.blobs[blob.digest] = yield from _planned(blob, has, origin)
    for node in closure.nodes:
        became.say(node, "existed" if points_to(node.document.digest) else "copied")
    new = tuple(tag for tag in tags if not _is_at(tag, closure.root, points_to))
    became.note_tags(closure.root, new)
    return became


def _planned(
    blob: Descriptor, has: Callable[[Descriptor], bool], origin: Origin
) -> Conversation[CopyBlob]:
    if has(blob):
        return CopyBlob(blob, "existed")
    if blob.lives_elsewhere and not (yield from origin.has_blob(blob)):
        return CopyBlob(blob, "left out")
    return CopyBlob(blob, "sent")


def _blob(
    blob: Descriptor, shelf: Shelf, origin: Origin, announce: Observer, turn: Turn
) -> Conversation[CopyBlob]:
    noted = _Noted(shelf)

    def listen(event: object) -> None:
        noted.left_out = noted.left_out or isinstance(event, LeftOut)
        announce(event)  # type: ignore[arg-type]  # whatever it is

    yield from origin.fetch(blob, noted, listen, turn)
    if noted.left_out:
        return CopyBlob(blob, "left out")
    return CopyBlob(blob, "existed" if noted.had else "sent")


class _Noted:
    """A shelf of which one notes whether it had a blob."""

    def __init__(self, shelf: BlobShelf) -> None:
        self._shelf, self.had, self.left_out = shelf, False, False

    def has(self, blob: Descriptor) -> bool:
        self.had = self._shelf.has(blob)
        return self.had

    def place(self, blob: Descriptor) -> AbstractContextManager[Sink]:
        return self._shelf.place(blob)


def _root_last(closure: Closure) -> Iterator[Node]:
    """The nodes as they need each other, but what was asked for when all else is there."""
    for level in closure.levels:
        yield from (node for node in level if node is not closure.root)
    yield closure.root


def _show(
    node: Node,
    tags: tuple[str, ...],
    shelf: Shelf,
    points_to: Callable[[str], Descriptor | None],
    became: Became,
    there: set[Digest],
) -> None:
    """Put one manifest, under its tags; what a tag of cosign's has there is kept."""
    kept = [tag for tag in node.tags if not _is_free(tag, node, points_to)]
    fresh = [tag for tag in (*tags, *node.tags) if tag not in kept]
    outcome = "existed" if node.document.digest in there else "copied"
    note = f"{', '.join(kept)} there is something else, and is kept" if kept else ""
    if kept and not fresh and node.why == "tagged":
        became.say(node, "left out", note)
        return
    new = tuple(tag for tag in fresh if not _is_at(tag, node, points_to))
    for tag in fresh:
        shelf.show(node.document, tag)
    if not fresh and node.why == "named" and not node.document.subject:
        shelf.keep(node.document)
    elif not fresh:
        shelf.show(node.document, None)
    became.say(node, outcome, note)  # type: ignore[arg-type]  # one of them
    became.note_tags(node, new if not note else ())


def _is_at(tag: str, node: Node, points_to: Callable[[str], Descriptor | None]) -> bool:
    found = points_to(tag)
    return found is not None and found.digest == node.document.digest


def _is_free(tag: str, node: Node, points_to: Callable[[str], Descriptor | None]) -> bool:
    return points_to(tag) is None or _is_at(tag, node, points_to)
