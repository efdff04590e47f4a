"""What was gathered as content that can be saved: images and indexes with their blobs."""

from __future__ import annotations

from collections.abc import Iterator

from ocinb.oci.digest import Digest
from ocinb.oci.image import Content, Image, ImageIndex
from ocinb.oci.index import Index
from ocinb.oci.manifest import AnyManifest
from ocinb.protocol.copying.closure import Closure
from ocinb.protocol.copying.origin import Origin
from ocinb.protocol.messages import Conversation


def contents(
    closure: Closure, tags: tuple[str, ...], origin: Origin
) -> Conversation[list[tuple[Content, tuple[str, ...]]]]:
    """The root with its `tags`, and all that speaks of something with its own, if it has any.

    Blobs are read from `origin` when somebody reads them. What lives elsewhere is left out where
    that does not have it.
    """
    nowhere: set[Digest] = set()
    for blob in closure.blobs:
        if blob.lives_elsewhere and not (yield from origin.has_blob(blob)):
            nowhere.add(blob.digest)
    documents = {node.document.digest: node.document for node in closure.nodes}
    done: dict[Digest, Content] = {}

    def made(document: AnyManifest) -> Content:
        if document.digest not in done:
            done[document.digest] = make(document)
        return done[document.digest]

    def make(document: AnyManifest) -> Content:
        if isinstance(document, Index):
            named = dict.fromkeys(each.digest for each in document.children)
            return ImageIndex(document, tuple(made(documents[d]) for d in named if d in documents))
        here = (each for each in document.children if each.digest not in nowhere)
        return Image(document, tuple(map(origin.blob, here)))

    def found() -> Iterator[tuple[Content, tuple[str, ...]]]:
        yield made(closure.root.document), (*tags, *closure.root.tags)
        for node in closure.nodes[1:]:
            if node.why != "named" or node.tags or node.document.subject:
                yield made(node.document), node.tags

    return list(found())
