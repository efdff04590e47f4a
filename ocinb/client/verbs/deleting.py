"""Deleting tags, manifests and blobs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ocinb.client.names import the_identifier
from ocinb.client.verbs.conversing import Conversing
from ocinb.oci.digest import Digest
from ocinb.protocol.messages import Conversation
from ocinb.protocol.stepper import Stepper

if TYPE_CHECKING:
    from ocinb.protocol.delete import Deleted


class Deleting(Conversing):
    """Content goes away."""

    def delete(self, reference: str, *, verify: bool = False) -> Deleted:
        """Delete a tag, which leaves the manifest there; or a manifest by its digest, with all its
        tags.

        Its blobs stay until the registry removes them, if it does. With `verify`, it is looked
        whether it is gone. Raises `NotFound`, or `DeleteDisabled` on registries that do not delete,
        or not this way: some delete by digest only.
        """
        steps = self.delete_steps(reference, verify=verify)
        with self.suggesting():
            return steps.finish()

    def delete_steps(self, reference: str, *, verify: bool = False) -> Stepper[Deleted]:
        """The same, one request at a time."""
        from ocinb.protocol import delete  # noqa: PLC0415  # most delete nothing

        asked, api = the_identifier(reference), self.registry.referrers_api
        conversation = delete.delete(self.name, asked, verify=verify, api=api)
        return self.converse(self._deleting(conversation))

    def delete_blob(self, digest: str, *, verify: bool = False) -> Deleted:
        """Delete a blob, also when a manifest names it, which then is incomplete."""
        return self.delete_blob_steps(digest, verify=verify).finish()

    def delete_blob_steps(self, digest: str, *, verify: bool = False) -> Stepper[Deleted]:
        """The same, one request at a time."""
        from ocinb.protocol import delete  # noqa: PLC0415  # most delete nothing

        asked = Digest(digest)
        return self.converse(self._deleting(delete.delete_blob(self.name, asked, verify=verify)))

    def _deleting(self, conversation: Conversation[Deleted]) -> Conversation[Deleted]:
        """Delete, and forget what was known of it."""
        deleted = yield from conversation
        if deleted.kind != "blob":
            self.known_tags = None  # a manifest takes its tags along
        if deleted.kind != "tag":
            self.registry.known.forget(self.name, deleted.reference)
        return deleted
