"""Taking a blob over from another repository of the same registry, without sending it (end-11)."""

from __future__ import annotations

from dataclasses import replace

from ocinb.errors import RegistryError, TransferError
from ocinb.oci.digest import Digest
from ocinb.oci.image import Blob
from ocinb.protocol import endpoints
from ocinb.protocol.events import Mounted, Observer, nobody
from ocinb.protocol.fields.claims import confirms
from ocinb.protocol.messages import Conversation, Request, Response, Step

ANYWHERE = "*"  # whichever repository the registry finds the blob in: no name can be this


def mount_blob(
    name: str, blob: Blob, source: str, announce: Observer = nobody
) -> Conversation[Response | None]:
    """Ask for `blob`, which the repository `source` may have, or `ANYWHERE` on this registry.

    With 201 it is there, and announced; 202 opened an ordinary upload instead, to go on with
    (C25). Whatever else a registry says about mounting, it may still take an upload (U-8): None.
    So it may when it gives no token for the other repository, and this is not even sent.
    """
    place = "" if source == ANYWHERE else source
    response = yield from _asked(replace(mount_step(name, blob.digest, place), probes=True))
    if response is None:
        return None
    if response.status == 201:
        confirms(response, blob.digest, blob, source="the registry")
        announce(Mounted(blob.digest, blob.size, place))
        return response
    usable = response.status == 202 and response.headers.get("location")
    return response if usable else None


def _asked(step: Step) -> Conversation[Response | None]:
    """The answer to a step; None when it was refused before it was sent."""
    while True:
        try:
            return (yield step)
        except RegistryError:
            return None
        except TransferError:
            continue  # there was no answer: the same step waits


def mount_step(name: str, digest: Digest, source: str) -> Step:
    """The step that asks for a blob of the repository `source`, or of any when that is empty."""
    query = {"mount": str(digest), **({"from": source} if source else {})}
    if digest.algorithm != "sha256":
        query["digest-algorithm"] = digest.algorithm  # of the upload that this may open (C17)
    return Step(
        f"Mount {digest.short} from {source or 'wherever it is'}",
        Request("POST", endpoints.MOUNT_BLOB.path(query, name=name)),
        endpoints.MOUNT_BLOB,
        why="A registry that has the blob in another repository need not be sent it.",
    )
