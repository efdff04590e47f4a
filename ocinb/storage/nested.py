"""Manifests that only other manifests name: those that are listed in indexes, and in those."""

from __future__ import annotations

from collections.abc import Iterable, MutableMapping

from ocinb.errors import OcinbError
from ocinb.oci import media_types
from ocinb.oci.descriptor import Descriptor
from ocinb.oci.digest import Digest
from ocinb.oci.manifest import parse_manifest
from ocinb.storage.store import Readable, read

_DEEPEST = 8  # indexes within indexes

Children = MutableMapping[Digest, tuple[Descriptor, ...]]  # of indexes that were read before


def below(
    store: Readable, manifests: Iterable[Descriptor], known: Children
) -> dict[Digest, Descriptor]:
    """What indexes among `manifests` name, and what the indexes among that do, by digest.

    It need not be in `store`. What was read stands in `known` from then on.
    """
    found: dict[Digest, Descriptor] = {}
    level = list(manifests)
    for _ in range(_DEEPEST):
        children = {child.digest: child for parent in level for child in _of(store, parent, known)}
        level = [child for digest, child in children.items() if digest not in found]
        found.update((child.digest, child) for child in level)
    return found


def _of(store: Readable, parent: Descriptor, known: Children) -> tuple[Descriptor, ...]:
    if parent.media_type not in media_types.INDEXES:
        return ()
    if parent.digest not in known:
        try:
            raw = read(store, parent.digest)
            known[parent.digest] = parse_manifest(raw or b"", parent.media_type).children
        except OcinbError:  # not there, too long or not an index: it names nothing
            return ()
    return known[parent.digest]
