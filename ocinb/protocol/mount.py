"""Taking a blob over from another repository of the same registry, without sending it (end-11)."""

from __future__ import annotations

from ocinb.oci.image import Blob
from ocinb.protocol import endpoints
from ocinb.protocol.claims import confirms
from ocinb.protocol.events import Mounted, Observer, nobody
from ocinb.protocol.messages import Conversation, Request, Response, Step


def mount_blob(
    name: str, blob: Blob, source: str, announce: Observer = nobody
) -> Conversation[Response | None]:
    """Ask for `blob`, which the repository `source` may have.

    With 201 it is there, and announced; 202 opened an ordinary upload instead, to go on with
    (C25). Whatever else a registry says about mounting, it may still take an upload (U-8): None.
    """
    query = {"mount": str(blob.digest), "from": source}
    if blob.digest.algorithm != "sha256":
        query["digest-algorithm"] = blob.digest.algorithm  # of the upload that this may open (C17)
    response = yield Step(
        f"Mount {blob.digest.short} from {source}",
        Request("POST", endpoints.MOUNT_BLOB.path(query, name=name)),
        endpoints.MOUNT_BLOB,
        why="A registry that has the blob in another repository need not be sent it.",
    )
    if response.status == 201:
        confirms(response, blob.digest, blob, source="the registry")
        announce(Mounted(blob.digest, blob.size, source))
        return response
    usable = response.status == 202 and response.headers.get("location")
    return response if usable else None
